"""Records what the client sends, for every kind of call: `python -m tests.client.record_wire` adds
to wire-api-1.jsonl what is new in it.

What was recorded once stays: clients in the field send it. Lines are only added, and
tests/client/test_wire_api.py replays them all.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.service import CLOCK, ROOT, running

FILE = Path(__file__).parent / "wire-api-1.jsonl"
LEFT_OUT = {"host", "connection", "content-length"}  # of the connection, not of the call
ALICE, BOB = "workstation/alice", "workstation/bob"
_ID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class Recorder:
    """Stands before the service, and keeps each call with the status of its answer.

    One call a connection, as the client makes them.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self.calls: list[dict[str, Any]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(caller,), daemon=True).start()

    def _pass_on(self, caller: socket.socket) -> None:
        with (
            caller,
            socket.create_connection(("127.0.0.1", self._target)) as target,
            caller.makefile("rb") as sent,
        ):
            head = b"".join(iter(sent.readline, b"\r\n"))
            first, *lines = head.decode("latin-1").splitlines()
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in lines)
            }
            body = sent.read(int(headers.get("content-length", 0)))
            method, path, _ = first.split(" ")
            made: dict[str, Any] = {"method": method, "path": path}
            made["headers"] = {
                name: value for name, value in headers.items() if name not in LEFT_OUT
            }
            made["body"] = json.loads(body) if body else None
            self.calls.append(made)
            target.sendall(head + b"\r\n" + body)
            with target.makefile("rb") as answered:
                line = answered.readline()
                made["status"] = int(line.split(b" ")[1])
                caller.sendall(line + answered.read())


@contextmanager
def a_checkout() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        shop = Path(folder) / "shop"
        subprocess.run(["git", "init", "-q", shop], check=True)
        (shop / "src").mkdir()
        for name in ("app.py", "other.py"):
            (shop / "src" / name).write_text("")
        yield shop


