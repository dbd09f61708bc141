"""The files that the client keeps for a user besides those of a checkout: as a link, a second name,
another user's, or in a folder that everybody may write to.
"""

import contextlib
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from coord.client import hook, tokens, user_state
from coord.client.cli.own_runs import _locked
from coord.client.locked import Busy
from coord.client.setup import empty_before
from coord.client.setup.plan import CannotChange, Plan
from coord.client.workspace import BadConfig, Workspace, remember_config
from tests.security.test_client_files import CLOSED, KINDS, Machine, other_owner


def write_all(machine: Machine) -> None:
    """All that the client does with these files."""
    settings = machine.checkout / "CLAUDE.md"
    settings.touch()
    plan = Plan(str(machine.checkout), user_state.root())
    for act in (
        lambda: hook._report(ValueError("x")),
        lambda: remember_config(str(machine.checkout / ".coord.toml"), {}),
        lambda: _locked(os.path.join(user_state.root(), "runs", "digest")).__exit__(
            None, None, None
        ),
        lambda: tokens.trust("http://other.example:8001"),
        lambda: empty_before.note(plan, str(settings)),
        plan.apply,
        lambda: empty_before.forget(plan),
        plan.apply,
        lambda: Workspace(str(machine.checkout), CLOSED),
    ):
        with contextlib.suppress(OSError, Busy, CannotChange, BadConfig):
            act()


NAMES = ("hook.log", "hook-failed", "runs/digest", "config-", "init-", "servers")


def path_of(machine: Machine, name: str) -> Path:
    checkout = os.path.realpath(machine.checkout)
    config = user_state.digest(str(machine.checkout / ".coord.toml"))
    return {
        "config-": Path(user_state.root()) / f"config-{config}.json",
        "init-": Path(user_state.root()) / f"init-{user_state.digest(checkout)}.json",
        "servers": Path(tokens.folder()) / "servers",
    }.get(name, Path(user_state.root()) / name)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_in_the_place_of_a_file_of_the_user_reaches_another(
    machine: Machine, name: str, kind: Callable[[Machine, Path], None]
) -> None:
    if kind is other_owner and os.geteuid():
        pytest.skip("only root can give a file away")
    path = path_of(machine, name)
    path.parent.mkdir(parents=True)
    kind(machine, path)
    write_all(machine)
    assert machine.is_whole()


def test_there_is_no_file_that_is_not_tried(machine: Machine) -> None:
    write_all(machine)
    found = [
        path.relative_to(folder).as_posix()
        for folder in (Path(user_state.root()), Path(tokens.folder()))
        for path in folder.rglob("*")
        if path.is_file()
    ]
    assert {re.sub(r"-[0-9a-f]{32}\.json$", "-", name) for name in found} <= set(NAMES)
