"""When a request that comes in pieces is handed to a thread."""

import pytest

from coord.live.callers import MAX_BODY_BYTES, MAX_HEAD_BYTES, Request

POST = b"POST /x HTTP/1.1\r\nHost: h\r\n"


def whole_after(request: bytes) -> int | None:
    """How many bytes of the request are enough, when they come one by one."""
    collected = Request()
    return next(
        (at for at in range(1, len(request) + 1) if collected.add(request[at - 1 : at])), None
    )


@pytest.mark.parametrize(
    ("request_", "enough"),
    [
        (b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", None),
        (POST + b"Content-Length: 5\r\n\r\n12345", None),
        (POST + b"content-LENGTH:\t5 \r\n\r\n12345", None),
        (POST + b"X: content-length: 9\r\n\r\n", None),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", None),
        (POST + b"Content-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1) + b"x", 1),
        (POST + b"Transfer-Encoding: gzip\r\n\r\n12345", 5),
        (POST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n12345", 5),
    ],
    ids=[
        "no body",
        "a length",
        "another spelling",
        "a value like a header",
        "chunks",
        "too long to be collected",
        "another coding",
        "asks before it sends",
    ],
)
def test_a_request_is_handed_over_when_it_is_whole_or_cannot_be_collected(
    request_: bytes, enough: int | None
) -> None:
    assert whole_after(request_) == len(request_) - (enough or 0)


def test_chunks_are_not_whole_before_their_end() -> None:
    assert whole_after(POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n") is None


def test_a_head_without_an_end_is_handed_over_to_be_refused() -> None:
    assert not Request().add(b"GET / HTTP/1.1\r\n")
    assert Request().add(b"x" * (MAX_HEAD_BYTES + 1))
