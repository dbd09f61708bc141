"""The pictures of the documents are of the real page: a scene is set up by calls, and looked at in
a browser.

`make pictures` stores them; every other run only takes them, so that a scene that breaks is seen.
"""

import os
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.areas.board.conftest import Opened
from tests.areas.board.test_timeline import MOMENT, answering, at, span
from tests.service import ROOT, Service, running

Open = Callable[..., Opened]
PICTURES = ROOT / "docs" / "pictures"
MAX_BYTES = 400_000

SESSIONS = [
    ("web-1/claude", "claude", "Cart totals with VAT", 30),
    ("web-2/claude", "claude", "Split the order model", 30),
    ("ci-1/runner", "script", "Nightly build", 0.001),
    ("db-1/codex", "codex", "Migrate the orders table", 60),
    ("ops/anna", "person", "Watching the deploy", None),
]
LOCKS = [
    ("ci-1/runner", "git push", "Nightly release"),
    ("web-1/claude", "src/cart/totals.py", "VAT by country"),
    ("web-1/claude", "src/cart/discounts.py", "VAT by country"),
    ("web-1/claude", "tests/cart/test_totals.py", None),
    ("web-2/claude", "src/orders/", "Splitting the order model in three"),
    ("db-1/codex", "migrations/", "0042: orders table"),
    ("db-1/codex", "ssh db-1", "Running the migration on staging"),
]
COMPONENTS = [
    ("api", "deployed", "1.4.2", None),
    ("web", "deploying", "1.5.0", None),
    ("worker", "degraded", "1.4.2", "the queue is 20,000 behind since the deploy"),
    ("search", "built", "0.9.1", None),
]
ITEMS: list[tuple[str, list[int]]] = [
    ("Split the order model", []),
    ("Totals with VAT", [0]),
    ("Discount codes", [0]),
    ("New checkout page", [1, 2]),
    ("Load test", [3]),
]


class Scene:
    """A team at work, made by the calls that its sessions would make."""

    def __init__(self, service: Service) -> None:
        self._service = service
        for name, agent, task, ttl in SESSIONS:
            self._call(
                "POST",
                "/sessions/heartbeat",
                session_id=name,
                project_key="shop",
                agent=agent,
                task=task,
                ttl_minutes=ttl,
                state=None if agent == "person" else "working",
            )
        for holder, resource, why in LOCKS:
            self._call(
                "POST",
                "/locks",
                project_key="shop",
                session_id=holder,
                resource=resource,
                description=why,
            )
        for name, state, version, notes in COMPONENTS:
            body = {
                "project_key": "shop",
                "component": name,
                "state": state,
                "version": version,
                "notes": notes,
                "updated_by": "ops/anna",
            }
            self._call("PUT", "/components", **body)
        self.workflow = self._work()
        sent = {
            "from_session": "ops/anna",
            "project_key": "shop",
            "body": "Please answer before you run it.",
            "importance": "urgent",
        }
        self._call(
            "POST",
            "/messages",
            to_session="db-1/codex",
            subject="Is the migration reversible?",
            **sent,
        )

    def _call(self, method: str, path: str, **body: Any) -> Any:
        answer = self._service.call(method, path, body)
        assert answer.status in (200, 201), answer
        return answer.json

    def _work(self) -> str:
        workflow: str = self._call(
            "POST", "/workflows", project_key="shop", name="Checkout rewrite", created_by="ops/anna"
        )["id"]
        ids: list[str] = []
        for title, needs in ITEMS:
            item = {
                "workflow_id": workflow,
                "title": title,
                "depends_on": [ids[need] for need in needs],
                "session_id": "ops/anna",
            }
            ids.append(self._call("POST", "/work-items", **item)["id"])
        self._call("PATCH", f"/workflows/{workflow}", session_id="ops/anna", status="active")
        self._call("PATCH", f"/work-items/{ids[0]}", session_id="web-2/claude", status="completed")
        self._call(
            "PATCH", f"/work-items/{ids[1]}", session_id="web-1/claude", status="in_progress"
        )
        self._call("PATCH", f"/work-items/{ids[2]}", session_id="web-2/claude", status="blocked")
        return workflow

    def wait(self, session: str, resource: str) -> threading.Thread:
        """A claim that waits; it is answered when its service stops, or its time is over."""
        body = {"project_key": "shop", "session_id": session, "resource": resource, "wait": 50}
        waiting = threading.Thread(target=self._wait, args=(body,), daemon=True)
        waiting.start()
        return waiting

    def _wait(self, body: dict[str, Any]) -> None:
        with self._service.caller(timeout=60) as caller:
            caller.call("POST", "/locks", body)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    with running(folder, f"sqlite:///{folder}/coord.db") as started:
        yield started


