"""Messages are kept for a time; direct ones that are unread, or wait for an ack, for ever."""

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.messages.models import Message, MessageRead
from coord.store import Prepared, Retention, now, plus

_messages = Message.__table__
_c = _messages.c

_done = sa.and_(
    _c.read_at.is_not(None), sa.or_(_c.requires_ack.is_(False), _c.acked_at.is_not(None))
)
_DUE = Prepared(
    sa.select(_c.revision)
    .where(
        _c.created_at < plus(now(), param("age_us", type_=sa.BigInteger)),
        sa.or_(_c.to_session.is_(None), _done),
    )
    .order_by(_c.created_at)
    .limit(param("batch", type_=sa.Integer))
)

retention = Retention(
    "message.trimmed", "MESSAGE_DAYS", _messages, _DUE, (MessageRead.__table__.c.message,)
)
