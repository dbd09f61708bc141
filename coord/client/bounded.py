"""Running what somebody else wrote, a regular expression above all, for no longer than its time."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")


def run_within(seconds: float, act: Callable[[], T]) -> T:
    """Raises TimeoutError.

    In the main thread only, and not on Windows, which has no timer that interrupts: there it just
    runs.
    """
    try:
        import _signal as signal  # type: ignore[import-not-found]  # `signal` would load enum

        before = signal.signal(signal.SIGALRM, _stop)
    except (ImportError, AttributeError, ValueError):
        return act()
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return act()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _stop(number: int, frame: Any) -> None:
    raise TimeoutError
