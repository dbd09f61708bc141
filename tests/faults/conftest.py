"""A MariaDB server to break, a proxy in front of it, and the service that must live with that."""

import contextlib
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.databases import MariaDB, mariadb_missing, private_mariadb
from tests.faults.calls import BACK_WITHIN_S, works
from tests.faults.proxy import Proxy
from tests.galera import Cluster, galera_missing, private_cluster
from tests.service import Service, running, until


@dataclass
class World:
    """A service that reaches its own MariaDB server through a proxy.

    A test that breaks something heals it.
    """

    server: MariaDB
    proxy: Proxy
    service: Service


@pytest.fixture(scope="package")
def breakable() -> Iterator[MariaDB]:
    """A MariaDB server for the fault tests alone."""
    missing = mariadb_missing()
    if missing:
        pytest.skip(f"MariaDB tests are left out: {missing}")
    with (
        tempfile.TemporaryDirectory(prefix="coord-faults-") as folder,
        private_mariadb(Path(folder) / "db") as server,
    ):
        yield server


@pytest.fixture(scope="package")
def cluster() -> Iterator[Cluster]:
    """Three Galera nodes for the fault tests alone."""
    missing = galera_missing()
    if missing:
        pytest.skip(f"Galera tests are left out: {missing}")
    with (
        tempfile.TemporaryDirectory(prefix="coord-galera-") as folder,
        private_cluster(Path(folder)) as started,
    ):
        yield started


@pytest.fixture(scope="module")
def one_world(breakable: MariaDB, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with contextlib.ExitStack() as stack:
        breakable.create_database("faults")
        stack.callback(breakable.run, "DROP DATABASE faults")  # another module makes it again
        proxy = stack.enter_context(Proxy(breakable.port))
        url = breakable.url("faults", proxy.port)
        service = stack.enter_context(running(tmp_path_factory.mktemp("service"), url))
        yield World(breakable, proxy, service)


@pytest.fixture
def world(one_world: World) -> World:
    """All is well before each test, also when the one before has failed."""
    until(lambda: works(one_world.service), BACK_WITHIN_S, "the service to work")
    return one_world


@pytest.fixture(params=["sqlite", "mariadb"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database of the test's own in which nothing is yet."""
    if request.param == "sqlite":
        (tmp_path / "coord.db").touch()
        return f"sqlite:///{tmp_path}/coord.db"
    server: MariaDB = request.getfixturevalue("breakable")
    return server.create_database(f"t{uuid.uuid4().hex}")


@pytest.fixture(scope="module", params=["sqlite", "mariadb"])
def sound_service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The service on a database that nobody breaks.

    What is not touched for 3.6 s is stale there.
    """
    folder = tmp_path_factory.mktemp("service")
    if request.param == "sqlite":
        url = f"sqlite:///{folder}/coord.db"
    else:
        url = request.getfixturevalue("breakable").create_database(f"t{uuid.uuid4().hex}")
    with running(folder, url, STALE_AFTER_HOURS="0.001") as service:
        yield service
