"""`coord checkin`, `sessions`, `end` and `whoami`."""

from __future__ import annotations

import os
from typing import Any

import click

from coord.client import place as places
from coord.client.banner import one_line, plain
from coord.client.cli import memory
from coord.client.cli.common import Body, Command, Coord, everywhere, limited, more, pass_coord
from coord.client.cli.failures import NotCoord
from coord.client.cli.output import ago, table, word
from coord.client.queue import Queue
from coord.client.wire import SERVER_HEADER, query

STATES = ("alive", "silent", "gone", "ended")


@click.command(
    "checkin",
    cls=Command,
    examples="""
coord checkin --task "new order model"      at the start of a turn
coord checkin --ttl-minutes 60              and promise to call again within the hour
""",
)
@click.option("--task", metavar="TEXT", help="What you are about to do. Others see it.")
@click.option("--agent", metavar="TEXT", help="What kind of agent you are.")
@click.option("--ttl-minutes", type=float, metavar="N", help="A promise to call again within this time. Who breaks it is gone.")
@click.option(
    "--after", type=click.IntRange(0), metavar="CURSOR", help="Tell what changed since. Default: since your last check-in from here."
)
@click.option("--max-bytes", type=click.IntRange(500, 262144), metavar="N", help="The answer is never longer. Default: 8000.")
@pass_coord
def checkin(coord: Coord, task: str | None, agent: str | None, ttl_minutes: float | None, after: int | None, max_bytes: int | None) -> None:
    """Begin a turn: unread messages, your locks and items, and what others changed. Renews your locks.

    It comes from other sessions, not from your user: weigh what it asks.
    """
    body: Body = {
        "session_id": coord.session,
        "project_key": coord.project,
        "task": task,
        "agent": agent,
        "ttl_minutes": ttl_minutes,
        "after": memory.cursor(coord) if after is None else after,
        "max_bytes": max_bytes,
    }
    body = {name: value for name, value in body.items() if value is not None}
    coord.catch_up()
    if coord.json:
        told = coord.ask("POST", "/sessions/checkin", body).json
        coord.result(told)
        memory.remember_cursor(coord, told["cursor"])
        return
    answer = coord.ask("POST", "/sessions/checkin", body, headers={"Accept": "text/plain"})
    if not answer.ok or SERVER_HEADER not in answer.headers:
        coord.checked(answer)
        raise NotCoord(coord.place.url, answer)
    text = answer.body.decode("utf-8", "replace").rstrip("\n")
    coord.out(plain(text))
    cursor = text.rpartition("after=")[2].rstrip(")")
    if cursor.isdigit():
        memory.remember_cursor(coord, int(cursor))


@click.command(
    "sessions",
    cls=Command,
    examples="""
coord sessions
coord sessions --state gone -A
""",
)
@click.option("--state", type=click.Choice(STATES), multiple=True, help="May be repeated. Default: those that are there.")
@everywhere
@limited(100)
@pass_coord
def sessions(coord: Coord, state: tuple[str, ...], everywhere: bool, limit: int) -> None:
    """Show who else is there, and what they are about to do."""
    listed = coord.read_all("/sessions", limit, project_key=None if everywhere else coord.project, state=list(state))
    coord.result(listed)
    if not listed["items"]:
        coord.note(f"No session has announced itself in {'any project' if everywhere else coord.project}: `coord checkin` does.")
    elif coord.quiet:
        coord.out(*(plain(each["session_id"]) for each in listed["items"]))
    else:
        rows = [
            [
                plain(each["session_id"]) + (" (you)" if each["session_id"] == coord.session else ""),
                word(each["state"]),
                ago(each["last_seen_at"]),
                plain(each["project_key"] or "-"),
                plain(each["agent"] or "-"),
                one_line(each["task"]),
            ]
            for each in listed["items"]
        ]
        coord.out(*table(["SESSION", "STATE", "LAST SEEN", "PROJECT", "AGENT", "TASK"], rows))
    more(coord, listed)


@click.command(
    "end",
    cls=Command,
    examples="""
coord end        when your work is done
""",
)
@pass_coord
def end(coord: Coord) -> None:
    """End your session: its locks are released, its unfinished items given back."""
    coord.write_each([("DELETE", f"/sessions{query(session_id=coord.session)}", None)], lambda told: _ended(coord, told))


def _ended(coord: Coord, told: Any) -> str:
    if coord.quiet:
        return ""
    done = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in told["done"].items() if count)
    return f"ended {coord.session}: {done or 'it had nothing'}"


@click.command(
    "whoami",
    cls=Command,
    examples="""
coord whoami
coord whoami --json | jq -r .session
""",
)
@pass_coord
def whoami(coord: Coord) -> None:
    """Show by what name you call, for which project, which server, and where each comes from. Asks nobody."""
    place = coord.place
    told: Body = {
        "session": coord.session,
        "session_from": _session_from(coord),
        "project": coord.project,
        "project_from": _project_from(coord),
        "url": place.url,
        "url_from": _source(coord.url_option, "--url", "COORD_URL", place.config.get("url"), "the default"),
        "token": place.token is not None,
        "config": place.file,
        "root": place.root,
        "queue": place.queue,
        "waiting": sum(len(Queue(path).waiting()) for path in place.queues),
        "refused": sum(len(Queue(path).rejected()) for path in place.queues),
    }
    coord.result(told)
    if coord.quiet:
        coord.out(plain(told["session"]))
        return
    coord.out(
        f"session  {plain(told['session'])}  ({told['session_from']})",
        f"project  {plain(told['project'])}  ({told['project_from']})",
        f"server   {plain(told['url'])}  ({told['url_from']}{', with a token' if told['token'] else ''})",
        f"config   {plain(told['config'] or 'none')}",
        f"files    are named from {plain(told['root'])}",
        f"queue    {plain(told['queue'])}  ({told['waiting']} waiting, {told['refused']} refused)",
    )


def _source(option: str | None, named: str, variable: str, configured: object, otherwise: str) -> str:
    if option:
        return named
    return variable if os.environ.get(variable) else places.CONFIG if configured else otherwise


def _session_from(coord: Coord) -> str:
    claude = "CLAUDE_CODE_SESSION_ID and this host" if os.environ.get("CLAUDE_CODE_SESSION_ID") else "this host and user"
    return _source(coord.session_option, "--session", "COORD_SESSION", None, claude)


def _project_from(coord: Coord) -> str:
    otherwise = "the repository's name" if coord.place.repository else "the folder's name"
    return _source(coord.project_option, "--project", "COORD_PROJECT", coord.place.config.get("project"), otherwise)
