"""The command line as somebody uses it: in a checkout of a project of its own, against the real
service, in this process or as one.
"""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from coord.client.cli.group import cli
from tests.client.conftest import serve
from tests.faults.proxy import Proxy
from tests.service import ROOT, Service

needs_ctrl_c = pytest.mark.skipif(
    os.name == "nt", reason="on Windows a console sends Ctrl-C, and a test has none"
)
NOWHERE = "http://127.0.0.1:9"  # nobody listens on the discard port

service = pytest.fixture(scope="session", name="service")(serve)


@dataclass
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert len(self.out.splitlines()) == 1, self.out
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def sentence(self) -> str:
        """The first that it says on stderr."""
        return self.err.splitlines()[0] if self.err else ""


@dataclass
class Person:
    """Somebody at work in the checkout; `Person(...)("lock", "x")` is `coord lock x`."""

    folder: Path
    url: str
    project: str
    session: str
    variables: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=lambda: [sys.executable, "-m", "coord.client"])
    line: Proxy | None = None
    is_away: bool = False

    @property
    def env(self) -> dict[str, str]:
        named = {
            "COORD_URL": self.url,
            "COORD_PROJECT": self.project,
            "COORD_SESSION": self.session,
            "COORD_RETRY_AFTER": "0",
        }
        return {name: value for name, value in {**named, **self.variables}.items() if value}

    def __call__(self, *args: str, stdin: str | bytes | None = None, **env: str) -> Said:
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            with self._as_it_is():
                done = CliRunner(mix_stderr=False).invoke(
                    cli, args, input=stdin, env={**self.env, **env}, prog_name="coord"
                )
        finally:
            os.chdir(before)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Said(done.exit_code, done.stdout, done.stderr)

    def as_(self, session: str, **changed: Any) -> Person:
        """Somebody else in the same checkout."""
        return Person(
            changed.get("folder", self.folder),
            changed.get("url", self.url),
            self.project,
            session,
            dict(self.variables),
            line=self.line,
            is_away=self.is_away,
        )

    @contextmanager
    def _as_it_is(self) -> Iterator[None]:
        """Nobody answers at coord's address while the command of somebody runs who is cut off."""
        if self.is_away and self.line is not None:
            self.line.refuse()
        try:
            yield
        finally:
            if self.is_away and self.line is not None:
                self.line.forward()

    def cut_off(self) -> Person:
        """The same, while nobody answers at coord's address."""
        return replace(self, variables=dict(self.variables), is_away=True)

    def at(self, url: str) -> Person:
        return self.as_(self.session, url=url)

    def inside(self, folder: str) -> Person:
        return self.as_(self.session, folder=self.folder / folder)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(ROOT), **self.env}

    def start(self, *args: str, **options: Any) -> subprocess.Popen[str]:
        """The same as a process of its own."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        return subprocess.Popen(
            [*self.command, *args],
            cwd=self.folder,
            env=self.environment,
            text=True,
            **{**pipes, **options},
        )

    def process(self, *args: str, **options: Any) -> Said:
        with self._as_it_is(), self.start(*args, **options) as process:
            out, err = process.communicate(timeout=60)
        return Said(process.returncode, out or "", err or "")

    @property
    def queued(self) -> list[dict[str, Any]]:
        """The calls that wait, as `coord queue` shows them."""
        found: list[dict[str, Any]] = self("queue", "--json").json["waiting"]
        return found


@pytest.fixture(scope="session")
def line(service: Service) -> Iterator[Proxy]:
    """The way to the service, which can break."""
    with Proxy(service.port) as proxy:
        yield proxy


@pytest.fixture
def me(line: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    checkout = tmp_path / "shop"
    (checkout / ".git").mkdir(parents=True)
    (checkout / "src").mkdir()
    (checkout / "src" / "app.py").write_text("")
    key = uuid.uuid4().hex[:12]
    return Person(
        checkout, f"http://127.0.0.1:{line.port}", f"shop-{key}", f"web-1-{key}/agent", line=line
    )


@pytest.fixture
def other(me: Person) -> Person:
    """Somebody else, in a checkout of their own."""
    checkout = me.folder.parent / "theirs"
    (checkout / ".git").mkdir(parents=True)
    return me.as_(me.session.replace("web-1", "web-2"), folder=checkout)


@pytest.fixture
def away(me: Person) -> Person:
    """The same, while nobody listens at coord's address."""
    return me.cut_off()


class Stub(http.server.BaseHTTPRequestHandler):
    """Answers everything in the same way."""

    status = 503
    sent: dict[str, str] = {}
    body = b""

    def log_message(self, *args: Any) -> None:
        pass

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(self.status)
        for name, value in {**self.sent, "Content-Length": str(len(self.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 (http.server asks for these)


def answering(status: int, body: object, **headers: str) -> Any:
    """A server that only ever answers that: `with answering(503, {...}) as url:`"""
    return _Answering(
        status,
        json.dumps(body).encode(),
        {name.replace("_", "-"): value for name, value in headers.items()},
    )


class _Answering:
    def __init__(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        handler = type("Answers", (Stub,), {"status": status, "body": body, "sent": headers})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def every_command(
    group: click.Group | None = None, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Each subcommand, and each below it."""
    group = cli if group is None else group
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from every_command(command, (*path, name))
