"""`coord queue` and `coord sync`: the calls that could not be sent."""

from __future__ import annotations

from typing import Any

import click

from coord.client.banner import plain
from coord.client.cli.common import Body, Command, Coord, leave, pass_coord, refusal, shown, summary
from coord.client.cli.failures import AWAY, REFUSED, Failed
from coord.client.locked import Busy
from coord.client.queue import Queue


@click.command(
    "queue",
    cls=Command,
    examples="""
coord queue                        what waits
coord queue --rejected             what coord refused when it was sent
coord queue --forget-rejected      when you have seen to that
""",
)
@click.option("--rejected", is_flag=True, help="What was refused, and why, instead of what waits.")
@click.option("--forget-rejected", is_flag=True, help="Empty the list of what was refused.")
@pass_coord
def queue(coord: Coord, rejected: bool, forget_rejected: bool) -> None:
    """Show the calls that wait because coord was away. `coord sync`, and any other write, sends them first."""
    queues = [Queue(path) for path in coord.place.queues]
    if forget_rejected:
        for each in queues:
            each.forget_rejected()
        coord.result({"forgotten": True})
        coord.note("The list of refused calls is empty.")
        return
    refused = [told for each in queues for told in each.rejected()]
    waiting = [shown(call) for each in reversed(queues) for call in each.waiting()]
    coord.result({"waiting": waiting, "rejected": refused, "files": [each.path for each in queues]})
    if rejected:
        for each in queues:
            each.take_unreported()  # now they are
        coord.out(*(refusal(told) for told in refused))
        if not refused:
            coord.note("No call was refused.")
        return
    coord.out(*(summary(told) for told in waiting))
    if not waiting:
        coord.note("No call waits.")
    if refused:
        coord.note(f"{len(refused)} calls were refused: coord queue --rejected.")


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

    Exit code 0: nothing waits any more. 1: it is all sent, and some of it was refused, now or before without anybody being told. 5: calls still
    wait.
    """
    coord.calls.timeouts.replay = max(coord.calls.timeouts.replay, 600.0)  # all of it: somebody asked for that
    try:
        done = coord.calls.replay()
    except Busy:
        raise Failed("Another process sends what waits. Try again in a moment.", AWAY, "busy") from None
    refused = [told for path in coord.place.queues for told in Queue(path).take_unreported()]
    told: Body = {"sent": done.sent, "dropped": done.dropped, "rejected": refused, "left": done.waiting, "detail": _detail(done)}
    coord.result(told)
    if not coord.quiet:
        coord.out(told["detail"])
    for each in refused:
        coord.warn(f"refused: {refusal(each)}")
    leave(AWAY if done.waiting else REFUSED if refused else 0)


def _detail(done: Any) -> str:
    if not (done.sent or done.dropped or done.rejected or done.waiting or done.busy):
        return "No call waits."
    parts = [f"{done.sent - len([each for each in done.rejected if 'line' not in each])} sent"]
    parts += [f"{done.dropped} dropped (claims that are released or over)"] if done.dropped else []
    parts += [f"{len(done.rejected)} refused"] if done.rejected else []
    if done.waiting or done.busy:
        why = "another process is sending them" if done.busy else plain(str(done.why)).rstrip(".")
        parts.append(f"{done.waiting} left ({why}): run coord sync again later")
    return ", ".join(parts) + "."
