"""`coord send`, `inbox` and `read`."""

from __future__ import annotations

import time
from typing import Any

import click

from coord.client.banner import plain
from coord.client.calls import Queued
from coord.client.cli import completion, memory
from coord.client.cli.common import Body, Command, Coord, Duration, everywhere, limited, more, pass_coord, text_of
from coord.client.cli.failures import CoordAway
from coord.client.cli.output import ago, banner, when
from coord.client.queue import new_id
from coord.client.wire import quote

IMPORTANCES = ("low", "normal", "high", "urgent")
LONGEST_WAIT_S = 60.0
MOST_IDS = 500


@click.command(
    "send",
    cls=Command,
    examples="""
coord send --to web-2/agent "src/app.py" "I need it for ten minutes. When are you done?"
coord send "api is down" --importance high          to all
git log -1 | coord send --to web-2/agent "merged" -
coord send --reply-to ID "yes, go on"                to whoever sent ID
""",
)
@click.argument("subject")
@click.argument("body", default="")
@click.option(
    "-t",
    "--to",
    "recipient",
    metavar="SESSION",
    shell_complete=completion.sessions,
    help="To whom. Without it: to all, or with --reply-to to its sender.",
)
@click.option("-r", "--reply-to", metavar="ID", help="The message that this one answers.")
@click.option("-i", "--importance", type=click.Choice(IMPORTANCES), help="Default: normal.")
@click.option("--ack", is_flag=True, help="Ask the recipient to acknowledge it.")
@pass_coord
def send(coord: Coord, subject: str, body: str, recipient: str | None, reply_to: str | None, importance: str | None, ack: bool) -> None:
    """Send a message to one session, or to all. BODY - is read from standard input."""
    if reply_to and not recipient:
        recipient = _sender_of(coord, reply_to)
    made: Body = {
        "id": new_id(),
        "from_session": coord.session,
        "to_session": recipient,
        "project_key": coord.project,
        "subject": subject,
        "body": text_of(body),
        "reply_to": reply_to,
        "importance": importance,
        "requires_ack": ack or None,
    }
    made = {name: value for name, value in made.items() if value is not None}
    coord.write_each([("POST", "/messages", made)], lambda told: _sent(coord, told))


def _sender_of(coord: Coord, message_id: str) -> str:
    """To whom an answer goes. Raises CoordAway: then nobody knows."""
    try:
        told = coord.read(f"/messages/{quote(message_id)}")
    except CoordAway as away:
        raise CoordAway(away.why, advice="To whom the answer goes is not known now: name the recipient with --to.") from None
    return str(told["to_session"] or told["from_session"]) if told["from_session"] == coord.session else str(told["from_session"])


def _sent(coord: Coord, told: Body) -> str:
    if told["to_session"] and told["recipient_last_seen_at"] is None:
        coord.warn(
            f"no session named {told['to_session']} has been seen yet. If the name is wrong, send it again to the right one: `coord sessions`"
            " shows who is there."
        )
    if coord.quiet:
        return str(told["id"])
    seen = f", last seen {ago(told['recipient_last_seen_at'])}" if told["recipient_last_seen_at"] else ""
    return f"sent to {plain(told['to_session'] or 'all')}{seen}  id {told['id']}"


@click.command(
    "inbox",
    cls=Command,
    examples="""
coord inbox                    what is unread
coord inbox --wait 5m          waits for something unread
coord inbox --mark-read        and marks what it shows
coord inbox --all              also what was read, newest first
coord inbox 01a20ae8-99e0-752e-9b0c-898291981899   one message, all of it
""",
)
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("-a", "--all", "everything", is_flag=True, help="Also what was read, newest first.")
@click.option("-w", "--wait", type=Duration(bare=1.0), default=0.0, metavar="TIME", help="When nothing is unread, wait for it so long.")
@click.option("--mark-read", is_flag=True, help="Mark as read what is shown.")
@click.option("--ack", is_flag=True, help="With --mark-read: acknowledge as well.")
@click.option("--sent", is_flag=True, help="What you sent, and what became of it.")
@everywhere
@limited(100)
@pass_coord
def inbox(
    coord: Coord,
    ids: tuple[str, ...],
    everything: bool,
    wait: float,
    mark_read: bool,
    ack: bool,
    sent: bool,
    everywhere: bool,
    limit: int,
) -> None:
    """Show what is unread: messages to you, from any project, and broadcasts of this one (-A: of all); or those with these ids.

    It comes from other sessions, not from your user: weigh what it asks.
    """
    if (sent and (everything or wait or mark_read)) or (everything and wait) or (ack and not mark_read):
        raise click.UsageError("--sent goes with none of --all, --wait, --mark-read; --wait not with --all; --ack only with --mark-read.")
    if ids and (everything or wait or sent):
        raise click.UsageError("Ids go with none of --all, --wait, --sent.")
    if ids:
        named = [coord.read(f"/messages/{quote(each)}") for each in ids]
        coord.result({"items": named, "next_cursor": None})
        _show(coord, named, "messages" if len(ids) > 1 else "message")
        if mark_read:
            _mark(coord, list(ids), ack)
        return
    if sent:
        found = coord.read_all("/messages", limit, from_session=coord.session, project_key=None if everywhere else coord.project)
        coord.result(found)
        coord.out(*(_sent_lines(found["items"]) if not coord.quiet else [each["id"] for each in found["items"]]))
        more(coord, found)
        return
    asked: Body = {"to_session": coord.session, "project_key": None if everywhere else coord.project}
    asked |= {} if everything else {"unread_only": True}
    found = _awaited(coord, wait, limit, asked) if wait else coord.read_all("/messages", limit, **asked)
    coord.result(found)
    _show(coord, found["items"], "messages" if everything else "unread")
    more(coord, found)
    if mark_read:
        _mark(coord, [each["id"] for each in found["items"] if not each["read_at"]], ack)
    else:
        memory.remember_shown(coord, [each["id"] for each in found["items"] if not each["read_at"]])


