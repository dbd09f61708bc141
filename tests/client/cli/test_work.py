"""`coord set`, `components`, `retire`, `workflow …` and `item …`."""

from typing import Any

import pytest

from coord.client.wire import Away, call
from tests.client.cli.conftest import Person

NO_ITEM = "01a20ae8-99e0-752e-9b0c-898291981899"


def test_a_component_is_set_and_shown(me: Person) -> None:
    assert (
        me("set", "api", "deployed", "--version", "1.4.2", "--notes", "behind a flag").out
        == "api is deployed 1.4.2\n"
    )
    assert me("set", "api", "degraded").out == "api is degraded 1.4.2 (was deployed)\n"
    shown = me("components", "api", "--json").json
    assert (shown["state"], shown["version"], shown["notes"], shown["updated_by"]) == (
        "degraded",
        "1.4.2",
        "behind a flag",
        me.session,
    )
    assert shown["project_key"] == me.project
    assert me("components").lines[1].split()[:3] == ["api", "degraded", "1.4.2"]
    assert me("components", "--state", "built", "-q").out == ""


def test_what_is_left_out_stays_and_what_is_cleared_goes(me: Person) -> None:
    me("set", "api", "built", "--version", "1", "--notes", "-", stdin="from a pipe\n")
    assert me("components", "api", "--json").json["notes"] == "from a pipe\n"
    cleared = me("set", "api", "built", "--clear-version", "--clear-notes", "--json").json
    assert (cleared["version"], cleared["notes"]) == (None, None)


def test_names_of_components_are_free_text(me: Person) -> None:
    assert me("set", "web/front end", "built").code == 0
    assert me("components", "web/front end", "--json").json["component"] == "web/front end"
    assert (
        me("components", "web/front end", "--history", "--json").json["items"][0]["state"]
        == "built"
    )


def test_a_retired_component_has_only_its_history(me: Person) -> None:
    me("set", "api", "built")
    assert me("retire", "api").out == "retired api\n"
    assert me("components", "api").code == 4
    assert "retired" in me("components", "api", "--history").out


def test_a_state_set_while_coord_is_away_keeps_its_time(
    me: Person, away: Person, other: Person
) -> None:
    result = away("set", "api", "deploying")
    assert result.code == 0
    assert result.sentence.startswith("queued: coord is away")
    other("set", "api", "degraded")
    assert "refused" in me("sync").out
    assert me("components", "api", "--json").json["state"] == "degraded"


def test_workflows_are_named_by_their_id_or_their_name(me: Person) -> None:
    flow = me("workflow", "add", "New model", "--status", "active", "-d", "see docs", "--json").json
    assert (flow["name"], flow["status"], flow["description"], flow["created_by"]) == (
        "New model",
        "active",
        "see docs",
        me.session,
    )
    assert me("workflow", "show", flow["id"], "--json").json["name"] == "New model"
    assert "New model  active  0/0 done" in me("workflow", "show", "New model").out
    assert me("workflow", "set", "New model", "--name", "Newer model").code == 0
    assert me("workflow", "done", "Newer model").out.startswith("workflow Newer model is completed")
    assert me("workflow", "list", "--status", "completed", "-q").out == flow["id"] + "\n"
    assert me("workflow", "list", "--status", "active", "--status", "blocked").out == ""
    assert me("workflow", "show", "New model").code == 4


def test_items_are_added_claimed_and_done(me: Person, other: Person) -> None:
    me("workflow", "add", "New model")
    first = me("-q", "item", "add", "First", "-w", "New model", "--priority", "5").out.strip()
    second = me(
        "-q", "item", "add", "Second", "-w", "New model", "--after", first, "-d", "how to"
    ).out.strip()
    assert me("-q", "item", "list", "--ready").lines == [first]
    assert me("item", "claim").out == f"claimed item First  id {first}\n"
    result = other("item", "claim", "--json")
    assert result.code == 4
    assert result.json["error"] == "nothing_ready"
    assert me("item", "done", first).out == f"item First is completed  id {first}\n"
    assert other("item", "claim").out == f"claimed item Second  id {second}\nhow to\n"
    assert other("-q", "item", "list", "--mine").lines == [second]
    assert (
        me("item", "show", second)
        .lines[0]
        .startswith(f"Second  in_progress, assigned to {other.session}")
    )
    assert "1/2 done" in me("workflow", "show", "New model").out


def test_items_are_blocked_started_returned_and_changed(me: Person, other: Person) -> None:
    me("workflow", "add", "Flow")
    item = me("-q", "item", "add", "One", "-w", "Flow").out.strip()
    assert me("item", "block", item, "-m", "waits", "--json").json["description"] == "waits"
    assert me("item", "start", item, "--json").json["assigned_to"] == me.session
    assert me("item", "return", item, "--json").json["status"] == "pending"
    changed = me(
        "item", "set", item, "--title", "Two", "--priority", "7", "--for", other.session, "--json"
    ).json
    assert (changed["title"], changed["priority"], changed["assigned_to"]) == (
        "Two",
        7,
        other.session,
    )
    assert (
        me("item", "set", item, "--for-anybody", "--after-nothing", "--json").json["assigned_to"]
        is None
    )
    assert me("item", "set", item).code == 2


def test_several_items_are_told_of_one_by_one(me: Person) -> None:
    me("workflow", "add", "Flow")
    one, two = (
        me("-q", "item", "add", title, "-w", "Flow").out.strip() for title in ("One", "Two")
    )
    result = me("item", "done", one, NO_ITEM, two)
    assert result.code == 4
    assert len(result.lines) == 2
    assert NO_ITEM in result.err
    assert [
        item.get("status") or item["error"]
        for item in me("item", "done", one, NO_ITEM, "--json").json["items"]
    ] == [
        "completed",
        "not_found",
    ]


