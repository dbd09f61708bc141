"""The history of components is kept for a time; of each component what it is now, or was last,
stays.
"""

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.components.models import Component, Observation
from coord.store import Prepared, Retention, now, plus

_history = Observation.__table__
_c = Component.__table__.c
_h = _history.c

# The oldest first, by revision, and no further than a batch: a history that is all young is not
# read through.
_is_current = sa.exists().where(
    _c.project_key == _h.project_key,
    _c.component == _h.component,
    _c.changed_revision == _h.revision,
)
_oldest = (
    sa.select(_h.revision, _h.updated_at)
    .where(~_is_current)
    .order_by(_h.revision)
    .limit(param("batch", type_=sa.Integer))
    .subquery("oldest")
)
_DUE = Prepared(
    sa.select(_oldest.c.revision).where(
        _oldest.c.updated_at < plus(now(), param("age_us", type_=sa.BigInteger))
    )
)

retention = Retention("component.trimmed", "HISTORY_DAYS", _history, _DUE)
