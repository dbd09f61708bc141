"""A TCP proxy that stands between the service and its database and breaks the line in the ways that networks do."""

import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Any


def cut(sock: socket.socket) -> None:
    """Closes a socket, also under a thread that waits in it."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()


@dataclass(eq=False)
class Line:
    """One connection through the proxy. `torn`: something sent on it was swallowed, so it can carry nothing more."""

    caller: socket.socket
    target: socket.socket | None
    torn: bool = False

    def cut(self) -> None:
        cut(self.caller)
        if self.target is not None:
            cut(self.target)


@dataclass
class Proxy:
    """Forwards to a port of this machine until told to refuse, swallow, ignore or be slow; `forward` heals. Used as a context manager."""

    target: int
    port: int = 0
    _accepts: bool = False
    _delay: float = 0
    _swallows_questions: bool = False
    _swallows_answers: bool = False
    _lines: set[Line] = field(default_factory=set)
    _fillers: list[socket.socket] = field(default_factory=list)
    _lock: Any = field(default_factory=threading.Lock)
    _listener: socket.socket | None = None

    def __enter__(self) -> "Proxy":
        self._open(backlog=128)
        return self

    def __exit__(self, *error: object) -> None:
        self._close()

    def forward(self) -> None:
        """Everything passes again. Lines that lost something are cut, as TCP would in the end."""
        self._swallows_questions = self._swallows_answers = False
        self._delay = 0
        with self._lock:
            torn = [line for line in self._lines if line.torn or line.target is None]
        self._cut(torn)
        if not self._accepts:
            self._close()
            self._open(backlog=128)

    def refuse(self) -> None:
        """All lines are cut, and new ones refused. The port stays bound, so that nobody else gets it."""
        self._close()
        self._open(backlog=None)

    def swallow(self, *, questions: bool = True) -> None:
        """A black hole: lines stand and new ones are accepted, but nothing comes through. Without `questions` only the answers are lost."""
        self._swallows_answers, self._swallows_questions = True, questions

    def slow(self, seconds: float) -> None:
        """Each answer comes so many seconds later."""
        self._delay = seconds

    def ignore(self) -> None:
        """A firewall that drops: nothing comes through, and whoever connects hears nothing at all."""
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
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self._accepts = bool(backlog)
        if backlog is not None:
            listener.listen(backlog)
        if self._accepts:
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _stop_listening(self) -> None:
        if self._listener is not None:
            cut(self._listener)
            self._listener = None

    def _close(self) -> None:
        self._stop_listening()
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()
        with self._lock:
            lines = list(self._lines)
        self._cut(lines)

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
        line = Line(caller, None)
        with self._lock:
            self._lines.add(line)
        try:
            if not self._swallows_questions:
                line.target = socket.create_connection(("127.0.0.1", self.target))
                threading.Thread(target=self._pump, args=(line, line.target, caller), daemon=True).start()
            self._pump(line, caller, line.target)
        except OSError:
            self._cut([line])

    def _pump(self, line: Line, source: socket.socket, sink: socket.socket | None) -> None:
        """One direction of a line. In a black hole not even its end comes through: the other side learns of it when the line is healed."""
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self._swallows_answers if source is line.target else self._swallows_questions:
                    line.torn = True
                elif sink is not None:
                    if source is line.target:
                        time.sleep(self._delay)
                    sink.sendall(data)
        if self._swallows_answers:
            line.torn = True
            return
        self._cut([line])
