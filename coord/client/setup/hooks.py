"""coord's hooks in Claude Code: the table of events, and the one command that serves them all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any


def _command(unless: str = "", unless_in_powershell: str = "") -> str:
    """One line that sh and PowerShell both run. Of `"\" <# "` sh reads one text, PowerShell a text
    and the beginning of a comment, which ends at `#>`; there a comment of sh's begins.
    """
    in_sh = f'PATH="$PATH:$HOME/.local/bin"; command -v coord >/dev/null && {unless}coord hook'
    in_powershell = (
        f'{unless_in_powershell}$env:PATH += ";$HOME/.local/bin"; '
        "if (Get-Command coord -ErrorAction Ignore) { coord hook }"
    )
    return f'echo "\\" <# " >/dev/null; {in_sh}; exit 0 #> >$null; {in_powershell}; exit 0'


COMMAND = _command()
"""The same for the whole team, since the file it is in is committed.

- Claude Code runs it in sh; on Windows in Git Bash, and where it does not find that, in PowerShell,
  as 2.1.330 says itself. There `&&` would be a syntax error at every event.
- Hooks do not see what a login shell adds to PATH; `~/.local/bin` is where coord is installed.
- Without coord it does nothing and says nothing: `command -v` and `Get-Command` are part of the
  shell.
- Its exit code is always 0. 2 would block the tool call, and 2 is also what Python gives for a
  program that has gone missing.
"""

PLUGIN_COMMAND = _command(
    '! grep -qs "coord hook" "${CLAUDE_PROJECT_DIR:-.}"/.claude/settings*.json'
    ' "$HOME"/.claude/settings.json && ',
    'if (Select-String -Quiet -SimpleMatch "coord hook" -Path "$env:CLAUDE_PROJECT_DIR/.claude/'
    'settings*.json", "$HOME/.claude/settings.json" -ErrorAction Ignore) { exit 0 }; ',
)
"""The plugin's. It does nothing where the repository's settings have coord's hooks: Claude Code
would run both, and show everything twice."""

_OURS = re.compile(r"(?<![\w-])coord hook(?![\w-])")


_TOOLS = "Edit|Write|MultiEdit|NotebookEdit|Bash|PowerShell|mcp__.*"
"""Those that edit or run commands, as Claude Code calls them."""


@dataclass(frozen=True)
class HookEvent:
    """An event that coord handles. `matcher`: of tool names; None where the event has none.
    `timeout`: seconds until Claude Code goes on without the hook. `does`: for the documentation."""

    name: str
    matcher: str | None
    timeout: int
    does: str


EVENTS = (
    # It may have hours of queued calls to send first.
    HookEvent(
        "SessionStart",
        None,
        10,
        "announces the session, sends what waited, shows messages and what others hold",
    ),
    HookEvent("UserPromptSubmit", None, 5, "shows new messages, renews what the session holds"),
    # A command waits for a lock for some seconds, each of several. An edit does not wait.
    HookEvent(
        "PreToolUse",
        _TOOLS,
        30,
        "claims the file, or what the command needs and changes; denies what another session holds",
    ),
    HookEvent(
        "PostToolUse", "*", 5, "keeps the session's locks alive, gives back what a command needed"
    ),
    HookEvent(
        "PostToolUseFailure",
        _TOOLS,
        5,
        "gives back what a failed command needed, and a file that is as it was",
    ),
    HookEvent("PermissionDenied", _TOOLS, 5, "gives back what the tool needed"),
    HookEvent("PermissionRequest", "*", 5, "says that the session waits for you"),
    HookEvent(
        "Notification",
        "permission_prompt|worker_permission_prompt|elicitation_dialog|agent_needs_input"
        "|idle_prompt",
        5,
        "the same; gives back what was claimed for tools that never ran",
    ),
    HookEvent(
        "Stop",
        None,
        5,
        "says that the session is idle; gives back what was claimed for tools that never ran",
    ),
    HookEvent(
        "StopFailure",
        None,
        5,
        "the same when an error ended the turn; a rate limit is named",
    ),
    HookEvent("SubagentStop", None, 5, "releases what a subagent held"),
    # Without a timeout of its own Claude Code cancels this one after 1.5 s.
    HookEvent("SessionEnd", None, 10, "releases everything and ends the session"),
)


def group(event: HookEvent, command: str = COMMAND) -> dict[str, Any]:
    """The entry in the list of an event in a settings file."""
    matcher = {} if event.matcher is None else {"matcher": event.matcher}
    return {**matcher, "hooks": [{"type": "command", "command": command, "timeout": event.timeout}]}


def is_ours(hook: object) -> bool:
    """Whether an entry of a settings file is coord's, of this version or another."""
    command = hook.get("command") if isinstance(hook, dict) else None
    return isinstance(command, str) and bool(_OURS.search(command))
