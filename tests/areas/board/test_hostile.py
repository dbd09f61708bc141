"""Text that would be markup, code or a trap: shown as text, wherever it stands."""

import shlex
from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.areas.board.conftest import Opened
from tests.service import Service

Open = Callable[..., Opened]


HOSTILE = {
    "markup": "<img src=x onerror=alert(1)><script>alert(2)</script>",
    "address": "javascript:alert(1)",
    "closing": "'\"></a><svg onload=alert(1)>",
    "long word": "x" * 3000,
    "emoji": "🔥👩‍👩‍👧‍👦 é e\u0301",
    "template": "${alert(1)} {{7*7}} %s %n",
}


def test_text_of_others_is_text(service: Service, open_page: Open) -> None:
    for name, text in HOSTILE.items():
        session = f"{name}/{text[:150]}"
        service.call(
            "POST",
            "/sessions/heartbeat",
            {"session_id": session, "project_key": text[:90], "task": text, "agent": text[:50]},
        )
        service.call(
            "POST",
            "/locks",
            {
                "project_key": text[:90],
                "session_id": session,
                "resource": text[:390],
                "description": text,
            },
        )
        body = {
            "project_key": text[:90],
            "component": text[:90],
            "state": "degraded",
            "notes": text,
            "version": text[:60],
            "updated_by": session,
        }
        service.call("PUT", "/components", body)
        workflow = service.call(
            "POST",
            "/workflows",
            {"project_key": text[:90], "name": text[:150], "created_by": session},
        ).json
        item = {
            "workflow_id": workflow["id"],
            "title": text[:150],
            "status": "blocked",
            "description": text,
            "session_id": session,
        }
        service.call("POST", "/work-items", item)
        sent = {
            "from_session": session,
            "to_session": session,
            "subject": text[:150],
            "body": text,
            "importance": "urgent",
        }
        service.call("POST", "/messages", sent)
    opened = open_page()
    dialogs: list[str] = []
    opened.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    page = opened.go()
    markup = HOSTILE["markup"]
    page.locator("main").get_by_text(markup[:60]).first.wait_for()
    for link in ("session", "resource", "component", "message", "workflow", "item"):
        page.goto(f"{opened.url}/#/")
        page.locator(f'a[href^="#/{link}/"]', has_text="<img").first.click()
        page.get_by_role("heading", level=1).get_by_text("<img").wait_for()
    assert page.evaluate("document.querySelectorAll('img, main script, svg[onload]').length") == 0
    assert (dialogs, opened.complaints) == ([], [])
    assert all(url.startswith((opened.url, "data:")) for url in opened.asked)


@pytest.mark.parametrize("name", ["constructor", "__proto__", "toString", "hasOwnProperty/x"])
def test_what_every_object_has_is_no_page(open_page: Open, name: str) -> None:
    opened = open_page()
    opened.go(f"#/{name}").get_by_role("heading", name="There is no such page").wait_for()
    assert opened.complaints == []


@pytest.mark.parametrize(
    ("project", "resource"),
    [
        ("$(touch x)", "a.py"),
        ("shop; touch x", "it's `touch x`"),
        ("--url=http://127.0.0.1:1", "--url=http://127.0.0.1:1"),
        ("=id", "a\u200db"),
    ],
)
def test_a_command_that_a_link_makes_the_page_show_is_only_what_it_says(
    open_page: Open, project: str, resource: str
) -> None:
    page = open_page().go(f"#/resource/{quote(project, safe='')}/{quote(resource, safe='')}")
    line = page.locator(".command code").first.inner_text()
    assert line.isascii()
    if resource.isascii():
        assert shlex.split(line) == ["coord", "-p", project, "lock", "--", resource]


def test_a_command_beside_a_button_takes_no_name_for_an_option(
    service: Service, open_page: Open
) -> None:
    option = "--url=http://127.0.0.1:1"
    body = {"project_key": "shop", "session_id": "web-1/agent", "resource": option}
    assert service.call("POST", "/locks", body).status == 201
    page = open_page().go(f"#/resource/shop/{quote(option, safe='')}")
    page.get_by_role("button", name="Ask").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Your name").fill("anna")
    dialog.get_by_text("The same on the command line").click()
    words = shlex.split(dialog.locator(".command code").first.inner_text())
    assert words.index("--") < words.index(option)


@pytest.mark.parametrize(
    "query",
    [
        "since=99999999999999999999",
        "since=-5",
        "since=-271821-04-20&until=%2B275760-09-13",
        "since=2026-01-01&until=%2B275760-09-13&at=%2B275760-09-13",
        "at=x",
        "sort=__proto__",
    ],
)
def test_no_link_stops_the_page(open_page: Open, query: str) -> None:
    opened = open_page()
    for kind in ("timeline", "activity", ""):
        page = opened.go(f"#/{kind}?{query}")
        page.get_by_role("main").get_by_role("heading").first.wait_for()
        assert page.get_by_text("cannot be drawn").count() == 0
    assert opened.complaints == []
