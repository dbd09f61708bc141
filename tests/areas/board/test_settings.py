"""What a reader sets for themselves: saved views, and notifications."""

from collections.abc import Callable

from tests.areas.board.conftest import Opened, claim
from tests.service import Service, until

Open = Callable[..., Opened]

PRETENDED = """
    window.told = [];
    window.Notification = class {
        static permission = "default";
        static requestPermission() {
            Notification.permission = "granted";
            return Promise.resolve("granted");
        }
        constructor(title, { body }) { window.told.push([title, body]); }
    };
    document.hasFocus = () => window.looking ?? false;
"""


def test_a_view_is_saved_opened_and_forgotten(open_page: Open) -> None:
    opened = open_page()
    page = opened.go("#/?project=shop&q=cart")
    page.locator(".settings summary").click()
    page.get_by_label("Save this view as").fill("Cart")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="Cart", exact=True).wait_for()
    page = opened.go("#/timeline")
    page.reload()
    page.locator(".settings summary").click()
    page.get_by_role("link", name="Cart", exact=True).click()
    page.wait_for_url("**/#/?project=shop&q=cart")
    assert page.get_by_role("searchbox").input_value() == "cart"
    page.get_by_role("button", name="Forget Cart").click()
    page.get_by_role("link", name="Cart", exact=True).wait_for(state="detached")
    assert page.evaluate("localStorage.getItem('coord.views')") == "[]"
    assert opened.complaints == []


def degrade(service: Service, component: str) -> None:
    body = {"project_key": "shop", "component": component, "state": "degraded", "updated_by": "ops"}
    service.call("PUT", "/components", body)


def test_new_trouble_is_told_only_once_and_only_when_asked_for(
    service: Service, open_page: Open
) -> None:
    degrade(service, "before")
    opened = open_page()
    opened.page.add_init_script(PRETENDED)
    page = opened.go()
    degrade(service, "unasked")
    page.get_by_role("link", name="unasked").first.wait_for()
    page.locator(".settings summary").click()
    page.get_by_label("Notify me of new trouble").check()
    degrade(service, "worker")
    until(lambda: page.evaluate("window.told.length"), 10, "a notification")
    claim(service, "later.py")
    page.get_by_role("link", name="later.py").first.wait_for()
    assert page.evaluate("window.told") == [["coord: degraded", "worker"]]
    page.evaluate("window.looking = true")
    degrade(service, "looked-at")
    page.get_by_role("link", name="looked-at").first.wait_for()
    assert len(page.evaluate("window.told")) == 1
