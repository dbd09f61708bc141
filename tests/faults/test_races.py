"""Twelve sessions want the same thing at the same moment: one gets it, each time, and nobody sees
an error of the server.

COORD_TEST_ROUNDS says how often (200 unless set).
"""

import os
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier

import pytest

from tests.faults import calls
from tests.faults.calls import Call, claim
from tests.service import Answer, Service, until

SESSIONS = 12
ROUNDS = int(os.environ.get("COORD_TEST_ROUNDS", "200"))


class Racers:
    """Sessions that call at the same moment, each on a connection of its own that stays open."""

    def __init__(self, service: Service, stack: ExitStack) -> None:
        self.service = service
        self._callers = [stack.enter_context(service.caller()) for _ in range(SESSIONS)]
        self._pool = stack.enter_context(ThreadPoolExecutor(SESSIONS))

    def race(self, shots: list[Call]) -> list[Answer]:
        """One call of each session; the answers in the same order."""
        start = Barrier(len(shots))

        def shoot(number: int) -> Answer:
            start.wait()
            call = shots[number]
            return self._callers[number].call(call.method, call.path, call.body)

        return list(self._pool.map(shoot, range(len(shots))))


@pytest.fixture
def racers(sound_service: Service) -> Iterator[Racers]:
    with ExitStack() as stack:
        yield Racers(sound_service, stack)


def statuses(answers: list[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def all_claim(resource: str, **more: object) -> list[Call]:
    return [claim(resource, f"host/{number}", **more) for number in range(SESSIONS)]


def winner_of(answers: list[Answer], status: int = 201) -> Answer:
    return next(answer for answer in answers if answer.status == status)


def test_of_twelve_that_claim_a_resource_one_gets_it(racers: Racers) -> None:
    tokens = []
    for _ in range(ROUNDS):
        answers = racers.race(all_claim("contested"))
        assert statuses(answers) == {201: 1, 409: 11}
        lock = winner_of(answers).json
        assert {answer.json["lock"]["id"] for answer in answers if answer.status == 409} == {
            lock["id"]
        }
        tokens.append(lock["fencing_token"])
        assert (
            racers.service.call(
                "DELETE", f"/locks/{lock['id']}?session_id={lock['session_id']}"
            ).status
            == 200
        )
    assert tokens == sorted(set(tokens))


def test_of_twelve_that_claim_an_expired_resource_one_gets_it(racers: Racers) -> None:
    resources = [f"expired {number}" for number in range(ROUNDS)]
    expired = [
        calls.made(racers.service, claim(resource, "host/gone", ttl_hours=0.00001))
        for resource in resources
    ]
    until(
        lambda: not racers.service.call("GET", "/locks?session_id=host/gone").json["items"],
        10,
        "the locks to expire",
    )
    for old in expired:
        answers = racers.race(all_claim(old["resource"]))
        assert statuses(answers) == {201: 1, 409: 11}
        assert winner_of(answers).json["fencing_token"] > old["fencing_token"]
        assert racers.service.call("GET", f"/locks/{old['id']}").json["release_reason"] == "expired"


def test_of_twelve_that_take_over_a_stale_lock_one_gets_it(racers: Racers) -> None:
    resources = [f"stale {number}" for number in range(ROUNDS)]
    stale = [
        calls.made(racers.service, claim(resource, "host/asleep", ttl_hours=0))
        for resource in resources
    ]
    until(
        lambda: (
            not racers.service.call("GET", "/locks?session_id=host/asleep&stale=false").json[
                "items"
            ]
        ),
        20,
        "the locks to turn stale",
    )
    for old in stale:
        answers = racers.race(all_claim(old["resource"], take_over_stale=True))
        assert statuses(answers) == {201: 1, 409: 11}
        assert winner_of(answers).json["fencing_token"] > old["fencing_token"]
        assert racers.service.call("GET", f"/locks/{old['id']}").json["release_reason"] == "stale"


def test_of_twelve_that_claim_the_last_ready_item_one_gets_it(racers: Racers) -> None:
    workflow = calls.made(
        racers.service,
        Call("POST", "/workflows", {"project_key": "races", "name": "w", "created_by": "host/a"}),
    )["id"]
    shots = [
        Call("POST", "/work-items/claim", {"session_id": f"host/{number}", "workflow_id": workflow})
        for number in range(SESSIONS)
    ]
    for _ in range(ROUNDS):
        item = calls.made(
            racers.service,
            Call("POST", "/work-items", {"workflow_id": workflow, "title": "the last"}),
        )
        answers = racers.race(shots)
        assert statuses(answers) == {200: 1, 204: 11}
        won = winner_of(answers, 200).json
        session = f"host/{answers.index(winner_of(answers, 200))}"
        assert (won["id"], won["status"], won["assigned_to"]) == (
            item["id"],
            "in_progress",
            session,
        )


def test_of_twelve_that_send_the_same_create_one_makes_it(racers: Racers) -> None:
    for _ in range(ROUNDS // 4):
        body = {
            "id": str(uuid.uuid4()),
            "from_session": "host/a",
            "to_session": "host/b",
            "subject": "s",
            "body": "b",
        }
        answers = racers.race([Call("POST", "/messages", body)] * SESSIONS)
        assert statuses(answers) == {201: 1, 200: 11}
        assert {answer.json["id"] for answer in answers} == {body["id"]}
    unread = racers.service.call(
        "GET", "/messages?to_session=host/b&unread_only=true&limit=500"
    ).json["items"]
    assert len(unread) == ROUNDS // 4


def test_of_twelve_observations_the_newest_stays(racers: Racers) -> None:
    for number in range(ROUNDS // 4):
        path = f"/components/races/c{number}"
        shots = [
            Call(
                "PUT",
                path,
                {
                    "state": f"state {at}",
                    "updated_by": f"host/{at}",
                    "observed_at": f"2026-01-01T00:00:{at:02}Z",
                },
            )
            for at in range(SESSIONS)
        ]
        answers = racers.race(shots)
        assert set(statuses(answers)) <= {200, 201, 409}
        assert statuses(answers)[201] == 1
        assert racers.service.call("GET", path).json["state"] == "state 11"
