"""`coord run RESOURCE -- command`: a command that runs while a lock is held.

The command is in the same process group and on the same terminal as it would be without `coord run`. A thread renews the lock; the main
thread only waits, and passes signals on.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import click

from coord.client.banner import plain
from coord.client.calls import Calls, Queued
from coord.client.cli import completion, naming
from coord.client.cli.common import Body, Command, Coord, leave, pass_coord
from coord.client.cli.failures import AWAY, NOT_YOURS, CoordAway, Failed
from coord.client.cli.locks import Claim, claim_options, claimed_or_renewed, granted, lock_sentence, without_a_lock
from coord.client.locked import Busy
from coord.client.wire import Away, query

MOST_S = 300.0  # between renewals: a lock turns stale after 2 hours without a sign of life, or what the operator set
LEAST_S = 0.2
RETRY_S = 10.0  # between tries while coord is away
ENDS_IN_S = 10.0  # what a command has time for after --stop-on-loss asked it to end
POLL_S = 0.2  # Windows: how often it is looked whether the command has ended, since a wait there takes no signal
NOT_FOUND, NOT_EXECUTABLE = 127, 126  # as shells say it

_PASSED_ON = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGBREAK")
_FROM_THE_KEYBOARD = ("SIGINT", "SIGQUIT", "SIGBREAK")


class RunCommand(Command):
    """What stands behind `--` is the command, and none of ours."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            at = args.index("--")
            ctx.meta["coord.command"] = args[at + 1 :]
            args = args[:at]
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
@click.argument("resources", metavar="RESOURCE...", nargs=-1, required=True, shell_complete=completion.files)
@claim_options
@click.option("--require-lock", is_flag=True, help="Do not start the command when coord is away.")
@click.option("--stop-on-loss", is_flag=True, help="End the command when the lock is lost, or could not be renewed in time.")
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
    **given: Any,
) -> None:
    """Hold a lock while a command runs: claim, run, renew in the meantime, release.

    The exit code is the command's; 128 + N when signal N ended it. Signals are passed on. The command finds COORD_LOCK_ID and
    COORD_FENCING_TOKEN in its environment (of several RESOURCEs: separated by commas, in their order).

    When coord is away the command runs all the same, without a lock; not with --require-lock (exit code 5). When another session holds
    the lock it does not start (exit code 3).
    """
    command = ctx.meta.get("coord.command")
    if not command:
        raise click.UsageError("Say what to run, behind --: coord run RESOURCE -- COMMAND...")
    project, names = naming.resources(coord, resources, as_is=as_is, is_file=is_file)
    claim = Claim(coord, project, names, given)
    locks = _claimed(claim, require_lock)
    holder = _Holder(claim, locks, stop_on_loss)
    try:
        code = holder.run(command)
    finally:
        holder.release()
    leave(code)


def _claimed(claim: Claim, require_lock: bool) -> list[Body]:
    """The locks; none when coord is away."""
    coord = claim.coord
    try:
        locks = granted(claim.make(kept=not require_lock))
    except CoordAway as away:
        sentence = f"Not started, since there is no lock on {claim.names}: coord is away ({away.why})."
        raise Failed(sentence, AWAY, "away") from None
    except Queued as queued:
        coord.warn(without_a_lock(claim, queued).message)
        return []
    if any(each["released_at"] for each in locks):
        raise Failed("Not started: the claim was granted and has ended since. Run it again.", NOT_YOURS, "lock_lost")
    for each in locks:
        coord.note(lock_sentence(claimed_or_renewed(each), each))
    return locks