def test_what_another_has_in_progress_is_changed_only_by_force(me: Person, other: Person) -> None:
    workflow = me("workflow", "add", "release", "-q").out.strip()
    item = me("item", "add", "build", "-w", workflow, "-q").out.strip()
    other("item", "claim", "-w", workflow)
    refused = me("item", "done", item)
    assert refused.code == 1
    assert refused.sentence.endswith("Ask that session, or --force, which tells it.")
    assert me("item", "done", item, "--force").code == 0
    assert "changed a work item of yours" in other("inbox").out


def test_a_claim_of_work_is_not_queued(away: Person) -> None:
    result = away("item", "claim")
    assert result.code == 5
    assert "coord is away" in result.err
    assert away.queued == []


def test_a_claim_of_work_whose_answer_was_lost_gives_that_item(
    me: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    me("workflow", "add", "Flow")
    for title in ("One", "Two"):
        me("item", "add", title, "-w", "Flow")

    def lost(*args: Any, **options: Any) -> None:
        call(*args, **options)
        raise Away("timed out")

    with monkeypatch.context() as patched:
        patched.setattr("coord.client.calls.send_call", lost)
        assert me("item", "claim").code == 5
    assert me("item", "claim").out.startswith("claimed item One")
    assert me("item", "claim").out.startswith("claimed item Two")
    assert me("item", "claim").code == 4


@pytest.mark.parametrize(
    "args",
    [
        ["components", "--history"],
        ["components", "api", "-A"],
        ["workflow", "set", NO_ITEM],
        ["item", "add", "x"],
        ["item", "finish"],
        ["item", "list", "--status", "open"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_a_usage_error(me: Person, args: list[str]) -> None:
    assert me(*args).code == 2


def test_an_id_may_be_shortened_as_long_as_only_one_begins_so(me: Person) -> None:
    flow = me("workflow", "add", "Flow", "--json").json["id"]
    one, two = (
        me("-q", "item", "add", title, "-w", "Flow").out.strip() for title in ("One", "Two")
    )
    common = one[: next(at for at, pair in enumerate(zip(one, two)) if pair[0] != pair[1])]
    assert me("item", "show", one[: len(common) + 1], "-q").out == f"{one}\n"
    assert me("item", "done", two[: len(common) + 1]).out.startswith("item Two is completed")
    assert me("workflow", "show", flow[:-4], "-q").lines == [one, two]
    result = me("item", "show", common)
    assert result.code == 2
    assert result.sentence == f"coord: 2 work items begin with {common}: type more of the id."
    assert result.err.count("\n") == 3
    assert one in result.err


@pytest.mark.parametrize("word", ["01a2", NO_ITEM, "xyz", "../locks"])
def test_an_item_that_is_not_there_is_named_as_it_was_typed(me: Person, word: str) -> None:
    for command in ("show", "done"):
        result = me("item", command, word)
        assert result.code == 4
        assert word in result.err
        assert "work item" in result.err
        assert "/api/" not in result.err


def test_a_shortened_id_means_nothing_while_coord_is_away(away: Person) -> None:
    assert away("item", "done", "01a2242a").code == 5
    assert away.queued == []
    assert away("item", "done", NO_ITEM).code == 0
    assert [call["path"] for call in away.queued] == [f"/api/coord/work-items/{NO_ITEM}"]


def test_of_two_workflows_of_one_name_it_says_which_is_meant(me: Person) -> None:
    me("workflow", "add", "Flow")
    newest = me("workflow", "add", "Flow", "--json").json["id"]
    result = me("item", "add", "One", "-w", "Flow")
    assert f"2 workflows are named 'Flow': this is {newest}" in result.err


def test_a_workflow_with_open_items_is_not_completed_unasked(me: Person) -> None:
    me("workflow", "add", "Flow")
    item = me("-q", "item", "add", "One", "-w", "Flow").out.strip()
    result = me("workflow", "done", "Flow")
    assert (result.code, result.out) == (2, "")
    assert "Flow has items that are open: 1 pending. Nothing was changed; --yes" in result.err
    assert me("workflow", "show", "Flow", "--json").json["status"] == "planning"
    assert me("workflow", "done", "Flow", "--yes").code == 0
    me("workflow", "set", "Flow", "--status", "active")
    me("item", "done", item)
    assert me("workflow", "done", "Flow").code == 0


def test_what_waits_for_a_cancelled_item_says_so_wherever_it_is_shown(me: Person) -> None:
    me("workflow", "add", "release", "--status", "active")
    first = me("item", "add", "migrate", "-w", "release", "-q").out.strip()
    second = me("item", "add", "deploy", "-w", "release", "--after", first, "-q").out.strip()
    assert "stuck" not in me("item", "list").out + me("workflow", "show", "release").out
    me("item", "set", first, "--status", "cancelled")
    shown = me("item", "show", second).out
    assert f"stuck: {first} was cancelled" in shown
    assert f"coord item set {second} --after ID" in shown
    assert {line.split()[1] for line in me("item", "list").lines[1:]} == {"stuck", "cancelled"}
    for command in (("workflow", "list"), ("workflow", "show", "release"), ("status",)):
        assert "1 stuck" in me(*command).out, command
    me("item", "set", second, "--after-nothing")
    assert "stuck" not in me("item", "list").out
