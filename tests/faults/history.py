"""What clients asked of the locks and were told, beside what the journal says of it; and the check
that all of that keeps the contract.

    recorder = Recorder()                   # the clients note in it what they ask and are told
    history = recorder.history(service, …)  # with the journal and all locks, once they have ended
    verdict = check(history)                # verdict.violations is empty

The check knows nothing of coord's code: what a name means, who conflicts and who goes first is
written down here once more. All times are those of the clients' clock; how far the database's is
ahead of it the recorder knows.
"""

import itertools
import json
import math
import threading
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.faults.clock import Clock
from tests.service import Service

LOST_S = 1.0  # the way of a live waiter is open for longer: its wake-up was lost
ANSWERED_WITHIN_S = 5.0  # what the contract promises, also to who no longer listens
PAGE = 500
ENDS = ("lock.released", "lock.expired", "lock.taken_over")

Form = tuple[tuple[str, ...], bool]


# --- what a claim is about ------------------------------------------------------------------------


@lru_cache(maxsize=1000)
def form(name: str) -> Form:
    """The steps of a resource's name, and whether it is a tree."""
    steps: list[str] = []
    *_, last = written = name.replace("\\", "/").split("/")
    for step in written:
        if step == "..":
            steps.pop()
        elif step not in ("", ".", "**"):
            steps.append(step)
    return tuple(steps), len(written) > 1 and last in ("", "**")


@lru_cache(maxsize=10_000)
def overlap(one: Form, other: Form) -> bool:
    (above, tree), (below, below_is_tree) = one, other
    if above == below:
        return True
    return (tree and below[: len(above)] == above) or (
        below_is_tree and above[: len(below)] == below
    )


@dataclass(eq=False)
class Claim:
    """Of one session, on some resources; held, or waited for."""

    session: str
    resources: tuple[str, ...]
    mode: str

    def conflicts(self, other: "Claim") -> bool:
        return (
            self.session != other.session
            and "exclusive" in (self.mode, other.mode)
            and any(
                overlap(form(mine), form(theirs))
                for mine in self.resources
                for theirs in other.resources
            )
        )


# --- what is recorded -----------------------------------------------------------------------------


@dataclass(eq=False)
class ClientClaim(Claim):
    """A claim as its client knows it. `ids`: those that its locks have if they are new. `status`:
    None when no answer came.

    `tokens`: of the locks in the answer, or in that to the question what became of the claim.
    """

    ids: tuple[str, ...]
    wait: float
    sent: float
    ended: float = math.inf
    status: int | None = None
    code: str | None = None
    tokens: dict[str, int] = field(default_factory=dict)


@dataclass(eq=False)
class CertainHold(Claim):
    """For so long a client could be sure to hold a lock: from the answer to the next call that may
    change it, or its end by itself.
    """

    start: float
    end: float


@dataclass(frozen=True)
class Event:
    """An entry of the journal."""

    revision: int
    at: float
    type: str
    session: str | None
    subject: str
    data: dict[str, Any]

    def __str__(self) -> str:
        at = f"{datetime.fromtimestamp(self.at, UTC):%H:%M:%S.%f}"
        return (
            f"{self.revision} {at} {self.type} {self.session} {self.subject[:8]}"
            f" {json.dumps(self.data)}"
        )


@dataclass(frozen=True)
class Lock:
    """A lock as it was listed in the end. `stale_at`: when it turned stale, or would have."""

    mode: str
    token: int
    stale_at: float
    expires_at: float


@dataclass
class History:
    """`notice_s`: how long a dead waiter may hold up those behind it. `outages`: when nobody is to
    expect anything, from and to.

    `lost_s`: how long the way of a live waiter may be open.
    """

    events: list[Event]
    locks: dict[str, Lock]
    claims: list[ClientClaim] = field(default_factory=list)
    holds: list[CertainHold] = field(default_factory=list)
    notice_s: float = LOST_S
    outages: list[tuple[float, float]] = field(default_factory=list)
    lost_s: float = LOST_S

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1))


