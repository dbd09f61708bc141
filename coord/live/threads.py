"""The threads that calls run in."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class Threads(Generic[T]):
    """As many as there are calls at once, up to a number: started when they are needed, and kept.

    The standard library's pool makes a future, a lock and a condition for each call, and wakes the
    loop for each that is finished.
    """

    def __init__(
        self, max_threads: int, run: Callable[[T], bool], notify: Callable[[], None]
    ) -> None:
        """`run`: in a thread. `notify`: called there once `finished` has something, and not
        again until it is asked.
        """
        self._max_threads = max_threads
        self._run = run
        self._notify = notify
        self.started = 0
        self.is_short = False  # the system had no thread for the last that was wanted
        self._calls: SimpleQueue[T | None] = SimpleQueue()
        self._finished: deque[tuple[T, bool | BaseException]] = deque()
        self._has_notified = False

    def submit(self, call: T, unfinished: int) -> None:
        """`unfinished`: so many are in a thread or wait for one, this one among them."""
        self._calls.put(call)
        if self.started < min(unfinished, self._max_threads):
            self._start()

    def _start(self) -> None:
        """Where that cannot be, calls wait for the threads that there are; with the next it is
        tried again.
        """
        try:
            threading.Thread(target=self._work, daemon=True).start()
        except RuntimeError:
            if not self.started:
                raise
            self.is_short = True
        else:
            self.started += 1
            self.is_short = False

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            try:
                outcome: bool | BaseException = self._run(call)
            except BaseException as error:
                outcome = error
            self._finished.append((call, outcome))
            if not self._has_notified:
                self._has_notified = True
                try:
                    self._notify()
                except Exception:  # short of memory: else nobody would ever be notified again
                    self._has_notified = False

    def finished(self) -> Iterator[tuple[T, bool | BaseException]]:
        """The calls that are over, and how each ended."""
        self._has_notified = False  # first: whoever finishes from now on notifies again
        while self._finished:
            yield self._finished.popleft()

    def shutdown(self, *, wait: bool) -> None:
        """As gunicorn calls it: each thread ends after its call, and nobody waits for that."""
        for _ in range(self.started):
            self._calls.put(None)
