"""Names of projects and components, in paths and elsewhere."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.conftest import Agent

NAMES = [
    "web/front end",
    "/",
    "a//b",
    "history",
    "api/history",
    "ünïcode \N{ROCKET}",
    "50%",
    "a+b",
    "a?b#c",
    "a;b=c&d",
    "..x",
    "a\\b",
    "'\"",
]


def path(component: str, project: str = "shop") -> str:
    return f"/components/{quote(project, safe='')}/{quote(component, safe='')}"


@pytest.mark.parametrize("name", NAMES)
def test_any_name_works_in_every_call(client: Agent, name: str) -> None:
    created = client.put(path(name), state="built", updated_by="host/a")
    assert (created.status_code, created.json["component"]) == (201, name)
    changed = client.put(
        "/components", project_key="shop", component=name, state="deployed", updated_by="host/a"
    )
    assert changed.status_code == 200
    assert client.get(path(name)).json == changed.json
    assert client.get("/components", component=name).json["items"] == [changed.json]
    history = client.get(path(name) + "/history").json["items"]
    assert [(item["component"], item["state"]) for item in history] == [
        (name, "deployed"),
        (name, "built"),
    ]
    retired = client.delete(path(name))
    assert (retired.status_code, retired.json) == (200, changed.json)
    assert client.get(path(name)).status_code == 404


@pytest.mark.parametrize("name", NAMES)
def test_any_project_works_in_a_path(client: Agent, name: str) -> None:
    created = client.put(path("api", name), state="built", updated_by="host/a")
    assert (created.status_code, created.json["project_key"]) == (201, name)
    assert client.get(path("api", name)).json == created.json
    assert client.get("/components", project_key=name).json["items"] == [created.json]


def test_names_compare_exactly(client: Agent) -> None:
    names = ["api", "Api", "api ", "ápi", "a\u0301pi"]
    for name in names:
        assert client.put(path(name), state="built", updated_by="host/a").status_code == 201
    assert [item["component"] for item in client.get("/components").json["items"]] == names[::-1]


def test_a_slash_in_one_name_is_not_the_border_of_two(client: Agent) -> None:
    client.put(path("c", "a/b"), state="one", updated_by="host/a")
    client.put(path("b/c", "a"), state="two", updated_by="host/a")
    assert client.get(path("c", "a/b")).json["state"] == "one"
    assert client.get(path("b/c", "a")).json["state"] == "two"


@pytest.mark.parametrize(
    ("named", "field"),
    [(("c" * 201, "shop"), "component"), (("api", "p" * 101), "project_key")],
    ids=["component-long", "project_key-long"],
)
def test_a_name_too_long_in_the_path_is_refused(
    client: Agent, named: tuple[str, str], field: str
) -> None:
    answer = client.put(path(*named), state="built", updated_by="host/a")
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])


@pytest.mark.parametrize(("method", "more"), [("GET", ""), ("GET", "/history"), ("DELETE", "")])
def test_a_name_too_long_for_any_component_is_not_found(
    client: Agent, method: str, more: str
) -> None:
    assert client.call(method, path("c" * 201) + more).status_code == 404


@pytest.mark.parametrize(
    "encoded", ["a%00b", "a%ff", "%ed%a0%80"], ids=["nul", "not-utf8", "surrogate"]
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_no_name_may_contain_is_refused(client: Agent, method: str, encoded: str) -> None:
    body: Any = {"state": "built", "updated_by": "host/a"} if method == "PUT" else None
    answer = client.call(method, f"/components/shop/{encoded}", body)
    assert 400 <= answer.status_code < 500
    assert answer.json["error"]
    assert client.get("/components").json["items"] == []
