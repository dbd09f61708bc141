"""Acting from the page: what a button does, whom it tells, and that the command lines beside it do
the same.
"""

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.areas.board.conftest import Opened, claim
from tests.service import Service

Open = Callable[..., Opened]
AWKWARD = 'it\'s $(touch x); "quoted" `back` \\ & ünï'


def fill_in(page: Any, **fields: str) -> Any:
    dialog = page.get_by_role("dialog")
    for label, value in {
        "Your name": "anna",
        **{name.replace("_", " "): value for name, value in fields.items()},
    }.items():
        dialog.get_by_label(label).fill(value)
    return dialog


def command(dialog: Any, label: str) -> str:
    dialog.get_by_text("The same on the command line").click()
    line: str = (
        dialog.locator(".command", has=dialog.page.locator(".label", has_text=label))
        .first.locator("code")
        .inner_text()
    )
    return line


def newest(service: Service, kind: str) -> Any:
    events = service.call("GET", f"/events?type={kind}&limit=500").json["items"]
    return events[-1]


def test_a_session_is_ended_with_a_reason_and_is_told(service: Service, open_page: Open) -> None:
    service.call(
        "POST",
        "/sessions/heartbeat",
        {"session_id": "web-9/agent", "project_key": "shop", "ttl_minutes": 60},
    )
    lock = claim(service, "src/held.py", "web-9/agent")
    page = open_page().go("#/session/web-9%2Fagent")
    page.get_by_role("button", name="End", exact=True).click()
    dialog = fill_in(page, Reason="It hangs")
    button = dialog.get_by_role("button", name="End the session")
    assert button.is_disabled()
    dialog.get_by_label("This cannot be taken back").check()
    button.click()
    dialog.wait_for(state="hidden")
    assert service.call("GET", f"/locks/{lock['id']}").json["release_reason"] == "session_ended"
    (told,) = service.call("GET", "/messages?to_session=web-9/agent").json["items"]
    assert (told["from_session"], told["body"]) == ("anna", "It hangs")
    assert newest(service, "message.sent")["data"]["subject"] == "End web-9/agent: It hangs"


def test_the_operator_is_asked_for_the_name_once(service: Service, open_page: Open) -> None:
    opened = open_page()
    page = opened.go()
    for number in range(2):
        page.get_by_role("button", name="Write to all").click()
        dialog = page.get_by_role("dialog")
        if number == 0:
            dialog.get_by_label("Your name").fill("anna")
        dialog.get_by_label("Subject").fill(f"News {number}")
        dialog.get_by_label("Message").fill("Text")
        dialog.get_by_role("button", name="Send").click()
        dialog.wait_for(state="hidden")
    sent = service.call("GET", "/messages?from_session=anna").json["items"]
    assert [message["subject"] for message in sent if message["broadcast"]][:2] == [
        "News 1",
        "News 0",
    ]


def test_a_refusal_is_shown_in_the_services_words_and_nothing_is_lost(
    service: Service, open_page: Open
) -> None:
    page = open_page().go()
    page.get_by_role("button", name="Write to all").click()
    dialog = fill_in(page, Subject="s" * 2000, Message="Kept")
    dialog.get_by_role("button", name="Send").click()
    dialog.get_by_role("alert").wait_for()
    assert dialog.get_by_label("Message").input_value() == "Kept"


def test_an_items_status_is_changed_and_its_assignee_is_told(
    service: Service, open_page: Open
) -> None:
    workflow = service.call(
        "POST", "/workflows", {"project_key": "shop", "name": "W", "created_by": "ops"}
    ).json["id"]
    item = service.call(
        "POST", "/work-items", {"workflow_id": workflow, "title": "Job", "session_id": "ops"}
    ).json["id"]
    service.call(
        "PATCH", f"/work-items/{item}", {"session_id": "web-3/agent", "status": "in_progress"}
    )
    page = open_page().go(f"#/item/{item}")
    page.get_by_role("button", name="Status").click()
    dialog = fill_in(page, Reason="Finance must decide first")
    dialog.locator("select").select_option("blocked")
    dialog.get_by_role("button", name="Change").click()
    dialog.wait_for(state="hidden")
    assert service.call("GET", f"/work-items/{item}").json["status"] == "blocked"
    assert (
        service.call("GET", "/messages?to_session=web-3/agent").json["items"][0]["body"]
        == "Finance must decide first"
    )


@pytest.mark.parametrize(
    "text", ["plain", AWKWARD, "two\nlines", "-x"], ids=["plain", "awkward", "lines", "dash"]
)
def test_the_curl_line_does_what_the_button_does(
    service: Service, open_page: Open, text: str
) -> None:
    page = open_page().go()
    page.get_by_role("button", name="Write to all").click()
    dialog = fill_in(page, Subject="By curl", Message=text)
    line = command(dialog, "curl")
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    sent = service.call("GET", "/messages?from_session=anna").json["items"][0]
    assert (sent["subject"], sent["body"]) == ("By curl", text)


def test_another_sites_page_can_neither_read_nor_act(service: Service, open_page: Open) -> None:
    page = open_page().page
    page.route(
        "http://elsewhere.test/",
        lambda route: route.fulfill(body="<p>elsewhere</p>", content_type="text/html"),
    )
    page.goto("http://elsewhere.test/")
    message = '{"from_session": "evil", "subject": "s", "body": "b"}'
    page.evaluate(
        f"fetch('{service.url}/api/coord/messages', {{method: 'POST', body: '{message}', mode:"
        " 'no-cors'}).catch(() => null)"
    )
    read = page.evaluate(
        f"fetch('{service.url}/api/coord/board').then(() => 'read', () => 'refused')"
    )
    assert read == "refused"
    assert service.call("GET", "/messages?from_session=evil").json["items"] == []
