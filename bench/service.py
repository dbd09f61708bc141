"""Starts what is measured: a database, and an app under coord's gunicorn settings."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.load import Connection
from bench.processes import children, threads
from config.default import load, workers
from tests.databases import free_port, private_mariadb
from tests.service import until

ROOT = Path(__file__).resolve().parent.parent
BASELINE = "bench.baseline:create_app()"


@contextlib.contextmanager
def database(kind: str, *options: str) -> Iterator[str]:
    """The URL of an empty database: `sqlite` or `mariadb`, which is started with the options."""
    with tempfile.TemporaryDirectory(prefix="coord-bench-") as folder:
        if kind == "sqlite":
            yield f"sqlite:///{folder}/coord.db"
            return
        started_with = ("--innodb-buffer-pool-size=1G", *options)
        with private_mariadb(Path(folder) / "db", started_with) as server:
            yield server.create_database("bench")


# A few callers are all the load there is; what the limits do is for the abuse bench.
WITHOUT_RATES = {f"COORD_{name}": "0" for name in ("PEER_CALLS", "PEER_RATE", "SESSION_RATE")}


def settings(url: str, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        "FLASK_APP": "wsgi.py",
        "COORD_DATABASE_URL": url,
        "COORD_LOG_LEVEL": "info",
        **WITHOUT_RATES,
        **more,
    }


def migrate(url: str) -> None:
    command = [sys.executable, "-m", "flask", "db", "upgrade"]
    subprocess.run(command, cwd=ROOT, env=settings(url), check=True, capture_output=True)


@contextlib.contextmanager
def serving(
    url: str, app: str = "wsgi:app", **more: str
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The port of the running app and its master process. The port is bound here and handed over,
    so that nobody else can take it in between.
    """
    command = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", app]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        env = settings(url, COORD_BIND=f"fd://{listener.fileno()}", **more)
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(listener.fileno(),),
        )
    try:
        until(
            # one that serves has its upkeep beside it: then none is late, and gets no connection
            lambda: sum(map(threads, children(process.pid))) >= 2 * workers(load(env)),
            30,
            "all workers to serve",
        )
        yield port, process
    finally:
        process.terminate()
        process.wait(20)


def etcd_missing() -> str | None:
    """What is missing to run etcd here; None when nothing is."""
    return (
        None
        if shutil.which("etcd")
        else "etcd is not installed (Debian: apt-get install etcd-server)"
    )


@contextlib.contextmanager
def etcd() -> Iterator[tuple[int, int]]:
    """Port and pid of an etcd of its own, with its default settings: as durable as coord is."""
    with tempfile.TemporaryDirectory(prefix="coord-bench-etcd-") as folder:
        port, peers = free_port(), free_port()
        own, for_peers = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peers}"
        command = [
            "etcd",
            "--name=bench",
            f"--data-dir={folder}",
            f"--listen-client-urls={own}",
            f"--advertise-client-urls={own}",
        ]
        command += [
            f"--listen-peer-urls={for_peers}",
            f"--initial-advertise-peer-urls={for_peers}",
            f"--initial-cluster=bench={for_peers}",
        ]
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("ETCD_")
        }
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            until(lambda: is_healthy(port), 30, "etcd to answer")
            yield port, process.pid
        finally:
            process.terminate()
            process.wait(20)


def is_healthy(port: int) -> bool:
    """Whether GET /health is answered with 200 there."""
    try:
        connection = Connection(port)
        status, _ = connection.call("GET", "/health")
        connection.close()
    except OSError:
        return False
    return status == 200
