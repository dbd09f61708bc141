"""Eight processes queue and two replay at once, with kill -9 thrown in, while the service stops and
starts and a shell replays too: each call arrives exactly once, and those of a session in order.

COORD_TEST_CALLS says how many calls (2,000 unless set); `pytest --log-cli-level INFO` shows the
figures.
"""

import contextlib
import logging
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import pytest

from coord.client.calls import Calls, Timeouts
from coord.client.queue import Queue
from coord.client.workspace import Workspace
from tests.databases import MariaDB
from tests.faults.proxy import Proxy
from tests.faults.queueing import STATES, Diary, Planned, plan, session
from tests.service import CLOCK, ROOT, Service, running, until

log = logging.getLogger(__name__)

CALLS = int(os.environ.get("COORD_TEST_CALLS", "2000"))
WRITERS = 8
SHELLS = 12 * WRITERS  # calls for the shell, which takes four processes for each
REPLAYERS = 2
KILL_EVERY_S = (0.1, 0.4)
PATIENCE_S = 60 + CALLS * 0.05
SHELL = re.compile(r"```sh\n(mkdir -p .claude; Q=.*?)```", re.DOTALL)


@pytest.fixture(params=["sqlite", "mariadb"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    for program in ("bash", "jq", "curl"):
        if shutil.which(program) is None:
            pytest.skip(f"the shell needs {program}, which is not installed")
    url = f"sqlite:///{tmp_path}/coord.db"
    if request.param == "mariadb":
        server: MariaDB = request.getfixturevalue("breakable")
        url = server.create_database(f"t{uuid.uuid4().hex}")
    with running(tmp_path / "service", url) as service:
        yield service


class Crowd:
    """The clients, some of whom are killed now and then and started again."""

    def __init__(self, folder: Path, url: str, project: str) -> None:
        self.folder = folder
        self.kills = 0
        kept = {name: value for name, value in os.environ.items() if not name.startswith("COORD_")}
        self._environment = {
            **kept,
            "COORD_URL": url,
            "COORD_PROJECT": project,
            "PYTHONPATH": str(ROOT),
        }
        self._errors = (folder / "clients.log").open("ab")
        self._processes: dict[tuple[str, ...], subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._killer = threading.Thread(target=self._kill)

    def _start(self, *what: str) -> None:
        command = [
            sys.executable,
            "-m",
            "tests.faults.queueing",
            what[0],
            str(self.folder),
            *what[1:],
        ]
        self._processes[what] = subprocess.Popen(
            command, cwd=ROOT, env=self._environment, stderr=self._errors
        )

    def _kill(self) -> None:
        while not self._over.wait(random.uniform(*KILL_EVERY_S)):
            with self._lock:
                what = random.choice(list(self._processes))
                process = self._processes[what]
                if process.poll() is None:
                    process.kill()
                    process.wait()
                    self.kills += 1
                    self._start(*what)

    def __enter__(self) -> "Crowd":
        self._killer.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    def end(self) -> None:
        self._over.set()
        self._killer.join()
        for process in self._processes.values():
            process.kill()
            process.wait()
        self._errors.close()

    def write(self, count: int) -> None:
        """Until there are so many calls."""
        for writer in range(WRITERS):
            with self._lock:
                process = self._processes.pop(("write", str(writer), str(SHELLS // WRITERS)), None)
            assert process is None or process.wait(PATIENCE_S) == 0
            with self._lock:
                self._start("write", str(writer), str(count // WRITERS))

    def replay(self, number: int) -> None:
        with self._lock:
            self._start("replay", str(number))

    @property
    def promised(self) -> int:
        return sum(len(Diary(self.folder, writer).numbers("promised")) for writer in range(WRITERS))

    def until_promised(self, count: int) -> None:
        until(
            lambda: self.promised >= count,
            PATIENCE_S,
            f"{count} calls: {(self.folder / 'clients.log').read_text()[-3000:]}",
        )


def shell_replays(checkout: Path, url: str) -> "subprocess.Popen[bytes]":
    """The loop of docs/PROTOCOL.md, word for word."""
    found = SHELL.search((ROOT / "docs/PROTOCOL.md").read_text())
    assert found is not None
    lines = [line for line in found[1].splitlines() if not line.startswith(("jq -cn", "  path:"))]
    script = "uuid() { uuidgen; }\n" + "\n".join(lines)
    return subprocess.Popen(
        ["bash", "-c", script],
        cwd=checkout,
        env={**CLOCK, "PATH": os.environ["PATH"], "COORD": url},
        stderr=subprocess.DEVNULL,
    )


def test_each_call_arrives_exactly_once_whoever_is_killed(service: Service, tmp_path: Path) -> None:
    project = f"queue-{uuid.uuid4().hex[:8]}"
    checkout = tmp_path / "checkout"
    (checkout / ".git").mkdir(parents=True)
    began = time.monotonic()
    with Proxy(service.port) as proxy, contextlib.ExitStack() as stack:
        url = f"http://127.0.0.1:{proxy.port}"

        def stop() -> None:
            service.stop()
            proxy.refuse()

        def start() -> None:
            service.start()
            proxy.target = service.port
            proxy.forward()

        stop()
        crowd = stack.enter_context(Crowd(tmp_path, url, project))
        crowd.write(SHELLS)
        crowd.until_promised(SHELLS)
        start()
        shell = stack.enter_context(shell_replays(checkout, url))
        for replayer in range(REPLAYERS):
            crowd.replay(replayer)
        queue = Queue.of(Workspace(str(checkout), url))
        until(lambda: queue.is_empty, PATIENCE_S, "the first calls to be answered")
        # while the shell is still at its lines, and removes the file when it has done with them
        crowd.write(CALLS)
        assert (
            shell.wait(PATIENCE_S) == 0
            # one that stops in the middle may leave a claim behind that was released since:
            # docs/design.md
        )
        crowd.until_promised(CALLS // 2)
        stop()
        crowd.until_promised(CALLS * 3 // 4)
        start()
        crowd.until_promised(CALLS)
        promised_s = time.monotonic() - began
        crowd.end()
        assert rest(checkout, url, project).rejected() == []
        answered_s = time.monotonic() - began
        check(service, tmp_path, project)
        log.info(
            "%d calls promised in %.1f s, all answered after %.1f s, %d kills",
            CALLS,
            promised_s,
            answered_s,
            crowd.kills,
        )


def rest(checkout: Path, url: str, project: str) -> Queue:
    """Sends what is left."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COORD_URL", url)
        patch.setenv("COORD_PROJECT", project)
        made = Calls(Workspace(str(checkout)), "host/last", Timeouts(replay=PATIENCE_S))
        until(lambda: made.replay().waiting == 0, PATIENCE_S, "the rest to be answered")
        assert made.queue.is_empty
        return made.queue


def journal(service: Service, project: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = 0
    while True:
        page = service.call("GET", f"/events?project_key={project}&limit=500&after={after}").json
        found += page["items"]
        after = page["next_cursor"]
        if not page["items"]:
            return found


def check(service: Service, folder: Path, project: str) -> None:
    events = journal(service, project)
    counts = Counter((event["type"], event["subject"]["id"]) for event in events)
    held = {lock["id"] for lock in everything(service, f"/locks?project_key={project}")}
    numbers: dict[str, list[int]] = {}
    for event in events:
        if event["type"] == "message.sent":
            numbers.setdefault(event["session_id"], []).append(int(event["data"]["subject"]))
    for writer in range(WRITERS):
        diary = Diary(folder, writer)
        promised, begun = set(diary.numbers("promised")), set(diary.numbers("begin"))
        assert len(promised) == CALLS // WRITERS
        assert numbers[session(writer)] == sorted(set(numbers[session(writer)]))
        made = list(islice(plan(writer, project), max(begun) + 1))
        for planned in made:
            times = counts[planned.kind, planned.about]
            if planned.kind in ("lock.brief", "lock.brief_end"):
                released = planned.kind == "lock.brief_end" and planned.number in promised
                assert times_of(counts, planned.about) in ((0, 0), (1, 1)) or not released, planned
                assert counts["lock.claimed", planned.about] <= 1
            elif planned.kind != "state":
                assert times == 1 or (times == 0 and planned.number not in promised), (
                    planned,
                    times,
                )
                assert (
                    planned.kind != "lock.claimed"
                    or planned.number not in promised
                    or planned.about in held
                )
        states_reported = sorted((each for each in made if each.kind == "state"), key=by_about)
        for component, reports in groupby(states_reported, key=by_about):
            history = everything(service, f"/components/{project}/{component}/history")
            states = [each["state"] for each in reversed(history)]
            assert states == [state for state in STATES if state in states]
            assert {
                (report.body or {})["state"] for report in reports if report.number in promised
            } <= set(states)


def times_of(counts: "Counter[tuple[str, str]]", lock: str) -> tuple[int, int]:
    return counts["lock.claimed", lock], counts["lock.released", lock]


def by_about(planned: Planned) -> str:
    return planned.about


def everything(service: Service, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = service.call("GET", f"{path}{'&' if '?' in path else '?'}limit=500{cursor}").json
        found += page.get("items", [])
        if not page.get("next_cursor"):
            return found
        cursor = f"&cursor={page['next_cursor']}"
