"""The page in a real browser, before the real service."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser import chromium_missing, launched
from tests.service import Service, running

SOON_MS = 30_000  # how long the page may take on a busy machine before a test gives up


@pytest.fixture(scope="module")  # its event loop must not outlive the file: others have their own
def browser() -> Iterator[Any]:
    if missing := chromium_missing():
        pytest.skip(f"The page was not looked at: {missing}")
    with launched() as opened:
        yield opened


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One that the tests of a file share."""
    folder = tmp_path_factory.mktemp("service")
    with running(folder, f"sqlite:///{folder}/coord.db") as started:
        yield started


class Opened:
    """A page, and what it complained about or asked of others.

    Each has a browser profile of its own.
    """

    def __init__(self, browser: Any, url: str, **options: Any) -> None:
        self.context = browser.new_context(
            **{
                "viewport": {"width": 1280, "height": 900},
                "timezone_id": "Europe/Berlin",
                **options,
            }
        )
        self.url = url
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page = self.another()

    def another(self) -> Any:
        """One more tab of the same browser."""
        page = self.context.new_page()
        page.set_default_timeout(SOON_MS)
        page.on(
            "console",
            lambda message: (
                self.complaints.append(message.text)
                if message.type in ("error", "warning")
                else None
            ),
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        return page

    def go(self, hash_: str = "#/") -> Any:
        """Opens an address of the page, and waits until it shows what the service says."""
        self.page.goto(f"{self.url}/{hash_}")
        self.page.get_by_text("Live", exact=True).first.wait_for()
        return self.page


@pytest.fixture
def open_page(browser: Any, service: Service) -> Iterator[Callable[..., Opened]]:
    opened: list[Opened] = []

    def open_(url: str | None = None, **options: Any) -> Opened:
        opened.append(Opened(browser, url or service.url, **options))
        return opened[-1]

    yield open_
    for each in opened:
        each.context.close()


def claim(
    service: Service, resource: str, session: str = "web-1/agent", **fields: Any
) -> dict[str, Any]:
    answer = service.call(
        "POST",
        "/locks",
        {"project_key": "shop", "session_id": session, "resource": resource, **fields},
    )
    assert answer.status in (200, 201), answer
    lock: dict[str, Any] = answer.json
    return lock
