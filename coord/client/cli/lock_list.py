"""`coord locks`."""

from __future__ import annotations

import click

from coord.client.banner import plain
from coord.client.cli import completion, naming
from coord.client.cli.context import Body, Coord, pass_coord
from coord.client.cli.objects import Lock, Waiter
from coord.client.cli.options import Command, all_projects_option, limit_option, note_more
from coord.client.cli.output import ago, clock, coloured, when
from coord.client.cli.tables import Cell, Column, id_cells, table
from coord.client.others_text import one_line


@click.command(
    "locks",
    cls=Command,
    examples="""
coord locks                     what is held in this project
coord locks src/                what a claim of it would conflict with
coord locks --mine --json
coord locks --waiting           who waits for a lock
""",
)
@click.argument("resource", required=False, shell_complete=completion.files)
@click.option("--mine", is_flag=True, help="Only yours.")
@click.option("--holder", metavar="SESSION", help="Only that session's.")
@click.option("--stale", is_flag=True, help="Only abandoned ones.")
@click.option("--released", "state", flag_value="released", help="Those that have ended.")
@click.option("--history", "state", flag_value="all", help="Both held and ended ones.")
@click.option("--waiting", is_flag=True, help="Claims that wait, instead of locks.")
@naming.naming_options
@all_projects_option
@limit_option(100)
@pass_coord
def locks(
    coord: Coord,
    resource: str | None,
    mine: bool,
    holder: str | None,
    stale: bool,
    state: str | None,
    waiting: bool,
    as_is: bool,
    is_file: bool,
    all_projects: bool,
    limit: int,
) -> None:
    """Show who holds what, why, and until when."""
    if waiting and (stale or state):
        raise click.UsageError("--waiting does not go with --stale, --released or --history.")
    project, name = coord.project, None
    if resource is not None:
        own_project, name = naming.resource(coord, resource, as_is=as_is, is_file=is_file)
        project = coord.project_option or own_project
    filters: Body = {
        "project_key": None if all_projects else project,
        "resource": name,
        "session_id": coord.session if mine else holder,
    }
    if waiting:
        page = coord.read_all("/locks/waiters", limit, **filters)
    else:
        page = coord.read_all("/locks", limit, **filters, state=state, stale=stale or None)
    coord.result(page)
    items = page["items"]
    if not items:
        what = "Nobody waits for a lock" if waiting else "No lock"
        about = f" that overlaps {name}" if name else ""
        coord.note(f"{what}{about} in {'any project' if all_projects else project}.")
    elif coord.quiet:
        coord.out(*(item["id"] for item in items))
    else:
        coord.out(*(_waiters_table(items) if waiting else _table(coord, items, all_projects)))
    note_more(coord, page)


_COLUMNS = (
    Column("RESOURCE", minimum=12, keeps_end=True),
    Column("HOLDER", minimum=10),
    Column("SINCE", rank=3),
    Column("UNTIL", rank=1),
    Column("STATE", rank=2),
    Column("ID", rank=4),
    Column("WHY", minimum=10),
)


def _table(coord: Coord, shown: list[Lock], all_projects: bool) -> list[str]:
    ids = id_cells([lock["id"] for lock in shown])
    rows = [_row(coord, lock, short_id, all_projects) for lock, short_id in zip(shown, ids)]
    return table(_COLUMNS, rows)


def _row(coord: Coord, lock: Lock, lock_id: Cell, all_projects: bool) -> list[str | Cell]:
    project = f"{plain(lock['project_key'])}: " if all_projects else ""
    you = " (you)" if lock["session_id"] == coord.session else ""
    end = lock["expires_at"]
    return [
        project + plain(lock["resource"]),
        plain(lock["session_id"]) + you,
        ago(lock["acquired_at"]),
        Cell(when(end), clock(end)) if end else "no end",
        _state(lock),
        lock_id,
        one_line(lock["description"]),
    ]


def _state(lock: Lock) -> str:
    if lock["released_at"]:
        return str(lock["release_reason"])
    return coloured("stale") if lock["stale"] else lock["mode"]


_WAITER_COLUMNS = (
    Column("RESOURCES", minimum=12, keeps_end=True),
    Column("SESSION", minimum=10),
    Column("SINCE"),
    Column("MODE", rank=1),
    Column("WHY", minimum=10),
)


def _waiters_table(waiters: list[Waiter]) -> list[str]:
    rows = [
        [
            ", ".join(plain(name) for name in waiter["resources"]),
            plain(waiter["session_id"]),
            ago(waiter["since"]),
            waiter["mode"],
            one_line(waiter["description"]),
        ]
        for waiter in waiters
    ]
    return table(_WAITER_COLUMNS, rows)