class Recorder:
    """Takes down what all clients ask and are told. `clock`: the database's."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.claims: list[ClientClaim] = []
        self.holds: list[CertainHold] = []
        self.problems: list[str] = []
        self.outages: list[tuple[float, float]] = []
        self._lock = threading.Lock()

    def note(self, what: ClientClaim | CertainHold | str) -> None:
        with self._lock:
            match what:
                case ClientClaim():
                    self.claims.append(what)
                case CertainHold():
                    self.holds.append(what)
                case _:
                    self.problems.append(what)

    def history(
        self, service: Service, project: str, stale_after_s: float, notice_s: float
    ) -> History:
        of = f"project_key={project}"
        events = [
            event_of(item, self.clock)
            for item in pages(service, f"/events?{of}&type=lock.*", "after", "0")
        ]
        locks = {
            item["id"]: lock_of(item, stale_after_s, self.clock)
            for item in pages(service, f"/locks?{of}&state=all", "cursor")
        }
        for hold, moved in itertools.product(self.holds, self.clock.moves):
            if hold.start < moved < hold.end:  # no client can know how its lock fared then
                hold.end = moved
        return History(events, locks, self.claims, self.holds, notice_s, self.outages)


def pages(
    service: Service, path: str, cursor_name: str, cursor: str | None = None
) -> Iterator[Any]:
    """The items of all pages."""
    while True:
        at = "" if cursor is None else f"&{cursor_name}={cursor}"
        answer = service.call("GET", f"{path}&limit={PAGE}{at}")
        assert answer.status == 200, answer
        yield from answer.json["items"]
        following = answer.json.get("next_cursor")
        if following in (None, cursor):
            return
        cursor = following


def seconds(at: str | None) -> float:
    """A time of coord's as that of time.time(); no time is never."""
    return math.inf if at is None else datetime.fromisoformat(at).timestamp()


def event_of(item: dict[str, Any], clock: Clock) -> Event:
    return Event(
        item["revision"],
        clock.own(seconds(item["at"])),
        item["type"],
        item["session_id"],
        item["subject"]["id"],
        item["data"],
    )


def lock_of(item: dict[str, Any], stale_after_s: float, clock: Clock) -> Lock:
    active_at = seconds(item["last_activity_at"])
    since = clock.own(active_at)
    return Lock(
        item["mode"],
        item["fencing_token"],
        clock.gets_to(active_at + stale_after_s, since),
        clock.gets_to(seconds(item["expires_at"]), since),
    )


# --- the check ------------------------------------------------------------------------------------


@dataclass(eq=False)
class Holding(Claim):
    """A lock in one mode: an upgrade ends the shared one and begins the exclusive one."""

    lock: Lock
    token: int
    began: Event
    ended: Event | None = None

    @property
    def ended_at(self) -> float:
        """When it no longer kept anybody out; a waiter takes over what is stale."""
        by_itself = min(self.lock.expires_at, self.lock.stale_at)
        return (
            by_itself
            if self.ended is None or self.ended.type == "lock.expired"
            else min(by_itself, self.ended.at)
        )

    def had_expired(self, at: float) -> bool:
        return (
            self.ended is None or self.ended.type == "lock.expired"
        ) and self.lock.expires_at <= at


@dataclass(eq=False)
class Wait(Claim):
    """A claim that waits.

    `ended`: the grant, or the event that ended it without one. `calls`: the claims whose wait this
    may be.
    """

    id: str
    began: Event
    ended: Event | None = None
    calls: list[ClientClaim] = field(default_factory=list)

    @property
    def ended_at(self) -> float:
        return math.inf if self.ended is None else self.ended.at

    @property
    def alive_until(self) -> float:
        """Up to when somebody surely waited."""
        return (
            min(self.ended_at, *(call.ended for call in self.calls))
            if self.calls
            else self.began.at
        )

    def blocked_until(self, notice_s: float) -> float:
        """Up to when it might be in the way of those behind it."""
        return min(
            self.ended_at,
            max((call.ended for call in self.calls), default=self.began.at) + notice_s,
        )


@dataclass
class Verdict:
    """`delay`: seconds that the way of a live waiter was open before it was granted or left, at
    most.
    """

    violations: list[str] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)
    delay: float = 0.0

    def against(self, what: str, *evidence: object) -> None:
        self.violations.append("\n    ".join([what, *map(str, evidence)]))


def check(history: History) -> Verdict:
    """Everything that the contract promises of the locks, looked for in one run."""
    verdict = Verdict(figures=Counter(claims=len(history.claims)))
    replay = _Replay(history, verdict)
    replay.run()
    _match(history, replay.waits, verdict)
    _no_lost_wake_up(history, replay, verdict)
    _no_live_waiter_taken_for_dead(history, replay.waits, verdict)
    _clients_were_told_the_truth(history, replay, verdict)
    _certain_holders_exclude_each_other(history.holds, verdict)
    _tokens_grow_as_clients_see_them(history.claims, verdict)
    return verdict


