"""Clients that do what agents do beside locking: they tell each other things, report states, share
work, come and go, use the tools of MCP, and queue what cannot be sent.

Each repeats a call until it is answered, as coord's client does, and notes in the ledger what it
was promised.
"""

import contextlib
import http.client
import itertools
import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from campaign.answers import Watched
from coord.client.calls import Calls, Queued, Timeouts
from coord.client.workspace import Workspace
from tests.faults.clock import Clock
from tests.faults.history import seconds
from tests.service import Answer

INSIST_S = 60.0  # longer than a node of a cluster needs to come back
PAUSE_S = 0.05
QUEUED_PAUSE_S = 0.2
PROMISE_MINUTES = 0.02  # 1.2 s
REPLAY_S = 30.0
NOTED_S = 5.0  # after which a session that is gone has been noted, on a busy machine


@dataclass
class Ledger:
    """What the clients were promised; by id, in the order of the promises."""

    messages: dict[str, str] = field(default_factory=dict)  # with their subject
    read: list[str] = field(default_factory=list)
    states: dict[str, list[str]] = field(default_factory=dict)  # of each component
    items: list[str] = field(default_factory=list)
    claimed: dict[str, str] = field(default_factory=dict)  # by whom
    completed: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    # sessions that promised to call, and did not: when they did, and until when by the database
    broken: dict[str, tuple[float, float]] = field(default_factory=dict)
    queued: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def broken_by(self, clock: Clock, when: float) -> list[str]:
        """The sessions whose promise is over then, and stayed so for long enough to be noted."""
        due = {
            session: clock.gets_to(until, promised_at)
            for session, (promised_at, until) in self.broken.items()
        }
        return [
            session
            for session, at in due.items()
            if at < when and not any(at <= moved < at + NOTED_S for moved in clock.moves)
        ]


class Errand:
    """One client. `twice`: each write that may be is sent again some time after its answer."""

    def __init__(
        self, service: Watched, project: str, ledger: Ledger, stop: threading.Event, *, twice: bool
    ) -> None:
        self._service = service
        self._project = project
        self._ledger = ledger
        self._stop = stop
        self._twice = twice
        self._caller = service.caller()
        self._name = f"{type(self).__name__.lower()}-{uuid.uuid4().hex[:6]}"

    def run(self) -> None:
        with self._caller, ThreadPoolExecutor(2) as echoes:
            self._echoes = echoes
            for turn in itertools.count():
                if self._stop.is_set():
                    break
                self.do(turn)
                time.sleep(random.uniform(0, PAUSE_S))
            self.finish()

    def do(self, turn: int) -> None:
        """One turn of the errand."""
        raise NotImplementedError

    def finish(self) -> None:
        """After the last turn."""

    def _insist(self, method: str, path: str, body: Any = None, *, echo: bool = True) -> Answer:
        """The same call again until it is answered."""
        deadline = time.monotonic() + INSIST_S
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException):
                answer = self._caller.call(method, path, body)
                if answer.status != 503:
                    if self._twice and echo:
                        self._echoes.submit(self._echo, method, path, body)
                    return answer
            time.sleep(random.uniform(PAUSE_S, 4 * PAUSE_S))
        raise TimeoutError(f"{method} {path}: not answered within {INSIST_S:g} s")

    def _echo(self, method: str, path: str, body: Any) -> None:
        """The same write once more, late, and so behind what was written after it."""
        time.sleep(random.uniform(0, 0.5))
        with (
            contextlib.suppress(OSError, http.client.HTTPException),
            self._service.caller() as caller,
        ):
            caller.call(method, path, body)

    def _expect(self, answer: Answer, *statuses: int) -> bool:
        if answer.status not in statuses:
            self._ledger.problems.append(f"{self._name}: {answer}")
        return answer.status in statuses


def observed() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


class Correspondent(Errand):
    """Sends messages, to one and to all, and the reader marks some of them read."""

    def do(self, turn: int) -> None:
        message, subject = str(uuid.uuid4()), f"{self._name} {turn}"
        body = {
            "id": message,
            "project_key": self._project,
            "from_session": self._name,
            "to_session": "reader" if turn % 3 else None,
            "subject": subject,
            "body": "what was found",
        }
        if not self._expect(self._insist("POST", "/messages", body), 200, 201):
            return
        self._ledger.messages[message] = subject
        if turn % 2:
            marked = self._insist("PUT", f"/messages/{message}/read", {"session_id": "reader"})
            if self._expect(marked, 200):
                self._ledger.read.append(message)


class Reporter(Errand):
    """Reports the state of a component, which changes with each turn."""

    def do(self, turn: int) -> None:
        state = f"state {turn}"
        body = {
            "project_key": self._project,
            "component": self._name,
            "state": state,
            "updated_by": self._name,
            "observed_at": observed(),
        }
        if self._expect(self._insist("PUT", "/components", body), 200, 201):
            self._ledger.states.setdefault(self._name, []).append(state)


