"""Fixtures for what holds for every call: an app whose areas do not matter, all calls of the API,
and the real service.
"""

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask

from coord.app import create_app
from coord.web import openapi
from tests.conftest import BASE, Agent, make_app
from tests.service import Service, running

# for calls that are answered before the database is asked
NOWHERE = "sqlite:////nonexistent/coord.db"


@dataclass(frozen=True)
class Call:
    """One operation of the API document.

    `path`, as an Agent takes it, has its variables filled in with what names nothing stored.
    """

    method: str
    template: str
    operation: Mapping[str, Any]

    @property
    def path(self) -> str:
        filled_in = re.sub(
            r"\{(\w+)\}",
            lambda found: str(uuid.UUID(int=7)) if found[1].endswith("_id") else "nothing",
            self.template,
        )
        return filled_in.removeprefix(BASE)

    @property
    def takes_body(self) -> bool:
        return "requestBody" in self.operation

    @property
    def parameters(self) -> dict[str, Mapping[str, Any]]:
        return {
            each["name"]: each
            for each in self.operation.get("parameters", ())
            if each.get("in") == "query"
        }

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


# a test client would read them for ever: tests/faults/test_waiting.py has the real thing
ENDLESS = (f"{BASE}/events/stream", f"{BASE}/board/stream")
DOCUMENT = openapi.document(create_app({"DATABASE_URL": NOWHERE}))
EVERY_CALL = [
    Call(method.upper(), path, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
]
# JSON-RPC has its own shape of messages and errors: tests/areas/mcp
OF_ANOTHER_PROTOCOL = ("/mcp",)
CALLS = [call for call in EVERY_CALL if call.template not in (*ENDLESS, *OF_ANOTHER_PROTOCOL)]
WITH_BODY = [call for call in CALLS if call.takes_body]
WITHOUT_BODY = [call for call in CALLS if not call.takes_body]
LISTS = [call for call in CALLS if "cursor" in call.parameters]


@pytest.fixture(scope="session")
def web_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An app that the tests of one run share. What is stored in it does not matter to them."""
    return make_app(f"sqlite:///{tmp_path_factory.mktemp('web')}/coord.db")


@pytest.fixture
def web(web_app: Flask) -> Agent:
    return Agent(web_app.test_client())


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The real thing: gunicorn with coord's settings."""
    folder = tmp_path_factory.mktemp("service")
    with running(folder, f"sqlite:///{folder}/coord.db") as started:
        yield started


def assert_error(answer: Any, status: int, code: str) -> Any:
    """The contract's shape of an error; gives back its body."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.mimetype == "application/json"
    body = answer.json
    assert body["error"] == code
    assert isinstance(body["detail"], str)
    assert body["detail"]
    assert answer.headers["X-Request-Id"]
    return body
