"""Edits whose end no event has reported yet. A file that was claimed for one of them and is as it
was then is given back: the permission was refused, or the edit failed.

Only locks are noted that the edit itself took. One that the session held before, or that a person
has claimed since, stays; so does that of a file that has changed.
"""

from __future__ import annotations

import os

from coord.client.hook.claims import release
from coord.client.hook.memory import EDIT
from coord.client.hook.terminals import is_open_elsewhere

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from coord.client.hook.claims import GrantedLock
    from coord.client.hook.context import HookContext


class _Edit:
    """`stamp`: of the file when it was claimed. `claimed_at`: by coord's clock."""

    __slots__ = ("claimed_at", "lock_id", "path", "stamp")

    def __init__(self, lock_id: str, path: str, stamp: str, claimed_at: str) -> None:
        self.lock_id = lock_id
        self.path = path
        self.stamp = stamp
        self.claimed_at = claimed_at

    @property
    def fields(self) -> list[str]:
        return [self.lock_id, self.path, self.stamp, self.claimed_at]


def note(hook: HookContext, granted: list[tuple[GrantedLock, str]]) -> None:
    """What the call of a tool has claimed, each with its file."""
    pending = {edit.lock_id: edit for edits in _all(hook).values() for edit in edits}
    noted = []
    for lock, path in granted:
        earlier = pending.get(lock.id)
        if not path or not lock.description.startswith(hook.dialect.agent):
            continue  # a person's by now
        if lock.is_new or earlier is not None:
            if earlier is None:
                noted.append(_Edit(lock.id, path, _stamp(path), lock.claimed_at))
            else:
                noted.append(_Edit(lock.id, path, earlier.stamp, earlier.claimed_at))
    if noted:
        use = _use(hook)
        before = _read(hook.memory.note_of(EDIT, use))
        _write(hook, use, [*before, *noted])


def forget(hook: HookContext) -> None:
    """The tool has done its work: what it claimed is held like any edit."""
    hook.memory.take(EDIT, _use(hook))


def give_back(hook: HookContext) -> None:
    """The tool has changed nothing, or was not allowed to."""
    _give_back(hook, _read(hook.memory.take(EDIT, _use(hook))))


def give_all_back(hook: HookContext) -> None:
    """The session does nothing now."""
    notes = _all(hook)
    if notes and not is_open_elsewhere(hook.memory):
        for use in notes:
            hook.memory.take(EDIT, use)
        _give_back(hook, [edit for edits in notes.values() for edit in edits])


def _give_back(hook: HookContext, ended: list[_Edit]) -> None:
    if not ended:
        return
    running = {edit.lock_id for edits in _all(hook).values() for edit in edits}
    for edit in {edit.lock_id: edit for edit in ended}.values():
        if edit.lock_id not in running and _stamp(edit.path) == edit.stamp:
            release(hook, [edit.lock_id], observed_at=edit.claimed_at)


def claimed_before(hook: HookContext, paths: Iterable[str]) -> str | None:
    """When all of these files were claimed for edits that go on; None where one was not. Another
    claim for one of them is no later decision: what a person has decided in between counts."""
    at = {edit.path: edit.claimed_at for edits in _all(hook).values() for edit in edits}
    times = [at.get(path) for path in paths]
    noted = [time for time in times if time]
    return min(noted) if noted and len(noted) == len(times) else None


def _use(hook: HookContext) -> str:
    """What the call of a tool is known by; some agents give it no id."""
    from coord.client.lean import dumps

    own = hook.event.text("tool_use_id")
    return own or dumps([hook.event.text("tool_name"), hook.event.tool_input])


def _all(hook: HookContext) -> dict[str, list[_Edit]]:
    return {name: _read(content) for name, content in hook.memory.notes(EDIT).items()}


def _read(content: object) -> list[_Edit]:
    listed = content if isinstance(content, list) else []
    rows = [row for row in listed if isinstance(row, list) and len(row) == 4]
    return [_Edit(*map(str, row)) for row in rows]


def _write(hook: HookContext, use: str, edits: list[_Edit]) -> None:
    hook.memory.note(EDIT, use, [edit.fields for edit in edits])


def _stamp(path: str) -> str:
    """Another one when the file was written to, or replaced; also for one that is not there."""
    try:
        status = os.stat(path)
    except OSError:
        return "none"
    return f"{status.st_mtime_ns} {status.st_size} {status.st_ino}"
