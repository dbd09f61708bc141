"""One peer with many connections, halves of requests, deaf ears or waiting calls: others do not
notice.
"""

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from config.default import Network
from config.parsing import networks
from coord.live import callers
from coord.live.peers import Connection, Peer, Peers
from coord.testing import Agent, make_app
from tests.faults.calls import claim, made
from tests.service import BASE, Service, running, until

TOKEN = "secret"
THREADS = 10
FLOODER, OTHER = "127.0.0.2", "127.0.0.3"  # two peers of one machine
PROXIES = networks("127.0.0.0/8")
MEBIBYTE = 1024 * 1024
BODY = b'{"project_key": "p", "session_id": "s", "resource": "x"}'


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("open")
    with running(
        folder / "service",
        f"sqlite:///{folder}/coord.db",
        THREADS=str(THREADS),
        PEER_CONNECTIONS="30",
        SESSION_WAITING="3",
    ) as service:
        yield service


@pytest.fixture(scope="module")
def token_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("token")
    with running(
        folder / "service", f"sqlite:///{folder}/coord.db", THREADS="4", TOKEN=TOKEN
    ) as service:
        yield service


def connect(service: Service, peer: str = FLOODER) -> socket.socket:
    return socket.create_connection(("127.0.0.1", service.port), 15, source_address=(peer, 0))