@pytest.fixture(scope="module")
def scene(service: Service) -> Iterator[Scene]:
    made = Scene(service)
    waiting = [
        made.wait("web-2/claude", "src/cart/totals.py"),
        made.wait("db-1/codex", "src/orders/model.py"),
    ]
    yield made
    service.stop()
    for each in waiting:
        each.join(10)


@pytest.mark.parametrize(
    ("name", "size", "scheme", "hash_", "shows"),
    [
        ("board", (1440, 860), "light", "#/", "waits for"),
        ("board-dark", (1440, 860), "dark", "#/", "waits for"),
        ("board-phone", (390, 844), "light", "#/", "Needs attention"),
        ("workflow", (1200, 700), "light", "#/workflow/{workflow}", "What depends on what"),
    ],
)
def test_a_picture_is_taken(
    scene: Scene,
    open_page: Open,
    tmp_path: Path,
    name: str,
    size: tuple[int, int],
    scheme: str,
    hash_: str,
    shows: str,
) -> None:
    width, height = size
    opened = open_page(
        viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=1
    )
    page = opened.go(hash_.format(workflow=scene.workflow))
    page.get_by_text(shows).first.wait_for()
    page.get_by_text("stale lock").or_(page.get_by_text("blocked").first).first.wait_for()
    store(opened, tmp_path, name)


def store(opened: Opened, tmp_path: Path, name: str) -> None:
    folder = PICTURES if os.environ.get("TAKE_PICTURES") else tmp_path
    folder.mkdir(exist_ok=True)
    opened.page.screenshot(path=str(folder / f"{name}.png"))
    assert opened.complaints == []
    assert 10_000 < (PICTURES / f"{name}.png").stat().st_size < MAX_BYTES


def a_morning() -> list[dict[str, Any]]:
    """What fourteen sessions had in six hours: the service cannot be given a past by its calls."""
    chance = random.Random(3)
    spans = []
    for session in range(14):
        moment = chance.random() * 1800
        while moment < 6 * 3600:
            length = chance.expovariate(1 / 900)
            style = chance.choice(["solid"] * 6 + ["light", "hatched", "asking", "idle", "limited"])
            ending = chance.choice([None] * 9 + ["stale", "forced", "expired"])
            spans.append(
                span(
                    0,
                    session_id=f"web-{session}/claude",
                    text=f"src/module_{chance.randrange(40)}.py",
                    style=style,
                    since=at(moment),
                    until=at(moment + length),
                    ending=ending if style in ("solid", "light") else None,
                )
            )
            moment += length * chance.choice([0.4, 1.2, 2])
    return spans


def counts_of_a_morning() -> dict[str, Any]:
    chance = random.Random(4)
    items = []
    for title, most in [("Conflicts", 3), ("Items done", 2), ("Messages", 6)]:
        buckets = [max(0, chance.randrange(-2, most)) for _ in range(60)]
        shares = [{"name": f"web-{nth}/claude", "count": 4 - nth} for nth in range(3)]
        total = {"title": title, "total": sum(buckets), "buckets": buckets}
        items.append({**total, "by_project": [], "by_session": shares})
    return {"generated_at": at(0), "since": at(0), "until": at(6 * 3600), "items": items}


@pytest.mark.parametrize(
    ("name", "page_of"), [("timeline", "#/timeline"), ("activity", "#/activity")]
)
def test_a_picture_of_the_past_is_taken(
    open_page: Open, tmp_path: Path, name: str, page_of: str
) -> None:
    opened = open_page(viewport={"width": 1280, "height": 800}, timezone_id="UTC")
    answering(opened, a_morning())
    opened.page.route("**/board/counts?*", lambda route: route.fulfill(json=counts_of_a_morning()))
    page = opened.go(
        page_of + MOMENT.format(at(0), at(6 * 3600), at(3 * 3600))[len("#/timeline") :]
    )
    page.get_by_role("img").last.wait_for()
    if name == "activity":
        page.get_by_role("img", name="Messages").wait_for()
    store(opened, tmp_path, name)
