"""Whether calls stay as fast with years of history stored: each call's median with a thousand rows
in every table and with a million, and the query plans.
"""

import contextlib
import json
import statistics
import time
from collections.abc import Iterator
from typing import Any
from unittest import mock

from flask import Flask

from bench import in_process, service
from coord import upkeep
from coord.app import create_app
from coord.store import database, reader
from tests.long_history import fill

SMALL = 667  # rows of each table in one project; half as many are of another
GROWTH = 1_000
LIVE = {"small": 100, "large": 20_000}  # of each table: held, waiting, there, unread
WARM_UP = 5  # rounds
UPKEEP_AT_FIRST = 60  # times, so that what is due is done

BASE = "/api/coord"
KEPT = {f"{name}_DAYS": 0 for name in ("JOURNAL", "MESSAGE", "LOCK", "HISTORY", "SESSION")}


class Caller:
    """Calls an app in this process: what differs is only the database."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.memory: dict[str, Any] = {}

    def call(self, method: str, path: str, body: Any = None) -> tuple[float, Any]:
        """The seconds that the call took, and its answer."""
        status, content, seconds = in_process.call(self.app, method, BASE + path, body)
        if status >= 300 and status != 409:
            raise RuntimeError(f"{method} {path}: {status} {content[:300]!r}")
        return seconds, json.loads(content) if content else None


def calls(caller: Caller, nth: int) -> Iterator[tuple[str, str, str, Any]]:
    """Every kind of call once: name, method, path, body.

    What earlier ones answered is in `caller.memory`.
    """
    memory = caller.memory
    me = "host/9"
    yield (
        "claim",
        "POST",
        "/locks",
        {"project_key": "shop", "session_id": me, "resource": f"src/file{nth}.py"},
    )
    yield (
        "claim of a held one",
        "POST",
        "/locks",
        {"project_key": "shop", "session_id": "host/8", "resource": f"src/file{nth}.py"},
    )
    lock = memory["claim"]["id"]
    yield "renew", "PATCH", f"/locks/{lock}", {"session_id": me}
    yield "lock by id", "GET", f"/locks/{lock}", None
    yield "locks of a project", "GET", "/locks?project_key=shop", None
    yield "locks of a session", "GET", f"/locks?session_id={me}", None
    yield "locks met", "GET", f"/locks?project_key=shop&resource=src/file{nth}.py", None
    yield "locks met by a tree", "GET", "/locks?project_key=shop&resource=src/", None
    yield "lock history", "GET", "/locks?state=all&limit=20", None
    yield (
        "lock history of a project",
        "GET",
        "/locks?project_key=shop&state=released&limit=20",
        None,
    )
    yield "release", "DELETE", f"/locks/{lock}?session_id={me}", None
    yield "release all", "DELETE", f"/locks?session_id={me}&release_all=true", None
    yield (
        "component set",
        "PUT",
        "/components/shop/api",
        {"state": f"s{nth}", "updated_by": me},
    )
    yield "component", "GET", "/components/shop/api", None
    yield "components", "GET", "/components?project_key=shop", None
    yield "component history", "GET", "/components/shop/api/history?limit=20", None
    yield (
        "workflow",
        "POST",
        "/workflows",
        {"project_key": "shop", "name": "w", "status": "active", "created_by": me},
    )
    item = {"workflow_id": memory["workflow"]["id"], "project_key": "shop", "title": "t"}
    yield "work item", "POST", "/work-items", item
    yield "work item claim", "POST", "/work-items/claim", {"session_id": me, "project_key": "shop"}
    yield (
        "work item done",
        "PATCH",
        f"/work-items/{memory['work item claim']['id']}",
        {"status": "completed"},
    )
    yield (
        "workflow done",
        "PATCH",
        f"/workflows/{memory['workflow']['id']}",
        {"status": "completed"},
    )
    yield (
        "message",
        "POST",
        "/messages",
        {
            "from_session": "host/8",
            "to_session": me,
            "subject": "s",
            "body": "b",
            "project_key": "shop",
        },
    )
    yield "inbox, unread", "GET", f"/messages?to_session={me}&unread_only=true", None
    yield (
        "inbox, unread, of a project",
        "GET",
        f"/messages?to_session={me}&unread_only=true&project_key=shop",
        None,
    )
    yield "inbox", "GET", f"/messages?to_session={me}&limit=20", None
    yield "thread", "GET", f"/messages?thread_id={memory['message']['id']}", None
    yield "message read", "PUT", f"/messages/{memory['message']['id']}/read?session_id={me}", None
    yield "messages read", "PUT", "/messages/read", {"session_id": me}
    yield "status", "GET", f"/status?project_key=shop&session_id={me}", None
    yield "status of all", "GET", "/status", None
    yield (
        "check-in",
        "POST",
        "/sessions/checkin",
        {"session_id": me, "project_key": "shop", "ttl_minutes": 60},
    )
    yield "sessions", "GET", "/sessions?project_key=shop&limit=20", None
    yield "stale locks", "GET", "/locks?project_key=shop&stale=true&limit=20", None
    yield "claims waiting", "GET", "/locks/waiters?project_key=shop&limit=20", None
    yield "ready work items", "GET", "/work-items?project_key=shop&ready=true&limit=20", None
    yield "events", "GET", "/events?after=0&limit=20", None
    yield "events of a rare type", "GET", "/events?after=0&type=session.gone&limit=5", None


def round_of(caller: Caller, nth: int) -> dict[str, float]:
    """The seconds of each call in one round, and of what the upkeep does twice a second."""
    times: dict[str, float] = {}
    for name, method, path, body in calls(caller, nth):
        times[name], caller.memory[name] = caller.call(method, path, body)
    began = time.perf_counter()
    upkeep.run_once(caller.app)
    times["upkeep"] = time.perf_counter() - began
    return times


class _Recorder:
    """A cursor that notes each SELECT with its arguments."""

    def __init__(self, cursor: Any, selects: list[tuple[str, Any]]) -> None:
        self._cursor = cursor
        self._selects = selects

    def execute(self, sql: str, arguments: Any = ()) -> Any:
        if sql.startswith("SELECT"):
            self._selects.append((sql, arguments))
        return self._cursor.execute(sql, arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


@contextlib.contextmanager
def _recorded() -> Iterator[list[tuple[str, Any]]]:
    """Each SELECT that is executed meanwhile, with its arguments."""
    selects: list[tuple[str, Any]] = []
    original = reader.Reader.cursor
    with mock.patch.object(reader.Reader, "cursor", lambda db: _Recorder(original(db), selects)):
        yield selects


def plans(caller: Caller, kind: str) -> list[str]:
    """How the database would run every statement of a round: one line each, `call: table by index
    (rows)`.
    """
    lines: list[str] = []
    for name, method, path, body in calls(caller, 1_000_000 + int(time.time()) % 1000):
        with _recorded() as selects:
            caller.memory[name] = caller.call(method, path, body)[1]
        lines += (f"{name}: {plan}" for plan in _explained(caller, kind, selects))
    return list(dict.fromkeys(lines))


def _explained(caller: Caller, kind: str, selects: list[tuple[str, Any]]) -> Iterator[str]:
    with caller.app.app_context(), database.engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        assert driver is not None
        cursor = driver.cursor()
        for sql, arguments in selects:
            if kind == "mariadb":
                cursor.execute(f"EXPLAIN {sql}", arguments)
                steps = [
                    f"{row[2]} {row[3]} by {row[5]} ({row[8]} rows)"
                    for row in cursor.fetchall()
                    if row[2]
                ]
            else:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}", arguments)
                steps = [
                    row[3] for row in cursor.fetchall() if row[3].startswith(("SCAN", "SEARCH"))
                ]
            yield "; ".join(steps) or "no table"


def run(
    kind: str, scale: float, rounds: int
) -> tuple[dict[str, tuple[float, float, float]], list[str]]:
    """Per call: median ms on the small database, on the one with a thousand times as much, and the
    ratio; and the large one's plans.
    """
    with service.database(kind) as small, service.database(kind) as large:
        callers = []
        for url, rows, live in (
            (small, SMALL, LIVE["small"]),
            (large, int(SMALL * GROWTH * scale), int(LIVE["large"] * scale)),
        ):
            service.migrate(url)
            app = create_app({"DATABASE_URL": url, "LOG_LEVEL": "error", **KEPT})
            fill(app, rows, live)
            for _ in range(UPKEEP_AT_FIRST):
                upkeep.run_once(app)
            callers.append(Caller(app))
        times: list[list[dict[str, float]]] = [[], []]
        for nth in range(rounds + WARM_UP):
            for caller, rounds_of_caller in zip(callers, times, strict=True):
                seconds = round_of(caller, nth)
                if nth >= WARM_UP:
                    rounds_of_caller.append(seconds)
        small_ms, large_ms = map(_medians_ms, times)
        table = {
            name: (small_ms[name], large_ms[name], large_ms[name] / small_ms[name])
            for name in small_ms
        }
        return table, plans(callers[1], kind)


def _medians_ms(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {name: 1000 * statistics.median(times[name] for times in rounds) for name in rounds[0]}
