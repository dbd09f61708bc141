"""A process on a pseudo-terminal of its own, as somebody sees it who sits there."""

import fcntl
import os
import pty
import struct
import termios
import threading

from tests.client.cli.conftest import Person
from tests.service import until


class OnATerminal:
    """A process on a pseudo-terminal of its own, which it controls."""

    def __init__(self, command: list[str], me: Person, columns: int = 100, env: dict[str, str] | None = None) -> None:
        self.pid, self.handle = pty.fork()
        if self.pid == 0:
            os.chdir(me.folder)
            os.execvpe(command[0], command, {**me.environment, "TERM": "xterm", **(env or {})})
        fcntl.ioctl(self.handle, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
        self.shown = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self.handle, 65536)
            except OSError:
                return
            if not data:
                return
            self.shown += data.decode(errors="replace")

    def until(self, text: str) -> None:
        until(lambda: text in self.shown, 30, f"{text!r} on the terminal, which shows {self.shown!r}")

    def type(self, text: str) -> None:
        os.write(self.handle, text.encode())

    def wait(self) -> int:
        _, status = os.waitpid(self.pid, 0)
        self._reader.join(5)
        os.close(self.handle)
        return os.waitstatus_to_exitcode(status)
