"""`coord lock`, `renew`, `unlock` and `locks`."""

from __future__ import annotations

import threading
import time
from typing import Any, Callable

import click

from coord.client.banner import one_line, plain
from coord.client.calls import Calls, Queued, Timeouts
from coord.client.cli import completion, naming
from coord.client.cli.common import Body, Command, Coord, Duration, everywhere, limited, more, nothing, pass_coord
from coord.client.cli.failures import AWAY, NOT_YOURS, NOTHING, CoordAway, Failed, NotCoord, Refused
from coord.client.cli.output import ago, span, table, until, when, word
from coord.client.locked import Busy
from coord.client.queue import new_id
from coord.client.wire import Answer, Away, query, quote

LONGEST_WAIT_S = 60.0  # of one call; a longer wait is made of several
AT_LEAST_S = 1.0  # between two tries
WHEN_AWAY_S = 5.0
GIVE_BACK_S = 2.0
SILENT_S = 1.0  # most claims that wait are granted at once


def naming_options(command: Callable[..., Any]) -> Callable[..., Any]:
    as_is = click.option("--as-is", is_flag=True, help="RESOURCE is no file: take it as it stands.")
    is_file = click.option("-f", "--file", "is_file", is_flag=True, help="RESOURCE is a file, also when it looks like none.")
    return as_is(is_file(command))


def claim_options(command: Callable[..., Any]) -> Callable[..., Any]:
    command = naming_options(command)
    for option in reversed(
        [
            click.option("-m", "--why", metavar="TEXT", help="What for. Others see it."),
            click.option(
                "-w",
                "--wait",
                type=Duration(bare=1.0),
                default=0.0,
                metavar="TIME",
                help="Stand in line for so long (30, 90s, 10m) instead of being refused at once.",
            ),
            click.option("--ttl", type=Duration(), metavar="TIME", help="30m, 2h; 0: never ends by itself. Default: 2h."),
            click.option("--shared", is_flag=True, help="Together with others who claim it shared."),
            click.option(
                "--take-over-stale", is_flag=True, help="Take it from a holder that has gone silent (a claim that waits does so)."
            ),
        ]
    ):
        command = option(command)
    return command


class Claim:
    """What is wanted."""

    def __init__(self, coord: Coord, project: str, resources: list[str], given: Body) -> None:
        """`given`: the values of `claim_options`."""
        self.coord = coord
        self.resources = resources
        self.wait: float = given["wait"]
        self.body: Body = {"id": new_id(), "project_key": project, "session_id": coord.session}
        self.body |= {"resource": resources[0]} if len(resources) == 1 else {"resources": resources}
        if given["why"]:
            self.body["description"] = given["why"]
        if given["ttl"] is not None:
            self.body["ttl_hours"] = given["ttl"] / 3600
        if given["shared"]:
            self.body["mode"] = "shared"
        if given["take_over_stale"]:
            self.body["take_over_stale"] = True

    @property
    def names(self) -> str:
        return ", ".join(plain(each) for each in self.resources)

    def make(self, *, kept: bool = True) -> Answer:
        """Raises Refused; and when coord is away Queued, or CoordAway if it is not to be `kept`."""
        try:
            answer = self._waiting()
            if answer is not None:
                return answer
            return self.coord.write("POST", "/locks", self.body) if kept else self.coord.ask("POST", "/locks", self.body)
        except KeyboardInterrupt:
            self._give_back()
            raise

    def _give_back(self) -> None:
        """Interrupted before the answer came: it may have been granted, and nobody would know of it."""
        calls = Calls(self.coord.place, self.coord.session, Timeouts(call=GIVE_BACK_S))
        try:
            calls.ask("DELETE", f"/locks/{self.body['id']}{query(session_id=self.coord.session)}")
        except (Away, OSError, Busy):
            pass

    def _waiting(self) -> Answer | None:
        """In line, again and again until the time is over; None when it was in vain, or coord is not there."""
        if not self.wait:
            return None
        sentence = f"Waiting for {self.names}, for at most {span(self.wait)}. Ctrl-C leaves the line."
        soon = threading.Timer(SILENT_S, self.coord.note, [sentence])
        soon.daemon = True
        soon.start()
        try:
            return self._in_line()
        finally:
            soon.cancel()

    def _in_line(self) -> Answer | None:
        deadline = time.monotonic() + self.wait
        answered = False
        while (left := deadline - time.monotonic()) > 0:
            began = time.monotonic()
            wait = min(LONGEST_WAIT_S, left)
            try:
                self.coord.catch_up()
                answer = self.coord.ask("POST", "/locks", {**self.body, "wait": round(wait, 3)}, wait=wait)
            except Refused as refused:
                answered = True
                if refused.error != "lock_held" or time.monotonic() >= deadline:
                    raise
                self._still_waiting(refused, deadline)
                pause = AT_LEAST_S if time.monotonic() - began < AT_LEAST_S else 0.0  # coord has no room for one more that waits
            except NotCoord:
                return None
            except CoordAway as away:
                if not answered:
                    self.coord.calls.timeouts.retry_after = 0.0  # that was waited for now
                    return None
                pause = away.told["retry_after"] or WHEN_AWAY_S
                self.coord.note(f"coord is away: {away.why}. Trying again in {pause:g} s.")
            else:
                return answer
            time.sleep(max(0.0, min(pause, deadline - time.monotonic())))
        return None

    def _still_waiting(self, refused: Refused, deadline: float) -> None:
        left = max(0.0, deadline - time.monotonic())
        self.coord.note(f"Still waiting for {self.names}, for at most {span(left)} more. {refused.message}")


