"""coord as a plugin for Claude Code: the hooks, a skill and the MCP server, for all of a user's
projects."""

from __future__ import annotations

import json
import os
from typing import Any

from coord import __version__
from coord.client.setup import hooks, instructions, mcp_json
from coord.client.setup.plan import CannotChange, Plan

NAME = "coord"
MANIFEST, MARKETPLACE = ".claude-plugin/plugin.json", ".claude-plugin/marketplace.json"
_DESCRIPTION = (
    "Keeps AI coding sessions that work side by side from undoing each other's work: locks,"
    " messages, work items."
)

_README = """\
# coord for Claude Code

Several sessions that change the same project at the same time undo each other's work. With this plugin
each of them claims a file in coord before it edits it, claims what a command such as `git push` needs,
and releases it when it is done; a session that is refused learns who holds it, why and until when. The
plugin also has a skill and the tools of coord's MCP server, {url}.

It needs the `coord` command, which the server hands out: `curl -fsS {url}/client/install.sh | sh`.
Without it the plugin does nothing. `coord doctor` shows whether it works. Made by
`coord init --plugin`, which also brings it up to date.
"""  # noqa: E501 (as it is shown)

_SKILL = """\
---
name: coord
description: Work beside other AI sessions through coord. Use when an edit or a command was denied \
because another session holds it, before anything that others could change at the same time (a \
deployment, a migration, a server), to see who works on what, and to read or write messages.
---

{instructions}
## How

| to | run |
|---|---|
| see who does what | `coord status` |
| wait for something and hold it | `coord lock src/app.py --wait 60`, then `coord unlock src/app.py` |
| hold something while a command runs | `coord run "ssh web-1" -- ssh web-1 ...` |
| read your messages | `coord inbox` |
| write to a session | `coord send --to SESSION "subject" "text"` |
| take the next piece of work | `coord item claim` |
| send what could not be sent | `coord sync` |

`coord --help` has the rest. All calls, for those without the command: `{url}/llms.txt`.
"""  # noqa: E501 (as it is shown)


def files(url: str, with_token: bool) -> dict[str, str]:
    """The plugin's files by their names. It names no project: each repository has its own."""
    servers = {mcp_json.SERVER: mcp_json.server(url, None, with_token)}
    events = {event.name: [hooks.group(event, hooks.PLUGIN_COMMAND)] for event in hooks.EVENTS}
    about = {
        "name": NAME,
        "description": _DESCRIPTION,
        "version": __version__,
        "author": {"name": "coord"},
    }
    market = {
        "name": NAME,
        "description": _DESCRIPTION,
        "owner": about["author"],
        "plugins": [{"name": NAME, "source": "./"}],
    }
    purpose = "Claims what a session is about to change, and shows it its messages."
    return {
        MANIFEST: _json(about),
        MARKETPLACE: _json(market),
        "README.md": _README.format(url=url),
        "hooks/hooks.json": _json({"description": purpose, "hooks": events}),
        "skills/coord/SKILL.md": _SKILL.format(instructions=instructions.text(url), url=url),
        ".mcp.json": _json({"mcpServers": servers}),
    }


def _json(value: Any) -> str:
    return f"{json.dumps(value, indent=2)}\n"


def add(folder: str, url: str, with_token: bool) -> Plan:
    """Plans the plugin in a folder of its own. Raises CannotChange."""
    plan = _plan(folder)
    for name, content in files(url, with_token).items():
        plan.write(os.path.join(folder, name), content)
    return plan


def remove(folder: str, url: str, with_token: bool) -> Plan:
    """Plans that the plugin goes; a file that was changed by hand stays. Raises CannotChange."""
    plan = _plan(folder)
    for name, content in files(url, with_token).items():
        path = os.path.join(folder, name)
        current = plan.text(path)
        if current == content:
            plan.write(path, None)
        elif current is not None:
            plan.notes.append(f"{name} stays: it was changed since init wrote it.")
        subfolder = os.path.dirname(name)
        while subfolder:
            plan.remove_if_empty(os.path.join(folder, subfolder))
            subfolder = os.path.dirname(subfolder)
    plan.remove_if_empty(folder)
    return plan


def _plan(folder: str) -> Plan:
    """Raises CannotChange when another plugin is there."""
    plan = Plan(folder)
    manifest = plan.text(os.path.join(folder, MANIFEST))
    try:
        named = json.loads(manifest or "{}").get("name", NAME)
    except (ValueError, AttributeError):
        named = None
    if named != NAME:
        reason = named or "its plugin.json is not JSON"
        raise CannotChange(f"{folder} holds another plugin ({reason}). Name a folder of its own.")
    return plan
