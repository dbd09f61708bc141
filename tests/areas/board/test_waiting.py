"""Sessions that wait for a human, on the board."""

from collections.abc import Callable
from typing import Any

from tests.areas.board.conftest import Opened
from tests.service import Service

Open = Callable[..., Opened]


def says(service: Service, session: str, what: str | None) -> None:
    body = {"session_id": session, "project_key": "shop", "task": "Refunds", "waiting_for": what}
    assert service.call("POST", "/sessions/heartbeat", body).status in (200, 201)


def rows(page: Any, text: str) -> Any:
    return page.locator(".troubles").get_by_role("link", name=text)


def test_one_that_needs_an_answer_is_trouble_until_it_goes_on(
    service: Service, open_page: Open
) -> None:
    opened = open_page()
    page = opened.go()
    says(service, "web-1/claude", "answer: Which database?")
    trouble = rows(page, "web-1/claude needs your answer: Which database? · its task: Refunds")
    trouble.wait_for()
    page.wait_for_function("document.title.startsWith('(1)')")
    trouble.click()
    page.get_by_role("heading", name="web-1/claude").wait_for()
    page.get_by_text("your answer: Which database?", exact=True).wait_for()
    page.get_by_text("in its own terminal").wait_for()
    page.go_back()
    says(service, "web-1/claude", None)
    trouble.wait_for(state="detached")
    assert opened.complaints == []


def test_one_whose_turn_is_over_is_no_trouble_at_once(service: Service, open_page: Open) -> None:
    page = open_page().go()
    says(service, "web-2/claude", "input")
    sessions = page.get_by_label("Sessions", exact=True)
    sessions.get_by_text("needs your next prompt · Refunds").wait_for()
    assert rows(page, "web-2/claude").count() == 0


def test_a_filter_does_not_hide_that_something_needs_you(service: Service, open_page: Open) -> None:
    says(service, "web-3/claude", "permission")
    page = open_page().go("#/?q=nothing-like-it")
    page.get_by_text("Nothing that fits the filter needs you; 1 in all.").wait_for()
    page.get_by_role("link", name="Show all").click()
    rows(page, "web-3/claude needs your permission").wait_for()
