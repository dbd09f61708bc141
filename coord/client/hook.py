"""`coord hook`: what Claude Code runs at each event. It claims what a session is about to change, brings it its messages, and cleans up.

It reads the event's JSON from standard input and **always exits 0**: any other code, or exit 2 above all, would block the tool, and coord
never blocks work. It denies only in words, as `permissionDecision`. While coord is away it allows, queues and says so once.
"""

from __future__ import annotations

import os
import sys
import time

from coord.client.lean import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from coord.client.calls import Calls
    from coord.client.place import Place

    Event = dict[str, Any]

FIRST_TIMEOUT_S = 1.0  # for a call of a hook: with the start of Python under the 1.5 s that an edit may be held up
AWAY_S = 30.0  # so long after a call that waited in vain none is tried: coord's own Retry-After
QUICK_S = 0.2  # a failure that took no longer than this may be looked for at every call
ACTIVITY_S = 300.0  # how often long work says that it goes on; locks turn stale after hours
COMMAND_WAIT_S = 8.0  # a commit or a push of somebody else takes seconds: stand in line rather than refuse
REPLAY_S = 4.0  # at the start of a session, for what waits
MOST_MESSAGES = MOST_LOCKS = 20  # that are asked for: no more find room
BANNER_BYTES = 4000  # what a start may cost the session in tokens: about a thousand
TTL_HOURS = 2.0
COMMAND_TTL_HOURS = 0.5
BY_HOOK = "Claude Code"  # how the description of a lock begins that a hook claimed
LOG_BYTES = 65536

EDITS = ("Edit", "Write", "MultiEdit", "NotebookEdit")
CHANGE = ("change it", " (a copy, sed, a script)")
DENIED = """{held}
So do not {do} now, and not by other means either{means}. Instead: go on with something else; or wait for it: {wait}; or ask: {ask}"""
DENIED_BY_OWN = """{held}
That is a subagent of yours: wait until it has finished, or tell it to leave this to you."""
AWAY = "coord is away ({why}). Work goes on without locks: look twice before you change what others may be working on. {kept}"


def main(arguments: list[str]) -> None:
    """Never raises, never exits with another code than 0."""
    if (arguments and arguments[0] in ("-h", "--help")) or (sys.stdin is not None and sys.stdin.isatty()):
        sys.stdout.write(HELP)
        return
    try:
        if os.environ.get("COORD_HOOKS", "").lower() not in ("0", "off", "false", "no"):
            event = loads(sys.stdin.buffer.read() or b"null")
            if isinstance(event, dict):
                Hook(event).run()
    except BaseException as error:
        _log(error)
    try:
        sys.stdout.flush()
    except OSError:
        sys.stdout = None  # nobody listens any more; Python would exit with 120 for it


HELP = """usage: coord hook < EVENT

Run by Claude Code, not by hand: it reads an event of Claude Code's hooks as JSON from standard input. `coord init` enters it in
.claude/settings.json, `coord doctor` shows that it works. It always exits 0.

SessionStart        replays the queue; shows unread messages, what others hold, your work
UserPromptSubmit    shows new messages
PreToolUse          claims the file before an edit, and what a command needs (git push, a deployment); refuses what another session holds
PostToolUse         keeps the locks of long work alive; gives back what a command needed
SubagentStop        releases what a subagent held
SessionEnd          releases all

COORD_HOOKS=off turns them off for a session. docs/claude-code.md has the rest.
"""


