"""A process on a pseudo-terminal of its own, as somebody sees it who sits there."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading

from tests.client.cli.conftest import Person
from tests.service import until


class OnATerminal:
    """The terminal is its controlling one: Ctrl-C comes from there."""

    def __init__(self, command: list[str], me: Person, columns: int = 100, env: dict[str, str] | None = None) -> None:
        self._handle, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
        environment = {**me.environment, "TERM": "xterm", **(env or {})}
        self._process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *command], cwd=me.folder, env=environment, stdin=inner, stdout=inner, stderr=inner
        )
        os.close(inner)
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
        until(lambda: text in self.shown, 30, f"{text!r} on the terminal, which shows {self.shown!r}")

    def type(self, text: str) -> None:
        os.write(self._handle, text.encode())

    def wait(self) -> int:
        code = self._process.wait(30)
        self._reader.join(5)
        os.close(self._handle)
        return code
