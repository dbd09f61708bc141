"""What a migration makes of what is stored already, there and back."""

import uuid
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import downgrade, upgrade

from coord.store import database
from tests.conftest import Agent, make_app
from tests.databases import MariaDB


@pytest.fixture(params=["sqlite", "mariadb"])
def migrating(request: pytest.FixtureRequest, tmp_path: Path) -> Flask:
    if request.param == "sqlite":
        return make_app(f"sqlite:///{tmp_path}/coord.db")
    server: MariaDB = request.getfixturevalue("mariadb")
    return make_app(server.create_database(f"migrating_{uuid.uuid4().hex}"))


def to(app: Flask, move: Any, revision: str) -> None:
    with app.app_context():
        move(revision=revision)
        database.engine.dispose()


def test_what_stood_before_observed_at_was_decided_when_it_was_last_changed(migrating: Flask) -> None:
    client = Agent(migrating.test_client())
    flow = client.post("/workflows", project_key="shop", name="Checkout", created_by="host/a").json["id"]
    fresh, changed = (client.post("/work-items", workflow_id=flow, title="Task").json["id"] for _ in range(2))
    for path in (f"/workflows/{flow}", f"/work-items/{changed}"):
        client.patch(path, status="completed", observed_at="2026-01-05T10:00:00Z")
    lock = client.post("/locks", project_key="shop", session_id="host/a", resource="x").json
    to(migrating, downgrade, "0002")
    with migrating.app_context():
        inspector = sa.inspect(database.engine)
        assert all(
            not {"observed_at", "decisions", "decided_at"} & {column["name"] for column in inspector.get_columns(table)}
            for table in ("workflows", "work_items", "locks")
        )
    to(migrating, upgrade, "heads")
    for path in (f"/workflows/{flow}", f"/work-items/{changed}", f"/work-items/{fresh}"):
        stored = client.get(path).json
        assert stored["observed_at"] == stored["updated_at"]
        answer = client.patch(path, status="blocked", observed_at="2026-01-05T10:00:00Z")
        assert answer.status_code == (200 if stored["updated_at"] == stored["created_at"] else 409)
    assert client.get(f"/locks/{lock['id']}").json == lock
