"""`coord handover`: a note for who comes after a session."""

from __future__ import annotations

import click

from coord.client.cli.context import Body, Coord, Write, pass_coord
from coord.client.cli.options import Command
from coord.client.cli.output import when
from coord.client.others_text import NOTICE, framed, one_line

MAX_SHOWN_BYTES = 20_000  # more than any note has


def _text(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """`-` stands for what comes on standard input."""
    return click.get_text_stream("stdin").read().strip() if value == "-" else value


handover_option = click.option(
    "--handover",
    metavar="TEXT",
    callback=_text,
    help="What who comes after you must know; `-`: from standard input.",
)


@click.command(
    "handover",
    cls=Command,
    examples="""
coord handover "totals are done; next: refunds. Trap: rounding in src/tax.py"
coord handover - < notes.txt
coord handover                        shows the note that you left
coord handover --of web-1/claude-1a2b3c4d    shows another's
""",
)
@click.argument("text", required=False, callback=_text)
@click.option("--of", "session", metavar="SESSION", help="Shows the note of that session.")
@click.option("--clear", is_flag=True, help="Takes your note back.")
@pass_coord
def handover(coord: Coord, text: str | None, session: str | None, clear: bool) -> None:
    """Leave a note for who comes after you: done so far, next step, traps.

    It is shown with your session, also when that has ended, and told to who takes over a lock or
    an item that you had.
    """
    if sum((text is not None, session is not None, clear)) > 1:
        raise click.UsageError("Give one of TEXT, --of and --clear.")
    if text is None and not clear:
        _show(coord, session or coord.session)
        return
    if text == "":
        raise click.UsageError("The note is empty. --clear takes back the one that you left.")
    body = {"session_id": coord.session, "project_key": coord.project, "handover": text}
    write = Write("POST", "/sessions/heartbeat", body)
    coord.write_each([write], lambda payload: _describe(coord, payload))


def _describe(coord: Coord, payload: Body) -> str:
    if coord.quiet:
        return ""
    done = "left a note for who comes after" if payload["handover"] else "took back the note of"
    return f"{done} {coord.session}"


def _show(coord: Coord, session: str) -> None:
    page = coord.read("/sessions", name=session)
    entry = page["items"][0] if page["items"] else None
    coord.result(page)
    if coord.json:
        return
    name = one_line(session)
    if entry is None:
        coord.note(f"No session of the name {name} has announced itself.")
    elif not entry["handover"]:
        coord.note(f"{name} left no note.")
    else:
        coord.out(
            f"=== coord: note of {name}, {when(entry['handover_at'])} ===",
            NOTICE,
            framed(entry["handover"], MAX_SHOWN_BYTES),
        )
