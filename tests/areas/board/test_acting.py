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
    dialog.get_by_label("I know that this cannot be taken back").check()
    button.click()
    dialog.wait_for(state="hidden")
    assert service.call("GET", f"/locks/{lock['id']}").json["release_reason"] == "session_ended"
    (told,) = service.call("GET", "/messages?to_session=web-9/agent").json["items"]
    assert (told["from_session"], told["body"]) == ("anna", "It hangs")
    assert newest(service, "message.sent")["data"]["subject"] == "End web-9/agent: It hangs"


def test_a_live_lock_is_released_by_force_only_with_a_reason_and_a_tick(
    service: Service, open_page: Open
) -> None:
    lock = claim(service, "src/forced.py", "web-7/agent")
    page = open_page().go("#/resource/shop/src%2Fforced.py")
    page.get_by_role("button", name="Release by force").click()
    dialog = fill_in(page, Reason="It hangs, and I'm sure")
    button = dialog.get_by_role("button", name="Release by force")
    assert button.is_disabled()
    dialog.get_by_label("I know that this cannot be taken back").check()
    assert "web-7/agent" in dialog.inner_text()
    dialog.get_by_label("Reason").fill("")
    assert button.is_disabled()
    dialog.get_by_label("Reason").fill("It hangs, and I'm sure")
    assert command(dialog, "coord") == (
        f"coord -s anna -p shop unlock {lock['id']} --force --reason 'It hangs, and I'\\''m sure'"
    )
    button.click()
    dialog.wait_for(state="hidden")
    released = service.call("GET", f"/locks/{lock['id']}").json
    assert (released["release_reason"], released["released_by"]) == ("forced", "anna")
    event = newest(service, "lock.released")
    assert event["data"]["stated_reason"] == "It hangs, and I'm sure"
    (told,) = service.call("GET", "/messages?to_session=web-7/agent").json["items"]
    assert "It hangs, and I'm sure" in told["body"]


def test_the_curl_line_releases_by_force_too(service: Service, open_page: Open) -> None:
    lock = claim(service, "src/by curl.py", "web-8/agent")
    page = open_page().go("#/resource/shop/src%2Fby%20curl.py")
    page.get_by_role("button", name="Release by force").click()
    line = command(fill_in(page, Reason=AWKWARD), "curl")
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert service.call("GET", f"/locks/{lock['id']}").json["release_reason"] == "forced"
    assert newest(service, "lock.released")["data"]["stated_reason"] == AWKWARD


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


def titles(service: Service, workflow: str) -> list[str]:
    items = service.call("GET", f"/work-items?workflow_id={workflow}").json["items"]
    return [item["title"] for item in items]


def add_items(service: Service, *named: tuple[str, int]) -> str:
    workflow: str = service.call(
        "POST", "/workflows", {"project_key": "shop", "name": "W", "created_by": "ops"}
    ).json["id"]
    for title, priority in named:
        item = {"workflow_id": workflow, "title": title, "priority": priority, "session_id": "ops"}
        assert service.call("POST", "/work-items", item).status == 201
    return workflow


@pytest.mark.parametrize(
    ("priorities", "item", "place", "order", "changes"),
    [
        ((0, 0, 0, 0), "d", "1: first", "dabc", 1),
        ((0, 0, 0, 0), "a", "4: after d", "bcda", 1),
        ((0, 0, 0, 0), "d", "3: after b", "abdc", 3),
        ((5, 5, 3, 1), "d", "2: after a", "adbc", 2),
        ((5, 5, 3, 1), "a", "3: after c", "bcad", 1),
        ((9, 7, 5, 3), "b", "4: after d", "acdb", 1),
    ],
    ids=["to the top", "to the end", "among equals", "between equals", "down", "below all"],
)
def test_an_item_is_moved_to_another_place(
    service: Service,
    open_page: Open,
    priorities: tuple[int, ...],
    item: str,
    place: str,
    order: str,
    changes: int,
) -> None:
    workflow = add_items(service, *zip("abcd", priorities, strict=True))
    page = open_page().go(f"#/workflow/{workflow}")
    page.get_by_role("button", name=f"Move {item}").click()
    dialog = fill_in(page)
    assert dialog.get_by_role("button", name="Move").is_disabled()
    dialog.get_by_label("Place").select_option(place)
    assert dialog.locator(".command .label", has_text="curl").count() == changes
    dialog.get_by_role("button", name="Move").click()
    dialog.wait_for(state="hidden")
    assert titles(service, workflow) == list(order)


def test_an_item_is_dragged_to_anothers_place(service: Service, open_page: Open) -> None:
    workflow = add_items(service, ("first", 0), ("second", 0), ("third", 0))
    page = open_page().go(f"#/workflow/{workflow}")
    rows = page.get_by_label("Work items", exact=True).locator(".movable")
    rows.nth(2).drag_to(rows.nth(0))
    fill_in(page).get_by_role("button", name="Move").click()
    rows.first.get_by_text("third").wait_for()
    assert titles(service, workflow) == ["third", "first", "second"]
