"""What others have changed since a check-in: a reading of the journal that leaves out what is of no
use at the start of a turn.
"""

from functools import lru_cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.sessions.rows import ChangeRow
from coord.store import Prepared, Reader, Row, journal

MAX_CHANGES = 200
# entries of the journal that are looked through, back from the newest; what is older is not counted
MAX_READ = 5_000
MAX_DESCRIPTION = 200  # characters

NOISE = (
    "lock.renewed", "lock.waiting", "lock.wait_ended", "lock.refused",
    "component.confirmed", "workflow.confirmed", "work_item.confirmed", "work_item.none_ready",
    "session.heartbeat", "session.active", "session.waiting", "session.wait_ended",
    "session.state_reported",
    "journal.trimmed", "component.trimmed", "session.trimmed",
)  # fmt: skip

_entry = journal.JournalEntry.__table__
_c = _entry.c


def _worth_showing(in_project: bool) -> sa.Select[Any]:
    """Those of the newest entries that are by others and no noise.

    Messages are a part of their own.
    """
    in_scope = [_c.project_key == param("project_key", type_=sa.String)] if in_project else []
    after, until = (param(name, type_=sa.BigInteger) for name in ("after", "until"))
    recent = (
        sa.select(_c.revision, _c.type, _c.session_id)
        .where(_c.revision > after, _c.revision <= until, *in_scope)
        .order_by(_c.revision.desc())
        .limit(MAX_READ)
        .subquery("recent")
    )
    others = sa.or_(
        recent.c.session_id.is_(None), recent.c.session_id != param("me", type_=sa.String)
    )
    of_use = sa.and_(
        recent.c.type.not_in([sa.literal(kind) for kind in NOISE]), ~recent.c.type.like("message.%")
    )
    return sa.select(recent.c.revision).where(others, of_use)


@lru_cache(maxsize=2)
def _newest(in_project: bool) -> Prepared:
    keys = (
        _worth_showing(in_project).order_by(sa.desc("revision")).limit(MAX_CHANGES).subquery("keys")
    )
    entries = sa.select(*_c).join(keys, keys.c.revision == _c.revision)
    return Prepared(entries.order_by(_c.revision.desc()))


@lru_cache(maxsize=2)
def _count(in_project: bool) -> Prepared:
    return Prepared(
        sa.select(sa.func.count()).select_from(_worth_showing(in_project).subquery("changes"))
    )


def since(
    db: Reader, after: int, until: int, project_key: str | None, me: str
) -> tuple[list[ChangeRow], int]:
    """The newest first, at most MAX_CHANGES, and how many there are."""
    values = {"after": after, "until": until, "project_key": project_key, "me": me}
    rows = db.rows(_newest(project_key is not None), **values)
    total = (
        len(rows)
        if len(rows) < MAX_CHANGES
        else int(db.value(_count(project_key is not None), **values))
    )
    described = [{**row, "what": _description(row["subject_id"], row["data"])} for row in rows]
    return cast(list[ChangeRow], described), total


def _description(subject_id: str, data: Row) -> str:
    """What an entry is about, in few words, whichever area it comes from."""
    description = str(
        next(
            (data[name] for name in ("resource", "title", "name", "component") if data.get(name)),
            subject_id,
        )
    )
    if data.get("state"):
        description += f": {data['state']}" + (f" {data['version']}" if data.get("version") else "")
    previous = data.get("holder") or data.get("was_assigned_to")
    if previous:
        description += f" ({previous} had it)"
    return description[:MAX_DESCRIPTION]
