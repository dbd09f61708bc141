"""coord's entries in the JSON files of Claude Code: the hooks in a settings file, the server in `.mcp.json`."""

from __future__ import annotations

import json
from typing import Any

from coord.client.setup import hooks, memory
from coord.client.setup.json_text import JsonText
from coord.client.setup.json_text import Path as JsonPath
from coord.client.setup.plan import Plan, Refused

SERVER = "coord"


# --- hooks -----------------------------------------------------------------------------------------------------------------------


def add_hooks(plan: Plan, path: str) -> None:
    """Plans every hook of coord's in the file, as this version has it; all else stays. Raises Refused."""
    document = _open(plan, path) or JsonText("{}\n")
    _check_hooks(plan, path, document)
    for event in hooks.EVENTS:
        _add_hook(plan, path, document, event)
    for name in document.get("hooks"):
        if name not in {event.name for event in hooks.EVENTS}:
            _remove_hook(plan, path, document, name)
    plan.write(path, document.whole)


def remove_hooks(plan: Plan, path: str) -> None:
    """Plans the file without hooks of coord's. Raises Refused."""
    document = _open(plan, path)
    if document is None or not isinstance(document.get("hooks"), dict):
        return
    _check_hooks(plan, path, document)
    before = document.text
    for name in list(document.get("hooks")):
        _remove_hook(plan, path, document, name)
    if document.text != before:
        _prune(plan, path, document, ("hooks",))
        _close(plan, path, document)


def found(settings: Any) -> dict[str, list[dict[str, Any]]]:
    """The hooks of coord's in the content of a settings file: for each event the groups that hold them."""
    listed = settings.get("hooks") if isinstance(settings, dict) else None
    events = listed.items() if isinstance(listed, dict) else ()
    ours = {name: [group for group in groups if _ours(group)] for name, groups in events if isinstance(groups, list)}
    return {name: groups for name, groups in ours.items() if groups}


def _ours(group: Any) -> list[int]:
    """Which hooks of a group are coord's."""
    listed = group.get("hooks") if isinstance(group, dict) else None
    return [nth for nth, hook in enumerate(listed if isinstance(listed, list) else []) if hooks.is_ours(hook)]


def _add_hook(plan: Plan, path: str, document: JsonText, event: hooks.Event) -> None:
    wanted = hooks.group(event)
    groups = document.get("hooks", event.name) or []
    ours = [nth for nth, group in enumerate(groups) if _ours(group)]
    if len(ours) == 1 and len(groups[ours[0]]["hooks"]) == 1:
        if groups[ours[0]] != wanted:
            document.replace(("hooks", event.name, ours[0]), wanted)
        return
    if ours:  # moved by hand into a group with other hooks, or doubled
        _remove_hook(plan, path, document, event.name)
    for at, key, empty in (((), "hooks", {}), (("hooks",), event.name, [])):
        if document.get(*at, key) is None:
            _note(plan, path, document, at)
            document.add(at, empty, key)
        else:
            _note(plan, path, document, (*at, key))
    document.add(("hooks", event.name), wanted)


def _remove_hook(plan: Plan, path: str, document: JsonText, event: str) -> None:
    groups = document.get("hooks", event) or []
    for nth in reversed(range(len(groups))):
        ours = _ours(groups[nth])
        if ours and len(ours) == len(groups[nth]["hooks"]):
            document.remove(("hooks", event, nth))
        else:
            for each in reversed(ours):
                document.remove(("hooks", event, nth, "hooks", each))
    if groups:
        _prune(plan, path, document, ("hooks", event))


def _check_hooks(plan: Plan, path: str, document: JsonText) -> None:
    listed = document.value.get("hooks", {})
    if not isinstance(listed, dict):
        raise Refused(f"{plan.shown(path)}: hooks is not an object. Mend it first; nothing was changed.")
    for name, groups in listed.items():
        if not isinstance(groups, list):
            raise Refused(f"{plan.shown(path)}: hooks.{name} is not a list. Mend it first; nothing was changed.")


# --- the MCP server --------------------------------------------------------------------------------------------------------------


def server(url: str, project: str | None, with_token: bool) -> dict[str, Any]:
    """coord's entry among `mcpServers`. A token is never written: Claude Code puts in what the environment has."""
    headers = {} if project is None else {"X-Coord-Project": project}
    if with_token:
        headers["Authorization"] = "Bearer ${COORD_TOKEN:-}"  # without the default the whole file is an error to who has no such variable
    return {"type": "http", "url": f"{url}/mcp", **({"headers": headers} if headers else {})}


def add_server(plan: Plan, path: str, entry: dict[str, Any]) -> None:
    """Plans coord's server in `.mcp.json`. Raises Refused."""
    document = _open(plan, path) or JsonText("{}\n")
    servers = document.value.get("mcpServers", {})
    if not isinstance(servers, dict):
        raise Refused(f"{plan.shown(path)}: mcpServers is not an object. Mend it first; nothing was changed.")
    if "mcpServers" not in document.value:
        _note(plan, path, document, ())
        document.add((), {}, "mcpServers")
    else:
        _note(plan, path, document, ("mcpServers",))
    if SERVER not in servers:
        document.add(("mcpServers",), entry, SERVER)
    elif servers[SERVER] != entry:
        document.replace(("mcpServers", SERVER), entry)
    plan.write(path, document.whole)


def remove_server(plan: Plan, path: str) -> None:
    """Plans `.mcp.json` without coord's server; one of that name that leads elsewhere stays. Raises Refused."""
    document = _open(plan, path)
    entry = document.get("mcpServers", SERVER) if document else None
    if document is None or not isinstance(entry, dict) or not str(entry.get("url")).endswith("/mcp"):
        return
    document.remove(("mcpServers", SERVER))
    _prune(plan, path, document, ("mcpServers",))
    _close(plan, path, document)


# --- files -----------------------------------------------------------------------------------------------------------------------


def _open(plan: Plan, path: str) -> JsonText | None:
    text = plan.text(path)
    if text is None:
        return None
    if not text.strip():
        raise Refused(f"{plan.shown(path)} is empty, which is not JSON. Write {{}} in it, or remove it; nothing was changed.")
    try:
        document = JsonText(text)
    except RecursionError:
        raise Refused(f"{plan.shown(path)} is nested too deeply. Nothing was changed.") from None
    except json.JSONDecodeError as error:
        raise Refused(
            f"{plan.shown(path)} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}. Mend it first; nothing was changed."
        ) from None
    if not isinstance(document.value, dict):
        raise Refused(f"{plan.shown(path)} is not a JSON object. Mend it first; nothing was changed.")
    return document


def _close(plan: Plan, path: str, document: JsonText) -> None:
    """The file, or none when it held nothing but ours."""
    plan.write(path, document.whole if document.value or memory.is_kept(plan, path) else None)


def _note(plan: Plan, path: str, document: JsonText, at: JsonPath) -> None:
    """Remembers a container that was there and empty."""
    if plan.read(path) is not None and document.get(*at) in ({}, []):
        original = JsonText(plan.text(path) or "{}").get(*at)
        if original in ({}, []):
            memory.keep(plan, path, ".".join(map(str, at)))


def _prune(plan: Plan, path: str, document: JsonText, at: JsonPath) -> None:
    """Removes a container that was left empty, unless it was so before."""
    if document.get(*at) in ({}, []) and not memory.is_kept(plan, path, ".".join(map(str, at))):
        document.remove(at)
