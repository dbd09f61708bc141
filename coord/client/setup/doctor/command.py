"""`coord doctor`: prints the checks."""

from __future__ import annotations

import click

from coord.client.banner import plain
from coord.client.cli.context import Coord, leave, pass_coord
from coord.client.cli.failures import REFUSED
from coord.client.cli.options import Command
from coord.client.setup.doctor.check import OK, PROBLEM, WARNING, Check
from coord.client.setup.doctor.diagnosis import diagnose

_LABELS = {OK: ("ok", "green"), WARNING: ("warning", "yellow"), PROBLEM: ("PROBLEM", "red")}


@click.command(
    cls=Command,
    examples="""
coord doctor
coord doctor --json | jq '.checks[] | select(.state != "ok")'
""",
)
@click.option(
    "--run-hooks",
    is_flag=True,
    help="Also try a hook of this repository's settings that is not as `coord init` writes it.",
)
@pass_coord
def doctor(coord: Coord, run_hooks: bool) -> None:
    """Prove that coord works here: it reaches the server, runs a hook as Claude Code does, tries
    the queue and compares the clocks.

    Changes nothing: the claim that its trial makes is released again. A command that only this
    repository names is not run, unless you say so. Exit code 1 when there is a problem; a warning
    is none.
    """
    checks: list[Check] = []
    for check in diagnose(url=coord.url_option, project=coord.project_option, runs_hooks=run_hooks):
        checks.append(check)
        if not coord.quiet or check.state != OK:
            coord.out(*_lines(check))
    problems, warnings = (_number(checks, state) for state in (PROBLEM, WARNING))
    coord.out("", f"{_counted(problems, 'problem')}, {_counted(warnings, 'warning')}.")
    coord.result({"ok": not problems, "checks": [vars(check) for check in checks]})
    leave(REFUSED if problems else 0)


def _lines(check: Check) -> list[str]:
    label, colour = _LABELS[check.state]
    line = f"{click.style(f'{label:8}', fg=colour)} {check.name}: {plain(check.message)}"
    return [line, f"{'':9}-> {plain(check.fix)}"] if check.fix else [line]


def _number(checks: list[Check], state: str) -> int:
    return sum(check.state == state for check in checks)


def _counted(count: int, noun: str) -> str:
    return f"{count or 'no'} {noun}{'' if count == 1 else 's'}"
