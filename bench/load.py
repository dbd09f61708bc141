"""A load generator that costs little itself: keep-alive sockets, one thread a client, hand-written
requests.
"""

import base64
import json
import socket
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any


def request(method: str, path: str, body: Any = None) -> bytes:
    """The bytes of a call."""
    payload = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(payload)}\r\n"
    if payload:
        head += "Content-Type: application/json\r\n"
    return head.encode() + b"\r\n" + payload


class Connection:
    """One keep-alive HTTP connection."""

    def __init__(self, port: int, own: str = "127.0.0.1") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), source_address=(own, 0))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unread = b""

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Status and body of the answer."""
        self._socket.sendall(request(method, path, body))
        return self._answer()

    def _answer(self) -> tuple[int, bytes]:
        data = self._unread
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, body = data.partition(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n")[1:]:
            if line.startswith(b"content-length:"):
                length = int(line[15:])
        while len(body) < length:
            body += self._more()
        self._unread = body[length:]
        return int(head[9:12]), body[:length]

    def _more(self) -> bytes:
        more = self._socket.recv(65536)
        if not more:
            raise ConnectionError("the service closed the connection")
        return more

    def close(self) -> None:
        self._socket.close()


@dataclass(frozen=True)
class Result:
    """What a load did: `rate` in cycles per second, times of one call in milliseconds. `cycles` are
    all that were made, those of the warm-up too."""

    rate: float
    p50: float
    p95: float
    p99: float
    cycles: int


# cycles: which worker takes a connection is chance, and eight that stay would measure that
RECONNECT_EVERY = 20

Cycle = Callable[[Connection, int, int], list[float]]
"""`cycle(connection, client, round)`: one cycle's calls; answers the seconds that each took."""


def at_once(client: Callable[[int], None], clients: int) -> None:
    """Runs each client, by its number, in a thread of its own. Raises what one of them raised."""
    with ThreadPoolExecutor(clients) as pool:
        for ended in [pool.submit(client, number) for number in range(clients)]:
            ended.result()


def percentile(times: list[float], fraction: float) -> float:
    """What that fraction of the times does not exceed."""
    return sorted(times)[int(len(times) * fraction)]


def run(port: int, cycle: Cycle, clients: int, seconds: float, every: float = 0) -> Result:
    """Runs the cycle on that many connections for that long, after a warm-up of a fifth of it.
    `every`: each client begins one only that often, in seconds, and no two of them at the same
    moment."""
    times: list[list[float]] = [[] for _ in range(clients)]
    counts = [0] * clients
    cycles = [0] * clients
    begin = time.perf_counter() + seconds / 5
    end = begin + seconds

    def client(number: int) -> None:
        connection = Connection(port)
        nth = 0
        time.sleep(every * number / clients)
        while time.perf_counter() < end:
            began = time.perf_counter()
            took = cycle(connection, number, nth)
            nth += 1
            if nth % RECONNECT_EVERY == 0:
                connection.close()
                connection = Connection(port)
            cycles[number] = nth
            if time.perf_counter() > begin:
                times[number].extend(took)
                counts[number] += 1
            if every:
                time.sleep(max(0.0, began + every - time.perf_counter()))
        connection.close()

    at_once(client, clients)
    milliseconds = [1000 * took for seconds_of_client in times for took in seconds_of_client]
    return Result(
        rate=sum(counts) / seconds,
        p50=statistics.median(milliseconds),
        p95=percentile(milliseconds, 0.95),
        p99=percentile(milliseconds, 0.99),
        cycles=sum(cycles),
    )


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def timed(
    connection: Connection, method: str, path: str, body: Any = None, *, expect: int | None
) -> tuple[float, bytes]:
    """One call that must answer `expect`, or anything: the seconds it took, and the body."""
    began = time.perf_counter()
    status, answer = connection.call(method, path, body)
    took = time.perf_counter() - began
    if expect is not None and status != expect:
        raise RuntimeError(f"{method} {path}: {status} instead of {expect}: {answer[:500]!r}")
    return took, answer
