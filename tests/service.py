"""The real service for tests: migrated as an operator does it, served by gunicorn on a free port,
called over HTTP.

    with tempfile.TemporaryDirectory() as folder, running(Path(folder), url) as service:
        service.call("GET", "/locks")

Everything lies in the folder given; nothing is shared with another service, test or run.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
BASE = "/api/coord"
AT_ROOT = (
    "/api/",
    "/health",
    "/livez",
    "/metrics",
    "/openapi",
    "/docs",
    "/page/",
    "/llms",
    "/mcp",
    "/client",
)
START_S = 60  # a cold start on a busy machine
STOP_S = 20
# On Windows, where the service does not run: the port of one that tools/test_windows.py started on
# Linux, for all tests.
WITHOUT_RATES = {"PEER_RATE": "0", "SESSION_RATE": "0"}  # a test calls faster than any agent
BESIDE_PORT = os.environ.get("COORD_TEST_SERVICE_PORT")
# What a program needs in an otherwise empty environment to see the clock of these tests:
# tools/on-day.sh may have moved it.
CLOCK = {
    name: value
    for name, value in os.environ.items()
    if name == "LD_PRELOAD" or name.startswith("FAKETIME")
}


@dataclass(frozen=True)
class Answer:
    """What the service answered, and how many seconds the caller waited for it."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    seconds: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def __str__(self) -> str:
        return (
            f"{self.status} after {self.seconds:.2f} s: {self.body[:300].decode(errors='replace')}"
        )


class Caller:
    """One keep-alive connection to a service; for one thread at a time.

    After an error in the connection the next call opens another.
    """

    def __init__(self, port: int, timeout: float = 30) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Calls `path` (below the base path unless it is one at the root).

        Raises OSError or HTTPException when no answer comes.
        """
        sent = None if body is None else json.dumps(body).encode()
        if sent is not None:
            headers["Content-Type"] = "application/json"
        began = time.monotonic()
        try:
            self._connection.request(
                method, path if path.startswith(AT_ROOT) else BASE + path, sent, headers
            )
            with self._connection.getresponse() as response:
                return Answer(
                    response.status, response.headers, response.read(), time.monotonic() - began
                )
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise


class Service:
    """A running service: its processes, its log, and calls to it."""

    def __init__(
        self, folder: Path, settings: dict[str, str], application: str = "wsgi:app"
    ) -> None:
        self.folder = folder
        self._application = application
        self.database_url = settings.get("DATABASE_URL", "")
        folder.mkdir(parents=True, exist_ok=True)
        usual = {"METRICS_DIR": str(folder / "metrics"), **WITHOUT_RATES}
        self._environment = environment(**{**usual, **settings})
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0
        self.surroundings: dict[str, str] = {}  # variables of the next start that are no settings

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, log: int | None = None, errors: int | None = None, port: int = 0) -> None:
        """Starts gunicorn on a port that is bound here and handed over, so that nobody else can
        take it in between.

        `log`, `errors`: the descriptors that standard output and standard error go to, instead of
        files. `port` 0: any that is free.
        """
        command = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py"]
        with (
            socket.socket() as listener,
            self._out.open("ab") as out,
            self._errors.open("ab") as said,
        ):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            self.port = listener.getsockname()[1]
            bind = {"COORD_BIND": f"fd://{listener.fileno()}"}
            self._process = subprocess.Popen(
                [*command, self._application],
                cwd=ROOT,
                env=self._environment | bind | self.surroundings,
                stdout=out if log is None else log,
                stderr=said if errors is None else errors,
                pass_fds=(listener.fileno(),),
            )
        from config import default  # the client's tests run where the server's packages are not

        count = default.workers(default.load(self._environment))
        until(
            lambda: self._dead() or (len(self.workers()) == count and self._alive()),
            START_S,
            "the service to answer /livez",
        )
        if self._dead():
            raise RuntimeError(f"the service did not start:\n{self.said()}")

    @property
    def is_running(self) -> bool:
        return not self._dead()

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _dead(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _alive(self) -> bool:
        try:
            return self.call("GET", "/livez").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def caller(self, timeout: float = 30) -> Caller:
        return Caller(self.port, timeout)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One call on a connection of its own."""
        with self.caller() as caller:
            return caller.call(method, path, body, **headers)

    @property
    def master(self) -> int:
        """The process id of gunicorn's master."""
        assert self._process is not None
        return self._process.pid

    def workers(self) -> list[int]:
        """The process ids of gunicorn's workers."""
        children = Path(f"/proc/{self.master}/task/{self.master}/children")
        return [int(pid) for pid in children.read_text().split()]

    def kill_worker(self) -> None:
        """kill -9 of one worker, as the kernel does it when memory is short.

        Returns when it is gone.
        """
        worker = self.workers()[0]
        os.kill(worker, signal.SIGKILL)
        until(lambda: worker not in self.workers(), 10, "the worker to be gone")

    def reload(self) -> None:
        """HUP: new workers with the settings read again. Returns when the old ones are gone."""
        assert self._process is not None
        before = set(self.workers())
        self._process.send_signal(signal.SIGHUP)
        until(
            lambda: self.workers() and before.isdisjoint(self.workers()) and self._alive(),
            START_S,
            "new workers",
        )

    def kill_master(self) -> None:
        """kill -9 of the process that would replace and stop the workers."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def log(self) -> list[dict[str, Any]]:
        """The service's JSON log, oldest first."""
        lines = self._out.read_text(encoding="utf-8").rpartition("\n")[0].splitlines()
        return [json.loads(line) for line in lines]

    def said(self) -> str:
        """All that it wrote, for the message of a failed test."""
        return (
            self._errors.read_text(errors="replace")[-3000:]
            + self._out.read_text(errors="replace")[-3000:]
        )

    @property
    def _out(self) -> Path:
        return self.folder / "service.log"

    @property
    def _errors(self) -> Path:
        return self.folder / "gunicorn.log"


