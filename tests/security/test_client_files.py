"""Every file that the client touches, as a link, a second name, another user's, or in a folder that
everybody may write to.
"""

import contextlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from coord.client.answer import Answer
from coord.client.calls import Calls, NotQueued, Queued, Timeouts
from coord.client.hook.memory import SessionMemory
from coord.client.queue import Call, Queue
from coord.client.wire import Away
from coord.client.workspace import OTHER_FOLDERS as OTHERS
from coord.client.workspace import Workspace, remember_config
from tests.client.recording import Recorder, make_old, message, refusal, shell_line

SECRET = "the user's own\n"
CLOSED = "http://127.0.0.1:1"
NOBODY = 65534
STATE = (
    "queue.jsonl",
    "queue.progress.json",
    "queue.rejected.jsonl",
    "queue.reported.json",
    "queue.lock",
    "replay.lock",
    "shell.json",
)
MEMORY = ("sessions", "away", "place.json")


class Machine:
    """A user's machine: a checkout, and a file that nobody but the user changes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checkout = folder / "shop"
        (self.checkout / ".git").mkdir(parents=True)
        (self.checkout / ".claude").mkdir()
        self.secrets = folder / "secrets"
        self.secrets.mkdir()
        self.target = self.secrets / "key"
        self.target.write_text(SECRET)
        make_old(self.target, 30 * 86400)
        self.workspace = Workspace(str(self.checkout), CLOSED)
        self.state = Path(self.workspace.state_folder)
        self.shell = self.checkout / ".claude" / "coord-queue.jsonl"

    def works(self) -> list[Call]:
        """All that a client does with its files, with coord being away and there; what arrived."""
        server = Recorder()
        calls = Calls(self.workspace, "web-1/agent", Timeouts(call=0.2, replay=0.2))
        memory = SessionMemory(self.workspace, "web-1/agent")
        for act in (
            lambda: calls.write(
                "POST", "/messages", {"from_session": "web-1/agent", "subject": "s", "body": ""}
            ),
            lambda: memory.update(prompt="x"),
            memory.note_away,
            memory.note_active,
            lambda: memory.note_command_locks("toolu", ["x"]),
            lambda: remember_config(str(self.checkout / ".coord.toml"), {}),
            lambda: calls.queue.replay(lambda call: _refuse(server, call)),
            calls.queue.take_unreported,
            memory.take_all_command_locks,
            memory.forget_old,
            memory.forget_away,
            memory.forget,
            calls.queue.forget_rejected,
        ):
            with contextlib.suppress(OSError, Queued, NotQueued, Away):
                act()
        return server.calls

    def is_whole(self) -> bool:
        return self.target.read_text() == SECRET and os.listdir(self.secrets) == ["key"]


def _refuse(server: Recorder, call: Call) -> Answer:
    server(call)
    return refusal(422, "invalid")


def link_to_file(machine: Machine, path: Path) -> None:
    path.symlink_to(machine.target)


def link_to_folder(machine: Machine, path: Path) -> None:
    path.symlink_to(machine.secrets)


def dangling(machine: Machine, path: Path) -> None:
    path.symlink_to(machine.secrets / "new")


def hard_link(machine: Machine, path: Path) -> None:
    os.link(machine.target, path)


def pipe(machine: Machine, path: Path) -> None:
    os.mkfifo(path)


def other_owner(machine: Machine, path: Path) -> None:
    path.write_text(shell_line())
    os.chown(path, NOBODY, NOBODY)


def in_a_folder_of_everybody(machine: Machine, path: Path) -> None:
    path.write_text(shell_line())
    path.parent.chmod(0o777)


KINDS: list[Callable[[Machine, Path], None]] = [
    link_to_file,
    link_to_folder,
    dangling,
    hard_link,
    pipe,
    other_owner,
    in_a_folder_of_everybody,
]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(
    "name", [*STATE, *MEMORY, "sessions/web-1-agent-x.json", "sessions/old.json"]
)
def test_nothing_in_the_place_of_a_file_of_the_state_reaches_another(
    machine: Machine, name: str, kind: Callable[[Machine, Path], None]
) -> None:
    if kind is other_owner and os.geteuid():
        pytest.skip("only root can give a file away")
    path = machine.state / name
    machine.workspace.make_state_folder()
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    kind(machine, path)
    machine.works()
    assert machine.is_whole()
    assert machine.state.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "kind", [link_to_folder, dangling, other_owner], ids=lambda kind: kind.__name__
)
def test_nothing_in_the_place_of_the_state_folder_is_written_to(
    machine: Machine, kind: Callable[[Machine, Path], None]
) -> None:
    if kind is other_owner and os.geteuid():
        pytest.skip("only root can give a file away")
    machine.state.parent.mkdir(parents=True)
    kind(machine, machine.state)
    machine.works()
    assert machine.is_whole()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_shell_file_that_is_not_the_users_own_is_neither_sent_nor_touched(
    machine: Machine, kind: Callable[[Machine, Path], None]
) -> None:
    if kind is other_owner and os.geteuid():
        pytest.skip("only root can give a file away")
    machine.target.write_text(SECRET)
    kind(machine, machine.shell)
    before = os.lstat(machine.shell)
    queue = Queue.of(machine.workspace)
    assert queue.is_empty
    assert len(queue.problems()) == 1
    arrived = machine.works()
    assert all((call.body or {}).get("subject") == "s" for call in arrived)
    assert len(arrived) <= 1
    assert os.path.samestat(os.lstat(machine.shell), before)
    assert machine.is_whole()


def test_a_claude_folder_that_is_a_link_is_not_followed(machine: Machine) -> None:
    (machine.secrets / "coord-queue.jsonl").write_text(shell_line())
    machine.shell.parent.rmdir()
    machine.shell.parent.symlink_to(machine.secrets)
    queue = Queue.of(machine.workspace)
    assert queue.is_empty
    queue.append(message("own"))
    server = Recorder()
    queue.replay(server)
    assert server.names == ["own"]
    assert sorted(os.listdir(machine.secrets)) == ["coord-queue.jsonl", "key"]


@pytest.mark.parametrize("index_version", ["2", "4"])
@pytest.mark.parametrize("name", [".claude/coord-queue.jsonl", ".Claude/COORD-queue.jsonl"])
def test_a_queue_that_was_committed_is_never_replayed(
    tmp_path: Path, index_version: str, name: str
) -> None:
    checkout = tmp_path / "clone"
    git = ["git", "-C", str(checkout), "-c", f"index.version={index_version}"]
    subprocess.run(["git", "init", "-q", checkout], check=True)
    (checkout / name).parent.mkdir()
    (checkout / name).write_text(shell_line())
    subprocess.run([*git, "add", "-f", "."], check=True)
    (checkout / ".claude").mkdir(exist_ok=True)
    (checkout / ".claude" / "coord-queue.jsonl").write_text(shell_line())
    queue = Queue.of(Workspace(str(checkout), CLOSED))
    assert queue.is_empty
    assert "tracked by git" in queue.problems()[0]
    server = Recorder()
    queue.replay(server)
    assert server.calls == []
    assert (checkout / ".claude" / "coord-queue.jsonl").exists()


def unfinished_checkout(checkout: Path) -> None:
    """git has written the file, and not yet its index."""
    subprocess.run(["git", "init", "-q", checkout], check=True)
    (checkout / ".git" / "index.lock").touch()


def worktree_that_is_just_made(checkout: Path) -> None:
    folder = checkout.parent / "main" / ".git" / "worktrees" / "clone"
    folder.mkdir(parents=True)
    (folder / "commondir").write_text("../..\n")
    (folder / "index.lock").touch()
    checkout.mkdir()
    (checkout / ".git").write_text(f"gitdir: {folder}\n")


def jujutsu_beside_git(checkout: Path) -> None:
    """It writes files first, and then what git is to know of them, without git's lock."""
    subprocess.run(["git", "init", "-q", checkout], check=True)
    (checkout / ".jj").mkdir()


