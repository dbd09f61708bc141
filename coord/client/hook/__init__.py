"""`coord hook`: what Claude Code runs at each event. It claims what a session is about to change,
shows its messages, and cleans up.

It reads the event's JSON from standard input and **always exits 0**: any other code, or exit 2
above all, would block the tool, and coord never blocks work. It denies only in its answer, as
`permissionDecision`. While coord is away it allows, queues and says so once.
"""

from __future__ import annotations

import os
import sys
import time

from coord.client.lean import loads_or_none

LOG_BYTES = 65536
MAX_DEPTH = 4  # of an event, to where its texts are read
TELL_AGAIN_S = 86400.0  # the failure of every edit of a day is one

HELP = """usage: coord hook < EVENT

Run by Claude Code, and by other agents that read its settings, not by hand: it reads an event as JSON from standard input. `coord init`
enters it in .claude/settings.json, `coord doctor` shows that it works. It always exits 0.

SessionStart        replays the queue; shows unread messages, what others hold, your work
UserPromptSubmit    shows new messages
PreToolUse          claims the file before an edit, and what a command needs (git push, a deployment); refuses what another session holds
PostToolUse         keeps the locks of long work alive; gives back what a command needed
PermissionRequest   says that the session waits for you, as Notification does; what it asks stays here
Stop                says that the turn is over; StopFailure, that a rate limit keeps the session from going on
SubagentStop        releases what a subagent held
SessionEnd          releases all

COORD_HOOKS=off turns them off for a session. docs/claude-code.md has the rest.
"""  # noqa: E501 (as it is shown)


def main(arguments: list[str]) -> None:
    """Never raises, never exits with another code than 0."""
    if (arguments and arguments[0] in ("-h", "--help")) or (
        sys.stdin is not None and sys.stdin.isatty()
    ):
        sys.stdout.write(HELP)
        return
    try:
        if os.environ.get("COORD_HOOKS", "").strip().lower() not in ("0", "off", "false", "no"):
            _run(_event(sys.stdin.buffer.read()))
    except BaseException as error:
        _report(error)
    try:
        sys.stdout.flush()
    except OSError:
        sys.stdout = None  # nobody listens any more; Python would exit with 120 for it


def _event(content: bytes) -> object:
    event = loads_or_none(content)
    if event is None and content:  # not UTF-8, as what went through PowerShell
        from coord.client.text_files import decode_all

        event = loads_or_none(decode_all(content))
    return _whole_letters(event) if b"\\ud" in content.lower() else event


def _whole_letters(value: object, depth: int = MAX_DEPTH) -> object:
    """Half a pair of UTF-16, which no file's name can have, as agents themselves write it:
    U+FFFD."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, dict) and depth:
        return {name: _whole_letters(item, depth - 1) for name, item in value.items()}
    if isinstance(value, list) and depth:
        return [_whole_letters(item, depth - 1) for item in value]
    return value


def _run(event: object) -> None:
    from coord.client.hook.events import handle

    if isinstance(event, dict):
        handle(event)


def _report(error: BaseException) -> None:
    try:
        from coord.client.hook import event

        _log(error)
        if not event.has_answered:
            _tell_once(error)
    except BaseException:
        return  # whatever that was: a hook never blocks work


def log_path() -> str:
    """What failed in hooks, for `coord doctor`."""
    from coord.client import user_state

    return os.path.join(user_state.root(), "hook.log")


def failed_path() -> str:
    """Its time is that of the last failure of which the person was told."""
    from coord.client import user_state

    return os.path.join(user_state.root(), "hook-failed")


def _log(error: BaseException) -> None:
    """Never the environment or the event, which may hold secrets."""
    import traceback

    from coord.client import user_state
    from coord.client.safe_files import append, make_folder, size_of, write_whole

    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    entry = [f"{at} {type(error).__name__}\n", *traceback.format_tb(error.__traceback__)]
    try:
        make_folder(user_state.root())
        write = append if 0 < size_of(log_path()) < LOG_BYTES else write_whole
        write(log_path(), "".join(entry).encode("utf-8", "replace"))
    except OSError:
        pass


def _tell_once(error: BaseException) -> None:
    """Tells the person, not the model, that a hook failed: once a day, or every time where that
    cannot be remembered.
    """
    from coord.client.lean import dumps
    from coord.client.safe_files import age_of, write_whole

    try:
        if age_of(failed_path()) < TELL_AGAIN_S:
            return
        write_whole(failed_path(), b"")
    except OSError:
        pass
    sentence = (
        f"coord's hook failed ({type(error).__name__}), so files are not claimed. What it was is in"
        f" {log_path()}: coord doctor"
    )
    sys.stdout.write(dumps({"systemMessage": sentence}, ascii_only=True))
