"""`observed_at`: when the caller saw or decided what it sends. What is newer stays, so a late
replay overwrites nothing.

An object keeps the `observed_at` of the last change that stands, and a call is compared with that,
not with when that change was stored: the calls of a queue are all stored late, and each is newer
than the one before. A call without it is decided now, by the database's clock.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa

from coord.errors import Invalid
from coord.store import Timestamp, journal
from coord.web import iso

# more than NTP leaves; what is far ahead would shut out all others until its time has come
MAX_SKEW = timedelta(minutes=5)

new_observed_at = sa.bindparam("new_observed_at", type_=Timestamp)
"""The caller's `observed_at`, null when it gave none."""

_Moment = sa.ColumnElement[datetime] | sa.ColumnElement[datetime | None]


def refuse_skew(observed: datetime | None, at: datetime) -> None:
    """Raises Invalid for a time that the database's clock, `at`, has not nearly reached."""
    if observed is not None and observed - at > MAX_SKEW:
        ahead = (observed - at).total_seconds()
        message = (
            f"{ahead:.0f} s ahead of the database's clock, which says {iso(at)}: a clock skew. Set"
            " your clock, or leave this out."
        )
        raise Invalid({"observed_at": [message]})


def is_superseded(observed: datetime | None, newest: datetime | None) -> bool:
    """Whether something newer is stored: `newest`, None where nothing is."""
    return observed is not None and newest is not None and observed < newest


def not_superseded(newest: _Moment) -> sa.ColumnElement[bool]:
    """The guard of a change that `is_superseded` has let through."""
    return sa.or_(new_observed_at.is_(None), newest.is_(None), newest <= new_observed_at)


def now_or_newest(newest: _Moment) -> sa.ColumnElement[datetime]:
    """Now, or the newest that is stored, which may be ahead by the skew that is let through: it
    never goes back.
    """
    return sa.case((newest > journal.moment, newest), else_=journal.moment)


def decided_at(newest: _Moment) -> sa.ColumnElement[datetime]:
    """When the caller says, else now."""
    return sa.func.coalesce(new_observed_at, now_or_newest(newest), type_=Timestamp)
