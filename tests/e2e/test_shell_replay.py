"""The offline queue as today's clients replay it: a shell loop of jq and curl that ignores every
status code.
"""

import json
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.client.recording import shell_time
from tests.databases import MariaDB
from tests.service import CLOCK, Service, running

LOOP = """
while IFS= read -r line; do
  m=$(jq -r .method <<< "$line")
  p=$(jq -r .path <<< "$line")
  b=$(jq -c .body <<< "$line")
  curl -s -X "$m" "$BASE$p" -H 'Content-Type: application/json' -d "$b"
done < .claude/coord-queue.jsonl
"""

ME = "workstation/agent"
PROJECT = "shop"


@pytest.fixture(scope="module", params=["sqlite", "mariadb"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    for program in ("bash", "jq", "curl"):
        if shutil.which(program) is None:
            pytest.skip(f"the shell loop needs {program}, which is not installed")
    folder = tmp_path_factory.mktemp("replay")
    url = f"sqlite:///{folder}/coord.db"
    if request.param == "mariadb":
        server: MariaDB = request.getfixturevalue("mariadb")
        url = server.create_database(f"t{uuid.uuid4().hex}")
    with running(folder / "service", url) as service:
        yield service


class Queue:
    """A queue file as a client that was offline has left it, and the loop that replays it."""

    def __init__(self, folder: Path, service: Service) -> None:
        self.folder = folder
        self.service = service
        self.file = folder / ".claude" / "coord-queue.jsonl"
        self.file.parent.mkdir()

    def add(self, method: str, path: str, body: Any = None) -> None:
        line = {"ts": shell_time(), "method": method, "path": f"/api/coord{path}", "body": body}
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def replay(self) -> list[dict[str, Any]]:
        """What was answered, line by line."""
        done = subprocess.run(
            ["bash", "-c", LOOP],
            cwd=self.folder,
            env={**CLOCK, "PATH": "/usr/local/bin:/usr/bin:/bin", "BASE": self.service.url},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def queue(tmp_path: Path, service: Service) -> Queue:
    return Queue(tmp_path, service)


def items(service: Service, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.call("GET", path).json["items"]
    return found


def test_a_queue_replayed_twice_leaves_each_thing_once(queue: Queue, service: Service) -> None:
    ids = {
        name: str(uuid.uuid4())
        for name in ("lock", "named", "workflow", "first", "second", "message", "broadcast")
    }
    project = f"{PROJECT}-{uuid.uuid4().hex[:8]}"
    me = quote(ME, safe="")
    seen = f"{shell_time(120)[:17]}{{:02}}Z"  # the seconds of a minute that is over
    who = {"project_key": project, "session_id": ME}
    odd_name = 'it\'s "quoted", $HOME `id` \\ and naïve 漢字 🔒'
    odd = f"{odd_name}\ntwo lines"

    queue.add(
        "POST", "/locks", {**who, "id": ids["lock"], "resource": "src/app.py", "description": odd}
    )
    queue.add(
        "POST", "/locks", {**who, "id": ids["named"], "resource": "git push", "ttl_hours": 0.5}
    )
    for at, state in enumerate(("building", "built", "deployed")):
        queue.add(
            "PUT",
            f"/components/{project}/api",
            {"state": state, "updated_by": ME, "observed_at": seen.format(10 + at)},
        )
    queue.add(
        "PUT",
        f"/components/{project}/web",
        {"state": "degraded", "notes": odd, "updated_by": ME, "observed_at": seen.format(5)},
    )
    queue.add(
        "POST",
        "/workflows",
        {"id": ids["workflow"], "project_key": project, "name": "release", "created_by": ME},
    )
    of_workflow = {"workflow_id": ids["workflow"], "project_key": project}
    queue.add("POST", "/work-items", {**of_workflow, "id": ids["first"], "title": odd_name})
    queue.add(
        "POST",
        "/work-items",
        {**of_workflow, "id": ids["second"], "title": "then", "depends_on": [ids["first"]]},
    )
    queue.add("PATCH", f"/work-items/{ids['first']}", {"status": "in_progress", "session_id": ME})
    queue.add("PATCH", f"/work-items/{ids['first']}", {"status": "completed", "session_id": ME})
    letter = {
        "from_session": "colleague/agent",
        "project_key": project,
        "subject": "s",
        "body": odd,
    }
    queue.add("POST", "/messages", {**letter, "id": ids["message"], "to_session": ME})
    queue.add("POST", "/messages", {**letter, "id": ids["broadcast"]})
    queue.add("PUT", f"/messages/{ids['message']}/read?session_id={me}")
    queue.add("DELETE", f"/locks/{ids['lock']}?session_id={me}")
    queue.add("DELETE", f"/locks?session_id={me}&project_key={project}&resource=git%20push")

    newer = {"state": "built", "updated_by": "other/agent", "observed_at": seen.format(40)}
    assert service.call("PUT", f"/components/{project}/web", newer).status == 201

    first = queue.replay()
    stored = everything(service, project, ids)
    again = queue.replay()
    assert everything(service, project, ids) == stored
    assert len(first) == len(again) == 16

    locks = items(service, f"/locks?project_key={project}&state=all")
    assert {lock["id"] for lock in locks} == {ids["lock"], ids["named"]}
    assert len(locks) == 2
    assert all(
        lock["released_at"] and lock["release_reason"] == "released" and lock["released_by"] == ME
        for lock in locks
    )
    assert {lock["description"] for lock in locks} == {odd, None}
    assert items(service, f"/locks?project_key={project}") == []
    states = {
        each["component"]: (each["state"], each["updated_by"])
        for each in items(service, f"/components?project_key={project}")
    }
    assert states == {"api": ("deployed", ME), "web": ("built", "other/agent")}
    assert [each["state"] for each in items(service, f"/components/{project}/api/history")] == [
        "deployed",
        "built",
        "building",
    ]
    (workflow,) = items(service, f"/workflows?project_key={project}")
    assert workflow["id"] == ids["workflow"]
    work = {
        item["id"]: item["status"] for item in items(service, f"/work-items?project_key={project}")
    }
    assert work == {ids["first"]: "completed", ids["second"]: "pending"}
    inbox = items(service, f"/messages?to_session={me}&project_key={project}")
    assert {message["id"] for message in inbox} == {ids["message"], ids["broadcast"]}
    assert len(inbox) == 2
    unread = items(service, f"/messages?to_session={me}&project_key={project}&unread_only=true")
    assert [message["id"] for message in unread] == [ids["broadcast"]]


def everything(service: Service, project: str, ids: dict[str, str]) -> dict[str, Any]:
    """All that is stored of the project, as the service answers it, without the times of the last
    of repeated changes.
    """
    paths = [
        f"/locks?project_key={project}&state=all",
        f"/components?project_key={project}",
        f"/components/{project}/api/history",
        f"/components/{project}/web/history",
        f"/workflows?project_key={project}",
        f"/work-items?project_key={project}",
        f"/messages?project_key={project}&to_session={quote(ME, safe='')}",
    ]
    moving = {"updated_at", "claimed_at", "completed_at", "recipient_last_seen_at"}
    # of work items: today's clients do not say when they decided a PATCH
    undated = {*moving, "observed_at"}
    return {
        path: [
            {
                name: value
                for name, value in item.items()
                if name not in (undated if "/work-items" in path else moving)
            }
            for item in items(service, path)
        ]
        for path in paths
    }


def test_a_late_replay_never_gives_a_lock_back_that_another_holds_by_now(
    queue: Queue, service: Service
) -> None:
    project = f"{PROJECT}-{uuid.uuid4().hex[:8]}"
    lock = str(uuid.uuid4())
    queue.add(
        "POST",
        "/locks",
        {"id": lock, "project_key": project, "session_id": ME, "resource": "deploy"},
    )
    queue.add(
        "DELETE", f"/locks?session_id={quote(ME, safe='')}&project_key={project}&resource=deploy"
    )
    queue.replay()
    other = service.call(
        "POST",
        "/locks",
        {"project_key": project, "session_id": "other/agent", "resource": "deploy"},
    ).json
    queue.replay()
    (held,) = items(service, f"/locks?project_key={project}")
    assert held["id"] == other["id"]
    assert held["session_id"] == "other/agent"
    assert service.call("GET", f"/locks/{lock}").json["release_reason"] == "released"


def test_a_queue_that_comes_late_leaves_alone_what_was_decided_since(
    service: Service, queue: Queue
) -> None:
    """All of it was decided an hour before a colleague, and this session itself, went on; only what
    nobody touched since is done.
    """
    project = f"{PROJECT}-{uuid.uuid4()}"
    flow, item, untouched = (str(uuid.uuid4()) for _ in range(3))
    then = "2026-01-05T10:00:00.000000Z"
    service.call(
        "POST", "/workflows", {"id": flow, "project_key": project, "name": "n", "created_by": ME}
    )
    for each in (item, untouched):
        service.call("POST", "/work-items", {"id": each, "workflow_id": flow, "title": "t"})
    lock = service.call(
        "POST", "/locks", {"project_key": project, "session_id": ME, "resource": "r"}
    ).json
    service.call(
        "PUT", f"/components/{project}/api", {"state": "deployed", "updated_by": "other/agent"}
    )
    service.call("PATCH", f"/workflows/{flow}", {"status": "active", "session_id": "other/agent"})
    service.call("PATCH", f"/work-items/{item}", {"status": "blocked", "session_id": "other/agent"})
    service.call("POST", "/sessions/heartbeat", {"session_id": ME})

    decided = {"session_id": ME, "observed_at": then}
    queue.add("PATCH", f"/work-items/{untouched}", {"status": "in_progress", **decided})
    queue.add("PATCH", f"/work-items/{untouched}", {"status": "completed", **decided})
    queue.add("PATCH", f"/work-items/{item}", {"status": "completed", **decided})
    queue.add("PATCH", f"/workflows/{flow}", {"status": "cancelled", **decided})
    queue.add("DELETE", f"/components/{project}/api", decided)
    queue.add("DELETE", "/locks", {"project_key": project, "resource": "r", **decided})
    queue.add("DELETE", "/locks", {"release_all": True, **decided})
    queue.add("DELETE", f"/sessions?session_id={quote(ME, safe='')}&observed_at={then}")
    for _ in range(2):
        answers = queue.replay()
        assert [answer.get("error") for answer in answers] == [
            None,
            None,
            *["superseded"] * 4,
            None,
            "superseded",
        ]
        assert answers[6]["released"] == 0

    assert service.call("GET", f"/work-items/{untouched}").json["status"] == "completed"
    assert service.call("GET", f"/work-items/{item}").json["status"] == "blocked"
    assert service.call("GET", f"/workflows/{flow}").json["status"] == "active"
    assert service.call("GET", f"/components/{project}/api").json["state"] == "deployed"
    assert service.call("GET", f"/locks/{lock['id']}").json["released_at"] is None
    told = [
        event["type"]
        for event in items(service, f"/events?project_key={project}&after=0&type=work_item.*")
    ]
    assert told.count("work_item.completed") == 1
    assert told.count("work_item.claimed") == 1
