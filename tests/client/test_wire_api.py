"""The wire of API 1: every call that the client of version 0.1.0 makes, recorded from it, is
accepted by this version and every later one.

It fails? Then a client in the field would fail. Mend the service; never the recording. See
docs/design.md.
"""

import re
from collections import Counter

from flask import Flask

from coord.web import BASE_PATH
from tests.client.record_wire import recorded
from tests.conftest import Agent

OTHERS = {  # what the client leaves to others
    ("GET", "/events/stream"),  # it follows /events, which it can go on with after an outage
    ("GET", "/locks/*"),
    ("POST", "/sessions/heartbeat"),  # a check-in is one, and more
    ("PUT", "/messages/*/read"),  # it marks several at once
    ("PUT", "/components"),  # it names the component in the path
    ("GET", "/board"),  # the page's own
    ("GET", "/board/counts"),
    ("GET", "/board/history"),
    ("GET", "/board/past"),
    ("GET", "/board/stream"),
    ("GET", "/board/timeline"),
}


def test_every_recorded_call_is_answered_as_it_was(client: Agent) -> None:
    calls = recorded()
    assert len(calls) > 100
    for nth, call in enumerate(calls, 1):
        answer = client.client.open(
            call["path"], method=call["method"], headers=call["headers"], json=call["body"]
        )
        same = {200, 201} if call["status"] in (200, 201) else {call["status"]}
        assert answer.status_code in same, (
            f"line {nth}: {call['method']} {call['path']} {call['body']}\n{answer.text}"
        )


def test_a_second_time_nothing_is_made_twice(client: Agent) -> None:
    """As by a client that died before it could note that its queue was sent."""
    calls = [call for call in recorded() if call["method"] == "POST" and call["status"] == 201]
    made: list[Counter[int]] = []
    for _ in range(2):
        answers = [
            client.client.open(
                call["path"], method="POST", headers=call["headers"], json=call["body"]
            )
            for call in calls
        ]
        made.append(Counter(answer.status_code for answer in answers))
    assert made[0][201] > 20
    assert made[1][201] == 0


def test_every_call_that_there_is_was_recorded(app: Flask) -> None:
    """New calls belong to the wire from the version on that has them: python -m
    tests.client.record_wire prints what is to be added.
    """
    seen = {(call["method"], path_of(call["path"])) for call in recorded()}
    there = {
        (method, re.sub(r"<[^>]*>", "*", rule.rule.removeprefix(BASE_PATH)))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(BASE_PATH)
        for method in (rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}
    }
    assert there - seen == OTHERS


def path_of(path: str) -> str:
    route = re.sub(
        r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        "*",
        path.removeprefix(BASE_PATH).partition("?")[0],
    )
    return re.sub(r"^/components/[^/]+/[^/]+", "/components/*/*", route)
