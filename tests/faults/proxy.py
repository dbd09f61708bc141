"""A TCP proxy that stands between the service and its database and breaks the line in the ways that
networks do.
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Any

BIND_S = 70  # a minute is what a system keeps the port of a connection that is over


@dataclass(eq=False)
class Line:
    """One connection through the proxy, and the threads that still use its sockets.

    `torn`: something sent on it was swallowed, so it can carry nothing more.
    """

    caller: socket.socket
    target: socket.socket | None = None
    torn: bool = False
    _users: int = 1
    _is_cut: bool = False
    _lock: Any = field(default_factory=threading.Lock)

    def use(self) -> None:
        with self._lock:
            self._users += 1

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            self._close_if_unused()

    def cut(self) -> None:
        """Ends both sides for whoever is in them. The numbers of the sockets become free only after
        that: a thread about to use one would meet the next connection under it.
        """
        with self._lock:
            self._is_cut = True
            if self._users:
                for sock in self._sockets():
                    with contextlib.suppress(OSError):
                        sock.shutdown(socket.SHUT_RDWR)
            self._close_if_unused()

    def _close_if_unused(self) -> None:
        if self._is_cut and not self._users:
            for sock in self._sockets():
                sock.close()

    def _sockets(self) -> list[socket.socket]:
        return [self.caller] if self.target is None else [self.caller, self.target]


@dataclass
class Proxy:
    """Forwards to a port of this machine until told to refuse, swallow, ignore or be slow;
    `forward` heals. Used as a context manager.
    """

    target: int
    port: int = 0
    _accepts: bool = False
    _delay: tuple[float, float] = (0, 0)
    _drip: float = 0
    _half_closes: bool = False
    _tears: tuple[float, float] = (0, 0)
    _swallows_questions: bool = False
    _swallows_answers: bool = False
    _lines: set[Line] = field(default_factory=set)
    _fillers: list[socket.socket] = field(default_factory=list)
    _lock: Any = field(default_factory=threading.Lock)
    _listener: socket.socket | None = None
    _accepting: threading.Thread | None = None

    def __enter__(self) -> Proxy:
        self._open(backlog=128)
        return self

    def __exit__(self, *error: object) -> None:
        self._close()

    def forward(self) -> None:
        """Everything passes again. Lines that lost something are cut, as TCP would in the end."""
        self._swallows_questions = self._swallows_answers = False
        self._delay, self._drip, self._half_closes, self._tears = (0, 0), 0, False, (0, 0)
        with self._lock:
            torn = [line for line in self._lines if line.torn or line.target is None]
        self._cut(torn)
        if not self._accepts:
            self._close()
            self._open(backlog=128)

    def refuse(self) -> None:
        """All lines are cut, and new ones refused.

        The port stays bound, so that nobody else gets it; but on Windows, which lets nobody bind a
        port again so soon.
        """
        self._close()
        self._accepts = False
        if os.name != "nt":
            self._open(backlog=None)

    def swallow(self, *, questions: bool = True) -> None:
        """A black hole: lines stand and new ones are accepted, but nothing comes through.

        Without `questions` only the answers are lost.
        """
        self._swallows_answers, self._swallows_questions = True, questions

    @property
    def lines(self) -> int:
        """How many stand now."""
        with self._lock:
            return len(self._lines)

    def cut_all(self) -> None:
        """The lines that stand; new ones pass as before."""
        with self._lock:
            lines = list(self._lines)
        self._cut(lines)

    def slow(self, seconds: float, up_to: float | None = None) -> None:
        """Each answer comes so many seconds later, or each by another time between the two."""
        self._delay = (seconds, up_to or seconds)

    def drip(self, seconds: float) -> None:
        """Each byte of an answer comes so many seconds after the one before."""
        self._drip = seconds

    def tear(self, probability: float, kept: float) -> None:
        """Some lines are cut inside an answer, after so much of it has come through (0 to 1)."""
        self._tears = (probability, kept)

    def half_close(self) -> None:
        """The other end of each line says that it has nothing more to say, and goes on
        listening.
        """
        self._half_closes = True
        with self._lock:
            lines = list(self._lines)
        for line in lines:
            self._say_no_more(line)

    def _say_no_more(self, line: Line) -> None:
        line.torn = True
        with contextlib.suppress(OSError):
            line.caller.shutdown(socket.SHUT_WR)

    def ignore(self) -> None:
        """A firewall that drops: nothing comes through, and whoever connects hears nothing
        at all.
        """
        self.swallow()
        self._stop_listening()
        self._open(backlog=0)
        for _ in range(4):  # fill what the system accepts by itself; from then on it answers no SYN
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
            self._fillers.append(filler)

    def _open(self, backlog: int | None) -> None:
        self._listener = listener = socket.socket()
        if os.name != "nt":  # where it lets two listen on one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._bind(listener)
        self.port = listener.getsockname()[1]
        self._accepts = bool(backlog)
        if backlog is not None:
            listener.listen(backlog)
        if self._accepts:
            self._accepting = threading.Thread(target=self._accept, args=(listener,), daemon=True)
            self._accepting.start()

    def _bind(self, listener: socket.socket) -> None:
        """On Windows a caller of somebody else's may have got the port since it was given up."""
        ends = time.monotonic() + (BIND_S if os.name == "nt" else 0)
        while True:
            try:
                listener.bind(("127.0.0.1", self.port))
            except OSError:
                if time.monotonic() > ends:
                    raise
                time.sleep(0.1)
            else:
                return

    def _stop_listening(self) -> None:
        if self._listener is None:
            return
        with contextlib.suppress(OSError):  # where that does not wake who accepts, closing does
            self._listener.shutdown(socket.SHUT_RDWR)
            if self._accepting is not None:
                self._accepting.join()
        self._listener.close()
        self._listener = self._accepting = None

    def _close(self) -> None:
        self._stop_listening()
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()
        self.cut_all()

    def _cut(self, lines: list[Line]) -> None:
        for line in lines:
            line.cut()
        with self._lock:
            self._lines.difference_update(lines)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        line = Line(caller)
        with self._lock:
            self._lines.add(line)
        try:
            if not self._swallows_questions:
                line.target = socket.create_connection(("127.0.0.1", self.target))
                line.use()
                threading.Thread(
                    target=self._pump, args=(line, line.target, caller), daemon=True
                ).start()
            if self._half_closes:
                self._say_no_more(line)
        except OSError:
            self._cut([line])
        self._pump(line, caller, line.target)

    def _dripped(self, data: bytes, sink: socket.socket) -> bytes:
        """Sends it byte by byte for as long as that is wanted; what remains."""
        while self._drip and data:
            sink.sendall(data[:1])
            data = data[1:]
            time.sleep(self._drip)
        return data

    def _pump(self, line: Line, source: socket.socket, sink: socket.socket | None) -> None:
        """One direction of a line.

        In a black hole not even its end comes through: the other side learns of it when the line is
        healed.
        """
        try:
            self._carry(line, source, sink)
            if self._swallows_answers:
                line.torn = True
            else:
                self._cut([line])
        finally:
            line.leave()

    def _carry(self, line: Line, source: socket.socket, sink: socket.socket | None) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self._swallows_answers if source is line.target else self._swallows_questions:
                    line.torn = True
                elif sink is not None:
                    if source is line.target:
                        time.sleep(random.uniform(*self._delay))
                        data = self._dripped(data, sink)
                        probability, kept = self._tears
                        if random.random() < probability:
                            sink.sendall(data[: int(len(data) * kept)])
                            break
                    sink.sendall(data)
