"""coord's server in `.mcp.json`."""

from __future__ import annotations

from typing import Any

from coord.client.setup import json_file
from coord.client.setup.json_text import JsonText
from coord.client.setup.plan import CannotChange, Plan

SERVER = "coord"


def server(url: str, project: str | None, with_token: bool) -> dict[str, Any]:
    """coord's entry among `mcpServers`. A token is never written: Claude Code takes it from the
    environment."""
    headers = {} if project is None else {"X-Coord-Project": project}
    if with_token:
        # Without the default, the whole file is an error where the variable is not set.
        headers["Authorization"] = "Bearer ${COORD_TOKEN:-}"
    return {"type": "http", "url": f"{url}/mcp", **({"headers": headers} if headers else {})}


def add_server(plan: Plan, path: str, entry: dict[str, Any]) -> None:
    """Plans coord's server in `.mcp.json`. Raises CannotChange."""
    document = json_file.open_document(plan, path) or JsonText("{}\n")
    servers = document.value.get("mcpServers", {})
    if not isinstance(servers, dict):
        raise CannotChange(
            f"{plan.shown(path)}: mcpServers is not an object. Fix it first; nothing was changed."
        )
    if "mcpServers" not in document.value:
        json_file.remember_empty(plan, path, document, ())
        document.add((), {}, "mcpServers")
    else:
        json_file.remember_empty(plan, path, document, ("mcpServers",))
    if SERVER not in servers:
        document.add(("mcpServers",), entry, SERVER)
    elif servers[SERVER] != entry:
        document.replace(("mcpServers", SERVER), entry)
    plan.write(path, document.whole)


def remove_server(plan: Plan, path: str) -> None:
    """Plans `.mcp.json` without coord's server; an entry of that name that leads elsewhere
    stays. Raises CannotChange."""
    document = json_file.open_document(plan, path)
    entry = document.get("mcpServers", SERVER) if document else None
    if (
        document is None
        or not isinstance(entry, dict)
        or not str(entry.get("url")).endswith("/mcp")
    ):
        return
    document.remove(("mcpServers", SERVER))
    json_file.prune(plan, path, document, ("mcpServers",))
    json_file.close_document(plan, path, document)
