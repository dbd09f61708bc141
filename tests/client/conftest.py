"""A queue in a folder of its own, and a user who has no settings and no state of coord's."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from coord.client.queue import Queue
from tests.service import Service, running

NOT_ON_WINDOWS = {
    "record_wire.py": "starts an old client in a virtual environment of Linux",
    "test_bundle.py": "makes the bundle with the server's code",
    "test_powershell.py": "needs a grammar that is built for Linux",
    "test_shell_lines.py": "is about what sh reads",
    "test_install.py": "makes the bundle with the server's code",
    "test_wire_api.py": "calls the server's code",
    "cli/test_options.py": "compares with the server's code",
    "cli/test_run.py": "needs signals, sh and a pseudo-terminal",
    "cli/test_tables.py": "needs a pseudo-terminal",
    "cli/test_document.py": "compares with the server's documents",
    "setup/test_documents.py": "compares with the server's documents",
    "setup/test_doctor.py": "runs hooks in Git Bash, which cannot be had here",
    "setup/test_guard.py": "git runs hooks in an sh, which is Linux's here",
    "setup/test_guard_tools.py": "git runs hooks in an sh, which is Linux's here",
    "setup/test_claude.py": "drives Claude Code's program for Linux",
}
WINDOWS = os.name == "nt"
needs_links = pytest.mark.skipif(WINDOWS, reason="Wine makes no links, and says that it did")
needs_sh = pytest.mark.skipif(WINDOWS, reason="needs an sh, and Git Bash cannot be had under Wine")
collect_ignore = list(NOT_ON_WINDOWS) if WINDOWS else []
if WINDOWS:  # where tests/conftest.py is not read
    settings.register_profile("windows", database=None, deadline=None, derandomize=True)
    settings.load_profile("windows")
    import _winapi

    # By which shutil copies from 3.12 on: Wine 8 lacks what it calls, and ends the program there.
    vars(_winapi).pop("CopyFile2", None)


def pytest_report_header() -> list[str]:
    """What of tests/client does not run here, and why."""
    return [f"left out: {file}: {NOT_ON_WINDOWS[file]}" for file in collect_ignore]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in list(os.environ):
        if name.startswith(("COORD_", "CLAUDE_")):
            monkeypatch.delenv(name)
    user = tmp_path_factory.mktemp("user")
    monkeypatch.setenv("XDG_STATE_HOME", str(user / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(user / "config"))
    monkeypatch.setenv("LOCALAPPDATA", str(user / "local"))
    monkeypatch.setenv("APPDATA", str(user / "roaming"))


def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that tests share: each calls from a project of its own."""
    folder = tmp_path_factory.mktemp("service")
    with running(folder, f"sqlite:///{folder}/coord.db") as service:
        yield service


# What is sent to all projects reaches the other tests of a file, and of no other.
service = pytest.fixture(scope="module", name="service")(serve)


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    """With the file of a shell client in a checkout."""
    shell = tmp_path / "checkout" / ".claude" / "coord-queue.jsonl"
    return Queue(str(tmp_path / "state"), [str(shell)])
