"""CPU time of one call, in the worker and in the database: a number that depends far less than a
rate on who else uses the machine.

The app is called in this process, as gunicorn calls it but without a socket, so what HTTP itself
costs is left out.
"""

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TextIO
from unittest import mock
from wsgiref.types import WSGIApplication

from bench import baseline, cycles, in_process, service
from coord.app import create_app
from coord.live.tuning import collect_less
from coord.store import database
from tests.databases import private_mariadb

CALLS = 20  # of each kind in a turn
TURNS = 10  # of all kinds in a round, so that whatever else the machine does meets them alike
BASELINE = "bare view with one statement"
DATABASE = "database: "  # before the names of calls, for what the database does for them
BASE = "/api/coord"


class Caller:
    """Calls an app, and measures the CPU time of this thread."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def call(self, method: str, target: str, body: Any = None) -> tuple[int, bytes, float]:
        """Status, body and CPU seconds."""
        return in_process.call(self._app, method, target, body, time.thread_time)


Calls = dict[str, list[float]]
Kind = Callable[[Caller, Calls, int], None]
"""`kind(caller, seconds, nth)`: makes calls and notes the CPU seconds of each under its name."""


def _timed(caller: Caller, calls: Calls, name: str, expect: int, *asked: Any) -> Any:
    status, content, seconds = caller.call(*asked)
    if status != expect:
        raise RuntimeError(f"{asked}: {status} instead of {expect}: {content[:500]!r}")
    calls.setdefault(name, []).append(seconds)
    return json.loads(content) if content else None


def locks(caller: Caller, calls: Calls, nth: int) -> None:
    claim = {
        "project_key": "shop",
        "session_id": "host/a",
        "resource": f"src/pkg/file{nth % 50}.py",
        "description": "bench",
    }
    lock = _timed(caller, calls, "claim", 201, "POST", f"{BASE}/locks", claim)
    one = f"{BASE}/locks/{lock['id']}"
    _timed(caller, calls, "release", 200, "DELETE", f"{one}?session_id=host/a")


def held(caller: Caller, calls: Calls, nth: int) -> None:
    claim = {"project_key": "shop", "session_id": "host/a", "resource": "src/held.py"}
    status = 201 if "held" not in _seen else 200
    _seen.add("held")
    lock = _timed(caller, calls, "claim of one's own", status, "POST", f"{BASE}/locks", claim)
    other = {**claim, "session_id": "host/b"}
    _timed(caller, calls, "refused claim", 409, "POST", f"{BASE}/locks", other)
    one = f"{BASE}/locks/{lock['id']}"
    _timed(caller, calls, "renew", 200, "PATCH", one, {"session_id": "host/a"})


def messages(caller: Caller, calls: Calls, nth: int) -> None:
    message = {
        "project_key": "shop",
        "from_session": "host/a",
        "to_session": "host/b",
        "subject": "hello",
        "body": "the orders are migrated " * 4,
    }
    sent = _timed(caller, calls, "message", 201, "POST", f"{BASE}/messages", message)
    _sent.append(sent["id"])


def inboxes(caller: Caller, calls: Calls, nth: int) -> None:
    inbox = f"{BASE}/messages?to_session=host/b&unread_only=true"
    _timed(caller, calls, "inbox", 200, "GET", inbox)
    read = f"{BASE}/messages/{_sent.pop()}/read"
    _timed(caller, calls, "read", 200, "PUT", read, {"session_id": "host/b"})


def components(caller: Caller, calls: Calls, nth: int) -> None:
    report = {
        "project_key": "shop",
        "component": f"api{nth % 20}",
        "state": "built" if nth // 20 % 2 else "building",
        "version": str(nth),
        "updated_by": "host/a",
    }
    status = 201 if report["component"] not in _seen else 200
    _seen.add(report["component"])
    _timed(caller, calls, "component", status, "PUT", f"{BASE}/components", report)


def reads(caller: Caller, calls: Calls, nth: int) -> None:
    _timed(caller, calls, "livez", 200, "GET", "/livez")
    listed = f"{BASE}/locks?project_key=shop&resource=src/pkg/file1.py"
    _timed(caller, calls, "list of locks", 200, "GET", listed)
    _timed(caller, calls, "events", 200, "GET", f"{BASE}/events?after=0&limit=10")


def status(caller: Caller, calls: Calls, nth: int) -> None:
    asked = f"{BASE}/status?project_key=shop&session_id=host/a"
    _timed(caller, calls, "status", 200, "GET", asked)


def checkins(caller: Caller, calls: Calls, nth: int) -> None:
    asked = {"session_id": "host/a", "project_key": "shop", "ttl_minutes": 60}
    _timed(caller, calls, "check-in", 200, "POST", f"{BASE}/sessions/checkin", asked)


_seen: set[str] = set()
_sent: list[str] = []
KINDS: tuple[Kind, ...] = (
    locks,
    held,
    messages,
    inboxes,
    components,
    reads,
    status,
    checkins,
)


@dataclass(frozen=True)
class Figure:
    """What a call costs: the least CPU-µs of all turns, since nothing makes a call cheaper than it
    is, and that as a multiple of the bare view's."""

    microseconds: float
    of_baseline: float