class Client:
    """The client of today, as three sessions use it: two by the command line, one through the hooks
    of Claude Code.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self._kept = {
            **CLOCK,
            **kept,
            "PYTHONPATH": str(ROOT),
            "COORD_HOST": "workstation",
            "NO_COLOR": "1",
        }
        self._url = url
        self.away = False

    @property
    def _environment(self) -> dict[str, str]:
        return self._kept | {"COORD_URL": "http://127.0.0.1:1" if self.away else self._url}

    def __call__(self, *command: str, who: str = ALICE, said: str = "") -> str:
        done = subprocess.run(
            [sys.executable, "-m", "coord.client", "--json", *command],
            cwd=self.folder,
            env=self._environment | {"COORD_SESSION": who},
            input=said,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def make(self, *command: str) -> str:
        """The id of what the command makes."""
        return str(json.loads(self(*command))["id"])

    def hook(self, event: str, **more: Any) -> None:
        told = {
            "session_id": "5f0c1c2e-0b8e-4c61-9a56-5f2f7d1d7c11",
            "cwd": str(self.folder),
            "hook_event_name": event,
            **more,
        }
        subprocess.run(
            [sys.executable, "-m", "coord.client", "hook"],
            cwd=self.folder,
            env=self._environment | {"CLAUDE_PROJECT_DIR": str(self.folder)},
            input=json.dumps(told),
            capture_output=True,
            text=True,
            check=True,
        )


def use(client: Client) -> None:
    """Every command and hook that calls coord, with every option that changes what is sent."""
    for part in (locks, components, work, messages, news, hooks, guards, late):
        part(client)


def locks(client: Client) -> None:
    client("checkin", "--task", "orders", "--agent", "claude", "--ttl-minutes", "30")
    client("checkin", "--after", "0", "--max-bytes", "2000")
    client("checkin", who=BOB)
    client("lock", "src/app.py", "-m", "new order model", "--ttl", "30m")
    client("lock", "src/app.py", who=BOB)
    client("lock", "src/app.py", "--wait", "1", who=BOB)
    client("lock", "src/", "git push", "--as-is", "--take-over-stale")
    client("lock", "read me", "--as-is", "--shared", "--ttl", "0")
    client("lock", "read me", "--as-is", "--shared", who=BOB)
    client("renew", "src/app.py", "--ttl", "1h", "-m", "still at it")
    client("renew", "--all")
    for options in (
        (),
        ("src/app.py",),
        ("--mine",),
        ("--holder", BOB),
        ("--stale",),
        ("--released",),
        ("--history",),
        ("--waiting",),
        ("-A",),
    ):
        client("locks", *options)
    client("run", "deploy", "--as-is", "--", "true")
    client("unlock", "src/app.py")
    client("unlock", client.make("lock", "by its id", "--as-is"))
    client("unlock", "--all")
    client("unlock", "--all", "-A")


def components(client: Client) -> None:
    client("set", "api", "building", "--version", "1.2.3", "--notes", "from main")
    client("set", "api", "deployed", "--clear-version", "--clear-notes")
    client("set", "web/api", "built")
    for options in ((), ("api",), ("api", "--history"), ("--state", "built"), ("-A",)):
        client("components", *options)
    client("retire", "api")


def work(client: Client) -> None:
    workflow = client.make("workflow", "add", "release", "-d", "all of it", "--status", "active")
    client("workflow", "list", "--status", "active")
    client("workflow", "show", workflow)
    client("workflow", "set", workflow, "--name", "the release", "-d", "all", "--status", "blocked")
    client("workflow", "set", workflow, "--status", "active")
    first = client.make("item", "add", "build", "-w", workflow, "-d", "it", "--priority", "5")
    second = client.make("item", "add", "deploy", "-w", workflow, "--after", first, "--for", BOB)
    third = client.make("item", "add", "tell", "-w", workflow)
    for options in (
        (),
        ("-w", workflow, "--ready"),
        ("--status", "pending"),
        ("--mine",),
        ("--for", BOB),
        ("-A",),
    ):
        client("item", "list", *options)
    client("item", "claim")
    client("item", "claim", "-w", workflow, who=BOB)
    client("item", "show", first)
    client("item", "done", first)
    client("item", "start", second, who=BOB)
    client("item", "return", second, who=BOB)
    client("item", "block", second, "-m", "no access")
    client(
        "item",
        "set",
        second,
        "--title",
        "deploy it",
        "-d",
        "now",
        "--priority",
        "1",
        "--after-nothing",
        "--for-anybody",
        "--status",
        "pending",
    )
    client("item", "set", third, "--after", second, "--for", BOB, "--status", "cancelled")
    client("workflow", "done", workflow)


def messages(client: Client) -> None:
    sent = client.make(
        "send", "--to", BOB, "-i", "high", "--ack", "src/app.py", "When are you done with it?"
    )
    client("send", "to all", said="A body.\n")
    client("inbox", who=BOB)
    client("send", "--to", ALICE, "--reply-to", sent, "src/app.py", "Now.", who=BOB)
    client("send", "--reply-to", sent, "src/app.py", "In an hour.", who=BOB)
    for options in (("--all",), ("--wait", "1"), ("--sent",), ("-A",), ("--mark-read", "--ack")):
        client("inbox", *options, who=BOB)
    client("inbox", "--wait", "1", who="workstation/nobody")
    client("read", sent, "--ack", who=BOB)
    client("read", "--all")


def news(client: Client) -> None:
    client("status")
    client("status", "-A")
    client("events", "-n", "5")
    client("events", "--since", "0", "--type", "lock.*", "--type", "message.sent", "-A")
    client("events", "--since", "10m")
    client("sessions")
    client("sessions", "-A")
    client("whoami")
    client("--version")
    client("doctor")


def guards(client: Client) -> None:
    subprocess.run(["git", "add", "."], cwd=client.folder, check=True)
    client("guard", "pre-commit")
    client(
        "guard",
        "pre-push",
        "origin",
        "https://git.example/shop.git",
        said="refs/heads/main 1 refs/heads/main 0\n",
    )


def hooks(client: Client) -> None:
    edit = {"tool_name": "Edit", "tool_input": {"file_path": str(client.folder / "src" / "app.py")}}
    push = {"tool_name": "Bash", "tool_input": {"command": "git push"}}
    client("send", "to all", "who is there?", who=BOB)
    client.hook("SessionStart", source="startup")
    client.hook("UserPromptSubmit", prompt="go on")
    client.hook("PreToolUse", **edit)
    client.hook(
        "PreToolUse",
        agent_id="a1b2",
        agent_type="Explore",
        tool_name="Edit",
        tool_input={"file_path": str(client.folder / "src" / "other.py")},
    )
    client.hook("PostToolUse", **edit, tool_response={})
    client.hook("PreToolUse", **push)
    client.hook("PostToolUse", **push, tool_response={})
    client.hook("PreToolUse", **push)
    client.hook("PostToolUseFailure", **push, error="it failed")
    client.hook("SubagentStop", agent_id="a1b2", agent_type="Explore")
    client.hook("SessionEnd", reason="exit")


def late(client: Client) -> None:
    """What was decided while coord was away says when that was."""
    workflow = client.make("workflow", "add", "late")
    item = client.make("item", "add", "first", "-w", workflow)
    lock = client.make("lock", "long", "--as-is", "--ttl", "0")
    message = client.make("send", "--to", BOB, "late", "a body")
    client.away = True
    client("set", "late", "built", "--version", "2", "--notes", "late")
    client("retire", "late")
    client("unlock", lock)
    client("unlock", "by name", "--as-is")
    client("workflow", "add", "later", "-d", "all")
    client("workflow", "set", workflow, "--status", "active")
    client("item", "add", "second", "-w", workflow, "--after", item)
    client("item", "start", item)
    client("item", "done", item)
    client("item", "return", item)
    client("item", "block", item, "-m", "away")
    client("send", "to all", "later")
    client("send", "--to", BOB, "--reply-to", message, "later", "a body")
    client("read", message, "--ack", who=BOB)
    client("unlock", "--all")
    client("unlock", "--all", "-A")
    client.hook(
        "PreToolUse",
        tool_name="Edit",
        tool_input={"file_path": str(client.folder / "src" / "app.py")},
    )
    client.hook("SubagentStop", agent_id="a1b2", agent_type="Explore")
    client("end")
    client.away = False
    client("sync")
    client("end", who=BOB)


def shape(call: dict[str, Any]) -> str:
    """What kind of call it is: its route and the names in it, without values."""
    parts = urlsplit(call["path"])
    route = re.sub(_ID, "*", parts.path)
    query = sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True)})
    return json.dumps(
        [call["method"], route, query, sorted(call["body"] or {}), sorted(call["headers"])]
    )


def recorded() -> list[dict[str, Any]]:
    return (
        [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
        if FILE.exists()
        else []
    )


def record() -> list[dict[str, Any]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), f"sqlite:///{folder}/coord.db") as service,
        a_checkout() as checkout,
    ):
        recorder = Recorder(service.port)
        use(Client(recorder.url, checkout))
        recorder.close()
        return [call for call in recorder.calls if "status" in call]


def main() -> None:
    """A first recording is kept whole, since later calls stand on earlier ones; what comes new
    later has to be added by hand to its place.
    """
    known = {shape(call) for call in recorded()}
    calls = record()
    new = [call for call in calls if shape(call) not in known]
    if known:
        sys.stdout.write("".join(f"{json.dumps(call, ensure_ascii=False)}\n" for call in new))
        return
    FILE.write_text(
        "".join(f"{json.dumps(call, ensure_ascii=False)}\n" for call in calls), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
