"""What is not needed for locks: the instructions for agents, the git guard and the MCP server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from coord.client import suggestions
from coord.client.setup import agents, blocks, claude_settings, git, instructions, mcp_json
from coord.client.setup.doctor.check import OK, WARNING, Check, DoctorContext, read_json
from coord.client.setup.guard import git_hooks
from coord.client.setup.plan import CannotChange
from coord.client.setup.repository_setup import MCP, plan_for


def check(context: DoctorContext) -> Iterator[Check]:
    yield _instructions(context)
    if context.workspace.repository is not None:
        yield _guard(context)
    yield _mcp(context)
    for agent in agents.AGENTS:
        yield from _agent(context, agent)


def _agent(context: DoctorContext, agent: agents.Agent) -> Iterator[Check]:
    """Of an agent whose settings have coord's hooks here."""
    try:
        settings = read_json(agents.settings_file(context.workspace.root, agent))
    except ValueError:
        yield Check(
            "agents", WARNING, f"{agent.file} is not JSON", f"Fix it: {agent.label} reads it."
        )
        return
    ours = claude_settings.find_hooks(settings)
    if not ours:
        return
    wanted = {event: [group] for event, group in agent.groups.items()}
    if ours != wanted:
        message = f"{agent.label}'s hooks in {agent.file} are of another version"
        yield Check("agents", WARNING, message, f"coord init --agent {agent.name}")
        return
    until = f" (it runs them once {agent.until})" if agent.until else ""
    yield Check("agents", OK, f"{agent.label}: all {len(wanted)} hooks in {agent.file}{until}")


def _instructions(context: DoctorContext) -> Check:
    """Whether agents read about coord, in whichever file they read here."""
    workspace = context.workspace
    plan = plan_for(workspace)
    url = str(workspace.config.get("url") or workspace.url).rstrip("/")
    names = (instructions.AGENTS, instructions.CLAUDE, instructions.LOCAL)
    files = [os.path.join(workspace.root, name) for name in names]
    try:
        current = [file for file in files if blocks.has(plan, file, blocks.MARKDOWN)]
        if files[-1] in current:
            instructions.add_local(plan, workspace.root, url)
        else:
            instructions.add(plan, workspace.root, url)
    except CannotChange as refused:
        return Check("instructions", WARNING, str(refused))
    if not current and context.has_plugin:
        return Check("instructions", OK, "in the plugin's skill")
    if not current:
        message = "no file tells agents about coord; they still see what the hooks say"
        return Check("instructions", WARNING, message, "coord init")
    outdated = ", ".join(plan.shown(change.path) for change in plan.changes)
    if outdated:
        message = f"of another version, or for another server: {outdated}"
        return Check("instructions", WARNING, message, "coord init")
    return Check("instructions", OK, f"in {', '.join(map(plan.shown, current))}")


def _guard(context: DoctorContext) -> Check:
    try:
        states = git_hooks.status(context.workspace)
    except (CannotChange, git.GitFailed) as error:
        return Check("git guard", WARNING, str(error))
    message = "; ".join(f"{hook} {state}" for hook, state in states.items())
    if any(state in git_hooks.BROKEN for state in states.values()):
        return Check("git guard", WARNING, message, "coord guard install")
    if all(state == "on" for state in states.values()):
        return Check("git guard", OK, message)
    advice = "if people or other tools commit here: coord guard install"
    return Check("git guard", OK, f"{message} ({advice})")


def _mcp(context: DoctorContext) -> Check:
    workspace = context.workspace
    try:
        servers = read_json(os.path.join(workspace.root, MCP)).get("mcpServers", {})
        entry: Any = servers.get(mcp_json.SERVER)
    except (ValueError, AttributeError):
        return Check("mcp", WARNING, f"{MCP} is not what Claude Code expects", "Fix it.")
    if not isinstance(entry, dict):
        message = f"not in {MCP} (the commands do the same; if you want it: coord init --mcp)"
        return Check("mcp", OK, message)
    if entry.get("url") != f"{workspace.url}/mcp":
        message = f"{MCP} leads to {entry.get('url')}, everything else to {workspace.url}"
        overridden = "COORD_URL" in os.environ
        unset = f"{suggestions.unset('COORD_URL')}, unless that is intended."
        fix = unset if overridden else "coord init --mcp"
        return Check("mcp", WARNING, message, fix)
    if not context.is_usable:
        return Check("mcp", WARNING, "not tried, since the server cannot be used")
    answer = context.call("/mcp", "POST", {"jsonrpc": "2.0", "id": 1, "method": "ping"})
    if answer.ok and "result" in (answer.json or {}):
        return Check("mcp", OK, f"{entry['url']} answers")
    return Check("mcp", WARNING, f"{entry['url']} answers {answer.status}", "Update the server.")
