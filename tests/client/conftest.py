"""A queue in a folder of its own, and an environment without settings of coord's."""

import os
from pathlib import Path

import pytest

from coord.client.queue import Queue


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("COORD_", "CLAUDE_")):
            monkeypatch.delenv(name)


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    return Queue(str(tmp_path / ".claude" / "coord-queue.jsonl"))