class _Replay:
    """Goes through the journal by revision, with what is held and who waits at each; finds
    conflicts, overtaking and tokens.
    """

    def __init__(self, history: History, verdict: Verdict) -> None:
        self.holdings: list[Holding] = []
        self.waits: list[Wait] = []
        self._history = history
        self._verdict = verdict
        self._held: dict[str, Holding] = {}
        self._waiters: dict[str, Wait] = {}
        self.in_vain = {
            event.subject for event in history.events if event.type == "lock.wait_ended"
        }
        self._highest: dict[Form, Holding] = {}

    def run(self) -> None:
        for _, change in itertools.groupby(self._history.events, key=lambda event: event.at):
            self._go_through(list(change))
        for event, following in itertools.pairwise(self._history.events):
            if event.revision >= following.revision:
                self._verdict.against("revisions do not grow", event, following)

    def _go_through(self, change: list[Event]) -> None:
        """The events of one change, which have one time; now and then those of two, which began in
        the same microsecond.
        """
        before = list(self._held.values())
        granted = self._granted_waits(change)
        for wait in granted.values():
            self._waiters.pop(wait.id)
            wait.ended = change[-1]
            self._verdict.figures["waits granted"] += 1
        for event in change:
            match event.type:
                case "lock.claimed":
                    self._claimed(event, before, granted.get(str(event.session)))
                case "lock.renewed" if event.subject not in self._held:
                    self._verdict.against("renewed, but not held", event)
                case "lock.upgraded":
                    self._upgraded(event)
                case "lock.waiting":
                    self._waiting(event)
                case "lock.wait_ended":
                    self._wait_ended(event)
                case end if end in ENDS:
                    self._ended(event)

    def _granted_waits(self, change: list[Event]) -> dict[str, Wait]:
        """By session, the wait that the change grants: it names all that it is for, as claimed or
        (its own) renewed, `waited`.
        """
        names: dict[str, set[Form]] = defaultdict(set)
        for event in change:
            if "waited" in event.data:
                names[str(event.session)].add(form(event.data["resource"]))
        granted: dict[str, Wait] = {}
        for wait in self._waiters.values():
            if (
                wait.id not in self.in_vain
                and wait.session in names
                and names[wait.session].issuperset(map(form, wait.resources))
            ):
                granted.setdefault(wait.session, wait)
        return granted

    def _claimed(self, event: Event, before: list[Holding], granted: Wait | None) -> None:
        lock = self._history.locks.get(event.subject)
        if lock is None:
            self._verdict.against("claimed, but not among the locks", event)
            return
        if ("waited" in event.data) != (granted is not None):
            self._verdict.against(
                "waited, and was no waiter; or the other way round",
                event,
                granted and granted.began,
            )
        token = lock.token if lock.mode == event.data["mode"] else event.revision
        holding = Holding(
            str(event.session), (event.data["resource"],), event.data["mode"], lock, token, event
        )
        self._verdict.figures["grants"] += 1
        self._overtakes_nobody(holding, before, granted)
        self._begin(event, holding)

    def _overtakes_nobody(
        self, holding: Holding, before: list[Holding], granted: Wait | None
    ) -> None:
        """But those who wait for what the session itself held before."""
        turn = granted.began.revision if granted is not None else math.inf
        own = [each for each in before if each.session == holding.session]
        for wait in self._waiters.values():
            if wait.began.revision < turn and wait.conflicts(holding):
                if any(each.conflicts(wait) for each in own):
                    self._verdict.figures["passed by, rightly"] += 1
                else:
                    self._verdict.against(
                        "overtaken",
                        holding.began,
                        wait.began,
                        *([granted.began] if granted else []),
                    )

    def _upgraded(self, event: Event) -> None:
        """The shared lock ends, and the exclusive one begins with a token of its own."""
        holding = self._held.get(event.subject)
        if holding is None or (holding.mode, holding.lock.mode, holding.lock.token) != (
            "shared",
            "exclusive",
            event.revision,
        ):
            self._verdict.against("upgraded, but not held and shared, or with another token", event)
            return
        holding.ended = event
        self._verdict.figures["upgrades"] += 1
        self._begin(
            event,
            Holding(
                holding.session, holding.resources, "exclusive", holding.lock, event.revision, event
            ),
        )

    def _begin(self, event: Event, holding: Holding) -> None:
        for other in self._held.values():
            if other.conflicts(holding) and not other.had_expired(event.at):
                self._verdict.against("conflicting grants", other.began, event)
        name = form(holding.resources[0])
        for against, highest in self._highest.items():
            if (
                overlap(name, against)
                and highest.token >= holding.token
                and highest.began.at != event.at
            ):
                self._verdict.against(
                    f"token {holding.token} after {highest.token}", highest.began, event
                )
        if name not in self._highest or self._highest[name].token < holding.token:
            self._highest[name] = holding
        self._held[event.subject] = holding
        self.holdings.append(holding)

    def _ended(self, event: Event) -> None:
        holding = self._held.pop(event.subject, None)
        if holding is None:
            self._verdict.against("ended, but not held", event)
            return
        holding.ended = event
        due = {
            "lock.expired": holding.lock.expires_at,
            "lock.taken_over": holding.lock.stale_at,
        }.get(event.type, -math.inf)
        if event.at < due:
            self._verdict.against(f"ended {due - event.at:.3f} s early", holding.began, event)
        self._verdict.figures[event.type] += 1

    def _waiting(self, event: Event) -> None:
        wait = Wait(
            str(event.session),
            tuple(event.data["resources"]),
            event.data["mode"],
            event.subject,
            event,
        )
        self._waiters[wait.id] = wait
        self.waits.append(wait)
        self._verdict.figures["waits"] += 1

    def _wait_ended(self, event: Event) -> None:
        wait = self._waiters.pop(event.subject, None)
        if wait is None:
            self._verdict.against("ended a wait that had not begun", event)
            return
        wait.ended = event
        self._verdict.figures[event.data["reason"]] += 1


