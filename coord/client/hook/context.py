"""One event of one session: where it happens, how coord is called for it, and what is answered."""

from __future__ import annotations

import os
import sys

from coord.client.hook import dialects
from coord.client.hook.event import note_answer
from coord.client.hook.memory import SessionMemory
from coord.client.others_text import one_line, printable
from coord.client.session_name import session_name
from coord.client.workspace import BadConfig, enter, remember_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from coord.client.answer import Answer
    from coord.client.calls import Calls
    from coord.client.hook.dialects import Dialect
    from coord.client.hook.event import HookEvent

# for a call of a hook: with the start of Python under the 1.5 s that an edit may be held up
CALL_TIMEOUT_S = 1.0
MAX_NUMBER = 1e6  # of a setting: hours, bytes
MAX_DETAIL = 200  # characters of what somebody else says in a sentence of ours
MAX_SENTENCE = 1000  # characters of one that says what an error says
# after a failure that took no longer than this, coord is tried again at the next call
QUICK_S = 0.2
ACTIVITY_S = 300.0  # how often long work says that it goes on; locks turn stale after hours
BY_HOOK = dialects.CLAUDE.agent  # how the description of a lock begins that a hook claimed
AWAY = (
    "coord is away ({why}). Work goes on without locks: look twice before you change what others"
    " may be working on. Your calls are queued, and sent when it is back."
)
WAITS = (
    "coord: what was queued on this machine cannot be sent now ({why}), and your calls wait behind"
    " it. Work goes on without locks: look twice before you change what others may be working on."
)