@pytest.mark.parametrize(
    "make",
    [
        unfinished_checkout,
        worktree_that_is_just_made,
        jujutsu_beside_git,
        *(lambda checkout, name=name: (checkout / name).mkdir(parents=True) for name in OTHERS),
    ],
    ids=["checking out", "new worktree", "jujutsu beside git", *OTHERS],
)
def test_nor_one_of_which_git_does_not_say_whose_it_is(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "clone")
    workspace = Workspace(str(tmp_path / "clone"), CLOSED)
    path = Path(workspace.shell_queues[-1])
    path.parent.mkdir(exist_ok=True)
    path.write_text(shell_line())
    queue = Queue.of(workspace)
    server = Recorder()
    queue.replay(server)
    assert server.calls == []
    assert "may be somebody else's" in queue.problems()[0]
    for lock in tmp_path.rglob("index.lock"):
        lock.unlink()
        queue.replay(server)
        assert server.names


NOT_A_SESSIONS = {
    "as-coord": shell_line(body={"from_session": "coord", "subject": "x"}),
    "as-what-looks-like-coord": shell_line(
        body={"from_session": "\uff23oord/server", "subject": "x"}
    ),
    "as-c00rd": shell_line(body={"from_session": "C00RD", "subject": "x"}),
    "two-sessions": shell_line(body={"from_session": "web-1/agent", "session_id": "web-2/agent"}),
    "two-in-the-query": shell_line(
        method="DELETE",
        path="/api/coord/locks?session_id=a&release_all=true&session_id=b",
        body=None,
    ),
    "everything": shell_line(
        path="/api/coord/locks",
        body={"session_id": "a", "project_key": "p", "resource": "/", "ttl_hours": 0},
    ),
    "everything-otherwise": shell_line(
        path="/api/coord/locks",
        body={"session_id": "a", "project_key": "p", "resources": ["a", "./**"]},
    ),
    "everything-through-a-folder": shell_line(
        path="/api/coord/locks",
        body={"session_id": "a", "project_key": "p", "resource": "src/..", "ttl_hours": 0},
    ),
    "everything-on-windows": shell_line(
        path="/api/coord/locks",
        body={"session_id": "a", "project_key": "p", "resources": ["a\\b\\..\\..\\**"]},
    ),
    "force": shell_line(
        method="PATCH", path="/api/coord/work-items/x", body={"status": "completed", "force": True}
    ),
    "above": shell_line(path="/api/coord/../../admin"),
    "above-encoded": shell_line(method="PUT", path="/api/coord/components/%2e%2e/x"),
    "above-behind-a-proxy": shell_line(
        method="PUT", path="/api/coord/components/..%2f..%2f../admin"
    ),
    "above-in-a-name": shell_line(method="PUT", path="/api/coord/components/p/a%2F%2e%2e%2Fb"),
    "mcp": shell_line(path="/api/coord/mcp"),
    "unknown": shell_line(method="DELETE", path="/api/coord/events"),
}


