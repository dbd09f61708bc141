"""Shows a plan, asks, and carries it out: for every command that changes files."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import click

from coord.client.banner import plain
from coord.client.cli.console import can_ask
from coord.client.cli.context import Coord
from coord.client.cli.failures import REFUSED, USAGE, Failed
from coord.client.setup.git import GitFailed
from coord.client.setup.plan import CannotChange, FileChange, Plan

dry_run_option = click.option(
    "-n", "--dry-run", is_flag=True, help="Show what would change, and change nothing."
)
yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask.")


@contextlib.contextmanager
def refusals_end_the_command() -> Iterator[None]:
    try:
        yield
    except (CannotChange, GitFailed) as error:
        raise Failed(str(error), REFUSED) from None


def carry_out(coord: Coord, plan: Plan, *, dry_run: bool, yes: bool) -> bool:
    """Whether files were changed. Raises CannotChange, and Failed when nobody confirmed it."""
    for note in plan.notes:
        coord.note(f"Note: {note}")
    changes, diff = plan.changes, plan.diff()
    summary = {
        "changes": [
            {"path": plan.shown(change.path), "change": _verb(change)} for change in changes
        ],
        "notes": plan.notes,
    }
    if not changes:
        coord.out("Nothing to change: everything is as it should be.")
    elif dry_run or not yes:
        coord.out(_coloured(diff).rstrip("\n"), wraps=False)
    count = _count(changes)
    if not changes or dry_run:
        if changes:
            coord.out("", f"{count} would change. Nothing was changed (--dry-run).")
        coord.result({"changed": False, **summary, "diff": diff})
        return False
    if not yes:
        _ask(coord, count)
    plan.apply()
    for change in changes:
        coord.out(f"{_verb(change):8}{plain(plan.shown(change.path))}")
    coord.result({"changed": True, **summary})
    return True


def _ask(coord: Coord, count: str) -> None:
    if coord.json or not can_ask():
        sentence = (
            f"{count} would change. Nothing was changed, since nobody can be asked here: use --yes."
        )
        raise Failed(sentence, USAGE, "not_confirmed")
    if not click.confirm(f"\nChange {count}?", default=False):
        raise Failed("Nothing was changed.", USAGE, "not_confirmed")


def _coloured(diff: str) -> str:
    colours = {"+": "green", "-": "red", "@": "cyan"}
    lines = re.split(r"(?<=\n)", diff)
    return "".join(
        click.style(plain(line), fg=colours[line[0]]) if line[:1] in colours else plain(line)
        for line in lines
    )


def _verb(change: FileChange) -> str:
    if change.before is None:
        return "created"
    return "removed" if change.after is None else "changed"


def _count(changes: list[FileChange]) -> str:
    return "1 file" if len(changes) == 1 else f"{len(changes)} files"
