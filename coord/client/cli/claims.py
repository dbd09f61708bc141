"""A claim of resources: its options, and how it is made and waited for."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from typing import Any, Callable

import click

from coord.client import banner
from coord.client.answer import Answer
from coord.client.banner import plain
from coord.client.calls import Calls, Queued, Timeouts
from coord.client.cli.context import Body, Coord, away_sentence
from coord.client.cli.failures import AWAY, CoordAway, Failed, NotCoord, Refused
from coord.client.cli.interrupts import interrupting
from coord.client.cli.naming import naming_options
from coord.client.cli.objects import Lock
from coord.client.cli.options import Duration
from coord.client.cli.output import span, until, when
from coord.client.locked import Busy
from coord.client.percent import query
from coord.client.queue import new_id
from coord.client.wire import Away

MAX_WAIT_S = 60.0  # of one call; a longer wait is made of several
MIN_INTERVAL_S = 1.0  # between two tries
AWAY_INTERVAL_S = 5.0
UNDO_TIMEOUT_S = 2.0
MAX_SHOWN = 3  # locks that are in the way
SILENT_S = 1.0  # most claims that wait are granted at once

_WAIT = "How long to wait (30, 90s, 10m) instead of being refused at once."
_TAKE_OVER = "Take it from a holder that has gone silent (a claim that waits does so anyway)."


@dataclass(frozen=True)
class ClaimOptions:
    """`wait` and `ttl` in seconds; a TTL of 0 never ends, None is the server's default."""

    why: str | None = None
    wait: float = 0.0
    ttl: float | None = None
    shared: bool = False
    take_over_stale: bool = False

    def with_wait(self, seconds: float) -> ClaimOptions:
        return replace(self, wait=seconds)


def claim_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of ClaimOptions and of a resource's name."""
    options = [
        click.option("-m", "--why", metavar="TEXT", help="What for. Others see it."),
        click.option(
            "-w", "--wait", type=Duration(bare=1.0), default=0.0, metavar="TIME", help=_WAIT
        ),
        click.option(
            "--ttl",
            type=Duration(),
            metavar="TIME",
            help="30m, 2h; 0: never ends by itself. Default: 2h.",
        ),
        click.option("--shared", is_flag=True, help="Together with others who claim it shared."),
        click.option("--take-over-stale", is_flag=True, help=_TAKE_OVER),
    ]
    command = naming_options(command)
    for option in reversed(options):
        command = option(command)
    return command


