"""Clients that claim, wait for, renew, release and hang up on overlapping locks at random, and note
what they asked and were told.
"""

import http.client
import itertools
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from tests.faults.history import CertainHold, ClientClaim, Form, Recorder, form, lock_of
from tests.service import Answer, Caller

STALE_AFTER_HOURS = 0.0004  # 1.4 s: what a client forgets is taken over within the run
STALE_AFTER_S = STALE_AFTER_HOURS * 3600
INSIST_S = 60  # longer than a node needs to come back

FOLDERS = ("src", "docs", "tests", "web")
FILES = (
    "git push",
    *(
        name
        for folder in FOLDERS
        for name in (f"{folder}/a", f"./{folder}//b", f"{folder}\\lib\\c", f"{folder}/lib/x/../d")
    ),
)
TREES = tuple(name for folder in FOLDERS for name in (f"{folder}/", f"{folder}/lib/**"))
EVERYTHING = "/"


class Service(Protocol):
    """A service, as far as a client needs it."""

    def caller(self, timeout: float = 30) -> Caller: ...


@dataclass(frozen=True)
class Habits:
    """`repeats`: how often a claim is sent twice at once."""

    project: str
    seed: str
    repeats: float = 0.04


class Claimer:
    """A client with one session after the other, each with a few claims."""

    def __init__(
        self,
        number: int,
        service: Service,
        recorder: Recorder,
        stop: threading.Event,
        habits: Habits,
    ) -> None:
        self._number = number
        self._service = service
        self._recorder = recorder
        self._stop = stop
        self._habits = habits
        self._random = random.Random(f"{habits.seed} {number}")
        self._caller = service.caller()
        self._own: dict[str, CertainHold] = {}

    def run(self) -> None:
        for count in itertools.count():
            if self._stop.is_set():
                break
            self._session = f"claimer-{self._number}/{count}"
            self._own = {}
            self._work()
        self._caller.close()

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _work(self) -> None:
        for _ in range(self._random.choice((1, 1, 1, 1, 2, 3))):
            if not self._claim():
                break
            time.sleep(self._random.uniform(0, 0.02))
            if self._own and self._chance(0.2):
                self._renew()
        if self._chance(0.01):
            return  # forgotten: it expires, or turns stale
        self._release()

    # --- claims

    def _claim(self) -> bool:
        """Whether it was granted, as far as the client knows."""
        body = self._wanted()
        waits, hangs_up = bool(body["wait"]), self._chance(0.1)
        if waits and hangs_up:
            claim = self._ask_and_hang_up(body)
        elif self._chance(self._habits.repeats):
            claim = self._ask_twice(body)
        else:
            claim = self._ask(body, self._call)
        if claim.status not in (200, 201, 409):
            if self._chance(0.5):
                # the same id: grants nothing twice
                claim = self._ask({**body, "wait": 0}, self._call)
            self._look_up(claim)
        return bool(self._own)

    def _wanted(self) -> dict[str, Any]:
        count = self._random.choice((1, 1, 1, 1, 2, 3))
        names = (
            self._random.sample(FILES + TREES, count) if not self._chance(0.01) else [EVERYTHING]
        )
        mode = "shared" if self._chance(0.35) else "exclusive"
        if self._own and self._chance(0.25):  # again: renewed, or from shared to exclusive
            names = [self._random.choice([hold.resources[0] for hold in self._own.values()])]
        return {
            "project_key": self._habits.project,
            "session_id": self._session,
            "id": str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
            "mode": mode,
            "ttl_hours": self._random.uniform(0.1, 1) / 3600 if self._chance(0.3) else None,
            "wait": self._random.uniform(0.5, 5) if self._chance(0.7) else 0,
            **({"resource": names[0]} if len(names) == 1 else {"resources": names}),
        }

    def _ask(self, body: dict[str, Any], call: Callable[..., Answer | None]) -> ClientClaim:
        """One claim. It ends for the recorder when its answer came, or could no longer come."""
        self._no_longer_sure(form(name) for name in names_of(body))
        claim = ClientClaim(
            self._session, names_of(body), body["mode"], ids_of(body), body["wait"], time.time()
        )
        self._recorder.note(claim)
        answer = call("POST", "/locks", body)
        claim.ended = time.time()
        if answer is not None:
            claim.status = answer.status
            claim.code = answer.json.get("error") if answer.status >= 400 else None
            self._expect(
                answer, 200, 201, *([409] if claim.code in ("lock_held", "deadlock") else [])
            )
        if claim.status in (200, 201) and answer is not None:
            for lock in answer.json.get("items", [answer.json]):
                self._have(claim, lock)
        return claim

    def _ask_and_hang_up(self, body: dict[str, Any]) -> ClientClaim:
        with self._service.caller(timeout=self._random.uniform(0.005, 0.5)) as caller:
            return self._ask(body, lambda *call: attempt(caller.call, *call))

    def _ask_twice(self, body: dict[str, Any]) -> ClientClaim:
        """The same claim on two connections at once: one of them makes the lock, both are told of
        it.
        """
        with ThreadPoolExecutor(1) as pool, self._service.caller() as caller:
            other = pool.submit(self._ask, body, lambda *call: attempt(caller.call, *call))
            claim = self._ask(body, self._call)
            second = other.result()
            return claim if claim.status in (200, 201) else second

    def _look_up(self, claim: ClientClaim) -> None:
        """What became of a claim that was not answered, or not with an outcome."""
        for lock_id in claim.ids:
            answer = self._insist("GET", f"/locks/{lock_id}")
            self._expect(answer, 200, 404)
            if answer.status == 200:
                self._have(claim, answer.json)

    def _have(self, claim: ClientClaim, lock: dict[str, Any]) -> None:
        claim.tokens[lock["id"]] = lock["fencing_token"]
        self._no_longer_sure([form(lock["resource"])])  # from before, if it was its own already
        if lock["released_at"] is None:
            held = lock_of(lock, STALE_AFTER_S, self._recorder.clock)
            end = min(held.expires_at, held.stale_at)
            self._own[lock["id"]] = CertainHold(
                self._session, (lock["resource"],), lock["mode"], time.time(), end
            )
            self._recorder.note(self._own[lock["id"]])

    def _no_longer_sure(self, names: Iterable[Form] | None = None) -> None:
        """From here on: what is held under these names (None: all) may change by the call that
        follows.
        """
        changing = None if names is None else set(names)
        for hold in list(self._own.values()):  # the other of two calls at once may add one
            if changing is None or form(hold.resources[0]) in changing:
                hold.end = min(hold.end, time.time())

    # --- what is held

    def _renew(self) -> None:
        lock_id = self._random.choice(sorted(self._own))
        self._no_longer_sure(form(name) for name in self._own[lock_id].resources)
        ttl = {"ttl_hours": self._random.uniform(0.5, 1.5) / 3600} if self._chance(0.5) else {}
        answer = self._call("PATCH", f"/locks/{lock_id}", {"session_id": self._session, **ttl})
        if answer is not None:
            self._expect(answer, 200, 409)

    def _release(self) -> None:
        self._no_longer_sure()
        session = quote(self._session, safe="")
        how = self._random.choice(("id", "name", "all"))
        paths = [f"/locks?session_id={session}&release_all=true"]
        if how == "id":
            paths = [f"/locks/{lock_id}?session_id={session}" for lock_id in self._own]
        elif how == "name":
            names = {hold.resources[0] for hold in self._own.values()}
            paths = [
                f"/locks?session_id={session}&project_key={self._habits.project}"
                f"&resource={quote(name, safe='')}"
                for name in sorted(names)
            ]
        for path in paths:
            self._expect(self._insist("DELETE", path), 200)

    # --- calls

    def _call(self, method: str, path: str, body: Any = None) -> Answer | None:
        return attempt(self._caller.call, method, path, body)

    def _insist(self, method: str, path: str) -> Answer:
        """The same call again until it is answered."""
        deadline = time.monotonic() + INSIST_S
        while True:
            answer = self._call(method, path)
            if answer is not None and (answer.status != 503 or time.monotonic() > deadline):
                return answer
            time.sleep(self._random.uniform(0.05, 0.2))

    def _expect(self, answer: Answer, *statuses: int) -> None:
        if answer.status not in (*statuses, 503):
            self._recorder.note(f"{self._session}: {answer}")


def attempt(call: Callable[..., Answer], *args: Any) -> Answer | None:
    """None when no answer came."""
    try:
        return call(*args)
    except (OSError, http.client.HTTPException):
        return None


def names_of(body: dict[str, Any]) -> tuple[str, ...]:
    return tuple(body.get("resources") or [body["resource"]])


def ids_of(body: dict[str, Any]) -> tuple[str, ...]:
    """Of several resources each lock has an id that follows from the claim's and the name."""
    if "resource" in body:
        return (body["id"],)
    return tuple(str(uuid.uuid5(uuid.UUID(body["id"]), name)) for name in body["resources"])
