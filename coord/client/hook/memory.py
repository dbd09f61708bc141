"""What the hooks of a session remember from one event to the next: small files beside the queue, that may be lost without harm."""

from __future__ import annotations

import os
import time

from coord.client.lean import dumps, loads_or_none

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from coord.client.place import Place

AWAY_S = 30.0  # so long after a call that waited in vain none is tried: coord's own Retry-After
FORGOTTEN_AFTER_S = 7 * 86400.0  # sessions that were killed leave their file behind
RESTED_S = 3600.0  # no call was made within this, for a session that has made none


class SessionMemory:
    """The memory of the session of this name. The time of its file says when the session last called coord."""

    def __init__(self, place: Place, name: str) -> None:
        self._name = name
        self._folder = place.state("sessions")
        self._path = os.path.join(self._folder, f"{_file_name(name)}.json")
        self._away = place.state("away")

    @property
    def exists(self) -> bool:
        return os.path.exists(self._path)

    def update(self, **values: Any) -> None:
        """Does not count as activity."""
        before = _time_of(self._path) or time.time() - RESTED_S
        self._write(self._path, {**_load(self._path), "name": self._name, **values})
        try:
            os.utime(self._path, (before, before))
        except OSError:
            pass

    @property
    def prompt(self) -> str:
        return str(_load(self._path).get("prompt") or "")

    @property
    def has_warned(self) -> bool:
        return bool(_load(self._path).get("has_warned"))

    def note_active(self) -> None:
        if not self.exists:
            self.update()
        try:
            os.utime(self._path)
        except OSError:
            pass

    def was_active_within(self, seconds: float) -> bool:
        return _age(self._path) < seconds

    def subagents(self) -> list[str]:
        """The names of those below this session that have not ended."""
        names = [str(_load(path).get("name") or "") for path in self._files()]
        return [name for name in names if name.startswith(f"{self._name}/")]

    def forget(self) -> None:
        from coord.client.locked import remove

        remove(self._path)

    def forget_old(self) -> None:
        from coord.client.locked import remove

        for path in self._files():
            if _age(path) > FORGOTTEN_AFTER_S:
                remove(path)

    def note_command_locks(self, tool_use_id: str, lock_ids: list[str]) -> None:
        self._write(self._command_path(tool_use_id), lock_ids)

    def take_all_command_locks(self) -> list[str]:
        """The locks of all commands of this session whose end no event reported; given once."""
        prefix = self._command_path("")
        return [lock_id for path in self._files() if path.startswith(prefix) for lock_id in _take(path)]

    def take_command_locks(self, tool_use_id: str) -> list[str]:
        """The locks that the command needed; given once."""
        return _take(self._command_path(tool_use_id))

    def is_away(self) -> bool:
        return _age(self._away) < AWAY_S

    def note_away(self) -> None:
        try:
            os.makedirs(os.path.dirname(self._away), exist_ok=True)
            with open(self._away, "wb"):
                os.utime(self._away)
        except OSError:
            pass

    def forget_away(self) -> None:
        from coord.client.locked import remove

        if os.path.exists(self._away):
            remove(self._away)

    def _command_path(self, tool_use_id: str) -> str:
        name = f"command-{_file_name(self._name)}-{tool_use_id and _file_name(tool_use_id)}"
        return os.path.join(self._folder, name)

    def _files(self) -> list[str]:
        try:
            return [os.path.join(self._folder, name) for name in os.listdir(self._folder)]
        except OSError:
            return []

    def _write(self, path: str, content: object) -> None:
        from coord.client.locked import write_whole

        try:
            os.makedirs(self._folder, exist_ok=True)
            write_whole(path, dumps(content).encode())
        except OSError:  # a checkout that nobody may write to: then it is not remembered
            pass


def _load(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            values = loads_or_none(file.read())
    except OSError:
        return {}
    return values if isinstance(values, dict) else {}


def _take(path: str) -> list[str]:
    from coord.client.locked import read, remove

    content = read(path)
    if not content:
        return []
    remove(path)
    lock_ids = loads_or_none(content)
    return [str(lock_id) for lock_id in lock_ids] if isinstance(lock_ids, list) else []


def _file_name(text: str) -> str:
    """Of any text, safe on every system; two texts that differ do not become one."""
    from binascii import crc32

    plain = "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in text)[-60:]
    return f"{plain}-{crc32(text.encode('utf-8', 'replace')):08x}"


def _time_of(path: str) -> float:
    """When it was written to; long ago, when it is not there."""
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


def _age(path: str) -> float:
    return abs(time.time() - _time_of(path))