@dataclass
class Claim:
    """`resources` of one project, to be claimed all or none."""

    coord: Coord
    project: str
    resources: list[str]
    options: ClaimOptions
    id: str = field(default_factory=new_id)

    @property
    def names(self) -> str:
        return ", ".join(plain(resource) for resource in self.resources)

    @property
    def body(self) -> Body:
        options = self.options
        body: Body = {
            "id": self.id,
            "project_key": self.project,
            "session_id": self.coord.session,
        }
        if len(self.resources) == 1:
            body["resource"] = self.resources[0]
        else:
            body["resources"] = self.resources
        if options.why:
            body["description"] = options.why
        if options.ttl is not None:
            body["ttl_hours"] = options.ttl / 3600
        if options.shared:
            body["mode"] = "shared"
        if options.take_over_stale:
            body["take_over_stale"] = True
        return body

    def make(self, *, queue: bool = True) -> Answer:
        """Raises Refused; and when coord is away, Queued, or CoordAway where it must not
        `queue`."""
        try:
            with interrupting():
                answer = self._wait()
                if answer is not None:
                    return answer
                call = self.coord.write if queue else self.coord.ask
                return call("POST", "/locks", self.body)
        except KeyboardInterrupt:
            self.undo()
            raise

    def undo(self) -> None:
        """Interrupted: the claim may have been granted without anybody knowing."""
        calls = Calls(self.coord.workspace, self.coord.session, Timeouts(call=UNDO_TIMEOUT_S))
        try:
            calls.ask("DELETE", f"/locks/{self.id}{query(session_id=self.coord.session)}")
        except (Away, OSError, Busy):
            pass

    def _wait(self) -> Answer | None:
        """Waits for the lock; None when no time is given, or coord is not there to wait with."""
        if not self.options.wait:
            return None
        announcement = threading.Timer(SILENT_S, self._announce)
        announcement.daemon = True
        announcement.start()
        try:
            return self._wait_until(time.monotonic() + self.options.wait)
        finally:
            announcement.cancel()

    def _wait_until(self, deadline: float) -> Answer | None:
        was_answered = False
        while (remaining := deadline - time.monotonic()) > 0:
            start = time.monotonic()
            wait = min(MAX_WAIT_S, remaining)
            try:
                self.coord.catch_up()
                body = {**self.body, "wait": round(wait, 3)}
                return self.coord.ask("POST", "/locks", body, wait=wait)
            except Refused as refused:
                was_answered = True
                if refused.error != "lock_held" or time.monotonic() >= deadline:
                    raise
                self._note_waiting(refused, deadline)
                # An early answer: coord has no room for one more waiter.
                is_early = time.monotonic() - start < MIN_INTERVAL_S
                pause = MIN_INTERVAL_S if is_early else 0.0
            except NotCoord:
                return None
            except CoordAway as away:
                if not was_answered:
                    self.coord.calls.timeouts.retry_after = 0.0  # it has been waited for already
                    return None
                pause = away.retry_after or AWAY_INTERVAL_S
                self.coord.note(f"coord is away: {away.reason}. Trying again in {pause:g} s.")
            time.sleep(max(0.0, min(pause, deadline - time.monotonic())))
        return None

    def _announce(self) -> None:
        """Notes what is waited for, and behind whom. In a thread of its own, so with calls of
        its own."""
        limit = span(self.options.wait)
        reasons = [reason for resource in self.resources for reason in self._in_the_way(resource)]
        because = f": {'; '.join(dict.fromkeys(reasons))}" if reasons else ""
        self.coord.note(
            f"Waiting for {self.names}, for at most {limit}{because}. Ctrl-C stops waiting."
        )

    def _in_the_way(self, resource: str) -> list[str]:
        """Who holds it, and how many wait before this claim. Empty when that cannot be told."""
        calls = Calls(self.coord.workspace, self.coord.session, Timeouts(call=UNDO_TIMEOUT_S))
        filters = query(project_key=self.project, resource=resource)
        try:
            held, waiting = (calls.read(f"/locks{path}{filters}") for path in ("", "/waiters"))
        except (Away, OSError, Busy):
            return []
        if not (held.ok and waiting.ok):
            return []
        locks: list[Lock] = [
            lock for lock in held.json["items"] if lock["session_id"] != self.coord.session
        ]
        waiters = sorted(waiting.json["items"], key=lambda waiter: str(waiter["since"]))
        ahead = 0
        for waiter in waiters:
            if waiter["session_id"] == self.coord.session:
                break
            ahead += 1
        reasons = [banner.lock(lock) for lock in locks[:MAX_SHOWN]]
        if ahead:
            reasons.append(f"{ahead} wait before you")
        return reasons

    def _note_waiting(self, refused: Refused, deadline: float) -> None:
        remaining = span(max(0.0, deadline - time.monotonic()))
        sentence = (
            f"Still waiting for {self.names}, for at most {remaining} more. {refused.message}"
        )
        self.coord.note(sentence)


def without_a_lock(claim: Claim, queued: Queued) -> Failed:
    """A queued claim grants nothing."""
    sentence = (
        f"You work WITHOUT a lock on {claim.names}: {away_sentence(queued)} "
        "The claim is queued, but grants nothing: check twice before you change anything."
    )
    call = claim.coord.queued_payload(queued)["call"]
    return Failed(sentence, AWAY, "away", queued=True, call=call)


def granted_locks(answer: Answer) -> list[Lock]:
    payload = answer.json
    locks: list[Lock] = payload.get("items", [payload])
    return locks


def claimed_or_renewed(lock: Lock) -> str:
    """What a claim did: a grant is its lock's first activity."""
    return "claimed" if lock["acquired_at"] == lock["last_activity_at"] else "renewed"


def lock_sentence(verb: str, lock: Lock) -> str:
    shared = " (shared)" if lock["mode"] == "shared" else ""
    since = f", held since {when(lock['acquired_at'])}" if verb == "renewed" else ""
    end = f"{until(lock['expires_at'])}{since}  token {lock['fencing_token']}  id {lock['id']}"
    return f"{verb} {plain(lock['resource'])}{shared} {end}"
