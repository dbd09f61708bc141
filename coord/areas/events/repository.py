"""Reads the journal: pages of it, in commit order, from any revision that is kept or that this
process has just seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.events.errors import CursorGone
from coord.live import Entry, Seen
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

RESTORED = "journal.restored"
NEAR = 1_000  # revisions: no more than these are looked through rather than found by an index

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
        kind: str = entry["type"]
        return not self.types or kind in self.types or kind.partition(".")[0] in self.prefixes

    @cached_property
    def prefixes(self) -> frozenset[str]:
        """Of which all is wanted: it is asked for each event and each follower."""
        return frozenset(kind.partition(".")[0] for kind in self.types if not _is_exact(kind))


@dataclass(frozen=True)
class Page:
    """`cursor`: up to where the journal was read.

    `at_end`: nothing more had been committed then.
    """

    items: list[Entry]
    cursor: int
    at_end: bool


def page(db: Reader, wanted: Filter, after: int | None, limit: int) -> Page:
    """The next events after a revision (None: from the oldest kept). Raises CursorGone."""
    oldest, last = _bounds(db)
    first = oldest if after is None else after
    if not oldest <= first <= last:
        raise CursorGone(first, oldest, last)
    while True:
        rows = _between(db, wanted, first, last, limit)
        # retention may have deleted what belongs onto this page before it was read
        oldest, newest_now = _bounds(db)
        if oldest > first and after is not None:
            raise CursorGone(first, oldest, newest_now)
        if oldest > first:
            first, last = oldest, newest_now
            continue
        return _page([Entry(row) for row in rows], last, limit)


def page_of_seen(seen: Seen, wanted: Filter, limit: int) -> Page | None:
    """The next events of those that this process has seen.

    None when the journal was restored meanwhile: then it is no longer this one that goes on.
    """
    if any(entry.row["type"] == RESTORED for entry in seen.entries):
        return None
    fitting = (entry for entry in seen.entries if wanted.fits(entry.row))
    return _page(list(islice(fitting, limit)), seen.upto, limit)


def _page(items: list[Entry], last: int, limit: int) -> Page:
    upto = int(items[-1].row["revision"]) if len(items) == limit else last
    return Page(items, upto, upto == last)


def newest(db: Reader) -> int:
    """The last revision that is committed."""
    return _bounds(db)[1]


def _bounds(db: Reader) -> tuple[int, int]:
    """The revision after which the journal is kept, and the last one."""
    head = db.row(journal.HEAD) or {"revision": 0, "trimmed": 0}
    return int(head["trimmed"]), int(head["revision"])


def _between(db: Reader, wanted: Filter, first: int, upto: int, limit: int) -> Rows:
    values: Row = {"first": first, "upto": upto, "most": limit, "project_key": wanted.project_key}
    in_project = wanted.project_key is not None
    if not wanted.types:
        return db.rows(_all(in_project), **values)
    types = sorted(kind for kind in wanted.types if _is_exact(kind))
    prefixes = sorted(wanted.prefixes)
    if upto - first > NEAR and prefixes:
        stored = [kind for kind in event_types(db) if kind.partition(".")[0] in prefixes]
        types, prefixes = sorted({*types, *stored}), []
    values |= {f"type_{at}": kind for at, kind in enumerate(types)}
    values |= {f"from_{at}": f"{prefix}." for at, prefix in enumerate(prefixes)}
    # "/" follows "." in code point order
    values |= {f"to_{at}": f"{prefix}/" for at, prefix in enumerate(prefixes)}
    if upto - first <= NEAR:
        return db.rows(_near(in_project, len(types), len(prefixes)), **values)
    return db.rows(_of_types(in_project, len(types)), **values) if types else []


def _is_exact(kind: str) -> bool:
    return kind.partition(".")[2] not in ("", "*")


_WINDOW = [_c.revision > param("first"), _c.revision <= param("upto")]
_most = param("most", type_=sa.Integer)


@lru_cache(maxsize=2)
def _all(in_project: bool) -> Prepared:
    query = sa.select(*_c).where(*_WINDOW)
    if in_project:
        query = query.where(_c.project_key == param("project_key"))
    index = "ix_journal_project_key_revision" if in_project else PRIMARY
    return Prepared(along(query.order_by(_c.revision).limit(_most), _entry, index))


@lru_cache(maxsize=128)
def _near(in_project: bool, types: int, prefixes: int) -> Prepared:
    kinds = [_c.type == param(f"type_{at}") for at in range(types)]
    kinds += [
        sa.and_(_c.type >= param(f"from_{at}"), _c.type < param(f"to_{at}"))
        for at in range(prefixes)
    ]
    query = sa.select(*_c).where(*_WINDOW, sa.or_(*kinds))
    if in_project:
        query = query.where(_c.project_key == param("project_key"))
    return Prepared(along(query.order_by(_c.revision).limit(_most), _entry, PRIMARY))


@lru_cache(maxsize=128)
def _of_types(in_project: bool, types: int) -> Prepared:
    """Each type is a range of its own, however rare it is."""
    common, index = list(_WINDOW), "ix_journal_type_revision"
    if in_project:
        common.append(_c.project_key == param("project_key"))
        index = "ix_journal_type_in_project"
    kinds = [_c.type == param(f"type_{at}") for at in range(types)]
    ranges = [Range([kind, *common], index) for kind in kinds]
    return Prepared(first_of(_entry, ranges, ["revision"], _most))


def as_answered(entry: Row) -> Row:
    return {**entry, "subject": {"kind": entry["subject_kind"], "id": entry["subject_id"]}}


def filter_of(project_key: str | None, types: Sequence[str] | None) -> Filter:
    return Filter(project_key, tuple(dict.fromkeys(types or ())))
