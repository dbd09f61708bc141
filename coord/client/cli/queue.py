"""`coord queue` and `coord sync`: the calls that could not be sent."""

from __future__ import annotations

import time

import click

from coord.client.banner import plain
from coord.client.cli.context import Body, Coord, leave, pass_coord
from coord.client.cli.failures import AWAY, REFUSED, Failed
from coord.client.cli.options import Command
from coord.client.cli.queued_calls import as_json, refusal, summary
from coord.client.locked import Busy
from coord.client.queue import ReplayResult
from coord.client.queue.elsewhere import waiting_elsewhere, waiting_sentence

SYNC_S = 600.0  # for all of the queue: somebody asked for it
PART_S = 3.0  # after which it says how far it is


@click.command(
    "queue",
    cls=Command,
    examples="""
coord queue                        what waits
coord queue --rejected             what coord refused when it was sent
coord queue --forget-rejected      when you have dealt with that
""",
)
@click.option("--rejected", is_flag=True, help="What was refused, and why, instead of what waits.")
@click.option("--forget-rejected", is_flag=True, help="Empty the list of refused calls.")
@pass_coord
def queue(coord: Coord, rejected: bool, forget_rejected: bool) -> None:
    """Show the calls that wait because coord was away.

    `coord sync`, and any other write, sends them.
    """
    own = coord.calls.queue
    if forget_rejected:
        own.forget_rejected()
        coord.result({"forgotten": True})
        coord.note("The list of refused calls is empty.")
        return
    refused = own.rejected()
    waiting = [as_json(call) for call in own.waiting()]
    files = [own.path, *own.shell_paths]
    coord.result({"waiting": waiting, "rejected": refused, "files": files})
    if rejected:
        own.take_unreported()  # they are reported here
        _list_refused(coord, refused)
        return
    coord.out(*map(summary, waiting))
    if not waiting:
        coord.note("No call waits.")
    _note_elsewhere(coord)
    if refused:
        coord.note(f"{len(refused)} calls were refused: coord queue --rejected.")


def _note_elsewhere(coord: Coord) -> None:
    for server, count in waiting_elsewhere(coord.workspace).items():
        coord.note(waiting_sentence(server, count))


def _list_refused(coord: Coord, refused: list[Body]) -> None:
    coord.out(*map(refusal, refused))
    if not refused:
        coord.note("No call was refused.")


@click.command(
    "sync",
    cls=Command,
    examples="""
coord sync || echo "some calls still wait"
""",
)
@pass_coord
def sync(coord: Coord) -> None:
    """Send the calls that wait, in order.

    Exit code 0: no call waits any more. 1: all are sent, and some were refused, now or earlier
    without anybody having seen it. 5: calls still wait.
    """
    coord.check_address()
    try:
        replayed = _replay_all(coord)
    except Busy:
        sentence = "Another process is sending the calls that wait. Try again in a moment."
        raise Failed(sentence, AWAY, "busy") from None
    refused = coord.calls.queue.take_unreported()
    report: Body = {
        "sent": replayed.sent,
        "dropped": replayed.dropped,
        "rejected": refused,
        "remaining": replayed.waiting,
        "detail": _detail(replayed),
    }
    coord.result(report)
    if not coord.quiet:
        coord.out(report["detail"])
    for call in refused:
        coord.warn(f"refused: {refusal(call)}")
    _note_elsewhere(coord)
    leave(AWAY if replayed.waiting else REFUSED if refused else 0)


def _replay_all(coord: Coord) -> ReplayResult:
    """Sends all that waits, in parts, with a note after each of them. Raises Busy."""
    total = ReplayResult()
    coord.calls.timeouts.replay = PART_S
    start = time.monotonic()
    while True:
        part = coord.calls.replay()
        total.sent += part.sent
        total.dropped += part.dropped
        total.rejected += part.rejected
        total.waiting, total.why, total.busy = part.waiting, part.why, part.busy
        is_moving = part.sent or part.dropped
        if not part.waiting or part.busy or coord.calls.away or not is_moving:
            return total
        if time.monotonic() - start > SYNC_S:
            return total
        coord.note(f"{total.sent + total.dropped} sent, {part.waiting} still wait.")


def _detail(replayed: ReplayResult) -> str:
    is_idle = not (replayed.sent or replayed.dropped or replayed.rejected or replayed.waiting)
    if is_idle and not replayed.busy:
        return "No call waits."
    # not lines that are no calls
    refused = [call for call in replayed.rejected if "line" not in call]
    parts = [f"{replayed.sent - len(refused)} sent"]
    if replayed.dropped:
        parts.append(f"{replayed.dropped} dropped (claims that are released or expired)")
    if replayed.rejected:
        parts.append(f"{len(replayed.rejected)} refused")
    if replayed.waiting or replayed.busy:
        reason = plain(str(replayed.why)).rstrip(".")
        if replayed.busy:
            reason = "another process is sending them"
        parts.append(f"{replayed.waiting} still wait ({reason}): run coord sync again later")
    return f"{', '.join(parts)}."
