"""What a hook costs the session that it is run for: each as `coord hook`, installed as users have
it, beside the bare start of Python.
"""

import json
import statistics
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import load, service
from tests.faults.proxy import Proxy
from tests.service import environment

BARE = ("-I", "-S", "-c", "pass")
WARM_UP = 3


class Machine:
    """A user's machine: `coord`, installed from the service, and a repository."""

    def __init__(self, folder: Path, port: int) -> None:
        self.home = folder / "home"
        self.repository = folder / "shop"
        self.repository.mkdir(parents=True)
        kept = {
            name: value
            for name, value in environment().items()
            if not name.startswith(("XDG_", "CLAUDE"))
        }
        self._environment = kept | {"HOME": str(self.home), "COORD_URL": f"http://127.0.0.1:{port}"}
        _, script = load.timed(load.Connection(port), "GET", "/client/install.sh", None, expect=200)
        subprocess.run(
            ["sh", "-s", "--", "--server", f"http://127.0.0.1:{port}"],
            input=script,
            env=self._environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        subprocess.run(["git", "init", "-q", self.repository], check=True)
        (self.repository / ".coord.toml").write_text(
            f'url = "http://127.0.0.1:{port}"\nproject = "shop"\n'
        )
        found = ["python3", "-c", "import sys; print(sys.executable)"]
        self.python = subprocess.run(
            found, check=True, capture_output=True, text=True, env=self._environment
        ).stdout.strip()

    def seconds(self, command: list[str], given: bytes = b"", url: str | None = None) -> float:
        environment = self._environment | ({"COORD_URL": url} if url else {})
        began = time.perf_counter()
        subprocess.run(
            command,
            input=given,
            env=environment,
            cwd=self.repository,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return time.perf_counter() - began

    def hook(self, event: dict[str, Any], url: str | None = None) -> float:
        return self.seconds(
            [str(self.home / ".local/bin/coord"), "hook"], json.dumps(event).encode(), url
        )

    def bare(self) -> float:
        return self.seconds([self.python, *BARE])


def events(machine: Machine) -> dict[str, Callable[[], dict[str, Any]]]:
    """Each by what a session does. The starts are of a new session each, so that all is done that
    may have to be; what follows is of one.
    """

    own = str(uuid.uuid4())

    def event(kind: str, session: str = own, **more: Any) -> dict[str, Any]:
        where = {"cwd": str(machine.repository), "hook_event_name": kind}
        return {"session_id": session, **where, **more}

    def before_tool(tool: str, **tool_input: str) -> dict[str, Any]:
        return event("PreToolUse", tool_name=tool, tool_input=tool_input, tool_use_id="t")

    def new_file() -> str:
        return str(machine.repository / f"{uuid.uuid4().hex[:8]}.py")

    return {
        "edit": lambda: before_tool("Edit", file_path=new_file()),
        "command without a lock": lambda: before_tool("Bash", command="ls -la"),
        "command with a lock": lambda: before_tool("Bash", command="git push"),
        "after a tool": lambda: event(
            "PostToolUse", tool_name="Read", tool_input={}, tool_use_id="t"
        ),
        "prompt": lambda: event("UserPromptSubmit", prompt="Go on"),
        "start": lambda: event("SessionStart", session=str(uuid.uuid4()), source="startup"),
    }


def run(kind: str, rounds: int) -> tuple[dict[str, tuple[float, float]], dict[str, float]]:
    """For each event its median in ms, and as a multiple of the bare start; and the seconds of one
    whose host is black-holed.
    """
    with (
        service.database(kind) as url,
        tempfile.TemporaryDirectory(prefix="coord-bench-") as folder,
    ):
        service.migrate(url)
        with service.serving(url) as (port, _):
            machine = Machine(Path(folder), port)
            took: dict[str, list[float]] = {"bare": []}
            made = events(machine)
            for nth in range(rounds + WARM_UP):
                for name, seconds in [
                    ("bare", machine.bare()),
                    *((name, machine.hook(make())) for name, make in made.items()),
                ]:
                    if nth >= WARM_UP:
                        took.setdefault(name, []).append(seconds)
            black = black_holes(machine, port)
    bare = statistics.median(took["bare"])
    return {
        name: (1000 * statistics.median(times), statistics.median(times) / bare)
        for name, times in took.items()
    }, black


def black_holes(machine: Machine, port: int) -> dict[str, float]:
    """The longest of each event, while nothing that the machine sends is answered, or not even a
    connection is.
    """
    seconds = {}
    for outage, break_it in (
        ("no answer comes", Proxy.swallow),
        ("no connection comes about", Proxy.ignore),
    ):
        with Proxy(port) as proxy:
            break_it(proxy)
            for name, make in events(machine).items():
                for note in (machine.home / ".local" / "state" / "coord").glob("*/away"):
                    note.unlink()  # each as if it were the first to find out
                url = f"http://127.0.0.1:{proxy.port}"
                seconds[f"{name}, {outage}"] = machine.hook(make(), url)
    return seconds
