"""How a change is carried out."""

from typing import Any

import pytest
from flask import Flask

from coord.store import compiled_change, sqlite, statements
from coord.store.statements import Compiled
from tests.conftest import Agent


def test_statements_are_compiled_before_the_writers_turn_on_sqlite(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    compile_for = statements.compile_for
    compiled: list[Any] = []

    def before_the_turn(dialect: Any, statement: Any) -> Compiled:
        assert not sqlite._writing.locked()
        compiled.append(statement)
        return compile_for(dialect, statement)

    monkeypatch.setattr(compiled_change, "compile_for", before_the_turn)
    answer = Agent(sqlite_app.test_client()).post(
        "/locks", project_key="shop", session_id="host/a", resource="compiled/before"
    )
    assert answer.status_code == 201
    assert len(compiled) == 4, "the head, the lock, its event, what is answered"
