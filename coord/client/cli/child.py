"""The command that `coord run` runs, with everything that it starts: one process group.

Without a terminal the command gets a group of its own. On a terminal it stays in coord's, so
that Ctrl-C, Ctrl-Z and pipelines work as without coord; the group's processes are then told
apart by an entry in their environment and by who started them. On Windows the group is a job.
What detaches itself from the group, as daemons do, is not waited for.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import Callable

from coord.client import processes
from coord.client.cli import windows
from coord.client.processes import Process

POLL_S = 0.2  # Windows: a signal does not interrupt a wait there
FIRST_POLL_S, MAX_POLL_S = 0.02, 0.5  # for the group to end
SILENT_S = 1.0
GRACE_S = 10.0  # between asking processes to end and killing them
NOT_EXECUTABLE, NOT_FOUND = 126, 127  # as shells report it
RUN_ID = "COORD_RUN_ID"

_FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGBREAK")
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK")
_FROM_KEYBOARD = ("SIGINT", "SIGQUIT", "SIGBREAK")


class Child:
    """A command that has been started, or will be. `run_id` tells its processes from others."""

    def __init__(self, run_id: str, warn: Callable[[str], None]) -> None:
        self._run_id = run_id
        self._warn = warn
        self._process: subprocess.Popen[bytes] | None = None
        self._owns_group = sys.platform != "win32" and not _has_terminal()
        self._is_ending = False
        self._early: list[int] = []
        self._handlers = {number: signal.signal(number, self._forward) for number in _signals()}

    def start(self, command: list[str], environment: dict[str, str]) -> None:
        """Raises OSError."""
        environment = {**environment, RUN_ID: self._run_id}
        if sys.platform == "win32":
            self._job = _started_in_a_job(command, environment)
            self._process = self._job.process
        else:
            self._process = subprocess.Popen(
                command, env=environment, start_new_session=self._owns_group
            )
        for number in self._early:
            self._forward(number, None)

    def wait(self) -> int:
        """The command's exit code, as a shell reports it, once all of its group has ended."""
        assert self._process is not None
        code = _wait(self._process)
        self._wait_for_group()
        if sys.platform == "win32":  # where exit takes signed numbers, and 0xC0000005 is one
            return code - 2**32 if code >= 2**31 else code
        return 128 - code if code < 0 else code

    def terminate(self) -> None:
        """Asks all of the group to end."""
        self._is_ending = True
        if sys.platform == "win32":
            self.kill()  # Windows knows no asking
        else:
            self._signal_group(signal.SIGTERM)

    def kill(self) -> None:
        if sys.platform == "win32":
            self._job.terminate()
            self._signal_command(signal.SIGTERM)  # which ends it, also where it is in no job
        else:
            self._signal_group(signal.SIGKILL)

    def restore_signals(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _forward(self, number: int, frame: object) -> None:
        if self._process is None:
            self._early.append(number)
            return
        name = signal.Signals(number).name
        self._is_ending = self._is_ending or name in _ENDING
        if name in _FROM_KEYBOARD and not self._owns_group and _is_in_foreground():
            return  # the terminal has sent it to the command as well
        if name in _ENDING:
            self._signal_group(number)
        else:
            self._signal_command(number)

    def _signal_command(self, number: int) -> None:
        try:
            if self._process is not None:
                self._process.send_signal(number)
        except (OSError, ValueError):
            pass  # it has ended

    def _signal_group(self, number: int) -> None:
        self._signal_command(number)
        for process in self._others():
            try:
                os.kill(process.pid, number)
            except OSError:
                pass  # it has ended, or is another user's

    def _others(self) -> list[Process]:
        """The processes of the group besides the command itself."""
        if self._process is None:
            return []
        if sys.platform == "win32":
            processes_in_job = map(processes.find, self._job.others())
            return [process for process in processes_in_job if process is not None]
        leader = self._process.pid
        group = leader if self._owns_group else os.getpgrp()
        members = {
            process.pid: process
            for process in processes.all_processes()
            if process.group == group and not process.is_zombie
        }
        return [
            process
            for pid, process in members.items()
            if pid not in (leader, os.getpid()) and self._is_own(process, members)
        ]

    def _is_own(self, process: Process, members: dict[int, Process]) -> bool:
        if self._owns_group or process.has_in_environment(f"{RUN_ID}={self._run_id}"):
            return True
        assert self._process is not None
        while process.parent in members:
            if process.parent == self._process.pid:
                return True
            process = members[process.parent]
        return process.parent == self._process.pid

    def _wait_for_group(self) -> None:
        """The command itself has ended. Processes that were asked to end are killed after a
        while."""
        start, pause = time.monotonic(), FIRST_POLL_S
        ending_since: float | None = None
        is_announced = False
        while others := self._others():
            now = time.monotonic()
            if self._is_ending and ending_since is None:
                ending_since = now
            if not is_announced and now - start > SILENT_S:
                is_announced = True
                self._warn(
                    f"the command has ended, but not what it started: {_shown(others)}. Waiting"
                    " for it."
                )
            if ending_since is not None and now - ending_since > GRACE_S:
                self._warn(f"not ended within {GRACE_S:.0f} s, and killed: {_shown(others)}.")
                self.kill()
                ending_since = now
            time.sleep(pause)
            pause = min(MAX_POLL_S, pause * 2)


def _shown(group: list[Process]) -> str:
    return ", ".join(f"{process.program} ({process.pid})" for process in group)


def exit_code(error: OSError, program: str) -> int:
    """Of a command that could not be started. A folder of PATH that may not be read is one in which
    it was not found, for a shell; the system says that access was denied."""
    if isinstance(error, FileNotFoundError) or not _is_anywhere(program):
        return NOT_FOUND
    return NOT_EXECUTABLE


def _is_anywhere(program: str) -> bool:
    folders = (
        [""] if os.path.dirname(program) else os.environ.get("PATH", os.defpath).split(os.pathsep)
    )
    return any(os.path.lexists(os.path.join(folder, program)) for folder in folders)


def _wait(process: subprocess.Popen[bytes]) -> int:
    if sys.platform != "win32":
        return process.wait()
    while True:
        try:
            return process.wait(POLL_S)
        except subprocess.TimeoutExpired:
            pass


def _signals() -> list[signal.Signals]:
    """Those to forward; not what this process ignores, as under nohup: its command ignores that
    too."""
    available = [getattr(signal, name) for name in _FORWARDED if hasattr(signal, name)]
    return [number for number in available if signal.getsignal(number) is not signal.SIG_IGN]


if sys.platform == "win32":

    def _started_in_a_job(command: list[str], environment: dict[str, str]) -> windows.Job:
        """Raises OSError."""
        try:
            return windows.Job(_resolved(command), environment)
        except OSError as error:
            if error.winerror == windows.ERROR_BAD_EXE_FORMAT:
                raise OSError(errno.ENOEXEC, windows.NO_PROGRAM) from None
            raise

    def _resolved(command: list[str]) -> list[str] | str:
        """Windows itself finds no `.cmd` and no `.bat` on PATH. Raises OSError."""
        program = shutil.which(command[0]) or command[0]
        if program.lower().endswith((".cmd", ".bat")):
            return windows.batch_line(program, command[1:])
        return [program, *command[1:]]


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


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
