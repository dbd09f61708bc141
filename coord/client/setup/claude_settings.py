"""coord's hooks in a settings file of Claude Code, or of an agent whose file has the same shape."""

from __future__ import annotations

from typing import Any

from coord.client.setup import hooks, json_file
from coord.client.setup.json_text import JsonText
from coord.client.setup.plan import CannotChange, Plan


def add_hooks(plan: Plan, path: str, groups: dict[str, dict[str, Any]] | None = None) -> None:
    """Plans each of coord's hooks in the file, as this version has it; all else stays. `groups`: of
    each event, of another agent than Claude Code. Raises CannotChange."""
    wanted = groups or {event.name: hooks.group(event) for event in hooks.EVENTS}
    document = json_file.open_document(plan, path) or JsonText("{}\n")
    _check_hooks(plan, path, document)
    for name, group in wanted.items():
        _add_hook(plan, path, document, name, group)
    for name in document.get("hooks"):
        if name not in wanted:
            _remove_hook(plan, path, document, name)
    plan.write(path, document.whole)


def has_hooks(plan: Plan, path: str) -> bool:
    """Whether the file names coord's hooks, also where it is no JSON. Raises CannotChange."""
    return b"coord hook" in (plan.read(path) or b"")


def remove_hooks(plan: Plan, path: str) -> None:
    """Plans the file without coord's hooks. Raises CannotChange."""
    document = json_file.open_document(plan, path)
    if document is None or not isinstance(document.get("hooks"), dict):
        return
    _check_hooks(plan, path, document)
    before = document.text
    for name in list(document.get("hooks")):
        _remove_hook(plan, path, document, name)
    if document.text != before:
        json_file.prune(plan, path, document, ("hooks",))
        json_file.close_document(plan, path, document)


def find_hooks(settings: Any) -> dict[str, list[dict[str, Any]]]:
    """coord's hooks in the content of a settings file: for each event the groups that hold them."""
    by_event = settings.get("hooks") if isinstance(settings, dict) else None
    events = by_event.items() if isinstance(by_event, dict) else ()
    ours = {
        name: [group for group in groups if _ours(group)]
        for name, groups in events
        if isinstance(groups, list)
    }
    return {name: groups for name, groups in ours.items() if groups}


def _ours(group: Any) -> list[int]:
    """The indexes of coord's hooks in a group."""
    entries = group.get("hooks") if isinstance(group, dict) else None
    entries = entries if isinstance(entries, list) else []
    return [index for index, hook in enumerate(entries) if hooks.is_ours(hook)]


def _add_hook(
    plan: Plan, path: str, document: JsonText, event: str, wanted: dict[str, Any]
) -> None:
    groups = document.get("hooks", event) or []
    ours = [index for index, group in enumerate(groups) if _ours(group)]
    if len(ours) == 1 and len(groups[ours[0]]["hooks"]) == 1:
        if groups[ours[0]] != wanted:
            document.replace(("hooks", event, ours[0]), wanted)
        return
    if ours:  # moved by hand into a group with other hooks, or doubled
        _remove_hook(plan, path, document, event)
    for at, key, empty in (((), "hooks", {}), (("hooks",), event, [])):
        if document.get(*at, key) is None:
            json_file.remember_empty(plan, path, document, at)
            document.add(at, empty, key)
        else:
            json_file.remember_empty(plan, path, document, (*at, key))
    document.add(("hooks", event), wanted)


def _remove_hook(plan: Plan, path: str, document: JsonText, event: str) -> None:
    groups = document.get("hooks", event) or []
    for index in reversed(range(len(groups))):
        ours = _ours(groups[index])
        if ours and len(ours) == len(groups[index]["hooks"]):
            document.remove(("hooks", event, index))
        else:
            for entry in reversed(ours):
                document.remove(("hooks", event, index, "hooks", entry))
    if groups:
        json_file.prune(plan, path, document, ("hooks", event))


def _check_hooks(plan: Plan, path: str, document: JsonText) -> None:
    by_event = document.value.get("hooks", {})
    if not isinstance(by_event, dict):
        raise CannotChange(
            f"{plan.shown(path)}: hooks is not an object. Fix it first; nothing was changed."
        )
    for name, groups in by_event.items():
        if not isinstance(groups, list):
            raise CannotChange(
                f"{plan.shown(path)}: hooks.{name} is not a list. Fix it first; nothing was"
                " changed."
            )
