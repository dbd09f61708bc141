"""What waits for what: ready, chains, diamonds, edits, cycles."""

import uuid
from typing import Any

import pytest

from tests.areas.workflows.conftest import Make
from tests.conftest import Agent


def test_a_chain_becomes_ready_link_by_link(client: Agent, item: Make, patch: Make) -> None:
    chain = [item("0")["id"]]
    for n in range(1, 6):
        chain.append(item(str(n), depends_on=[chain[-1]], priority=n)["id"])
    for each in chain:
        ready = client.get("/work-items", ready="true").json["items"]
        assert [one["id"] for one in ready] == [each]
        assert client.post("/work-items/claim", session_id="host/a").json["id"] == each
        assert client.post("/work-items/claim", session_id="host/a").status_code == 204
        patch(each, status="completed")


def test_an_item_waits_for_all_its_dependencies(item: Make, patch: Make, shown: Make) -> None:
    top = item("top")["id"]
    sides = [item(side, depends_on=[top])["id"] for side in ("left", "right")]
    bottom = item("bottom", depends_on=sides)["id"]
    patch(top, status="completed")
    assert [shown(each)["ready"] for each in (*sides, bottom)] == [True, True, False]
    patch(sides[1], status="completed")
    assert shown(bottom)["ready"] is False
    patch(sides[0], status="completed")
    assert shown(bottom)["ready"] is True


@pytest.mark.parametrize("status", ["in_progress", "blocked", "cancelled"])
def test_only_completed_dependencies_count(
    item: Make, patch: Make, shown: Make, status: str
) -> None:
    first = item("first")["id"]
    second = item("second", depends_on=[first])["id"]
    patch(first, status=status)
    assert shown(second)["ready"] is False


def test_reopening_a_dependency_holds_up_what_waits_for_it(
    client: Agent, item: Make, patch: Make, shown: Make
) -> None:
    first = item("first", status="completed")["id"]
    second = item("second", depends_on=[first])["id"]
    under_way = item("under way", depends_on=[first], status="in_progress")["id"]
    assert shown(second)["ready"] is True
    patch(first, status="blocked")
    assert shown(second)["ready"] is False
    assert client.post("/work-items/claim", session_id="host/a").status_code == 204
    assert shown(under_way)["status"] == "in_progress", "work that has begun goes on"
    assert patch(under_way, status="pending")["ready"] is False
    patch(first, status="completed")
    assert shown(second)["ready"] is shown(under_way)["ready"] is True


def test_dependencies_may_be_edited(item: Make, patch: Make, shown: Make) -> None:
    done, open_, other = item(status="completed")["id"], item()["id"], item()["id"]
    made = item(depends_on=[open_])["id"]
    assert patch(made, depends_on=[done])["ready"] is True
    assert patch(made, depends_on=[done, other, other])["depends_on"] == [done, other]
    patch(open_, status="completed")
    assert shown(made)["ready"] is False, "it no longer waits for that one"
    patch(other, status="completed")
    assert shown(made)["ready"] is True
    patch(done, status="pending")
    assert shown(made)["ready"] is False
    assert patch(made, depends_on=[])["ready"] is True


def test_status_and_dependencies_may_change_at_once(item: Make, patch: Make, shown: Make) -> None:
    first, made = item()["id"], item()["id"]
    after = item(depends_on=[made])["id"]
    patch(made, status="completed", depends_on=[first])
    assert shown(after)["ready"] is True
    assert patch(made, status="pending", depends_on=[])["ready"] is True
    assert shown(after)["ready"] is False


def refused_cycle(answer: Any) -> list[str]:
    assert (answer.status_code, answer.json["error"]) == (422, "invalid")
    message: str = answer.json["errors"]["depends_on"][0]
    return message.rstrip(".").split(": ")[1].split(" -> ")


def test_a_cycle_is_refused_and_named(client: Agent, item: Make, shown: Make) -> None:
    first = item("first")["id"]
    second = item("second", depends_on=[first])["id"]
    third = item("third", depends_on=[item("unindexed")["id"], second])["id"]
    assert refused_cycle(client.patch(f"/work-items/{first}", depends_on=[third])) == [
        first,
        third,
        second,
        first,
    ]
    assert refused_cycle(client.patch(f"/work-items/{second}", depends_on=[first, third])) == [
        second,
        third,
        second,
    ]
    assert refused_cycle(client.patch(f"/work-items/{first}", depends_on=[first])) == [first, first]
    assert shown(first)["depends_on"] == []
    assert shown(second)["depends_on"] == [first]


