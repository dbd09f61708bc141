"""`coord lock`, `renew` and `unlock`."""

from __future__ import annotations

from typing import Any

import click

from coord.client import checkouts
from coord.client.banner import plain
from coord.client.calls import Queued
from coord.client.cli import completion, ids, naming
from coord.client.cli.claims import (
    Claim,
    ClaimOptions,
    claim_options,
    claimed_or_renewed,
    granted_locks,
    lock_sentence,
    without_a_lock,
)
from coord.client.cli.context import Body, Coord, Write, nothing, pass_coord, without_none
from coord.client.cli.failures import NOT_YOURS, NOTHING, USAGE, CoordAway, Failed
from coord.client.cli.objects import Lock
from coord.client.cli.options import Command, Duration, all_projects_option
from coord.client.cli.output import ago, when
from coord.client.percent import query, quote


@click.command(
    "lock",
    cls=Command,
    examples="""
coord lock src/orders.py -m "new order model"     a file, named from where you are
coord lock src/                                   everything below it
coord lock "git push" --wait 10m --ttl 15m        wait until it is free
coord lock a.py b.py                              both or none
""",
)
@click.argument(
    "resources", metavar="RESOURCE...", nargs=-1, required=True, shell_complete=completion.files
)
@claim_options
@pass_coord
def lock(
    coord: Coord, /, resources: tuple[str, ...], as_is: bool, is_file: bool, **options: Any
) -> None:
    """Claim RESOURCEs before you change them: all of them or none.

    A file or folder that exists, and a word with a slash, is named from the top of its repository;
    a folder stands for everything in it. Any other text, like "git push", stays as it is. What you
    hold already is renewed.

    Exit code 3: another session holds it. 5: coord is away, and you work without a lock.
    """
    project, names = naming.resources(coord, resources, as_is=as_is, is_file=is_file)
    claim = Claim(coord, project, names, ClaimOptions(**options))
    try:
        answer = claim.make()
    except Queued as queued:
        raise without_a_lock(claim, queued) from None
    if coord.workspace.repository is not None:
        checkouts.remember(
            coord.workspace, project, coord.session, dict.fromkeys(names, coord.workspace.root)
        )
    coord.result(answer.json)
    for granted in granted_locks(answer):
        if granted["released_at"]:
            sentence = (
                f"This claim was granted and has ended since ({granted['release_reason']}). Claim"
                " again."
            )
            raise Failed(sentence, NOT_YOURS, "lock_lost")
        verb = claimed_or_renewed(granted)
        coord.out(granted["id"] if coord.quiet else lock_sentence(verb, granted))
        if verb == "renewed":
            since = f"{when(granted['acquired_at'])} ({ago(granted['acquired_at'])})"
            coord.note(
                f"You, {coord.session}, have held {granted['resource']} since {since}: it was"
                " renewed. If that was somebody else, you share a name: coord whoami"
            )


@click.command(
    "renew",
    cls=Command,
    examples="""
coord renew src/orders.py            restarts its time to live
coord renew --all --ttl 1h
""",
)
@click.argument(
    "resources", metavar="[RESOURCE|ID]...", nargs=-1, shell_complete=completion.own_locks
)
@click.option("-a", "--all", "all_own", is_flag=True, help="All that you hold in this project.")
@click.option(
    "--ttl",
    type=Duration(),
    metavar="TIME",
    help="A new time to live: 30m, 2h; 0: never ends by itself.",
)
@click.option("-m", "--why", metavar="TEXT", help="A new description.")
@naming.naming_options
@pass_coord
def renew(
    coord: Coord,
    resources: tuple[str, ...],
    all_own: bool,
    ttl: float | None,
    why: str | None,
    as_is: bool,
    is_file: bool,
) -> None:
    """Restart the time to live of locks that you hold. A lock that was lost is not claimed again.

    Exit code 3: it is lost, and others may have changed things since. 4: you hold no such lock.
    """
    _check_selection(resources, all_own)
    hours = None if ttl is None else ttl / 3600
    changes = without_none(session_id=coord.session, ttl_hours=hours, description=why)
    renewed: list[Lock] = []
    for lock_id in _own_ids(coord, resources, as_is=as_is, is_file=is_file):
        held: Lock = coord.ask("PATCH", f"/locks/{quote(lock_id)}", changes).json
        renewed.append(held)
        coord.out(held["id"] if coord.quiet else lock_sentence("renewed", held))
    coord.result(renewed[0] if len(renewed) == 1 else {"items": renewed})


def _check_selection(resources: tuple[str, ...], all_own: bool) -> None:
    if bool(resources) == all_own:
        raise click.UsageError("Name what you mean, or give --all.")


def _own_ids(coord: Coord, words: tuple[str, ...], *, as_is: bool, is_file: bool) -> list[str]:
    """The ids of the caller's locks: of those named, or of all in the project."""
    if words:
        return [
            word if naming.is_id(word) else _own_id(coord, word, as_is=as_is, is_file=is_file)
            for word in words
        ]
    page = coord.read_all("/locks", 0, session_id=coord.session, project_key=coord.project)
    return [row["id"] for row in page["items"]]


def _own_id(coord: Coord, word: str, *, as_is: bool, is_file: bool) -> str:
    project, name = naming.resource(coord, word, as_is=as_is, is_file=is_file)
    project = coord.project_option or project
    filters: Body = {"session_id": coord.session, "project_key": project, "resource": name}
    overlapping: list[Lock] = coord.read("/locks", **filters)["items"]
    own = [row["id"] for row in overlapping if _bare(row["resource"]) == _bare(name)]
    if own:
        return own[0]
    if not ids.is_beginning(word):
        nothing(
            f"You ({coord.session}) hold no lock on {name} in {project}. `coord locks --mine` shows"
            " what you hold."
        )
    return ids.resolve(coord, ids.LOCK, word)


