"""Text that would be markup, code or a trap: shown as text, wherever it stands."""

from collections.abc import Callable

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