def _match(history: History, waits: list[Wait], verdict: Verdict) -> None:
    """Which calls a wait may be that of."""
    by_session: dict[str, list[ClientClaim]] = defaultdict(list)
    for claim in history.claims:
        by_session[claim.session].append(claim)
    for wait in waits:
        wait.calls = [
            claim for claim in by_session[wait.session] if _may_be_of(claim, wait, history.outages)
        ]
        if not wait.calls:
            verdict.against("a wait that nobody asked for", wait.began)


def _may_be_of(claim: ClientClaim, wait: Wait, outages: list[tuple[float, float]]) -> bool:
    """A call whose caller has hung up may begin to wait for as long as it is owed an answer; one
    that was answered 503 when a database that stood still goes on, with what it was sent before.
    """
    ended = claim.ended if claim.status is not None else claim.ended + ANSWERED_WITHIN_S
    if claim.status in (None, 503):
        ended = max([ended, *(until for since, until in outages if since <= claim.ended <= until)])
    same = claim.mode == wait.mode and set(map(form, claim.resources)) == set(
        map(form, wait.resources)
    )
    return bool(claim.wait) and same and claim.sent <= wait.began.at <= ended


# --- no lost wake-up ------------------------------------------------------------------------------


def _no_lost_wake_up(history: History, replay: _Replay, verdict: Verdict) -> None:
    """No live waiter waits for over `lost_s` while nothing in its way is held and nobody in front
    of it waits for that.
    """
    holdings = _InTime((holding.began.at, holding.ended_at, holding) for holding in replay.holdings)
    waits = _InTime(
        (each.began.at, each.blocked_until(history.notice_s), each) for each in replay.waits
    )
    for wait in replay.waits:
        start, end = wait.began.at, wait.alive_until
        in_the_way = [
            (since, until)
            for since, until, each in holdings.between(start, end)
            if each.conflicts(wait)
        ]
        own = [
            each
            for _, until, each in holdings.between(start, start)
            if each.session == wait.session and until >= end
        ]
        in_the_way += [
            (since, until)
            for since, until, each in waits.between(start, end)
            if _goes_first(each, wait, own)
        ]
        since, until = _longest_gap(start, end, in_the_way + history.outages)
        verdict.delay = max(verdict.delay, until - since)
        if until - since > history.lost_s:
            away = (
                f"its way was open for {until - since:.2f} s, from {since - start:.3f} s after it"
                " came"
            )
            verdict.against("lost wake-up", wait.began, wait.ended, away)


