"""`observed_at`: when the caller saw or decided what it sends. What is newer stays, so a late replay overwrites nothing.

An object keeps the `observed_at` of the last change that stands, and a call is compared with that, not with when that change was stored:
the calls of a queue are all stored late, and each is newer than the one before. A call without it is made now, by the database's clock.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa

from coord import journal
from coord.db import Timestamp
from coord.errors import Invalid
from coord.schemas import iso

LARGEST_SKEW = timedelta(minutes=5)  # more than NTP leaves; what is far ahead would shut out all others until its time has come

given = sa.bindparam("new_observed_at", type_=Timestamp)


def refuse_skew(observed: datetime | None, at: datetime) -> None:
    """Raises Invalid for a time that the database's clock, `at`, has not nearly reached."""
    if observed is not None and observed - at > LARGEST_SKEW:
        ahead = (observed - at).total_seconds()
        message = f"{ahead:.0f} s ahead of the database's clock, which says {iso(at)}: a clock skew. Set your clock, or leave this out."
        raise Invalid({"observed_at": [message]})


def is_late(observed: datetime | None, newest: datetime | None) -> bool:
    """Whether something newer is stored: `newest`, None where nothing is."""
    return observed is not None and newest is not None and observed < newest


def not_late(newest: sa.ColumnElement[datetime] | sa.ColumnElement[datetime | None]) -> sa.ColumnElement[bool]:
    """The guard of a change that `is_late` has let through."""
    return sa.or_(given.is_(None), newest.is_(None), newest <= given)


def made_now(newest: sa.ColumnElement[datetime] | sa.ColumnElement[datetime | None]) -> sa.ColumnElement[datetime]:
    """Now, or the newest that is stored, which may be ahead by the skew that is let through: it never goes back."""
    return sa.case((newest > journal.moment, newest), else_=journal.moment)


def made_at(newest: sa.ColumnElement[datetime] | sa.ColumnElement[datetime | None]) -> sa.ColumnElement[datetime]:
    """When the caller says, else now."""
    return sa.func.coalesce(given, made_now(newest), type_=Timestamp)
