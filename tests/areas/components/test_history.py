"""GET /components/<project_key>/<component>/history."""

import pytest

from tests.areas.components.reports import put, put_rest, states
from tests.conftest import Agent


def test_every_change_newest_first(client: Agent) -> None:
    put(client, "building")
    put(client, "built", by="host/b", version="1.0")
    last = put_rest(client, notes="ok").json
    items = client.get("/components/shop/api/history").json["items"]
    assert [
        (item["state"], item["version"], item["notes"], item["updated_by"]) for item in items
    ] == [
        ("built", "1.0", "ok", "host/a"),
        ("built", "1.0", None, "host/b"),
        ("building", None, None, "host/a"),
    ]
    assert list(items[0]) == [
        "project_key",
        "component",
        "state",
        "version",
        "notes",
        "updated_by",
        "updated_at",
        "observed_at",
        "superseded",
        "retired",
    ]
    assert all(
        items[0][name] == last[name] for name in items[0] if name not in ("superseded", "retired")
    )
    assert [item["superseded"] for item in items] == [False, False, False]


def test_a_confirmation_is_no_change(client: Agent) -> None:
    for _ in range(3):
        put(client, "deployed")
    assert states(client) == [("deployed", False)]


def test_histories_do_not_mix(client: Agent) -> None:
    put(client, "one")
    put(client, "two", "web")
    put(client, "three", project_key="blog")
    assert states(client) == [("one", False)]
    assert states(client, "web") == [("two", False)]


def test_pages(client: Agent) -> None:
    for number in range(5):
        put(client, f"s{number}")
    first = client.get("/components/shop/api/history", limit=2).json
    second = client.get("/components/shop/api/history", limit=2, cursor=first["next_cursor"]).json
    third = client.get("/components/shop/api/history", limit=2, cursor=second["next_cursor"]).json
    assert [item["state"] for page in (first, second, third) for item in page["items"]] == [
        "s4",
        "s3",
        "s2",
        "s1",
        "s0",
    ]
    assert third["next_cursor"] is None


def test_of_an_unknown_component_is_not_found(client: Agent) -> None:
    answer = client.get("/components/shop/api/history")
    assert (answer.status_code, answer.json["error"]) == (404, "not_found")


@pytest.mark.parametrize("query", [{"state": "built"}, {"limit": 0}, {"cursor": "x"}], ids=str)
def test_bad_parameters_are_refused(client: Agent, query: dict[str, str]) -> None:
    put(client)
    assert client.get("/components/shop/api/history", **query).status_code == 422


def test_the_cursor_of_the_list_is_not_one_of_a_history(client: Agent) -> None:
    put(client)
    put(client, component="web")
    cursor = client.get("/components", limit=1).json["next_cursor"]
    assert client.get("/components/shop/api/history", cursor=cursor).status_code == 422