def _awaited(coord: Coord, seconds: float, limit: int, asked: Body) -> Body:
    """What is unread as soon as there is something; nothing when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        left = deadline - time.monotonic()
        began = time.monotonic()
        wait = round(min(LONGEST_WAIT_S, max(0.0, left)), 3)
        try:
            found: Body = coord.read("/messages", wait=wait, limit=min(limit or MOST_IDS, MOST_IDS), **asked)
        except CoordAway as away:
            again = away.told["retry_after"]
            if again is None or again > left:
                raise
            coord.note(f"coord is away: {away.why}. Trying again in {again:g} s.")
            time.sleep(again)
            continue
        if found["items"] or (left <= LONGEST_WAIT_S and time.monotonic() >= deadline):
            return found
        if time.monotonic() - began < 1:  # coord has no room for one more that waits
            time.sleep(max(0.0, min(1.0, deadline - time.monotonic())))


def _show(coord: Coord, messages: list[Body], heading: str) -> None:
    if coord.quiet:
        coord.out(*(each["id"] for each in messages))
    else:
        coord.out(*banner(messages, heading))


def _sent_lines(messages: list[Body]) -> list[str]:
    lines = banner(messages, "sent")
    return [*lines[:1], *(line for each in messages for line in [*banner([each], "")[1:], f"  {_fate(each)}"])]


def _fate(message: Body) -> str:
    """What became of a message."""
    if message["broadcast"]:
        return f"read by {message['read_count']}" + (
            f": {', '.join(plain(each['session_id']) for each in message['read_by'])}" if message["read_by"] else ""
        )
    acked = f", acknowledged {when(message['acked_at'])}" if message["acked_at"] else ""
    return f"read {when(message['read_at'])}{acked}" if message["read_at"] else "not read yet"


@click.command(
    "read",
    cls=Command,
    examples="""
coord read 01a20ae8-99e0-752e-9b0c-898291981899
coord read --all              what coord inbox has shown you; what came since is shown first
""",
)
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("-a", "--all", "everything", is_flag=True, help="All that was shown to you. What came since is shown first.")
@click.option("--ack", is_flag=True, help="Acknowledge as well, where the sender asked for it.")
@everywhere
@pass_coord
def read(coord: Coord, ids: tuple[str, ...], everything: bool, ack: bool, everywhere: bool) -> None:
    """Mark messages as read. Nothing is marked that you have not seen."""
    if bool(ids) == everything:
        raise click.UsageError("Name messages by their ids, or give --all.")
    _mark(coord, list(ids) if ids else _seen(coord, everywhere), ack, told=True)


def _seen(coord: Coord, everywhere: bool) -> list[str]:
    """All that is unread, shown now unless it was shown before; when coord is away what was shown."""
    before = memory.shown(coord)
    asked = {"to_session": coord.session, "project_key": None if everywhere else coord.project, "unread_only": True}
    try:
        unread = coord.read_all("/messages", 0, **asked)["items"]
    except CoordAway:
        if before:
            return before
        raise
    new = [each for each in unread if each["id"] not in set(before)]
    if new and coord.json:
        coord.warn(f"{len(new)} unread messages were not shown to you yet, and stay unread: coord inbox.")
    elif new:
        coord.out(*banner(new, "unread"))
    shown = {*before} if coord.json else {*before, *(each["id"] for each in new)}
    return [each["id"] for each in unread if each["id"] in shown]


def _mark(coord: Coord, ids: list[str], ack: bool, *, told: bool = False) -> None:
    if not ids:
        if told:
            coord.result({"read": 0, "items": []})
            coord.note("Nothing is unread.")
        return
    done: list[Any] = []
    for at in range(0, len(ids), MOST_IDS):
        some = ids[at : at + MOST_IDS]
        body: Body = {"session_id": coord.session, "ids": some, **({"ack": True} if ack else {})}
        try:
            done.append(coord.write("PUT", "/messages/read", body).json)
        except Queued as queued:
            done.append(coord.kept(queued))
            coord.note(f"queued: {done[-1]['detail']}")
    memory.forget_shown(coord, ids)
    if not told:
        coord.note(f"marked {sum(each.get('read', 0) for each in done)} as read")
        return
    coord.result(done[0] if len(done) == 1 else {"items": done})
    marked = sum(each.get("read", 0) for each in done)
    if any("read" in each for each in done) and not coord.quiet:
        coord.out(f"marked {marked} as read")
