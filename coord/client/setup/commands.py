"""`coord init`, `coord guard` and `coord doctor` as the command line has them."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import NoReturn

import click

from coord.client.setup import doctor as doctors
from coord.client.setup import git, git_guard, plugin, repository_setup
from coord.client.setup import guard as guards
from coord.client.setup.plan import Plan, Refused

NOTHING_DONE = 2  # it was not said that it may be done

_dry_run = click.option("-n", "--dry-run", is_flag=True, help="Show what would change, and change nothing.")
_yes = click.option("-y", "--yes", is_flag=True, help="Do not ask.")


@click.command()
@click.option("--url", metavar="URL", help="The server, for a new .coord.toml.  [default: as now]")
@click.option("--project", metavar="NAME", help="The project, for a new .coord.toml.  [default: the repository's name]")
@click.option("--local", is_flag=True, help="For yourself alone: nothing in a file that is committed.")
@click.option("--mcp", is_flag=True, help="Also enter the server in .mcp.json.")
@click.option("--guard", is_flag=True, help="Also install the git hooks, as `coord guard install` does.")
@click.option(
    "--plugin", "folder", metavar="DIR", type=click.Path(file_okay=False), help="Write a plugin for Claude Code there, and nothing else."
)
@click.option("--undo", is_flag=True, help="Take out again what init put in, here (with --local: that; with --plugin: from there).")
@_dry_run
@_yes
def init(
    url: str | None, project: str | None, local: bool, mcp: bool, guard: bool, folder: str | None, undo: bool, dry_run: bool, yes: bool
) -> None:
    """Set up this repository: the hooks of Claude Code, what agents are told, the server and the project.

    \b
    .claude/settings.json   the hooks; all else in it stays
    AGENTS.md, CLAUDE.md    a marked block
    .coord.toml             the server, the project, what commands need locks
    .gitignore              the queue

    Shows what it will change and asks. May be repeated: after an update of coord it brings its own parts up to date.

    \b
      coord init --url http://coord.example:8001
      coord init --dry-run
      coord init --undo
    """
    try:
        place = repository_setup.place_of()
        if folder is not None:
            wanted = (url or place.url).rstrip("/")
            make = plugin.remove if undo else plugin.add
            plan = make(os.path.realpath(folder), wanted, place.token is not None)
        elif undo:
            plan = repository_setup.remove(place, local_only=local)
        else:
            plan = repository_setup.install(place, repository_setup.Wishes(url, project, local, mcp, guard))
    except (Refused, git.GitFailed) as refused:
        _refuse(refused)
    done = _carry_out(plan, dry_run=dry_run, yes=yes)
    if done and not undo:
        click.echo(_next(folder))


def _next(folder: str | None) -> str:
    if folder is None:
        return "`coord doctor` shows whether it works. Sessions that run already take part once they are started anew."
    shown = folder if re.fullmatch(r"[\w./~-]+", folder) else f'"{folder}"'
    return (
        f"Try it: claude --plugin-dir {shown}\n"
        f"Install it: claude plugin marketplace add {shown} && claude plugin install {plugin.NAME}@{plugin.NAME}"
    )


def _carry_out(plan: Plan, *, dry_run: bool, yes: bool) -> bool:
    """Shows the plan, asks, and does it. Whether it was done; ends the program when it may not be."""
    for note in plan.notes:
        click.echo(f"Note: {note}", err=True)
    if not plan.changes:
        click.echo("Nothing to change: everything is as it should be.")
        return False
    if dry_run or not yes:
        click.echo(_coloured(plan.diff()), nl=False)
    if dry_run:
        click.echo(f"{_count(plan)} would change. Nothing was changed (--dry-run).")
        return False
    if not yes and not sys.stdin.isatty():
        click.echo(f"coord: {_count(plan)} would change. Nothing was changed, since nobody can be asked here: --yes does it.", err=True)
        sys.exit(NOTHING_DONE)
    if not yes and not click.confirm(f"Change {_count(plan)}?", default=False):
        click.echo("Nothing was changed.")
        sys.exit(NOTHING_DONE)
    try:
        plan.apply()
    except Refused as refused:
        _refuse(refused)
    for change in plan.changes:
        verb = "made" if change.before is None else "removed" if change.after is None else "changed"
        click.echo(f"{verb:8}{plan.shown(change.path)}")
    return True


def _coloured(diff: str) -> str:
    colours = {"+": "green", "-": "red", "@": "cyan"}
    return "".join(click.style(line, fg=colours.get(line[:1])) for line in re.split(r"(?<=\n)", diff))


def _count(plan: Plan) -> str:
    count = len(plan.changes)
    return "1 file" if count == 1 else f"{count} files"


def _refuse(why: Exception) -> NoReturn:
    click.echo(f"coord: {why}", err=True)
    sys.exit(1)


# --- guard -----------------------------------------------------------------------------------------------------------------------


@click.group()
def guard() -> None:
    """Git hooks that ask coord before a commit and a push, for people and for tools without hooks of their own.

    A commit of a file that another session holds is refused, with who, why and until when; so is a push while another session pushes. When
    coord does not answer within 1.5 seconds, git goes on.

    COORD_GUARD=off git commit ... leaves it out, for when the holder has agreed.
    """


@guard.command("install")
@_dry_run
@_yes
def guard_install(dry_run: bool, yes: bool) -> None:
    """Put the guard into the hooks of this repository; what is in them stays. May be repeated."""
    _change_guard(git_guard.add, dry_run=dry_run, yes=yes)


@guard.command("remove")
@_dry_run
@_yes
def guard_remove(dry_run: bool, yes: bool) -> None:
    """Take it out again."""
    _change_guard(git_guard.remove, dry_run=dry_run, yes=yes)


def _change_guard(change: object, *, dry_run: bool, yes: bool) -> None:
    try:
        place = repository_setup.place_of()
        plan = repository_setup.plan_for(place)
        assert callable(change)
        change(plan, place)
    except Refused as refused:
        _refuse(refused)
    _carry_out(plan, dry_run=dry_run, yes=yes)


@guard.command("status")
def guard_status() -> None:
    """Tell whether it is there. Exit code 1 when it is not on in both hooks."""
    try:
        states = git_guard.status(repository_setup.place_of())
    except Refused as refused:
        _refuse(refused)
    for hook, state in states.items():
        click.echo(f"{hook:12}{'of another version: coord guard install' if state == 'old' else state}")
    sys.exit(0 if all(state == "on" for state in states.values()) else 1)


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
    sys.exit(code)


# --- doctor ----------------------------------------------------------------------------------------------------------------------

_SIGNS = {doctors.OK: ("ok", "green"), doctors.WARNING: ("warning", "yellow"), doctors.PROBLEM: ("PROBLEM", "red")}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As one JSON object: {ok, checks: [{name, state, said, todo}]}.")
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Prove that coord works here: it reaches the server, runs a hook as Claude Code does, tries the queue, compares clocks.

    Changes nothing: the claim that its trial makes is released again. Exit code 1 when there is a problem; warnings are none.
    """
    found = []
    as_json = as_json or bool(getattr(context.obj, "json", False))
    for check in doctors.diagnose():
        found.append(check)
        if not as_json:
            sign, colour = _SIGNS[check.state]
            click.echo(f"{click.style(f'{sign:8}', fg=colour)} {check.name}: {check.said}")
            if check.todo:
                click.echo(f"{'':9}-> {check.todo}")
    problems = sum(check.state == doctors.PROBLEM for check in found)
    if as_json:
        click.echo(json.dumps(doctors.as_dict(found), indent=2, ensure_ascii=False))
    else:
        warnings = sum(check.state == doctors.WARNING for check in found)
        click.echo(f"\n{_counted(problems, 'problem')}, {_counted(warnings, 'warning')}.")
    sys.exit(1 if problems else 0)


def _counted(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"