def _goes_first(other: Wait, wait: Wait, own: list[Any]) -> bool:
    if other.began.revision >= wait.began.revision or not other.conflicts(wait):
        return False
    return not any(each.conflicts(other) for each in own)


def _longest_gap(
    start: float, end: float, covered: list[tuple[float, float]]
) -> tuple[float, float]:
    """The longest part of the time that none of these covers."""
    longest, free_from = (start, start), start
    for since, until in [*sorted(covered), (end, end)]:
        if min(since, end) - free_from > longest[1] - longest[0]:
            longest = (free_from, min(since, end))
        free_from = max(free_from, until)
    return longest


class _InTime:
    """What lasts from one time to another, to be found by when it did."""

    def __init__(self, lasting: "Iterable[tuple[float, float, Any]]") -> None:
        self._lasting = sorted(lasting, key=lambda each: each[0])
        self._starts = [each[0] for each in self._lasting]
        self._ends = list(itertools.accumulate((each[1] for each in self._lasting), max))

    def between(self, start: float, end: float) -> list[tuple[float, float, Any]]:
        first, last = bisect_left(self._ends, start), bisect_right(self._starts, end)
        return [each for each in self._lasting[first:last] if each[1] >= start]


def _no_live_waiter_taken_for_dead(history: History, waits: list[Wait], verdict: Verdict) -> None:
    for wait in waits:
        if wait.ended is None or wait.ended.data.get("reason") != "died" or not wait.calls:
            continue
        after = min(call.ended for call in wait.calls) - wait.ended.at
        if after > history.lost_s and not any(
            since <= wait.ended.at <= until for since, until in history.outages
        ):
            verdict.against(
                "taken for dead",
                wait.began,
                wait.ended,
                f"its caller was answered {after:.2f} s later",
            )


# --- what the clients saw -------------------------------------------------------------------------


def _clients_were_told_the_truth(history: History, replay: _Replay, verdict: Verdict) -> None:
    claimed = {event.subject: event for event in history.events if event.type == "lock.claimed"}
    tokens: dict[str, set[int]] = defaultdict(set)
    for holding in replay.holdings:
        tokens[holding.began.subject].add(holding.token)
    asked: dict[str, list[ClientClaim]] = defaultdict(list)
    for claim in history.claims:
        for lock_id in claim.ids:
            asked[lock_id].append(claim)
    waited = {id(call) for wait in replay.waits if wait.id in replay.in_vain for call in wait.calls}
    for claim in history.claims:
        verdict.figures[f"told {claim.status} {claim.code or ''}".strip()] += 1
        for lock_id, token in claim.tokens.items():
            if token not in tokens[lock_id]:
                verdict.against(
                    f"told token {token} of a lock with {sorted(tokens[lock_id])}",
                    claim,
                    claimed.get(lock_id),
                )
        if claim.status == 409 and claim.wait and id(claim) not in waited:
            verdict.against("refused at the end of a wait that did not end", claim)
    for lock_id, event in claimed.items():
        if not any(claim.status != 409 for claim in asked[lock_id]):
            verdict.against(
                "granted, but all who asked for it were refused", event, *asked[lock_id]
            )
    for lock_id in history.locks.keys() - claimed.keys():
        verdict.against("a lock that the journal does not know", lock_id, history.locks[lock_id])


def _certain_holders_exclude_each_other(holds: list[CertainHold], verdict: Verdict) -> None:
    now: list[CertainHold] = []
    for hold in sorted(holds, key=lambda each: each.start):
        now = [other for other in now if other.end > hold.start]
        for other in now:
            if hold.end > hold.start and hold.conflicts(other):
                verdict.against("two clients were sure to hold it", other, hold)
        now.append(hold)


def _tokens_grow_as_clients_see_them(claims: list[ClientClaim], verdict: Verdict) -> None:
    """Who asks after another was answered gets the larger token."""
    granted = [claim for claim in claims if claim.status == 201]
    new = [
        (each, token)
        for each in granted
        for lock_id, token in each.tokens.items()
        if lock_id in each.ids
    ]
    answered = sorted(new, key=lambda pair: pair[0].ended)
    highest, at = 0, 0
    for each, token in sorted(new, key=lambda pair: pair[0].sent):
        while answered[at][0].ended < each.sent:
            highest = max(highest, answered[at][1])
            at += 1
        if token <= highest:
            verdict.against(
                f"told token {token} when {highest} had been told before it was asked for", each
            )
