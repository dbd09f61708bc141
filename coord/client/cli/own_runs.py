"""Keeps two `coord run` of one session apart, to which the service would grant the same lock: a
file for each resource that a run of this user has, locked for as long as its process lives.

It works while coord is away, too. A run inside of another one, as a script may have it, goes ahead.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from dataclasses import asdict, dataclass

from coord.client import user_state
from coord.client.cli.child import RUN_ID
from coord.client.cli.claims import Claim
from coord.client.cli.failures import NOT_YOURS, Failed
from coord.client.cli.objects import Lock
from coord.client.cli.output import ago, span
from coord.client.locked import Busy, FileLock
from coord.client.others_text import one_line
from coord.client.queue import new_id, timestamp
from coord.client.safe_files import discard, make_folder, read, write_whole

POLL_S = 0.2
MAX_COMMAND = 60  # characters of what another run runs
BUSY_AFTER_S = 0.2  # who only looks whether a file is locked has it for a moment


@dataclass(frozen=True)
class Run:
    """What a run writes about itself. `id`: after those of the runs around it."""

    id: str
    pid: int
    command: str
    since: str


class OwnRuns:
    """The resources that one run has. `id` is in the environment of its command, after those of the
    runs around it."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        outer = os.environ.get(RUN_ID)
        self.id = f"{outer}/{new_id()}" if outer else new_id()
        self._held: dict[str, FileLock] = {}

    def enter(self, command: list[str]) -> None:
        """Waits as long as the claim does.

        Raises Failed when another run of the session has one.
        """
        deadline = time.monotonic() + self.claim.options.wait
        is_announced = False
        while (other := self._try_all(command)) is not None:
            if time.monotonic() >= deadline:
                self.leave()
                raise _in_the_way(self.claim, other)
            if not is_announced:
                is_announced = True
                limit = span(self.claim.options.wait)
                self.claim.coord.note(
                    f"Waiting, for at most {limit}: {_described(other)}. Ctrl-C stops waiting."
                )
            time.sleep(POLL_S)
        self.claim.options = self.claim.options.with_wait(max(0.0, deadline - time.monotonic()))

    def check_overlaps(self, locks: list[Lock], overlapping: list[Lock]) -> None:
        """`overlapping`: the session's own locks that overlap those of this run, like a folder
        around a file. Of two runs the later one gives way. Raises Failed."""
        newest = max((lock["fencing_token"] for lock in locks), default=0)
        for lock in overlapping:
            other = self._other_run(lock["resource"])
            if other is not None and lock["fencing_token"] < newest:
                raise _in_the_way(self.claim, other)

    def leave(self) -> None:
        for path, lock in self._held.items():
            discard(f"{path}.json")
            lock.remove()
        self._held.clear()

    def _try_all(self, command: list[str]) -> Run | None:
        """The run that has one of the resources; None when this one has them all."""
        for path in sorted({self._path(resource) for resource in self.claim.resources}):
            if path in self._held:
                continue
            try:
                self._held[path] = _locked(path)
            except Busy:
                other = _read(path)
                if self._is_around(other):
                    continue
                self.leave()
                return other
            about = Run(self.id, os.getpid(), " ".join(command), timestamp(time.time()))
            write_whole(f"{path}.json", json.dumps(asdict(about)).encode())
        return None

    def _other_run(self, resource: str) -> Run | None:
        """The run that has it, unless that is this one, or one around it."""
        path = self._path(resource)
        if path in self._held or not os.path.exists(path):
            return None
        try:
            _locked(path).__exit__(None, None, None)
        except Busy:
            other = _read(path)
            return None if self._is_around(other) else other
        return None

    def _is_around(self, other: Run) -> bool:
        return bool(other.id) and self.id.startswith(f"{other.id}/")

    def _path(self, resource: str) -> str:
        coord, claim = self.claim.coord, self.claim
        bare = resource.replace("\\", "/")
        bare = (bare[:-2] if bare.endswith("/**") else bare).rstrip("/")
        key = "\0".join((coord.workspace.url, claim.project, coord.session, bare))
        digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return os.path.join(_folder(), digest)


def _folder() -> str:
    return os.path.join(user_state.root(), "runs")


def _locked(path: str) -> FileLock:
    """Raises Busy, and OSError."""
    make_folder(os.path.dirname(path))
    lock = FileLock(path, BUSY_AFTER_S)
    lock.__enter__()
    return lock


def _read(path: str) -> Run:
    """What the run that has this file wrote about itself; empty while it is just starting."""
    try:
        return Run(**json.loads(read(f"{path}.json")))
    except (ValueError, TypeError):
        return Run("", 0, "a command", "")


def _described(run: Run) -> str:
    started = f", started {ago(run.since)}" if run.since else ""
    command = one_line(run.command, MAX_COMMAND)
    return f"another `coord run` of yours (process {run.pid}{started}) runs {command}"


def _in_the_way(claim: Claim, run: Run) -> Failed:
    sentence = f"Not started: {_described(run)} and holds {claim.names}. --wait waits for it."
    return Failed(sentence, NOT_YOURS, "lock_held", run=asdict(run))
