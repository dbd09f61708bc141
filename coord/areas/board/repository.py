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
from coord.store import (
    PRIMARY,
    Prepared,
    Range,
    Reader,
    Row,
    Rows,
    along,
    event_types,
    first_of,
    journal,
)

MAX_CHANGES = 500  # events sent to a page at once; one that is further behind reads all anew
NEWEST = 100  # events that a page begins with
# revisions looked through by one statement where no index has just what is asked for, so that what
# hardly ever changed is no long one
WINDOW = 20_000
CHUNK = 500  # entries read at once where the last filter is applied to what was read
LOOK_FOR_S = 1.0  # a page of history may be short after that, with a cursor that goes on

_entry = journal.JournalEntry.__table__
_c = _entry.c

_NEWEST = Prepared(sa.select(*_c).order_by(_c.revision.desc()).limit(NEWEST))

ListOfArea = tuple[str, BoardList]
"""The name of an area, and one of its lists."""


def read_all(db: Reader, lists: Sequence[ListOfArea]) -> Row:
    """All lists.

    The cursor is read before the lists, so that what is committed meanwhile is told again rather
    than never.
    """
    head = journal.head(db)
    parts = {board_list.name: _read(db, area, board_list) for area, board_list in lists}
    return {
        "generated_at": head.now,
        "cursor": head.revision,
        "complete": True,
        "changes": _shown(reversed(db.rows(_NEWEST))),
        "lists": parts,
    }


def changes_since(
    db: Reader, lists: Sequence[ListOfArea], after: int, upto: int | None
) -> Row | None:
    """What became of the lists by the events after a revision (and up to another); None when the
    journal does not tell all of it, or it is too much.
    """
    entries = db.rows(journal.AFTER, after=after, limit=MAX_CHANGES + 1)
    head = journal.head(db)  # after them: retention may have deleted some before they were read
    if not head.trimmed <= after <= head.revision:
        return None
    changes = [entry for entry in entries if upto is None or entry["revision"] <= upto]
    if len(changes) > MAX_CHANGES:
        return None
    touched = _touched(changes)
    parts = {
        board_list.name: _read_changed(db, area, board_list, touched)
        for area, board_list in lists
        if not touched.keys().isdisjoint(board_list.kinds)
    }
    return {
        "generated_at": head.now,
        "cursor": changes[-1]["revision"] if changes else after,
        "complete": False,
        "changes": _shown(changes),
        "lists": parts,
    }


def _touched(changes: Rows) -> dict[str, list[str]]:
    """Ids of the subjects by their kind, each once."""
    ids_by_kind: dict[str, dict[str, None]] = {}
    for change in changes:
        ids_by_kind.setdefault(change["subject_kind"], {})[change["subject_id"]] = None
    return {kind: list(ids) for kind, ids in ids_by_kind.items()}


def _read(db: Reader, area: str, board_list: BoardList) -> Row:
    rows = call_hook(area, f"board.read[{board_list.name}]", board_list.read, db)
    return _part(board_list, rows[:MAX_BOARD_ITEMS], [], complete=True)


def _read_changed(
    db: Reader, area: str, board_list: BoardList, touched: Mapping[str, list[str]]
) -> Row:
    if board_list.changed is None:
        return _read(db, area, board_list)
    ids = [subject for kind in sorted(board_list.kinds) for subject in touched.get(kind, ())]
    rows = call_hook(area, f"board.changed[{board_list.name}]", board_list.changed, db, ids)
    present = {row[board_list.key] for row in rows}
    gone = [subject for subject in ids if subject not in present]
    return _part(board_list, rows, gone, complete=False)


def _part(
    board_list: BoardList, rows: Sequence[Mapping[str, Any]], gone: list[str], *, complete: bool
) -> Row:
    items = [_schema(board_list.item).dump(row) for row in rows]
    return {"key": board_list.key, "complete": complete, "items": items, "gone": gone}


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
    head = journal.head(db)
    oldest = head.trimmed
    upto = head.revision + 1 if after is None else after
    path = _path_of(db, about)
    values = {
        name: value
        for name, value in vars(about).items()
        if value is not None and name != "resource"
    }
    types = path.types or ()
    statement = _history(frozenset(values), about.resource is not None, path.index, len(types))
    values |= {f"type_{at}": kind for at, kind in enumerate(types)}
    most = limit if about.resource is None else CHUNK
    changes: Rows = []
    began = time.monotonic()
    while upto > oldest + 1 and not path.is_empty:
        since = oldest if path.is_exact else max(upto - WINDOW, oldest)
        rows = db.rows(statement, since=since, upto=upto, most=most, **values)
        changes += [row for row in rows if about.fits(row)]
        upto = int(rows[-1]["revision"]) if len(rows) == most else since + 1
        if len(changes) >= limit:
            kept = changes[:limit]
            return _shown(kept), int(kept[-1]["revision"])
        if time.monotonic() - began > LOOK_FOR_S:
            return _shown(changes), upto
    return _shown(changes), None


@dataclass(frozen=True)
class _Path:
    """The index along which a history is read. `is_exact`: nearly all that lies there is asked
    for. `types`: the ranges of it that are read; None: it is not divided by types.
    """

    index: str
    is_exact: bool
    types: tuple[str, ...] | None = None

    @property
    def is_empty(self) -> bool:
        return self.types == ()


def _path_of(db: Reader, about: About) -> _Path:
    if about.subject_id is not None:
        return _Path("ix_journal_subject", is_exact=about.session_id is None)
    if about.session_id is not None:
        others = (about.project_key, about.kind, about.resource)
        return _Path("ix_journal_session_id_revision", is_exact=others == (None, None, None))
    in_project = about.project_key is not None
    if about.kind is not None or about.resource is not None:
        index = "ix_journal_type_in_project" if in_project else "ix_journal_type_revision"
        return _Path(index, is_exact=True, types=_types_of(db, about))
    return _Path("ix_journal_project_key_revision" if in_project else PRIMARY, is_exact=True)


def _types_of(db: Reader, about: About) -> tuple[str, ...]:
    """Of the events that are about this kind, or tell of locks on the resource."""
    return tuple(
        sorted(
            kind
            for kind, subject in event_types(db).items()
            if about.kind in (None, subject) and (about.resource is None or _is_of_locks(kind))
        )
    )


def _is_of_locks(kind: str) -> bool:
    return kind.startswith("lock.")


@lru_cache(maxsize=64)
def _history(filters: frozenset[str], of_locks: bool, index: str, types: int) -> Prepared:
    columns = {
        "project_key": _c.project_key,
        "session_id": _c.session_id,
        "kind": _c.subject_kind,
        "subject_id": _c.subject_id,
    }
    conditions = [_c.revision > param("since"), _c.revision < param("upto")]
    conditions += [column == param(name) for name, column in columns.items() if name in filters]
    most = param("most", type_=sa.Integer)
    if types:
        kinds = [_c.type == param(f"type_{at}") for at in range(types)]
        ranges = [Range([kind, *conditions], index) for kind in kinds]
        return Prepared(first_of(_entry, ranges, ["revision"], most, newest_first=True))
    if of_locks:  # "/" follows "." in code point order
        conditions.append(sa.and_(_c.type >= "lock.", _c.type < "lock/"))
    query = sa.select(*_c).where(*conditions).order_by(_c.revision.desc()).limit(most)
    return Prepared(along(query, _entry, index))
