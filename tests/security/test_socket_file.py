"""A service on a socket file believes its callers no more than one on a port."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service import ROOT, START_S, STOP_S, environment, migrate, until


@pytest.fixture(scope="module")
def socket_file() -> Iterator[str]:
    """Of a running service; its path must be short."""
    with tempfile.TemporaryDirectory(prefix="coord-") as name:
        folder = Path(name)
        url, path = f"sqlite:///{folder}/coord.db", f"{folder}/s"
        migrate(url)
        settings = environment(
            DATABASE_URL=url, BIND=f"unix:{path}", METRICS_DIR=str(folder / "metrics")
        )
        command = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "wsgi:app"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=settings, stdout=log, stderr=log)
        try:
            until(lambda: os.path.exists(path), START_S, "the socket file")
            yield path
        finally:
            process.terminate()
            process.wait(STOP_S)


def ask(path: str, target: str, header: str) -> str:
    """The whole answer."""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(30)
        caller.connect(path)
        lines = [f"GET {target} HTTP/1.1", "Host: localhost", header, "Connection: close", "", ""]
        caller.sendall("\r\n".join(lines).encode())
        return b"".join(iter(lambda: caller.recv(65536), b"")).decode()


@pytest.mark.parametrize("value", ["/$(id)", "/team", "/live"])
def test_a_caller_does_not_say_where_the_service_is_mounted(socket_file: str, value: str) -> None:
    """Nor has it a path that does not begin so logged, with its query."""
    assert ask(socket_file, "/livez", f"SCRIPT_NAME: {value}").startswith("HTTP/1.1 200 ")
    script = ask(socket_file, "/client/install.sh", f"SCRIPT_NAME: {value}")
    assert script.startswith("HTTP/1.1 200 ")
    assert "url=http://localhost\n" in script
    assert ask(socket_file, f"{value}/livez", f"SCRIPT_NAME: {value}").startswith("HTTP/1.1 404 ")


def test_nor_which_path_it_means(socket_file: str) -> None:
    answer = ask(socket_file, "/livez", "PATH_INFO: /client")
    assert '"sha256"' not in answer


@pytest.mark.parametrize("header", ["X-Forwarded-Proto: https", "X-Forwarded-Host: evil"])
def test_nor_what_it_is_called(socket_file: str, header: str) -> None:
    assert "url=http://localhost\n" in ask(socket_file, "/client/install.sh", header)
