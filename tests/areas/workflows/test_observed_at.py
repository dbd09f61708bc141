"""`observed_at` of PATCH /work-items/<id> and PATCH /workflows/<id>: late and repeated changes."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from coord import upkeep
from tests.areas.workflows.conftest import Make
from tests.conftest import Agent, Clock, at_once, moved

NAMES = {"work_item": "title", "workflow": "name"}


@pytest.fixture(params=list(NAMES))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def made(kind: str, item: Make, workflow: Make) -> dict[str, Any]:
    """A work item or a workflow, as it was created just now."""
    return item() if kind == "work_item" else workflow()


@pytest.fixture
def path(kind: str, made: dict[str, Any]) -> str:
    return f"/{kind.replace('_', '-')}s/{made['id']}"


@pytest.fixture
def stored(client: Agent, path: str) -> Callable[[], dict[str, Any]]:
    def get() -> dict[str, Any]:
        found: dict[str, Any] = client.get(path).json
        found.pop("work_items", None)
        return found

    return get


def change(path: str, **fields: Any) -> Callable[[Agent], Any]:
    return lambda agent: agent.patch(path, **fields)


def told(rows: list[dict[str, Any]], kind: str) -> list[str]:
    """What the journal says of it besides that it was created."""
    return [
        row["type"]
        for row in rows
        if row["subject_kind"] == kind and not row["type"].endswith(".created")
    ]


def test_it_is_shown_always(client: Agent, kind: str, made: dict[str, Any], path: str) -> None:
    assert made["observed_at"] == made["created_at"]
    listed = client.get(f"/{kind.replace('_', '-')}s").json["items"]
    assert [each["observed_at"] for each in listed if each["id"] == made["id"]] == [
        made["created_at"]
    ]
    assert client.get(path).json["observed_at"] == made["created_at"]


def test_it_is_kept_as_it_was_given(client: Agent, made: dict[str, Any], path: str) -> None:
    early = moved(made["created_at"], hours=-1)
    answer = client.patch(path, status="completed", observed_at=early)
    assert (answer.status_code, answer.json["status"], answer.json["observed_at"]) == (
        200,
        "completed",
        early,
    )
    assert answer.json["updated_at"] > made["updated_at"]


def test_a_change_without_it_is_made_now(client: Agent, path: str, clock: Clock) -> None:
    clock.move(minutes=5)
    for more in ({}, {"observed_at": None}):
        answer = client.patch(path, status="blocked" if more else "completed", **more)
        assert (answer.status_code, answer.json["observed_at"]) == (200, answer.json["updated_at"])


def test_an_older_change_is_refused_and_changes_nothing(
    client: Agent, kind: str, path: str, stored: Callable[[], dict[str, Any]], journal_rows: Any
) -> None:
    stands = client.patch(path, status="completed", session_id="host/a").json
    before = journal_rows()
    late = moved(stands["observed_at"], microseconds=-1)
    for status in ("blocked", "completed"):
        answer = client.patch(path, status=status, observed_at=late, session_id="host/b")
        assert (answer.status_code, answer.json["error"]) == (409, "superseded")
        assert answer.json[kind] == stands == stored()
        assert "completed" in answer.json["detail"]
        assert stands["observed_at"] in answer.json["detail"]
    assert journal_rows() == before


def test_it_is_compared_with_when_the_last_change_was_decided_not_stored(
    client: Agent, made: dict[str, Any], path: str
) -> None:
    noon = moved(made["created_at"], hours=-1)
    assert client.patch(path, status="blocked", observed_at=noon).status_code == 200
    assert (
        client.patch(path, status="completed", observed_at=moved(noon, minutes=1)).status_code
        == 200
    )
    assert (
        client.patch(path, status="blocked", observed_at=moved(noon, seconds=59)).status_code == 409
    )


def test_the_queue_of_one_session_is_applied_in_order_and_once(
    client: Agent,
    kind: str,
    made: dict[str, Any],
    path: str,
    stored: Callable[[], dict[str, Any]],
    journal_rows: Any,
) -> None:
    noon = moved(made["created_at"], hours=-1)
    started = "in_progress" if kind == "work_item" else "active"
    queue = [
        {"status": started, "session_id": "host/a", "observed_at": noon},
        {NAMES[kind]: "VAT", "session_id": "host/a", "observed_at": moved(noon, minutes=1)},
        {"status": "completed", "session_id": "host/a", "observed_at": moved(noon, minutes=2)},
    ]
    assert [client.patch(path, **line).status_code for line in queue] == [200, 200, 200]
    once, rows = stored(), journal_rows()
    assert (once["status"], once[NAMES[kind]], once["observed_at"]) == (
        "completed",
        "VAT",
        moved(noon, minutes=2),
    )
    assert [client.patch(path, **line).status_code for line in queue] == [409, 409, 200]
    assert stored() == once
    assert journal_rows() == rows


def test_what_is_created_late_takes_the_changes_that_were_queued_behind_it(
    client: Agent, made: dict[str, Any], path: str
) -> None:
    long_ago = "2026-01-05T10:00:00Z"
    assert client.patch(path, status="blocked", observed_at=long_ago).status_code == 200
    assert (
        client.patch(path, status="completed", observed_at="2026-01-05T11:00:00Z").status_code
        == 200
    )


def test_an_exact_replay_changes_nothing(
    client: Agent, kind: str, path: str, made: dict[str, Any], clock: Clock, journal_rows: Any
) -> None:
    change = {
        "status": "completed",
        "session_id": "host/a",
        "observed_at": moved(made["created_at"], hours=-1),
    }
    once = client.patch(path, **change)
    clock.move(minutes=5)
    again = client.patch(path, **change)
    assert (again.status_code, again.json) == (200, once.json)
    assert told(journal_rows(), kind) == [f"{kind}.completed"]


def test_a_repeat_without_it_changes_nothing_either(
    client: Agent, kind: str, path: str, clock: Clock, journal_rows: Any
) -> None:
    once = client.patch(path, status="completed", session_id="host/a")
    clock.move(minutes=5)
    again = client.patch(path, status="completed", session_id="host/a")
    assert (again.status_code, again.json) == (200, once.json)
    assert told(journal_rows(), kind) == [f"{kind}.completed"]


def test_other_content_of_the_same_moment_applies(
    client: Agent, path: str, made: dict[str, Any]
) -> None:
    noon = moved(made["created_at"], hours=-1)
    for status in ("blocked", "completed"):
        answer = client.patch(path, status=status, observed_at=noon)
        assert (answer.status_code, answer.json["status"]) == (200, status)


def test_a_replay_does_not_undo_what_followed_in_the_same_moment(
    client: Agent, kind: str, path: str, made: dict[str, Any], journal_rows: Any
) -> None:
    second = moved(made["created_at"], hours=-1)[:19] + "Z"
    for _ in range(2):
        for status in ("blocked", "cancelled", "completed"):
            assert client.patch(path, status=status, observed_at=second).status_code == 200
    assert client.get(path).json["status"] == "completed"
    assert told(journal_rows(), kind) == [
        f"{kind}.updated",
        f"{kind}.cancelled",
        f"{kind}.completed",
    ]


def test_what_is_wanted_again_later_is_confirmed_once_and_shuts_out_what_came_between(
    client: Agent, kind: str, path: str, made: dict[str, Any], journal_rows: Any
) -> None:
    noon = moved(made["created_at"], hours=-1)
    client.patch(path, status="completed", observed_at=noon)
    for _ in range(2):
        answer = client.patch(
            path, status="completed", observed_at=moved(noon, minutes=10), session_id="host/b"
        )
        assert (answer.status_code, answer.json["observed_at"]) == (200, moved(noon, minutes=10))
    assert (
        client.patch(path, status="blocked", observed_at=moved(noon, minutes=5)).status_code == 409
    )
    assert told(journal_rows(), kind) == [f"{kind}.completed", f"{kind}.confirmed"]
    assert (journal_rows()[-1]["session_id"], journal_rows()[-1]["data"]["changed"]) == (
        "host/b",
        [],
    )


def test_a_change_without_it_is_never_late(
    client: Agent, path: str, made: dict[str, Any], clock: Clock
) -> None:
    ahead = moved(made["created_at"], minutes=4)
    client.patch(path, status="blocked", observed_at=ahead)
    answer = client.patch(path, status="completed")
    assert (answer.status_code, answer.json["status"], answer.json["observed_at"]) == (
        200,
        "completed",
        ahead,
    )
    clock.move(minutes=10)
    assert client.patch(path, status="blocked").json["observed_at"] > ahead


def test_a_time_ahead_by_more_than_five_minutes_names_the_clock_skew(
    client: Agent, path: str, made: dict[str, Any], stored: Callable[[], dict[str, Any]]
) -> None:
    answer = client.patch(
        path, status="completed", observed_at=moved(made["created_at"], minutes=6)
    )
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["observed_at"])
    assert "clock skew" in answer.json["detail"]
    assert stored() == made


@pytest.mark.parametrize("written", ["yesterday", "2026-01-05T10:00:00", 5, ""])
def test_what_is_no_time_is_refused(client: Agent, path: str, written: Any) -> None:
    answer = client.patch(path, status="completed", observed_at=written)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["observed_at"])


def test_a_claim_is_newer_than_what_was_decided_before_it(client: Agent, item: Make) -> None:
    made = item()
    claimed = client.post("/work-items/claim", session_id="host/a").json
    assert claimed["observed_at"] == claimed["claimed_at"]
    answer = client.patch(
        f"/work-items/{made['id']}", status="cancelled", observed_at=made["created_at"]
    )
    assert (answer.status_code, answer.json["work_item"]) == (409, claimed)
    assert (
        client.patch(
            f"/work-items/{made['id']}", status="completed", observed_at=claimed["claimed_at"]
        ).status_code
        == 200
    )


@pytest.mark.parametrize("how", ["ended", "gone"])
def test_a_return_is_newer_than_what_the_session_decided_before_it_left(
    app: Flask, client: Agent, item: Make, clock: Clock, how: str
) -> None:
    made = item()["id"]
    client.post("/sessions/heartbeat", session_id="host/a", ttl_minutes=5)
    claimed = client.post("/work-items/claim", session_id="host/a").json
    clock.move(minutes=6)
    if how == "ended":
        client.delete("/sessions", session_id="host/a")
    else:
        app.extensions[
            "coord.activity"
        ].take()  # the clock was moved: what it has noted would count as calls of now
        upkeep.run_once(app)
    back = client.get(f"/work-items/{made}").json
    assert (back["status"], back["observed_at"]) == ("pending", back["updated_at"])
    late = moved(claimed["claimed_at"], minutes=3)
    answer = client.patch(
        f"/work-items/{made}", status="completed", session_id="host/a", observed_at=late
    )
    assert (answer.status_code, answer.json["work_item"]) == (409, back)


def test_what_happens_to_others_is_no_change_of_it(
    client: Agent, workflow: Make, item: Make
) -> None:
    flow = workflow()
    first, second = item(workflow_id=flow["id"]), item(workflow_id=flow["id"])
    waits = client.patch(f"/work-items/{second['id']}", depends_on=[first["id"]]).json
    client.patch(f"/work-items/{first['id']}", status="completed")
    assert client.get(f"/work-items/{second['id']}").json["observed_at"] == waits["observed_at"]
    assert client.get(f"/workflows/{flow['id']}").json["observed_at"] == flow["observed_at"]


def test_the_newest_change_stands_in_whatever_order_they_come(
    app: Flask, client: Agent, item: Make, workflow: Make, journal_rows: Any
) -> None:
    for number in range(10):
        for path, name in (
            (f"/work-items/{item()['id']}", "title"),
            (f"/workflows/{workflow()['id']}", "name"),
        ):
            order = random.Random(number).sample(range(12), 12)
            before = len(journal_rows())
            calls = [
                change(path, **{name: f"decided {nth}"}, observed_at=f"2026-01-05T10:00:{nth:02}Z")
                for nth in order
            ]
            codes = Counter(answer.status_code for answer in at_once(app, calls))
            assert set(codes) <= {200, 409}
            assert codes.total() == 12
            found = client.get(path).json
            assert (found[name], found["observed_at"]) == (
                "decided 11",
                "2026-01-05T10:00:11.000000Z",
            )
            assert len(journal_rows()) - before == codes[200]


def test_of_two_at_once_the_newer_stands_also_where_it_is_what_stood_before(
    app: Flask, client: Agent, item: Make
) -> None:
    for _ in range(20):
        path = f"/work-items/{item()['id']}"
        client.patch(path, status="completed", observed_at="2026-01-05T10:00:00Z")
        older = change(path, status="blocked", observed_at="2026-01-05T10:00:01Z")
        newer = change(path, status="completed", observed_at="2026-01-05T10:00:02Z")
        answers = at_once(app, [older, newer])
        assert answers[0].status_code in (200, 409)
        assert answers[1].status_code == 200
        assert client.get(path).json["status"] == "completed"


def test_one_change_sent_many_times_at_once_counts_once(
    app: Flask, item: Make, journal_rows: Any
) -> None:
    for _ in range(5):
        path = f"/work-items/{item()['id']}"
        before = len(journal_rows())
        answers = at_once(
            app, [change(path, status="blocked", observed_at="2026-01-05T10:00:00Z")] * 12
        )
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.text for answer in answers}) == 1
        assert len(journal_rows()) == before + 1


def test_a_late_change_and_a_claim_at_once_never_end_with_the_late_one(
    app: Flask, client: Agent, item: Make
) -> None:
    def take(agent: Agent) -> Any:
        return agent.post("/work-items/claim", session_id="host/a")

    for _ in range(15):
        path = f"/work-items/{item()['id']}"
        client.patch(path, description="why")
        refused, taken = at_once(
            app, [change(path, status="cancelled", observed_at="2026-01-05T10:00:00Z"), take]
        )
        assert (refused.status_code, taken.status_code) == (409, 200)
        assert client.get(path).json["status"] == "in_progress"
