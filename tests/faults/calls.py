"""The calls that fault tests make: every kind of read and write, on things that exist, so that each
of them reaches the database.
"""

import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from tests.service import Answer, Service, until

ANSWER_WITHIN_S = 5
BACK_WITHIN_S = 10
AT_ONCE_S = 0.5
BODY = {"detail": "Database unavailable. Retry after 30 seconds.", "retry_after": 30}

PROJECT = "faults"


@dataclass(frozen=True)
class Call:
    """A call with its query and, when it is a write, its body."""

    method: str
    path: str
    body: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def claim(resource: str, session: str = "host/a", **more: Any) -> Call:
    return Call(
        "POST",
        "/locks",
        {"project_key": PROJECT, "session_id": session, "resource": resource, **more},
    )


def reads(service: Service) -> list[Call]:
    """One read of each kind. The things that they are about are made first."""
    lock = made(service, claim(f"read {uuid.uuid4()}"))["id"]
    here = f"project_key={PROJECT}"
    paths = [
        f"/locks?{here}",
        f"/locks/{lock}",
        f"/components?{here}",
        f"/workflows?{here}&status=active",
        f"/work-items?{here}&ready=true",
        f"/messages?to_session=host%2Fb&unread_only=true&{here}",
        f"/status?{here}",
    ]
    return [Call("GET", path) for path in paths]


def writes(service: Service) -> list[Call]:
    """One write of each kind, each of which has something to change.

    The things that they are about are made first.
    """
    locks = [
        made(service, claim(f"write {uuid.uuid4()}", session))["id"]
        for session in ("host/a", "host/a", "host/b")
    ]
    workflow = made(
        service,
        Call("POST", "/workflows", {"project_key": PROJECT, "name": "w", "created_by": "host/a"}),
    )["id"]
    item_body = {"workflow_id": workflow, "project_key": PROJECT, "title": "t"}
    items = [made(service, Call("POST", "/work-items", item_body))["id"] for _ in range(2)]
    message_body = {
        "from_session": "host/a",
        "to_session": "host/b",
        "project_key": PROJECT,
        "subject": "s",
        "body": "b",
    }
    message = made(service, Call("POST", "/messages", message_body))["id"]
    component = {"state": f"built {uuid.uuid4()}", "updated_by": "host/a"}
    session = quote("host/a", safe="")
    return [
        claim(f"write {uuid.uuid4()}"),
        Call("PATCH", f"/locks/{locks[0]}", {"session_id": "host/a", "ttl_hours": 1}),
        Call("DELETE", f"/locks/{locks[1]}?session_id={session}"),
        Call("DELETE", "/locks?session_id=host/b&release_all=true"),
        Call("PUT", "/components", {"project_key": PROJECT, "component": "api", **component}),
        Call("PUT", f"/components/{PROJECT}/api", component),
        Call("POST", "/workflows", {"project_key": PROJECT, "name": "w", "created_by": "host/a"}),
        Call("PATCH", f"/workflows/{workflow}", {"status": "active", "session_id": "host/a"}),
        Call("POST", "/work-items", item_body),
        Call("PATCH", f"/work-items/{items[0]}", {"status": "completed", "session_id": "host/a"}),
        Call("POST", "/work-items/claim", {"session_id": "host/a", "project_key": PROJECT}),
        Call("POST", "/messages", message_body),
        Call("PUT", f"/messages/{message}/read?session_id=host/b"),
        Call("PUT", "/messages/read", {"session_id": "host/b"}),
    ]


def made(service: Service, call: Call) -> Any:
    answer = service.call(call.method, call.path, call.body)
    assert answer.status == 201, f"{call}: {answer}"
    return answer.json


def one_by_one(service: Service, calls: Iterable[Call]) -> list[Answer]:
    return [service.call(call.method, call.path, call.body) for call in calls]


def all_at_once(service: Service, calls: list[Call]) -> list[Answer]:
    """Their answers. `seconds` is less by what as many calls take here, just then, that ask no
    database: on a busy machine the last of 60 reaches the service after more than a second.
    """

    def made_at_once(calls: list[Call]) -> list[Answer]:
        return list(pool.map(lambda call: service.call(call.method, call.path, call.body), calls))

    alive = [Call("GET", "/livez")] * len(calls)
    with ThreadPoolExecutor(len(calls)) as pool:
        before, answers, after = made_at_once(alive), made_at_once(calls), made_at_once(alive)
    busy_s = max(answer.seconds for answer in [*before, *after])
    return [replace(answer, seconds=answer.seconds - busy_s) for answer in answers]


def assert_unavailable(answer: Answer, what: object) -> None:
    assert (answer.status, answer.headers["Retry-After"]) == (503, "30"), f"{what}: {answer}"
    assert answer.json == BODY, f"{what}: {answer}"
    assert answer.seconds < ANSWER_WITHIN_S, f"{what}: {answer}"


def assert_all_unavailable(calls: list[Call], answers: list[Answer]) -> None:
    for call, answer in zip(calls, answers, strict=True):
        assert_unavailable(answer, call)


def assert_most_at_once(answers: list[Answer]) -> None:
    """All but the few that found out: one in each worker, and one more each time that the database
    is tried again.
    """
    waits = sorted(answer.seconds for answer in answers)
    assert waits[len(waits) * 3 // 4] < AT_ONCE_S, waits


def assert_degraded(service: Service) -> None:
    health = service.call("GET", "/health")
    assert (health.status, health.headers["Retry-After"]) == (503, "30"), health
    assert (health.json["status"], health.json["database"]) == ("degraded", "disconnected"), health
    assert health.seconds < ANSWER_WITHIN_S, health


def assert_alive(service: Service) -> None:
    live = service.call("GET", "/livez")
    assert live.status == 200, live
    assert live.seconds < 1, live


def works(service: Service) -> bool:
    """Reads, writes and /health, often enough that every worker has had its turn."""
    calls = [
        Call("GET", "/health"),
        Call("GET", f"/status?project_key={PROJECT}"),
        claim(f"back {uuid.uuid4()}"),
    ] * 4
    return all(answer.status in (200, 201) for answer in all_at_once(service, calls))


def assert_back(service: Service) -> None:
    """Without a restart: the same workers serve again."""
    workers = sorted(service.workers())
    until(lambda: works(service), BACK_WITHIN_S, "the service to work again")
    assert sorted(service.workers()) == workers


def nobody_waits(service: Service) -> bool:
    """False, too, while one of the workers has not found its database again."""
    answer = service.call("GET", "/locks/waiters")
    return answer.status == 200 and not answer.json["items"]
