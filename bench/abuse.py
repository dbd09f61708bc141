"""What one peer can do to the others: how much slower their calls get while it does it, how long
/livez takes beside it, and what the worker weighs before, at worst and after.
"""

import contextlib
import multiprocessing
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench import cycles, load, service
from bench.processes import allow_many_sockets, children, resident_mb
from config.default import SETTINGS

ABUSER = "127.0.0.2"  # the others call from 127.0.0.1
OTHERS = 4  # clients
PACE_S = 0.2  # each begins a round of four calls this often
CONNECTIONS = 2000
WAITERS = 900
STREAMS = 900
DEAF = 150
FLOODERS = 8  # threads
READERS = 100
DRIP_S = 1.0
SETTLE_S = 1.0
SAMPLE_S = 0.2
LIVEZ_EVERY_S = 0.05
INBOX, BODY_BYTES = 100, 60_000  # unread messages of a session, and what each says
API = "/api/coord"
DEFAULT_RATES = {
    setting.variable: setting.default
    for setting in SETTINGS
    if setting.variable in service.WITHOUT_RATES
}

Abuse = Callable[[int], None]


@dataclass(frozen=True)
class Figures:
    """`alone`, `beside`: the others' p95 without and with the abuse, in ms; `livez`: the longest
    that /livez took beside it, in ms.
    """

    alone: float
    beside: float
    livez: float
    mb_before: float
    mb_at_worst: float
    mb_after: float

    @property
    def ratio(self) -> float:
        return self.beside / self.alone


def _connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), source_address=(ABUSER, 0))


def _hold(port: int, count: int, data: bytes, drip: bytes = b"") -> None:
    """That many connections, each with the data sent; those that were closed are made anew."""
    opened: dict[socket.socket, int] = {}
    while True:
        while len(opened) < count:
            connection = _connect(port)
            connection.setblocking(False)
            with contextlib.suppress(OSError):
                connection.send(data)
            opened[connection] = 0
        time.sleep(DRIP_S)
        for connection in list(opened):
            try:
                if drip:
                    at = opened[connection]
                    connection.send(drip[at : at + 1])
                    opened[connection] = min(at + 1, len(drip) - 2)
                if connection.recv(65536) == b"":
                    raise ConnectionResetError
            except BlockingIOError:
                continue
            except OSError:
                connection.close()
                del opened[connection]


def _idle(port: int) -> None:
    _hold(port, CONNECTIONS, b"")


def _half_heads(port: int) -> None:
    head = load.request("POST", f"{API}/locks", {"project_key": "p"})
    _hold(port, CONNECTIONS, head[:5], head[5:])


def _half_bodies(port: int) -> None:
    whole = load.request("POST", f"{API}/locks", {"project_key": "p", "description": "x" * 500})
    _hold(port, CONNECTIONS, whole[:-400], whole[-400:])


def _long_bodies(port: int) -> None:
    whole = load.request("POST", f"{API}/locks", {"description": "x" * 1_000_000})
    _hold(port, DEAF, whole[:-400], whole[-400:])


def _waiters(port: int) -> None:
    call = load.request("GET", f"{API}/messages?to_session=nobody&wait=60")
    _hold(port, WAITERS, call)


def _streams(port: int) -> None:
    _hold(port, STREAMS, load.request("GET", f"{API}/events/stream"))


def _deaf(port: int) -> None:
    call = load.request("GET", f"{API}/components?project_key=large&limit=500")
    opened = []
    for _ in range(DEAF):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.bind((ABUSER, 0))
        connection.connect(("127.0.0.1", port))
        connection.sendall(call)
        opened.append(connection)
    threading.Event().wait()


