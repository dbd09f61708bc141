"""Prometheus metrics whose files cannot end a worker: the only door to `prometheus_client`'s kinds.

Workers share their metrics in mapped files. Those grow by a hole, and the first write to a page of
it for which the disk has no room is a SIGBUS, whatever the call was about. So the room is taken
before it is mapped; where there is none the numbers stay in this process.
"""

import contextlib
import fcntl
import logging
import mmap
import os
import struct
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

__all__ = ["Counter", "Gauge", "Histogram"]

log = logging.getLogger(__name__)

FIRST_BYTES = 1 << 16  # what prometheus_client begins a file with
ENTRY_BYTES = 32  # an entry beside its key, at most: length, padding, value and time

ADDED_UP = ("counter", "histogram")  # the kinds that go on counting when their process has ended
ENDED = "ended"  # in a file's name, where others have the process whose numbers they are
LOCK_S = 0.5  # what is read while it is added up may count twice, which is better than no answer
STEP_S = 0.005
NOT_TO_BE_READ = (ValueError, RuntimeError, struct.error)  # for prometheus_client: cut short, …


class AllocatedDict(MmapedDict):
    """One process's numbers, in a file that has all the room that is mapped, or in memory alone."""

    in_memory = False

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
        if not self.in_memory:
            try:
                _allocate(self._fname, 2 * self._capacity)
            except OSError as error:
                log.warning("further metrics of this process are not shared: %s", error)
                self.in_memory = True
        self._capacity *= 2
        if self.in_memory:
            self._m = mmap.mmap(-1, self._capacity)
            self._m[: self._used] = old[: self._used]
        else:
            self._m = mmap.mmap(self._f.fileno(), self._capacity)

    def _keep_in_memory(self) -> None:
        self.in_memory = True
        self._f: Any = None
        self._capacity, self._used, self._positions = FIRST_BYTES, 8, {}
        self._m = mmap.mmap(-1, self._capacity)


def _allocate(filename: str, size: int) -> None:
    descriptor = os.open(filename, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, size)
    finally:
        os.close(descriptor)


def exposition() -> bytes:
    """What the processes of this service have counted, as Prometheus reads it."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder is None:
        return generate_latest(REGISTRY)
    failure: Exception | None = None
    for _ in range(2):  # a process may just have made its file, and taken no room for it yet
        try:
            return _of_all(folder)
        except (OSError, *NOT_TO_BE_READ) as error:
            failure = error
    log.warning("what the workers counted cannot be read; a reload begins anew: %s", failure)
    return b""


def _of_all(folder: str) -> bytes:
    with _locked(folder, fcntl.LOCK_SH):
        registry = CollectorRegistry()
        MultiProcessCollector(registry, folder)
        return generate_latest(registry)


def add_up_ended() -> None:
    """Puts what processes counted that have ended into one file of each kind. Theirs would stay,
    and each scrape would read more of them.

    What cannot be done now is done when the next process starts.
    """
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder is None:
        return
    try:
        with _locked(folder, fcntl.LOCK_EX) as is_alone:
            for kind in ADDED_UP if is_alone else ():
                ended = [file for file in Path(folder).glob(f"{kind}_*.db") if _has_ended(file)]
                if ended:
                    _add_up(Path(folder, f"{kind}_{ENDED}.db"), ended)
    except OSError as error:
        log.warning("the metrics of processes that have ended are not added up: %s", error)


@contextlib.contextmanager
def _locked(folder: str, operation: int) -> Iterator[bool]:
    """Whether it could be locked in time."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield _lock(descriptor, operation)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, operation: int) -> bool:
    until = time.monotonic() + LOCK_S
    while True:
        try:
            fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(STEP_S)
        else:
            return True


def _has_ended(file: Path) -> bool:
    pid = file.stem.rpartition("_")[2]
    if not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # another user's
        pass
    return False


def _add_up(target: Path, ended: list[Path]) -> None:
    new = target.with_suffix(".new")
    new.unlink(missing_ok=True)
    numbers = AllocatedDict(str(new))
    for key, value in _totals([target, *ended] if target.exists() else ended).items():
        numbers.write_value(key, value, 0.0)
    if numbers.in_memory:  # the disk is full
        new.unlink(missing_ok=True)
        return
    numbers.close()
    new.replace(target)
    for file in ended:
        file.unlink()


def _totals(files: Iterable[Path]) -> dict[str, float]:
    totals: dict[str, float] = defaultdict(float)
    for file in files:
        try:
            for key, value, _, _ in MmapedDict.read_all_values_from_file(str(file)):
                totals[key] += value
        except NOT_TO_BE_READ as error:  # its process was killed when it had just made it
            log.warning("the metrics in %s are lost: %s", file, error)
    return totals


values.MmapedDict = AllocatedDict  # type: ignore[attr-defined]  # imported there, and not exported
