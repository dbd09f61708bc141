"""One phase: the load begins, something is broken and mended, the load ends, and all that was told
is checked.
"""

import contextlib
import os
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from campaign import checks
from campaign.answers import Answers, TimedAnswer, statuses
from campaign.claimers import STALE_AFTER_S, Claimer, Habits
from campaign.errands import (
    Correspondent,
    Errand,
    Foreman,
    Hook,
    Ledger,
    Reporter,
    ToolUser,
    Visitor,
    Worker,
)
from campaign.followers import Follower, Head, Pages, Stream
from campaign.worlds import BACK_WITHIN_S, World
from tests.faults.calls import ANSWER_WITHIN_S
from tests.faults.history import Event, Recorder, check, event_of, pages
from tests.service import Answer, Service, until

CALM_S = 1.0
WAKES_AGAIN_S = 1.0  # after a fault
# what the checks add to what coord promises: one machine carries the database, the service, all its
# callers and what breaks them, and often other work
BUSY_MACHINE_S = 1.0
LOST_S = 3.0
GONE_WITHIN_S = 10.0
CLAIMERS = 6
KINDS_OF_ERRANDS: tuple[type[Errand], ...] = (
    Correspondent,
    Reporter,
    Foreman,
    Worker,
    Worker,
    Visitor,
    ToolUser,
)

Shows = Callable[[list[TimedAnswer]], str]


@dataclass(frozen=True)
class Fault:
    """Something to break.

    `inflict` breaks it while its context lasts; what it yields, if anything, says what it did.
    `shows` says what the answers of that time show of it; one of the two must say something, or the
    fault did not bite. `within_s`: for answers while it lasts, where coord cannot keep its word
    (a worker that is stopped). `twice`: the load delivers its writes twice. `at_least_s`: shorter
    it would not bite. `hinders`: whoever waits may have to wait for it to end. `missing`: what it
    needs and this machine does not have; None when nothing.
    """

    name: str
    inflict: Callable[[World, float], AbstractContextManager[str]]
    shows: Shows | None = None
    within_s: float = ANSWER_WITHIN_S
    twice: bool = False
    at_least_s: float = 0.0
    hinders: bool = True
    missing: Callable[[], str | None] = lambda: None


@dataclass
class Result:
    """`bite`: what shows that the fault bit; empty when nothing does. `worst_s`: the answer that
    took longest. `recovery_s`: from the end of the fault until each worker worked again. `load`:
    processes that ran or wanted to, as the system counts them.
    """

    kind: str
    fault: str
    bite: str = ""
    violations: list[str] = field(default_factory=list)
    worst_s: float = 0.0
    recovery_s: float = 0.0
    calls: int = 0
    load: float = 0.0
    is_checked: bool = True
    answers: Counter[str] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)

    @property
    def held(self) -> bool:
        return bool(self.bite) and not self.violations


