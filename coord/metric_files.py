"""Prometheus metrics whose files cannot end a worker: the only door to `prometheus_client`'s kinds.

Workers share their metrics in mapped files. Those grow by a hole, and the first write to a page of
it for which the disk has no room is a SIGBUS, whatever the call was about. So the room is taken
before it is mapped; where there is none the numbers stay in this process.
"""

import contextlib
import logging
import mmap
import os
from typing import Any

from prometheus_client import Counter, Gauge, Histogram, values
from prometheus_client.mmap_dict import MmapedDict

__all__ = ["Counter", "Gauge", "Histogram"]

log = logging.getLogger(__name__)

FIRST_BYTES = 1 << 16  # what prometheus_client begins a file with
ENTRY_BYTES = 32  # an entry beside its key, at most: length, padding, value and time


class AllocatedDict(MmapedDict):
    """One process's numbers, in a file that has all the room that is mapped, or in memory alone."""

    _in_memory = False

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if not read_mode:
            try:
                _allocate(filename, FIRST_BYTES)
            except OSError as error:
                log.warning("the metrics of this process are not shared: %s", error)
                self._keep_in_memory()
                with contextlib.suppress(OSError):
                    os.unlink(filename)  # half made, it could not be read
                return
        super().__init__(filename, read_mode)

    def _init_value(self, key: str) -> None:
        needed = self._used + len(key.encode()) + ENTRY_BYTES
        while needed > self._capacity:
            self._grow()
        super()._init_value(key)

    def _grow(self) -> None:
        old = self._m
        if not self._in_memory:
            try:
                _allocate(self._fname, 2 * self._capacity)
            except OSError as error:
                log.warning("further metrics of this process are not shared: %s", error)
                self._in_memory = True
        self._capacity *= 2
        if self._in_memory:
            self._m = mmap.mmap(-1, self._capacity)
            self._m[: self._used] = old[: self._used]
        else:
            self._m = mmap.mmap(self._f.fileno(), self._capacity)

    def _keep_in_memory(self) -> None:
        self._in_memory = True
        self._f: Any = None
        self._capacity, self._used, self._positions = FIRST_BYTES, 8, {}
        self._m = mmap.mmap(-1, self._capacity)


def _allocate(filename: str, size: int) -> None:
    descriptor = os.open(filename, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, size)
    finally:
        os.close(descriptor)


values.MmapedDict = AllocatedDict  # type: ignore[attr-defined]  # imported there, and not exported
