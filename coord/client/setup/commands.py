"""`coord init`, `coord guard` and `coord doctor` as the command line has them."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from typing import Any, Callable, NoReturn

import click

from coord.client.cli.common import Command, Coord, Group, leave, pass_coord
from coord.client.cli.failures import REFUSED, USAGE, Failed
from coord.client.place import Place
from coord.client.setup import doctor as doctors
from coord.client.setup import git_guard, plugin, repository_setup
from coord.client.setup import guard as guards
from coord.client.setup.plan import Change, Plan, Refused

_dry_run = click.option("-n", "--dry-run", is_flag=True, help="Show what would change, and change nothing.")
_yes = click.option("-y", "--yes", is_flag=True, help="Do not ask.")


@click.command(
    cls=Command,
    examples="""
coord init --url http://coord.example:8001
coord init --dry-run
coord init --mcp --guard           with the MCP server, and the git hooks for people and other tools
coord init --local                 for yourself alone: nothing in a file that is committed
coord init --plugin ~/coord-plugin
coord init --undo
""",
)
@click.option("--local", is_flag=True, help="For yourself alone: nothing in a file that is committed.")
@click.option("--mcp", is_flag=True, help="Also enter the server in .mcp.json.")
@click.option("--guard", is_flag=True, help="Also install the git hooks, as coord guard install does.")
@click.option(
    "--plugin", "folder", metavar="DIR", type=click.Path(file_okay=False), help="Write a plugin for Claude Code there, and no more."
)
@click.option("--undo", is_flag=True, help="Take out again what init put in; with --local or --plugin only that.")
@_dry_run
@_yes
@pass_coord
def init(coord: Coord, local: bool, mcp: bool, guard: bool, folder: str | None, undo: bool, dry_run: bool, yes: bool) -> None:
    """Set up this repository: the hooks of Claude Code, what agents are told, the server and the project.

    \b
    .claude/settings.json   the hooks; all else in it stays
    AGENTS.md, CLAUDE.md    a marked block
    .coord.toml             the server (--url) and the project (--project), where there is none yet
    .gitignore              the queue

    Shows what it will change, and asks. May be repeated: after an update of coord it brings its own parts up to date.
    """
    with _told():
        place = repository_setup.place_of()
        if folder is not None:
            url = repository_setup.checked_url(coord.url_option or place.url)
            make = plugin.remove if undo else plugin.add
            plan = make(os.path.realpath(folder), url, place.token is not None)
        elif undo:
            plan = repository_setup.remove(place, local_only=local)
        else:
            wishes = repository_setup.Wishes(coord.url_option, coord.project_option, local, mcp, guard)
            plan = repository_setup.install(place, wishes)
        if _carry_out(coord, plan, dry_run=dry_run, yes=yes) and not undo:
            coord.note(_next(folder))


def _next(folder: str | None) -> str:
    if folder is None:
        return "Now see whether it works: coord doctor. Sessions that run already take part once they are started anew."
    shown = folder if re.fullmatch(r"[\w./~-]+", folder) else f'"{folder}"'
    name = plugin.NAME
    return f"To try it: claude --plugin-dir {shown}. To install it: claude plugin marketplace add {shown} && claude plugin install {name}@{name}"


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """A refusal ends the command, with its sentence."""
    try:
        yield
    except Refused as refused:
        raise Failed(str(refused), REFUSED) from None


def _carry_out(coord: Coord, plan: Plan, *, dry_run: bool, yes: bool) -> bool:
    """Shows the plan, asks, and does it. Whether it was done. Raises Refused, and Failed when nobody said that it may be done."""
    for note in plan.notes:
        coord.note(f"Note: {note}")
    changes, diff, count = plan.changes, plan.diff(), _count(plan)
    told = {"changes": [{"path": plan.shown(change.path), "change": _verb(change)} for change in changes], "notes": plan.notes}
    if not changes:
        coord.out("Nothing to change: everything is as it should be.")
    elif dry_run or not yes:
        coord.out(_coloured(diff).rstrip("\n"))
    if not changes or dry_run:
        if changes:
            coord.out("", f"{count} would change. Nothing was changed (--dry-run).")
        coord.result({"changed": False, **told, "diff": diff})
        return False
    if not yes:
        _ask(coord, count)
    plan.apply()
    for change in changes:
        coord.out(f"{_verb(change):8}{plan.shown(change.path)}")
    coord.result({"changed": True, **told})
    return True


def _ask(coord: Coord, count: str) -> None:
    if coord.json or not sys.stdin.isatty():
        raise Failed(f"{count} would change. Nothing was changed, since nobody can be asked here: --yes does it.", USAGE, "not_confirmed")
    if not click.confirm(f"\nChange {count}?", default=False):
        raise Failed("Nothing was changed.", USAGE, "not_confirmed")


def _coloured(diff: str) -> str:
    colours = {"+": "green", "-": "red", "@": "cyan"}
    return "".join(click.style(line, fg=colours[line[0]]) if line[:1] in colours else line for line in re.split(r"(?<=\n)", diff))


def _verb(change: Change) -> str:
    return "made" if change.before is None else "removed" if change.after is None else "changed"


def _count(plan: Plan) -> str:
    count = len(plan.changes)
    return "1 file" if count == 1 else f"{count} files"


# --- guard -----------------------------------------------------------------------------------------------------------------------


@click.group(
    cls=Group,
    examples="""
