"""Repositories of a home of their own, in which `coord` is on the PATH as it is for its users: a
program.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client.conftest import serve
from tests.service import CLOCK, ROOT, Service

CLOSED = "http://127.0.0.1:1"
WINDOWS = os.name == "nt"
COORD = (sys.executable, "-m", "coord.client") if WINDOWS else ("coord",)

service = pytest.fixture(scope="session", name="service")(serve)


class Repository:
    """A checkout, and the commands that are run in it. Its project is nobody else's."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self.home = home
        self.project = f"p{uuid.uuid4().hex[:12]}"
        self.environment = {
            **(os.environ if WINDOWS else CLOCK),
            "PATH": f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "USERPROFILE" if WINDOWS else "HOME": str(home),
            "CLAUDE_CONFIG_DIR": str(home / ".claude"),
            "USER": "ann",
            "COORD_HOST": "web-1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            **{
                f"GIT_{who}_{what}": "ann@example.org"
                for who in ("AUTHOR", "COMMITTER")
                for what in ("NAME", "EMAIL")
            },
        }
        folder.mkdir(parents=True, exist_ok=True)

    def run(
        self, *command: str, folder: Path | str | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=folder or self.folder,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def git(self, *arguments: str, folder: Path | str | None = None) -> str:
        done = self.run("git", *arguments, folder=folder, COORD_GUARD="off")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def coord(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run(*COORD, *arguments, **environment)

    def init(self, *arguments: str, **environment: str) -> str:
        """`coord init --yes`, which must work."""
        done = self.coord("init", "--yes", *arguments, **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    @property
    def state(self) -> Path:
        """What the client remembers of it."""
        return Path(json.loads(self.coord("whoami", "--json").stdout)["queue"]).parent

    def write(self, name: str, content: str | bytes = "") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def read(self, name: str) -> str:
        return (self.folder / name).read_bytes().decode()

    def json(self, name: str) -> Any:
        return json.loads(self.read(name))

    def tree(self) -> dict[str, tuple[int, bytes | str]]:
        """Every file with its content and mode, those of git too that hooks and ignore lists are
        in.
        """
        found: dict[str, tuple[int, bytes | str]] = {}
        for path in sorted(self.folder.rglob("*")):
            name = path.relative_to(self.folder).as_posix()
            if name.startswith(".git/") and not name.startswith((".git/hooks", ".git/info")):
                continue
            if path.is_symlink():
                found[name] = (0, os.readlink(path))
            elif path.is_file():
                found[name] = (path.stat().st_mode, path.read_bytes())
        return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """With a `coord` in its bin, whose hooks have patience: a machine that does much else meanwhile
    may hold an answer up for longer than an edit may be."""
    folder = tmp_path / "home"
    (folder / "bin").mkdir(parents=True)
    launcher = folder / "bin" / "coord"
    launcher.write_text(
        f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m tests.client.patient "$@"\n'
    )
    launcher.chmod(0o755)
    return folder


@pytest.fixture
def repository(tmp_path: Path, home: Path) -> Repository:
    made = Repository(tmp_path / "shop", home)
    made.git("init", "-q", "-b", "main")
    return made


@pytest.fixture
def hanging() -> Iterator[str]:
    """The address of something that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def set_up(repository: Repository, service: Service) -> Repository:
    """A repository after `coord init --guard`, with a first commit."""
    repository.init("--url", service.url, "--project", repository.project, "--guard")
    repository.git("add", ".")
    repository.git("commit", "-q", "-m", "First")
    return repository
