"""For all people and all screens: axe finds nothing, and nothing sticks out."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.areas.board.conftest import Opened, claim
from tests.service import Service

Open = Callable[..., Opened]


PAGES = [
    "#/",
    "#/timeline",
    "#/activity",
    "#/timeline?since=2026-01-12T00:00:00Z&until=2026-01-13T00:00:00Z&at=2026-01-12T12:00:00Z",
    "#/session/web-1%2Fagent",
    "#/resource/shop/src%2Fapp.py",
    "#/component/shop/api",
    "#/workflow/{workflow}",
    "#/item/{item}",
]


@pytest.fixture(scope="module")
def work(service: Service) -> dict[str, str]:
    service.call(
        "POST",
        "/sessions/heartbeat",
        {"session_id": "web-1/agent", "project_key": "shop", "task": "Totals", "ttl_minutes": 60},
    )
    service.call(
        "POST",
        "/sessions/heartbeat",
        {"session_id": "ci-1/agent", "project_key": "shop", "ttl_minutes": 0.001},
    )
    service.call(
        "PUT",
        "/components",
        {
            "project_key": "shop",
            "component": "api",
            "state": "degraded",
            "updated_by": "web-1/agent",
        },
    )
    workflow = service.call(
        "POST",
        "/workflows",
        {"project_key": "shop", "name": "Checkout", "created_by": "web-1/agent"},
    ).json["id"]
    first = service.call(
        "POST",
        "/work-items",
        {"workflow_id": workflow, "title": "First", "session_id": "web-1/agent"},
    ).json["id"]
    later = {
        "workflow_id": workflow,
        "title": "Later",
        "depends_on": [first],
        "session_id": "web-1/agent",
    }
    item = service.call("POST", "/work-items", later).json["id"]
    sent = {
        "from_session": "web-1/agent",
        "to_session": "ci-1/agent",
        "subject": "Hello",
        "body": "Text",
        "importance": "urgent",
    }
    message = service.call("POST", "/messages", sent).json["id"]
    return {"workflow": workflow, "item": item, "message": message}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("hash_", [*PAGES, "#/message/{message}", "#/search?q=api"])
def test_axe_finds_nothing(
    service: Service, open_page: Open, work: dict[str, str], hash_: str, scheme: str
) -> None:
    claim(service, "src/app.py")
    page = open_page(color_scheme=scheme).go(hash_.format(**work))
    page.get_by_role("heading", level=1).wait_for()
    page.wait_for_timeout(300)
    found = Axe().run(page).response["violations"]
    assert [
        (each["id"], each["nodes"][0]["html"], each["nodes"][0]["failureSummary"]) for each in found
    ] == []


def test_axe_finds_nothing_in_the_dialog_of_an_action(
    service: Service, open_page: Open, work: dict[str, str]
) -> None:
    page = open_page().go("#/session/web-1%2Fagent")
    page.get_by_role("button", name="End", exact=True).click()
    page.get_by_role("dialog").wait_for()
    assert [violation["id"] for violation in Axe().run(page).response["violations"]] == []


@pytest.mark.parametrize("width", [360, 390, 1280, 3840])
@pytest.mark.parametrize("hash_", PAGES)
def test_nothing_sticks_out_at_any_width(
    service: Service, open_page: Open, work: dict[str, str], hash_: str, width: int
) -> None:
    claim(service, "src/" + "very_long_folder_name/" * 12 + "app.py", description="w" * 300)
    page = open_page(viewport={"width": width, "height": 800}).go(hash_.format(**work))
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
