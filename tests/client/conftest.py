"""A queue in a folder of its own."""

from pathlib import Path

import pytest

from coord.client.queue import Queue


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    return Queue(str(tmp_path / ".claude" / "coord-queue.jsonl"))