def request(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def post(path: str, *headers: str, body: bytes = b"", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    named = ("Content-Type: application/json", f"Content-Length: {size}", *headers)
    return request("POST", BASE + path, *named, body=body)


def answer_on(connection: socket.socket) -> tuple[int, Any, http.client.HTTPMessage]:
    response = http.client.HTTPResponse(connection)
    response.begin()
    body = response.read()
    return response.status, json.loads(body or b"null"), response.headers


def ask(service: Service, data: bytes, peer: str = FLOODER) -> tuple[int, Any, Any]:
    with connect(service, peer) as connection:
        connection.sendall(data)
        return answer_on(connection)


REFUSED_BY_THE_HEAD = {
    "no token": (post("/locks", length=900), 403),
    "no token, chunks": (
        request("POST", f"{BASE}/locks", "Transfer-Encoding: chunked", body=b"5\r\n{"),
        403,
    ),
    "no token, asks first": (post("/locks", "Expect: 100-continue", length=900), 403),
    "wrong token": (post("/locks", "Authorization: Bearer no", length=900), 403),
    "foreign page": (post("/locks", "Origin: http://evil.example", length=900), 403),
    "foreign name": (
        post("/locks", length=900).replace(b"Host: localhost", b"Host: evil.example"),
        403,
    ),
    "no such path": (post("/nowhere", f"Authorization: Bearer {TOKEN}", length=900), 404),
    "no such method": (post("/status", f"Authorization: Bearer {TOKEN}", length=900), 405),
    "too long": (post("/locks", f"Authorization: Bearer {TOKEN}", length=9_000_000), 413),
}


@pytest.mark.parametrize(
    ("half", "status"), REFUSED_BY_THE_HEAD.values(), ids=REFUSED_BY_THE_HEAD.keys()
)
def test_what_its_head_forbids_is_refused_before_its_body_is_there(
    token_service: Service, half: bytes, status: int
) -> None:
    began = time.monotonic()
    with connect(token_service) as connection:
        connection.sendall(half)
        answered, _, headers = answer_on(connection)
        assert (answered, headers["Connection"]) == (status, "close")
    assert time.monotonic() - began < callers.REQUEST_S - 2


def test_a_wanted_body_is_told_to_come_and_answered_when_it_is_there(
    token_service: Service,
) -> None:
    head = post(
        "/locks", f"Authorization: Bearer {TOKEN}", "Expect: 100-continue", length=len(BODY)
    )
    with connect(token_service) as connection:
        connection.sendall(head)
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(BODY)
        status, lock, headers = answer_on(connection)
        assert (status, lock["resource"], headers["Connection"]) == (201, "x", "keep-alive")


def test_a_late_body_is_judged_once_and_answered_when_it_is_there(token_service: Service) -> None:
    """Its chunks seem to end where a line of one does, which is no end."""
    authorized = f"Authorization: Bearer {TOKEN}"
    chunked = request(
        "POST",
        f"{BASE}/locks",
        "Content-Type: application/json",
        "Transfer-Encoding: chunked",
        authorized,
    )
    with connect(token_service) as slow, connect(token_service) as odd:
        late = BODY.replace(b'"x"', b'"z"')
        slow.sendall(post("/locks", authorized, length=len(late)) + late[:10])
        odd.sendall(chunked + b"4\r\n{ \r\n\r\n")
        time.sleep(callers.JUDGED_AFTER_S + 0.5)  # it is sent so slowly
        slow.sendall(late[10:])
        rest = BODY.replace(b"{", b"").replace(b'"x"', b'"y"')
        odd.sendall(b"%x\r\n%b\r\n0\r\n\r\n" % (len(rest), rest))
        assert answer_on(slow)[0] == 201
        assert answer_on(odd)[0] == 201


@pytest.mark.parametrize(
    "half",
    [
        post("/locks", length=900),
        post("/locks", length=900, body=b"{"),
        post("/locks", "Expect: 100-continue", length=900),
        post("/locks", "Expect: 100-continue", length=9_000_000),
        request("POST", f"{BASE}/locks", "Transfer-Encoding: chunked", body=b"5\r\n{\r\n\r\n"),
    ],
    ids=["no body", "half a body", "asks first", "too long", "chunks"],
)
def test_nobody_holds_a_thread_with_half_a_request(service: Service, half: bytes) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(2 * THREADS):
            stack.enter_context(connect(service)).sendall(half)
        time.sleep(callers.JUDGED_AFTER_S)
        assert service.call("GET", "/livez").seconds < 2
        assert made(service, claim(str(time.monotonic())))["id"]


def test_a_peer_that_reads_no_answer_leaves_threads_for_others(service: Service) -> None:
    with service.caller() as caller:
        for number in range(250):
            body = {"state": "s", "notes": "x" * 20_000, "updated_by": "host/a"}
            assert caller.call("PUT", f"/components/p/c{number}", body).status == 201
    large = request("GET", f"{BASE}/components?project_key=p&limit=500")
    with contextlib.ExitStack() as stack:
        for _ in range(2 * THREADS):
            stack.enter_context(deaf(service)).sendall(large)
        time.sleep(1)  # they are all being sent now
        for _ in range(5):
            assert ask(service, request("GET", "/livez"), OTHER)[0] == 200
            assert service.call("GET", "/livez").seconds < 2


@pytest.fixture(scope="module")
def narrow_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One that takes few calls of a peer, at once and in a time."""
    folder = tmp_path_factory.mktemp("narrow")
    with running(
        folder / "service", f"sqlite:///{folder}/coord.db", PEER_CALLS="2", PEER_RATE="10"
    ) as service:
        yield service


def refuse(service: Service, peer: str) -> socket.socket:
    """A connection of a peer that was refused on it just now."""
    connection = connect(service, peer)
    for _ in range(1000):
        connection.sendall(request("GET", f"{BASE}/status"))
        status, _, headers = answer_on(connection)
        if status == 429:
            assert headers["Connection"] == "keep-alive"
            return connection
    raise AssertionError("it was never refused")


def test_nothing_is_read_for_a_second_from_a_caller_that_was_refused(
    narrow_service: Service,
) -> None:
    with refuse(narrow_service, "127.0.2.1") as connection:
        began = time.monotonic()
        connection.sendall(request("GET", "/livez"))
        assert answer_on(connection)[0] == 200
        assert time.monotonic() - began > callers.REFUSED_PAUSE_S / 2


def test_whoever_is_refused_gains_nothing_by_new_connections(narrow_service: Service) -> None:
    with refuse(narrow_service, "127.0.2.2"):
        began = time.monotonic()
        count = 0
        while time.monotonic() - began < 1.5:
            status, _, _ = ask(narrow_service, request("GET", f"{BASE}/status"), "127.0.2.2")
            count += status == 429
        # the first few come before the peer is past its rate again
        assert 0 < count < 1.5 / callers.REFUSED_PACE_S + 10
    assert ask(narrow_service, request("GET", f"{BASE}/status"), OTHER)[0] == 200


def test_calls_that_wait_leave_their_turn_to_the_next(narrow_service: Service) -> None:
    with contextlib.ExitStack() as stack:
        for number in range(6):
            stack.enter_context(connect(narrow_service, "127.0.2.3")).sendall(waiting(number))
        until_waiting(narrow_service, 6)
        assert ask(narrow_service, request("GET", f"{BASE}/status"), "127.0.2.3")[0] == 200


class Underway:
    """A connection whose answer is being sent or made, or waits to be."""

    def __init__(self, peer: Peer, *, sends: bool = False, computes: bool = False) -> None:
        self.peer = peer
        self.sock = SimpleNamespace(sends=sends, waits=False)
        self.computes = computes


@pytest.mark.parametrize(
    ("call", "may_run"),
    [({"sends": True}, False), ({"computes": True}, False), ({}, True)],
    ids=["sends", "computes", "waits"],
)
def test_however_long_a_call_takes_it_counts_until_it_waits(
    call: dict[str, bool], may_run: bool
) -> None:
    peers = Peers(0, 2, 10)
    one, other = (peers.connect(address, is_limited=True) for address in ("10.0.0.1", "10.0.0.2"))
    for _ in range(2):
        one.running[cast("Connection", Underway(one, **call))] = time.monotonic() - 60
    peers.queue(cast("Connection", Underway(other)))
    assert peers.may_run(one) is may_run


def test_a_peer_that_alone_calls_may_use_all_of_a_worker() -> None:
    peers = Peers(0, 2, 10)
    one, other = (peers.connect(address, is_limited=True) for address in ("10.0.0.1", "10.0.0.2"))
    for _ in range(2):
        peers.queue(cast("Connection", Underway(one, sends=True)))
        one.running[cast("Connection", Underway(one, sends=True))] = time.monotonic()
    assert peers.may_run(one)
    peers.queue(cast("Connection", Underway(other, sends=True)))
    assert peers.may_run(other)
    assert not peers.may_run(one)
    peers.queue(cast("Connection", Underway(one, sends=True)))
    assert not peers.may_run(one)


def test_a_peer_that_comes_again_by_a_new_connection_is_no_other() -> None:
    peers = Peers(0, 2, 10)
    for _ in range(2):
        peer = peers.connect("10.0.0.1", is_limited=True)
        peers.queue(cast("Connection", Underway(peer)))
        peers.disconnect(peer)
    peer = peers.connect("10.0.0.1", is_limited=True)
    for _ in range(2):
        peer.running[cast("Connection", Underway(peer, sends=True))] = time.monotonic()
    assert peers.may_run(peer)


def test_a_peer_has_only_so_many_answers_unread(tmp_path: Path) -> None:
    with running(tmp_path / "service", f"sqlite:///{tmp_path}/coord.db", PEER_CALLS="2") as service:
        with service.caller() as caller:
            for number in range(250):
                body = {"state": "s", "notes": "x" * 20_000, "updated_by": "host/a"}
                assert caller.call("PUT", f"/components/p/c{number}", body).status == 201
        large = request("GET", f"{BASE}/components?project_key=p&limit=500")
        with contextlib.ExitStack() as stack:
            for _ in range(4):
                stack.enter_context(deaf(service)).sendall(large)
            next_one = stack.enter_context(connect(service))
            time.sleep(1)  # two are being sent now, and nobody reads them
            next_one.sendall(request("GET", "/livez"))
            next_one.settimeout(1)
            with pytest.raises(TimeoutError):
                next_one.recv(1)
            assert ask(service, request("GET", "/livez"), OTHER)[0] == 200
        assert ask(service, request("GET", "/livez"))[0] == 200


def deaf(service: Service) -> socket.socket:
    """A connection of the flooder that takes little of an answer."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.bind((FLOODER, 0))
    connection.connect(("127.0.0.1", service.port))
    return connection


def test_a_peer_makes_room_for_its_own_next_connection(service: Service) -> None:
    with contextlib.ExitStack() as stack:
        others = stack.enter_context(connect(service, OTHER))
        own = [stack.enter_context(connect(service)) for _ in range(40)]
        assert own[0].recv(1) == b"", "the one that was quiet longest"
        for each in (own[-1], others):
            each.sendall(request("GET", "/livez"))
            assert answer_on(each)[0] == 200


def waiting(number: object, session: str = "") -> bytes:
    named = f"&session_id={session}" if session else ""
    return request("GET", f"{BASE}/messages?to_session=host/{number}&wait=30{named}")


def until_waiting(service: Service, count: int) -> None:
    shown = f"coord_waiting_calls {count:.1f}"
    until(
        lambda: shown in service.call("GET", "/metrics").body.decode(), 20, f"{count} calls to wait"
    )


def test_a_peer_has_a_share_of_the_places_to_wait_in(service: Service) -> None:
    until_waiting(service, 0)
    with contextlib.ExitStack() as stack:
        for number in range(THREADS):
            stack.enter_context(connect(service)).sendall(waiting(number))
        until_waiting(service, 8)
        for data in (waiting("x"), request("GET", f"{BASE}/events/stream")):
            status, body, headers = ask(service, data)
            assert (status, body["error"]) == (429, "too_many")
            assert int(headers["Retry-After"]) > 0
            assert "COORD_PEER_WAITING" in body["detail"]
        stack.enter_context(connect(service, OTHER)).sendall(waiting("y"))
        until_waiting(service, 9)
        assert service.call("GET", "/livez").status == 200


def test_a_session_has_a_share_too_wherever_it_calls_from(service: Service) -> None:
    until_waiting(service, 0)
    with contextlib.ExitStack() as stack:
        for number in range(3):
            one = stack.enter_context(connect(service, f"127.0.1.{number + 1}"))
            one.sendall(waiting(number, "host/a"))
        until_waiting(service, 3)
        status, body, _ = ask(service, waiting("x", "host/a"), OTHER)
        assert (status, "COORD_SESSION_WAITING" in body["detail"]) == (429, True)
        stack.enter_context(connect(service, OTHER)).sendall(waiting("x", "host/b"))
        until_waiting(service, 4)


def test_many_long_bodies_at_once_take_no_memory_without_end(
    token_service: Service,
) -> None:
    """Each lacks its last byte, so each would be kept until its time is over."""
    authorized = f"Authorization: Bearer {TOKEN}"
    almost = post("/locks", authorized, length=MEBIBYTE, body=b" " * (MEBIBYTE - 1))
    (worker,) = token_service.workers()
    before = resident_mb(worker)
    answers = []
    with contextlib.ExitStack() as stack:
        for _ in range(60):
            each = stack.enter_context(connect(token_service))
            with contextlib.suppress(OSError):
                each.sendall(almost)
                each.settimeout(0.05)
                with contextlib.suppress(TimeoutError):
                    answers.append(answer_on(each)[0])
        assert set(answers) == {429}
        assert ask(token_service, request("GET", "/livez"), OTHER)[0] == 200
        assert resident_mb(worker) - before < 100


def resident_mb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


@pytest.mark.parametrize(
    ("trusted", "sent", "is_told_apart"),
    [((), "10.0.0.1", False), (PROXIES, "10.0.0.1", True), (PROXIES, "10.9.9.9, 10.0.0.1", True)],
    ids=["nobody is believed", "a trusted proxy", "what the caller made up is not"],
)
def test_behind_a_trusted_proxy_a_peer_is_who_calls_it(
    tmp_path: Path, trusted: tuple[Network, ...], sent: str, is_told_apart: bool
) -> None:
    app = make_app(f"sqlite:///{tmp_path}/coord.db", PEER_RATE=0.2, TRUSTED_PROXIES=trusted)
    client = Agent(app.test_client())

    def status(forwarded_for: str) -> int:
        headers = {"X-Forwarded-For": forwarded_for}
        return client.call("GET", "/locks", headers=headers).status_code

    assert [status(sent) for _ in range(4)] == [200, 200, 200, 429]
    assert status("10.0.0.1") == 429
    assert status("10.0.0.2") == (200 if is_told_apart else 429)
