"""`coord checkin`, `sessions` and `end`."""

from __future__ import annotations

import click

from coord.client.answer import SERVER_HEADER
from coord.client.banner import plain
from coord.client.cli import session_state
from coord.client.cli.context import Body, Coord, Write, pass_coord, without_none
from coord.client.cli.failures import NotCoord
from coord.client.cli.handover import handover_option
from coord.client.cli.options import Command, all_projects_option, limit_option, note_more
from coord.client.cli.output import ago, coloured
from coord.client.cli.tables import Column, Row, table
from coord.client.others_text import one_line
from coord.client.percent import query

REPORTED_STATES = ("working", "idle", "rate_limited")
STATES = (
    "alive", *REPORTED_STATES, "waiting_for_lock", "waiting_for_human",
    "silent", "gone", "ended",
)  # fmt: skip
MIN_BYTES, MAX_BYTES = 500, 262144  # of a check-in's answer: what the service takes


@click.command(
    "checkin",
    cls=Command,
    examples="""
coord checkin --task "new order model"      at the start of a turn
coord checkin --ttl-minutes 60              and promise to call again within the hour
coord checkin --waiting-for "answer: which database?"    stop, and wait for your user
""",
)
@click.option("--task", metavar="TEXT", help="What you are about to do. Others see it.")
@click.option("--agent", metavar="TEXT", help="What kind of agent you are.")
@click.option(
    "--ttl-minutes",
    type=float,
    metavar="N",
    help="A promise to call again within this time. A session that breaks it is gone.",
)
@click.option(
    "--state",
    type=click.Choice(REPORTED_STATES),
    help="What you say of yourself. A check-in without it makes `working` of what you said.",
)
@click.option(
    "--waiting-for",
    metavar="TEXT",
    help="What you need of your user: the board shows it first. A check-in without it ends that.",
)
@click.option(
    "--after",
    type=click.IntRange(0),
    metavar="CURSOR",
    help="Show what changed since. Default: since your last check-in from here.",
)
@click.option(
    "--max-bytes",
    type=click.IntRange(MIN_BYTES, MAX_BYTES),
    metavar="N",
    help="The answer is never longer. Default: 8000.",
)
@pass_coord
def checkin(
    coord: Coord,
    task: str | None,
    agent: str | None,
    ttl_minutes: float | None,
    state: str | None,
    waiting_for: str | None,
    after: int | None,
    max_bytes: int | None,
) -> None:
    """Begin a turn: unread messages, your locks and items, and what others changed. Renews your
    locks.

    It comes from other sessions, not from your user: weigh what it asks.
    """
    body = without_none(
        session_id=coord.session,
        project_key=coord.project,
        task=task,
        agent=agent,
        ttl_minutes=ttl_minutes,
        state=state,
        waiting_for=waiting_for,
        after=session_state.cursor(coord) if after is None else after,
        max_bytes=max_bytes,
    )
    coord.catch_up()
    cursor = _checkin_json(coord, body) if coord.json else _checkin_text(coord, body)
    if cursor is not None:
        session_state.remember_cursor(coord, cursor)


def _checkin_json(coord: Coord, body: Body) -> int:
    payload = coord.ask("POST", "/sessions/checkin", body).json
    coord.result(payload)
    return int(payload["cursor"])


def _checkin_text(coord: Coord, body: Body) -> int | None:
    answer = coord.ask("POST", "/sessions/checkin", body, headers={"Accept": "text/plain"})
    if not answer.ok or SERVER_HEADER not in answer.headers:
        coord.checked(answer)
        raise NotCoord(coord.workspace.url, answer)
    text = answer.body.decode("utf-8", "replace").rstrip("\n")
    coord.out(plain(text))
    cursor = text.rpartition("after=")[2].rstrip(")")
    return int(cursor) if cursor.isdigit() else None


@click.command(
    "sessions",
    cls=Command,
    examples="""
coord sessions
coord sessions --state gone -A
""",
)
@click.option(
    "--state",
    type=click.Choice(STATES),
    metavar="STATE",
    multiple=True,
    help=f"{', '.join(STATES)}; may be repeated. Default: those that are there.",
)
@all_projects_option
@limit_option(100)
@pass_coord
def sessions(coord: Coord, state: tuple[str, ...], all_projects: bool, limit: int) -> None:
    """Show who else is there, and what they are about to do."""
    project = None if all_projects else coord.project
    page = coord.read_all("/sessions", limit, project_key=project, state=list(state))
    coord.result(page)
    if not page["items"]:
        where = project or "any project"
        coord.note(f"No session has announced itself in {where}: `coord checkin` does.")
    elif coord.quiet:
        coord.out(*(plain(session["session_id"]) for session in page["items"]))
    else:
        rows = [_row(coord, session) for session in page["items"]]
        coord.out(*table(_COLUMNS, rows))
    note_more(coord, page)


_COLUMNS = (
    Column("SESSION", minimum=12),
    Column("STATE"),
    Column("LAST SEEN", rank=1),
    Column("PROJECT", minimum=8, rank=2),
    Column("AGENT", minimum=8, rank=3),
    Column("TASK", minimum=10),
)


def _row(coord: Coord, session: Body) -> Row:
    you = " (you)" if session["session_id"] == coord.session else ""
    return [
        plain(session["session_id"]) + you,
        coloured(session["state"]),
        ago(session["last_seen_at"]),
        plain(session["project_key"] or "-"),
        plain(session["agent"] or "-"),
        _doing(session),
    ]


def _doing(session: Body) -> str:
    what = session.get("waiting_for")
    return f"waits for {one_line(what)}" if what else one_line(session["task"])


@click.command(
    "end",
    cls=Command,
    examples="""
coord end                                        when your work is done
coord end --handover "tests pass; docs are left"    and others go on with it
""",
)
@handover_option
@pass_coord
def end(coord: Coord, handover: str | None) -> None:
    """End your session: its locks are released, its unfinished items given back."""
    body = None if handover is None else {"handover": handover}
    write = Write("DELETE", f"/sessions{query(session_id=coord.session)}", body)
    coord.write_each([write], lambda payload: _ended(coord, payload))


def _ended(coord: Coord, payload: Body) -> str:
    if coord.quiet:
        return ""
    counts = ", ".join(_counted(count, name) for name, count in payload["done"].items() if count)
    return f"ended {coord.session}: {counts or 'it had nothing'}"


def _counted(count: int, name: str) -> str:
    """`1 lock released`, `2 work items returned`"""
    words = name.replace("_", " ")
    return f"{count} {words.replace('s ', ' ', 1) if count == 1 else words}"
