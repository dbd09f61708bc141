"""What waited meets the real service: it arrives once, also when its first try had arrived, and
undoes nothing that is newer.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from coord.client import wire
from coord.client.calls import Calls, Queued, Timeouts
from coord.client.percent import query
from coord.client.queue import BASE, Call, timestamp
from coord.client.wire import Away
from coord.client.workspace import Workspace
from tests.client.recording import shell_adds, shell_line
from tests.service import BESIDE_PORT, Service, running

if TYPE_CHECKING:
    from tests.databases import MariaDB


@pytest.fixture(scope="module", params=["sqlite"] if BESIDE_PORT else ["sqlite", "mariadb"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("late")
    url = f"sqlite:///{folder}/coord.db"
    if request.param == "mariadb":
        server: MariaDB = request.getfixturevalue("mariadb")
        url = server.create_database(f"t{uuid.uuid4().hex}")
    with running(folder, url) as started:
        yield started


@pytest.fixture
def calls(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Calls:
    (tmp_path / "shop" / ".git").mkdir(parents=True)
    monkeypatch.setenv("COORD_URL", service.url)
    key = uuid.uuid4().hex
    monkeypatch.setenv("COORD_PROJECT", f"shop-{key}")
    return Calls(Workspace(str(tmp_path / "shop")), f"host/{key}", Timeouts(replay=30))


@pytest.fixture
def lose_answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From now on calls arrive, and their answers do not."""

    def lose() -> None:
        def loses(*args: Any, **kwargs: Any) -> Any:
            wire.call(*args, **kwargs)
            raise Away("the answer was lost")

        monkeypatch.setattr("coord.client.calls.send_call", loses)

    return lose


def keep(calls: Calls, method: str, path: str, body: dict[str, Any] | None = None) -> Call:
    """A write that is queued without a try."""
    calls.offline = True
    with pytest.raises(Queued) as raised:
        calls.write(method, path, body)
    calls.offline = False
    return raised.value.call


def replayed(calls: Calls) -> int:
    """Replays all; how many calls that sent. None was refused."""
    done = calls.replay()
    assert (done.waiting, done.why, done.rejected, calls.queue.is_empty) == (0, None, [], True)
    return done.sent


def events(service: Service, calls: Calls) -> list[str]:
    return [
        event["type"]
        for event in service.call(
            "GET", f"/events{query(after=0, project_key=calls.workspace.project)}"
        ).json["items"]
    ]


def held(calls: Calls) -> list[str]:
    return sorted(
        lock["resource"]
        for lock in calls.read(f"/locks{query(project_key=calls.workspace.project)}").json["items"]
    )


def claim(calls: Calls, resource: str) -> dict[str, Any]:
    return {
        "project_key": calls.workspace.project,
        "session_id": calls.session,
        "resource": resource,
    }


def message(calls: Calls) -> dict[str, Any]:
    sender = {"project_key": calls.workspace.project, "from_session": calls.session}
    return {**sender, "subject": "s", "body": ""}


def workflow(calls: Calls) -> dict[str, Any]:
    return {"project_key": calls.workspace.project, "name": "w", "created_by": calls.session}