def without_a_lock(claim: Claim, queued: Queued) -> Failed:
    """A claim that waits in the queue grants nothing."""
    coord = claim.coord
    kept = coord.kept(queued)
    sentence = f"You work WITHOUT a lock on {claim.names}: coord is away ({plain(str(queued)).rstrip('.')})."
    sentence += " The claim is kept, but grants nothing: look twice before you change anything."
    return Failed(sentence, AWAY, "away", queued=True, call=kept["call"])


def granted(answer: Answer) -> list[Body]:
    told = answer.json
    locks: list[Body] = told.get("items", [told])
    return locks


@click.command(
    "lock",
    cls=Command,
    examples="""
coord lock src/orders.py -m "new order model"     a file, named from where you are
coord lock src/                                   everything below it
coord lock "git push" --wait 10m --ttl 15m        stand in line for it
coord lock a.py b.py                              both or none
""",
)
@click.argument("resources", metavar="RESOURCE...", nargs=-1, required=True, shell_complete=completion.files)
@claim_options
@pass_coord
def lock(coord: Coord, /, resources: tuple[str, ...], as_is: bool, is_file: bool, **given: Any) -> None:
    """Claim RESOURCEs before you change them: all of them or none.

    A file or folder that exists, and a word with a slash, is named from the top of its repository; a folder is everything in it. Any
    other text, like "git push", stays as it is. What you hold already is renewed.

    Exit code 3: another session holds it. 5: coord is away, and you work without a lock.
    """
    project, names = naming.resources(coord, resources, as_is=as_is, is_file=is_file)
    claim = Claim(coord, project, names, given)
    try:
        answer = claim.make()
    except Queued as queued:
        raise without_a_lock(claim, queued) from None
    coord.result(answer.json)
    for each in granted(answer):
        if each["released_at"]:
            raise Failed(f"This claim was granted and has ended since ({each['release_reason']}). Claim again.", NOT_YOURS, "lock_lost")
        coord.out(each["id"] if coord.quiet else lock_sentence(claimed_or_renewed(each), each))


def claimed_or_renewed(each: Body) -> str:
    """What a claim did: a grant is its lock's first activity."""
    return "claimed" if each["acquired_at"] == each["last_activity_at"] else "renewed"


def lock_sentence(done: str, each: Body) -> str:
    shared = " (shared)" if each["mode"] == "shared" else ""
    return f"{done} {plain(each['resource'])}{shared} {until(each['expires_at'])}  token {each['fencing_token']}  id {each['id']}"