class Load:
    """Everything that agents do, at once, on all nodes of coord."""

    def __init__(self, world: World, *, twice: bool = False) -> None:
        self.project = f"campaign-{uuid.uuid4().hex[:8]}"
        self.recorder = Recorder(world.clock)
        self.ledger, self.answers = Ledger(), Answers()
        self._world = world
        self._stop, self._followed = threading.Event(), threading.Event()
        self._head = Head()
        watched = [self.answers.watch(service) for service in world.services]
        self._since = _head_of(world)
        habits = Habits(self.project, self.project, 1.0 if twice else 0.04)
        self._claimers = [
            Claimer(number, watched[number % len(watched)], self.recorder, self._stop, habits)
            for number in range(CLAIMERS)
        ]
        shared: dict[str, Any] = {"ledger": self.ledger, "stop": self._stop, "twice": twice}
        self._errands = [
            kind(watched[number % len(watched)], self.project, **shared)
            for number, kind in enumerate(KINDS_OF_ERRANDS)
        ]
        folder = world.folder / self.project
        self._errands.append(Hook(watched[0], self.project, folder=folder, **shared))
        self.followers: list[Follower] = [
            Pages(watched[0], self.project, self._since, self._followed),
            Stream(watched[-1], self.project, self._since, self._followed),
        ]

    def start(self) -> None:
        self._pool = ThreadPoolExecutor(
            len(self._claimers) + len(self._errands) + len(self.followers)
        )
        self._clients: list[Future[None]] = [
            *(self._pool.submit(claimer.run) for claimer in self._claimers),
            *(self._pool.submit(errand.run) for errand in self._errands),
        ]
        self._following = [
            self._pool.submit(follower.run, self._head) for follower in self.followers
        ]

    def stop(self) -> None:
        """Returns when each client has what it waits for. What failed in one is a problem."""
        self._stop.set()
        for client in self._clients:
            self._note_failure(client)
        self._end = self._since
        try:
            self._world.settle()
            self._world.await_recovery()
            self._await_gone()
            self._end = self._mark_the_end()
        finally:  # who follows must end, whatever became of coord
            self._head.set(self._end)
            self._followed.set()
            for follower in self._following:
                self._note_failure(follower)
            self._pool.shutdown()

    def _await_gone(self) -> None:
        self._gone = self.ledger.broken_by(self._world.clock, time.time() + GONE_WITHIN_S / 2)
        with contextlib.suppress(AssertionError):  # the check says which are missing
            until(self._all_gone_are_noted, GONE_WITHIN_S, "all to be noted that are gone")

    def _all_gone_are_noted(self) -> bool:
        noted = {event.subject for event in self._events() if event.type == "session.gone"}
        return noted.issuperset(self._gone)

    def _note_failure(self, client: "Future[None]") -> None:
        error = client.exception()
        if error is not None:
            self.ledger.problems.append(f"a client failed: {error!r}")

    def violations(self, result: Result, within_s: float, lost_s: float) -> list[str]:
        """What was promised and is not so."""
        service = self._world.services[0]
        events = self._events()
        violations = self._lock_violations(result, lost_s)
        violations += checks.check_ledger(self.ledger, events, self._gone, service)
        for follower in self.followers:
            violations += checks.check_feed(follower, events, self._end)
        result.checked["events"] = len(events)
        return violations + self.answers.violations(within_s)

    def _events(self) -> list[Event]:
        query = f"/events?project_key={self.project}"
        return [
            event_of(item, self._world.clock)
            for item in pages(self._world.services[0], query, "after", str(self._since))
        ]

    def _lock_violations(self, result: Result, lost_s: float) -> list[str]:
        history = self.recorder.history(
            self._world.services[0], self.project, STALE_AFTER_S, self._world.notice_s
        )
        verdict = check(replace(history, lost_s=lost_s))
        for figure in ("grants", "waits"):
            result.checked[figure] = verdict.figures[figure]
        return self.recorder.problems + verdict.violations

    def _mark_the_end(self) -> int:
        """Adds a last event, so that followers know when they have all; its revision."""
        body = {
            "project_key": self.project,
            "component": "campaign",
            "state": "over",
            "updated_by": "campaign",
        }
        insist(self._world.services[0], "PUT", "/components", body)
        return self._events()[-1].revision


def _head_of(world: World) -> int:
    """The revision of the last change: a grant's token is that."""
    body = {
        "project_key": "campaign",
        "session_id": "campaign",
        "resource": f"the head at {uuid.uuid4()}",
    }
    return int(insist(world.services[0], "POST", "/locks", body).json["fencing_token"])


def insist(service: Service, method: str, path: str, body: Any) -> Answer:
    """The same call again until it is done: a cluster may still be about to find together."""

    def ask() -> Answer | None:
        answer = service.call(method, path, body)
        return answer if answer.status in (200, 201) else None

    answer: Answer = until(ask, BACK_WITHIN_S, f"{method} {path} to be done")
    return answer


def run(
    world: World, fault: Fault, seconds: float, calm_s: float = CALM_S, lost_s: float = LOST_S
) -> Result:
    """The phase of one fault, which lasts so many seconds, or as long as it takes to bite.

    `calm_s`: before it and after it, with the load. `lost_s`: so long may the way of a waiter be
    open.
    """
    seconds = max(seconds, fault.at_least_s)
    result = Result(world.kind, fault.name)
    world.await_recovery()
    world.clock.begin()
    load = Load(world, twice=fault.twice)
    load.start()
    time.sleep(calm_s)
    began = time.time()
    description = ""
    try:
        with fault.inflict(world, seconds) as description:
            time.sleep(seconds)
    except Exception as error:  # the load must end, whatever became of the fault
        result.violations.append(f"it could not be broken, or not be mended: {error!r}"[:1000])
    mended = time.time()
    try:
        world.await_recovery()
    except AssertionError as error:
        result.violations.append(f"not back: {error}")
    result.recovery_s = time.time() - mended
    if fault.hinders:
        load.recorder.outages.append((began, time.time() + WAKES_AGAIN_S))
    time.sleep(calm_s)
    load.stop()
    during = load.answers.between(began, mended)
    result.bite = ", ".join(
        part for part in (description, fault.shows(during) if fault.shows else "") if part
    )
    result.violations += load.violations(result, fault.within_s + BUSY_MACHINE_S, lost_s)
    result.load = os.getloadavg()[0]
    result.calls, result.answers = len(load.answers.timed), statuses(load.answers.timed)
    result.worst_s = max(
        (answer.seconds for answer in load.answers.timed if answer.status is not None), default=0.0
    )
    return result
