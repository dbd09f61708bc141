"""A queue in a folder of its own, and a user who has no settings and no state of coord's."""

import os
from pathlib import Path

import pytest

from coord.client.queue import Queue


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in list(os.environ):
        if name.startswith(("COORD_", "CLAUDE_")):
            monkeypatch.delenv(name)
    user = tmp_path_factory.mktemp("user")
    monkeypatch.setenv("XDG_STATE_HOME", str(user / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(user / "config"))


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    """With the file of a shell client in a checkout."""
    shell = tmp_path / "checkout" / ".claude" / "coord-queue.jsonl"
    return Queue(str(tmp_path / "state"), [str(shell)])
