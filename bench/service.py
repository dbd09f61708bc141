"""Starts what is measured: a database, and an app under coord's gunicorn settings."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.load import Connection
from tests.databases import free_port, private_mariadb

ROOT = Path(__file__).resolve().parent.parent


@contextlib.contextmanager
def database(kind: str) -> Iterator[str]:
    """The URL of an empty database: `sqlite` or `mariadb`."""
    with tempfile.TemporaryDirectory(prefix="coord-bench-") as folder:
        if kind == "sqlite":
            yield f"sqlite:///{folder}/coord.db"
            return
        with private_mariadb(Path(folder) / "db", ("--innodb-buffer-pool-size=1G",)) as server:
            yield server.create_database("bench")


def settings(url: str, **more: str) -> dict[str, str]:
    return {**os.environ, "FLASK_APP": "wsgi.py", "COORD_DATABASE_URL": url, "COORD_LOG_LEVEL": "info", **more}


def migrate(url: str) -> None:
    command = [sys.executable, "-m", "flask", "db", "upgrade"]
    subprocess.run(command, cwd=ROOT, env=settings(url), check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def serving(url: str, app: str = "wsgi:app", **more: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The port of the running app and its master process."""
    port = free_port()
    env = settings(url, COORD_BIND=f"127.0.0.1:{port}", **more)
    command = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", app]
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                Connection(port).close()
                break
            time.sleep(0.05)
        yield port, process
    finally:
        process.terminate()
        process.wait(20)
