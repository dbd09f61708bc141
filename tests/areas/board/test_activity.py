"""Pictures over time, from the timeline's spans: what they say in words is what was."""

from collections.abc import Callable
from typing import Any

from tests.areas.board.conftest import Opened
from tests.areas.board.test_timeline import MOMENT, answering, at, span
from tests.service import Service

Open = Callable[..., Opened]


def wait(nth: int, seconds: float, resource: str) -> dict[str, Any]:
    since = 60 * nth
    more = {"style": "hatched", "since": at(since), "until": at(since + seconds)}
    return span(nth, text=resource, **more)


def test_held_locks_and_waits_are_told_over_time(open_page: Open) -> None:
    opened = open_page()
    answering(
        opened,
        [
            span(0, until=at(1800)),
            span(1, since=at(900), until=at(2700)),
            span(2, since=at(3000), until=None, style="light"),
            *(wait(nth, 10, "src/hot/a.py") for nth in range(18)),
            *(wait(nth, 120, "src/warm/b.py") for nth in range(2)),
        ],
    )
    page = opened.go("#/activity" + MOMENT.format(at(0), at(3600), "")[len("#/timeline") :])
    page.get_by_role("img", name="Locks held: at most 2 at once").wait_for()
    page.get_by_role("img", name="Waits begun: 20 in all").wait_for()
    page.get_by_role(
        "img", name="Seconds waited: half of them at most 10 s, 95 % at most 2 min"
    ).wait_for()
    assert opened.complaints == []


def test_what_was_fought_over_longest_comes_first(open_page: Open) -> None:
    opened = open_page()
    answering(
        opened,
        [
            *(wait(nth, 10, f"src/often/{nth}.py") for nth in range(5)),
            wait(9, 600, "src/long/deep/a.py"),
            wait(9, 30, "git push"),
        ],
    )
    page = opened.go("#/activity" + MOMENT.format(at(0), at(3600), "")[len("#/timeline") :])
    heat = page.get_by_label("Fought over", exact=True)
    heat.get_by_role("link", name="src/long/").wait_for()
    assert heat.locator(".name").all_inner_texts() == ["src/long/", "src/often/", "git push"]
    assert heat.get_by_text("5 waits").count() == 1
    heat.get_by_role("link", name="src/often/").click()
    page.get_by_role("img", name="5 bars of 5 sessions").wait_for()


def test_what_each_session_did_is_counted(open_page: Open) -> None:
    opened = open_page()
    mine = {"session_id": "web-1/agent"}
    answering(
        opened,
        [span(0, **mine), span(1, **mine), {**wait(2, 60, "a"), **mine}, span(3)],
    )
    page = opened.go("#/activity" + MOMENT.format(at(0), at(3600), "")[len("#/timeline") :])
    rows = page.get_by_label("By session", exact=True).locator("li")
    rows.first.wait_for()
    assert [text.split("\n") for text in rows.all_inner_texts()] == [
        ["web-1/agent", "2 locks", "waited once, 1 min"],
        ["web-3/agent", "1 lock", "never waited"],
    ]


def test_what_happened_is_counted_from_the_journal_by_project_and_session(
    service: Service, open_page: Open
) -> None:
    for number in range(3):
        message = {"from_session": "web-1/agent", "subject": "s", "body": "b"}
        project = "shop" if number else "bank"
        service.call("POST", "/messages", {**message, "project_key": project})
    workflow = service.call(
        "POST", "/workflows", {"project_key": "shop", "name": "W", "created_by": "ops"}
    ).json["id"]
    item = {"workflow_id": workflow, "title": "Job", "session_id": "ops"}
    done = service.call("POST", "/work-items", item).json["id"]
    service.call(
        "PATCH", f"/work-items/{done}", {"session_id": "web-2/agent", "status": "completed"}
    )
    opened = open_page()
    page = opened.go("#/activity")
    page.get_by_role("img", name="Messages: 3 in all").wait_for()
    page.get_by_role("img", name="Items done: 1 in all").wait_for()
    page.get_by_role("img", name="Conflicts: 0 in all").wait_for()
    shares = page.get_by_label("Messages by project and session", exact=True).locator("li")
    assert [text.split("\n") for text in shares.all_inner_texts()] == [
        ["shop", "2", "project"],
        ["bank", "1", "project"],
        ["web-1/agent", "3", "session"],
    ]
    page.goto(f"{opened.url}/#/activity?project=bank")
    page.get_by_role("img", name="Messages: 1 in all").wait_for()
    assert opened.complaints == []
