"""The command that `coord run` runs: started on the same terminal, with signals passed on to it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

POLL_S = 0.2  # Windows: a signal does not interrupt a wait there
NOT_EXECUTABLE, NOT_FOUND = 126, 127  # as shells report it

_FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGBREAK")
_FROM_KEYBOARD = ("SIGINT", "SIGQUIT", "SIGBREAK")


class Child:
    """A command that has been started, or will be."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        self._handlers = {number: signal.signal(number, self._forward) for number in _signals()}

    def start(self, command: list[str], environment: dict[str, str]) -> None:
        """Raises OSError."""
        self._process = subprocess.Popen(_resolved(command), env=environment)
        for number in self._early:
            self._forward(number, None)

    def wait(self) -> int:
        """Its exit code, as a shell reports it."""
        assert self._process is not None
        code = _wait(self._process)
        return 128 - code if code < 0 else code

    def terminate(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def restore_signals(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _forward(self, number: int, frame: object) -> None:
        """The keyboard's signals reach the command by themselves."""
        process = self._process
        if process is None:
            self._early.append(number)
            return
        if signal.Signals(number).name in _FROM_KEYBOARD and _is_in_foreground():
            return
        try:
            process.send_signal(number)
        except (OSError, ValueError):
            pass  # it has ended


def exit_code(error: OSError) -> int:
    """Of a command that could not be started."""
    return NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE


def _wait(process: subprocess.Popen[bytes]) -> int:
    if sys.platform != "win32":
        return process.wait()
    while True:
        try:
            return process.wait(POLL_S)
        except subprocess.TimeoutExpired:
            pass


def _signals() -> list[signal.Signals]:
    """Those to forward; not what this process ignores, as under nohup: its command ignores that too."""
    available = [getattr(signal, name) for name in _FORWARDED if hasattr(signal, name)]
    return [number for number in available if signal.getsignal(number) is not signal.SIG_IGN]


def _resolved(command: list[str]) -> list[str]:
    """Windows itself finds no `.cmd` and no `.bat` on PATH."""
    if sys.platform != "win32":
        return command
    return [shutil.which(command[0]) or command[0], *command[1:]]


def _is_in_foreground() -> bool:
    """Whether the terminal sends Ctrl-C to this process group."""
    if sys.platform == "win32":
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
