"""`coord status` and `coord events`: how things are, what has happened, and what happens now."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from functools import partial
from typing import Any, Callable, TypeVar

import click

from coord.client.banner import one_line, plain
from coord.client.cli.common import Body, Command, Coord, Duration, everywhere, pass_coord
from coord.client.cli.failures import CoordAway, Refused
from coord.client.cli.output import ago, cut, until, when, word
from coord.client.cli.work import progress
from coord.client.queue import seconds_of

WAIT_S = 50.0  # proxies close what is silent for longer, often after 60 s
PAGE = 500
FIRST_LOOK_BACK = 500  # revisions
NOTHING_FITS = "none.none"  # a type that no event has
AGAIN_S = (1.0, 2.0, 5.0, 10.0, 30.0)  # between tries while coord is away
SETTLE_S = 0.3  # what happens at once is drawn at once
SHOWN = 12  # locks and components in the overview

Answered = TypeVar("Answered")

# --- the journal -----------------------------------------------------------------------------------------------------------------


class Feed:
    """The journal as this command wants it."""

    def __init__(self, coord: Coord, project: str | None, types: tuple[str, ...] = ()) -> None:
        self.coord = coord
        self.asked: Body = {"project_key": project, "type": list(types)}

    def page(self, after: int | None, *, wait: float = 0.0, **asked: Any) -> tuple[list[Body], int]:
        told = self.coord.read("/events", wait=wait, **{"limit": PAGE, "after": after, **self.asked, **asked})
        return told["items"], int(told["next_cursor"])

    def now(self) -> int:
        """The end of the journal: a filter that nothing fits runs through all of it."""
        after: int | None = None
        while True:
            _, cursor = self.page(after, type=[NOTHING_FITS], project_key=None)
            if after is not None and cursor - after < FIRST_LOOK_BACK:
                return cursor
            after = cursor

    def between(self, after: int | None, end: int) -> Iterator[Body]:
        while True:
            items, cursor = self.page(after)
            yield from (each for each in items if each["revision"] <= end)
            if cursor >= end or cursor == after:
                return
            after = cursor

    def last(self, count: int, end: int) -> list[Body]:
        """The last so many events, oldest first."""
        back = FIRST_LOOK_BACK
        while True:
            found = list(self.between(self._back(end, back), end))
            if (count and len(found) >= count) or back > end:
                return found[-count:]
            back *= 8

    def since(self, seconds: float, end: int) -> list[Body]:
        """What happened in so many seconds up to now."""
        begin = time.time() - seconds
        back = FIRST_LOOK_BACK
        while True:
            after = self._back(end, back)
            first, _ = self.page(after, limit=1, project_key=None, type=[])
            if back > end or not first or _at(first[0]) <= begin:
                return [each for each in self.between(after, end) if _at(each) > begin]
            back *= 8

    def _back(self, end: int, count: int) -> int | None:
        """A cursor so many revisions back; None: from the oldest that is kept."""
        after = max(0, end - count)
        try:
            self.page(after, limit=1)
        except Refused as refused:
            if refused.error != "cursor_gone":
                raise
            return None
        return after

    def follow(self, after: int) -> Iterator[list[Body]]:
        """What happens from there on, for ever; across outages. Nothing, now and then, when nothing happens."""
        while True:
            began = time.monotonic()
            try:
                items, after = self.patiently(partial(self.page, after, wait=WAIT_S))
            except Refused as refused:
                if refused.error != "cursor_gone":
                    raise
                after = int(refused.told["oldest"])
                self.coord.warn(f"some events are lost: {refused.message}")
                continue
            yield items
            if not items and time.monotonic() - began < 1:  # coord has no room for one more that waits
                time.sleep(1)

    def patiently(self, ask: Callable[[], Answered]) -> Answered:
        """The answer, however long coord is away."""
        tries = 0
        while True:
            try:
                answer = ask()
            except CoordAway as away:
                if not tries:
                    self.coord.warn(f"coord is away: {away.why}. It goes on when coord is back.")
                time.sleep(away.told["retry_after"] or AGAIN_S[min(tries, len(AGAIN_S) - 1)])
                tries += 1
            else:
                if tries:
                    self.coord.note("coord answers again.")
                return answer


def _at(event: Body) -> float:
    return seconds_of(event["at"]) or 0.0


class Since(click.ParamType):
    """A cursor, or a duration up to now."""

    name = "since"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return int(value) if str(value).isdigit() else Duration().convert(value, param, ctx)


@click.command(
    "events",
    cls=Command,
    examples="""
