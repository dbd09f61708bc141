"""A process on a pseudo-terminal of its own, as somebody sees it who sits there."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading

import pytest

from coord.client.cli import cells
from tests.client.cli.conftest import Person
from tests.service import until

if sys.platform != "win32":
    import fcntl
    import pty
    import termios

    import pyte

LINES = 30


class Screen:
    """What a terminal of that many columns shows once this was written to it."""

    def __init__(self, written: str, columns: int) -> None:
        self._screen = pyte.Screen(columns, LINES)
        pyte.Stream(self._screen).feed(written)
        self.lines = [line.rstrip() for line in self._screen.display if line.strip()]
        self._columns = columns
        self._written = written

    @property
    def wrapped(self) -> bool:
        """Whether a line was longer than the terminal."""
        return len(self.lines) > len([line for line in self._written.splitlines() if line.strip()])

    @property
    def broken_words(self) -> list[str]:
        """The lines that were longer than the terminal and had a blank to be broken at."""
        return [
            line
            for line in self._written.splitlines()
            if cells.width(line) > self._columns and " " in line.strip(" |")
        ]

    def cell_of(self, line: int, text: str, after: int = 0) -> int:
        """The cell in which a text begins, at this one at the earliest; the second cell of a wide
        character is empty.
        """
        row = self._screen.buffer[line]
        filled = [cell for cell in range(after, self._columns) if row[cell].data]
        return filled["".join(row[cell].data[0] for cell in filled).index(text)]


class OnATerminal:
    """The terminal is its controlling one: Ctrl-C comes from there."""

    def __init__(
        self, command: list[str], me: Person, columns: int = 100, env: dict[str, str] | None = None
    ) -> None:
        if sys.platform == "win32":
            pytest.skip("Windows has no pseudo-terminals that a test could open")
        self._handle, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
        environment = {**me.environment, "TERM": "xterm", **(env or {})}
        self._process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *command],
            cwd=me.folder,
            env=environment,
            stdin=inner,
            stdout=inner,
            stderr=inner,
        )
        os.close(inner)
        self._columns = columns
        self.shown = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._handle, 65536)
            except OSError:  # nobody has the other end open any more
                return
            self.shown += data.decode(errors="replace")

    def until(self, text: str) -> None:
        until(
            lambda: text in self.shown, 30, f"{text!r} on the terminal, which shows {self.shown!r}"
        )

    def resize(self, columns: int) -> None:
        """As somebody does who drags the window's corner."""
        self._columns = columns
        fcntl.ioctl(self._handle, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))

    def picture(self) -> Screen:
        return Screen(self.shown, self._columns)

    def type(self, text: str) -> None:
        os.write(self._handle, text.encode())

    def wait(self) -> int:
        code = self._process.wait(30)
        self._reader.join(5)
        os.close(self._handle)
        return code
