"""Queued claims that no longer matter: nobody works under them any more, so they are not sent."""

from __future__ import annotations

import time

from coord.client.queue.call import BASE, Call, unquote
from coord.client.queue.times import decided_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEFAULT_TTL_HOURS = 2.0  # what the server gives a claim that names none


def find_obsolete(calls: list[Call | None]) -> list[bool]:
    """For each call, whether it is a claim that was released later in the queue, or has expired."""
    released: set[tuple[str, ...]] = set()
    obsolete = [False] * len(calls)
    for index in range(len(calls) - 1, -1, -1):
        call = calls[index]
        if call is None:
            continue
        if call.method == "DELETE":
            released |= _release_keys(call)
        elif call.method == "POST" and call.route == f"{BASE}/locks":
            obsolete[index] = _has_expired(call) or _is_released(call.parameters, released)
    return obsolete


def _has_expired(claim: Call) -> bool:
    at, hours = decided_at(claim.ts), claim.parameters.get("ttl_hours")
    if not isinstance(hours, (int, float)) or isinstance(hours, bool):
        hours = DEFAULT_TTL_HOURS
    return at is not None and hours > 0 and at + hours * 3600 < time.time()


def _release_keys(call: Call) -> set[tuple[str, ...]]:
    """What a DELETE releases, as `_is_released` looks for it."""
    parameters = call.parameters
    session, project = _key(parameters.get("session_id")), _key(parameters.get("project_key"))
    if call.route.startswith(f"{BASE}/locks/"):
        return {("id", unquote(call.route[len(f"{BASE}/locks/") :]).lower())}
    if call.route == f"{BASE}/sessions":
        return {("all", session, _key(None))}
    if call.route == f"{BASE}/locks" and str(parameters.get("release_all")).lower() in (
        "true",
        "1",
    ):
        return {("all", session, project)}
    if call.route == f"{BASE}/locks":
        return {("name", session, project, _key(parameters.get("resource")))}
    return set()


def _is_released(claim: dict[str, Any], released: set[tuple[str, ...]]) -> bool:
    session, project = _key(claim.get("session_id")), _key(claim.get("project_key"))
    if {
        ("id", str(claim.get("id")).lower()),
        ("all", session, _key(None)),
        ("all", session, project),
    } & released:
        return True
    resources = claim.get("resources")
    if not isinstance(resources, list) or not resources:
        resources = [claim.get("resource")]
    return all(("name", session, project, _key(resource)) in released for resource in resources)


def _key(value: object) -> str:
    """Hashable, whatever it is: a shell client's line may hold anything."""
    return repr(value)
