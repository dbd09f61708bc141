"""A folder that is replaced by a link between a look at it and its use: nothing behind the link is
read, written or removed.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from coord.client import safe_files, workspace
from coord.client.queue.shell_file import ShellFile
from coord.client.setup import plan as plans
from coord.client.workspace import BadConfig, read_config
from tests.client.recording import shell_line

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows opens no folder to name files in")

SECRET = "the user's own\n"
NAME = "coord-queue.jsonl"
NOBODY = 65534


class Swap:
    """`folder`, with a file in it, becomes a link to `secrets`, where a file of that name is."""

    def __init__(self, top: Path) -> None:
        self.folder, self.secrets = top / "shop" / ".claude", top / "secrets"
        for each in (self.folder, self.secrets):
            each.mkdir(parents=True)
        self.file = self.folder / NAME
        self.file.write_text(shell_line())
        self.secret = self.secrets / NAME
        self.secret.write_text(SECRET)
        self.secrets.chmod(0o750)
        self.before = self._state()

    def make(self) -> None:
        if not self.folder.is_symlink():
            self.folder.rename(self.folder.with_name("moved"))
            self.folder.symlink_to(self.secrets)

    def _state(self) -> tuple[list[str], str, float, int]:
        mode = self.secrets.stat().st_mode
        return os.listdir(self.secrets), self.secret.read_text(), self.secret.stat().st_mtime, mode

    def has_reached_nothing(self) -> bool:
        return self._state() == self.before


@pytest.fixture
def swap(tmp_path: Path) -> Swap:
    return Swap(tmp_path)


def move_away(swap: Swap) -> object:
    status = swap.file.lstat()
    ShellFile(str(swap.file)).move(str(swap.folder.parent / "taken"), status)
    return (swap.folder.parent / "taken").read_text()


def apply_plan(swap: Swap) -> None:
    plan = plans.Plan(str(swap.folder.parent))
    plan.write(str(swap.file), "new\n")
    plan.write(str(swap.folder / "more.json"), "new\n")
    plan.apply()


ACTS: dict[str, Callable[[Swap], object]] = {
    "read": lambda swap: safe_files.read(str(swap.file)),
    "write": lambda swap: safe_files.write_whole(str(swap.file), b"new"),
    "append": lambda swap: safe_files.append(str(swap.file), b"new"),
    "remove": lambda swap: safe_files.remove(str(swap.file)),
    "touch": lambda swap: safe_files.touch(str(swap.file), 0.0),
    "list": lambda swap: safe_files.list_folder(str(swap.folder)),
    "make": lambda swap: safe_files.make_folder(str(swap.folder)),
    "read what shells queued": lambda swap: ShellFile(str(swap.file)).read(),
    "move what shells queued": move_away,
    "set what shells queued aside": lambda swap: ShellFile(str(swap.file)).set_aside(
        swap.file.lstat()
    ),
    "remove what shells queued": lambda swap: ShellFile(str(swap.file)).remove(),
    "set up": apply_plan,
}


@pytest.mark.parametrize("is_late", [False, True], ids=["before it is opened", "afterwards"])
@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_nothing_behind_the_link_is_reached(
    swap: Swap, act: Callable[[Swap], object], is_late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def open_and_swap(path: str, flags: int, *args: int, dir_fd: int | None = None) -> int:
        is_the_folder = flags & os.O_DIRECTORY and str(path).endswith(".claude")
        if is_the_folder and not is_late:
            swap.make()
        handle = opened(path, flags, *args, dir_fd=dir_fd)
        if is_the_folder:
            swap.make()
        return handle

    monkeypatch.setattr(os, "open", open_and_swap)
    seen: object = None
    with contextlib.suppress(OSError, plans.CannotChange):
        seen = act(swap)
    assert swap.folder.is_symlink(), "it was not swapped"
    assert swap.has_reached_nothing()
    assert SECRET.strip() not in repr(seen)


def test_the_rights_of_what_replaces_a_new_file_stay(
    swap: Swap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user who may write to the folder puts a link there before the file has its mode."""
    created = safe_files.create_in

    def create_and_swap(name: str, folder: int | None, *args: int) -> int:
        handle = created(name, folder, *args)
        (swap.folder / name).unlink()
        (swap.folder / name).symlink_to(swap.secret)
        return handle

    swap.file.chmod(0o666)
    swap.secret.chmod(0o600)
    monkeypatch.setattr(plans, "create_in", create_and_swap)
    plan = plans.Plan(str(swap.folder.parent))
    plan.write(str(swap.file), "new\n")
    with contextlib.suppress(plans.CannotChange):
        plan.apply()
    assert swap.secret.stat().st_mode & 0o777 == 0o600


def test_settings_that_another_user_puts_in_their_place_are_not_obeyed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After it was asked whose file it is, before it is read."""
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    file = tmp_path / ".coord.toml"
    file.write_text('url = "http://127.0.0.1:1"\n')
    found = workspace._is_obeyed(str(file))
    os.chown(file, NOBODY, NOBODY)
    assert found
    with pytest.raises(BadConfig, match="another user"):
        read_config(str(file))


@pytest.mark.timeout(30)
def test_settings_that_become_a_pipe_hold_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".coord.toml")
    with pytest.raises(BadConfig, match="regular file"):
        read_config(str(tmp_path / ".coord.toml"))
