"""How long an answer may be: what is left out is counted, and lengths are judged before members."""

import time
import uuid
from typing import Any

import pytest

from coord.web import bounds
from tests.conftest import Agent

MAX_ERROR_BYTES = 4096


@pytest.fixture
def workflow(client: Agent) -> str:
    answer = client.post("/workflows", project_key="shop", name="Checkout", created_by="host/a")
    return str(answer.json["id"])


def test_a_million_members_are_refused_at_once_and_in_few_words(
    client: Agent, workflow: str
) -> None:
    body = {"workflow_id": workflow, "title": "Task", "depends_on": [1] * 300_000}
    began = time.process_time()
    answer = client.call("POST", "/work-items", body)
    assert time.process_time() - began < 0.5
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["depends_on"])
    assert len(answer.data) < 500


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/work-items", {"title": "Task", "depends_on": ["x" * 1000] * 100}),
        (
            "PUT",
            "/messages/read",
            {"session_id": "host/a", "ids": [str(uuid.uuid4()) for _ in range(500)]},
        ),
        (
            "PUT",
            "/messages/read",
            {"session_id": "host/a", **{f"{'x' * 90}{n}": 1 for n in range(100)}},
        ),
    ],
    ids=["no ids", "unknown ids", "unknown fields"],
)
def test_many_mistakes_are_told_in_four_kilobytes(
    client: Agent, workflow: str, method: str, path: str, body: dict[str, Any]
) -> None:
    if path == "/work-items":
        body = {**body, "workflow_id": workflow}
    answer = client.call(method, path, body)
    assert answer.status_code == 422
    assert len(answer.data) <= MAX_ERROR_BYTES
    assert answer.json["detail"]


def test_a_conflict_repeats_little_of_what_others_wrote(client: Agent) -> None:
    claim = {"project_key": "shop", "ttl_hours": 1}
    for number in range(30):
        client.post(
            "/locks", **claim, session_id="host/a", resource=f"src/{number}", description="d" * 2000
        )
    answer = client.post("/locks", **claim, session_id="host/b", resource="src/")
    assert (answer.status_code, answer.json["error"]) == (409, "lock_held")
    assert len(answer.data) <= MAX_ERROR_BYTES
    assert answer.json["lock"]["session_id"] == "host/a"
    assert len(answer.json["lock"]["description"]) < 300
    assert len(answer.json["conflicts"]) + answer.json["left_out"]["conflicts"] == 30


def test_a_short_error_is_as_it_is() -> None:
    body = {"detail": "No.", "error": "invalid", "errors": {"a": ["Not a UUID."]}}
    assert bounds.bounded_error(body) == body
    assert list(bounds.bounded_error(body)) == list(body)


def test_of_a_long_list_only_what_may_fit_is_looked_at() -> None:
    class Item(dict[str, str]):
        looked_at = 0

        def items(self) -> Any:
            Item.looked_at += 1
            return super().items()

    body = {"conflicts": [Item(name="x" * 100)] * 5_000, "left_out": {"conflicts": 7}}
    cut = bounds.bounded_error({"error": "lock_held", **body})
    assert bounds.size_of(cut) <= bounds.MAX_ERROR_BYTES
    assert Item.looked_at < 50
    assert len(cut["conflicts"]) >= 30
    assert cut["left_out"] == {"conflicts": 5_007 - len(cut["conflicts"])}


def test_what_fits_is_not_cut() -> None:
    body = {"items": [{"text": "x" * 100}] * 3}
    assert bounds.fit(body, 10_000, 100) == body
    assert bounds.fit(body, 10_000, 99)["left_out"] == {"texts": 3}


def test_lists_of_long_texts_come_on_shorter_pages(
    client: Agent, workflow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coord.web.pages.MAX_PAGE_CHARACTERS", 10_000)
    long = "x" * 4_000
    for number in range(5):
        claim = {"project_key": "shop", "session_id": "host/a", "description": long}
        client.post("/locks", **claim, resource=f"r{number}")
        client.post("/work-items", workflow_id=workflow, title="t", description=long)
        report = {"project_key": "shop", "component": f"c{number}", "updated_by": "host/a"}
        client.put("/components", **report, state="built", notes=long)
    for path in ("/locks", "/work-items", "/components"):
        sizes: list[int] = []
        cursor: dict[str, str] = {}
        for _ in range(5):
            page = client.get(path, project_key="shop", **cursor).json
            sizes.append(len(page["items"]))
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert sizes == [2, 2, 1], path


def test_one_text_that_is_too_long_for_a_page_has_a_page(
    client: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coord.web.pages.MAX_PAGE_CHARACTERS", 10)
    client.post("/locks", project_key="shop", session_id="host/a", resource="x" * 50)
    assert len(client.get("/locks").json["items"]) == 1


@pytest.mark.parametrize(
    ("path", "name"),
    [("/work-items", "status"), ("/workflows", "status"), ("/sessions", "state")],
)
def test_a_million_choices_are_refused_at_once(client: Agent, path: str, name: str) -> None:
    began = time.process_time()
    answer = client.call("GET", path, {name: ["x"] * 200_000})
    assert answer.status_code == 422
    assert len(answer.data) < MAX_ERROR_BYTES
    assert time.process_time() - began < 1
