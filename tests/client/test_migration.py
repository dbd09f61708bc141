"""What versions before 0.2.0 left in `.claude`: their queue is sent, the rest of their files goes,
and nothing else.
"""

import json
import os
import subprocess
from pathlib import Path
from zlib import crc32

import pytest

from coord.client.migration import move_old_state
from coord.client.queue import Queue
from coord.client.workspace import Workspace
from tests.client.conftest import needs_links
from tests.client.recording import Recorder, shell_line

CLOSED = "http://127.0.0.1:1"
LEFT: dict[str, str] = {
    "coord-queue.lock": "",
    "coord-queue.replay.lock": "",
    "coord-away": "",
    "coord-queue.reported.json": "[]",
    "coord-config.json": "{}",
    "coord-init.json": '{"CLAUDE.md": [""]}',
    "coord-cli-00c0ffee.json": "{}",
    "coord-queue.rejected.jsonl": '{"method": "POST"}\n',
    "coord-hook.log": "2026-01-20T10:00:00Z ValueError\n",
    "coord-sessions/web-1-claude-x.json": '{"name": "web-1/claude-x"}',
    "coord-sessions/command-x-y": "[]",
}
NOT_OURS: dict[str, str] = {
    "settings.json": "{}",
    "coord-away": "text of somebody",
    "coord-hook.log": "notes of mine",
    "coord-config.json": "not JSON",
    "coord-queue.rejected.jsonl": "[]\n",
    "coord-notes.md": "mine",
    "coord-sessions/id_rsa": "secret",
    "coord-sessions/list.json": "[1]",
}


class Checkout:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        subprocess.run(["git", "init", "-q", folder], check=True)
        self.claude = folder / ".claude"
        self.claude.mkdir()

    @property
    def workspace(self) -> Workspace:
        return Workspace(str(self.folder), CLOSED)

    def has(self, name: str, content: str) -> Path:
        path = self.claude / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode())  # of which an old client noted the length
        return path

    @property
    def names(self) -> set[str]:
        return {
            path.relative_to(self.claude).as_posix()
            for path in self.claude.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return Checkout(tmp_path / "shop")


def test_what_it_left_is_removed(checkout: Checkout) -> None:
    paths = [checkout.has(name, content) for name, content in LEFT.items()]
    assert set(move_old_state(checkout.workspace)) == set(map(str, paths))
    assert checkout.names == set()
    assert not (checkout.claude / "coord-sessions").exists()


@pytest.mark.parametrize("name", NOT_OURS)
def test_what_only_has_such_a_name_stays(checkout: Checkout, name: str) -> None:
    checkout.has(name, NOT_OURS[name])
    assert move_old_state(checkout.workspace) == []
    assert checkout.names == {name}


def line(subject: str) -> str:
    return shell_line(body={"from_session": "web-1/agent", "subject": subject})


def mark_of(content: str) -> list[int]:
    """How an old client noted how far a file was answered."""
    return [len(content), crc32(content.encode())]


def test_its_queue_is_sent_behind_what_was_answered(checkout: Checkout) -> None:
    answered, waits, newer = line("answered"), line("waits"), line("newer")
    checkout.has("coord-queue.kept.1.jsonl", answered + waits)
    checkout.has("coord-queue.jsonl", newer)
    checkout.has("coord-queue.state.json", json.dumps({"1": mark_of(answered)}))
    move_old_state(checkout.workspace)
    assert checkout.names == set()
    server = Recorder()
    Queue.of(checkout.workspace).replay(server)
    assert server.names == ["waits", "newer"]


def test_a_queue_of_shell_clients_alone_stays_where_they_write_it(checkout: Checkout) -> None:
    checkout.has("coord-queue.jsonl", line("waits"))
    assert move_old_state(checkout.workspace) == []
    assert checkout.names == {"coord-queue.jsonl"}


@pytest.mark.parametrize(
    "how",
    ["tracked", pytest.param("link", marks=needs_links), pytest.param("folder", marks=needs_links)],
)
def test_what_a_repository_ships_is_not_taken(checkout: Checkout, tmp_path: Path, how: str) -> None:
    if how == "tracked":
        checkout.has("coord-config.json", "{}")
        subprocess.run(["git", "add", "-f", "."], cwd=checkout.folder, check=True)
        assert move_old_state(checkout.workspace) == []
        assert checkout.names == {"coord-config.json"}
        return
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "coord-config.json").write_text("{}")
    if how == "link":
        (checkout.claude / "coord-config.json").symlink_to(elsewhere / "coord-config.json")
    else:
        checkout.claude.rmdir()
        checkout.claude.symlink_to(elsewhere)
    assert move_old_state(checkout.workspace) == []
    assert os.listdir(elsewhere) == ["coord-config.json"]