coord events                                the last 20
coord events --follow --type "lock.*"       what happens from now on
coord events --since 2h --type message.sent
coord events --follow --since 4711 --json   one JSON object a line; goes on after revision 4711
""",
)
@click.option("-F", "--follow", is_flag=True, help="Wait for what happens, also across outages, until interrupted.")
@click.option("--since", type=Since(), metavar="CURSOR|TIME", help="After that revision, or in so much time up to now (30m, 2h).")
@click.option("-T", "--type", "types", metavar="TYPE", multiple=True, help="lock.claimed, or lock.* for all about locks. May be repeated.")
@click.option("-n", "--limit", type=click.IntRange(0), metavar="N", help="The last so many; 0: all. Default: 20, with --follow none.")
@everywhere
@pass_coord
def events(coord: Coord, follow: bool, since: int | float | None, types: tuple[str, ...], limit: int | None, everywhere: bool) -> None:
    """Show what has happened, oldest first, and with --follow what happens.

    With --json each event is a line of its own: {"revision", "type", "project_key", "session_id", "at", "subject", "data"}.
    """
    feed = Feed(coord, None if everywhere else coord.project, types)
    if isinstance(since, int):
        past, end = _from_cursor(feed, since, follow, limit)
    else:
        end = feed.patiently(feed.now) if follow else feed.now()
        if since is not None:
            past = feed.since(since, end)
            past = past[-limit:] if limit else past
        elif limit is None and follow:
            past = []
        else:
            past = feed.last(20 if limit is None else limit, end)
    for event in past:
        _print(coord, event, everywhere)
    if not past and not follow:
        coord.note("No such event is kept.")
    for items in feed.follow(end) if follow else ():
        for event in items:
            _print(coord, event, everywhere)
        sys.stdout.flush()


def _from_cursor(feed: Feed, after: int, follow: bool, limit: int | None) -> tuple[list[Body], int]:
    """Everything since, or nothing yet when it is followed anyway."""
    if follow and limit is None:
        return [], after
    end = feed.now()
    found = list(feed.between(after, end))
    return (found[-limit:] if limit else found), end


def _print(coord: Coord, event: Body, everywhere: bool) -> None:
    if coord.json:
        coord.result(event)
    elif coord.quiet:
        coord.out(str(event["revision"]))
    else:
        coord.out(event_line(event, everywhere))


def event_line(event: Body, everywhere: bool = False) -> str:
    project = f"{plain(event['project_key'] or '-')}: " if everywhere else ""
    thing, _, _ = event["type"].partition(".")
    colour = {"lock": "yellow", "component": "green", "message": "magenta", "session": "blue"}.get(thing, "cyan")
    kind = click.style(event["type"], fg=colour)
    return f"{event['revision']}  {when(event['at'])}  {kind}  {plain(event['session_id'] or '-')}  {project}{_what(event)}".rstrip()


def _what(event: Body) -> str:
    data = event["data"]
    names = [data.get(name) for name in ("resource", "resources", "component", "title", "name", "subject") if data.get(name)]
    name = names[0] if names else event["subject"]["id"]
    about = ", ".join(map(str, name)) if isinstance(name, list) else str(name)
    rest = [
        str(data[key])
        for key in ("state", "version", "status", "to_session", "description", "reason")
        if data.get(key) not in (None, about)
    ]
    return one_line(f"{about}{f' ({chr(44).join(rest)})' if rest else ''}".replace(",", ", ").replace(",  ", ", "))


# --- the overview ----------------------------------------------------------------------------------------------------------------


@click.command(
    "status",
    cls=Command,
    examples="""
