"""Whose turn it is to commit, among the processes of a node."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from coord.store import bell, deadline

STEP_S = 0.001
MAX_S = 0.05  # one that was stopped in its turn keeps the others for so long, each time


class NodeTurn:
    """Two locks, which the system gives back when a process ends: one on the folder of the bells
    for the turn itself, and one on a file there for being next. With the second no process has two
    turns while another waits. For one thread at a time.
    """

    def __init__(self) -> None:
        self._opened: tuple[int, Path, int, int] | None = None

    @contextlib.contextmanager
    def taken(self, seconds: float) -> Iterator[None]:
        """Waits for the turn, at most so many seconds: a commit out of turn is slower, and not
        wrong.
        """
        with contextlib.ExitStack() as stack:
            if seconds and bell.folder is not None:
                with contextlib.suppress(OSError, TimeoutError):
                    self._take(stack, bell.folder, min(seconds, MAX_S, deadline.remaining()))
            yield

    def _take(self, stack: contextlib.ExitStack, folder: Path, seconds: float) -> None:
        turn, place = self._descriptors(folder)
        until = time.monotonic() + seconds
        with _locked(place, until):
            stack.enter_context(_locked(turn, until))

    def _descriptors(self, folder: Path) -> tuple[int, int]:
        """Of this process's own: those that a fork has copied are locked by both."""
        if self._opened is None or self._opened[:2] != (os.getpid(), folder):
            place = os.open(folder / bell.NEXT, os.O_RDONLY | os.O_CREAT, 0o600)
            try:
                turn = os.open(folder, os.O_RDONLY)
            except OSError:
                os.close(place)
                raise
            self._opened = (os.getpid(), folder, turn, place)
        return self._opened[2:]


@contextlib.contextmanager
def _locked(descriptor: int, until: float) -> Iterator[None]:
    """Raises TimeoutError."""
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() >= until:
                raise TimeoutError from None
            time.sleep(STEP_S)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