def test_finished_items_close_a_cycle_too(client: Agent, item: Make) -> None:
    first = item("first", status="completed")["id"]
    second = item("second", status="completed", depends_on=[first])["id"]
    assert refused_cycle(client.patch(f"/work-items/{first}", depends_on=[second])) == [
        first,
        second,
        first,
    ]


def test_turning_a_dependency_round_is_no_cycle_once_it_is_taken_back(
    client: Agent, item: Make, patch: Make
) -> None:
    first = item("first")["id"]
    second = item("second", depends_on=[first])["id"]
    assert client.patch(f"/work-items/{first}", depends_on=[second]).status_code == 422
    patch(second, depends_on=[])
    assert patch(first, depends_on=[second])["ready"] is False


def test_a_cycle_is_found_at_the_end_of_a_long_chain(client: Agent, item: Make) -> None:
    chain = [item("0")["id"]]
    for n in range(1, 60):
        chain.append(item(str(n), depends_on=chain[-2:])["id"])
    cycle = refused_cycle(client.patch(f"/work-items/{chain[0]}", depends_on=[chain[-1]]))
    assert cycle[0] == cycle[-1] == chain[0]
    assert cycle[1] == chain[-1]


def test_the_same_item_twice_over_is_not_a_cycle(item: Make, patch: Make) -> None:
    top = item("top")["id"]
    left, right = item("left", depends_on=[top])["id"], item("right", depends_on=[top])["id"]
    assert patch(right, depends_on=[top, left])["depends_on"] == [top, left]


def test_an_unknown_dependency_is_refused_and_named(
    client: Agent, workflow: Make, item: Make, shown: Make
) -> None:
    made = item()
    elsewhere = item(workflow_id=workflow(project_key="bank")["id"])["id"]
    for unknown in (str(uuid.uuid4()), elsewhere):
        answer = client.patch(f"/work-items/{made['id']}", depends_on=[unknown])
        assert answer.status_code == 422
        assert unknown in answer.json["errors"]["depends_on"][0]
    assert shown(made["id"]) == made


def test_a_cancelled_dependency_is_seen_in_what_waits_for_it(
    client: Agent, workflow: Make, item: Make, patch: Make, shown: Make
) -> None:
    flow = workflow()["id"]
    other, first, second = (
        item(title, workflow_id=flow)["id"] for title in ("other", "first", "second")
    )
    waiting = item("waiting", workflow_id=flow, depends_on=[second, other, first])["id"]

    def stuck() -> tuple[int, int]:
        (listed,) = client.get("/workflows").json["items"]
        return listed["stuck_items"], client.get(f"/workflows/{flow}").json["stuck_items"]

    assert (shown(waiting)["blocked_by"], stuck()) == ([], (0, 0))
    patch(first, status="cancelled")
    assert (shown(waiting)["blocked_by"], stuck()) == ([first], (1, 1))
    patch(second, status="cancelled")
    assert (shown(waiting)["blocked_by"], stuck()) == ([second, first], (1, 1))
    listed = {
        each["id"]: each["blocked_by"]
        for each in client.get("/work-items", workflow_id=flow).json["items"]
    }
    assert listed == {waiting: [second, first], other: [], first: [], second: []}
    late = item("late", workflow_id=flow, depends_on=[first])
    assert (late["blocked_by"], stuck()) == ([first], (2, 2))
    assert patch(late["id"], depends_on=[])["blocked_by"] == []
    patch(first, status="pending")
    assert (shown(waiting)["blocked_by"], stuck()) == ([second], (1, 1))
    assert patch(waiting, depends_on=[other])["blocked_by"] == []
    assert stuck() == (0, 0)


def test_what_does_not_wait_is_not_blocked(item: Make, patch: Make) -> None:
    first = item()["id"]
    started = item(depends_on=[first], status="in_progress")["id"]
    patch(first, status="cancelled")
    assert patch(started, title="Started")["blocked_by"] == []
