"""Where a host is, found in the time that a call has: the system's own look-up has no deadline, and
a name server that is silent costs it ten seconds and more.

A thread looks a name up, once for all that ask meanwhile. When that takes too long, what it was
found to be before is as good as anything; what comes in late serves those who ask next.
"""

import os
import socket
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from typing import Any

from coord.store import deadline

LOOK_UP_S = 0.5  # half of what a node of a list has for all steps of connecting

Address = tuple[Any, ...]
"""As `socket.getaddrinfo` answers it."""

HostPort = tuple[str, int]


class _LookUp:
    """One that is under way. `until`: when it is waited for no longer, of time.monotonic()."""

    def __init__(self, host_port: HostPort) -> None:
        self.until = time.monotonic() + LOOK_UP_S
        self.answer: Future[list[Address]] = Future()
        self._host_port = host_port
        threading.Thread(target=self._run, name="coord-look-up", daemon=True).start()

    def _run(self) -> None:
        try:
            addresses = socket.getaddrinfo(*self._host_port, type=socket.SOCK_STREAM)
        except BaseException as error:
            self._end()
            self.answer.set_exception(error)
        else:
            _last_answers[self._host_port] = addresses
            self._end()
            self.answer.set_result(addresses)

    def _end(self) -> None:
        with _starting:
            del _under_way[self._host_port]


_under_way: dict[HostPort, _LookUp] = {}
_last_answers: dict[HostPort, list[Address]] = {}
_starting = threading.Lock()


def _forget_the_parents() -> None:
    """A thread that looks a name up does not survive a fork, and nobody is to wait for it."""
    global _starting  # noqa: PLW0603 (the parent's may be locked)
    _starting = threading.Lock()
    _under_way.clear()


os.register_at_fork(after_in_child=_forget_the_parents)


def of(host: str, port: int) -> list[Address]:
    """Where the host is. Raises OSError when it cannot be found, or not in time and never was."""
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        pass  # it is a name
    host_port = (host, port)
    try:
        look_up = _look_up(host_port)
        allowed = min(look_up.until - time.monotonic(), deadline.remaining())
        return look_up.answer.result(max(0.0, allowed))
    except (OSError, NotYet, RuntimeError, UnicodeError) as error:
        addresses = _last_answers.get(host_port)
        if addresses is None or getattr(error, "errno", None) == socket.EAI_NONAME:
            why = str(error) or f"no answer within {LOOK_UP_S:g} s"
            raise OSError(f"the name {host!r} cannot be looked up: {why}") from error
        return addresses


def _look_up(host_port: HostPort) -> _LookUp:
    """The one under way. Raises RuntimeError where no thread is left for one."""
    with _starting:
        look_up = _under_way.get(host_port)
        if look_up is None:
            look_up = _under_way[host_port] = _LookUp(host_port)
        return look_up
