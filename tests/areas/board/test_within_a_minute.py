"""Who blocks a file, since when, who waits, and what they work on: from the page alone."""

import threading
from collections.abc import Callable
from typing import Any

from tests.areas.board.conftest import Opened, claim
from tests.service import Service

Open = Callable[..., Opened]
FILE = "src/cart/totals.py"


def is_there(service: Service, session: str, task: str) -> None:
    body = {"session_id": session, "project_key": "shop", "task": task}
    assert service.call("POST", "/sessions/heartbeat", body).status in (200, 201)


def wait_for(service: Service, resource: str) -> threading.Thread:
    body = {"project_key": "shop", "session_id": "web-2/claude", "resource": resource, "wait": 30}

    def run() -> None:
        with service.caller(timeout=60) as caller:
            caller.call("POST", "/locks", body)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def text_of(page: Any, heading: str) -> str:
    return str(page.locator("section", has=page.get_by_role("heading", name=heading)).inner_text())


def test_who_blocks_a_file_is_found_from_the_page_alone(service: Service, open_page: Open) -> None:
    is_there(service, "web-1/claude", "Cart totals with VAT")
    is_there(service, "web-2/claude", "Discount codes")
    tree = claim(service, "src/cart/", "web-1/claude", description="VAT by country")
    waiting = wait_for(service, FILE)
    try:
        page = open_page().go()
        page.get_by_placeholder("Filter, or Enter to search").fill(FILE)
        page.keyboard.press("Enter")
        blocks = page.locator("section", has=page.get_by_role("heading", name="Blocks"))
        blocks.get_by_role("link", name="src/cart/").click()
        page.get_by_role("heading", name="web-1/claude holds src/cart/").wait_for()
        held = text_of(page, "web-1/claude holds")
        for said in ("VAT by country", "Its holder works on", "Cart totals with VAT", "Since"):
            assert said in held
        waiters = text_of(page, "Waiters")
        assert "web-2/claude" in waiters
        assert "Discount codes" in waiters
        page.get_by_role("link", name="web-1/claude").first.click()
        page.get_by_text("Cart totals with VAT").first.wait_for()
        page.get_by_role("heading", name="Holds").wait_for()
    finally:
        service.call("DELETE", f"/locks/{tree['id']}?session_id=web-1/claude")
        waiting.join(30)
