"""GET /components."""

from typing import Any

import pytest

from tests.areas.components.reports import put
from tests.conftest import Agent


@pytest.fixture
def fleet(client: Agent) -> Agent:
    """Two projects with components of the same names in several states."""
    for project, component, state in [
        ("shop", "api", "built"),
        ("shop", "web", "degraded"),
        ("blog", "api", "degraded"),
        ("blog", "web", "built"),
        ("shop", "db", "degraded"),
    ]:
        put(client, state, component, project_key=project)
    return client


def listed(client: Agent, **query: Any) -> list[str]:
    return [
        f"{item['project_key']}/{item['component']}"
        for item in client.get("/components", **query).json["items"]
    ]


def test_everything_is_listed_newest_first(fleet: Agent) -> None:
    assert listed(fleet) == ["shop/db", "blog/web", "blog/api", "shop/web", "shop/api"]


def test_nothing_is_an_empty_page(client: Agent) -> None:
    assert client.get("/components").json == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param({"project_key": "shop"}, ["shop/db", "shop/web", "shop/api"], id="project"),
        pytest.param({"component": "api"}, ["blog/api", "shop/api"], id="component"),
        pytest.param({"state": "built"}, ["blog/web", "shop/api"], id="state"),
        pytest.param(
            {"project_key": "shop", "state": "degraded"},
            ["shop/db", "shop/web"],
            id="project-state",
        ),
        pytest.param(
            {"project_key": "blog", "component": "api"}, ["blog/api"], id="project-component"
        ),
        pytest.param({"component": "api", "state": "degraded"}, ["blog/api"], id="component-state"),
        pytest.param(
            {"project_key": "shop", "component": "api", "state": "degraded"}, [], id="all-none"
        ),
        pytest.param({"project_key": "Shop"}, [], id="project-case"),
        pytest.param({"state": "built "}, [], id="state-space"),
        pytest.param({"component": "ap"}, [], id="component-part"),
        pytest.param(
            {"project_key": "shop", "session_id": "host/a"},
            ["shop/db", "shop/web", "shop/api"],
            id="with-session",
        ),
    ],
)
def test_filters(fleet: Agent, query: dict[str, str], expected: list[str]) -> None:
    assert listed(fleet, **query) == expected


def test_items_are_whole_and_current(client: Agent) -> None:
    put(client, "building")
    current = put(client, "built").json
    assert client.get("/components", project_key="shop").json["items"] == [current]


def test_pages_follow_each_other_without_gap_or_repeat(client: Agent) -> None:
    names = [f"c{number}" for number in range(7)]
    for name in names:
        put(client, component=name)
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = client.get("/components", project_key="shop", limit=3, **cursor).json
        found += [item["component"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == names[::-1]


def test_a_change_in_between_hides_nothing_from_later_pages(client: Agent) -> None:
    for number in range(4):
        put(client, component=f"c{number}")
    first = client.get("/components", limit=2).json
    put(client, "degraded", "c0")
    put(client, component="c4")
    second = client.get("/components", limit=2, cursor=first["next_cursor"]).json
    assert [item["component"] for item in second["items"]] == ["c1", "c0"]
    assert second["items"][1]["state"] == "degraded"


def test_the_limit_itself_is_a_whole_page(client: Agent) -> None:
    put(client, component="a")
    put(client, component="b")
    assert client.get("/components", limit=2).json["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "501"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"project_key": ""}, "project_key"),
        ({"component": "c" * 201}, "component"),
        ({"state": "s" * 101}, "state"),
        ({"projekt": "shop"}, "projekt"),
        ({"version": "1"}, "version"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_bad_parameters_are_named(client: Agent, query: dict[str, str], field: str) -> None:
    answer = client.get("/components", **query)
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])


def test_the_cursor_of_a_history_is_not_one_of_this_list(client: Agent) -> None:
    put(client, "building")
    put(client, "built")
    cursor = client.get("/components/shop/api/history", limit=1).json["next_cursor"]
    assert client.get("/components", cursor=cursor).status_code == 422