class Foreman(Errand):
    """Makes the work that the workers share."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._workflow = str(uuid.uuid4())

    def do(self, turn: int) -> None:
        if not turn:
            flow = {"id": self._workflow, "project_key": self._project, "name": "campaign"}
            answer = self._insist("POST", "/workflows", {**flow, "created_by": self._name})
            self._expect(answer, 200, 201)
        item = str(uuid.uuid4())
        body = {"id": item, "workflow_id": self._workflow, "title": f"item {turn}"}
        if self._expect(self._insist("POST", "/work-items", body), 200, 201):
            self._ledger.items.append(item)


class Worker(Errand):
    """Claims the next item of the project and completes it."""

    def do(self, turn: int) -> None:
        claim = {
            "session_id": self._name,
            "project_key": self._project,
            "claim_id": str(uuid.uuid4()),
        }
        answer = self._insist("POST", "/work-items/claim", claim)
        if not self._expect(answer, 200, 204) or answer.status == 204:
            return
        item = answer.json["id"]
        if item in self._ledger.claimed:
            self._ledger.problems.append(
                f"{item} was given to {self._ledger.claimed[item]} and to {self._name}"
            )
        self._ledger.claimed[item] = self._name
        # upon what it was given, whatever its own clock says
        decided_at = answer.json["updated_at"]
        change = {"session_id": self._name, "status": "completed", "observed_at": decided_at}
        if self._expect(self._insist("PATCH", f"/work-items/{item}", change), 200):
            self._ledger.completed.append(item)


class Visitor(Errand):
    """Sessions that announce themselves, check in and end; one in four is never heard of again."""

    def do(self, turn: int) -> None:
        session = f"{self._name}/{turn}"
        identity = {"session_id": session, "project_key": self._project}
        promise = {**identity, "ttl_minutes": PROMISE_MINUTES, "task": "a visit"}
        beat = self._insist("POST", "/sessions/heartbeat", promise, echo=False)
        if not self._expect(beat, 200, 201):
            return
        began = time.time()
        checked_in = self._insist("POST", "/sessions/checkin", identity, echo=False)
        if not self._expect(checked_in, 200):
            return
        if turn % 4 == 0:
            until = seconds(checked_in.json["session"]["expires_at"])
            self._ledger.broken[session] = (began, until)
            return
        path = f"/sessions?session_id={quote(session, safe='')}"
        if self._expect(self._insist("DELETE", path), 200):
            self._ledger.ended.append(session)


class ToolUser(Errand):
    """Locks and unlocks a resource of its own over MCP, in a project where nobody else locks."""

    def do(self, turn: int) -> None:
        identity = {"session_id": self._name, "project_key": f"{self._project}-tools"}
        self._use("lock", {**identity, "resources": [f"tools/{self._name}"]})
        self._use("unlock", {**identity, "resource": f"tools/{self._name}"})

    def _use(self, tool: str, arguments: dict[str, Any]) -> None:
        message = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": tool, "arguments": arguments},
        }
        deadline = time.monotonic() + INSIST_S
        while time.monotonic() < deadline:
            answer = self._insist("POST", "/mcp", message, echo=False)
            if not self._expect(answer, 200):
                return
            result = answer.json["result"]
            if not result.get("isError"):
                return
            if "retry_after" not in result["structuredContent"]:
                self._ledger.problems.append(f"{self._name}: {tool}: {result}"[:500])
                return
            time.sleep(PAUSE_S)


class Hook(Errand):
    """coord's own client, which gives up early and queues; in the end all of it has arrived."""

    def __init__(self, *args: Any, folder: Path, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        (folder / ".git").mkdir(parents=True, exist_ok=True)
        workspace = Workspace(str(folder), self._service.service.url)
        self._calls = Calls(workspace, self._name, Timeouts(call=1.5, replay=1.0))

    def do(self, turn: int) -> None:
        message = str(uuid.uuid4())
        body = {
            "id": message,
            "project_key": self._project,
            "from_session": self._name,
            "subject": f"{self._name} {turn}",
            "body": "queued or not",
        }
        try:
            answer = self._calls.write("POST", "/messages", body)
            if not answer.ok:
                self._ledger.problems.append(f"{self._name}: {answer.status} {answer.body!r}")
                return
        except Queued:
            # a long outage must not make more than can be replayed in the end
            time.sleep(QUEUED_PAUSE_S)
        self._ledger.queued.append(message)

    def finish(self) -> None:
        deadline = time.monotonic() + REPLAY_S
        self._calls.timeouts.replay = 5.0
        while not self._calls.queue.is_empty and time.monotonic() < deadline:
            self._calls.replay()
        if not self._calls.queue.is_empty:
            self._ledger.problems.append(f"{self._name}: its queue is not empty in the end")
        for rejection in self._calls.queue.rejected():
            self._ledger.problems.append(f"{self._name}: rejected: {rejection}")
