"""One event of one session: where it happens, how coord is called for it, and what is answered."""

from __future__ import annotations

import os
import sys

from coord.client.hook.event import note_answer
from coord.client.hook.memory import SessionMemory
from coord.client.lean import dumps
from coord.client.others_text import one_line, printable
from coord.client.place import BadConfig, Place, remember_config, session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from coord.client.calls import Calls
    from coord.client.hook.event import HookEvent
    from coord.client.wire import Answer

# for a call of a hook: with the start of Python under the 1.5 s that an edit may be held up
CALL_TIMEOUT_S = 1.0
MAX_DETAIL = 200  # characters of what somebody else says in a sentence of ours
QUICK_S = (
    0.2  # after a failure that took no longer than this, coord is tried again at the next call
)
ACTIVITY_S = 300.0  # how often long work says that it goes on; locks turn stale after hours
BY_HOOK = "Claude Code"  # how the description of a lock begins that a hook claimed
AWAY = (
    "coord is away ({why}). Work goes on without locks: look twice before you change what others"
    " may be working on. Your calls are queued, and sent when it is back."
)


class HookContext:
    """`name`: the session that the event is of. `parent`: that of the whole Claude session, the
    same outside of subagents.

    `context` and `denial` are what the session is shown, `message` the person. `config_error`: why
    the hooks do nothing here; empty when they work.
    """

    def __init__(self, event: HookEvent) -> None:
        self.event = event
        self.parent = session(event.session_id)
        self.name = session(event.session_id, event.agent)
        self.context: list[str] = []
        self.denial = ""
        self.message = ""
        self.config_error = ""
        self.config: dict[str, Any] = {}
        try:
            self.place = Place(os.environ.get("CLAUDE_PROJECT_DIR") or event.text("cwd") or None)
        except BadConfig as error:
            self.config_error = f"coord's hooks do nothing here: {error}"
            return
        if self.place.file:
            remember_config(self.place.file, self.place.config)
        table = self.place.config.get("hook")
        self.config = table if isinstance(table, dict) else {}
        self.memory = SessionMemory(self.place, self.name)

    def answer(self) -> None:
        """Writes what the session is shown, if anything."""
        output: dict[str, str] = {}
        if self.denial:
            output |= {"permissionDecision": "deny", "permissionDecisionReason": self.denial}
        if self.context:
            output["additionalContext"] = "\n".join(self.context)
        answer: dict[str, object] = (
            {"hookSpecificOutput": {"hookEventName": self.event.kind, **output}} if output else {}
        )
        if self.message:
            answer["systemMessage"] = self.message
        if answer:
            note_answer()
            sys.stdout.write(dumps(answer, ascii_only=True))
            sys.stdout.flush()
        self.context = []

    def calls(self, name: str | None = None, *, always: bool = False) -> Calls:
        """Calls of the session; while coord was away a moment ago none is tried, unless
        `always`.
        """
        from coord.client.calls import Calls, Timeouts

        calls = Calls(
            self.place, name or self.name, Timeouts(call=CALL_TIMEOUT_S, replay=CALL_TIMEOUT_S / 2)
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
            self.report_away(queued, calls)
            return None
        except NotQueued as error:
            self.warn_once(
                f"coord is away, and its queue cannot be written, so calls are lost: {error}"
            )
            return None
        if self.is_shut_out(answer):
            return None
        self.note_reachable()
        return answer

    def end_session(self, name: str) -> None:
        from coord.client.percent import query

        self.write(self.calls(name), "DELETE", f"/sessions{query(session_id=name)}")
        SessionMemory(self.place, name).forget()

    def report_away(self, why: Exception, calls: Calls) -> None:
        """Says so once.

        After a failure that cost time coord is not tried again for a while; a refused connection
        costs none.
        """
        if calls.away is not None and calls.away.waited > QUICK_S:
            self.memory.note_away()
        self.warn_once(AWAY.format(why=why))

    def is_shut_out(self, answer: Answer) -> bool:
        """Whether coord lets nothing in from here: another network, or the token. Says so once."""
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
        if self.memory.has_warned or self.event.kind in ("SessionEnd", "SubagentStop"):
            return
        from coord.client.suggestions import command

        server = printable(self.place.url)[:MAX_DETAIL]
        sentence = (
            f"coord: only this repository names the server {server}, so nothing is sent to it and"
            " nothing is claimed."
        )
        self.message = (
            f"{sentence} If it is your team's: {command('trust', self.place.url[:MAX_DETAIL])}"
        )
        self.warn_once(f"{self.message} Only your user decides that; do not run it yourself.")

    def warn_once(self, text: str) -> None:
        """Not again until coord was reached."""
        if not self.memory.has_warned:
            self.context.append(text)
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

        prompt = SessionMemory(self.place, self.parent).prompt if self.shares_prompt else ""
        agent_type = self.event.text("agent_type")
        by = f"{BY_HOOK} {agent_type}" if agent_type else BY_HOOK
        return f"{by}: {one_line(prompt, ONE_LINE)}" if prompt else by

    @property
    def shares_prompt(self) -> bool:
        """The user alone can say so; a repository can only forbid it, with `share_prompt =
        false`.
        """
        from coord.client.tokens import environment_is_users

        wanted = os.environ.get("COORD_SHARE_PROMPT", "").lower() in ("1", "on", "true", "yes")
        return (
            wanted
            and self.config.get("share_prompt", True) is not False
            and environment_is_users(self.place.root)
        )

    def number(self, name: str, default: float) -> float:
        """A setting of the table `[hook]` that is more than 0."""
        value = self.config.get(name, default)
        return (
            float(value)
            if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
            else default
        )