class HookContext:
    """`name`: the session that the event is of. `parent`: that of the whole Claude session, the
    same outside of subagents.

    `context` and `denial` are what the session is shown, `message` the person. `config_error`: why
    the hooks do nothing here; empty when they work.
    """

    def __init__(self, event: HookEvent, dialect: Dialect) -> None:
        self.event = event
        self.dialect = dialect
        self.context: list[str] = []
        self.denial = ""
        self.message = ""
        self.config_error = ""
        self.config: dict[str, Any] = {}
        try:
            self.workspace = enter(
                os.environ.get("CLAUDE_PROJECT_DIR") or event.text("cwd") or None
            )
        except BadConfig as error:
            self.config_error = one_line(f"coord's hooks do nothing here: {error}", MAX_SENTENCE)
            return
        finally:
            self.take_names()  # after the workspace, which says whose the environment is
        if self.workspace.file:
            remember_config(self.workspace.file, self.workspace.config)
        table = self.workspace.config.get("hook")
        self.config = table if isinstance(table, dict) else {}
        self.memory = SessionMemory(self.workspace, self.name)

    def take_names(self) -> None:
        kind = self.dialect.prefix
        self.parent = session_name(self.event.session_id, kind=kind)
        self.name = session_name(self.event.session_id, self.event.agent, kind=kind)

    def parents_memory(self) -> SessionMemory:
        """That of the whole session, also for an event of a subagent."""
        if self.parent == self.name:
            return self.memory
        return SessionMemory(self.workspace, self.parent)

    def answer(self) -> None:
        """Writes what the session is shown, if anything."""
        text = "\n".join(self.context) if self.shows_context else ""
        answer = dialects.answer(self.dialect, self.event.kind, self.denial, text, self.message)
        if answer:
            note_answer()
            sys.stdout.write(answer)
            sys.stdout.flush()
        self.context = []

    @property
    def shows_context(self) -> bool:
        """Whether the agent reads at this event what it is to be shown."""
        return self.dialect.shows_at(self.event.kind)

    def calls(self, name: str | None = None, *, always: bool = False) -> Calls:
        """Calls of the session; while coord was away a moment ago none is tried, unless
        `always`.
        """
        from coord.client.calls import Calls, Timeouts

        calls = Calls(
            self.workspace,
            name or self.name,
            Timeouts(call=CALL_TIMEOUT_S, replay=CALL_TIMEOUT_S / 2),
        )
        calls.offline = not always and self.memory.is_away()
        return calls

    def write(
        self,
        calls: Calls,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        timeout: float | None = None,
    ) -> Answer | None:
        """The answer; None when coord is away and the call is queued, or when it lets no
        call in.
        """
        from coord.client.calls import NotQueued, Queued

        try:
            answer = calls.write(method, path, body, timeout=timeout)
        except Queued as queued:
            if queued.is_away:
                self.report_away(queued, calls)
            else:
                self.warn_once(WAITS.format(why=queued))
            return None
        except NotQueued as error:
            self.warn_once(f"coord: calls of this session are lost: {error}")
            return None
        if self.is_shut_out(answer):
            return None
        self.note_reachable()
        return answer

    def end_session(self, name: str) -> None:
        from coord.client import checkouts
        from coord.client.percent import query

        self.write(self.calls(name), "DELETE", f"/sessions{query(session_id=name)}")
        SessionMemory(self.workspace, name).forget()
        checkouts.forget(self.workspace, name)

    def report_away(self, why: Exception, calls: Calls) -> None:
        """Says so once."""
        self.note_slow(calls)
        self.warn_once(AWAY.format(why=why))

    def note_slow(self, calls: Calls) -> None:
        """After a failure that cost time coord is not tried again for a while; a refused connection
        costs none.
        """
        if calls.away is not None and calls.away.waited > QUICK_S:
            self.memory.note_away()

    def is_shut_out(self, answer: Answer) -> bool:
        """Whether coord lets nothing in from here: another network, or the token; or something
        else answers in its place. Says so once.
        """
        if not answer.is_coords:
            self.warn_once(
                f"Something that is not coord answers {answer.status} at"
                f" {printable(self.workspace.url)[:MAX_DETAIL]}, so you work without locks. Check"
                " COORD_URL, or url in .coord.toml."
            )
            return True
        if answer.status != 403 or answer.error not in ("forbidden", "client_too_old"):
            return False
        self.warn_once(
            "coord lets no call in from here, so you work without locks:"
            f" {one_line(answer.detail, MAX_DETAIL)}"
        )
        return True

    def warn_untrusted(self) -> None:
        """Once a session: to the person, whose decision it is, and to the model as something that
        is not its own.
        """
        unseen = ("SessionEnd", "SubagentStop", "PermissionRequest", "StopFailure")
        if self.memory.has_warned or self.event.kind in unseen:
            return
        from coord.client.suggestions import command

        server = printable(self.workspace.url)[:MAX_DETAIL]
        sentence = (
            f"coord: only this repository names the server {server}, so nothing is sent to it and"
            " nothing is claimed."
        )
        self.message = (
            f"{sentence} If it is your team's: {command('trust', self.workspace.url[:MAX_DETAIL])}"
        )
        self.warn_once(f"{self.message} Only your user decides that; do not run it yourself.")

    def warn_once(self, text: str) -> None:
        """Not again until coord was reached. It may repeat what a server or a file says."""
        if self.shows_context and not self.memory.has_warned:
            self.context.append(one_line(text, MAX_SENTENCE))
            self.memory.update(has_warned=True)

    def note_reachable(self) -> None:
        self.memory.forget_away()
        if self.memory.has_warned:
            self.memory.update(has_warned=False)
            if self.event.kind != "SessionStart":
                self.context.append("coord is back: what you edit is claimed again.")

    def description(self) -> str:
        """For those who are refused: what the session was asked to do, where its user
        shares that.
        """
        from coord.client.banner import ONE_LINE

        prompt = self.parents_memory().prompt if self.shares_prompt else ""
        agent_type = self.event.text("agent_type")
        by = f"{self.dialect.agent} {agent_type}" if agent_type else self.dialect.agent
        return f"{by}: {one_line(prompt, ONE_LINE)}" if prompt else by

    @property
    def shares_prompt(self) -> bool:
        """The user alone can say so; a repository can only forbid it, with `share_prompt =
        false`.
        """
        wanted = os.environ.get("COORD_SHARE_PROMPT", "").lower() in ("1", "on", "true", "yes")
        return (
            wanted
            and self.config.get("share_prompt", True) is not False
            and self.workspace.has_users_environment
        )

    def number(self, name: str, default: float) -> float:
        """A setting of the table `[hook]` that is more than 0, and not more than any needs."""
        value = self.config.get(name, default)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return float(value) if is_number and 0 < value <= MAX_NUMBER else default
