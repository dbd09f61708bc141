"""Keeps the locks of `coord run` while its command runs, and releases them after."""

from __future__ import annotations

import threading
import time
from typing import Callable

from coord.client.banner import plain
from coord.client.calls import Calls, Queued
from coord.client.cli.claims import Claim, claimed_or_renewed, granted_locks, lock_sentence
from coord.client.cli.context import away_sentence
from coord.client.cli.failures import Failed
from coord.client.cli.objects import Lock
from coord.client.locked import Busy
from coord.client.percent import query
from coord.client.wire import Away

MAX_INTERVAL_S = 300.0  # between renewals: locks turn stale after 2 hours without activity
MIN_INTERVAL_S = 0.2
AWAY_INTERVAL_S = 10.0
TICK_S = 1.0  # how soon a suspended machine that wakes up is noticed
MIN_TIMEOUT_S = 1.0
RENEWALS_PER_TTL = 3
LOST = ("not_holder", "not_found", "lock_lost")


class _Moment:
    """A moment, by two clocks: one that cannot be set, and one that goes on while the machine
    sleeps."""

    def __init__(self) -> None:
        self._monotonic = time.monotonic()
        self._wall = time.time()

    def age(self) -> float:
        """Seconds since then; where the clocks differ, the longer time: locks expire while it
        sleeps."""
        return max(time.monotonic() - self._monotonic, time.time() - self._wall)


class LockKeeper:
    """Renews locks in a thread of its own; without locks, since coord was away, it keeps claiming.

    `on_loss` is called, once, when the locks are lost.
    """

    def __init__(self, claim: Claim, locks: list[Lock], on_loss: Callable[[str], None]) -> None:
        self.claim = claim
        self.coord = claim.coord
        self.locks = locks
        self._on_loss = on_loss
        self._is_lost = False  # coord says so
        self._is_away = False
        self._renewed = _Moment()
        self._tried = self._renewed
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """A renewal that arrives after the release does no harm, so it is not waited for long."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(1)

    def wait_stopped(self, seconds: float) -> bool:
        return self._stopped.wait(seconds)

    def _run(self) -> None:
        calls = Calls(self.coord.workspace, self.coord.session)
        while not self._stopped.wait(min(TICK_S, self._interval())):
            if self._tried.age() < self._interval():
                continue
            self._tried = _Moment()
            reason = None
            try:
                if self.locks:
                    reason = self._renew(calls)
                else:
                    self._claim_again(calls)
            except (Away, OSError, Busy) as error:
                reason = self._note_away(str(error))
            if reason is not None and not self._stopped.is_set():
                self._on_loss(reason)
                return

    def _ttl_s(self) -> float | None:
        """The shortest of the locks'; None: none of them ends by itself."""
        hours = [lock["ttl_hours"] for lock in self.locks if lock["ttl_hours"]]
        return min(hours) * 3600 if hours else None

    def _interval(self) -> float:
        ttl = self._ttl_s()
        interval = MAX_INTERVAL_S if ttl is None else min(MAX_INTERVAL_S, ttl / RENEWALS_PER_TTL)
        if self._is_away or not self.locks:
            interval = min(interval, AWAY_INTERVAL_S)
        return max(MIN_INTERVAL_S, interval)

    def _timeout(self) -> float:
        share = (self._ttl_s() or MAX_INTERVAL_S) / RENEWALS_PER_TTL
        return min(self.coord.timeout, max(MIN_TIMEOUT_S, share))

    def _renew(self, calls: Calls) -> str | None:
        """Why the locks are lost, if they are. Raises Away."""
        body = {"session_id": self.coord.session}
        start = _Moment()
        for lock in self.locks:
            start = _Moment()
            answer = calls.ask("PATCH", f"/locks/{lock['id']}", body, timeout=self._timeout())
            if not answer.is_coords:
                raise Away(f"something that is not coord answers {answer.status}")
            if answer.error in LOST:
                self._is_lost = True
                return str(answer.json["detail"])
            if not answer.ok:
                raise Away(str(answer.json["detail"]))
        self._renewed = start
        if self._is_away:
            self._is_away = False
            self.coord.note("coord: it answers again, and the lock was renewed.")
        return None

    def _note_away(self, why: str) -> str | None:
        """Why the locks are lost, when their time to live is over meanwhile."""
        if self.locks and not self._is_away:
            detail = plain(why).rstrip(".")
            sentence = (
                f"the lock on {self.claim.names} cannot be renewed now ({detail}). Trying again."
            )
            self.coord.warn(sentence)
        self._is_away = True
        ttl = self._ttl_s()
        if ttl is None or self._renewed.age() <= ttl:
            return None
        return f"It could not be renewed for {ttl:.0f} s, so it has expired."

    def _claim_again(self, calls: Calls) -> None:
        """The claim waits in the queue: is coord back, and is it granted now? Raises Away."""
        answer = calls.ask("POST", "/locks", self.claim.body, timeout=self._timeout())
        if not answer.is_coords or not answer.ok:
            return
        locks = granted_locks(answer)
        if any(lock["released_at"] for lock in locks):
            return
        self.locks = locks
        self._renewed = _Moment()
        self._is_away = False
        sentence = lock_sentence("claimed", locks[0])
        self.coord.note(f"coord: it is back, and you hold the lock from now on: {sentence}")

    def release(self) -> None:
        """Releases what `coord run` claimed; what the session held before stays. A claim that was
        queued is released in the queue."""
        if self._is_lost:
            return
        for path in self._release_paths():
            try:
                self.coord.write("DELETE", path)
            except Queued as queued:
                sentence = "The release is queued: the next write or `coord sync` sends it."
                self.coord.note(f"{away_sentence(queued)} {sentence}")
            except Failed as failure:
                if failure.payload["error"] != "not_found":
                    names = self.claim.names
                    self.coord.warn(f"the lock on {names} could not be released: {failure.message}")

    def _release_paths(self) -> list[str]:
        me, claim = self.coord.session, self.claim
        if self.locks:
            own = [lock["id"] for lock in self.locks if claimed_or_renewed(lock) == "claimed"]
            return [f"/locks/{lock_id}{query(session_id=me)}" for lock_id in own]
        if len(claim.resources) == 1:
            return [f"/locks/{claim.id}{query(session_id=me)}"]
        return [
            f"/locks{query(session_id=me, project_key=claim.project, resource=resource)}"
            for resource in claim.resources
        ]
