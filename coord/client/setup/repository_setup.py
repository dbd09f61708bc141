"""What `coord init` puts into a repository, and takes out again: the plans, which `Plan.apply`
carries out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from coord.client import address, user_state
from coord.client.calls import Untrusted
from coord.client.setup import (
    agents,
    claude_settings,
    config_file,
    empty_before,
    git,
    ignored,
    instructions,
    mcp_json,
)
from coord.client.setup.guard import git_hooks
from coord.client.setup.plan import CannotChange, Plan
from coord.client.suggestions import quote
from coord.client.wire import Away, call
from coord.client.workspace import CONFIG, FOLDER, BadConfig, Workspace, enter

SHARED, LOCAL, MCP = "settings.json", "settings.local.json", ".mcp.json"
MAX_PROJECT = 100  # characters
TIMEOUT_S = 2.0


@dataclass(frozen=True)
class InitOptions:
    """What init is asked for. `url` and `project`: None takes what the workspace has. `local`:
    nothing in a file that is committed."""

    url: str | None = None
    project: str | None = None
    local: bool = False
    mcp: bool = False
    guard: bool = False
    agents: tuple[str, ...] = ()


def workspace_of(folder: str | None = None) -> Workspace:
    """Raises CannotChange."""
    try:
        return enter(folder)
    except BadConfig as error:
        raise CannotChange(str(error)) from None


def plan_for(workspace: Workspace) -> Plan:
    own = [workspace.repository.common] if workspace.repository else []
    return Plan(workspace.root, *own, user_state.root())


def settings_file(workspace: Workspace, *, local: bool) -> str:
    return os.path.join(workspace.root, FOLDER, LOCAL if local else SHARED)


def install(workspace: Workspace, options: InitOptions) -> Plan:
    """Raises CannotChange."""
    plan = plan_for(workspace)
    url, project = _chosen(plan, workspace, options)
    creates_config = plan.read(os.path.join(workspace.root, CONFIG)) is None
    by_user = os.environ.get("COORD_URL") if workspace.has_users_environment else None
    if creates_config and not (options.url or workspace.is_trusted):
        raise CannotChange(str(Untrusted(workspace.url)))
    answers = not creates_config or _answers(plan, url, is_named=bool(options.url or by_user))
    config_file.add(plan, workspace.root, url if answers else None, project)
    claude_settings.add_hooks(plan, settings_file(workspace, local=options.local))
    if options.local:
        _install_local(plan, workspace, url, creates_config=creates_config)
    else:
        agents.add(plan, workspace.root, options.agents)
        instructions.add(plan, workspace.root, url)
        if workspace.repository is not None:
            ignored.add(plan, workspace.repository)
        _note_what_others_miss(plan, workspace, url if creates_config and answers else "")
    if options.agents and options.local:
        raise CannotChange("Settings of other agents are shared: --agent does not go with --local.")
    if options.mcp and options.local:
        command = f"claude mcp add --transport http --scope local coord {quote(f'{url}/mcp')}"
        raise CannotChange(
            f"{MCP} is shared, so --mcp does not go with --local. For yourself: {command}"
        )
    if options.mcp:
        mcp_json.add_server(
            plan,
            os.path.join(workspace.root, MCP),
            mcp_json.server(url, project, workspace.token is not None),
        )
    if options.guard:
        git_hooks.add(plan, workspace)
    return plan


def _install_local(plan: Plan, workspace: Workspace, url: str, *, creates_config: bool) -> None:
    instructions.add_local(plan, workspace.root, url)
    if workspace.repository is not None:
        ignored.add_local(
            plan,
            workspace.repository,
            config=creates_config or ignored.config_is_own(plan, workspace.repository),
        )


def remove(workspace: Workspace, *, local_only: bool = False) -> Plan:
    """Plans to take out everything of coord's; with `local_only` what `--local` put in. Raises
    CannotChange."""
    plan = plan_for(workspace)
    plan.remove_if_empty(os.path.join(workspace.root, FOLDER))
    config_goes = (
        not local_only
        or workspace.repository is None
        or ignored.config_is_own(plan, workspace.repository)
    )
    claude_settings.remove_hooks(plan, settings_file(workspace, local=True))
    instructions.remove_local(plan, workspace.root)
    if workspace.repository is not None:
        ignored.remove_local(plan, workspace.repository)
    if local_only:
        empty_before.forget(
            plan,
            settings_file(workspace, local=True),
            os.path.join(workspace.root, instructions.LOCAL),
        )
    else:
        _remove_shared(plan, workspace)
        empty_before.forget(plan)
    if config_goes:
        config_file.remove(plan, workspace.root)
    return plan


def _remove_shared(plan: Plan, workspace: Workspace) -> None:
    claude_settings.remove_hooks(plan, settings_file(workspace, local=False))
    agents.remove(plan, workspace.root)
    mcp_json.remove_server(plan, os.path.join(workspace.root, MCP))
    instructions.remove(plan, workspace.root)
    if workspace.repository is not None:
        ignored.remove(plan, workspace.repository)
        git_hooks.remove(plan, workspace)


def _chosen(plan: Plan, workspace: Workspace, options: InitOptions) -> tuple[str, str]:
    """The server and the project that the files will name. Raises CannotChange."""
    path = os.path.join(workspace.root, CONFIG)
    config = config_file.read(path) if plan.read(path) is not None else {}
    chosen = []
    for name, option, default in (
        ("url", options.url, workspace.url),
        ("project", options.project, workspace.project),
    ):
        configured = config.get(name)
        if option and config and option.rstrip("/") != str(configured or "").rstrip("/"):
            raise CannotChange(
                f"{CONFIG} exists and has {name} = {configured!r}. Change it there, or leave"
                f" --{name} out."
            )
        chosen.append(str(option or configured or default))
    url, project = checked_url(chosen[0]), chosen[1]
    if not 0 < len(project) <= MAX_PROJECT:
        raise CannotChange(f"A project's name has 1 to {MAX_PROJECT} characters.")
    return url, project


def _answers(plan: Plan, url: str, *, is_named: bool) -> bool:
    """Whether to write this address. One that nobody named, and where no coord answers, is not
    written: it would be wrong for the whole team."""
    try:
        answer = call(url, "GET", "/livez", timeout=TIMEOUT_S)
        problem = (
            ""
            if answer.json == {"status": "ok"}
            else f"what answers there ({answer.status}) is not coord"
        )
    except Away as away:
        problem = str(away)
    if problem and is_named:
        plan.notes.append(f"{url} is written, but {problem}. Check it with coord doctor.")
    elif problem:
        plan.notes.append(
            f"No server is written into {CONFIG}: {problem}. Name your team's: coord init --url"
            " URL."
        )
        return False
    return True


def checked_url(url: str) -> str:
    """As calls are made to it. Raises CannotChange."""
    url = address.normal(url)
    try:
        parts = urlsplit(url)
        good = (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and not parts.username
            and (parts.port or 1) > 0
        )
    except ValueError:
        good = False
    if not good or any(letter.isspace() for letter in url):
        raise CannotChange(
            f"{url!r} is not the address of a coord server. One looks like"
            " http://coord.example:8001."
        )
    return url


def _note_what_others_miss(plan: Plan, workspace: Workspace, url: str) -> None:
    if urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1"):
        plan.notes.append(
            f"{url} is each machine's own server. For a team, name the one that all of them reach:"
            f" in {CONFIG}, or with coord init --url."
        )
    if workspace.repository is not None and git.ignored_by_the_team(
        workspace.root, f"{FOLDER}/{SHARED}"
    ):
        plan.notes.append(
            f"git ignores {FOLDER}/{SHARED} here, so nobody else gets the hooks. Add the line"
            f" !{FOLDER}/{SHARED} to .gitignore."
        )
