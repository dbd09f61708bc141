"""Fixtures: coord.testing's, on each database.

Most tests take `client`, and run once on SQLite and once on MariaDB. The app is made once per
database; each test starts with empty tables.
"""

import atexit
import datetime as dt
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings

from coord.testing import Agent, Clock, app, client, clock, journal_rows, make_app
from tests.databases import MariaDB, mariadb_missing, private_mariadb

__all__ = ["Agent", "Clock", "app", "client", "clock", "journal_rows", "make_app", "moved"]

BASE = "/api/coord"
OF_THE_CALLER = (
    "COORD_",
    "CLAUDE",
    "GIT_",
    "XDG_",
    "FLASK_",
    "PYTHONWARNINGS",
    "NO_COLOR",
    "FORCE_COLOR",
    "COLUMNS",
)


def be_nobody_in_particular() -> None:
    """The same process whoever starts it, and from where: what it leaves to its children is what a
    fresh login would.

    Without the settings of the caller's own coord, Claude Code and git. What a shell's `&` or nohup
    ignores is still survived, but by a handler, which unlike SIG_IGN does not reach a program that
    is started.
    """
    for name in list(os.environ):
        if name.startswith(OF_THE_CALLER) and not name.startswith("COORD_TEST_"):
            del os.environ[name]
    os.environ |= {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    state = tempfile.mkdtemp(prefix="coord-tests-state-")
    atexit.register(shutil.rmtree, state, ignore_errors=True)
    os.environ["XDG_STATE_HOME"] = state
    folder = tempfile.gettempdir()
    # a socket's path ends at 107 bytes, and MariaDB's installer at a space
    if len(folder) > 40 or not folder.isascii() or " " in folder:
        os.environ["TMPDIR"] = tempfile.tempdir = "/tmp"
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda number, frame: None)


if "libfaketime" in os.environ.get("LD_PRELOAD", "") and "FAKETIME_GAPS_SINCE" not in os.environ:
    raise pytest.UsageError(
        "faketime alone stops Python's waits as well: run `make test` under it, or tools/on-day.sh"
        " +400d COMMAND"
    )
be_nobody_in_particular()

# The same examples at each run, so that a failure comes again, and however slow the machine is;
# HYPOTHESIS_PROFILE=explore looks for new ones.
STEADY = settings(database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("coord", STEADY, derandomize=True, max_examples=60)
settings.register_profile("explore", STEADY, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "coord"))


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """A MariaDB server of this test run's own (one per worker of a parallel run).

    Tests that break it start their own instead, so here no commit waits for the disk: one that
    hangs for two seconds would be a 503.
    """
    missing = mariadb_missing()
    if missing:
        pytest.skip(f"MariaDB tests are left out: {missing}")
    with (
        tempfile.TemporaryDirectory(prefix="coord-mariadb-") as folder,
        private_mariadb(
            Path(folder) / "db", options=("--innodb-flush-log-at-trx-commit=0",)
        ) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def sqlite_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return make_app(f"sqlite:///{tmp_path_factory.mktemp('db')}/coord.db")


@pytest.fixture(scope="session")
def mariadb_app(mariadb: MariaDB) -> Flask:
    return make_app(mariadb.create_database("tests"))


@pytest.fixture(scope="session", params=["sqlite", "mariadb"])
def database_app(request: pytest.FixtureRequest) -> Flask:
    """The app on one of the databases; pytest makes this anew for each file, what it stands on only
    once.
    """
    app: Flask = request.getfixturevalue(f"{request.param}_app")
    return app


def moved(time: str, **duration: float) -> str:
    """A time as it is answered, moved by a duration."""
    return (
        (dt.datetime.fromisoformat(time) + dt.timedelta(**duration))
        .isoformat(timespec="microseconds")
        .replace("+00:00", "Z")
    )


def at_once(app: Flask, calls: list[Callable[[Agent], Any]]) -> list[Any]:
    """Makes all calls at the same moment, each from a thread of its own, and answers what they
    answered.
    """
    start = Barrier(len(calls))

    def run(call: Callable[[Agent], Any]) -> Any:
        agent = Agent(app.test_client())
        start.wait(30)
        return call(agent)

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def by_many(app: Flask, number: int, call: Callable[..., Any], *arguments: Any) -> list[Any]:
    """`call(agent, nth, *arguments)` in so many threads at the same moment."""

    def numbered(nth: int) -> Callable[[Agent], Any]:
        return lambda agent: call(agent, nth, *arguments)

    return at_once(app, [numbered(nth) for nth in range(number)])


LONGEST_FIRST = ("tests/web/test_schemathesis.py", "tests/faults/", "tests/e2e/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes begins first, so that no worker is left with it at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST_FIRST))
