"""Callers that connect and say nothing, drip, or do not read: others do not notice them."""

import contextlib
import os
import resource
import socket
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from coord.live import callers
from tests.faults.calls import claim, made
from tests.service import BASE, Service, running

MANY = 2000
LARGE = 250  # components of 20 KB: an answer of 5 MB
BODY = b'{"project_key": "p", "session_id": "s", "resource": "dripped"}'
HEAD = (
    f"POST {BASE}/locks HTTP/1.1\r\nHost: localhost\r\nContent-Type:"
    f" application/json\r\nContent-Length: {len(BODY)}\r\n\r\n".encode()
)


@pytest.fixture(autouse=True)
def descriptors() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] < 3 * MANY:
        pytest.skip(f"this process may open only {before[1]} files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (3 * MANY, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with running(tmp_path / "service", f"sqlite:///{tmp_path}/coord.db") as service:
        yield service


@contextlib.contextmanager
def connected(service: Service, count: int, sent: bytes = b"") -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        opened = []
        for _ in range(count):
            each = stack.enter_context(
                socket.create_connection(("127.0.0.1", service.port), timeout=20)
            )
            each.sendall(sent)
            opened.append(each)
        yield opened


def answers(service: Service, count: int = 30) -> None:
    """The service answers as if nothing were."""
    took = []
    for number in range(count):
        live = service.call("GET", "/livez")
        lock = made(service, claim(f"{time.monotonic()} {number}"))
        assert live.status == 200
        assert lock["id"]
        took.append(live.seconds)
    assert statistics.quantiles(took, n=20)[-1] < 5, took


@pytest.mark.parametrize(
    "sent",
    [b"", HEAD[:40], HEAD, HEAD + BODY[:20]],
    ids=["nothing", "half a head", "no body", "half a body"],
)
def test_two_thousand_connections_that_send_no_more_hold_nobody_up(
    service: Service, sent: bytes
) -> None:
    with connected(service, MANY, sent):
        answers(service)


def test_a_body_that_drips_is_answered_when_it_is_whole_and_given_up_when_it_takes_too_long(
    service: Service,
) -> None:
    with connected(service, 2, HEAD) as (patient, endless):
        for at in range(len(BODY)):
            patient.sendall(BODY[at : at + 1])
        assert patient.recv(12) == b"HTTP/1.1 201"
        began = time.monotonic()
        assert endless.recv(1) == b""
        assert time.monotonic() - began < callers.REQUEST_S + 5


def test_who_asks_and_reads_no_answer_holds_no_thread_for_ever(tmp_path: Path) -> None:
    """More of them than there are threads: an answer that does not fit into what the system keeps
    for a connection is given up.
    """
    with (
        running(tmp_path / "service", f"sqlite:///{tmp_path}/coord.db", THREADS="8") as service,
        contextlib.ExitStack() as stack,
    ):
        with service.caller() as caller:
            for number in range(LARGE):
                body = {"state": "s", "notes": "x" * 20_000, "updated_by": "host/a"}
                assert caller.call("PUT", f"/components/p/c{number}", body).status == 201
        for _ in range(8):
            deaf = stack.enter_context(socket.socket())
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(("127.0.0.1", service.port))
            target = f"{BASE}/components?project_key=p&limit=500"
            deaf.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        began = time.monotonic()
        with service.caller(timeout=callers.SEND_S + 20) as caller:
            assert caller.call("GET", "/livez").status == 200
        assert time.monotonic() - began > 1, "the answers fitted"


def test_a_worker_without_descriptors_goes_on_and_takes_new_calls(service: Service) -> None:
    (worker,) = service.workers()
    used = len(os.listdir(f"/proc/{worker}/fd"))
    soft, hard = resource.prlimit(worker, resource.RLIMIT_NOFILE)
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (used + 20, hard))
    try:
        with connected(service, 100):
            assert service.call("GET", "/livez").status == 200
    finally:
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (soft, hard))
    answers(service, 5)
    assert service.workers() == [worker]


def test_requests_that_come_together_or_in_pieces_are_all_answered(service: Service) -> None:
    request = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connected(service, 1) as (caller,):
        caller.sendall(request * 3 + request[:10])
        seen = read_until(caller, 3)
        caller.sendall(request[10:])
        seen += read_until(caller, 1)
    assert seen.count(b"HTTP/1.1 200") == 4


def test_who_speaks_tls_is_told_at_once_that_this_is_http(service: Service) -> None:
    with connected(service, 1, b"\x16\x03\x01\x02\x00\x01") as (caller,):
        caller.settimeout(callers.REQUEST_S / 2)
        assert b"speaks http, not https" in caller.recv(65536)
        assert caller.recv(65536) == b""


def read_until(caller: socket.socket, count: int) -> bytes:
    seen = b""
    while seen.count(b'{"status":"ok"}') < count:
        chunk = caller.recv(65536)
        assert chunk, seen
        seen += chunk
    return seen
