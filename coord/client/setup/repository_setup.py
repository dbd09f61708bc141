"""What `coord init` puts into a repository, and takes out again. Both only plan; `Plan.apply` does it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from coord.client.place import CONFIG, FOLDER, BadConfig, Place
from coord.client.setup import config_file, git, git_guard, ignored, instructions, memory, settings_json
from coord.client.setup.plan import Plan, Refused

SHARED, LOCAL, MCP = "settings.json", "settings.local.json", ".mcp.json"


@dataclass(frozen=True)
class Wishes:
    """What init is to do. `url` and `project`: None takes what the place has. `local`: nothing in a file that others get."""

    url: str | None = None
    project: str | None = None
    local: bool = False
    mcp: bool = False
    guard: bool = False


def place_of(folder: str | None = None) -> Place:
    """Raises Refused."""
    try:
        return Place(folder)
    except BadConfig as error:
        raise Refused(str(error)) from None


def plan_for(place: Place) -> Plan:
    return Plan(place.root, *([place.repository.common] if place.repository else []))


def settings_file(place: Place, *, local: bool) -> str:
    return os.path.join(place.root, FOLDER, LOCAL if local else SHARED)


def install(place: Place, wishes: Wishes) -> Plan:
    """Raises Refused."""
    plan = plan_for(place)
    url, project = _chosen(plan, place, wishes)
    makes_config = plan.read(os.path.join(place.root, CONFIG)) is None
    config_file.add(plan, place.root, url, project)
    settings_json.add_hooks(plan, settings_file(place, local=wishes.local))
    if wishes.local:
        _install_local(plan, place, url, makes_config=makes_config)
    else:
        instructions.add(plan, place.root, url)
        if place.repository is not None:
            ignored.add(plan, place.repository)
        _note_what_others_miss(plan, place, url if makes_config else "")
    if wishes.mcp and wishes.local:
        command = f"claude mcp add --transport http --scope local coord {url}/mcp"
        raise Refused(f"{MCP} is shared, so --mcp does not go with --local. For yourself: {command}")
    if wishes.mcp:
        settings_json.add_server(plan, os.path.join(place.root, MCP), settings_json.server(url, project, place.token is not None))
    if wishes.guard:
        git_guard.add(plan, place)
    return plan


def _install_local(plan: Plan, place: Place, url: str, *, makes_config: bool) -> None:
    instructions.add_local(plan, place.root, url)
    if place.repository is not None:
        ignored.add_local(plan, place.repository, config=makes_config or ignored.config_is_own(plan, place.repository))


def remove(place: Place, *, local_only: bool = False) -> Plan:
    """Everything of coord's that is here; with `local_only` what `--local` put in. Raises Refused."""
    plan = plan_for(place)
    plan.may_go(os.path.join(place.root, FOLDER))
    config_goes = not local_only or place.repository is None or ignored.config_is_own(plan, place.repository)
    settings_json.remove_hooks(plan, settings_file(place, local=True))
    instructions.remove_local(plan, place.root)
    if place.repository is not None:
        ignored.remove_local(plan, place.repository)
    if local_only:
        memory.forget(plan, settings_file(place, local=True), os.path.join(place.root, instructions.LOCAL))
    else:
        _remove_shared(plan, place)
        memory.forget(plan)
    if config_goes:
        config_file.remove(plan, place.root)
    return plan


def _remove_shared(plan: Plan, place: Place) -> None:
    settings_json.remove_hooks(plan, settings_file(place, local=False))
    settings_json.remove_server(plan, os.path.join(place.root, MCP))
    instructions.remove(plan, place.root)
    if place.repository is not None:
        ignored.remove(plan, place.repository)
        git_guard.remove(plan, place)


def _chosen(plan: Plan, place: Place, wishes: Wishes) -> tuple[str, str]:
    """The server and the project that the files will name. Raises Refused."""
    there = os.path.join(place.root, CONFIG)
    has = config_file.read(there) if plan.read(there) is not None else {}
    chosen = []
    for name, wish, now, default in (
        ("url", wishes.url, has.get("url"), place.url),
        ("project", wishes.project, has.get("project"), place.project),
    ):
        if wish and has and wish.rstrip("/") != str(now or "").rstrip("/"):
            raise Refused(f"{CONFIG} is there and has {name} = {now!r}. Change it there, or leave --{name} out.")
        chosen.append(str(wish or now or default))
    url, project = checked_url(chosen[0]), chosen[1]
    if not 0 < len(project) <= 100:
        raise Refused("A project's name has 1 to 100 characters.")
    return url, project


def checked_url(url: str) -> str:
    """Without a slash at its end. Raises Refused."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good or any(letter.isspace() for letter in url):
        raise Refused(f"{url!r} is not the address of a coord server. One looks like http://coord.example:8001.")
    return url.rstrip("/")


def _note_what_others_miss(plan: Plan, place: Place, url: str) -> None:
    if urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1"):
        plan.notes.append(
            f"{url} is each machine's own server. For a team, name the one that all of them reach: in {CONFIG}, or with coord init --url."
        )
    if place.repository is not None and git.ignored_by_the_team(place.root, f"{FOLDER}/{SHARED}"):
        plan.notes.append(
            f"git ignores {FOLDER}/{SHARED} here, so nobody else gets the hooks. Add the line !{FOLDER}/{SHARED} to .gitignore."
        )
