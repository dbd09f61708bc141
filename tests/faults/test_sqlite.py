"""SQLite's file is locked by others, or cannot grow: 503 within 5 s, and all is well again soon
after.
"""

import contextlib
import resource
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event

from coord.store import database
from tests.conftest import Agent, make_app
from tests.faults import calls
from tests.faults.calls import BODY, claim
from tests.service import Service, running, until

HOLD = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""

VISIT = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10)
print("here", flush=True)
for _ in range(20):
    database.execute("BEGIN IMMEDIATE")
    time.sleep(0.02)
    database.execute("COMMIT")
    time.sleep(0.02)
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("database") / "coord.db"


@pytest.fixture(scope="module")
def service(file: Path) -> Iterator[Service]:
    with running(file.parent / "service", f"sqlite:///{file}") as service:
        yield service


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another process is in the middle of writing to the file."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield
        holder.stdin.close()


@contextlib.contextmanager
def unable_to_grow(service: Service, file: Path) -> Iterator[None]:
    """No file of the service's may get longer than the database's log is now, as on a full disk."""
    (worker,) = service.workers()
    before = resource.prlimit(worker, resource.RLIMIT_FSIZE)
    longest = max(
        each.stat().st_size
        for each in [*file.parent.glob("coord.db*"), service.folder / "service.log"]
    )
    resource.prlimit(worker, resource.RLIMIT_FSIZE, (longest, before[1]))
    try:
        yield
    finally:
        resource.prlimit(worker, resource.RLIMIT_FSIZE, before)


def test_while_another_process_writes_writes_are_answered_503_and_reads_work(
    service: Service, file: Path
) -> None:
    reads, writes = calls.reads(service), calls.writes(service)
    with locked(file):
        calls.assert_all_unavailable(writes, calls.all_at_once(service, writes))
        assert [answer.status for answer in calls.one_by_one(service, reads)] == [200] * len(reads)
        calls.assert_degraded(service)
        calls.assert_alive(service)
    calls.assert_back(service)


def test_another_process_that_writes_now_and_then_is_not_noticed(
    service: Service, file: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", VISIT, str(file)], stdout=subprocess.PIPE, text=True
    ) as visitor:
        assert visitor.stdout is not None
        assert visitor.stdout.readline() == "here\n"
        answers = []
        while visitor.poll() is None:
            answers += calls.all_at_once(service, [claim(f"{uuid.uuid4()}") for _ in range(8)])
    assert visitor.returncode == 0
    assert {answer.status for answer in answers} == {201}


def test_while_the_file_cannot_grow_writes_are_answered_503_and_what_was_acknowledged_stays(
    service: Service, file: Path
) -> None:
    acknowledged = []
    with unable_to_grow(service, file):
        refused = 0
        for number in range(500):
            answer = service.call("POST", "/locks", claim(f"{number}", description="x" * 5000).body)
            if answer.status == 201:
                acknowledged.append(answer.json["id"])
            else:
                calls.assert_unavailable(answer, f"claim {number}")
                refused += 1
            if refused == 5:
                break
        assert refused == 5
        assert service.call("GET", "/status").status == 200
        calls.assert_alive(service)
    calls.assert_back(service)
    assert [service.call("GET", f"/locks/{lock}").status for lock in acknowledged] == [200] * len(
        acknowledged
    )


def test_a_full_database_is_answered_503(tmp_path: Path) -> None:
    app = make_app(f"sqlite:///{tmp_path}/coord.db")
    client = Agent(app.test_client())
    with app.app_context(), database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        event.listen(
            database.engine,
            "connect",
            lambda opened, _: opened.execute(f"PRAGMA max_page_count = {pages}"),
        )
        database.engine.dispose()
    answers = [
        client.call("POST", "/locks", claim(f"{number}", description="x" * 5000).body)
        for number in range(20)
    ]
    assert answers[-1].status_code == 503
    assert answers[-1].json == BODY
    assert answers[-1].headers["Retry-After"] == "30"
    assert client.get("/status").status_code == 200
    with app.app_context():
        database.engine.dispose()


def test_a_wait_that_ends_while_another_process_writes_is_answered_in_time(
    service: Service, file: Path
) -> None:
    """To be refused it has to leave the waiters, which is a write as well."""
    wait_s = 1
    held = calls.made(service, claim(f"{uuid.uuid4()}"))
    call = claim(held["resource"], "host/b", wait=wait_s)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(service.call, call.method, call.path, call.body)
        until(lambda: service.call("GET", "/locks/waiters").json["items"], 10, "it to wait")
        with locked(file):
            answer = waiting.result(30)
    assert answer.status in (409, 503), answer
    assert answer.seconds < wait_s + calls.ANSWER_WITHIN_S, answer
    calls.assert_back(service)