@contextlib.contextmanager
def running(
    folder: Path,
    database_url: str,
    *,
    migrated: bool = True,
    application: str = "wsgi:app",
    **settings: str,
) -> Iterator[Service]:
    """A service over the database, migrated first unless told otherwise.

    `settings` without their prefix: `WORKERS="1"`. `application`: what gunicorn serves. On Windows
    it is the one beside, as it is.
    """
    if BESIDE_PORT:
        if settings:
            pytest.skip("needs a service with settings of its own")
        beside = Service(folder, {})
        beside.port = int(BESIDE_PORT)
        yield beside
        return
    if migrated:
        migrate(database_url)
    service = Service(folder, {"DATABASE_URL": database_url, **settings}, application)
    try:
        service.start()
        yield service
    finally:
        service.stop()


def environment(**settings: str) -> dict[str, str]:
    """This process's environment with these `COORD_…` settings and no others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COORD_")}
    return (
        kept
        | {"FLASK_APP": "wsgi.py"}
        | {f"COORD_{name}": value for name, value in settings.items()}
    )


def start_migration(database_url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "flask", "db", "upgrade"]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(DATABASE_URL=database_url),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def migrate(database_url: str) -> None:
    """`flask db upgrade`, in a process of its own. Raises RuntimeError with what it said."""
    with start_migration(database_url) as process:
        said, _ = process.communicate(timeout=START_S)
    if process.returncode:
        raise RuntimeError(f"flask db upgrade failed:\n{said}")
    from coord.app import create_app
    from coord.store import database

    app = create_app({"DATABASE_URL": database_url})
    with app.app_context():
        database.metadata.create_all(database.engine)
        database.engine.dispose()


def until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """The first true value of the condition, asked every 20 ms.

    Raises AssertionError when it has not come in time.
    """
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain for {what}"
        time.sleep(0.02)
