"""A worker process is killed in the middle of its work: nothing that was acknowledged is lost, and
nothing is held twice.
"""

import http.client
import json
import os
import random
import signal
import socket
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from resource import RLIMIT_NOFILE, prlimit
from typing import Any

from tests.faults.calls import claim
from tests.service import BASE, Answer, Caller, Service, running, until

SESSIONS = 6
RESOURCES = 3
KILLS = 4
BETWEEN_KILLS = 25  # acknowledged claims


@dataclass
class Load:
    """Sessions that claim and release, each claim with an id, and send again what got no answer."""

    service: Service
    acknowledged: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _holders: dict[str, str] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Load":
        self._threads = [
            threading.Thread(target=self._session, args=(f"host/{number}",))
            for number in range(SESSIONS)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def await_more_claims(self) -> None:
        enough = len(self.acknowledged) + BETWEEN_KILLS
        until(
            lambda: self.problems or len(self.acknowledged) >= enough,
            30,
            f"{BETWEEN_KILLS} more claims",
        )

    def _session(self, name: str) -> None:
        with self.service.caller() as caller:
            while not self._over.is_set() and not self.problems:
                wanted = claim(
                    f"resource {random.randrange(RESOURCES)}", name, id=str(uuid.uuid4())
                )
                answer = self._insist(caller, wanted.method, wanted.path, wanted.body)
                if answer.status in (200, 201):
                    self._hold(name, answer.json)
                    released = self._insist(
                        caller, "DELETE", f"/locks/{answer.json['id']}?session_id={name}"
                    )
                    self._expect(released, 200)
                else:
                    self._expect(answer, 409)

    def _hold(self, name: str, lock: dict[str, Any]) -> None:
        """For as long as this lasts, nobody else may be told that the resource is his."""
        with self._lock:
            other = self._holders.setdefault(lock["resource"], name)
            if other != name:
                self.problems.append(
                    f"{lock['resource']} was granted to {name} while {other} held it"
                )
            self.acknowledged.append(lock)
        with self._lock:
            self._holders.pop(lock["resource"], None)

    def _expect(self, answer: Answer, status: int) -> None:
        if answer.status != status:
            self.problems.append(str(answer))

    def _insist(self, caller: Caller, method: str, path: str, body: Any = None) -> Answer:
        """The same call again until it is answered."""
        deadline = time.monotonic() + 20
        while True:
            try:
                return caller.call(method, path, body)
            except (OSError, http.client.HTTPException):
                if time.monotonic() > deadline:
                    raise


def test_a_killed_worker_loses_no_acknowledged_claim_and_is_replaced(
    sound_service: Service,
) -> None:
    count = len(sound_service.workers())
    with Load(sound_service) as load:
        for _ in range(KILLS):
            load.await_more_claims()
            sound_service.kill_worker()
            until(lambda: len(sound_service.workers()) == count, 10, "a new worker")
        load.await_more_claims()
    assert load.problems == []
    for lock in load.acknowledged:
        kept = sound_service.call("GET", f"/locks/{lock['id']}").json
        assert (kept["session_id"], kept["fencing_token"]) == (
            lock["session_id"],
            lock["fencing_token"],
        )
    for resource in {lock["resource"] for lock in load.acknowledged}:
        tokens = [
            lock["fencing_token"] for lock in load.acknowledged if lock["resource"] == resource
        ]
        assert tokens == sorted(set(tokens))
    assert (
        sound_service.call("GET", f"/locks?project_key={load.acknowledged[0]['project_key']}").json[
            "items"
        ]
        == []
    )


def test_while_no_worker_can_be_started_the_others_go_on_and_it_is_tried_again(
    tmp_path: Path,
) -> None:
    with running(tmp_path / "service", f"sqlite:///{tmp_path}/coord.db", WORKERS="2") as service:
        before = prlimit(service.master, RLIMIT_NOFILE)
        prlimit(service.master, RLIMIT_NOFILE, (3, before[1]))
        service.kill_worker()
        until(lambda: "no worker can be started" in service.said(), 30, "another to be tried")
        assert service.call("GET", "/livez").status == 200
        prlimit(service.master, RLIMIT_NOFILE, before)
        until(lambda: len(service.workers()) == 2, 30, "another worker")


def test_a_reload_for_which_the_master_can_open_nothing_changes_nothing(tmp_path: Path) -> None:
    with running(tmp_path / "service", f"sqlite:///{tmp_path}/coord.db") as service:
        before, workers = prlimit(service.master, RLIMIT_NOFILE), service.workers()
        prlimit(service.master, RLIMIT_NOFILE, (3, before[1]))
        os.kill(service.master, signal.SIGHUP)
        until(lambda: "nothing is reloaded" in service.said(), 30, "the reload to be tried")
        assert service.call("GET", "/livez").status == 200
        assert service.workers() == workers
        prlimit(service.master, RLIMIT_NOFILE, before)
        service.reload()


def test_a_worker_that_finds_no_descriptor_left_at_its_start_does_not_end_the_service(
    tmp_path: Path,
) -> None:
    with running(tmp_path / "service", f"sqlite:///{tmp_path}/coord.db", WORKERS="2") as service:
        before = prlimit(service.master, RLIMIT_NOFILE)
        opened = [int(number) for number in os.listdir(f"/proc/{service.master}/fd")]
        # room for the sign of life of a worker, which the one that dies gives up
        prlimit(service.master, RLIMIT_NOFILE, (max(opened) + 1, before[1]))
        service.kill_worker()
        until(lambda: "this worker cannot go on" in service.said(), 30, "a worker to find no room")
        assert service.call("GET", "/livez").status == 200
        prlimit(service.master, RLIMIT_NOFILE, before)
        until(lambda: len(service.workers()) == 2, 30, "another worker")


def test_a_worker_that_was_stopped_does_nothing_for_who_has_given_up_meanwhile(
    tmp_path: Path,
) -> None:
    """It may have called elsewhere, and gone on from there."""
    asked = claim("x", "host/gone")
    body = json.dumps(asked.body).encode()
    head = f"POST {BASE}/locks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    request = head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
    with running(tmp_path, f"sqlite:///{tmp_path}/coord.db") as service:
        (worker,) = service.workers()
        os.kill(worker, signal.SIGSTOP)
        with socket.create_connection(("127.0.0.1", service.port)) as gone:
            gone.sendall(request)
        with socket.create_connection(("127.0.0.1", service.port)) as still_there:
            still_there.sendall(request.replace(b'"x"', b'"y"'))
            still_there.shutdown(socket.SHUT_WR)
            os.kill(worker, signal.SIGCONT)
            with still_there.makefile("rb") as answer:
                assert b"HTTP/1.1 201 " in answer.read()
        held = service.call("GET", "/locks?project_key=faults").json["items"]
        assert [lock["resource"] for lock in held] == ["y"]
