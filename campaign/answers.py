"""Every answer that the load was given, and what the contract says of each by itself: it comes in
time, and a 503 says what a 503 must.
"""

import contextlib
import http.client
import re
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.faults.calls import BODY
from tests.service import Answer, Caller, Service

STOPPING = {"detail": "coord is restarting. Retry after 1 second.", "retry_after": 1}
HANGS_S = 30.0  # a caller that means to stay gives up then, which no call may need

_WAIT = re.compile(r"[?&]wait=([0-9.]+)")


@dataclass(frozen=True)
class TimedAnswer:
    """`seconds`: without those that the caller asked to wait. `status`: None when no answer came.

    `violation`: what of it no answer may say.
    """

    at: float
    call: str
    status: int | None
    seconds: float
    violation: str = ""

    def __str__(self) -> str:
        return f"{self.call}: {self.status} after {self.seconds:.2f} s {self.violation}".rstrip()


class Answers:
    """Takes down all answers to calls that are made through `watch`."""

    def __init__(self) -> None:
        self.timed: list[TimedAnswer] = []
        self._lock = threading.Lock()

    def watch(self, service: Service) -> "Watched":
        return Watched(service, self)

    def note(self, answer: TimedAnswer) -> None:
        with self._lock:
            self.timed.append(answer)

    def between(self, since: float, until: float) -> list[TimedAnswer]:
        """Those of calls that ended in this time."""
        return [answer for answer in self.timed if since <= answer.at <= until]

    def violations(self, within_s: float) -> list[str]:
        wrong = [answer for answer in self.timed if answer.violation]
        violations = [f"must not be answered: {answer}" for answer in wrong]
        return violations + [
            f"answered too late: {answer}"
            for answer in self.timed
            if answer.status is not None and answer.seconds > within_s
        ]


class Watched:
    """A service whose answers are taken down."""

    def __init__(self, service: Service, answers: Answers) -> None:
        self.service = service
        self._answers = answers

    def caller(self, timeout: float = HANGS_S) -> Caller:
        return _WatchedCaller(self.service, self._answers, timeout)


class _WatchedCaller(Caller):
    def __init__(self, service: Service, answers: Answers, timeout: float) -> None:
        super().__init__(service.port, timeout)
        self._means_to_stay = timeout >= HANGS_S
        self._answers = answers

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        what = f"{method} {path.partition('?')[0]}"
        began = time.monotonic()
        try:
            answer = super().call(method, path, body, **headers)
        except (OSError, http.client.HTTPException) as error:
            forgotten = self._means_to_stay and isinstance(error, TimeoutError)
            self._answers.note(
                TimedAnswer(
                    time.time(),
                    what,
                    None,
                    time.monotonic() - began,
                    "it never came" if forgotten else "",
                )
            )
            raise
        seconds = max(0.0, answer.seconds - wait_of(path, body))
        wrong = violation(answer)
        self._answers.note(TimedAnswer(time.time(), what, answer.status, seconds, wrong))
        return answer


def wait_of(path: str, body: Any) -> float:
    """The seconds that a call asks to wait."""
    wanted = _WAIT.search(path)
    if wanted is not None:
        return float(wanted[1])
    return float((body or {}).get("wait") or 0) if isinstance(body, dict) else 0.0


def violation(answer: Answer) -> str:
    """What an answer says that none may say, whatever is broken."""
    if answer.status < 500:
        return ""
    payload: Any = None
    with contextlib.suppress(ValueError):
        payload = answer.json
    if answer.status == 503 and payload in (BODY, STOPPING):
        return ""
    return answer.body[:200].decode(errors="replace")


def statuses(answers: Iterable[TimedAnswer]) -> Counter[str]:
    return Counter(str(answer.status or "none") for answer in answers)
