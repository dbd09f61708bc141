"""The board as a person sees it: a real browser before the real service."""

import time
from collections.abc import Callable
from typing import Any

from tests.areas.board.conftest import Opened, claim
from tests.service import Service, until

Open = Callable[..., Opened]


def test_a_change_is_on_the_page_soon_while_others_come_in(
    service: Service, open_page: Open
) -> None:
    """How soon exactly, the bench says."""
    opened = open_page()
    page = opened.go()
    took = []
    with service.caller() as caller:
        for number in range(60):
            caller.call(
                "POST",
                "/locks",
                {
                    "project_key": "shop",
                    "session_id": f"busy-{number}/agent",
                    "resource": f"busy/{number}",
                },
            )
            if number % 12 == 0:
                name = f"watched-{number}.py"
                began = time.monotonic()
                caller.call(
                    "POST",
                    "/locks",
                    {"project_key": "shop", "session_id": "web-1/agent", "resource": name},
                )
                page.get_by_role("link", name=name, exact=True).first.wait_for()
                took.append(time.monotonic() - began)
    assert sorted(took)[len(took) // 2] < 5, took
    assert opened.complaints == []


def test_what_is_released_leaves_the_page(service: Service, open_page: Open) -> None:
    lock = claim(service, "src/leaving.py")
    page = open_page().go()
    shown = page.get_by_label("Locks", exact=True).get_by_role("link", name="leaving.py")
    shown.wait_for()
    service.call("DELETE", f"/locks/{lock['id']}?session_id=web-1/agent")
    shown.wait_for(state="detached")


def test_the_page_asks_nobody_else_and_breaks_no_rule(service: Service, open_page: Open) -> None:
    claim(service, "src/app.py")
    opened = open_page()
    opened.go()
    opened.page.wait_for_timeout(500)
    assert opened.complaints == []
    assert [url for url in opened.asked if not url.startswith((opened.url, "data:"))] == []


def test_a_link_opens_what_it_was_copied_from_and_back_goes_back(
    service: Service, open_page: Open
) -> None:
    claim(service, "src/app.py")
    claim(service, "src/app.py", project_key="other")
    page = open_page().go("#/?project=other&q=app&closed=messages")
    assert page.get_by_label("Project").input_value() == "other"
    assert page.get_by_role("searchbox").input_value() == "app"
    assert page.get_by_role("button", name="Messages").get_attribute("aria-expanded") == "false"
    page.get_by_label("Locks", exact=True).get_by_role("link", name="app.py").click()
    page.get_by_role("heading", name="src/app.py", level=1).wait_for()
    page.go_back()
    page.get_by_label("Locks", exact=True).wait_for()
    assert page.url.endswith("#/?project=other&q=app&closed=messages")


def test_the_keys_move_search_and_help(service: Service, open_page: Open) -> None:
    claim(service, "src/app.py")
    page = open_page().go()
    page.keyboard.press("j")
    first = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.textContent") == first
    page.keyboard.press("/")
    page.keyboard.type("app.py")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Blocks app.py").or_(
        page.get_by_role("heading", name="Search: app.py")
    ).first.wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.get_by_role("dialog").get_by_text("next, previous row").wait_for()


def test_times_are_told_in_a_zone_that_can_be_chosen_and_is_shown(
    service: Service, open_page: Open
) -> None:
    claim(service, "src/app.py")
    page = open_page().go()
    page.get_by_text("Europe/Berlin (GMT+").wait_for()
    exact = page.locator("time").first.get_attribute("title")
    page.locator("details.settings summary").click()
    page.get_by_label("Time zone").select_option("UTC")
    page.locator("summary", has_text="UTC").wait_for()
    assert page.locator("time").first.get_attribute("title") != exact
    page.reload()
    page.locator("summary", has_text="UTC").wait_for()


def test_troubles_are_counted_in_the_title(service: Service, open_page: Open) -> None:
    for name in ("api", "web"):
        service.call(
            "PUT",
            "/components",
            {
                "project_key": "shop",
                "component": name,
                "state": "degraded",
                "updated_by": "ops/anna",
            },
        )
    page = open_page().go()
    page.get_by_role("heading", name="Needs attention").wait_for()
    number = int(page.locator("#panel-troubles .count").inner_text())
    assert number >= 2
    until(lambda: page.title() == f"({number}) coord", 10, "the title to say how many")
    assert page.locator("link[rel=icon]").get_attribute("href").startswith("data:image/svg+xml")


def test_two_tabs_share_one_stream(service: Service, open_page: Open) -> None:
    opened = open_page()
    opened.go()
    second = opened.another()
    second.goto(f"{opened.url}/#/")
    second.get_by_text("Live", exact=True).first.wait_for()
    claim(service, "src/both.py")
    for page in (opened.page, second):
        page.get_by_role("link", name="both.py").first.wait_for()
    assert opened.complaints == []
    assert not any("api/coord/board/stream" in url for url in opened.asked), (
        "a tab followed by itself, and not the worker for all"
    )


def test_a_stored_page_of_an_old_service_says_so(service: Service, open_page: Open) -> None:
    opened = open_page()
    page = opened.go()
    page.route("**/api/coord/board*", lambda route: _with_version(route, "99.0"))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # it reads at once
    page.get_by_text("coord was updated to 99.0").wait_for()
    page.unroute_all(behavior="wait")


def _with_version(route: Any, version: str) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, json={**answer.json(), "version": version})