@contextlib.contextmanager
def _callers(url: str) -> Iterator[tuple[Caller, Caller]]:
    """One of coord, one of the bare view."""
    with contextlib.redirect_stdout(_nowhere()):
        app = create_app({"DATABASE_URL": url, "DATABASE_POOL": 4})
    with mock.patch.dict(os.environ, COORD_DATABASE_URL=url):
        bare = baseline.create_app()
    try:
        yield Caller(app.wsgi_app), Caller(bare.wsgi_app)
    finally:
        with app.app_context():
            database.engine.dispose()


@cache
def _nowhere() -> TextIO:
    """Where all apps of this process log to: the first one's handler stays."""
    return Path(os.devnull).open("w")


def _one_statement(caller: Caller, calls: Calls, nth: int) -> None:
    _timed(caller, calls, BASELINE, 200, "POST", "/baseline/0")


def _database_us(pid: int | None) -> float:
    """CPU-µs that the database server has used so far; SQLite is the worker's own."""
    if pid is None:
        return 0.0
    used = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it ended meanwhile
            used += int((task / "schedstat").read_text().split()[0])
    return used / 1000


@contextlib.contextmanager
def _database(kind: str) -> Iterator[tuple[str, int | None]]:
    with tempfile.TemporaryDirectory(prefix="coord-bench-") as folder:
        if kind == "sqlite":
            yield f"sqlite:///{folder}/coord.db", None
            return
        with private_mariadb(Path(folder) / "db") as server:
            assert server.process is not None
            yield server.create_database("bench"), server.process.pid


def run(kind: str, rounds: int) -> dict[str, Figure]:
    """For each kind of call, and for what the database does for the calls of a kind.

    Of the calls of a turn it is the lower quartile.
    """
    least: dict[str, float] = {}
    _seen.clear()
    _sent.clear()
    with _database(kind) as (url, pid):
        service.migrate(url)
        cycles.prepare_baseline(url)
        with _callers(url) as (coord, bare):
            collect_less()
            for turn in range(rounds * TURNS + 1):  # the first warms up
                took = _turn(coord, bare, pid, turn)
                for name, microseconds in took.items() if turn else ():
                    least[name] = min(microseconds, least.get(name, microseconds))
    return {
        name: Figure(microseconds, microseconds / least[_baseline_of(name)])
        for name, microseconds in least.items()
    }


def _baseline_of(name: str) -> str:
    return DATABASE + BASELINE if name.startswith(DATABASE) else BASELINE


def _turn(coord: Caller, bare: Caller, pid: int | None, turn: int) -> dict[str, float]:
    """CPU-µs of each kind of call, and of the database for all calls of a kind."""
    took: dict[str, float] = {}
    for caller, make in ((bare, _one_statement), *((coord, kind) for kind in KINDS)):
        calls: Calls = {}
        before = _database_us(pid)
        for nth in range(CALLS):
            make(caller, calls, turn * CALLS + nth)
        if pid is not None:
            took[DATABASE + " + ".join(calls)] = (_database_us(pid) - before) / CALLS
        for name, seconds in calls.items():
            took[name] = sorted(seconds)[len(seconds) // 4] * 1e6
    return took
