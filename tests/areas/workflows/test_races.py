"""Many callers at the same moment. What must hold, holds whoever comes first."""

import random
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

from flask import Flask

from tests.areas.workflows.conftest import Make
from tests.conftest import Agent, at_once

Call = Callable[[Agent], Any]


def claim_as(session: str, **more: Any) -> Call:
    return lambda agent: agent.post("/work-items/claim", session_id=session, **more)


def test_the_last_ready_item_goes_to_one_of_twelve(app: Flask, client: Agent, item: Make) -> None:
    for _ in range(8):
        made = item()["id"]
        answers = at_once(app, [claim_as(f"host/{n}", project_key="shop") for n in range(12)])
        assert Counter(answer.status_code for answer in answers) == {200: 1, 204: 11}
        [winner] = [answer.json for answer in answers if answer.status_code == 200]
        assert winner["id"] == made
        assert client.get(f"/work-items/{made}").json["assigned_to"] == winner["assigned_to"]


def test_twelve_who_claim_at_once_get_the_twelve_best(
    app: Flask, item: Make, journal_rows: Any
) -> None:
    made = [item(priority=n)["id"] for n in range(30)]
    answers = at_once(app, [claim_as(f"host/{n}") for n in range(12)])
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json["id"] for answer in answers} == set(made[-12:])
    claimed = [row for row in journal_rows() if row["type"] == "work_item.claimed"]
    assert [row["subject_id"] for row in claimed] == made[:-13:-1]
    assert {(row["subject_id"], row["session_id"]) for row in claimed} == {
        (one.json["id"], one.json["assigned_to"]) for one in answers
    }


def test_one_claim_id_sent_many_times_at_once_takes_one_item(
    app: Flask, client: Agent, item: Make
) -> None:
    for _ in range(3):
        item()
    chosen = str(uuid.uuid4())
    answers = at_once(app, [claim_as("host/a", claim_id=chosen)] * 8)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert len(client.get("/work-items", status="in_progress").json["items"]) == 1


def test_one_create_sent_many_times_at_once_makes_one_item(
    app: Flask, client: Agent, workflow: Make, item: Make
) -> None:
    body = {
        "id": str(uuid.uuid4()),
        "workflow_id": workflow()["id"],
        "title": "Tax",
        "depends_on": [item()["id"]],
    }
    answers = at_once(app, [lambda agent: agent.post("/work-items", **body)] * 8)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 7}
    assert client.get(f"/workflows/{body['workflow_id']}").json["progress"]["total"] == 1


def test_one_of_many_who_take_it_by_patch_gets_it(
    app: Flask, item: Make, shown: Make, journal_rows: Any
) -> None:
    def take(session: str, made: str) -> Call:
        return lambda agent: agent.patch(
            f"/work-items/{made}", status="in_progress", session_id=session
        )

    made = item()["id"]
    answers = at_once(app, [take(f"host/{n}", made) for n in range(8)])
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json["assigned_to"] for answer in answers} == {shown(made)["assigned_to"]}
    assert [row["type"] for row in journal_rows()].count("work_item.claimed") == 1


def test_two_edits_that_close_a_cycle_together_are_not_both_made(
    app: Flask, item: Make, shown: Make
) -> None:
    def depend(one: str, other: str) -> Call:
        return lambda agent: agent.patch(f"/work-items/{one}", depends_on=[other])

    for _ in range(6):
        ring = [item()["id"] for _ in range(4)]
        answers = at_once(app, [depend(one, ring[at - 1]) for at, one in enumerate(ring)])
        assert Counter(answer.status_code for answer in answers) == {200: 3, 422: 1}
        assert sum(len(shown(each)["depends_on"]) for each in ring) == 3


def test_a_workflow_that_ends_while_its_items_are_claimed_hands_out_none_after(
    app: Flask, client: Agent, workflow: Make, item: Make
) -> None:
    mine = workflow()["id"]
    for _ in range(12):
        item(workflow_id=mine)

    def end(agent: Agent) -> Any:
        return agent.patch(f"/workflows/{mine}", status="cancelled")

    def add(agent: Agent) -> Any:
        return agent.post("/work-items", workflow_id=mine, title="late")

    at_once(app, [*(claim_as(f"host/{n}") for n in range(5)), end, add, add])
    assert client.post("/work-items/claim", session_id="host/z").status_code == 204
    progress = client.get(f"/workflows/{mine}").json["progress"]
    assert progress["total"] == 14
    assert progress["pending"] + progress["in_progress"] == 14


def test_whatever_happens_at_once_ready_and_progress_stay_right(
    app: Flask, client: Agent, workflow: Make, item: Make
) -> None:
    """Eight sessions change statuses and dependencies, claim, create and end workflows at random;
    then everything must add up.
    """
    flows = [workflow()["id"] for _ in range(2)]
    items = [item(workflow_id=flows[n % 2])["id"] for n in range(8)]
    statuses = ("pending", "in_progress", "blocked", "completed", "completed", "cancelled")

    def busy(seed: int) -> Call:
        dice = random.Random(seed)

        def act(agent: Agent) -> Any:
            kind, one = dice.randrange(10), dice.choice(items)
            if kind < 4:
                return agent.patch(
                    f"/work-items/{one}",
                    status=dice.choice(statuses),
                    session_id=f"host/{seed}",
                    force=True,
                )
            if kind < 7:
                return agent.patch(
                    f"/work-items/{one}", depends_on=dice.sample(items, dice.randrange(3))
                )
            if kind < 8:
                return agent.post("/work-items/claim", session_id=f"host/{seed}")
            if kind < 9:
                return agent.post(
                    "/work-items",
                    workflow_id=dice.choice(flows),
                    title="more",
                    depends_on=dice.sample(items, 2),
                )
            return agent.patch(
                f"/workflows/{dice.choice(flows)}", status=dice.choice(("active", "completed"))
            )

        return lambda agent: [act(agent).status_code for _ in range(25)]

    answered = Counter(
        code for codes in at_once(app, [busy(seed) for seed in range(8)]) for code in codes
    )
    assert set(answered) <= {200, 201, 204, 422}
    stored = {each["id"]: each for each in client.get("/work-items", limit=500).json["items"]}
    for each in stored.values():
        waits = any(stored[dep]["status"] != "completed" for dep in each["depends_on"])
        assert each["ready"] is (each["status"] == "pending" and not waits)
    over = {}
    for flow in client.get("/workflows").json["items"]:
        over[flow["id"]] = flow["status"] == "completed"
        found = Counter(
            each["status"] for each in stored.values() if each["workflow_id"] == flow["id"]
        )
        assert {
            status: count
            for status, count in flow["progress"].items()
            if count and status != "total"
        } == found
    claimable = {
        each["id"]
        for each in stored.values()
        if each["ready"] and not over[each["workflow_id"]] and each["assigned_to"] is None
    }
    handed_out = set()
    while (answer := client.post("/work-items/claim", session_id="host/z")).status_code == 200:
        handed_out.add(answer.json["id"])
    assert handed_out == claimable
