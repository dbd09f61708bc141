"""`coord run RESOURCE -- command`: a command that runs while a lock is held.

The main thread waits for the command and forwards signals; another one renews the lock.
"""

from __future__ import annotations

import os
from typing import Any

import click

from coord.client.calls import Queued
from coord.client.cli import completion, naming
from coord.client.cli.child import GRACE_S, NOT_FOUND, Child, exit_code
from coord.client.cli.claims import (
    Claim,
    ClaimOptions,
    claim_options,
    claimed_or_renewed,
    granted_locks,
    lock_sentence,
    without_a_lock,
)
from coord.client.cli.context import Coord, leave, pass_coord
from coord.client.cli.failures import AWAY, NOT_YOURS, CoordAway, Failed
from coord.client.cli.interrupts import interrupting
from coord.client.cli.lock_keeper import LockKeeper
from coord.client.cli.objects import Lock
from coord.client.cli.options import Command
from coord.client.cli.own_runs import OwnRuns


class RunCommand(Command):
    """What follows `--` is the command, and has none of our options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            separator = args.index("--")
            ctx.meta["coord.command"] = args[separator + 1 :]
            args = args[:separator]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "--", "COMMAND..."]


@click.command(
    "run",
    cls=RunCommand,
    examples="""
coord run "git push" -- git push
coord run --wait 10m -m "release 1.4" deploy migrations -- make release
coord run --require-lock --stop-on-loss db -- ./migrate.sh
""",
)
@click.argument(
    "resources", metavar="RESOURCE...", nargs=-1, required=True, shell_complete=completion.files
)
@claim_options
@click.option("--require-lock", is_flag=True, help="Do not start the command when coord is away.")
@click.option(
    "--stop-on-loss",
    is_flag=True,
    help="End the command when the lock is lost, or could not be renewed in time.",
)
@pass_coord
@click.pass_context
def run(
    ctx: click.Context,
    coord: Coord,
    /,
    resources: tuple[str, ...],
    as_is: bool,
    is_file: bool,
    require_lock: bool,
    stop_on_loss: bool,
    **options: Any,
) -> None:
    """Hold a lock while a command runs: claim, run, renew in the meantime, release.

    The exit code is the command's; 128 + N when signal N ended it. Signals are passed on. The
    command finds COORD_LOCK_ID and COORD_FENCING_TOKEN in its environment (of several RESOURCEs:
    separated by commas, in their order).

    When coord is away the command runs all the same, without a lock; not with --require-lock
    (exit code 5). When another session holds the lock it does not start (exit code 3).
    """
    command = ctx.meta.get("coord.command")
    if not command:
        raise click.UsageError("Say what to run, after --: coord run RESOURCE -- COMMAND...")
    project, names = naming.resources(coord, resources, as_is=as_is, is_file=is_file)
    claim = Claim(coord, project, names, ClaimOptions(**options))
    runs = OwnRuns(claim)
    try:
        runs.enter(command)
        with interrupting():  # until the command runs, to which signals are passed on
            locks = _claim(claim, require_lock)
            code = _Run(claim, locks, stop_on_loss, runs).run(command)
    except KeyboardInterrupt:
        claim.undo()
        raise
    finally:
        runs.leave()
    leave(code)


def _claim(claim: Claim, require_lock: bool) -> list[Lock]:
    """The locks; none when coord is away. Raises Failed."""
    coord = claim.coord
    try:
        locks = granted_locks(claim.make(queue=not require_lock))
    except CoordAway as away:
        sentence = (
            f"Not started, since there is no lock on {claim.names}: coord is away ({away.reason})."
        )
        raise Failed(sentence, AWAY, "away") from None
    except Queued as queued:
        coord.warn(without_a_lock(claim, queued).message)
        return []
    if any(lock["released_at"] for lock in locks):
        sentence = "Not started: the claim was granted and has ended since. Run it again."
        raise Failed(sentence, NOT_YOURS, "lock_lost")
    for lock in locks:
        coord.note(lock_sentence(claimed_or_renewed(lock), lock))
    return locks


class _Run:
    """The command, and the locks that are kept while it runs."""

    def __init__(self, claim: Claim, locks: list[Lock], stop_on_loss: bool, runs: OwnRuns) -> None:
        self.claim = claim
        self.coord = claim.coord
        self.stop_on_loss = stop_on_loss
        self.keeper = LockKeeper(claim, locks, self._on_loss)
        self.child = Child(runs.id, self.coord.warn)
        self._runs = runs

    def run(self, command: list[str]) -> int:
        """The command's exit code. The locks are released whatever happens."""
        try:
            self._runs.check_overlaps(self.keeper.locks, self._own_overlaps())
            self.child.start(command, self._environment())
            self.keeper.start()
            return self.child.wait()
        except OSError as error:
            code = exit_code(error, command[0])
            why = "not found" if code == NOT_FOUND else (error.strerror or str(error)).lower()
            self.coord.warn(f"{command[0]} cannot be run: {why}.")
            return code
        finally:
            self.keeper.stop()
            self.child.restore_signals()
            self.keeper.release()

    def _own_overlaps(self) -> list[Lock]:
        """The session's other locks that overlap those of this run."""
        own = {lock["id"] for lock in self.keeper.locks}
        overlaps: list[Lock] = []
        for resource in self.claim.resources if own else ():
            try:
                page = self.coord.read(
                    "/locks",
                    session_id=self.coord.session,
                    project_key=self.claim.project,
                    resource=resource,
                )
            except CoordAway:
                return []
            overlaps += [lock for lock in page["items"] if lock["id"] not in own]
        return overlaps

    def _environment(self) -> dict[str, str]:
        locks = self.keeper.locks
        own = {
            "COORD_SESSION": self.coord.session,
            "COORD_PROJECT": self.coord.project_option,
            "COORD_URL": self.coord.url_option,
            "COORD_LOCK_ID": ",".join(lock["id"] for lock in locks),
            "COORD_FENCING_TOKEN": ",".join(str(lock["fencing_token"]) for lock in locks),
        }
        outer = ("COORD_LOCK_ID", "COORD_FENCING_TOKEN")  # of a `coord run` around this one
        inherited = {name: value for name, value in os.environ.items() if name not in outer}
        return {**inherited, **{name: value for name, value in own.items() if value}}

    def _on_loss(self, reason: str) -> None:
        if not self.stop_on_loss:
            advice = "The command still runs: stop it if others must not be disturbed."
            self.coord.warn(f"THE LOCK ON {self.claim.names} IS LOST. {reason} {advice}")
            return
        self.coord.warn(f"THE LOCK ON {self.claim.names} IS LOST. {reason} Ending the command.")
        self.child.terminate()
        if not self.keeper.wait_stopped(GRACE_S):
            self.coord.warn(f"the command has not ended within {GRACE_S:.0f} s, and is killed.")
            self.child.kill()
