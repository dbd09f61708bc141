"""What the hooks of a session remember from one event to the next: small files of the user's own,
that may be lost without harm.
"""

from __future__ import annotations

import os
import time

from coord.client.lean import encoded, loads_or_none
from coord.client.safe_files import (
    age_of,
    discard,
    list_folder,
    make_folder,
    read,
    status_of,
    touch,
    write_whole,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from coord.client.workspace import Workspace

AWAY_S = 30.0  # so long after a call that waited in vain none is tried: coord's own Retry-After
FORGOTTEN_AFTER_S = 7 * 86400.0  # sessions that were killed leave their file behind
EDIT, _COMMAND = _KINDS = ("edit", "command")  # of notes
_NAMED = "/"  # in front of what is the name of a note's file already
RESTED_S = 3600.0  # no call was made within this, for a session that has made none


class SessionMemory:
    """The memory of the session of this name.

    The time of its file says when the session last called coord.
    """

    def __init__(self, workspace: Workspace, name: str) -> None:
        self._workspace = workspace
        self._name = name
        self._folder = workspace.state("sessions")
        self._path = os.path.join(self._folder, f"{_file_name(name)}.json")
        self._away = workspace.state("away")

    @property
    def exists(self) -> bool:
        return status_of(self._path) is not None

    def update(self, **values: Any) -> None:
        """Does not count as activity."""
        status = status_of(self._path)
        before = status.st_mtime if status is not None else time.time() - RESTED_S
        self._write(self._path, {**_load(self._path), "name": self._name, **values})
        try:
            touch(self._path, before)
        except OSError:
            pass

    @property
    def prompt(self) -> str:
        return str(_load(self._path).get("prompt") or "")

    @property
    def terminals(self) -> list[list[object]]:
        """See `terminals`."""
        listed = _load(self._path).get("terminals")
        listed = listed if isinstance(listed, list) else []
        return [entry for entry in listed if isinstance(entry, list) and len(entry) == 3]

    @property
    def has_warned(self) -> bool:
        return bool(_load(self._path).get("has_warned"))

    @property
    def waiting(self) -> dict[str, str]:
        """What of its user the session waits `for`, or why it does nothing, and `by` which
        subagent; empty while it is at work."""
        waiting = _load(self._path).get("waiting")
        return waiting if isinstance(waiting, dict) else {}

    def forget_waiting(self) -> None:
        if self.waiting:
            self.update(waiting=None)

    def note_active(self) -> None:
        if not self.exists:
            self.update()
        try:
            touch(self._path)
        except OSError:
            pass

    def was_active_within(self, seconds: float) -> bool:
        return age_of(self._path) < seconds

    def subagents(self) -> list[str]:
        """The names of those below this session that have not ended."""
        names = [str(_load(path).get("name") or "") for path in self._files()]
        return [name for name in names if name.startswith(f"{self._name}/")]

    def forget(self) -> None:
        discard(self._path)
        for kind in _KINDS:
            for name in self.notes(kind):
                discard(self._note_path(kind, name))

    def forget_old(self) -> None:
        """Removes what sessions left that were killed: only files that hooks made, by their name
        and what is in them.
        """
        for path in self._files():
            if age_of(path) > FORGOTTEN_AFTER_S and _is_ours(path):
                discard(path)

    def note_command_locks(self, tool_use_id: str, lock_ids: list[str]) -> None:
        self.note(_COMMAND, tool_use_id, lock_ids)

    def command_locks(self) -> set[str]:
        """The locks of all commands of this session whose end no event has reported."""
        return {lock_id for content in self.notes(_COMMAND).values() for lock_id in content}

    def take_all_command_locks(self) -> list[str]:
        """Those, given once."""
        lock_ids = [
            lock_id for name in self.notes(_COMMAND) for lock_id in self.take(_COMMAND, name)
        ]
        return list(dict.fromkeys(lock_ids))

    def take_command_locks(self, tool_use_id: str) -> list[str]:
        """The locks that the command needed and no other one still does; given once."""
        lock_ids = self.take(_COMMAND, tool_use_id)
        needed = self.command_locks() if lock_ids else set()
        return [lock_id for lock_id in lock_ids if lock_id not in needed]

    def note(self, kind: str, tool_use: str, content: list[Any]) -> None:
        """Of the call of a tool, for the event that ends it."""
        self._write(self._note_path(kind, tool_use), content)

    def notes(self, kind: str) -> dict[str, list[Any]]:
        """All of a kind, by names that `note_of` and `take` know as well."""
        prefix = self._note_path(kind, "")
        paths = {path[len(prefix) :]: path for path in self._files() if path.startswith(prefix)}
        return {f"{_NAMED}{name}": _listed(path) for name, path in paths.items()}

    def note_of(self, kind: str, tool_use: str) -> list[Any]:
        return _listed(self._note_path(kind, tool_use))

    def take(self, kind: str, tool_use: str) -> list[Any]:
        """A note, given once."""
        path = self._note_path(kind, tool_use)
        content = _listed(path)
        if content:
            discard(path)
        return content

    def is_away(self) -> bool:
        return age_of(self._away) < AWAY_S

    def note_away(self) -> None:
        self._write(self._away, True)

    def forget_away(self) -> None:
        if status_of(self._away) is not None:
            discard(self._away)

    def _note_path(self, kind: str, tool_use: str) -> str:
        is_named = tool_use.startswith(_NAMED)
        ending = tool_use[len(_NAMED) :] if is_named else tool_use and _file_name(tool_use)
        return os.path.join(self._folder, f"{kind}-{_file_name(self._name)}-{ending}")

    def _files(self) -> list[str]:
        return [os.path.join(self._folder, name) for name in list_folder(self._folder)]

    def _write(self, path: str, content: object) -> None:
        try:
            self._workspace.make_state_folder()
            make_folder(self._folder)
            write_whole(path, encoded(content))
        except OSError:  # nowhere to write to: then it is not remembered
            pass


def _load(path: str) -> dict[str, Any]:
    values = _read(path)
    return values if isinstance(values, dict) else {}


def _read(path: str) -> object:
    try:
        return loads_or_none(read(path))
    except OSError:
        return None


def _listed(path: str) -> list[Any]:
    content = _read(path)
    return content if isinstance(content, list) else []


def _is_ours(path: str) -> bool:
    """Whether hooks made the file: the memory of a session says its name, which the file's name is
    made of; a command has locks.
    """
    content, name = _read(path), os.path.basename(path)
    if isinstance(content, dict):
        return name == f"{_file_name(str(content.get('name')))}.json"
    return isinstance(content, list) and name.startswith(tuple(f"{kind}-" for kind in _KINDS))


def _file_name(text: str) -> str:
    """Of any text, safe on every system; two texts that differ do not become one."""
    from binascii import crc32

    plain = "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in text)[
        -60:
    ]
    return f"{plain}-{crc32(text.encode('utf-8', 'replace')):08x}"
