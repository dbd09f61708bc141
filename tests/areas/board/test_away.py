"""The service stopped, its database away, its stream cut: the page says so, comes back by itself,
and misses nothing.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.areas.board.conftest import Opened, claim
from tests.service import Service, running, until

Open = Callable[..., Opened]
BACK_MS = 60_000  # the page tries again after at most 15 s; the rest is the machine's


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """One of its own for each test, which stops it."""
    with running(tmp_path / "service", f"sqlite:///{tmp_path}/coord.db") as started:
        yield started


def current(page: Any) -> Any:
    return page.locator(".standing").get_by_text("Live", exact=True)


def not_current(page: Any) -> Any:
    return page.locator(".notice").get_by_text("Not current")


def test_a_stopped_service_is_said_and_what_changed_meanwhile_is_there_afterwards(
    service: Service, open_page: Open, browser: Any
) -> None:
    claim(service, "before.py")
    port = service.port
    opened = open_page()
    page = opened.go()
    service.stop()
    not_current(page).wait_for()
    assert page.get_by_text("What you see is from").is_visible()
    assert page.title().startswith("! ")
    service.start(port=port)
    claim(service, "while-away.py")
    current(page).wait_for(timeout=BACK_MS)
    page.get_by_role("link", name="while-away.py").first.wait_for(timeout=BACK_MS)
    not_current(page).wait_for(state="detached")
    assert page.get_by_label("Locks", exact=True).get_by_role("link", name="before.py").count() == 1


def test_a_database_that_is_away_is_said_in_the_services_words(
    service: Service, open_page: Open
) -> None:
    page = open_page().go()
    away = {"detail": "Database unavailable. Retry after 30 seconds.", "retry_after": 30}
    page.route(
        "**/api/coord/board*",
        lambda route: route.fulfill(status=503, json=away, headers={"Retry-After": "30"}),
    )
    page.evaluate(READ)
    not_current(page).wait_for()
    claim(service, "unseen.py")
    page.get_by_text("Database unavailable.").first.wait_for()
    page.unroute("**/api/coord/board*")
    page.get_by_role("link", name="unseen.py").first.wait_for(timeout=BACK_MS)
    current(page).wait_for()


def test_a_journal_that_begins_anew_shows_what_there_is_now(
    service: Service, open_page: Open
) -> None:
    """As after a backup was restored: the cursor is ahead of the journal."""
    page = open_page().go()
    page.route(
        "**/api/coord/board?after=*",
        lambda route: route.continue_(url=f"{service.url}/api/coord/board?after=999999999"),
    )
    with page.expect_response(lambda answer: '"complete":true' in answer.text()):
        page.evaluate(READ)
    claim(service, "restored.py")
    page.get_by_role("link", name="restored.py").first.wait_for()
    current(page).wait_for()


def test_what_the_page_shows_in_the_end_is_what_the_api_says(
    service: Service, open_page: Open
) -> None:
    page = open_page().go()
    with service.caller() as caller:
        for number in range(120):
            session = f"web-{number % 7}/agent"
            caller.call(
                "POST",
                "/locks",
                {"project_key": "shop", "session_id": session, "resource": f"f{number % 30}"},
            )
            if number % 3 == 0:
                caller.call("DELETE", f"/locks?session_id={session}&release_all=true")
    held = sorted(
        lock["resource"] for lock in service.call("GET", "/locks?limit=500").json["items"]
    )
    shown = page.locator(".tree .name a:not(.tag)")
    until(lambda: sorted(shown.all_inner_texts()) == held, 10, "the page to show what is held")


READ = "document.dispatchEvent(new Event('visibilitychange'))"  # it reads what changed at once
WITHOUT_WORKERS = "delete globalThis.SharedWorker"  # as on some phones


def test_a_browser_without_shared_workers_follows_by_itself(
    service: Service, open_page: Open
) -> None:
    opened = open_page()
    opened.page.add_init_script(WITHOUT_WORKERS)
    page = opened.go()
    claim(service, "followed.py")
    page.get_by_role("link", name="followed.py").first.wait_for()
    assert any("api/coord/board/stream" in url for url in opened.asked)


def test_what_happens_before_its_stream_begins_is_read(service: Service, open_page: Open) -> None:
    opened = open_page()
    held: list[Any] = []
    opened.page.add_init_script(WITHOUT_WORKERS)

    def hold(route: Any) -> None:
        held.append(route)

    opened.page.route("**/api/coord/board/stream*", hold)
    page = opened.go()
    until(lambda: bool(page.title() and held), 10, "the page to ask for its stream")
    claim(service, "between.py")
    held[0].continue_()
    page.get_by_role("link", name="between.py").first.wait_for()
    reads = [url for url in opened.asked if "after=" in url]
    assert reads[1].endswith("max_age=0"), "an answer made for another page may be of before"


def test_without_a_stream_it_asks_every_few_seconds_and_says_so(
    service: Service, open_page: Open
) -> None:
    opened = open_page()
    opened.page.add_init_script(WITHOUT_WORKERS)
    refusal = {"detail": "As many calls wait here as may.", "error": "too_many"}
    opened.page.route(
        "**/api/coord/board/stream*", lambda route: route.fulfill(status=429, json=refusal)
    )
    opened.page.goto(f"{service.url}/#/")
    opened.page.get_by_text("Every 3 s").wait_for()
    claim(service, "polled.py")
    opened.page.get_by_role("link", name="polled.py").first.wait_for()
    opened.page.unroute("**/api/coord/board/stream*")
    current(opened.page).wait_for(timeout=BACK_MS)