coord guard install
coord guard status
COORD_GUARD=off git commit ...     when the holder has agreed
""",
)
def guard() -> None:
    """Git hooks that ask coord before a commit and a push, for people and for tools without hooks of their own.

    A commit of a file that another session holds is refused, with who, why and until when; so is a push while another session pushes. When
    coord does not answer within 1.5 seconds, git goes on.
    """


@guard.command("install")
@_dry_run
@_yes
@pass_coord
def guard_install(coord: Coord, dry_run: bool, yes: bool) -> None:
    """Put the guard into the hooks of this repository; what is in them stays. May be repeated."""
    _change_guard(coord, git_guard.add, dry_run=dry_run, yes=yes)


@guard.command("remove")
@_dry_run
@_yes
@pass_coord
def guard_remove(coord: Coord, dry_run: bool, yes: bool) -> None:
    """Take it out again."""
    _change_guard(coord, git_guard.remove, dry_run=dry_run, yes=yes)


def _change_guard(coord: Coord, change: Callable[[Plan, Place], None], *, dry_run: bool, yes: bool) -> None:
    with _told():
        place = repository_setup.place_of()
        plan = repository_setup.plan_for(place)
        change(plan, place)
        _carry_out(coord, plan, dry_run=dry_run, yes=yes)


@guard.command("status")
@pass_coord
def guard_status(coord: Coord) -> None:
    """Tell whether it is there. Exit code 1 when it is not on in both hooks."""
    with _told():
        states = git_guard.status(repository_setup.place_of())
    for hook, state in states.items():
        coord.out(f"{hook:12}{'of another version: coord guard install' if state == 'old' else state}")
    coord.result(states)
    leave(0 if all(state == "on" for state in states.values()) else REFUSED)


@guard.command("pre-commit")
def guard_pre_commit() -> None:
    """Run by git before a commit. Exit code 9: refused."""
    _check("pre-commit")


@guard.command("pre-push")
@click.argument("remote", nargs=-1)
def guard_pre_push(remote: tuple[str, ...]) -> None:
    """Run by git before a push. Exit code 9: refused."""
    _check("pre-push")


def _check(hook: str) -> NoReturn:
    code, said = guards.check(hook)
    if said:
        click.echo(said, err=True)
    click.get_current_context().exit(code)


# --- doctor ----------------------------------------------------------------------------------------------------------------------

_SIGNS: dict[str, tuple[str, str]] = {
    doctors.OK: ("ok", "green"),
    doctors.WARNING: ("warning", "yellow"),
    doctors.PROBLEM: ("PROBLEM", "red"),
}


@click.command(
    cls=Command,
    examples="""
coord doctor
coord doctor --json | jq '.checks[] | select(.state != "ok")'
""",
)
@pass_coord
def doctor(coord: Coord) -> None:
    """Prove that coord works here: it reaches the server, runs a hook as Claude Code does, tries the queue, compares the clocks.

    Changes nothing: the claim that its trial makes is released again. Exit code 1 when there is a problem; warnings are none.
    """
    found: list[doctors.Check] = []
    for check in doctors.diagnose(url=coord.url_option, project=coord.project_option):
        found.append(check)
        if not coord.quiet or check.state != doctors.OK:
            coord.out(*_lines(check))
    count = {state: sum(check.state == state for check in found) for state in _SIGNS}
    coord.out("", f"{_counted(count[doctors.PROBLEM], 'problem')}, {_counted(count[doctors.WARNING], 'warning')}.")
    coord.result(_as_dict(found))
    leave(REFUSED if count[doctors.PROBLEM] else 0)


def _lines(check: doctors.Check) -> list[str]:
    sign, colour = _SIGNS[check.state]
    line = f"{click.style(f'{sign:8}', fg=colour)} {check.name}: {check.said}"
    return [line, *([f"{'':9}-> {check.todo}"] if check.todo else [])]


def _as_dict(checks: list[doctors.Check]) -> dict[str, Any]:
    return {"ok": all(check.state != doctors.PROBLEM for check in checks), "checks": [vars(check) for check in checks]}


def _counted(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"