WRITES: dict[str, Callable[[Calls], tuple[str, str, dict[str, Any] | None, str]]] = {
    "message": lambda calls: ("POST", "/messages", message(calls), "message.sent"),
    "claim": lambda calls: ("POST", "/locks", claim(calls, "x"), "lock.claimed"),
    "workflow": lambda calls: ("POST", "/workflows", workflow(calls), "workflow.created"),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_a_create_whose_answer_was_lost_is_made_once(
    calls: Calls,
    service: Service,
    lose_answers: Callable[[], None],
    write: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    method, path, body, event = write(calls)
    lose_answers()
    with pytest.raises(Queued):
        calls.write(method, path, body)
    monkeypatch.undo()
    assert replayed(calls) == 1
    assert events(service, calls).count(event) == 1


def test_a_change_whose_answer_was_lost_is_made_once_and_is_no_refusal(
    calls: Calls,
    service: Service,
    lose_answers: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flow = calls.write(
        "POST",
        "/workflows",
        {"project_key": calls.workspace.project, "name": "w", "created_by": calls.session},
    ).json["id"]
    lose_answers()
    with pytest.raises(Queued):
        calls.write(
            "PATCH", f"/workflows/{flow}", {"description": "new", "session_id": calls.session}
        )
    monkeypatch.undo()
    assert replayed(calls) == 1
    assert events(service, calls) == ["workflow.created", "workflow.updated"]


def test_a_report_whose_answer_was_lost_stands_and_is_no_refusal(
    calls: Calls, lose_answers: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_answers()
    with pytest.raises(Queued):
        calls.write(
            "PUT",
            f"/components/{calls.workspace.project}/api",
            {"state": "built", "updated_by": calls.session},
        )
    monkeypatch.undo()
    assert replayed(calls) == 1
    assert calls.read(f"/components/{calls.workspace.project}/api").json["state"] == "built"


def test_a_claim_that_was_sent_before_its_release_was_queued_leaves_no_lock_behind(
    calls: Calls,
) -> None:
    kept = keep(calls, "POST", "/locks", claim(calls, "by name"))
    keep(calls, "POST", "/locks", claim(calls, "all"))
    assert (kept.body or {})["observed_at"] == kept.ts
    one = query(session_id=calls.session, project_key=calls.workspace.project, resource="by name")
    decided = [
        Call("DELETE", f"{BASE}/locks{one}"),
        Call("DELETE", f"{BASE}/locks{query(session_id=calls.session, release_all=True)}"),
    ]
    assert replayed(calls) == 2
    assert held(calls) == ["all", "by name"]
    calls.queue.append(decided[0])
    assert replayed(calls) == 1
    assert held(calls) == ["all"]
    calls.queue.append(decided[1])
    assert replayed(calls) == 1
    assert held(calls) == []


def test_a_renewal_that_waited_does_not_keep_the_lock_from_the_release_behind_it(
    calls: Calls,
) -> None:
    lock = calls.write("POST", "/locks", claim(calls, "x")).json["id"]
    keep(calls, "PATCH", f"/locks/{lock}", {"session_id": calls.session})
    keep(calls, "DELETE", f"/locks{query(session_id=calls.session, release_all=True)}")
    assert replayed(calls) == 2
    assert held(calls) == []


def test_a_release_of_all_that_was_decided_before_a_claim_leaves_it(calls: Calls) -> None:
    calls.write("POST", "/locks", claim(calls, "old"))
    late = Call(
        "DELETE",
        f"{BASE}/locks{query(session_id=calls.session, release_all=True)}",
        ts=timestamp(time.time()),
    )
    calls.write("POST", "/locks", claim(calls, "new"))
    calls.queue.append(late)
    assert replayed(calls) == 1
    assert held(calls) == ["new"]


def test_a_shell_that_claims_directly_and_queues_the_release_in_the_same_second_holds_nothing(
    calls: Calls,
) -> None:
    calls.write("POST", "/locks", claim(calls, "x"))
    ts = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    path = f"{BASE}/locks{query(session_id=calls.session, release_all=True)}"
    shell_adds(calls.queue, shell_line(ts=ts, method="DELETE", path=path, body=None))
    assert replayed(calls) == 1
    assert held(calls) == []


def test_an_end_that_waited_behind_messages_of_its_session_ends_it(calls: Calls) -> None:
    calls.ask(
        "POST",
        "/sessions/heartbeat",
        {"session_id": calls.session, "project_key": calls.workspace.project},
    )
    calls.write("POST", "/locks", claim(calls, "x"))
    keep(calls, "POST", "/messages", {"from_session": calls.session, "subject": "s", "body": ""})
    keep(calls, "DELETE", f"/sessions{query(session_id=calls.session)}")
    assert replayed(calls) == 2
    assert held(calls) == []


def test_an_end_that_waited_does_not_end_a_session_that_has_come_back_elsewhere(
    calls: Calls,
) -> None:
    keep(calls, "DELETE", f"/sessions{query(session_id=calls.session)}")
    elsewhere = Calls(calls.workspace, calls.session)
    elsewhere.queue = type(calls.queue)(f"{calls.queue.folder}.elsewhere")
    elsewhere.ask(
        "POST",
        "/sessions/heartbeat",
        {"session_id": calls.session, "project_key": calls.workspace.project},
    )
    elsewhere.ask("POST", "/locks", claim(calls, "x"))
    assert replayed(calls) == 1
    assert held(calls) == ["x"]


@pytest.mark.parametrize("ahead_s", [3600, 400])
def test_a_clock_that_is_far_ahead_loses_no_call(calls: Calls, ahead_s: float) -> None:
    ts = timestamp(time.time() + ahead_s)
    calls.queue.append(
        Call(
            "PUT",
            f"{BASE}/components/{calls.workspace.project}/api",
            {"state": "built", "updated_by": calls.session},
            ts,
        )
    )
    calls.queue.append(
        Call("POST", f"{BASE}/locks", {**claim(calls, "x"), "id": str(uuid.uuid4())}, ts)
    )
    assert replayed(calls) == 2
    assert held(calls) == ["x"]


@pytest.mark.parametrize(("first_s", "then_s"), [(3600, 0), (-100, -700)], ids=["still", "by now"])
def test_a_clock_that_was_put_back_between_two_calls_makes_neither_newer(
    calls: Calls, first_s: float, then_s: float
) -> None:
    component = f"/components/{calls.workspace.project}/api"
    for state, from_now_s in (("building", first_s), ("built", then_s)):
        ts = timestamp(time.time() + from_now_s)
        body = {"state": state, "updated_by": calls.session}
        calls.queue.append(Call("PUT", f"{BASE}{component}", body, ts))
    assert replayed(calls) == 2
    assert calls.read(component).json["state"] == "built"
