"""The worker processes that hold waiting calls: whether the one that a call waits in is still there.

A process says so once a second while calls wait in it. One that was killed is noticed by its siblings on the same node within a moment,
and by other nodes when its lease is over. All time is the database's.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from coord.db import TABLE_OPTIONS, Base, Id, Timestamp


class Process(Base):
    """A worker process in which calls wait. `node` is shared by the workers of one gunicorn master, which can look each other up by pid."""

    __tablename__ = "processes"
    __table_args__ = (TABLE_OPTIONS,)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    node: Mapped[str] = mapped_column(Id, nullable=False)
    pid: Mapped[int] = mapped_column(sa.Integer, nullable=False)
    alive_until: Mapped[datetime] = mapped_column(Timestamp, nullable=False)
