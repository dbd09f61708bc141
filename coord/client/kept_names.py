"""The name that a session goes on under when its agent gives it a new id, as Claude Code does at
`/clear`: the terminal keeps what it holds, and the messages to it arrive.

Two small files of the user's own: one between the end of the old id and the start of the new one,
one for as long as the new id lives.
"""

from __future__ import annotations

import os

from coord.client import user_state
from coord.client.lean import encoded, loads_or_none
from coord.client.safe_files import age_of, discard, list_folder, make_folder, read, write_whole

HANDED_ON_WITHIN_S = 300.0  # the new id starts in the same second
FORGOTTEN_AFTER_S = 30 * 86400.0
_WAITING = "cleared-"


def hand_on(name: str, terminal: list[object], folder: str) -> None:
    """The session of this name goes on in this terminal and folder, under an id still to come."""
    _write(f"{_WAITING}{user_state.digest(name)}", [name, terminal, folder])


def take(session_id: str, terminal: list[object], folder: str) -> str:
    """The name that was handed on here; empty when there is none. The id has it from now on."""
    for file in list_folder(_folder()):
        path = os.path.join(_folder(), file)
        if not file.startswith(_WAITING) or age_of(path) > HANDED_ON_WITHIN_S:
            continue
        note = _load(path)
        if isinstance(note, list) and note[1:] == [terminal, folder]:
            discard(path)
            _write(_file(session_id), note[0])
            return str(note[0])
    return ""


def name_of(session_id: str) -> str:
    """Empty for an id that goes by its own name."""
    name = _load(os.path.join(_folder(), _file(session_id)))
    return name if isinstance(name, str) else ""


def forget(session_id: str) -> None:
    discard(os.path.join(_folder(), _file(session_id)))


def forget_old() -> None:
    for file in list_folder(_folder()):
        path = os.path.join(_folder(), file)
        if age_of(path) > FORGOTTEN_AFTER_S:
            discard(path)


def _folder() -> str:
    return os.path.join(user_state.root(), "names")


def _file(session_id: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in session_id)[-100:]


def _write(file: str, content: object) -> None:
    try:
        make_folder(_folder())
        write_whole(os.path.join(_folder(), file), encoded(content))
    except OSError:
        pass  # then it has another name


def _load(path: str) -> object:
    try:
        content = read(path)
    except OSError:
        return None
    return loads_or_none(content) if content else None