@click.command(
    "renew",
    cls=Command,
    examples="""
coord renew src/orders.py            starts its time anew
coord renew --all --ttl 1h
""",
)
@click.argument("resources", metavar="[RESOURCE|ID]...", nargs=-1, shell_complete=completion.own_locks)
@click.option("-a", "--all", "everything", is_flag=True, help="All that you hold in this project.")
@click.option("--ttl", type=Duration(), metavar="TIME", help="A new time to live: 30m, 2h; 0: never ends by itself.")
@click.option("-m", "--why", metavar="TEXT", help="A new description.")
@naming_options
@pass_coord
def renew(
    coord: Coord, resources: tuple[str, ...], everything: bool, ttl: float | None, why: str | None, as_is: bool, is_file: bool
) -> None:
    """Start the time of locks anew that you hold; what was lost is not claimed again.

    Exit code 3: it is lost, and others may have changed things since. 4: you hold no such lock.
    """
    _one_of(bool(resources), everything)
    changes: Body = {"session_id": coord.session}
    changes |= {} if ttl is None else {"ttl_hours": ttl / 3600}
    changes |= {} if why is None else {"description": why}
    renewed = []
    for lock_id in _own_ids(coord, resources, as_is=as_is, is_file=is_file):
        renewed.append(coord.ask("PATCH", f"/locks/{quote(lock_id)}", changes).json)
        coord.out(renewed[-1]["id"] if coord.quiet else lock_sentence("renewed", renewed[-1]))
    coord.result(renewed[0] if len(renewed) == 1 else {"items": renewed})


def _one_of(some: bool, everything: bool) -> None:
    if some == everything:
        raise click.UsageError("Name what you mean, or give --all.")


def _own_ids(coord: Coord, words: tuple[str, ...], *, as_is: bool, is_file: bool) -> list[str]:
    """The ids of locks of the caller's: of those named, or of all in the project."""
    if not words:
        return [each["id"] for each in coord.read_all("/locks", 0, session_id=coord.session, project_key=coord.project)["items"]]
    return [each if naming.is_id(each) else _own_id(coord, each, as_is=as_is, is_file=is_file) for each in words]


def _own_id(coord: Coord, word: str, *, as_is: bool, is_file: bool) -> str:
    project, name = naming.resource(coord, word, as_is=as_is, is_file=is_file)
    project = coord.project_option or project
    met = coord.read("/locks", session_id=coord.session, project_key=project, resource=name)["items"]
    own: list[str] = [each["id"] for each in met if _bare(each["resource"]) == _bare(name)]
    if not own:
        nothing(f"You ({coord.session}) hold no lock of {name} in {project}. `coord locks --mine` shows what you hold.")
    return own[0]


def _bare(name: str) -> str:
    name = name.replace("\\", "/")
    return (name[:-2] if name.endswith("/**") else name).rstrip("/")


@click.command(
    "unlock",
    cls=Command,
    examples="""
coord unlock src/orders.py "git push"
coord unlock 01a20ae8-99e0-752e-9b0c-898291981899
coord unlock --all                    all that you hold in this project
""",
)
@click.argument("resources", metavar="[RESOURCE|ID]...", nargs=-1, shell_complete=completion.own_locks)
@click.option("-a", "--all", "everything", is_flag=True, help="All that you hold in this project; with -A in all projects.")
@everywhere
@naming_options
@pass_coord
def unlock(coord: Coord, resources: tuple[str, ...], everything: bool, everywhere: bool, as_is: bool, is_file: bool) -> None:
    """Release locks, by name or id. Only your own, or one that is stale (by its id).

    Exit code 4: you hold no such lock.
    """
    _one_of(bool(resources), everything)
    if everywhere and not everything:
        raise click.UsageError("-A goes with --all.")
    me = coord.session
    if everything:
        asked = query(session_id=me, release_all=True, project_key=None if everywhere else coord.project)
        coord.write_each([("DELETE", f"/locks{asked}", None)], lambda told: _released_sentence(coord, told))
        return
    calls: list[tuple[str, str, Body | None]] = []
    names = []
    for each in resources:
        if naming.is_id(each):
            names.append(each)
            calls.append(("DELETE", f"/locks/{each}{query(session_id=me)}", None))
        else:
            project, name = naming.resource(coord, each, as_is=as_is, is_file=is_file)
            project = coord.project_option or project
            names.append(f"{name!r} in {project}")
            calls.append(("DELETE", f"/locks{query(session_id=me, project_key=project, resource=name)}", None))

    def released_nothing(nth: int, told: Any) -> Failed | None:
        if told.get("released") != 0:
            return None
        sentence = f"You hold no lock of {names[nth]}: nothing was released. `coord locks --mine` shows what you hold."
        return Failed(sentence, NOTHING, "not_found", **told)

    coord.write_each(calls, lambda told: _released_sentence(coord, told), released_nothing)


