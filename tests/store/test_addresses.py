"""A host is looked up in the time that a call has."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from coord.store import addresses
from tests.service import until

FOUND = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.9", 3306))]


class NameServer:
    """Stands in for the system's look-up of names, which none of ours can make slow."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.error: Exception | None = None
        self.asked = 0
        self._real = socket.getaddrinfo

    def getaddrinfo(self, host: Any, *rest: Any, **more: Any) -> Any:
        if more.get("flags"):
            return self._real(host, *rest, **more)
        self.asked += 1
        assert self.answers.wait(30)
        if self.error is not None:
            raise self.error
        return FOUND


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    server = NameServer()
    monkeypatch.setattr(socket, "getaddrinfo", server.getaddrinfo)
    monkeypatch.setattr(addresses, "LOOK_UP_S", 0.05)
    monkeypatch.setattr(addresses, "_last_answers", {})
    yield server
    server.answers.set()
    until(lambda: not addresses._under_way, 30, "all to be looked up")


def test_a_name_server_that_is_silent_is_not_waited_for(names: NameServer) -> None:
    for _ in range(3):
        with pytest.raises(OSError, match=r"'db\.example' cannot be looked up"):
            addresses.of("db.example", 3306)
    assert names.asked == 1


def test_an_answer_that_came_too_late_serves_those_who_ask_next(names: NameServer) -> None:
    with pytest.raises(OSError, match="looked up"):
        addresses.of("db.example", 3306)
    names.answers.set()
    until(lambda: not addresses._under_way, 30, "it to be looked up")
    names.answers.clear()
    assert addresses.of("db.example", 3306) == FOUND


def test_what_was_found_before_is_used_while_no_name_server_works(names: NameServer) -> None:
    names.answers.set()
    assert addresses.of("db.example", 3306) == FOUND
    names.error = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    assert addresses.of("db.example", 3306) == FOUND


def test_a_name_that_is_no_more_is_found_nowhere(names: NameServer) -> None:
    names.answers.set()
    addresses.of("db.example", 3306)
    names.error = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    with pytest.raises(OSError, match="looked up"):
        addresses.of("db.example", 3306)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_an_address_needs_no_name_server(names: NameServer, host: str) -> None:
    assert addresses.of(host, 3306)[0][4][0] == host
    assert names.asked == 0


FORK = """
import contextlib, os, socket, sys, threading
from coord.store import addresses

def silent(*rest, **more):
    if "flags" in more:
        raise socket.gaierror
    threading.Event().wait()

socket.getaddrinfo, addresses.LOOK_UP_S = silent, 0.01
with contextlib.suppress(OSError):
    addresses.of("db.example", 3306)
if pid := os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

def answers(*rest, **more):
    if "flags" in more:
        raise socket.gaierror
    return ["found"]

socket.getaddrinfo, addresses.LOOK_UP_S = answers, 30
os._exit(addresses.of("db.example", 3306) != ["found"])
"""


def test_what_a_parent_looked_up_at_the_fork_is_looked_up_anew() -> None:
    """`coord-server` migrates and then forks its workers."""
    assert subprocess.run([sys.executable, "-c", FORK], timeout=60).returncode == 0
