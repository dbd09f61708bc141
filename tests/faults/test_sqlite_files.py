"""SQLite's files are removed or replaced under the service: nothing is granted twice, and it says
loudly what to do.
"""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coord.store import database, read
from coord.store.journal import HEAD
from tests.conftest import make_app
from tests.faults import calls
from tests.faults.calls import claim
from tests.service import Service, running


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "coord.db"


@pytest.fixture
def service(file: Path) -> Iterator[Service]:
    with running(file.parent / "service", f"sqlite:///{file}") as service:
        yield service


def backup(file: Path) -> Path:
    copy = file.with_suffix(".backup")
    with (
        contextlib.closing(sqlite3.connect(file)) as source,
        contextlib.closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    return copy


def put_a_backup_in_place(file: Path) -> None:
    os.replace(backup(file), file)


def remove_all_and_put_a_backup_in_place(file: Path) -> None:
    copy = backup(file)
    for each in file.parent.glob("coord.db*"):
        each.unlink()
    os.replace(copy, file)


def remove(suffix: str) -> Callable[[Path], None]:
    return lambda file: Path(f"{file}{suffix}").unlink()


MISTAKES = {
    "a backup put in its place": put_a_backup_in_place,
    "all removed and a backup put there": remove_all_and_put_a_backup_in_place,
    "removed": remove(""),
    "its log removed": remove("-wal"),
    "its index removed": remove("-shm"),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=list(MISTAKES))
def test_a_file_that_is_removed_or_replaced_is_answered_503_until_a_restart(
    service: Service, file: Path, mistake: Callable[[Path], None]
) -> None:
    every = [*calls.reads(service), *calls.writes(service)]
    before = sorted(each.name for each in file.parent.glob("coord.db*"))
    mistake(file)
    after = sorted(each.name for each in file.parent.glob("coord.db*"))
    calls.assert_all_unavailable(every, calls.all_at_once(service, every))
    calls.assert_all_unavailable(every, calls.one_by_one(service, every))
    calls.assert_degraded(service)
    assert "restart coord" in service.call("GET", "/health").json["reason"]
    assert "CRITICAL" in {line["level"] for line in service.log()}
    calls.assert_alive(service)
    assert sorted(each.name for each in file.parent.glob("coord.db*")) == after, before


def test_a_log_that_is_cut_short_grants_nothing_again_until_a_restart(
    service: Service, file: Path
) -> None:
    for number in range(20):
        calls.made(service, claim(f"held {number}", "host/a"))
    os.truncate(f"{file}-wal", 0)
    for number in range(20):
        call = claim(f"held {number}", "host/b")
        assert service.call(call.method, call.path, call.body).status in (409, 503)
    calls.assert_degraded(service)
    assert "restart coord" in service.call("GET", "/health").json["reason"]
    assert "CRITICAL" in {line["level"] for line in service.log()}


def test_of_two_services_over_one_path_the_one_with_the_old_file_grants_nothing(
    service: Service, file: Path, tmp_path: Path
) -> None:
    calls.made(service, claim("opened before", "host/old"))
    put_a_backup_in_place(file)
    for left in ("-wal", "-shm"):
        Path(f"{file}{left}").unlink(missing_ok=True)
    with running(tmp_path / "second", f"sqlite:///{file}", migrated=False) as second:
        for number in range(20):
            call = claim(f"resource {number}", "host/new")
            assert second.call(call.method, call.path, call.body).status == 201
            other = claim(f"resource {number}", "host/old")
            calls.assert_unavailable(service.call(other.method, other.path, other.body), other)


def test_a_file_that_is_missing_is_made_by_the_migration_alone(tmp_path: Path) -> None:
    file = tmp_path / "coord.db"
    with running(tmp_path / "service", f"sqlite:///{file}", migrated=False) as service:
        calls.assert_unavailable(service.call("GET", "/status"), "GET /status")
        calls.assert_degraded(service)
        assert not file.exists()


def test_when_all_connections_were_closed_the_file_is_opened_again(tmp_path: Path) -> None:
    """The last one that is closed removes the log, which is no mistake of anybody's."""
    app = make_app(f"sqlite:///{tmp_path}/coord.db")
    with app.app_context():
        for _ in range(3):
            assert read(lambda db: db.row(HEAD)) is not None
            database.engine.dispose()
            assert not (tmp_path / "coord.db-wal").exists()
