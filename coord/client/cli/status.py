"""`coord status`: everything at a glance."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from typing import Any

import click

from coord.client.banner import plain
from coord.client.cli import cells
from coord.client.cli.context import Coord, pass_coord
from coord.client.cli.events import event_line
from coord.client.cli.journal import Journal
from coord.client.cli.objects import Component, Lock, Status
from coord.client.cli.options import Command, all_projects_option
from coord.client.cli.output import ago, clock, coloured, safe, until, when
from coord.client.cli.work_output import progress, stuck_items
from coord.client.others_text import one_line

REDRAW_S = 1.0  # ages count seconds
RESIZE_POLL_S = 0.2
SETTLE_S = 0.3  # what happens at the same time is drawn at once
MIN_NAME = 12  # cells
MAX_SHOWN = 12  # locks, components, workflows
INDENT = 12  # cells in front of the counts
COMPONENT_COUNT = "components_"


@click.command(
    "status",
    cls=Command,
    examples="""
coord status
coord status --watch           redraws it at each change; in a pipe, prints each event as a line
coord status -A --json
""",
)
@click.option("-w", "--watch", is_flag=True, help="Keep showing it, until interrupted.")
@all_projects_option
@pass_coord
def status(coord: Coord, watch: bool, all_projects: bool) -> None:
    """Show at a glance what is held, deployed and to be done, who is there, and whether
    calls wait.
    """
    project = None if all_projects else coord.project
    if watch:
        _watch(coord, project)
        return
    overview = _read(coord, project)
    coord.result(overview)
    coord.out(*overview_lines(coord, overview, project))


def _watch(coord: Coord, project: str | None) -> None:
    journal = Journal(coord, project)
    cursor = journal.patiently(journal.end)
    overview = journal.patiently(lambda: _read(coord, project))
    on_screen = sys.stdout.isatty() and not coord.json and os.environ.get("TERM") != "dumb"
    if on_screen:
        with _Screen(coord, overview, project) as screen:
            for _ in journal.follow(cursor):
                time.sleep(SETTLE_S)
                screen.show(journal.patiently(lambda: _read(coord, project)))
        return
    coord.result(overview)
    coord.out(*overview_lines(coord, overview, project))
    sys.stdout.flush()
    for events in journal.follow(cursor):
        if coord.json and events:
            time.sleep(SETTLE_S)
            coord.result(journal.patiently(lambda: _read(coord, project)))
        coord.out(*(event_line(event, project is None) for event in events))
        sys.stdout.flush()


def _read(coord: Coord, project: str | None) -> Status:
    overview: Status = coord.read("/status", project_key=project, session_id=coord.session)
    return overview


class _Screen:
    """The overview on a terminal.

    A thread redraws it, so that its ages move and it follows a resize.
    """

    def __init__(self, coord: Coord, overview: Status, project: str | None) -> None:
        self._coord = coord
        self._overview = overview
        self._project = project
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._redraw, daemon=True)

    def __enter__(self) -> _Screen:
        self._draw()
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopped.set()
        self._thread.join()

    def show(self, overview: Status) -> None:
        self._overview = overview
        self._draw()

    def _redraw(self) -> None:
        size, drawn = shutil.get_terminal_size(), time.monotonic()
        while not self._stopped.wait(RESIZE_POLL_S):
            if shutil.get_terminal_size() != size or time.monotonic() - drawn >= REDRAW_S:
                size, drawn = shutil.get_terminal_size(), time.monotonic()
                self._draw()

    def _draw(self) -> None:
        with self._lock:
            lines = overview_lines(self._coord, self._overview, self._project)
            lines.append(f"as of {when(self._overview['generated_at'])}; Ctrl-C ends it")
            height = max(1, shutil.get_terminal_size().lines - 1)
            fitted = [cells.cut(safe(line), cells.columns()) for line in lines[:height]]
            shown = fitted if self._coord.color is None else map(click.unstyle, fitted)
            text = "".join(f"{line}\x1b[K\n" for line in shown)
            click.echo(f"\x1b[H{text}\x1b[J", nl=False, color=True)


def overview_lines(coord: Coord, overview: Status, project: str | None) -> list[str]:
    """On a terminal none is longer than that is wide: a line of counts goes on in the next."""
    lines = _lines(coord, overview, project)
    if not sys.stdout.isatty():
        return lines
    fitted: list[str] = []
    room = cells.columns()
    for line in lines:
        is_count = line[:1].isalpha()
        fitted += cells.folded(line, room, INDENT) if is_count else [cells.cut(line, room)]
    return fitted


def _lines(coord: Coord, overview: Status, project: str | None) -> list[str]:
    counts = overview["counts"]
    heading = click.style(f"=== coord: {plain(project or 'all projects')} ===", bold=True)
    lines = [heading, *_locks(coord, overview, project), *_components(overview, project)]
    lines += _workflows(overview)
    lines.append(f"messages    {overview['unread_message_count']} unread for you")
    gone = _counted(counts["sessions_gone"], "gone")
    asking = _counted(counts.get("sessions_waiting_for_human", 0), "waiting_for_human")
    lines.append(f"sessions    {counts['sessions']} there, {asking}, {gone}")
    waiting = len(coord.calls.queue.waiting())
    if waiting:
        lines.append(f"queue       {waiting} calls wait to be sent: coord sync")
    return lines


def _locks(coord: Coord, overview: Status, project: str | None) -> list[str]:
    counts, locks = overview["counts"], overview["active_locks"]
    stale = _counted(counts["stale_locks"], "stale")
    first = f"locks       {counts['active_locks']} held, {stale}, {counts['lock_waiters']} waiting"
    lines = [_lock_line(coord, lock, project) for lock in locks[:MAX_SHOWN]]
    room = cells.columns()
    if sys.stdout.isatty() and max(map(cells.width, lines), default=0) > room:
        lines = [_lock_line(coord, lock, project, room) for lock in locks[:MAX_SHOWN]]
    return [first, *lines, *_omitted(locks, counts["active_locks"])]


def _components(overview: Status, project: str | None) -> list[str]:
    counts, components = overview["counts"], overview["recent_component_changes"]
    states = ", ".join(
        f"{count} {name[len(COMPONENT_COUNT) :]}"
        for name, count in counts.items()
        if name.startswith(COMPONENT_COUNT) and count
    )
    first = f"components  {counts['components']}{f': {states}' if states else ''}"
    lines = [_component_line(component, project) for component in components[:MAX_SHOWN]]
    return [first, *lines, *_omitted(components, counts["components"])]


def _workflows(overview: Status) -> list[str]:
    counts, workflows = overview["counts"], overview["active_workflows"]
    first = (
        f"workflows   {counts['active_workflows']} in progress; items:"
        f" {counts['work_items_pending']} pending, {counts['work_items_ready']} of them ready,"
        f" {counts['work_items_in_progress']} in progress"
    )
    lines = [
        f"  {one_line(workflow['name'])}  {coloured(workflow['status'])}  {progress(workflow)} done"
        f"{stuck_items(workflow)}"
        for workflow in workflows[:MAX_SHOWN]
    ]
    return [first, *lines, *_omitted(workflows, counts["active_workflows"])]


def _counted(count: int, state: str) -> str:
    return f"{count} {coloured(state) if count else state}".replace("_", " ")


def _omitted(shown: list[Any], total: int) -> list[str]:
    return (
        [f"  ({total - MAX_SHOWN} more)"] if total > MAX_SHOWN and len(shown) >= MAX_SHOWN else []
    )


def _lock_line(coord: Coord, lock: Lock, project: str | None, room: int | None = None) -> str:
    """`room`: of a terminal, in which a long name must not hide who holds it."""
    name = plain(lock["resource"]) if project else _of_project(lock)
    why = f"  {one_line(lock['description'])}" if lock["description"] else ""
    you = " (you)" if lock["session_id"] == coord.session else ""
    stale = f"  {coloured('stale')}" if lock["stale"] else ""
    holder, ends = f"{plain(lock['session_id'])}{you}", lock["expires_at"]
    end = until(ends) if room is None or ends is None else f"until {clock(ends)}"
    if room is not None:
        holder = cells.cut(holder, max(room // 3, MIN_NAME))
        rest = "  …" if why else ""
        others = cells.width(f"    {holder}  {end}{stale}{rest}")
        name = cells.cut(name, max(room - others, MIN_NAME), keep_end=True)
    return f"  {name}  {holder}  {end}{stale}{why}"


def _of_project(lock: Lock) -> str:
    return f"{plain(lock['project_key'])}: {plain(lock['resource'])}"


def _component_line(component: Component, project: str | None) -> str:
    where = "" if project else f"{plain(component['project_key'])}: "
    version = f" {plain(component['version'])}" if component["version"] else ""
    name = f"{where}{plain(component['component'])}"
    state = f"{coloured(component['state'])}{version}"
    by = plain(component["updated_by"] or "-")
    return f"  {name}  {state}  {ago(component['updated_at'])}, {by}"
