"""Ids as people type them: the whole, or a beginning that only one object has, as git takes it."""

from __future__ import annotations

import re
from typing import Any

from coord.client.banner import plain
from coord.client.cli.context import Coord, nothing
from coord.client.cli.failures import USAGE, Failed, Refused
from coord.client.cli.naming import is_id
from coord.client.others_text import one_line

MIN_LENGTH = 4
MAX_CANDIDATES = 5
_BEGINNING = re.compile(rf"[0-9a-f][0-9a-f-]{{{MIN_LENGTH - 1},}}", re.IGNORECASE)


class Kind:
    """`noun`: what an object is called. `path`: where all are listed, and each by its id."""

    def __init__(self, noun: str, path: str, title: str, command: str) -> None:
        self.noun = noun
        self.path = path
        self.title = title
        self.command = command


ITEM = Kind("work item", "/work-items", "title", "coord item list")
MESSAGE = Kind("message", "/messages", "subject", "coord inbox --all")
WORKFLOW = Kind("workflow", "/workflows", "name", "coord workflow list")
LOCK = Kind("lock", "/locks", "resource", "coord locks")


def is_beginning(word: str) -> bool:
    """Whether it may be the beginning of an id."""
    return not is_id(word) and _BEGINNING.fullmatch(word) is not None


def resolve(coord: Coord, kind: Kind, word: str) -> str:
    """The id. Raises Failed when none or several begin so, and CoordAway."""
    if is_id(word):
        return word.lower()
    if not is_beginning(word):
        nothing(f"{word!r} is not the id of a {kind.noun}. {kind.command} shows them.")
    listed = [item for filters in _scopes(coord, kind) for item in _read(coord, kind, filters)]
    matches: dict[str, Any] = {
        item["id"]: item for item in listed if item["id"].startswith(word.lower())
    }
    if not matches:
        nothing(f"There is no {kind.noun} {word}. {kind.command} shows them.")
    if len(matches) > 1:
        raise _ambiguous(kind, word, matches)
    return next(iter(matches))


def read(coord: Coord, kind: Kind, word: str) -> Any:
    """The object of this id, or beginning of one. Raises Failed and CoordAway."""
    object_id = resolve(coord, kind, word)
    try:
        return coord.read(f"{kind.path}/{object_id}")
    except Refused as refused:
        if refused.error == "not_found":
            nothing(f"There is no {kind.noun} {word}. {kind.command} shows them.")
        raise


def _scopes(coord: Coord, kind: Kind) -> list[dict[str, Any]]:
    if kind is MESSAGE:  # the inbox, and what was sent
        return [{"to_session": coord.session}, {"from_session": coord.session}]
    return [{"project_key": coord.project}]


def _read(coord: Coord, kind: Kind, filters: dict[str, Any]) -> list[Any]:
    return coord.read_all(kind.path, 0, **filters)["items"]


def _ambiguous(kind: Kind, word: str, matches: dict[str, Any]) -> Failed:
    lines = [
        f"  {object_id}  {one_line(plain(str(item[kind.title])))}"
        for object_id, item in list(matches.items())[:MAX_CANDIDATES]
    ]
    sentence = f"{len(matches)} {kind.noun}s begin with {word}: type more of the id."
    return Failed(sentence, USAGE, "ambiguous", lines, ids=list(matches))