def _flood(port: int, *requests: bytes, connections: int = FLOODERS) -> None:
    """The requests again and again, in a thread for each connection."""

    def flood() -> None:
        while True:
            with contextlib.suppress(OSError), _connect(port) as connection:
                while True:
                    for data in requests:
                        connection.sendall(data)
                        if not connection.recv(1 << 20):
                            raise ConnectionResetError

    threads = [threading.Thread(target=flood) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _readers(port: int) -> None:
    call = load.request("GET", f"{API}/components?project_key=large&limit=500")
    _flood(port, call, connections=READERS)


def _long_lists(port: int) -> None:
    body = {"workflow_id": "x", "title": "x", "depends_on": [1] * 500_000}
    _flood(port, load.request("POST", f"{API}/work-items", body))


def _deep_names(port: int) -> None:
    deep = {"project_key": "p", "session_id": "deep", "resource": "a/" * 240}
    longer = {**deep, "resource": "a/" * 15_000}
    _flood(port, *(load.request("POST", f"{API}/locks", body) for body in (deep, longer)))


def _one_session_stores(port: int) -> None:
    body = {"from_session": "filler", "subject": "x", "body": "x" * BODY_BYTES}
    _flood(port, load.request("POST", f"{API}/messages", body))


def _calls(port: int) -> None:
    query = "project_key=p&session_id=caller"
    _flood(port, load.request("GET", f"{API}/locks?{query}"))


ABUSES: dict[str, Abuse] = {
    f"{CONNECTIONS} idle connections": _idle,
    f"{CONNECTIONS} dripping heads": _half_heads,
    f"{CONNECTIONS} dripping bodies": _half_bodies,
    f"{DEAF} dripping bodies of 1 MB": _long_bodies,
    f"{DEAF} unread answers of 4 MB": _deaf,
    f"{READERS} readers of 4 MB": _readers,
    f"{WAITERS} waiting calls": _waiters,
    f"{STREAMS} streams": _streams,
    "lists of 500,000 members": _long_lists,
    "deep and long names": _deep_names,
    "60 KB messages of a session": _one_session_stores,
    "calls of a session": _calls,
}


def run(kind: str, seconds: float, only: str) -> dict[str, Figures]:
    """Each abuse on a service of its own, with the default settings and one worker; of those whose
    name contains `only`.
    """
    allow_many_sockets()
    figures = {}
    for name, abuse in ABUSES.items():
        if only not in name:
            continue
        with service.database(kind) as url:
            service.migrate(url)
            with service.serving(url, COORD_WORKERS="1", **DEFAULT_RATES) as (port, process):
                (worker,) = children(process.pid)
                _store_long_lists(port)
                figures[name] = _measure(port, worker, abuse, seconds)
    return figures


def _store_long_lists(port: int) -> None:
    """From several addresses and names, as one would be past its rate."""
    for number in range(10):
        connection = load.Connection(port, f"127.0.1.{1 + number}")
        report = {"state": "s", "notes": "x" * 20_000, "updated_by": f"host/{number}"}
        for nth in range(25):
            path = f"{API}/components/large/c{number}-{nth}"
            load.timed(connection, "PUT", path, report, expect=201)
        connection.close()


def _measure(port: int, worker: int, abuse: Abuse, seconds: float) -> Figures:
    """What is looked at besides costs the others something, so it is without the abuse, too."""

    def others_p95() -> float:
        return load.run(port, cycles.claim_release_and_read, OTHERS, seconds, PACE_S).p95

    with _sampled(worker), _probed(port):
        alone = others_p95()
    before = resident_mb(worker)
    with _abusing(abuse, port), _sampled(worker) as samples, _probed(port) as livez:
        time.sleep(SETTLE_S)
        beside = others_p95()
    time.sleep(SETTLE_S)
    return Figures(alone, beside, max(livez), before, max(samples), resident_mb(worker))


@contextlib.contextmanager
def _abusing(abuse: Abuse, port: int) -> Iterator[None]:
    """In a process of its own, so that it does not slow the others' clients down."""
    abuser = multiprocessing.Process(target=abuse, args=(port,), daemon=True)
    abuser.start()
    try:
        yield
    finally:
        abuser.kill()
        abuser.join()


@contextlib.contextmanager
def _sampled(worker: int) -> Iterator[list[float]]:
    with _regularly(lambda: resident_mb(worker), SAMPLE_S) as samples:
        yield samples


@contextlib.contextmanager
def _probed(port: int) -> Iterator[list[float]]:
    """How many ms /livez takes, on a new connection each time, as a balancer asks."""

    def ask() -> float:
        began = time.perf_counter()
        connection = load.Connection(port)
        load.timed(connection, "GET", "/livez", expect=200)
        connection.close()
        return 1000 * (time.perf_counter() - began)

    with _regularly(ask, LIVEZ_EVERY_S) as milliseconds:
        yield milliseconds


@contextlib.contextmanager
def _regularly(measure: Callable[[], float], every_s: float) -> Iterator[list[float]]:
    samples = [measure()]
    stop = threading.Event()

    def repeat() -> None:
        while not stop.wait(every_s):
            samples.append(measure())

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield samples
    finally:
        stop.set()
        thread.join()


def inbox_bytes(kind: str) -> int:
    """What a model is given when it asks for an inbox of INBOX long messages over MCP."""
    sent = {"from_session": "a", "to_session": "b", "subject": "x", "body": "x" * BODY_BYTES}
    used = {"name": "inbox", "arguments": {"session_id": "b"}}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": used}
    with service.database(kind) as url:
        service.migrate(url)
        with service.serving(url, COORD_WORKERS="1") as (port, _process):
            connection = load.Connection(port)
            for _ in range(INBOX):
                load.timed(connection, "POST", f"{API}/messages", sent, expect=201)
            _, answer = load.timed(connection, "POST", "/mcp", asked, expect=200)
            connection.close()
    return len(answer)
