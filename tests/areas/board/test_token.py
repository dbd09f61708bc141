"""With a token set: the page comes without it, asks for it once, and sends it with everything."""

from collections.abc import Callable, Iterator

import pytest

from tests.areas.board.conftest import Opened
from tests.service import Service, running

TOKEN = "correct horse battery staple"
Open = Callable[..., Opened]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    with running(folder, f"sqlite:///{folder}/coord.db", TOKEN=TOKEN) as started:
        yield started


def test_the_page_asks_once_and_is_live_with_it(service: Service, open_page: Open) -> None:
    opened = open_page()
    page = opened.page
    page.goto(f"{service.url}/")
    page.get_by_role("heading", name="This service requires a token").wait_for()
    page.get_by_label("Token").fill("wrong")
    page.keyboard.press("Enter")
    page.get_by_text("The token was wrong.").wait_for()
    page.get_by_label("Token").fill(TOKEN)
    page.keyboard.press("Enter")
    page.get_by_text("Live", exact=True).first.wait_for()
    call = {"project_key": "shop", "session_id": "web-1/agent", "resource": "followed.py"}
    service.call("POST", "/locks", call, Authorization=f"Bearer {TOKEN}")
    page.get_by_role("link", name="followed.py").first.wait_for()
    page.reload()
    page.get_by_role("link", name="followed.py").first.wait_for()
    assert page.evaluate("localStorage.length + document.cookie.length") == 0
    assert not any(TOKEN.split(maxsplit=1)[0] in url for url in opened.asked)


def test_another_tab_is_asked_again(service: Service, open_page: Open) -> None:
    opened = open_page()
    opened.page.goto(f"{service.url}/")
    opened.page.get_by_label("Token").fill(TOKEN)
    opened.page.keyboard.press("Enter")
    opened.page.get_by_text("Live", exact=True).first.wait_for()
    second = opened.another()
    second.goto(f"{service.url}/")
    second.get_by_role("heading", name="This service requires a token").wait_for()
