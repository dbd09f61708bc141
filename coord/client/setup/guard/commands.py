"""`coord guard`."""

from __future__ import annotations

from typing import Callable, NoReturn

import click

from coord.client.banner import plain
from coord.client.cli.context import Coord, leave, pass_coord
from coord.client.cli.failures import REFUSED
from coord.client.cli.options import Group
from coord.client.setup import repository_setup
from coord.client.setup.confirm import (
    carry_out,
    dry_run_option,
    refusals_end_the_command,
    yes_option,
)
from coord.client.setup.guard import check, git_hooks
from coord.client.setup.plan import Plan
from coord.client.workspace import Workspace


@click.group(
    cls=Group,
    examples="""
coord guard install
coord guard status
COORD_GUARD=off git commit ...     when the holder has agreed
""",
)
def guard() -> None:
    """Git hooks that ask coord before a commit and a push, for people and for tools without hooks.

    A commit of a file that another session holds is refused, with who, why and until when; so is a
    push while another session pushes. When coord does not answer within 1.5 seconds, git goes on.
    """


@guard.command("install")
@dry_run_option
@yes_option
@pass_coord
def install(coord: Coord, dry_run: bool, yes: bool) -> None:
    """Add the guard to the hooks of this repository; what is in them stays. May be repeated."""
    _change(coord, git_hooks.add, dry_run=dry_run, yes=yes)


@guard.command("remove")
@dry_run_option
@yes_option
@pass_coord
def remove(coord: Coord, dry_run: bool, yes: bool) -> None:
    """Take it out again."""
    _change(coord, git_hooks.remove, dry_run=dry_run, yes=yes)


def _change(
    coord: Coord, change: Callable[[Plan, Workspace], None], *, dry_run: bool, yes: bool
) -> None:
    with refusals_end_the_command():
        workspace = repository_setup.workspace_of()
        plan = repository_setup.plan_for(workspace)
        change(plan, workspace)
        carry_out(coord, plan, dry_run=dry_run, yes=yes)


@guard.command("status")
@pass_coord
def status(coord: Coord) -> None:
    """Show whether it is there. Exit code 1 unless it is on in both hooks."""
    with refusals_end_the_command():
        states = git_hooks.status(repository_setup.workspace_of())
    for hook, state in states.items():
        shown = "of another version: coord guard install" if state == "old" else state
        coord.out(f"{hook:12}{shown}")
    coord.result(states)
    leave(0 if all(state == "on" for state in states.values()) else REFUSED)


@guard.command("pre-commit")
def pre_commit() -> None:
    """Run by git before a commit. Exit code 9: refused."""
    _run("pre-commit")


@guard.command("pre-push")
@click.argument("remote", nargs=-1)
def pre_push(remote: tuple[str, ...]) -> None:
    """Run by git before a push. Exit code 9: refused."""
    _run("pre-push")


def _run(hook: str) -> NoReturn:
    code, message = check.check(hook)
    if message:
        click.echo(plain(message), err=True)
    click.get_current_context().exit(code)
