"""Which item a claim was given is kept as long as the journal is: nobody asks again after that."""

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.workflows.models import work_item_claims
from coord.store import JournalEntry, Prepared, Retention, now, plus

_entry = JournalEntry.__table__.c
_c = work_item_claims.c

_last_old = (
    sa.select(_entry.revision)
    .where(_entry.at > plus(now(), param("age_us", type_=sa.BigInteger)))
    .order_by(_entry.revision)
    .limit(1)
    .scalar_subquery()
)
_DUE = Prepared(
    sa.select(_c.revision)
    .where(_c.revision < _last_old)
    .order_by(_c.revision)
    .limit(param("batch", type_=sa.Integer))
)

retention = Retention("work_item.claims_trimmed", "JOURNAL_DAYS", work_item_claims, _DUE)
