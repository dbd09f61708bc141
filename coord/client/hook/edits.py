"""Before files are changed, by a tool or by a command: they are claimed."""

from __future__ import annotations

import os

from coord.client.hook import pending_edits
from coord.client.hook.claims import MAX_NAME, claim, deny, is_parents, release
from coord.client.hook.context import BY_HOOK
from coord.client.others_text import one_line
from coord.client.paths import is_below, path_in, real_path, real_place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from coord.client.hook.claims import GrantedLock, HeldLock
    from coord.client.hook.context import HookContext

TTL_HOURS = 2.0
CHANGE = ("change it", " (a copy, sed, a script)")
MAX_RESOURCES = 100  # of one claim


def claim_files(hook: HookContext, paths: list[str], links: list[str] | None = None) -> bool:
    """Claims all of them or none; whether they may be changed. `links`: that are changed
    themselves, and not the files that they point to."""
    from coord.client.hook import trees

    granted: list[tuple[GrantedLock, str]] = []
    wanted: dict[str, dict[str, str]] = {}  # of each project: the names of locks, and their files
    links = links or []
    for path in [*paths, *links]:
        absolute = path_in(hook.event.text("cwd") or hook.workspace.root, path)
        named = _named(hook, absolute, follows=path not in links)
        if named is None:
            continue
        if trees.is_in_the_way(hook, absolute):
            return False
        wanted.setdefault(named[0], {})[named[1]] = absolute
    for project, files in wanted.items():
        for at in range(0, len(files), MAX_RESOURCES):
            part = dict(list(files.items())[at : at + MAX_RESOURCES])
            if not _claim(hook, project, part, granted):
                release(hook, [lock.id for lock, _ in granted if lock.is_new])
                return False
    pending_edits.note(hook, granted)
    return True


def _named(hook: HookContext, path: str, *, follows: bool) -> tuple[str, str] | None:
    """The project and the name of the lock; None for what is nobody else's. `follows`: a link is
    what it points to."""
    from coord.client.hook.private import is_private
    from coord.client.ignored import is_nobodys
    from coord.client.resource_names import resource
    from coord.client.workspace import repository

    real = real_path(path) if follows else real_place(path)
    checkout = repository(os.path.dirname(real))
    if is_private(real, checkout.top if checkout is not None else _folder_around(hook, real)):
        return None
    if checkout is not None and is_nobodys(real, checkout):
        return None
    return resource(path, hook.workspace, follows=follows, to_claim=True)


def _folder_around(hook: HookContext, real: str) -> str | None:
    """Outside of any checkout of git's: the top of another one, or the folder of the project's
    settings around the file."""
    from coord.client.workspace import other_checkout

    root = hook.workspace.root
    has_settings = hook.workspace.file and is_below(real, root)
    return root if has_settings else other_checkout(os.path.dirname(real))


def _claim(
    hook: HookContext, project: str, files: dict[str, str], granted: list[tuple[GrantedLock, str]]
) -> bool:
    """Claims files of one project; adds the locks, each with its file."""
    fields: dict[str, Any] = {
        "project_key": project,
        "ttl_hours": hook.number("lock_ttl_hours", TTL_HOURS),
    }
    before = pending_edits.claimed_before(hook, files.values())
    if before is not None:
        fields["observed_at"] = before
    names = list(files)
    named = {"resource": names[0]} if len(names) == 1 else {"resources": names}
    result = claim(hook, {**fields, **named})
    others = [lock for lock in result.held if not is_parents(hook, lock)]
    if others:
        _deny(hook, others, files)
        return False
    granted += [(lock, files.get(lock.resource, "")) for lock in result.granted]
    if result.held and len(names) == 1:
        return _hand_over(hook, {**fields, **named}, result.held[0])
    if result.held:
        return all(_claim(hook, project, {name: path}, granted) for name, path in files.items())
    _remember(hook, project, files)
    return not hook.denial


def _deny(hook: HookContext, held: list[HeldLock], files: dict[str, str]) -> None:
    from coord.client.suggestions import command

    names = list(files.values())
    wanted = names[0] if len(names) == 1 else held[0].resource
    deny(hook, held[0], *CHANGE, command("lock", wanted, wait=60))
    if len(held) > 1:
        others = (
            f"{one_line(lock.resource, MAX_NAME)} ({one_line(lock.session, MAX_NAME)})"
            for lock in held[1:]
        )
        more = ", ".join(dict.fromkeys(others))
        hook.denial += f"\nAlso held: {more}"


def _remember(hook: HookContext, project: str, files: dict[str, str]) -> None:
    from coord.client import checkouts
    from coord.client.workspace import repository

    checkouts_of = {
        name: repository(real_path(os.path.dirname(path))) for name, path in files.items()
    }
    tops = {name: checkout.top for name, checkout in checkouts_of.items() if checkout is not None}
    checkouts.remember(hook.workspace, project, hook.name, tops)


def _hand_over(hook: HookContext, fields: dict[str, Any], lock: HeldLock) -> bool:
    """A subagent edits what its own session holds.

    What a hook claimed for the session goes over to the subagent, so that its siblings are kept
    out; what the session claimed on purpose, or as a tree, stays: the subagent works under it.
    """
    from coord.client.percent import query
    from coord.client.suggestions import command

    if lock.resource != fields["resource"] or not lock.description.startswith(BY_HOOK):
        return True
    hook.write(
        hook.calls(hook.parent), "DELETE", f"/locks/{lock.id}{query(session_id=hook.parent)}"
    )
    result = claim(hook, fields)
    if result.held:
        resource = str(fields["resource"])
        deny(hook, result.held[0], *CHANGE, command("lock", resource, wait=60))
        return False
    return True
