"""What only the real server shows: bodies in chunks, connections that break off, requests that are
hardly HTTP.
"""

import http.client
import json
import os
import socket
import time
from pathlib import Path

import pytest

from coord.web import MAX_BODY_BYTES
from tests.service import Answer, Service

JSON = "Content-Type: application/json"


def exchange(
    service: Service, *lines: str | bytes, body: bytes = b"", half_close: bool = False
) -> Answer:
    """Sends these very lines and bytes, and gives back the answer."""
    head = b"\r\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(head + b"\r\n\r\n" + body)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        began = time.monotonic()
        response = http.client.HTTPResponse(connection)
        response.begin()
        body_of_answer = response.read()
        seconds = time.monotonic() - began
        return Answer(response.status, response.headers, body_of_answer, seconds)


def assert_error(answer: Answer, status: int, code: str) -> str:
    assert answer.status == status, answer
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Request-Id"]
    body = answer.json
    assert body["error"] == code
    return str(body["detail"])


def chunks(body: bytes, size: int = 60_000) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def post(*headers: str) -> list[str]:
    return ["POST /api/coord/locks HTTP/1.1", "Host: localhost", JSON, *headers]


def claim_of(size: int) -> bytes:
    """A claim padded with blanks to this size."""
    body = json.dumps({"project_key": "shop", "session_id": "a", "resource": f"of {size}"}).encode()
    return body + b" " * (size - len(body))


def test_a_chunked_body_is_read(service: Service) -> None:
    answer = exchange(service, *post("Transfer-Encoding: chunked"), body=chunks(claim_of(100), 7))
    assert answer.status == 201


@pytest.mark.parametrize("over", [1, 70_000, 4 * MAX_BODY_BYTES])
def test_a_chunked_body_over_one_mebibyte_is_too_large(service: Service, over: int) -> None:
    """Its length is nowhere said, and what was read of it would be taken for JSON."""
    answer = exchange(
        service, *post("Transfer-Encoding: chunked"), body=chunks(claim_of(MAX_BODY_BYTES + over))
    )
    assert_error(answer, 413, "too_large")


@pytest.mark.parametrize("over", [1, 4 * MAX_BODY_BYTES])
def test_a_body_announced_as_over_one_mebibyte_is_too_large(service: Service, over: int) -> None:
    size = MAX_BODY_BYTES + over
    assert_error(
        exchange(service, *post(f"Content-Length: {size}"), body=claim_of(size)), 413, "too_large"
    )


def test_one_mebibyte_is_not_too_large(service: Service) -> None:
    body = claim_of(MAX_BODY_BYTES)
    assert exchange(service, *post("Transfer-Encoding: chunked"), body=chunks(body)).status == 201
    assert exchange(service, *post(f"Content-Length: {len(body)}"), body=body).status == 200


def test_who_sends_a_long_body_sees_the_error_and_not_a_broken_connection(service: Service) -> None:
    with service.caller() as caller:
        for length in (50_000, MAX_BODY_BYTES, 8 * MAX_BODY_BYTES):
            body = {"x": "y" * length}
            assert caller.call("POST", "/locks", body).status == (
                422 if length < MAX_BODY_BYTES else 413
            )
            assert caller.call("POST", "/nowhere", body).status == 404
            assert caller.call("POST", "/status", body).status == 405
            assert caller.call("POST", "/locks", body, Origin="http://evil.example").status == 403
            assert caller.call("GET", "/livez").status == 200


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (["Transfer-Encoding: chunked"], b"zz\r\n{}\r\n0\r\n\r\n"),
        (["Transfer-Encoding: chunked"], b"5\r\n{}"),
        (["Content-Length: 500"], claim_of(100)),
    ],
    ids=["no chunk", "broken chunk", "broken off"],
)
def test_a_body_that_breaks_off_changes_nothing(
    service: Service, headers: list[str], body: bytes
) -> None:
    before = service.call("GET", "/locks").json
    answer = exchange(service, *post(*headers), body=body, half_close=True)
    assert "broke off" in assert_error(answer, 400, "bad_json")
    assert service.call("GET", "/locks").json == before


