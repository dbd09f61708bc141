"""Where a campaign takes place: the real service, on a database of its own."""

import contextlib
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from campaign.claimers import STALE_AFTER_HOURS
from tests.databases import MariaDB, mariadb_missing, private_mariadb
from tests.faults import calls
from tests.faults.clock import Clock
from tests.faults.proxy import Proxy
from tests.galera import SIZE, Cluster, galera_missing, private_cluster
from tests.service import Service, migrate, running, until

NODES = 2  # of coord, where the database lets it be several
BACK_WITHIN_S = 20.0
DATABASE = "campaign"


@dataclass
class World:
    """`services`: the nodes of coord. `notice_s`: how long a dead waiter may hold up those behind
    it. Only what a database has is set: SQLite's `file`; MariaDB's `server`, and the `proxy` that
    the services reach it through; the `cluster`. `clock`: the database's.
    """

    kind: str
    folder: Path
    services: list[Service]
    notice_s: float
    clock: Clock = field(default_factory=Clock)
    _file: Path | None = None
    _server: MariaDB | None = None
    _proxy: Proxy | None = None
    _cluster: Cluster | None = None

    @property
    def file(self) -> Path:
        assert self._file is not None
        return self._file

    @property
    def server(self) -> MariaDB:
        assert self._server is not None
        return self._server

    @property
    def proxy(self) -> Proxy:
        assert self._proxy is not None
        return self._proxy

    @property
    def cluster(self) -> Cluster:
        assert self._cluster is not None
        return self._cluster

    def await_recovery(self) -> None:
        """Returns when each worker of each node reads and writes again."""
        for service in self.services:
            until(partial(calls.works, service), BACK_WITHIN_S, "each node of coord to work again")

    def settle(self) -> None:
        """What one node of the database has, all have."""
        if self._cluster is not None:
            self._cluster.sync()


SETTINGS: Any = {"THREADS": "64", "STALE_AFTER_HOURS": str(STALE_AFTER_HOURS)}


@contextlib.contextmanager
def _sqlite(folder: Path, application: str) -> Iterator[World]:
    file = folder / "coord.db"
    with running(
        folder / "service", f"sqlite:///{file}", application=application, **SETTINGS
    ) as service:
        yield World("sqlite", folder, [service], 1.0, _file=file)


@contextlib.contextmanager
def _mariadb(folder: Path, application: str) -> Iterator[World]:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(private_mariadb(folder / "db"))
        yield stack.enter_context(mariadb_world(folder, server, application))


@contextlib.contextmanager
def mariadb_world(folder: Path, server: MariaDB, application: str = "wsgi:app") -> Iterator[World]:
    """Two nodes of two workers, on a server that is there."""
    name = f"c{uuid.uuid4().hex}"
    migrate(server.create_database(name))
    with contextlib.ExitStack() as stack:
        proxy = stack.enter_context(Proxy(server.port))
        services = [
            stack.enter_context(
                running(
                    folder / f"service{node}",
                    server.url(name, proxy.port),
                    migrated=False,
                    application=application,
                    **SETTINGS,
                )
            )
            for node in range(NODES)
        ]
        yield World("mariadb", folder, services, 6.0, _server=server, _proxy=proxy)


@contextlib.contextmanager
def _galera(folder: Path, application: str) -> Iterator[World]:
    """Two nodes of coord on three of the database. They write through two of them, which is harder
    than through one, as docs/scaling.md has it.
    """
    with private_cluster(folder / "cluster") as cluster, contextlib.ExitStack() as stack:
        cluster.create_database(DATABASE)
        migrate(cluster.url(DATABASE))
        cluster.sync()
        services = [
            stack.enter_context(
                running(
                    folder / f"service{node}",
                    cluster.url(DATABASE, node),
                    migrated=False,
                    application=application,
                    DATABASE_FAILOVER=" ".join(
                        f"127.0.0.1:{cluster.nodes[(node + further) % SIZE].port}"
                        for further in range(1, SIZE)
                    ),
                    **SETTINGS,
                )
            )
            for node in range(NODES)
        ]
        yield World("galera", folder, services, 7.0, _cluster=cluster)


_MAKERS: dict[str, Callable[[Path, str], contextlib.AbstractContextManager[World]]] = {
    "sqlite": _sqlite,
    "mariadb": _mariadb,
    "galera": _galera,
}
KINDS = tuple(_MAKERS)


def missing(kind: str) -> str | None:
    """What is missing to run it here; None when nothing is."""
    return {"sqlite": lambda: None, "mariadb": mariadb_missing, "galera": galera_missing}[kind]()


@contextlib.contextmanager
def world_of(kind: str, application: str = "wsgi:app") -> Iterator[World]:
    """A world in a temporary folder. `application`: what gunicorn serves."""
    folder = Path(tempfile.mkdtemp(prefix="coord-campaign-"))
    try:
        with _MAKERS[kind](folder, application) as world:
            yield world
    finally:
        shutil.rmtree(folder, ignore_errors=True)
