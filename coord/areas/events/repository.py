"""Reads the journal: pages of it, in commit order, from any revision that is kept."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.events.errors import CursorGone
from coord.store import Prepared, Reader, Row, Rows, journal

WINDOW = (
    10_000  # revisions read by one statement, so that one whose filter nothing fits takes 10 ms
)
MAX_PAGE_S = 1.0  # after that a page may be empty, with a cursor that goes on

_entry = journal.JournalEntry.__table__
_c = _entry.c


@dataclass(frozen=True)
class Filter:
    """What a follower wants to see; None: everything."""

    project_key: str | None = None
    types: tuple[str, ...] = ()

    def fits(self, entry: Row) -> bool:
        if self.project_key not in (None, entry["project_key"]):
            return False
        return not self.types or any(_is_of(entry["type"], wanted) for wanted in self.types)


def _is_of(kind: str, wanted: str) -> bool:
    thing, _, what = wanted.partition(".")
    return kind.startswith(f"{thing}.") if what in ("", "*") else kind == wanted


@dataclass(frozen=True)
class Page:
    """`cursor`: up to where the journal was read.

    `at_end`: nothing more had been committed then.
    """

    items: Rows
    cursor: int
    at_end: bool


def page(db: Reader, wanted: Filter, after: int | None, limit: int) -> Page:
    """The next events after a revision (None: from the oldest kept). Raises CursorGone."""
    oldest, last = _bounds(db)
    first = oldest if after is None else after
    if not oldest <= first <= last:
        raise CursorGone(first, oldest, last)
    began = time.monotonic()
    while True:
        upto = min(first + WINDOW, last)
        items = _between(db, wanted, first, upto, limit)
        oldest, newest_now = _bounds(
            db
        )  # retention may have deleted what belongs onto this page before it was read
        if oldest > first and after is not None:
            raise CursorGone(first, oldest, newest_now)
        if oldest > first:
            first, last = oldest, newest_now
            continue
        if len(items) == limit:
            upto = items[-1]["revision"]
        if items or upto == last or time.monotonic() - began > MAX_PAGE_S:
            return Page([as_answered(item) for item in items], upto, upto == last)
        first = upto


def newest(db: Reader) -> int:
    """The last revision that is committed."""
    return _bounds(db)[1]


def _bounds(db: Reader) -> tuple[int, int]:
    """The revision after which the journal is kept, and the last one."""
    head = db.row(journal.HEAD) or {"revision": 0, "trimmed": 0}
    return int(head["trimmed"]), int(head["revision"])


def _between(db: Reader, wanted: Filter, first: int, upto: int, limit: int) -> Rows:
    types = [kind for kind in wanted.types if _is_exact(kind)]
    things = [kind.partition(".")[0] for kind in wanted.types if not _is_exact(kind)]
    values: Row = {"first": first, "upto": upto, "most": limit, "project_key": wanted.project_key}
    values |= {f"type_{at}": kind for at, kind in enumerate(types)}
    values |= {f"from_{at}": f"{thing}." for at, thing in enumerate(things)}
    values |= {
        f"to_{at}": f"{thing}/" for at, thing in enumerate(things)
    }  # "/" follows "." in code point order
    return db.rows(_select(wanted.project_key is not None, len(types), len(things)), **values)


def _is_exact(kind: str) -> bool:
    return kind.partition(".")[2] not in ("", "*")


@lru_cache(maxsize=128)
def _select(in_project: bool, types: int, things: int) -> Prepared:
    kinds = [_c.type == param(f"type_{at}") for at in range(types)]
    kinds += [
        sa.and_(_c.type >= param(f"from_{at}"), _c.type < param(f"to_{at}")) for at in range(things)
    ]
    query = sa.select(*_c).where(_c.revision > param("first"), _c.revision <= param("upto"))
    if in_project:
        query = query.where(_c.project_key == param("project_key"))
    if kinds:
        query = query.where(sa.or_(*kinds))
    return Prepared(query.order_by(_c.revision).limit(param("most", type_=sa.Integer)))


def as_answered(entry: Row) -> Row:
    return {**entry, "subject": {"kind": entry["subject_kind"], "id": entry["subject_id"]}}


def filter_of(project_key: str | None, types: Sequence[str] | None) -> Filter:
    return Filter(project_key, tuple(dict.fromkeys(types or ())))