@pytest.mark.parametrize(
    "line",
    [
        "GET /api/coord/locks?project_key=müller HTTP/1.1",
        "GET /api/coord/locks?project_key=a b HTTP/1.1",
        b"GET /api/coord/locks?project_key=\x00 HTTP/1.1",
        b"GET /api/coord/locks?project_key=\xff HTTP/1.1",
    ],
    ids=["umlaut", "blank", "NUL", "no UTF-8"],
)
def test_a_query_that_is_not_encoded_is_told_how_to(service: Service, line: str | bytes) -> None:
    detail = assert_error(exchange(service, line, "Host: localhost"), 400, "bad_request")
    assert "--data-urlencode" in detail


def test_other_requests_that_are_hardly_http_are_refused_in_json(service: Service) -> None:
    get = "GET /livez HTTP/1.1"
    long = "x" * 9000
    refusals = [
        (
            exchange(
                service, f"GET /api/coord/locks?project_key={long} HTTP/1.1", "Host: localhost"
            ),
            414,
        ),
        (exchange(service, get, "Host: localhost", f"X-Long: {long}"), 431),
        (exchange(service, get, "Host: localhost", "no colon"), 400),
        (exchange(service, get, "Host: localhost", "Host: localhost"), 400),
        (exchange(service, *post("Transfer-Encoding: unheard-of")), 501),
        (exchange(service, "get /livez HTTP/1.1", "Host: localhost"), 400),
        (exchange(service, "GET /livez HTTP/7.1", "Host: localhost"), 400),
    ]
    for answer, status in refusals:
        assert_error(
            answer,
            status,
            http.HTTPStatus(status).phrase.lower().replace(" ", "_").replace("-", "_"),
        )
    assert exchange(service, "GET /livez HTTP/1.0").status == 200


def test_a_whole_url_in_the_request_line_is_fine(service: Service) -> None:
    """As a proxy sends it; an encoded slash in it is told from a separator all the same."""
    put = {"state": "built", "updated_by": "a"}
    assert service.call("PUT", "/components/wire/web%2Fapi", put).status == 201
    answer = exchange(
        service,
        "GET http://localhost/api/coord/components/wire/web%2Fapi HTTP/1.1",
        "Host: localhost",
    )
    assert answer.status == 200
    assert answer.json["component"] == "web/api"


@pytest.mark.parametrize("method", ["PROPFIND", "TRACE", "CONNECT"])
def test_a_method_nobody_knows_is_a_405(service: Service, method: str) -> None:
    answer = exchange(service, f"{method} /api/coord/locks HTTP/1.1", "Host: localhost")
    assert_error(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]


def test_head_sends_no_body(service: Service) -> None:
    for path in ("/livez", "/api/coord/locks", "/nowhere"):
        with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
            connection.sendall(
                f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
            )
            everything = b"".join(iter(lambda: connection.recv(65536), b""))
        assert everything.endswith(b"\r\n\r\n")
        assert everything.count(b"\r\n\r\n") == 1


def cpu_seconds(service: Service) -> float:
    """What the workers have used so far: unlike the time that passes, hardly a matter of who else
    uses the machine.
    """
    stats = [
        Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        for pid in service.workers()
    ]
    return sum(
        int(user) + int(system) for _, *_, user, system in (fields[:13] for fields in stats)
    ) / os.sysconf("SC_CLK_TCK")


def test_no_body_takes_long_to_refuse(service: Service) -> None:
    """One mebibyte of unknown names, of nesting, of numbers."""
    many = b"{" + b",".join(b'"%d":1' % number for number in range(90_000)) + b"}"
    for body in (
        many,
        b'{"a":' * 150_000,
        b"[" + b"1e9," * 200_000 + b"1]",
        b'{"' + b"k" * 1_000_000 + b'": 1}',
    ):
        before = cpu_seconds(service)
        answer = exchange(service, *post(f"Content-Length: {len(body)}"), body=body)
        assert answer.status in (400, 422)
        assert cpu_seconds(service) - before < 3
        assert len(answer.body) < 10_000
