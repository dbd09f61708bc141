"""What statements give back, the same from both databases."""

import sqlalchemy as sa
from flask import Flask

from coord.areas.locks.models import Lock
from coord.store import now, plus, read
from tests.conftest import Agent

_c = Lock.__table__.c


def holds(session_id: str) -> sa.Exists:
    return sa.exists().where(_c.session_id == session_id)


def test_a_condition_is_true_false_or_unknown_whatever_stands_beside_it(
    app: Flask, client: Agent
) -> None:
    client.post("/locks", project_key="shop", session_id="host/a", resource="src/größe.py")
    conditions = {
        "some": holds("host/a"),
        "none": holds("host/b"),
        "is_long": _c.ttl_hours > 5,
        "is_held": _c.released_at.is_(None),
        "ends": _c.released_at > now(),
        "is_new": _c.acquired_at > plus(now(), -60_000_000),
        "is_tree": _c.tree,
    }
    columns = [condition.label(name) for name, condition in conditions.items()]
    with app.app_context():
        row = read(lambda db: db.row(sa.select(_c.resource, _c.id, _c.acquired_at, *columns)))
    assert row is not None
    assert {name: row[name] for name in conditions} == {
        "some": True,
        "none": False,
        "is_long": False,
        "is_held": True,
        "ends": None,
        "is_new": True,
        "is_tree": False,
    }
