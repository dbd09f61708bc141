"""Names that a lock may have, and those that would lock something else than is meant."""

from typing import Any

import pytest

from coord.areas.locks.resources import MAX_STEPS
from tests.conftest import Agent

DEEPEST = "/".join("x" * MAX_STEPS)


def claim(client: Agent, resource: str, session: str = "host/a", **more: Any) -> Any:
    return client.post("/locks", project_key="shop", session_id=session, resource=resource, **more)


@pytest.mark.parametrize(
    "name",
    [
        f"{DEEPEST}/x",
        f"/{DEEPEST}/x",
        f"{DEEPEST}/x/**",
        DEEPEST.replace("/", "\\") + "\\x",
        "/".join("x" * 250),
    ],
    ids=["relative", "absolute", "tree", "backslashes", "as long as may be"],
)
def test_a_name_has_at_most_32_steps(client: Agent, name: str) -> None:
    answer = claim(client, name)
    assert answer.status_code == 422
    (message,) = answer.json["errors"]["resource"]
    assert "steps" in message
    assert "at most 32" in message
    assert client.get("/locks").json["items"] == []
    for refused in (
        client.get("/locks", resource=name),
        client.get("/locks/waiters", resource=name),
        client.delete("/locks", session_id="host/a", project_key="shop", resource=name),
    ):
        assert (refused.status_code, list(refused.json["errors"])) == (422, ["resource"])


def test_a_name_of_32_steps_is_below_each_of_the_trees_above_it(client: Agent) -> None:
    assert claim(client, f"./{DEEPEST.replace('/', '//')}").status_code == 201
    for end in (1, 16, 31):
        assert claim(client, f"{'/'.join('x' * end)}/", "host/b").status_code == 409


@pytest.mark.parametrize("name", [" ", "   ", "\t", "\u00a0\u3000"], ids=ascii)
def test_a_blank_name_is_refused(client: Agent, name: str) -> None:
    answer = claim(client, name)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["resource"]
    assert client.get("/locks").json["items"] == []


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("src/*.py", "src/"),
        ("src/**/*.py", "src/"),
        ("*.py", "/"),
        ("*", "/"),
        ("src\\core\\*", "src/core/"),
        ("./src/*/x.py", "./src/"),
        ("/srv/**/x", "/srv/"),
    ],
)
def test_a_pattern_is_refused_and_the_folder_named(client: Agent, name: str, folder: str) -> None:
    answer = claim(client, name)
    assert answer.status_code == 422
    (message,) = answer.json["errors"]["resource"]
    assert f"Claim '{folder}'" in message
    several = client.post("/locks", project_key="shop", session_id="host/a", resources=["a", name])
    assert several.json["errors"]["resources"] == [f"[1]: {message}"]
    assert client.get("/locks").json["items"] == []


@pytest.mark.parametrize(
    "name",
    ["kubectl delete pods/*", "app/[id]/page.tsx", "really?", "src/**", "src/**/.", "/**", "**"],
)
def test_what_is_no_pattern_is_granted(client: Agent, name: str) -> None:
    assert claim(client, name).status_code == 201
    assert client.get("/locks").json["items"][0]["resource"] == name


def test_a_pattern_can_still_be_looked_for_and_released(client: Agent) -> None:
    assert client.get("/locks", project_key="shop", resource="src/*.py").json["items"] == []
    answer = client.delete("/locks", session_id="host/a", project_key="shop", resource="src/*.py")
    assert answer.json["released"] == 0


@pytest.mark.parametrize("member", ["a", 1, None, "", {"x": []}], ids=str)
def test_too_many_names_are_refused_for_that_alone(client: Agent, member: Any) -> None:
    answer = client.post(
        "/locks", project_key="shop", session_id="host/a", resources=[member] * 10_000
    )
    assert answer.status_code == 422
    assert answer.json["errors"] == {"resources": ["Length must be between 1 and 100."]}


def test_who_claims_again_learns_since_when_it_is_held(client: Agent) -> None:
    first = claim(client, "src/app.py").json
    again = claim(client, "src/app.py")
    assert (again.status_code, again.json["acquired_at"]) == (200, first["acquired_at"])
    assert again.json["last_activity_at"] > first["last_activity_at"]
