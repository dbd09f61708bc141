"""What is measured beside each other: coord on each kind of database, a bare view, and peers."""

import contextlib
import os
import subprocess
import tempfile
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from bench import cycles, disk, hot_lock, loads, service
from bench.load import Connection, Cycle, timed
from tests.databases import free_port, mariadb_missing, private_mariadb
from tests.galera import galera_missing, private_cluster
from tests.service import until

BASE = "/api/coord"
MAX_CLIENTS = 128
ROOM = ("--innodb-buffer-pool-size=1G", "--max-connections=600")
"""Each thread of the bare view keeps a connection of its own."""
REGISTERED_S = 3600  # longer than any comparison
SWITCHBOARD = service.ROOT / ".tools" / "bench" / "bin" / "switchboard"


@dataclass(frozen=True)
class Running:
    """A contender that answers: its port, and the processes that are it and its database."""

    port: int
    own: int
    databases: tuple[int, ...] = ()
    more_loads: dict[str, Cycle] = field(default_factory=dict)
    """Those that need something of this run: a lease, a workflow."""


@dataclass(frozen=True)
class Contender:
    name: str
    missing: Callable[[], str | None]
    """What it needs and is not here."""
    start: Callable[[], AbstractContextManager[Running]]
    loads: dict[str, Cycle]


@dataclass(frozen=True)
class Store:
    url: str
    pids: tuple[int, ...] = ()
    in_service: dict[str, str] = field(default_factory=dict)
    """What the service's environment needs besides."""


def nothing_missing() -> str | None:
    return None


@contextlib.contextmanager
def sqlite() -> Iterator[Store]:
    with service.database("sqlite") as url:
        yield Store(url)


@contextlib.contextmanager
def mariadb(*options: str, **env: str) -> Iterator[Store]:
    with tempfile.TemporaryDirectory(prefix="coord-bench-") as folder, ExitStack() as stack:
        with mock.patch.dict(os.environ, env):
            server = stack.enter_context(private_mariadb(Path(folder, "db"), (*ROOM, *options)))
        assert server.process is not None
        yield Store(server.create_database("bench"), (server.process.pid,))


@contextlib.contextmanager
def slow_mariadb() -> Iterator[Store]:
    with disk.slow_fsync(disk.FSYNC_MS) as env, mariadb(*disk.BINARY_LOG, **env) as store:
        yield store


def slow_missing() -> str | None:
    return mariadb_missing() or disk.compiler_missing()


@contextlib.contextmanager
def galera() -> Iterator[Store]:
    with (
        tempfile.TemporaryDirectory(prefix="coord-bench-") as folder,
        private_cluster(Path(folder)) as cluster,
    ):
        cluster.create_database("bench")
        pids = tuple(node.process.pid for node in cluster.nodes if node.process is not None)
        yield Store(cluster.url("bench"), pids)


@contextlib.contextmanager
def _coord(store: Callable[[], AbstractContextManager[Store]]) -> Iterator[Running]:
    with store() as kept:
        service.migrate(kept.url)
        with service.serving(kept.url, **kept.in_service) as (port, process):
            yield Running(port, process.pid, kept.pids, {ITEMS: loads.work_items(port)})


@contextlib.contextmanager
def _bare_view(store: Callable[[], AbstractContextManager[Store]]) -> Iterator[Running]:
    with store() as kept:
        cycles.prepare_baseline(kept.url, MAX_CLIENTS)
        with service.serving(kept.url, service.BASELINE, **kept.in_service) as (port, process):
            yield Running(port, process.pid, kept.pids)


def switchboard_missing() -> str | None:
    return None if SWITCHBOARD.exists() else "agent-switchboard is not installed"


@contextlib.contextmanager
def _switchboard() -> Iterator[Running]:
    with tempfile.TemporaryDirectory(prefix="coord-bench-") as folder:
        port = free_port()
        command = [str(SWITCHBOARD), "serve", "--port", str(port), "--db", f"{folder}/hub.db"]
        process = subprocess.Popen(
            [*command, "--log-level", "warning"],
            cwd=folder,
            env={**os.environ, "HOME": folder},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            until(lambda: service.is_healthy(port), 30, "agent-switchboard to answer")
            _register(port)
            yield Running(port, process.pid)
        finally:
            process.terminate()
            process.wait(20)


def _register(port: int) -> None:
    """Its heartbeats are for who is registered."""
    connection = Connection(port)
    for client in range(MAX_CLIENTS):
        agent = {"agent_id": f"host-{client}", "name": f"host-{client}", "ttl": REGISTERED_S}
        timed(connection, "POST", "/agents/register", agent, expect=200)
    connection.close()


@contextlib.contextmanager
def _etcd() -> Iterator[Running]:
    with service.etcd() as (port, pid):
        yield Running(port, pid)


@contextlib.contextmanager
def _etcd_with_leases() -> Iterator[Running]:
    """Its clients keep their leases; else etcd makes one for each lock."""
    with service.etcd() as (port, pid):
        leases = hot_lock.leases(port, MAX_CLIENTS)
        yield Running(port, pid, more_loads={WAITS: hot_lock.locking_with(leases)})


LOCKS, WAITS, MESSAGES = "claim + release", "wait in line", "message"
CHECK_IN, INBOX, ITEMS = "check-in", "inbox", "work item"

COORD: dict[str, Cycle] = {
    LOCKS: cycles.claim_and_release,
    WAITS: hot_lock.claim_and_release,
    MESSAGES: loads.message,
    "component": loads.component,
    CHECK_IN: loads.check_in,
    INBOX: loads.get(f"{BASE}/messages?to_session=host/{{client}}-nobody&unread_only=true"),
    "status": loads.get(f"{BASE}/status?project_key=shop"),
    "events": loads.get(f"{BASE}/events?after=0&limit=10"),
}
_inbox_of_switchboard = loads.get(f"/inbox?{urllib.parse.urlencode({'agent_id': 'host-nobody'})}")


def _on(name: str, store: Callable[[], AbstractContextManager[Store]]) -> Contender:
    missing = {"SQLite": nothing_missing, "MariaDB": mariadb_missing, "Galera": galera_missing}
    needs = missing.get(name, slow_missing)
    return Contender(f"coord, {name}", needs, lambda: _coord(store), COORD)


def _bare(name: str, store: Callable[[], AbstractContextManager[Store]]) -> Contender:
    needs = nothing_missing if name == "SQLite" else slow_missing
    return Contender(
        f"bare view, {name}", needs, lambda: _bare_view(store), {LOCKS: cycles.baseline}
    )


SLOW = f"MariaDB with binary log, fsync {disk.FSYNC_MS:g} ms"
CONTENDERS = (
    _on("SQLite", sqlite),
    _bare("SQLite", sqlite),
    _on("MariaDB", mariadb),
    _bare("MariaDB", mariadb),
    _on(SLOW, slow_mariadb),
    _bare(SLOW, slow_mariadb),
    _on("Galera", galera),
    Contender(
        "agent-switchboard",
        switchboard_missing,
        _switchboard,
        {
            LOCKS: loads.lease,
            MESSAGES: loads.note,
            CHECK_IN: loads.heartbeat,
            INBOX: _inbox_of_switchboard,
        },
    ),
    Contender(
        "etcd", service.etcd_missing, _etcd, {LOCKS: loads.key, WAITS: hot_lock.lock_of_etcd}
    ),
    Contender("etcd, clients with leases", service.etcd_missing, _etcd_with_leases, {}),
)
