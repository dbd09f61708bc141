"""The agents besides Claude Code in whose settings `coord init --agent` enters coord's hooks: each
with the names that it has for its events and tools.

As they were looked at in Codex 0.171.0, Gemini CLI 0.61.0, Qwen Code 0.24.4 and Droid 0.225.2.
`coord.client.hook.dialects` has how each is answered.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from coord.client.setup import claude_settings, hooks
from coord.client.setup.plan import Plan


@dataclass(frozen=True)
class Agent:
    """`file`: its settings, in the repository. `events`: matcher of tools and seconds of each.
    `per_second`: in what it counts them. `has_names`: its hooks have names. `until`: what its user
    has to do before it runs them."""

    name: str
    label: str
    file: str
    events: dict[str, tuple[str | None, int]]
    per_second: int = 1
    has_names: bool = False
    until: str = ""

    @property
    def groups(self) -> dict[str, dict[str, Any]]:
        """Its hooks, as its settings have them."""
        return {
            event: {
                **({} if matcher is None else {"matcher": matcher}),
                "hooks": [
                    {
                        "type": "command",
                        **({"name": "coord"} if self.has_names else {}),
                        "command": hooks.COMMAND,
                        "timeout": seconds * self.per_second,
                    }
                ],
            }
            for event, (matcher, seconds) in self.events.items()
        }


def _events(tools: str, *, end: int = 10) -> dict[str, tuple[str | None, int]]:
    """Of an agent that calls its events as Claude Code does."""
    return {
        "SessionStart": (None, 10),
        "UserPromptSubmit": (None, 5),
        "PreToolUse": (tools, 30),
        "PostToolUse": ("*", 5),
        "Stop": (None, 5),
        "SessionEnd": (None, end),
    }


AGENTS = (
    Agent(
        "codex",
        "Codex",
        ".codex/hooks.json",
        # It cuts SessionEnd at 3 s, and warns at every start of more.
        _events("apply_patch|Edit|Write|Bash|mcp__.*", end=3)
        | {"SubagentStop": (None, 5), "PermissionRequest": (None, 5)},
        until="you have trusted the project and, with /hooks, each hook",
    ),
    Agent(
        "gemini",
        "Gemini CLI",
        ".gemini/settings.json",
        {
            "SessionStart": (None, 10),
            "BeforeAgent": (None, 5),
            "BeforeTool": ("write_file|edit|replace|run_shell_command|mcp_.*", 30),
            "AfterTool": ("*", 5),
            "SessionEnd": (None, 10),
        },
        per_second=1000,
        has_names=True,
        until="you have trusted the folder",
    ),
    Agent(
        "qwen",
        "Qwen Code",
        ".qwen/settings.json",
        _events("write_file|edit|replace|notebook_edit|run_shell_command|mcp__.*"),
    ),
    Agent(
        "droid",
        "Droid",
        ".factory/settings.json",
        _events("Create|Edit|ApplyPatch|Execute|mcp__.*") | {"SubagentStop": (None, 5)},
    ),
)
BY_NAME = {agent.name: agent for agent in AGENTS}


def settings_file(root: str, agent: Agent) -> str:
    return os.path.join(root, *agent.file.split("/"))


def add(plan: Plan, root: str, names: tuple[str, ...]) -> None:
    """Plans the hooks of these agents, and brings those up to date that are there. Raises
    CannotChange."""
    for agent in AGENTS:
        path = settings_file(root, agent)
        if agent.name in names or claude_settings.has_hooks(plan, path):
            claude_settings.add_hooks(plan, path, agent.groups)
            if agent.name in names and agent.until:
                plan.notes.append(f"{agent.label} runs the hooks once {agent.until}.")


def remove(plan: Plan, root: str) -> None:
    """Raises CannotChange."""
    for agent in AGENTS:
        path = settings_file(root, agent)
        if claude_settings.has_hooks(plan, path):
            plan.remove_if_empty(os.path.dirname(path))
            claude_settings.remove_hooks(plan, path)
