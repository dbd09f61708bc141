"""coord as a package: built and installed by pip into empty environments, then run in a folder
where nothing can be trusted.

The wheel is built by the pinned builder, and what it needs is installed as pinned: a new version of
somebody else's package breaks no test.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest

from coord import __version__
from tests.service import ROOT, environment, until

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
SHADOWS = (
    "alembic",
    "click",
    "config",
    "coord",
    "flask",
    "gunicorn.conf",
    "gunicorn",
    "migrations",
    "sqlalchemy",
    "wsgi",
)
START_S = 60


def run(*command: str | Path, cwd: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, cwd=cwd, env=environment(**settings), capture_output=True, text=True, timeout=300
    )


def succeed(*command: str | Path, cwd: Path, **settings: str) -> str:
    done = run(*command, cwd=cwd, **settings)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    succeed(
        *PIP,
        "wheel",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        folder,
        ROOT,
        cwd=folder,
    )
    (built,) = folder.glob("*.whl")
    return built


@dataclass(frozen=True)
class Installed:
    """An environment that has nothing but what a test put into it."""

    folder: Path

    def pip(self, *arguments: str | Path) -> None:
        succeed(
            *PIP, "--python", self.folder / "bin" / "python", "install", *arguments, cwd=self.folder
        )

    def program(self, name: str) -> Path:
        return self.folder / "bin" / name


def empty_environment(folder: Path) -> Installed:
    succeed(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    return Installed(folder)


@pytest.fixture(scope="module")
def client_only(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel with click, and without all else that the server needs."""
    installed = empty_environment(tmp_path_factory.mktemp("client") / "venv")
    installed.pip("--no-deps", wheel, f"click=={version('click')}")
    return installed


@pytest.fixture(scope="module")
def complete(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel with all that it asks for.

    The second step has no index: it fails if the pinned set is not what the wheel asks for.
    """
    installed = empty_environment(tmp_path_factory.mktemp("server") / "venv")
    installed.pip("--no-deps", "--require-hashes", "-r", ROOT / "requirements-runtime.txt")
    installed.pip("--no-index", wheel)
    return installed


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A working directory with a module of each name that could be mistaken for coord's or one of
    its packages.
    """
    folder = tmp_path / "work"
    folder.mkdir()
    for name in SHADOWS:
        (folder / f"{name}.py").write_text(
            f"open({str(folder / 'obeyed')!r}, 'a').write({name!r})\nraise SystemExit(70)\n"
        )
    return folder


def test_the_wheel_takes_no_name_but_coord_s(wheel: Path) -> None:
    names = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert names == {"coord", f"coord-{__version__}.dist-info"}


def test_the_wheel_has_every_file_but_the_pictures(wheel: Path) -> None:
    listed = succeed(
        "git",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "coord",
        "config",
        "migrations",
        "docs",
        cwd=ROOT,
    )
    expected = {
        re.sub("^(config|migrations|docs)/", r"coord/_\1/", name)
        for name in listed.split("\0")
        if name and not name.startswith("docs/pictures/")
    }
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("coord/")}
    assert shipped == expected
    assert {
        "coord/py.typed",
        "coord/_docs/PROTOCOL.md",
        "coord/_migrations/env.py",
        "coord/areas/client/install.sh",
    } <= shipped


def test_the_client_needs_nothing_of_the_server(client_only: Installed, hostile: Path) -> None:
    packages = {
        path.name.partition("-")[0]
        for path in client_only.folder.glob("lib/python*/site-packages/*.dist-info")
    }
    assert packages == {"coord", "click"}
    assert succeed(client_only.program("coord"), "--version", cwd=hostile).startswith(
        f"coord {__version__} "
    )
    assert "lock" in succeed(client_only.program("coord"), "--help", cwd=hostile)
    assert not (hostile / "obeyed").exists()


@pytest.fixture
def server(complete: Installed, hostile: Path) -> Iterator[str]:
    """The address of `coord-server`, started in the hostile folder."""
    with socket.socket() as listener, (hostile / "said").open("wb") as said:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = subprocess.Popen(
            [complete.program("coord-server")],
            cwd=hostile,
            env=environment(
                BIND=f"fd://{listener.fileno()}", DATABASE_URL=f"sqlite:///{hostile}/coord.db"
            ),
            stdout=said,
            stderr=said,
            pass_fds=(listener.fileno(),),
        )
    try:
        until(lambda: process.poll() is not None or alive(url), START_S, "coord-server to answer")
        assert process.poll() is None, (hostile / "said").read_text()
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert not (hostile / "obeyed").exists()


def alive(url: str) -> bool:
    return (
        subprocess.run(["curl", "-fs", "-m", "5", f"{url}/livez"], capture_output=True).returncode
        == 0
    )


def test_the_server_migrates_says_so_and_serves(server: str, hostile: Path) -> None:
    lines = (hostile / "said").read_text().splitlines()
    newest = max((ROOT / "migrations" / "versions").glob("*.py")).name.partition("_")[0]
    assert (
        f"coord-server: sqlite:///{hostile}/coord.db was migrated from empty to {newest}" in lines
    )
    health = succeed("curl", "-fsS", f"{server}/health", cwd=hostile)
    assert '"migrations": "current"' in health or '"migrations":"current"' in health
    body = '{"project_key": "shop", "session_id": "host/a", "resource": "src/app.py"}'
    assert "fencing_token" in succeed(
        "curl", "-fsS", "--json", body, f"{server}/api/coord/locks", cwd=hostile
    )
    protocol = (ROOT / "docs" / "PROTOCOL.md").read_text(encoding="utf-8")
    assert succeed("curl", "-fsS", f"{server}/llms.txt", cwd=hostile) == protocol.replace(
        "http://127.0.0.1:8001", server
    )
    assert "coord_locks_active 1.0" in succeed("curl", "-fsS", f"{server}/metrics", cwd=hostile)
    for path in ("/docs/swagger-ui.css", "/client/install.sh", "/client/coord.pyz"):
        succeed("curl", "-fsS", "-o", os.devnull, f"{server}{path}", cwd=hostile)


def test_the_server_can_migrate_and_leave(complete: Installed, hostile: Path) -> None:
    program, database = complete.program("coord-server"), f"sqlite:///{hostile}/other.db"
    assert "was migrated" in run(program, "--no-serve", cwd=hostile, DATABASE_URL=database).stderr
    assert "is up to date" in run(program, "--no-serve", cwd=hostile, DATABASE_URL=database).stderr


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        pytest.param(
            {"DATABASE_URL": "sqlite:////nowhere/coord.db"},
            "could not be migrated: unable to open",
            id="no database",
        ),
        pytest.param({"THREADS": "many"}, "COORD_THREADS='many' cannot be used", id="a setting"),
    ],
)
def test_the_server_says_in_one_line_why_it_cannot_start(
    complete: Installed, hostile: Path, settings: dict[str, str], reason: str
) -> None:
    done = run(complete.program("coord-server"), cwd=hostile, **settings)
    assert done.returncode == 1
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("option", "said"), [("--help", "COORD_DATABASE_URL"), ("--version", __version__)]
)
def test_the_server_tells_what_it_is(
    complete: Installed, hostile: Path, option: str, said: str
) -> None:
    assert said in succeed(complete.program("coord-server"), option, cwd=hostile)
