"""Long lists are dumped and encoded in parts, and look as they would otherwise."""

import json
from typing import cast

import pytest
from flask import Flask, Response, current_app

from coord.testing import Agent
from coord.web import GIVE_WAY
from coord.web.long_answers import PART

ROWS = 3 * PART


def test_between_two_parts_of_a_long_list_a_call_gives_way(
    app: Flask, client: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(ROWS):
        body = {"state": "built", "updated_by": "host/a"}
        assert client.put(f"/components/p/c{number}", **body).status_code == 201
    given: list[None] = []
    monkeypatch.setitem(app.extensions, GIVE_WAY, lambda: given.append(None))
    assert len(client.get("/components", project_key="p").json["items"]) == ROWS
    assert len(given) == 2 + 2  # as it is dumped, and as it is encoded


@pytest.mark.parametrize(
    "body",
    [
        {"items": [{"n": number, "text": "é\n"} for number in range(ROWS)], "next_cursor": None},
        {"items": [[], *range(ROWS)], "b": [], "c": [*range(PART + 1)], "d": 1},
        {"items": [*range(PART)]},
        {},
        [*range(ROWS)],
        "text",
    ],
    ids=["a page", "two lists", "a short list", "nothing", "only a list", "no object"],
)
def test_an_answer_is_the_same_json_however_long_it_is(app: Flask, body: object) -> None:
    with app.test_request_context():
        sent = cast(Response, current_app.json.response(body)).get_data()
    expected = json.dumps(body, ensure_ascii=False, separators=(",", ":")) + "\n"
    assert sent.decode() == expected


def test_half_a_surrogate_pair_in_a_long_list_is_replaced(app: Flask) -> None:
    with app.test_request_context():
        sent = cast(Response, current_app.json.response(items=["\ud800"] * ROWS)).get_data()
    assert json.loads(sent) == {"items": ["\ufffd"] * ROWS}