class Hook:
    """One event of one session."""

    def __init__(self, event: Event) -> None:
        from coord.client.place import BadConfig, Place, remember_config, session

        self.event = event
        self.claude_session = str(event.get("session_id") or "")
        self.agent = str(event.get("agent_id") or "") or None
        self.parent = session(self.claude_session)
        self.name = session(self.claude_session, self.agent)
        self.trouble = ""
        try:
            self.place = Place(os.environ.get("CLAUDE_PROJECT_DIR") or event.get("cwd"))
            if self.place.file:
                remember_config(self.place.file, self.place.config)
        except BadConfig as error:
            self.trouble = f"coord's hooks do nothing here: {error}"
        self.config: dict[str, Any] = {}
        self.context: list[str] = []
        self.denied = ""

    @property
    def kind(self) -> str:
        return str(self.event.get("hook_event_name") or "")

    def run(self) -> None:
        does: Callable[[], None] | None = {
            "SessionStart": self.session_start,
            "UserPromptSubmit": self.user_prompt_submit,
            "PreToolUse": self.pre_tool_use,
            "PostToolUse": self.post_tool_use,
            "PostToolUseFailure": self.post_tool_use,
            "SubagentStop": self.subagent_stop,
            "SessionEnd": self.session_end,
        }.get(self.kind)
        if does is None or not self.claude_session:
            return
        if self.trouble:
            if self.kind == "SessionStart":
                self.context.append(self.trouble)
        else:
            hook = self.place.config.get("hook")
            self.config = hook if isinstance(hook, dict) else {}
            self.memory = Memory(self.place, self.name)
            does()
        self.answer()

    def answer(self) -> None:
        told: dict[str, Any] = {}
        if self.denied:
            told |= {"permissionDecision": "deny", "permissionDecisionReason": self.denied}
        if self.context:
            told["additionalContext"] = "\n".join(self.context)
        if told:
            sys.stdout.write(dumps({"hookSpecificOutput": {"hookEventName": self.kind, **told}}, ascii_only=True))
            sys.stdout.flush()

    def calls(self, name: str | None = None, *, always: bool = False) -> Calls:
        """Calls of the session; while coord was away a moment ago none is tried, unless `always`."""
        from coord.client.calls import Calls, Patience

        calls = Calls(self.place, name or self.name, Patience(timeout=FIRST_TIMEOUT_S, replay=FIRST_TIMEOUT_S / 2))
        calls.offline = not always and self.memory.is_away()
        return calls

    # --- events --------------------------------------------------------------------------------------------------------------------

    def session_start(self) -> None:
        from coord.client import banner
        from coord.client.wire import Away

        calls = self.calls(always=True)
        room = int(self.number("banner_bytes", BANNER_BYTES))
        self.memory.forget_old()
        self.context.append(f"=== coord: you are {self.name} in project {self.place.project} ===")
        calls.patience.replay = REPLAY_S
        refused: list[str] = []
        try:
            if not all(queue.is_empty for queue in calls.queues()):
                replayed = calls.replay()
                if replayed.sent:
                    self.context.append(f"coord is back: {replayed.sent} queued calls were sent{_left(replayed.left)}.")
                if calls.away is not None:
                    raise calls.away
            refused = [_refused(each) for each in calls.queue.unreported()]
            known = calls.ask("POST", "/sessions/checkin", self.checkin(room))
        except Away as away:
            self.away(away, calls)
            return
        if self.is_shut_out(known):
            return
        self.back()
        self.memory.active()
        text, _ = banner.section("of your queued calls were refused", refused, room // 4)
        shown = self.messages(known.json or {}, room // 2)
        others, more = self.held_by_others(calls)
        held, listed = banner.section("held by others", others, room // 4)
        if more or listed < len(others):
            held += "All of them: coord locks\n"
        items, _ = banner.section("in progress by you", map(banner.item, (known.json or {}).get("work_items", [])), room // 4)
        self.context += [part.rstrip("\n") for part in (text, shown[0], held, items) if part]
        self.context.append("What you edit is claimed for you, and released at the end of the session. `coord --help` does the rest.")
        self.answer_then_mark(calls, shown[1])

    def user_prompt_submit(self) -> None:
        prompt = str(self.event.get("prompt") or "")
        if not prompt.startswith("<"):  # Claude Code itself reports so that a task in the background is over
            self.memory.keep(prompt=prompt)
        self.release(self.memory.commands_are_over())  # after an interrupt no event tells that the command is over
        if self.memory.was_active_within(ACTIVITY_S):
            self.read_news()
        else:
            self.check_in()

    def read_news(self) -> None:
        """New messages, by a call that costs half of a check-in."""
        from coord.client.wire import Away, query

        calls = self.calls()
        try:
            if not calls.queue.is_empty:
                calls.replay()
            asked = query(to_session=self.name, unread_only=True, project_key=self.place.project, limit=MOST_MESSAGES)
            answer = calls.read(f"/messages{asked}")
        except Away as away:
            self.away(away, calls)
            return
        if self.is_shut_out(answer):
            return
        self.back()
        page = answer.json or {}
        more = 1 if page.get("next_cursor") else 0
        self.show({"messages": page.get("items"), "left_out": {"messages": more}}, calls)

    def check_in(self) -> None:
        """New messages, and a sign of life that renews what the session holds."""
        from coord.client.wire import Away

        calls = self.calls()
        room = int(self.number("banner_bytes", BANNER_BYTES)) // 2
        try:
            if not calls.queue.is_empty:
                calls.replay()
            known = calls.ask("POST", "/sessions/checkin", self.checkin(room))
        except Away as away:
            self.away(away, calls)
            return
        self.memory.active()
        if self.is_shut_out(known):
            return
        self.back()
        found = known.json or {}
        if self.agent:  # broadcasts are for its session, which has them already
            found["messages"] = [row for row in found.get("messages", []) if row.get("to_session") == self.name]
        self.show(found, calls)

    def show(self, found: dict[str, Any], calls: Calls) -> None:
        """What is unread."""
        text, ids = self.messages(found, int(self.number("banner_bytes", BANNER_BYTES)) // 2)
        if text:
            self.context.append(text.rstrip("\n"))
        self.answer_then_mark(calls, ids)

    def pre_tool_use(self) -> None:
        tool, given = str(self.event.get("tool_name")), self.event.get("tool_input")
        if not isinstance(given, dict):
            return
        if tool in EDITS:
            path = given.get("file_path") or given.get("notebook_path")
            if isinstance(path, str) and path:
                self.edit(path)
        elif tool == "Bash" and isinstance(given.get("command"), str):
            self.command(given["command"], background=bool(given.get("run_in_background")))

    def post_tool_use(self) -> None:
        if self.event.get("tool_name") == "Bash":
            self.command_is_over()
        if not self.memory.was_active_within(ACTIVITY_S) and not self.memory.is_away():
            self.check_in()

    def subagent_stop(self) -> None:
        if self.agent and self.memory.exists:
            self.end(self.name)

    def session_end(self) -> None:
        for name in [*self.memory.subagents(), self.name]:
            self.end(name)

    def end(self, name: str) -> None:
        from coord.client.wire import query

        self.write(self.calls(name), "DELETE", f"/sessions{query(session_id=name)}")
        Memory(self.place, name).forget()

    # --- an edit -------------------------------------------------------------------------------------------------------------------

    def edit(self, path: str) -> None:
        from coord.client.files import resource

        absolute = os.path.join(str(self.event.get("cwd") or self.place.root), path)
        if self.is_own_business(absolute):
            return
        project, name = resource(absolute, self.place)
        claim = {"project_key": project, "resource": name, "ttl_hours": self.number("lock_ttl_hours", TTL_HOURS)}
        lock = self.claim(claim)
        if lock is not None and self.is_parents(lock, name):
            self.hand_over(claim, lock)
        elif lock is not None:
            self.deny(lock, *CHANGE, path)

    def is_own_business(self, path: str) -> bool:
        """Claude Code's own notes and the system's temporary files: nobody else's."""
        real = os.path.realpath(path)
        if real.startswith(self.place.root + os.sep):
            return False
        home = os.environ.get("CLAUDE_CONFIG_DIR") or os.path.join(os.path.expanduser("~"), ".claude")
        temporary = [os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP")]
        return any(folder and real.startswith(os.path.realpath(folder) + os.sep) for folder in (home, *temporary, "/tmp", "/var/tmp"))

    def claim(self, claim: dict[str, Any], wait: float = 0.0) -> dict[str, Any] | None:
        """Claims; the lock in the way when another session has it. Away: queued, and worked without."""
        calls = self.calls()
        body = {"session_id": self.name, "description": self.why(), "take_over_stale": True, **claim}
        answer = self.write(calls, "POST", "/locks", body)
        if answer is not None and answer.status == 409 and wait and answer.json.get("error") == "lock_held":
            answer = self.write(calls, "POST", "/locks", {**body, "wait": wait}, timeout=wait + FIRST_TIMEOUT_S)
        if answer is None or answer.ok:
            self.memory.active()
            return None
        told = answer.json or {}
        if told.get("error") == "deadlock":
            self.denied = f"coord: {told.get('detail')}"
            return None
        if isinstance(told.get("lock"), dict):
            found: dict[str, Any] = told["lock"]
            return found
        self.context.append(f"coord did not take the claim of {claim['resource']}: {told.get('detail')} You work without a lock.")
        return None

    def is_parents(self, lock: dict[str, Any], name: str) -> bool:
        return self.agent is not None and lock.get("session_id") == self.parent and bool(name)

    def hand_over(self, claim: dict[str, Any], lock: dict[str, Any]) -> None:
        """A subagent edits what its own session holds. What a hook claimed for the session goes over to it, so that its siblings are kept
        out; what the session claimed on purpose, or as a tree, stays: the subagent works under it."""
        from coord.client.wire import query

        if lock.get("resource") != claim["resource"] or not str(lock.get("description") or "").startswith(BY_HOOK):
            return
        self.write(self.calls(self.parent), "DELETE", f"/locks/{lock['id']}{query(session_id=self.parent)}")
        other = self.claim(claim)
        if other is not None:
            self.deny(other, *CHANGE, str(claim["resource"]))

    # --- a command -----------------------------------------------------------------------------------------------------------------

    def command(self, line: str, *, background: bool) -> None:
        from coord.client.commands import BadPattern, resources

        try:
            wanted = resources(line, self.place.config)
        except BadPattern as error:
            self.context.append(f"coord: {error}")
            return
        claimed: list[str] = []
        for resource in wanted:
            lock_id = self.claim_for_command(resource, claimed)
            if lock_id is None:
                self.release(claimed)
                return
        if claimed and background:
            names = " and ".join(f"`{resource}`" for resource in wanted)
            self.context.append(
                f"coord holds {names} for this command. Release it when the command is done: coord unlock {_quoted(wanted[0])}"
            )
        elif claimed:
            self.memory.note_command(str(self.event.get("tool_use_id")), claimed)

    def claim_for_command(self, resource: str, claimed: list[str]) -> str | None:
        from coord.client.offline import new_id

        lock_id = new_id()
        claim = {"project_key": self.place.project, "resource": resource, "ttl_hours": COMMAND_TTL_HOURS, "id": lock_id}
        lock = self.claim(claim, COMMAND_WAIT_S)
        if self.denied:
            return None
        if lock is None:
            claimed.append(lock_id)
        elif self.agent is not None and lock.get("session_id") == self.parent:
            return lock_id  # under its session's lock
        else:
            self.deny(lock, "run this", "", resource)
            return None
        return lock_id

    def command_is_over(self) -> None:
        self.release(self.memory.command_is_over(str(self.event.get("tool_use_id"))))

    def release(self, lock_ids: list[str]) -> None:
        from coord.client.wire import query

        for lock_id in lock_ids:
            self.write(self.calls(), "DELETE", f"/locks/{lock_id}{query(session_id=self.name)}")

    # --- what they share -----------------------------------------------------------------------------------------------------------

    def write(self, calls: Calls, method: str, path: str, body: dict[str, Any] | None = None, timeout: float | None = None) -> Any:
        """The answer; None when coord is away and the call is queued."""
        from coord.client.calls import NotKept, Queued

        try:
            answer = calls.write(method, path, body, timeout=timeout)
        except Queued as queued:
            self.away(queued, calls)
            return None
        except NotKept as lost:
            self.say_once(f"coord is away, and its queue cannot be written, so calls are lost: {lost}")
            return None
        if self.is_shut_out(answer):
            return None
        self.back()
        return answer

    def away(self, why: Exception, calls: Calls) -> None:
        """Says so once. What cost time is not tried again soon; a refused connection costs none."""
        if calls.away is not None and calls.away.waited > QUICK_S:
            self.memory.note_away()
        self.say_once(AWAY.format(why=why, kept="Your calls are kept, and sent when it is back."))

    def is_shut_out(self, answer: Any) -> bool:
        """Whether coord lets nothing in from here: another network, or the token. Says so once."""
        told = answer.json
        if answer.status != 403 or not isinstance(told, dict) or told.get("error") not in ("forbidden", "client_too_old"):
            return False
        hint = (
            "" if self.place.is_trusted else f" Your token was not sent: if that server is your team's, run: coord trust {self.place.url}"
        )
        self.say_once(f"coord lets no call in from here, so you work without locks: {told.get('detail')}{hint}")
        return True

    def say_once(self, text: str) -> None:
        if not self.memory.told_away:
            self.context.append(text)
            self.memory.keep(told_away=True)

    def back(self) -> None:
        self.memory.note_back()
        if self.memory.told_away:
            self.memory.keep(told_away=False)
            if self.kind != "SessionStart":
                self.context.append("coord is back: what you edit is claimed again.")

    def deny(self, lock: dict[str, Any], do: str, means: str, wanted: str) -> None:
        """Who holds it, why, until when, and what to do instead. `wanted`: what `coord lock` is to be given."""
        from coord.client.banner import ONE_LINE, moment, one_line, plain

        holder, resource = plain(str(lock.get("session_id"))), plain(str(lock.get("resource")))
        why = f' ("{one_line(lock["description"], ONE_LINE)}")' if lock.get("description") else ""
        end = f"until {moment(lock['expires_at'])}" if lock.get("expires_at") else "without an end"
        held = f"coord: {resource} is held by {holder} since {moment(lock.get('acquired_at'))}, {end}{why}."
        if holder.startswith(f"{self.parent}/"):
            self.denied = DENIED_BY_OWN.format(held=held)
            return
        wait = f"coord lock {_quoted(wanted)} --wait 60"
        ask = f'coord send --to {_quoted(holder)} {_quoted(resource)} "When are you done?"'
        self.denied = DENIED.format(held=held, do=do, means=means, wait=wait, ask=ask)

    def why(self) -> str:
        """For those who are refused: what the session was asked to do; `share_prompt = false` keeps that to itself."""
        from coord.client.banner import ONE_LINE, one_line

        prompt = Memory(self.place, self.parent).prompt if self.config.get("share_prompt", True) else ""
        agent = f" {self.event['agent_type']}" if self.event.get("agent_type") else ""
        return f"{BY_HOOK}{agent}: {one_line(prompt, ONE_LINE)}" if prompt else f"{BY_HOOK}{agent}"

    def checkin(self, room: int) -> dict[str, Any]:
        body = {"session_id": self.name, "project_key": self.place.project, "agent": BY_HOOK, "max_bytes": max(1000, room)}
        prompt = self.memory.prompt
        return {**body, "task": prompt[:200]} if prompt and self.config.get("share_prompt", True) else body

    def messages(self, known: dict[str, Any], room: int) -> tuple[str, list[str]]:
        """The banner of unread messages, and the ids of those that are in it."""
        from coord.client import banner

        rows = known.get("messages") or []
        bodies = [{**row, "body": banner.cut(row["body"], banner.MOST_OF_ONE, f"coord inbox {row['id']}")} for row in rows]
        left_out = (known.get("left_out") or {}).get("messages", 0)
        text, shown = banner.section("unread", map(banner.message, bodies), room, left_out)
        if text and shown < len(rows) + left_out:
            text += "Read the rest with: coord inbox\n"
        return text, [row["id"] for row in rows[:shown]]

    def held_by_others(self, calls: Calls) -> tuple[list[str], bool]:
        """A line for each lock, and whether there are more."""
        from coord.client import banner
        from coord.client.wire import Away, query

        try:
            answer = calls.read(f"/locks{query(project_key=self.place.project, limit=MOST_LOCKS)}")
        except Away:
            return [], False
        page = answer.json or {}
        mine = (self.name, f"{self.name}/")
        rows = [row for row in page.get("items") or [] if row["session_id"] != mine[0] and not row["session_id"].startswith(mine[1])]
        return [banner.lock(row) for row in rows], bool(page.get("next_cursor"))

    def answer_then_mark(self, calls: Calls, ids: list[str]) -> None:
        """What was shown is read; not before it was."""
        if not ids:
            return
        self.answer()
        self.context = []
        self.write(calls, "PUT", "/messages/read", {"session_id": self.name, "ids": ids})
        self.context = []

    def number(self, name: str, default: float) -> float:
        value = self.config.get(name, default)
        return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0 else default


class Memory:
    """What the hooks of a session remember from one event to the next: small files beside the queue, that may be lost without harm."""

    def __init__(self, place: Place, name: str) -> None:
        self._place = place
        self._name = name
        self._folder = place.state("sessions")
        self._path = os.path.join(self._folder, f"{_file_name(name)}.json")
        self._away = place.state("away")

    @property
    def exists(self) -> bool:
        return os.path.exists(self._path)

    def _load(self) -> dict[str, Any]:
        try:
            with open(self._path, "rb") as file:
                told = loads(file.read())
        except (OSError, ValueError):
            return {}
        return told if isinstance(told, dict) else {}

    def keep(self, **values: Any) -> None:
        """Does not count as activity."""
        before = _time_of(self._path) or time.time() - ACTIVITY_S - 1
        self._write(self._path, {**self._load(), "name": self._name, **values})
        try:
            os.utime(self._path, (before, before))
        except OSError:
            pass

    def _write(self, path: str, content: object) -> None:
        from coord.client.locked import write_whole

        try:
            os.makedirs(self._folder, exist_ok=True)
            write_whole(path, dumps(content).encode())
        except OSError:  # a checkout that nobody may write to: then it is not remembered
            pass

    @property
    def prompt(self) -> str:
        return str(self._load().get("prompt") or "")

    @property
    def told_away(self) -> bool:
        return bool(self._load().get("told_away"))

    def active(self) -> None:
        """Just now; the file's time says so."""
        if not self.exists:
            self.keep()
        try:
            os.utime(self._path)
        except OSError:
            pass

    def was_active_within(self, seconds: float) -> bool:
        return _age(self._path) < seconds

    def subagents(self) -> list[str]:
        """The names of those below this session that have not ended."""
        found = []
        for file in _listed(self._folder):
            told = Memory(self._place, "")
            told._path = os.path.join(self._folder, file)
            name = str(told._load().get("name") or "")
            if name.startswith(f"{self._name}/"):
                found.append(name)
        return found

    def forget(self) -> None:
        from coord.client.locked import remove

        remove(self._path)

    def forget_old(self) -> None:
        """What sessions left behind that were killed, after a week."""
        from coord.client.locked import remove

        for file in _listed(self._folder):
            path = os.path.join(self._folder, file)
            if _age(path) > 7 * 86400:
                remove(path)

    def note_command(self, tool_use_id: str, lock_ids: list[str]) -> None:
        self._write(os.path.join(self._folder, self._command(tool_use_id)), lock_ids)

    def commands_are_over(self) -> list[str]:
        """The locks of all commands of this session that nobody said the end of."""
        begin = self._command("")
        return [lock for file in _listed(self._folder) if file.startswith(begin) for lock in self._taken(os.path.join(self._folder, file))]

    def command_is_over(self, tool_use_id: str) -> list[str]:
        """The locks that it needed; told once."""
        return self._taken(os.path.join(self._folder, self._command(tool_use_id)))

    def _taken(self, path: str) -> list[str]:
        from coord.client.locked import read, remove

        content = read(path)
        if not content:
            return []
        remove(path)
        told = loads(content)
        return [str(each) for each in told]

    def _command(self, tool_use_id: str) -> str:
        return f"command-{_file_name(self._name)}-{tool_use_id and _file_name(tool_use_id)}"

    def is_away(self) -> bool:
        return _age(self._away) < AWAY_S

    def note_away(self) -> None:
        try:
            os.makedirs(os.path.dirname(self._away), exist_ok=True)
            with open(self._away, "wb"):
                os.utime(self._away)
        except OSError:
            pass

    def note_back(self) -> None:
        from coord.client.locked import remove

        if os.path.exists(self._away):
            remove(self._away)


def _file_name(text: str) -> str:
    """Of any text, safe on every system; two texts that differ do not become one."""
    from binascii import crc32

    plain = "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in text)[-60:]
    return f"{plain}-{crc32(text.encode('utf-8', 'replace')):08x}"


def _time_of(path: str) -> float:
    """When it was written to; long ago, when it is not there."""
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


def _age(path: str) -> float:
    return abs(time.time() - _time_of(path))


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _left(count: int) -> str:
    return f", {count} still wait" if count else ""


def _refused(told: dict[str, Any]) -> str:
    answer = told.get("answer")
    detail = answer.get("detail") if isinstance(answer, dict) else answer
    return f"{told.get('method', 'line')} {told.get('path', '')}: {detail}"


def _quoted(text: str) -> str:
    """For a shell."""
    return text if text and all(letter.isalnum() or letter in "_-./:@%+" for letter in text) else "'" + text.replace("'", "'\\''") + "'"


def _log(error: BaseException) -> None:
    """For `coord doctor`; never the environment or the event, which may hold secrets."""
    import traceback

    try:
        from coord.client.place import FOLDER

        path = os.path.join(os.environ.get("CLAUDE_PROJECT_DIR") or os.getcwd(), FOLDER, "coord-hook.log")
        if os.path.isdir(os.path.dirname(path)):
            mode = "a" if os.path.exists(path) and os.path.getsize(path) < LOG_BYTES else "w"
            with open(path, mode, encoding="utf-8") as file:
                file.write(
                    f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {''.join(traceback.format_exception_only(type(error), error))}"
                )
                file.write("".join(traceback.format_tb(error.__traceback__)))
    except OSError:
        pass
