"""Sessions that have not been seen for a time are forgotten, once they ended or are gone."""

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.live import Session
from coord.store import Prepared, Retention, now, plus

_c = Session.__table__.c

_DUE = Prepared(
    sa.select(_c.revision)
    .where(
        _c.final_state.in_([sa.literal("ended"), sa.literal("gone")]),
        _c.ended_at < plus(now(), param("age_us", type_=sa.BigInteger)),
    )
    .limit(param("batch", type_=sa.Integer))
)

retention = Retention("session.trimmed", "SESSION_DAYS", Session.__table__, _DUE)
