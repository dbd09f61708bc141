"""Recipes, as an agent sees them."""

from collections.abc import Callable

import pytest

from coord.store import Rows
from coord.testing import Agent, Answer, Clock

ID = "0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c11"


@pytest.fixture
def write(client: Agent) -> Callable[..., Answer]:
    def call(**fields: str) -> Answer:
        content = {
            "project_key": "shop",
            "session_id": "host/a",
            "title": "Build offline",
            "text": "make wheels",
        }
        return client.post("/recipes", **{**content, **fields})

    return call


def test_what_was_written_is_there(client: Agent, write: Callable[..., Answer]) -> None:
    recipe = write().json
    assert client.get(f"/recipes/{recipe['id']}").json == recipe
    assert client.get("/status").json["recent_recipes"] == [recipe]


def test_a_repeated_call_writes_nothing_twice(
    write: Callable[..., Answer], journal_rows: Callable[[], Rows]
) -> None:
    first, again = write(id=ID), write(id=ID)
    assert (first.status_code, again.status_code) == (201, 200)
    assert [row["type"] for row in journal_rows()] == ["recipe.written"]


def test_a_title_is_taken_once_in_a_project(write: Callable[..., Answer]) -> None:
    write()
    taken = write(text="something else")
    assert (taken.status_code, taken.json["error"]) == (409, "title_taken")
    assert write(project_key="other").status_code == 201


def test_an_edit_changes_the_text_and_when(
    client: Agent, write: Callable[..., Answer], clock: Clock
) -> None:
    recipe = write().json
    clock.move(minutes=5)
    edited = client.patch(f"/recipes/{recipe['id']}", session_id="host/b", text="make all").json
    assert edited["text"] == "make all"
    assert edited["created_at"] == recipe["created_at"] < edited["changed_at"]


def test_a_list_comes_in_pages(client: Agent, write: Callable[..., Answer]) -> None:
    for number in range(3):
        write(title=f"Recipe {number}")
    page = client.get("/recipes", limit=2).json
    assert [recipe["title"] for recipe in page["items"]] == ["Recipe 2", "Recipe 1"]
    last = client.get("/recipes", limit=2, cursor=page["next_cursor"]).json
    assert [recipe["title"] for recipe in last["items"]] == ["Recipe 0"]
    assert last["next_cursor"] is None
