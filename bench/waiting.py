"""What waiting costs: eight hundred calls that wait on one node, and the calls of others beside."""

import collections
import json
import os
import re
import selectors
import signal
import socket
import statistics
import time
from collections.abc import Iterator

from bench import load, service
from bench.processes import allow_many_sockets, children, cpu_seconds

LOCKS = "/api/coord/locks"

CROWD = 800  # calls that wait on one node
ENTER_PER_S = 100
IN_THE_WAY = 40  # held resources that the claims among them wait for
THREADS = 1000  # of the one worker: four fifths may wait
OTHERS = 4  # clients whose calls do not wait
# one of those begins a round of four calls this often: 80 calls a second in all, a fraction of what
# a node can do
PACE_S = 0.2
NOTHING_HAPPENS_S = 10
MAX_LOAD_S = 20  # all of it must be over before the 60 s of the waiting calls are


class Crowd:
    """Calls that wait, on a socket each, all in one thread."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._selector = selectors.DefaultSelector()
        self._open = 0
        self.statuses: collections.Counter[str] = collections.Counter()

    def call(self, method: str, path: str, body: object = None) -> None:
        """Sends the call, and does not wait for its answer."""
        connection = socket.create_connection(("127.0.0.1", self._port))
        connection.sendall(load.request(method, path, body))
        self._selector.register(connection, selectors.EVENT_READ, connection)
        self._open += 1

    def answered(self, seconds: float) -> int:
        """How many got an answer within that time; returns as soon as all have."""
        before = self.statuses.total()
        end = time.perf_counter() + seconds
        while self._open and (remaining := end - time.perf_counter()) > 0:
            for key, _ in self._selector.select(remaining):
                self._read(key.data)
        return self.statuses.total() - before

    def _read(self, connection: socket.socket) -> None:
        try:
            head = connection.recv(65536)
        except ConnectionResetError:
            head = b""
        self.statuses[head[9:12].decode() or "cut off"] += 1
        self._selector.unregister(connection)
        connection.close()
        self._open -= 1

    def close(self) -> None:
        for key in list(self._selector.get_map().values()):
            key.data.close()
        self._selector.close()


def crowd(kind: str, seconds: float, rounds: int) -> tuple[dict[str, float], dict[str, str]]:
    """The medians of the rounds, and with which statuses the calls were answered at the end, in the
    first and in the last of them.
    """
    allow_many_sockets()
    measured: list[dict[str, float]] = []
    statuses: dict[str, str] = {}
    for nth in range(rounds):
        with service.database(kind) as url:
            service.migrate(url)
            with service.serving(url, COORD_WORKERS="1", COORD_THREADS=str(THREADS)) as (
                port,
                process,
            ):
                (worker,) = children(process.pid)
                role, stopped = ("master", process.pid) if nth % 2 else ("worker", worker)
                figures, answers = _one_crowd(port, worker, stopped, min(seconds, MAX_LOAD_S))
                measured.append(figures)
                statuses[f"the {role}"] = answers
    return {
        name: statistics.median(figures[name] for figures in measured) for name in measured[0]
    }, statuses


def _one_crowd(
    port: int, worker: int, told_to_stop: int, seconds: float
) -> tuple[dict[str, float], str]:
    connection = load.Connection(port)
    for number in range(IN_THE_WAY):
        load.timed(
            connection,
            "POST",
            LOCKS,
            {"project_key": "quiet", "session_id": "holder", "resource": f"r{number}"},
            expect=201,
        )
    idle_cpu = _cpu_share(worker, NOTHING_HAPPENS_S)
    idle = load.run(port, _others, OTHERS, seconds, PACE_S)
    waiting = Crowd(port)
    began = time.perf_counter()
    for nth, (method, path, body) in enumerate(_calls(CROWD)):
        time.sleep(max(0.0, began + nth / ENTER_PER_S - time.perf_counter()))
        waiting.call(method, path, body)
    while _now_waiting(connection) < CROWD:
        if time.perf_counter() - began > 30:
            raise RuntimeError(
                f"{_now_waiting(connection)} instead of {CROWD} wait; answered:"
                f" {waiting.answered(0.5)}, {waiting.statuses}"
            )
        time.sleep(0.1)
    entered = time.perf_counter() - began
    cpu = _cpu_share(worker, NOTHING_HAPPENS_S)
    busy = load.run(port, _others, OTHERS, seconds, PACE_S)
    early = waiting.answered(0.05)
    connection.close()
    os.kill(told_to_stop, signal.SIGTERM)
    began = time.perf_counter()
    waiting.answered(20)
    stopped = time.perf_counter() - began
    waiting.close()
    figures = {
        "p95 ms, idle": idle.p95,
        "p95 ms": busy.p95,
        "ratio": busy.p95 / idle.p95,
        "p50 ms, idle": idle.p50,
        "p50 ms": busy.p50,
        "seconds until all waited": entered,
        "% of a core, idle": 100 * idle_cpu,
        "% of a core": 100 * cpu,
        "answered too early": early,
        "seconds to answer all": stopped,
    }
    return figures, ", ".join(
        f"{count} × {status}" for status, count in sorted(waiting.statuses.items())
    )


def _calls(count: int) -> Iterator[tuple[str, str, object]]:
    """Half of them claims of what is held, the others for messages and events that do not come."""
    for number in range(count // 4):
        for half in range(2):
            body = {
                "project_key": "quiet",
                "session_id": f"waits/{number}-{half}",
                "resource": f"r{number % IN_THE_WAY}",
                "wait": 60,
            }
            yield "POST", LOCKS, body
        yield "GET", f"/api/coord/messages?to_session=waits/{number}&wait=60", None
        yield "GET", f"/api/coord/events?project_key=nothing-happens-{number % 10}&wait=60", None


def _others(connection: load.Connection, client: int, nth: int) -> list[float]:
    body = {
        "project_key": "shop",
        "session_id": f"host/{client}",
        "resource": f"src/{client}/file{nth % 50}.py",
    }
    claimed, lock = load.timed(connection, "POST", LOCKS, body, expect=201)
    released, _ = load.timed(
        connection,
        "DELETE",
        f"{LOCKS}/{json.loads(lock)['id']}?session_id=host/{client}",
        expect=200,
    )
    listed, _ = load.timed(connection, "GET", LOCKS, expect=200)
    status, _ = load.timed(connection, "GET", "/api/coord/status", expect=200)
    return [claimed, released, listed, status]


def _now_waiting(connection: load.Connection) -> int:
    _, answer = load.timed(connection, "GET", "/metrics", expect=200)
    match = re.search(rb"^coord_waiting_calls (\S+)", answer, re.MULTILINE)
    return int(float(match[1])) if match else 0


def _cpu_share(pid: int, seconds: float) -> float:
    """The share of a core that the process uses in that time, in which nothing is asked of it."""
    before = cpu_seconds(pid)
    began = time.perf_counter()
    time.sleep(seconds)
    return (cpu_seconds(pid) - before) / (time.perf_counter() - began)
