"""How a queued call is shown."""

from __future__ import annotations

from typing import Any

from coord.client.banner import plain
from coord.client.cli.output import when
from coord.client.queue import BASE, Call, unquote

MAX_LINE = 80  # characters of a line that is not a call

# The first of these fields says what a call is about.
_SUBJECTS = ("resource", "resources", "title", "name", "subject", "status", "state", "ids")


def as_json(call: Call) -> dict[str, Any]:
    return {"ts": call.ts, "method": call.method, "path": call.path, "body": call.body}


def refusal(rejected: dict[str, Any]) -> str:
    """A refused call in one sentence. `rejected`: its entry in the queue's list of refused
    calls."""
    if "line" in rejected:
        return f"{rejected['line'][:MAX_LINE]!r} is not a call."
    answer = rejected.get("answer")
    detail = answer.get("detail") if isinstance(answer, dict) else None
    return f"{summary(rejected)}: {plain(str(detail or rejected.get('status')))}"


def summary(call: dict[str, Any]) -> str:
    """When a call was made, and what it is about."""
    values = Call(call["method"], call["path"], call.get("body")).parameters
    path = unquote(call["path"].partition("?")[0])
    subject = next((values[name] for name in _SUBJECTS if values.get(name)), "")
    if not subject and values.get("release_all"):
        subject = "all"
    name = ", ".join(map(str, subject)) if isinstance(subject, list) else str(subject)
    target = plain(f"{path[len(BASE) :]} {name}".rstrip())
    return f"{when(call.get('ts') or None)}  {call['method']} {target}"