@pytest.mark.parametrize("line", NOT_A_SESSIONS.values(), ids=NOT_A_SESSIONS.keys())
def test_a_shells_line_can_do_no_more_than_a_session(machine: Machine, line: str) -> None:
    machine.shell.write_text(
        line + shell_line(body={"from_session": "web-1/agent", "subject": "after"})
    )
    queue = Queue.of(machine.workspace)
    server = Recorder()
    queue.replay(server)
    assert server.names == ["after"]
    (rejected,) = queue.rejected()
    assert "is not sent" in rejected["answer"]["detail"]


def test_what_is_cleaned_up_is_only_what_hooks_made(machine: Machine) -> None:
    memory = SessionMemory(machine.workspace, "web-1/agent")
    memory.update(prompt="x")
    SessionMemory(machine.workspace, "web-1/old").update(prompt="x")
    foreign = machine.state / "sessions" / "id_rsa"
    foreign.write_text(SECRET)
    misnamed = machine.state / "sessions" / "other.json"
    misnamed.write_text('{"name": "web-1/agent"}')
    for path in (machine.state / "sessions").iterdir():
        make_old(path, 30 * 86400)
    memory.forget_old()
    assert sorted(path.name for path in (machine.state / "sessions").iterdir()) == [
        "id_rsa",
        "other.json",
    ]


def test_state_is_for_its_user_alone(machine: Machine) -> None:
    os.umask(0)
    try:
        machine.works()
        Queue.of(machine.workspace).append(message("a"))
    finally:
        os.umask(0o022)
    files = list(machine.state.parent.rglob("*"))
    assert files
    assert [path for path in files if path.stat().st_mode & 0o077] == []


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_a_folder_in_which_none_can_be_made_is_said_as_it_is() -> None:
    from coord.client.safe_files import make_folder

    with pytest.raises(FileNotFoundError, match=r"/proc/self/\.local"):
        make_folder("/proc/self/.local/state/coord")


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_regular_file_is_not_read_out_of_a_repository(tmp_path: Path, kind: str) -> None:
    from coord.client.safe_files import UnsafeFile, open_regular

    path = tmp_path / "lefthook.yml"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(UnsafeFile, match="not a regular file"):
        open_regular(str(path))
