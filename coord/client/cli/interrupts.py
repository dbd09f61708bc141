"""While a claim is made, SIGTERM and SIGHUP end it as Ctrl-C does: what may have been granted is
given back before the process goes, as after `timeout 5 coord lock x --wait 60`.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_NAMES = ("SIGTERM", "SIGHUP", "SIGBREAK")


class EndedBySignal(KeyboardInterrupt):
    """`number`: of the signal."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@contextmanager
def interrupting() -> Iterator[None]:
    """Raises EndedBySignal in it; what this process ignores, as under nohup, it goes on to
    ignore."""
    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    taken = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, _raise)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _raise(number: int, frame: object) -> None:
    raise EndedBySignal(number)
