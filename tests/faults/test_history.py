"""Sixteen clients claim, wait, renew, release, hang up and let go of overlapping resources at
random while processes are killed, and the recorded history is checked (see history.py).

COORD_TEST_SECONDS says for how long (15 unless set). COORD_TEST_LOST_S says after how long a free
resource with a live waiter is a lost wake-up (3 unless set: the machines that run all tests stall
for a second now and then; 1 is what coord promises). COORD_TEST_SEED lets the clients choose as
they did in another run, as long as they get the same answers.
"""

import contextlib
import os
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from campaign.claimers import EVERYTHING, STALE_AFTER_HOURS, STALE_AFTER_S, Claimer, Habits
from tests.databases import MariaDB
from tests.faults.calls import nobody_waits
from tests.faults.history import Recorder, Verdict, check
from tests.galera import SIZE, Cluster
from tests.service import Service, migrate, running, until

LOST_S = float(os.environ.get("COORD_TEST_LOST_S", "3"))
SECONDS = float(os.environ.get("COORD_TEST_SECONDS", "15"))
SEED = os.environ.get("COORD_TEST_SEED") or str(uuid.uuid4())
CLIENTS = 16
PROJECT = "history"
SETTINGS: Any = {"THREADS": "64", "STALE_AFTER_HOURS": str(STALE_AFTER_HOURS)}
KILL_EVERY_S = (2.0, 3.5)
NODE_IS_DOWN_S = 3.0
EMPTY_WITHIN_S = 7  # the lease of a dead process is 5 s
SIBLINGS_NOTICE_S = 1.0  # upkeep looks twice a second
NODES_NOTICE_S = 6.0  # the lease, and upkeep

Nemesis = Callable[[threading.Event], None]


def run(services: list[Service], recorder: Recorder, nemesis: Nemesis) -> None:
    """Returns when all clients have ended, which they do once the time is over and the nemesis has
    done its worst.
    """
    over = threading.Event()
    clients = [
        Claimer(number, services[number % len(services)], recorder, over, Habits(PROJECT, SEED))
        for number in range(CLIENTS)
    ]
    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        ends = [pool.submit(client.run) for client in clients]
        time_is_up = threading.Timer(SECONDS, over.set)
        time_is_up.start()
        try:
            nemesis(over)
            over.wait()
        finally:
            time_is_up.join()
            for end in ends:
                end.result()


def assert_nobody_waits(services: list[Service]) -> None:
    for service in services:
        until(partial(nobody_waits, service), EMPTY_WITHIN_S, "nobody to wait")


def assert_all_is_free_again(services: list[Service]) -> None:
    for session in {
        lock["session_id"] for lock in services[0].call("GET", "/locks?limit=500").json["items"]
    }:
        assert (
            services[0]
            .call("DELETE", f"/locks?session_id={quote(session, safe='')}&release_all=true")
            .status
            == 200
        )
    for service in services:
        body = {"project_key": PROJECT, "session_id": "the last", "resource": EVERYTHING}
        answer = service.call("POST", "/locks", body)
        assert answer.status in (200, 201), answer


def report(name: str, verdict: Verdict, **more: object) -> None:
    """Shown with `pytest -s`, and when it fails."""
    worst = {
        "longest wake-up": f"{verdict.delay * 1000:.0f} ms",
        "violations": len(verdict.violations),
    }
    figures = {**dict(sorted(verdict.figures.items())), **more, **worst}
    print(  # noqa: T201 (figures of a long run)
        f"\n{name}, {SECONDS:g} s, seed {SEED}: "
        + ", ".join(f"{what} {count}" for what, count in figures.items())
    )


def assert_sound(
    name: str, recorder: Recorder, service: Service, folder: Path, notice_s: float, **more: object
) -> None:
    history = replace(recorder.history(service, PROJECT, STALE_AFTER_S, notice_s), lost_s=LOST_S)
    verdict = check(history)
    report(name, verdict, **more)
    if verdict.violations:
        history.save(folder / "history.json")
    assert recorder.problems == []
    assert not verdict.violations, "\n".join(
        [f"{len(verdict.violations)} in {folder}/history.json:", *verdict.violations[:20]]
    )
    # there was something to check; how much of it is up to the machine
    assert verdict.figures["waits granted"]
    assert verdict.figures["hung_up"]
    assert verdict.figures["lock.expired"]


@pytest.fixture(params=["sqlite", "mariadb"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    url = f"sqlite:///{tmp_path}/coord.db"
    if request.param == "mariadb":
        server: MariaDB = request.getfixturevalue("breakable")
        url = server.create_database(f"t{uuid.uuid4().hex}")
    with running(tmp_path / "service", url, **SETTINGS) as service:
        yield service


def test_a_history_with_killed_workers_is_sound(
    service: Service, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    recorder, count, kills = Recorder(), len(service.workers()), 0

    def kill_workers(over: threading.Event) -> None:
        nonlocal kills
        chosen = random.Random(SEED)
        while not over.wait(chosen.uniform(*KILL_EVERY_S)):
            service.kill_worker()
            kills += 1
            until(lambda: len(service.workers()) == count, 10, "a new worker")

    run([service], recorder, kill_workers)
    assert_nobody_waits([service])
    assert_sound(request.node.name, recorder, service, tmp_path, SIBLINGS_NOTICE_S, kills=kills)
    assert_all_is_free_again([service])


def test_a_history_on_three_nodes_one_of_which_dies_and_comes_back_is_sound(
    cluster: Cluster, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    database, recorder = f"t{uuid.uuid4().hex}", Recorder()
    cluster.create_database(database)
    migrate(cluster.url(database))
    cluster.sync()

    def kill_a_node(over: threading.Event) -> None:
        over.wait(SECONDS / 3)
        began = time.time()
        cluster.kill(2)
        try:
            until(
                lambda: cluster.nodes[0].status("wsrep_cluster_size") == "2",
                20,
                "the others to notice",
            )
            recorder.outages.append((began, time.time() + 1))
            over.wait(NODE_IS_DOWN_S)
        finally:
            began = time.time()
            # the cluster commits nothing for up to a second while the node catches up
            cluster.rejoin(2)
            recorder.outages.append((began, time.time() + 1))

    with contextlib.ExitStack() as stack:
        started = [
            running(
                tmp_path / f"service{node}", cluster.url(database, node), migrated=False, **SETTINGS
            )
            for node in range(SIZE)
        ]
        services = [stack.enter_context(service) for service in started]
        run(services, recorder, kill_a_node)
        assert_nobody_waits(services)
        cluster.sync()
        assert_sound(request.node.name, recorder, services[0], tmp_path, NODES_NOTICE_S, kills=1)
        assert_all_is_free_again(services)