def _bare(name: str) -> str:
    """Without what makes it a tree."""
    name = name.replace("\\", "/")
    return (name[:-2] if name.endswith("/**") else name).rstrip("/")


@click.command(
    "unlock",
    cls=Command,
    examples="""
coord unlock src/orders.py "git push"
coord unlock 01a20ae8-99e0-752e-9b0c-898291981899
coord unlock --all                    all that you hold in this project
coord unlock src/orders.py --force --reason "web-1 hangs in a prompt"
""",
)
@click.argument(
    "resources", metavar="[RESOURCE|ID]...", nargs=-1, shell_complete=completion.own_locks
)
@click.option(
    "-a",
    "--all",
    "all_own",
    is_flag=True,
    help="All that you hold in this project; with -A in all.",
)
@all_projects_option
@click.option(
    "--force",
    is_flag=True,
    help="For operators: one lock, though another session holds it. That session is told.",
)
@click.option("--reason", help="With --force: why. Its holder and the journal get it.")
@naming.naming_options
@pass_coord
def unlock(
    coord: Coord,
    resources: tuple[str, ...],
    all_own: bool,
    all_projects: bool,
    force: bool,
    reason: str | None,
    as_is: bool,
    is_file: bool,
) -> None:
    """Release locks, by name or id: your own, or a stale one by its id.

    Exit code 4: you hold no such lock.
    """
    if force != bool(reason):
        raise click.UsageError("--force and --reason go together.")
    if reason:
        _release_by_force(coord, resources, reason, as_is=as_is, is_file=is_file)
        return
    _check_selection(resources, all_own)
    if all_projects and not all_own:
        raise click.UsageError("-A goes with --all.")
    if all_own:
        project = None if all_projects else coord.project
        path = f"/locks{query(session_id=coord.session, release_all=True, project_key=project)}"
        coord.write_each([Write("DELETE", path)], lambda payload: _released(coord, payload))
        return
    names, writes = [], []
    for word in resources:
        name, write = _release(coord, word, as_is=as_is, is_file=is_file)
        names.append(name)
        writes.append(write)

    def nothing_released(index: int, payload: Body) -> Failed | None:
        if payload.get("released") != 0:
            return None
        sentence = (
            f"You hold no lock on {names[index]}: nothing was released. `coord locks --mine` shows"
            " what you hold."
        )
        return Failed(sentence, NOTHING, "not_found", **payload)

    coord.write_each(writes, lambda payload: _released(coord, payload), nothing_released)


def _release_by_force(
    coord: Coord, resources: tuple[str, ...], reason: str, *, as_is: bool, is_file: bool
) -> None:
    """Never queued: it means the lock that is held now, not one of later."""
    if len(resources) != 1:
        raise click.UsageError("--force releases one lock: name one RESOURCE or ID.")
    lock_id = _held_id(coord, resources[0], as_is=as_is, is_file=is_file)
    filters = query(session_id=coord.session, force=True, reason=reason)
    released: Lock = coord.ask("DELETE", f"/locks/{lock_id}{filters}").json
    coord.out(released["id"] if coord.quiet else _released_from(released))
    coord.result(released)


def _released_from(released: Lock) -> str:
    holder, name = plain(released["session_id"]), plain(released["resource"])
    if released["release_reason"] != "forced":
        return f"{name} of {holder} is {released['release_reason']}"
    return f"released {name}, which {holder} held; that session is told"


def _held_id(coord: Coord, word: str, *, as_is: bool, is_file: bool) -> str:
    """The id of the one lock that is held under this name, whoever holds it."""
    if naming.is_id(word):
        return word
    project, name = naming.resource(coord, word, as_is=as_is, is_file=is_file)
    project = coord.project_option or project
    overlapping: list[Lock] = coord.read("/locks", project_key=project, resource=name)["items"]
    named = [row for row in overlapping if _bare(row["resource"]) == _bare(name)]
    if not named and ids.is_beginning(word):
        return ids.resolve(coord, ids.LOCK, word)
    if not named:
        nothing(f"Nobody holds {name} in {project}. `coord locks` shows what is held.")
    if len(named) > 1:
        lines = [f"  {row['id']}  {plain(row['session_id'])}" for row in named]
        raise Failed(
            f"{len(named)} sessions hold {name}: name one lock by its id.",
            USAGE,
            "ambiguous",
            lines,
            ids=[row["id"] for row in named],
        )
    return named[0]["id"]


def _release(coord: Coord, word: str, *, as_is: bool, is_file: bool) -> tuple[str, Write]:
    """What is released, for people, and the call that does it."""
    if naming.is_id(word):
        return word, Write("DELETE", f"/locks/{word}{query(session_id=coord.session)}")
    if ids.is_beginning(word) and not (as_is or is_file):
        try:
            lock_id = _own_id(coord, word, as_is=as_is, is_file=is_file)
            return word, Write("DELETE", f"/locks/{lock_id}{query(session_id=coord.session)}")
        except CoordAway:
            pass  # then it is a name: whose id begins so cannot be told now
    project, name = naming.resource(coord, word, as_is=as_is, is_file=is_file)
    project = coord.project_option or project
    filters = query(session_id=coord.session, project_key=project, resource=name)
    return f"{name!r} in {project}", Write("DELETE", f"/locks{filters}")


def _released(coord: Coord, payload: Body) -> str:
    locks: list[Lock] = payload.get("items", [payload])
    if coord.quiet:
        return "\n".join(row["id"] for row in locks)
    if not locks:
        return "You held no locks: nothing to release."
    return "\n".join(f"released {plain(row['resource'])}" for row in locks)
