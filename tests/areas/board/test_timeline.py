"""The timeline in the browser: bars, the list of a moment, and where one is in the URL."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from bench.board import PAN
from tests.areas.board.conftest import Opened, claim
from tests.service import Service

Open = Callable[..., Opened]
MANY = 20_000
DAY_S = 86_400
START = dt.datetime(2026, 1, 12, tzinfo=dt.UTC)


def at(seconds: float) -> str:
    return (START + dt.timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def span(nth: int, **more: Any) -> dict[str, Any]:
    since = nth * DAY_S / MANY
    return {
        "session_id": f"web-{nth % 40}/agent",
        "project_key": "shop",
        "text": f"src/module_{nth}.py",
        "style": "solid",
        "since": at(since),
        "until": at(since + 240),
        "ending": None,
        "to": ["resource", "shop", f"src/module_{nth}.py"],
        **more,
    }


def answering(opened: Opened, items: list[dict[str, Any]]) -> None:
    answer = {"generated_at": at(DAY_S), "since": at(0), "until": at(DAY_S), "complete": True}
    opened.page.route(
        "**/board/timeline?*", lambda route: route.fulfill(json={**answer, "items": items})
    )


def canvas(page: Any, label: str) -> Any:
    drawn = page.get_by_role("img", name=label)
    drawn.wait_for()
    return drawn


def test_what_is_held_is_drawn_and_listed_for_a_moment(service: Service, open_page: Open) -> None:
    claim(service, "src/drawn.py", "web-3/agent")
    opened = open_page()
    page = opened.go("#/timeline?q=drawn.py")
    drawn = canvas(page, "1 bars of 1 sessions")
    drawn.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**until=**")
    box = drawn.bounding_box()
    now = 170 + (box["width"] - 170) * 7 / 8
    drawn.click(position={"x": now - 1, "y": 28})
    page.get_by_role("heading", name="As it was at").wait_for()
    assert "at=" in page.url
    page.reload()
    page.get_by_role("heading", name="As it was at").wait_for()
    assert opened.complaints == []


MOMENT = "#/timeline?since={}&until={}&at={}"


def test_a_link_shows_a_past_moment_as_it_was(open_page: Open) -> None:
    opened = open_page()
    answering(
        opened,
        [
            span(0, session_id="a/held", until=None),
            span(0, session_id="b/before", since=at(-900), until=at(-600)),
            span(0, session_id="c/waited", style="hatched", ending="granted"),
            span(0, session_id="d/gone", style="mark", since=at(100), until=at(100)),
        ],
    )
    page = opened.go(MOMENT.format(at(-1000), at(1000), at(100)))
    canvas(page, "4 bars of 4 sessions")
    listed = page.get_by_label("As it was", exact=True)
    listed.wait_for()
    assert listed.locator(".who").all_inner_texts() == ["a/held", "c/waited"]
    page.get_by_role("button", name="Close").click()
    listed.wait_for(state="detached")
    page.go_back()
    listed.wait_for()
    assert opened.complaints == []


def test_a_bar_that_is_pointed_at_says_what_it_is(open_page: Open) -> None:
    opened = open_page(timezone_id="UTC")
    answering(opened, [span(0, until=at(1000), ending="forced")])
    page = opened.go(MOMENT.format(at(-1000), at(1000), at(0)))
    drawn = canvas(page, "1 bars of 1 sessions")
    drawn.hover(position={"x": drawn.bounding_box()["width"] - 50, "y": 26})
    said = page.locator(".said")
    said.get_by_text("web-0/agent").wait_for()
    assert said.inner_text() == (
        "web-0/agent held src/module_0.py from 2026-01-12 00:00:00 until"
        " 2026-01-12 00:16:40, forced"
    )


def test_it_is_zoomed_and_moved_by_keys(open_page: Open) -> None:
    opened = open_page()
    answering(opened, [span(0)])
    page = opened.go(MOMENT.format(at(0), at(3600), at(0)))
    canvas(page, "1 bars").focus()
    for key, since, until in [
        ("ArrowLeft", -450, 3150),
        ("+", 150, 2550),
        ("-", -450, 3150),
    ]:
        page.keyboard.press(key)
        page.wait_for_function(
            """([since, until]) => {
                const asked = new URLSearchParams(location.hash.split("?")[1]);
                const off = (name, wanted) => Math.abs(Date.parse(asked.get(name)) - wanted);
                return off("since", Date.parse(since)) + off("until", Date.parse(until)) < 4000;
            }""",
            arg=[at(since), at(until)],
        )


def test_a_service_that_is_away_is_said_and_asked_again(open_page: Open) -> None:
    opened = open_page()
    answers = [503, 200]
    opened.page.route(
        "**/board/timeline?*",
        lambda route: route.fulfill(
            status=answers.pop(0) if len(answers) > 1 else 200,
            json={"detail": "Database unavailable.", "items": [span(0)], "complete": True},
        ),
    )
    page = opened.go(MOMENT.format(at(0), at(3600), at(0)))
    page.get_by_text("Database unavailable.").wait_for()
    canvas(page, "1 bars of 1 sessions")
    page.get_by_text("Database unavailable.").wait_for(state="detached")


def test_a_day_of_twenty_thousand_bars_is_panned(open_page: Open) -> None:
    opened = open_page()
    answering(opened, [span(nth) for nth in range(MANY)])
    page = opened.go(MOMENT.format(at(0), at(DAY_S), at(0)))
    canvas(page, f"{MANY} bars of 40 sessions")
    page.evaluate(PAN)
    page.wait_for_function(
        """began => {
            const asked = new URLSearchParams(location.hash.split("?")[1]);
            return Date.parse(asked.get("since")) > Date.parse(began);
        }""",
        arg=at(0),
    )
    assert opened.complaints == []