class _Holder:
    """Holds the locks while the command runs."""

    def __init__(self, claim: Claim, locks: list[Body], stop_on_loss: bool) -> None:
        self.claim = claim
        self.coord = claim.coord
        self.locks = locks
        self.stop_on_loss = stop_on_loss
        self.lost = False
        self._is_known_lost = False
        self._renewed = time.monotonic()
        self._away = False
        self._over = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._came_early: list[int] = []

    # --- the command -------------------------------------------------------------------------------------------------------------

    def run(self, command: list[str]) -> int:
        """Its exit code, as a shell would give it."""
        before = {each: signal.signal(each, self._pass_on) for each in _signals()}
        renewing = threading.Thread(target=self._keep, daemon=True)
        try:
            self._process = subprocess.Popen(_as_program(command), env=self._environment())
            for number in self._came_early:
                self._pass_on(number, None)
            renewing.start()
            code = self._wait(self._process)
        except OSError as error:
            self.coord.warn(f"{command[0]} cannot be run: {(error.strerror or str(error)).lower()}.")
            return NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE
        finally:
            self._over.set()
            for each, handler in before.items():
                signal.signal(each, handler)
        renewing.join(1)  # a renewal under way that comes after the release does no harm
        return 128 - code if code < 0 else code

    def _wait(self, process: subprocess.Popen[bytes]) -> int:
        if sys.platform != "win32":
            return process.wait()
        while True:
            try:
                return process.wait(POLL_S)
            except subprocess.TimeoutExpired:
                pass

    def _pass_on(self, number: int, frame: object) -> None:
        """The keyboard's signals come to the command by themselves."""
        process = self._process
        if process is None:
            self._came_early.append(number)
            return
        if signal.Signals(number).name in _FROM_THE_KEYBOARD and _has_the_keyboard():
            return
        try:
            process.send_signal(number)
        except (OSError, ValueError):
            pass  # it has ended

    def _environment(self) -> dict[str, str]:
        told = {
            "COORD_SESSION": self.coord.session,
            "COORD_LOCK_ID": ",".join(each["id"] for each in self.locks),
            "COORD_FENCING_TOKEN": ",".join(str(each["fencing_token"]) for each in self.locks),
        }
        told |= {"COORD_PROJECT": self.coord.project_option} if self.coord.project_option else {}
        told |= {"COORD_URL": self.coord.url_option} if self.coord.url_option else {}
        inherited = {name: value for name, value in os.environ.items() if name not in told}  # of a `coord run` around this one
        return {**inherited, **{name: value for name, value in told.items() if value}}

    # --- the lock ----------------------------------------------------------------------------------------------------------------

    def _keep(self) -> None:
        """Renews until the command has ended, or the lock is lost."""
        calls = Calls(self.coord.place, self.coord.session)
        while not self._over.wait(self._pause()):
            try:
                if self.locks:
                    self._renew(calls)
                else:
                    self._catch_up(calls)
            except (Away, OSError, Busy) as why:
                self._is_away(str(why))
            if self.lost:
                self._stop()
                return

    def _ttl_s(self) -> float | None:
        """The shortest of the locks'; None: they do not end."""
        return min((each["ttl_hours"] * 3600 for each in self.locks if each["ttl_hours"]), default=None)

    def _pause(self) -> float:
        third = (self._ttl_s() or MOST_S * 3) / 3
        return max(LEAST_S, min(MOST_S, third, RETRY_S if self._away or not self.locks else MOST_S))

    def _renew(self, calls: Calls) -> None:
        for each in self.locks:
            asked = time.monotonic()
            answer = calls.ask("PATCH", f"/locks/{each['id']}", {"session_id": self.coord.session}, timeout=self._timeout())
            if not answer.is_coords:
                raise Away(f"something that is not coord answers {answer.status}")
            if answer.status in (403, 404, 409) and answer.json["error"] in ("not_holder", "not_found", "lock_lost"):
                self._is_known_lost = True
                self._is_lost(answer.json["detail"])
                return
            if not answer.ok:
                raise Away(str(answer.json["detail"]))
        self._renewed = asked
        if self._away:
            self._away = False
            self.coord.note("coord: it answers again, and the lock was renewed.")

    def _timeout(self) -> float:
        return min(self.coord.timeout, max(1.0, (self._ttl_s() or MOST_S) / 3))

    def _is_away(self, why: str) -> None:
        if self.locks and not self._away:
            self.coord.warn(f"the lock on {self.claim.names} cannot be renewed now ({plain(why).rstrip('.')}). Trying again.")
        self._away = True
        ttl = self._ttl_s()
        if ttl is not None and time.monotonic() - self._renewed > ttl:
            self._is_lost(f"It could not be renewed for {ttl:.0f} s, and has ended if coord did not renew it otherwise.")

    def _is_lost(self, why: str) -> None:
        if self._over.is_set():
            return
        self.lost = True
        what = "The command is asked to end." if self.stop_on_loss else "The command still runs: stop it if others must not be disturbed."
        self.coord.warn(f"THE LOCK ON {self.claim.names} IS LOST. {why} {what}")

    def _catch_up(self, calls: Calls) -> None:
        """The claim waits in the queue: is coord back, and is it granted now?"""
        body = {name: value for name, value in self.claim.body.items() if name != "wait"}
        answer = calls.ask("POST", "/locks", body, timeout=self._timeout())
        if answer.is_coords and answer.ok and not any(each["released_at"] for each in granted(answer)):
            self.locks = granted(answer)
            self._renewed = time.monotonic()
            self._away = False
            self.coord.note(f"coord: it is back, and you have the lock from now on: {lock_sentence('claimed', self.locks[0])}")

    def _stop(self) -> None:
        """Asks the command to end, and makes it after a while."""
        process = self._process
        if not self.stop_on_loss or process is None:
            return
        process.terminate()
        if not self._over.wait(ENDS_IN_S):
            self.coord.warn(f"the command has not ended within {ENDS_IN_S:.0f} s, and is killed.")
            process.kill()

    def release(self) -> None:
        """Whatever happened. What was not granted but waits in the queue is released there; what the session held before it keeps."""
        if self._is_known_lost:
            return
        for path in self._releases():
            try:
                self.coord.write("DELETE", path)
            except Queued as queued:
                self.coord.note(
                    f"coord is away ({plain(str(queued)).rstrip('.')}); the release is kept: the next write or `coord sync` sends it."
                )
            except Failed as failed:
                if failed.told["error"] != "not_found":
                    self.coord.warn(f"the lock on {self.claim.names} could not be released: {failed.message}")

    def _releases(self) -> list[str]:
        me, body = self.coord.session, self.claim.body
        if self.locks:
            own = [each for each in self.locks if claimed_or_renewed(each) == "claimed"]
            return [f"/locks/{each['id']}{query(session_id=me)}" for each in own]
        if "resource" in body:
            return [f"/locks/{body['id']}{query(session_id=me)}"]
        return [f"/locks{query(session_id=me, project_key=body['project_key'], resource=each)}" for each in self.claim.resources]


def _signals() -> list[signal.Signals]:
    """Those to pass on; not what this process is told to ignore, as by nohup: its command ignores that too."""
    known = [getattr(signal, name) for name in _PASSED_ON if hasattr(signal, name)]
    return [each for each in known if signal.getsignal(each) is not signal.SIG_IGN]


def _as_program(command: list[str]) -> list[str]:
    """Windows itself finds no `.cmd` and no `.bat` on PATH."""
    return [shutil.which(command[0]) or command[0], *command[1:]] if sys.platform == "win32" else command


def _has_the_keyboard() -> bool:
    """Whether this process group is the one that the terminal's Ctrl-C goes to."""
    if sys.platform == "win32":
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
