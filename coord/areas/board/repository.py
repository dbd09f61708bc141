"""Every SQL statement of the board area: what the page shows, what changed since, and the history
of one thing.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import marshmallow as ma
import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.area import MAX_BOARD_ITEMS, BoardList, call_hook
from coord.store import Prepared, Reader, Row, Rows, journal

MAX_CHANGES = 500  # events told to a page at once; one that is further behind reads everything anew
NEWEST = 100  # events that a page begins with
# revisions looked through by one statement, so that what hardly ever changed is no long one
WINDOW = 20_000
LOOK_FOR_S = 1.0  # a page of history may be short after that, with a cursor that goes on

_entry = journal.JournalEntry.__table__
_c = _entry.c

_NEWEST = Prepared(sa.select(*_c).order_by(_c.revision.desc()).limit(NEWEST))

ListOfArea = tuple[str, BoardList]
"""The name of an area, and one of its lists."""


def board(db: Reader, lists: Sequence[ListOfArea], after: int | None) -> Row:
    """All lists, or what became of them after a revision, if the journal tells.

    The cursor is read before the lists, so that what is committed meanwhile is told again rather
    than never.
    """
    head = db.row(journal.HEAD) or {"revision": 0, "trimmed": 0, "now": None}
    answer: Row = {"generated_at": head["now"], "cursor": head["revision"], "complete": True}
    if after is not None and head["trimmed"] <= after <= head["revision"]:
        changes = db.rows(journal.AFTER, after=after, limit=MAX_CHANGES + 1)
        if len(changes) <= MAX_CHANGES:
            cursor = changes[-1]["revision"] if changes else after
            touched = _touched(changes)
            parts = {
                each.name: _part_after(db, area, each, touched)
                for area, each in lists
                if _touches(each, touched)
            }
            return {
                **answer,
                "cursor": cursor,
                "complete": False,
                "changes": _shown(changes),
                "lists": parts,
            }
    parts = {each.name: _whole(db, area, each) for area, each in lists}
    return {**answer, "changes": _shown(reversed(db.rows(_NEWEST))), "lists": parts}


def _touched(changes: Rows) -> dict[str, list[str]]:
    """Ids of the subjects by their kind, each once."""
    found: dict[str, dict[str, None]] = {}
    for change in changes:
        found.setdefault(change["subject_kind"], {})[change["subject_id"]] = None
    return {kind: list(ids) for kind, ids in found.items()}


def _touches(each: BoardList, touched: Mapping[str, Any]) -> bool:
    return not touched.keys().isdisjoint(each.kinds)


def _whole(db: Reader, area: str, each: BoardList) -> Row:
    rows = call_hook(area, f"board.read[{each.name}]", each.read, db)
    return _part(each, rows[:MAX_BOARD_ITEMS], [], complete=True)


def _part_after(db: Reader, area: str, each: BoardList, touched: Mapping[str, list[str]]) -> Row:
    if each.changed is None:
        return _whole(db, area, each)
    ids = [subject for kind in sorted(each.kinds) for subject in touched.get(kind, ())]
    rows = call_hook(area, f"board.changed[{each.name}]", each.changed, db, ids)
    there = {row[each.key] for row in rows}
    return _part(each, rows, [subject for subject in ids if subject not in there], complete=False)


def _part(
    each: BoardList, rows: Sequence[Mapping[str, Any]], gone: list[str], *, complete: bool
) -> Row:
    items = [_schema(each.item).dump(row) for row in rows]
    return {"key": each.key, "complete": complete, "items": items, "gone": gone}


@lru_cache(maxsize=64)
def _schema(kind: type[ma.Schema]) -> ma.Schema:
    return kind()


def _shown(entries: Iterable[Row]) -> Rows:
    return [
        {**entry, "subject": {"kind": entry["subject_kind"], "id": entry["subject_id"]}}
        for entry in entries
    ]


@dataclass(frozen=True)
class About:
    """Whose history: of what a session did, of a subject of the journal, or of the locks on a
    resource; of a project, or of all.
    """

    project_key: str | None = None
    session_id: str | None = None
    kind: str | None = None
    subject_id: str | None = None
    resource: str | None = None

    def fits(self, entry: Row) -> bool:
        if self.resource is None:
            return True
        data = entry["data"]
        return bool(
            data.get("resource") == self.resource or self.resource in data.get("resources", ())
        )


def history(db: Reader, about: About, after: int | None, limit: int) -> tuple[Rows, int | None]:
    """Events newest first, older than the revision `after`, and where to go on; None when there is
    nothing older.
    """
    head = db.row(journal.HEAD) or {"revision": 0, "trimmed": 0}
    oldest = int(head["trimmed"])
    upto = int(head["revision"]) + 1 if after is None else after
    values = {
        name: value
        for name, value in vars(about).items()
        if value is not None and name != "resource"
    }
    statement = _history(frozenset(values), about.resource is not None)
    found: Rows = []
    began = time.monotonic()
    while upto > oldest + 1:
        since = max(upto - WINDOW, oldest)
        rows = db.rows(statement, since=since, upto=upto, **values)
        found += [row for row in rows if about.fits(row)]
        upto = since + 1
        if len(found) >= limit:
            kept = found[:limit]
            return _shown(kept), int(kept[-1]["revision"])
        if time.monotonic() - began > LOOK_FOR_S:
            return _shown(found), upto
    return _shown(found), None


@lru_cache(maxsize=32)
def _history(given: frozenset[str], of_locks: bool) -> Prepared:
    query = sa.select(*_c).where(_c.revision > param("since"), _c.revision < param("upto"))
    for name, column in (
        ("project_key", _c.project_key),
        ("session_id", _c.session_id),
        ("kind", _c.subject_kind),
    ):
        if name in given:
            query = query.where(column == param(name))
    if "subject_id" in given:
        query = query.where(_c.subject_id == param("subject_id"))
    if of_locks:
        query = query.where(
            _c.type >= "lock.", _c.type < "lock/"
        )  # "/" follows "." in code point order
    return Prepared(query.order_by(_c.revision.desc()))