coord status
coord status --watch           draws it anew at each change; in a pipe, then each event as a line
coord status -A --json
""",
)
@click.option("-w", "--watch", is_flag=True, help="Go on showing it, until interrupted.")
@everywhere
@pass_coord
def status(coord: Coord, watch: bool, everywhere: bool) -> None:
    """Show at a glance what is held, deployed and to be done, who is there, and whether calls wait."""
    project = None if everywhere else coord.project
    if not watch:
        told = _status(coord, project)
        coord.result(told)
        coord.out(*overview(coord, told, project))
        return
    feed = Feed(coord, project)
    cursor = feed.patiently(feed.now)
    told = feed.patiently(lambda: _status(coord, project))
    drawn = sys.stdout.isatty() and not coord.json
    _draw(coord, told, project, drawn)
    for items in feed.follow(cursor):
        if drawn or (coord.json and items):
            time.sleep(SETTLE_S)
            _draw(coord, feed.patiently(lambda: _status(coord, project)), project, drawn)
        else:
            coord.out(*(event_line(event, everywhere) for event in items))
        sys.stdout.flush()


def _status(coord: Coord, project: str | None) -> Body:
    told: Body = coord.read("/status", project_key=project, session_id=coord.session)
    return told


def _draw(coord: Coord, told: Body, project: str | None, drawn: bool) -> None:
    if coord.json:
        coord.result(told)
        return
    lines = overview(coord, told, project)
    if not drawn:
        coord.out(*lines)
        return
    lines = [*map(cut, lines), f"as of {when(told['generated_at'])}; Ctrl-C ends it"][: max(1, shutil.get_terminal_size().lines - 1)]
    shown = lines if coord.color is None else map(click.unstyle, lines)
    click.echo("\x1b[H" + "".join(f"{line}\x1b[K\n" for line in shown) + "\x1b[J", nl=False, color=True)


def overview(coord: Coord, told: Body, project: str | None) -> list[str]:
    counts = told["counts"]
    lines = [click.style(f"=== coord: {plain(project or 'all projects')} ===", bold=True)]
    lines.append(
        f"locks       {counts['active_locks']} held, {_in(counts['stale_locks'], 'stale')}, {counts['lock_waiters']} waiting in line"
    )
    lines += [_lock_line(coord, each, project) for each in told["active_locks"][:SHOWN]] + _rest(
        told["active_locks"], counts["active_locks"]
    )
    states = ", ".join(
        f"{count} {name[len('components_') :]}" for name, count in counts.items() if name.startswith("components_") and count
    )
    lines.append(f"components  {counts['components']}{f': {states}' if states else ''}")
    lines += [_component_line(each, project) for each in told["recent_component_changes"][:SHOWN]]
    lines += _rest(told["recent_component_changes"], counts["components"])
    lines.append(
        f"workflows   {counts['active_workflows']} going on; items: {counts['work_items_pending']} pending, "
        f"{counts['work_items_ready']} of them ready, {counts['work_items_in_progress']} in progress"
    )
    lines += [f"  {one_line(each['name'])}  {word(each['status'])}  {progress(each)} done" for each in told["active_workflows"][:SHOWN]]
    lines += _rest(told["active_workflows"], counts["active_workflows"])
    lines.append(f"messages    {told['unread_message_count']} unread for you")
    lines.append(f"sessions    {counts['sessions']} there, {_in(counts['sessions_gone'], 'gone')}")
    from coord.client.queue import Queue

    waiting = sum(len(Queue(path).waiting()) for path in coord.place.queues)
    return lines + ([f"queue       {waiting} calls wait to be sent: coord sync"] if waiting else [])


def _in(count: int, state: str) -> str:
    return f"{count} {word(state) if count else state}"


def _rest(shown: list[Any], total: int) -> list[str]:
    return [f"  ({total - SHOWN} more)"] if total > SHOWN and len(shown) >= SHOWN else []


def _lock_line(coord: Coord, each: Body, project: str | None) -> str:
    where = "" if project else f"{plain(each['project_key'])}: "
    why = f"  {one_line(each['description'])}" if each["description"] else ""
    you = " (you)" if each["session_id"] == coord.session else ""
    stale = f"  {word('stale')}" if each["stale"] else ""
    return f"  {where}{plain(each['resource'])}  {plain(each['session_id'])}{you}  {until(each['expires_at'])}{stale}{why}"


def _component_line(each: Body, project: str | None) -> str:
    where = "" if project else f"{plain(each['project_key'])}: "
    version = f" {plain(each['version'])}" if each["version"] else ""
    return f"  {where}{plain(each['component'])}  {word(each['state'])}{version}  {ago(each['updated_at'])}, {plain(each['updated_by'])}"
