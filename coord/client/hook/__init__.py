"""`coord hook`: what Claude Code runs at each event. It claims what a session is about to change, shows its messages, and cleans up.

It reads the event's JSON from standard input and **always exits 0**: any other code, or exit 2 above all, would block the tool, and coord
never blocks work. It denies only in its answer, as `permissionDecision`. While coord is away it allows, queues and says so once.
"""

from __future__ import annotations

import os
import sys
import time

from coord.client.lean import loads_or_none

LOG_BYTES = 65536

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


def main(arguments: list[str]) -> None:
    """Never raises, never exits with another code than 0."""
    if (arguments and arguments[0] in ("-h", "--help")) or (sys.stdin is not None and sys.stdin.isatty()):
        sys.stdout.write(HELP)
        return
    try:
        if os.environ.get("COORD_HOOKS", "").lower() not in ("0", "off", "false", "no"):
            _run(loads_or_none(sys.stdin.buffer.read()))
    except BaseException as error:
        _log(error)
    try:
        sys.stdout.flush()
    except OSError:
        sys.stdout = None  # nobody listens any more; Python would exit with 120 for it


def _run(event: object) -> None:
    from coord.client.hook.events import handle

    if isinstance(event, dict):
        handle(event)


def _log(error: BaseException) -> None:
    """For `coord doctor`; never the environment or the event, which may hold secrets."""
    import traceback

    try:
        from coord.client.place import FOLDER

        path = os.path.join(os.environ.get("CLAUDE_PROJECT_DIR") or os.getcwd(), FOLDER, "coord-hook.log")
        if os.path.isdir(os.path.dirname(path)):
            mode = "a" if os.path.exists(path) and os.path.getsize(path) < LOG_BYTES else "w"
            with open(path, mode, encoding="utf-8") as file:
                at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
                file.write(f"{at} {''.join(traceback.format_exception_only(type(error), error))}")
                file.write("".join(traceback.format_tb(error.__traceback__)))
    except OSError:
        pass
