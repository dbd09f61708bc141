"""A JSON file that `coord init` changes: opened, and closed so that nothing of coord's stays in
it."""

from __future__ import annotations

import json

from coord.client.setup import empty_before
from coord.client.setup.json_text import JsonText, Path
from coord.client.setup.plan import CannotChange, Plan


def open_document(plan: Plan, path: str) -> JsonText | None:
    """The planned content of the file; None when there is none. Raises CannotChange."""
    text = plan.text(path)
    if text is None:
        return None
    if not text.strip():
        raise CannotChange(
            f"{plan.shown(path)} is empty, which is not JSON. Write {{}} in it, or remove it;"
            " nothing was changed."
        )
    try:
        document = JsonText(text)
    except RecursionError:
        raise CannotChange(
            f"{plan.shown(path)} is nested too deeply. Nothing was changed."
        ) from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise CannotChange(
            f"{plan.shown(path)} is not JSON: {where}. Fix it first; nothing was changed."
        ) from None
    if not isinstance(document.value, dict):
        raise CannotChange(
            f"{plan.shown(path)} is not a JSON object. Fix it first; nothing was changed."
        )
    return document


def close_document(plan: Plan, path: str, document: JsonText) -> None:
    """Plans the file, or its removal when it held nothing but coord's entries."""
    plan.write(
        path, document.whole if document.value or empty_before.was_empty(plan, path) else None
    )


def remember_empty(plan: Plan, path: str, document: JsonText, inside: Path) -> None:
    """Remembers an object or list that was in the file and empty, so that `prune` leaves it."""
    if plan.read(path) is not None and document.get(*inside) in ({}, []):
        original = JsonText(plan.text(path) or "{}").get(*inside)
        if original in ({}, []):
            empty_before.note(plan, path, ".".join(map(str, inside)))


def prune(plan: Plan, path: str, document: JsonText, inside: Path) -> None:
    """Removes an object or list that is empty now, unless it was so before."""
    name = ".".join(map(str, inside))
    if document.get(*inside) in ({}, []) and not empty_before.was_empty(plan, path, name):
        document.remove(inside)
