"""The worker processes that hold waiting calls: whether the one that a call waits in is still
there.

A process says so once a second while calls wait in it. One that was killed is noticed by its
siblings on the same node within a moment, and by other nodes when its lease is over: by the
database's clock, or, should that be set back, when it has not been renewed for as long by the
clock of who looks.
"""

import os
import threading
import time
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy import bindparam as param
from sqlalchemy.orm import Mapped, mapped_column

from coord.ids import new_id
from coord.store import (
    TABLE_OPTIONS,
    Base,
    Id,
    Prepared,
    Reader,
    Row,
    Timestamp,
    deadline,
    faults,
    now,
    plus,
    run,
)

RENEW_S = 1.0
# several renewals may fail; that long others wait for those who died with a whole node
LEASE_US = 5_000_000
FORGOTTEN_AFTER_US = 3_600_000_000  # one that comes back says so anew


class Process(Base):
    """A worker process in which calls wait.

    `node` is shared by the workers of one gunicorn master, which can look each other up by pid.
    """

    __tablename__ = "processes"
    __table_args__ = (TABLE_OPTIONS,)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    node: Mapped[str] = mapped_column(Id, nullable=False)
    pid: Mapped[int] = mapped_column(sa.Integer, nullable=False)
    alive_until: Mapped[datetime] = mapped_column(Timestamp, nullable=False)


_processes = Process.__table__
_c = _processes.c

_renewed_at: dict[int, float] = {}
_leases: dict[str, tuple[datetime, float]] = {}  # as last read, and since when they are so
_renewing = threading.Lock()

NODE = new_id()  # made before the workers are forked, so all of them have it

_until = plus(now(), param("lease_us", type_=sa.BigInteger))
_RENEW = Prepared(sa.update(_processes).where(_c.id == param("own")).values(alive_until=_until))
_REGISTER = Prepared(
    sa.insert(_processes).from_select(
        ["id", "node", "pid", "alive_until"],
        sa.select(
            param("own", type_=Id), param("node", type_=Id), param("pid", type_=sa.Integer), _until
        ),
    )
)
_FORGET = Prepared(
    sa.delete(_processes).where(
        plus(_c.alive_until, param("forgotten_after_us", type_=sa.BigInteger)) < now()
    )
)
_REMOVE = Prepared(sa.delete(_processes).where(_c.id == param("own")))
_ALL = Prepared(sa.select(*_c, (_c.alive_until > now()).label("alive")))


@lru_cache(maxsize=2)
def _id_of(pid: int) -> str:
    return new_id()


def own_id() -> str:
    """This process's id; another one after a fork."""
    return _id_of(os.getpid())


def renew_lease() -> None:
    """Says that this process is there, unless it did so just now.

    Nobody's news: it is not journaled. Who says so for the first time takes those out of the list
    that were killed long ago. Raises faults.TooSlow when another that says so takes too long.
    """
    too_late = faults.TooSlow("another call says that this process is there, and takes too long")
    with deadline.turn(_renewing, too_late):  # two at once would both find the row missing
        pid, began = os.getpid(), time.monotonic()
        if began - _renewed_at.get(pid, -RENEW_S) < RENEW_S:
            return
        if not run(_RENEW, {"own": own_id(), "lease_us": LEASE_US}):
            run(_REGISTER, {"own": own_id(), "node": NODE, "pid": pid, "lease_us": LEASE_US})
            run(_FORGET, {"forgotten_after_us": FORGOTTEN_AFTER_US})
        _renewed_at[pid] = began


def end_lease() -> None:
    """Says that this process is no more: what waits in it need not be waited for."""
    _renewed_at.clear()
    run(_REMOVE, {"own": own_id()})


def alive(db: Reader) -> set[str]:
    """The processes that are there."""
    rows = db.rows(_ALL)
    for ended in set(_leases) - {row["id"] for row in rows}:
        _leases.pop(ended, None)  # else one entry stays for each worker that there ever was
    return {
        row["id"]
        for row in rows
        if _is_renewed(row) and row["alive"] and not _was_killed(row["node"], row["pid"])
    }


def _is_renewed(row: Row) -> bool:
    """Whether this lease was first seen less long ago than a lease lasts."""
    now_ = time.monotonic()
    lease, since = _leases.get(row["id"], (None, now_))
    if lease != row["alive_until"]:
        _leases[row["id"]] = row["alive_until"], now_
        return True
    return now_ - since < LEASE_US / 1_000_000


def _was_killed(node: str, pid: int) -> bool:
    """Whether a sibling's process is no more; of other nodes only their lease tells."""
    if node != NODE:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