def _released_sentence(coord: Coord, told: Any) -> str:
    locks = told.get("items", [told])
    if coord.quiet:
        return "\n".join(each["id"] for each in locks)
    if not locks:
        return "You held no locks: nothing to release."
    return "\n".join(f"released {plain(each['resource'])}" for each in locks)


@click.command(
    "locks",
    cls=Command,
    examples="""
coord locks                     what is held in this project
coord locks src/                what a claim of it would meet
coord locks --mine --json
coord locks --waiting           who stands in line
""",
)
@click.argument("resource", required=False, shell_complete=completion.files)
@click.option("--mine", is_flag=True, help="Only yours.")
@click.option("--holder", metavar="SESSION", help="Only that session's.")
@click.option("--stale", is_flag=True, help="Only abandoned ones.")
@click.option("--released", "state", flag_value="released", help="Those that have ended.")
@click.option("--history", "state", flag_value="all", help="Held and ended ones.")
@click.option("--waiting", is_flag=True, help="Claims that stand in line, instead of locks.")
@naming_options
@everywhere
@limited(100)
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
    everywhere: bool,
    limit: int,
) -> None:
    """Show who holds what, why, and until when."""
    if waiting and (stale or state):
        raise click.UsageError("--waiting does not go together with --stale, --released or --history.")
    project, name = coord.project, None
    if resource is not None:
        found, name = naming.resource(coord, resource, as_is=as_is, is_file=is_file)
        project = coord.project_option or found
    asked: Body = {
        "project_key": None if everywhere else project,
        "resource": name,
        "session_id": coord.session if mine else holder,
    }
    if not waiting:
        asked |= {"state": state, "stale": True if stale else None}
    listed = coord.read_all("/locks/waiters" if waiting else "/locks", limit, **asked)
    coord.result(listed)
    where = "any project" if everywhere else project
    about = f" that meets {name}" if name else ""
    if not listed["items"]:
        coord.note(f"{'Nobody waits for a lock' if waiting else 'No lock'}{about} in {where}.")
    elif coord.quiet:
        coord.out(*(each["id"] for each in listed["items"]))
    else:
        coord.out(*(_waiters_table(listed["items"]) if waiting else _locks_table(coord, listed["items"], everywhere)))
    more(coord, listed)


def _locks_table(coord: Coord, locks: list[Body], everywhere: bool) -> list[str]:
    head = ["RESOURCE", "HOLDER", "SINCE", "UNTIL", "STATE", "ID", "WHY"]
    rows = []
    for each in locks:
        holder = plain(each["session_id"]) + (" (you)" if each["session_id"] == coord.session else "")
        project = f"{plain(each['project_key'])}: " if everywhere else ""
        rows.append(
            [
                project + plain(each["resource"]),
                holder,
                ago(each["acquired_at"]),
                when(each["expires_at"]) if each["expires_at"] else "no end",
                _state(each),
                each["id"],
                one_line(each["description"]),
            ]
        )
    return table(head, rows)


def _state(each: Body) -> str:
    if each["released_at"]:
        return str(each["release_reason"])
    return word("stale") if each["stale"] else str(each["mode"])


def _waiters_table(waiters: list[Body]) -> list[str]:
    head = ["RESOURCES", "SESSION", "SINCE", "MODE", "WHY"]
    rows = [
        [
            ", ".join(plain(name) for name in each["resources"]),
            plain(each["session_id"]),
            ago(each["since"]),
            each["mode"],
            one_line(each["description"]),
        ]
        for each in waiters
    ]
    return table(head, rows)
