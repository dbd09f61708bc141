"""What a careful eye would see at once: what lies upon something else, and what stands in a wrong
place.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.areas.board.conftest import Opened, claim
from tests.service import Service

Open = Callable[..., Opened]
HOST = "build-server-frankfurt-03"

# Parts of rows that share more than a pixel with another, or whose text runs out of their place.
UPON_EACH_OTHER = """() => [...document.querySelectorAll(".rows > li > div")].flatMap((row) => {
    const parts = [...row.children].map((part) => [part, part.getBoundingClientRect()]);
    const seen = parts.filter(([, box]) => box.width > 0 && box.height > 0);
    const outer = row.getBoundingClientRect();
    const out = seen.filter(([, box]) => box.right > outer.right + 1 || box.left < outer.left - 1);
    const upon = seen.flatMap(([part, a], at) => seen.slice(at + 1).filter(([, b]) =>
        Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
        && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4));
    const long = seen.filter(([part]) => part.scrollWidth > part.clientWidth + 1
        && getComputedStyle(part).overflowX === "visible");
    return [...out, ...upon, ...long].map(([part]) => `${row.className}: ${part.className}`);
})"""

# Points along each line that lie inside a box.
THROUGH_BOXES = """() => {
    const boxes = [...document.querySelectorAll(".box rect")].map((rect) => rect.getBBox());
    const inside = ({ x, y }) => boxes.some((box) => x > box.x + 1 && x < box.x + box.width - 1
        && y > box.y + 1 && y < box.y + box.height - 1);
    return [...document.querySelectorAll("path.edge")].flatMap((path) => {
        const steps = Array.from({ length: Math.ceil(path.getTotalLength() / 2) });
        const points = steps.map((_, at) => path.getPointAtLength(2 * at));
        return points.filter(inside).map(({ x, y }) => `${Math.round(x)} ${Math.round(y)}`);
    });
}"""


def call(service: Service, method: str, path: str, **body: Any) -> Any:
    answer = service.call(method, path, body)
    assert answer.status in (200, 201), answer
    return answer.json


@pytest.fixture(scope="module")
def busy(service: Service) -> str:
    """Long and short names of everything; the workflow's id."""
    for agent, task in [("claude", "t" * 300), ("codex", "Split the order model"), ("x", None)]:
        named = {"session_id": f"{HOST}/{agent}", "project_key": "infrastructure-as-code"}
        call(service, "POST", "/sessions/heartbeat", **named, task=task, ttl_minutes=60)
        claim(service, f"src/orders/{agent * 20}.py", f"{HOST}/{agent}", description="why " * 40)
    for name, state, version in [
        ("billing-reconciliation-service", "half-migrated", "2026.01.12-rc3+build.4711"),
        ("api", "degraded", None),
    ]:
        report = {"component": name, "state": state, "version": version, "updated_by": HOST}
        call(service, "PUT", "/components", project_key="infrastructure-as-code", **report)
    sent = {"from_session": f"{HOST}/claude", "subject": "Who owns this? " * 10, "body": "?"}
    call(service, "POST", "/messages", **sent, to_session=f"{HOST}/codex", importance="urgent")
    workflow: str = call(
        service, "POST", "/workflows", project_key="shop", name="Rewrite " * 20, created_by=HOST
    )["id"]
    ids: list[str] = []
    for title, needs in [("a", []), ("b", [0]), ("c", [1]), ("d", [2]), ("e", [0, 3]), ("f", [1])]:
        item = {"workflow_id": workflow, "title": title * 40, "session_id": HOST}
        depends_on = [ids[need] for need in needs]
        ids.append(call(service, "POST", "/work-items", **item, depends_on=depends_on)["id"])
    call(service, "PATCH", f"/work-items/{ids[0]}", session_id=HOST, status="blocked")
    return workflow


@pytest.mark.parametrize("width", [360, 720, 1010, 1280, 1920, 2560])
def test_no_part_of_a_row_lies_upon_another(
    service: Service, open_page: Open, busy: str, width: int
) -> None:
    opened = open_page(viewport={"width": width, "height": 900})
    for hash_ in ["#/", f"#/workflow/{busy}", f"#/session/{HOST}%2Fclaude", "#/search?q=orders"]:
        page = opened.go(hash_)
        page.locator(".rows > li").first.wait_for()
        page.wait_for_timeout(100)
        assert page.evaluate(UPON_EACH_OTHER) == [], hash_
    assert opened.complaints == []


def test_no_line_of_what_depends_on_what_runs_through_a_box(open_page: Open, busy: str) -> None:
    page = open_page().go(f"#/workflow/{busy}")
    page.locator(".box").nth(5).wait_for()
    assert page.locator("path.edge").count() == 6
    assert page.evaluate(THROUGH_BOXES) == []


def test_of_what_needs_attention_the_worst_comes_first(open_page: Open, busy: str) -> None:
    page = open_page().go()
    words = page.locator(".trouble .state")
    words.first.wait_for()
    assert [text.strip() for text in words.all_inner_texts()] == [
        "unread, urgent",
        "degraded",
        "blocked item",
    ]


def test_a_long_text_that_is_cut_is_whole_in_its_tooltip(open_page: Open, busy: str) -> None:
    page = open_page().go()
    task = page.get_by_label("Sessions", exact=True).get_by_title("t" * 300)
    task.wait_for()
    assert task.inner_text() == "t" * 160 + "…"
