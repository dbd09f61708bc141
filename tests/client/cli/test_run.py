"""`coord run`: a command that runs while a lock is held."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from coord.client.cli.child import exit_code
from coord.client.cli.claims import Claim, ClaimOptions, granted_locks
from coord.client.cli.context import Coord
from coord.client.cli.lock_keeper import LockKeeper
from tests.client.cli.conftest import Person
from tests.client.cli.terminal import OnATerminal
from tests.faults.proxy import Proxy
from tests.service import Service, until


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


SAYS_READY = "import signal, sys, time; print('ready', flush=True); "
SLEEPS = SAYS_READY + "time.sleep(60)"


def held(me: Person) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = me("locks", "--json").json["items"]
    return items


def ready(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


@pytest.mark.parametrize("code", [0, 1, 3, 5, 77])
def test_the_exit_code_is_the_commands(me: Person, code: int) -> None:
    assert me.process("run", "x", "--", *python(f"raise SystemExit({code})")).code == code


def test_the_lock_is_held_while_it_runs_and_released_after(me: Person) -> None:
    with me.start(
        "run",
        "git push",
        "-m",
        "release",
        "--",
        *python(SAYS_READY + "input()"),
        stdin=subprocess.PIPE,
    ) as process:
        ready(process)
        assert [(lock["resource"], lock["description"]) for lock in held(me)] == [
            ("git push", "release")
        ]
        process.communicate("\n", timeout=20)
    assert process.returncode == 0
    assert held(me) == []


def test_a_lock_that_the_session_held_before_it_keeps(me: Person) -> None:
    lock = me("lock", "x", "--json").json
    result = me.process("run", "x", "y", "--", *python("pass"))
    assert result.code == 0
    assert "renewed x" in result.err
    assert [each["id"] for each in held(me)] == [lock["id"]]


def test_the_command_finds_the_lock_and_its_token_in_its_environment(me: Person) -> None:
    shows = (
        "import os; print(os.environ['COORD_LOCK_ID'], os.environ['COORD_FENCING_TOKEN'],"
        " os.environ['COORD_SESSION'])"
    )
    lock_id, token, session = me.process("run", "x", "--", *python(shows)).out.split()
    lock = me("locks", "--released", "--json").json["items"][0]
    assert (lock_id, token, session) == (lock["id"], str(lock["fencing_token"]), me.session)
    assert len(me.process("run", "x", "y", "--", *python(shows)).out.split()[1].split(",")) == 2


def test_standard_input_and_output_are_the_commands_own(me: Person) -> None:
    result = me.process("run", "x", "--", *python("print(input())"), stdin=subprocess.PIPE)
    assert result.code == 1
    assert "EOFError" in result.err
    with me.start(
        "--json", "run", "x", "--", *python("print(input())"), stdin=subprocess.PIPE
    ) as process:
        out, _ = process.communicate("hello\n", timeout=20)
    assert out == "hello\n"


def test_what_stands_behind_the_dashes_is_not_ours(me: Person) -> None:
    assert (
        me.process(
            "run", "x", "--", *python("import sys; print(sys.argv)"), "--json", "--", "-q"
        ).out
        == "['-c', '--json', '--', '-q']\n"
    )


def test_it_does_not_start_when_another_session_holds_the_lock(me: Person, other: Person) -> None:
    other("lock", "x")
    result = me.process("run", "x", "--", *python("print('never')"))
    assert (result.code, result.out) == (3, "")
    assert other.session in result.err


def test_it_waits_for_the_lock(me: Person, other: Person) -> None:
    other("lock", "x", "--ttl", "1s")
    assert me.process("run", "x", "--wait", "20", "--", *python("print('now')")).out == "now\n"


@pytest.mark.parametrize(
    "number",
    [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1],
    ids=lambda number: number.name,
)
def test_signals_are_passed_on_and_the_exit_code_says_which(
    me: Person, number: signal.Signals
) -> None:
    with me.start(
        "run",
        "x",
        "--",
        *python(f"import signal; signal.signal({int(number)}, signal.SIG_DFL); " + SLEEPS),
    ) as process:
        ready(process)
        process.send_signal(number)
        process.communicate(timeout=20)
    assert process.returncode == 128 + number
    assert held(me) == []


@pytest.mark.parametrize(
    "command", [["lock", "x"], ["run", "x", "--", "true"]], ids=["lock", "run"]
)
@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name
)
def test_what_was_granted_to_a_claim_that_a_signal_ends_is_given_back(
    me: Person, service: Service, number: signal.Signals, command: list[str]
) -> None:
    with Proxy(service.port) as line:
        line.swallow(questions=False)
        with me.at(f"http://127.0.0.1:{line.port}").start(*command) as claiming:
            until(lambda: me("-q", "locks").out, 20, "the lock to be granted")
            claiming.send_signal(number)
            claiming.communicate(timeout=20)
    assert claiming.returncode == 128 + number
    assert held(me) == []


def test_a_signal_between_the_grant_and_the_command_gives_the_lock_back(me: Person) -> None:
    slow = (
        "import os, signal; from coord.client.cli import main, run;"
        " run._Run = lambda *a: os.kill(os.getpid(), signal.SIGTERM); main()"
    )
    me.command = [sys.executable, "-c", slow]
    assert me.process("run", "x", "--", "true").code == 128 + signal.SIGTERM
    assert held(me) == []


def test_what_coord_run_is_told_to_ignore_its_command_ignores(me: Person) -> None:
    shows = "import signal; print(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN)"
    command = ["nohup", *me.command, "run", "x", "--", *python(shows)]
    done = subprocess.run(
        command, cwd=me.folder, env=me.environment, capture_output=True, text=True, timeout=30
    )
    assert done.stdout == "True\n"


def test_a_command_that_handles_a_signal_ends_as_it_likes(me: Person) -> None:
    handles = "import signal, sys; signal.signal(signal.SIGTERM, lambda *a: sys.exit(9)); " + SLEEPS
    with me.start("run", "x", "--", *python(handles)) as process:
        ready(process)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert process.returncode == 9


def test_ctrl_c_reaches_the_command_once(me: Person) -> None:
    """On a terminal the whole group has it: it is not passed on as well."""
    counts = (
        "import signal, time; n = []; signal.signal(signal.SIGINT, lambda *a: n.append(1));"
        " print('ready', flush=True);t = time.monotonic();\nwhile not n and time.monotonic() < t +"
        " 20: time.sleep(0.01)\ntime.sleep(0.5); print('count', len(n), flush=True)"
    )
    screen = OnATerminal([*me.command, "run", "x", "--", *python(counts)], me)
    screen.until("ready")
    screen.type("\x03")
    screen.until("count 1")
    assert screen.wait() == 0


@pytest.mark.parametrize(("command", "code"), [("no-such-command", 127), ("/etc/passwd", 126)])
def test_a_command_that_cannot_be_run_is_told_and_releases_the_lock(
    me: Person, command: str, code: int
) -> None:
    result = me.process("run", "x", "--", command)
    assert result.code == code
    assert command in result.err
    assert held(me) == []


@pytest.mark.parametrize(("program", "code"), [("no-such-command", 127), ("passwd", 126)])
def test_a_program_that_is_nowhere_is_not_found_whatever_folders_may_be_read(
    monkeypatch: pytest.MonkeyPatch, program: str, code: int
) -> None:
    """As for a shell: the system says "permission denied" when one folder of PATH is closed."""
    monkeypatch.setenv("PATH", f"/closed{os.pathsep}/etc")
    assert exit_code(PermissionError(errno.EACCES, "Permission denied"), program) == code


def test_the_lock_is_renewed_long_before_it_ends(me: Person) -> None:
    with me.start("run", "x", "--ttl", "1.5s", "--", *python(SLEEPS)) as process:
        ready(process)
        first = held(me)[0]
        until(
            lambda: held(me) and held(me)[0]["last_activity_at"] > first["expires_at"],
            20,
            "the lock to outlive its first time",
        )
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert held(me) == []


def test_a_lost_lock_is_told_of_loudly_and_the_command_goes_on(me: Person) -> None:
    with me.start(
        "run", "x", "--ttl", "1.5s", "--", *python(SAYS_READY + "input()"), stdin=subprocess.PIPE
    ) as process:
        ready(process)
        me("unlock", "x")
        assert process.stderr is not None
        lost = next(line for line in process.stderr if "LOST" in line)
        process.communicate("\n", timeout=20)
    assert "THE LOCK ON x IS LOST" in lost
    assert "The command still runs" in lost
    assert process.returncode == 0


def test_a_lost_lock_ends_the_command_with_stop_on_loss(me: Person, other: Person) -> None:
    with me.start("run", "x", "--ttl", "1.5s", "--stop-on-loss", "--", *python(SLEEPS)) as process:
        ready(process)
        me("unlock", "x")
        other("lock", "x")
        _, err = process.communicate(timeout=20)
    assert process.returncode == 128 + signal.SIGTERM
    assert "Ending the command" in err
    # it is not released either
    assert [lock["session_id"] for lock in held(other)] == [other.session]


def test_when_coord_is_away_it_runs_without_a_lock_and_says_so(away: Person, me: Person) -> None:
    away.variables["COORD_LOCK_ID"] = "of an outer run"
    result = away.process(
        "run", "x", "--", *python("import os; print(os.environ.get('COORD_LOCK_ID'))")
    )
    assert (result.code, result.out) == (0, "None\n")
    assert "You work WITHOUT a lock on x" in result.err
    assert [call["method"] for call in away.queued] == ["POST", "DELETE"]
    synced = me("sync")
    assert (synced.code, synced.out) == (
        0,
        "1 sent, 1 dropped (claims that are released or expired).\n",
    )
    # the claim is not made for its release alone: nobody works under it any more
    assert me("-q", "locks", "--history").out == ""


def test_with_require_lock_it_does_not_run_then(away: Person) -> None:
    result = away.process("run", "x", "--require-lock", "--", *python("print('never')"))
    assert (result.code, result.out) == (5, "")
    assert "Not started" in result.err
    assert away.queued == []


def test_coord_that_goes_away_meanwhile_is_told_of_and_the_release_is_queued(
    me: Person, service: Service
) -> None:
    with Proxy(service.port) as line:
        mine = me.at(f"http://127.0.0.1:{line.port}")
        with mine.start(
            "run", "x", "--ttl", "6s", "--", *python(SAYS_READY + "input()"), stdin=subprocess.PIPE
        ) as process:
            ready(process)
            line.refuse()
            assert process.stderr is not None
            away = next(said for said in process.stderr if "cannot be renewed" in said)
            line.forward()
            back = next(process.stderr)
            line.refuse()
            _, err = process.communicate("\n", timeout=30)
    assert "the lock on x cannot be renewed now" in away
    assert "the lock was renewed" in back
    assert process.returncode == 0
    assert "The release is queued" in err
    assert [call["method"] for call in mine.queued] == ["DELETE"]


def test_a_lock_that_cannot_be_renewed_in_time_counts_as_lost(me: Person, service: Service) -> None:
    with Proxy(service.port) as line:
        mine = me.at(f"http://127.0.0.1:{line.port}")
        with mine.start(
            "run", "x", "--ttl", "2s", "--timeout", "1", "--stop-on-loss", "--", *python(SLEEPS)
        ) as process:
            ready(process)
            line.swallow()
            _, err = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert "THE LOCK ON x IS LOST. It could not be renewed for 2 s" in err
    assert [call["method"] for call in mine.queued] == ["DELETE"]


def test_coord_that_comes_back_grants_the_lock_from_then_on(me: Person, service: Service) -> None:
    with Proxy(service.port) as line:
        line.refuse()
        mine = me.at(f"http://127.0.0.1:{line.port}")
        sooner = (
            "from coord.client.cli import lock_keeper, main; lock_keeper.AWAY_INTERVAL_S = 0.3;"
            " main()"
        )
        mine.command = [sys.executable, "-c", sooner]
        with mine.start(
            "run", "x", "--", *python(SAYS_READY + "input()"), stdin=subprocess.PIPE
        ) as process:
            ready(process)
            line.forward()
            assert process.stderr is not None
            back = next(said for said in process.stderr if "you hold the lock" in said)
            assert [lock["resource"] for lock in held(me)] == ["x"]
            process.communicate("\n", timeout=30)
        assert "claimed x until" in back
        assert held(me) == []


def test_without_a_command_it_is_a_usage_error(me: Person) -> None:
    result = me("run", "x")
    assert result.code == 2
    assert "Say what to run" in result.err
    assert me("run", "x", "--").code == 2


def test_another_run_of_the_same_session_does_not_start(me: Person) -> None:
    with me.start("run", "nightly", "--", *python(SLEEPS)) as first:
        ready(first)
        lock = held(me)[0]
        result = me.process("run", "nightly", "--", *python("print('never')"))
        assert (result.code, result.out) == (3, "")
        assert f"another `coord run` of yours (process {first.pid}, started" in result.err
        assert "and holds nightly. --wait waits for it." in result.err
        (still,) = held(me)
        of_any_call = {"last_activity_at"}
        assert {name for name in lock if still[name] != lock[name]} <= of_any_call
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=20)
    assert held(me) == []


def test_another_run_of_the_same_session_waits_for_its_turn(me: Person) -> None:
    with me.start(
        "run", "nightly", "--", *python(SAYS_READY + "input()"), stdin=subprocess.PIPE
    ) as first:
        ready(first)
        with me.start("run", "nightly", "--wait", "60", "--", *python("print('now')")) as second:
            assert second.stderr is not None
            assert (
                "Waiting, for at most 1 min: another `coord run` of yours"
                in second.stderr.readline()
            )
            first.communicate("\n", timeout=60)
            out, _ = second.communicate(timeout=60)
    assert out == "now\n"
    assert held(me) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [("src/", "src/app.py"), ("src/app.py", "src/"), ("x", "x"), ("/", "git push")],
)
def test_runs_of_one_session_whose_resources_overlap_exclude_each_other(
    me: Person, one: str, other: str
) -> None:
    with me.start("run", one, "--", *python(SLEEPS)) as first:
        ready(first)
        result = me.process("run", other, "--", *python("print('never')"))
        assert (result.code, result.out) == (3, "")
        assert [lock["resource"] for lock in held(me)] == [one]
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=20)


def test_while_coord_is_away_two_runs_of_a_session_exclude_each_other_too(away: Person) -> None:
    with away.start("run", "nightly", "--", *python(SLEEPS)) as first:
        ready(first)
        assert away.process("run", "nightly", "--", *python("print('never')")).code == 3
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=20)


def test_a_run_under_a_lock_that_the_session_took_before_excludes_another(me: Person) -> None:
    me("lock", "x", "--ttl", "1h", "-m", "release")
    with me.start("run", "x", "--", *python(SLEEPS)) as first:
        ready(first)
        assert me.process("run", "x", "--", *python("print('never')")).code == 3
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=20)
    assert [(lock["ttl_hours"], lock["description"]) for lock in held(me)] == [(1, "release")]


def test_a_run_within_a_run_goes_ahead_and_leaves_the_lock_to_the_outer_one(me: Person) -> None:
    shows = [*me.command, "-q", "locks"]
    inner = [*me.command, "run", "x", "--", *python("print('inner')")]
    script = (
        f"import subprocess; subprocess.run({inner!r}, check=True); subprocess.run({shows!r},"
        " check=True)"
    )
    result = me.process("run", "x", "--", *python(script))
    assert result.code == 0, result.err
    assert len(result.lines) == 2
    assert result.lines[0] == "inner"
    assert held(me) == []


def test_a_run_that_was_killed_keeps_nobody_out(me: Person) -> None:
    with me.start("run", "x", "--", *python(SLEEPS)) as first:
        ready(first)
        first.kill()
        first.wait(20)
        assert first.stdout is not None
        first.stdout.close()
    assert me.process("run", "x", "--", *python("print('now')")).out == "now\n"


STARTS_ANOTHER = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', {code!r}]); "
WRITES_LATER = "import time; time.sleep(1.5); open('late', 'w').close()"


def test_the_lock_is_released_when_all_that_the_command_started_has_ended(me: Person) -> None:
    result = me.process(
        "run", "x", "--", *python(STARTS_ANOTHER.format(code=WRITES_LATER) + "sys.exit(7)")
    )
    assert result.code == 7
    assert (me.folder / "late").exists()
    assert "the command has ended, but not what it started" in result.err
    assert held(me) == []


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name
)
def test_a_signal_ends_all_that_the_command_started(me: Person, number: signal.Signals) -> None:
    grandchild = (
        f"import signal; signal.signal({int(number)}, signal.SIG_DFL); import time; time.sleep(60)"
    )
    child = (
        f"import signal; signal.signal({int(number)}, signal.SIG_DFL); "
        + STARTS_ANOTHER.format(code=grandchild)
        + SLEEPS
    )
    with me.start("run", "x", "--", *python(child)) as process:
        ready(process)
        process.send_signal(number)
        process.communicate(timeout=20)  # the pipe closes when the last of them has ended
    assert process.returncode == 128 + number
    assert held(me) == []


def test_what_does_not_end_is_killed_and_the_lock_held_until_then(me: Person) -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('stubborn',"
        " flush=True); time.sleep(60)"
    )
    sooner = "from coord.client.cli import child, main; child.GRACE_S = 0.5; main()"
    me.command = [sys.executable, "-c", sooner]
    with me.start(
        "run", "x", "--", *python(STARTS_ANOTHER.format(code=stubborn) + SLEEPS)
    ) as process:
        assert process.stdout is not None
        assert {process.stdout.readline(), process.stdout.readline()} == {"ready\n", "stubborn\n"}
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        killed = next(line for line in process.stderr if "killed" in line)
        process.communicate(timeout=20)
    assert "not ended within" in killed
    assert held(me) == []


def test_stop_on_loss_ends_all_that_the_command_started(me: Person) -> None:
    code = STARTS_ANOTHER.format(code="import time; time.sleep(60)") + SLEEPS
    with me.start("run", "x", "--ttl", "1.5s", "--stop-on-loss", "--", *python(code)) as process:
        ready(process)
        me("unlock", "x")
        process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM


def test_a_daemon_is_not_waited_for(me: Person, tmp_path: Path) -> None:
    daemon = ["setsid", sys.executable, "-c", "import time; time.sleep(20)"]
    code = f"import subprocess; subprocess.Popen({daemon!r}, stdin=-3, stdout=-3, stderr=-3)"
    began = time.monotonic()
    assert me.process("run", "x", "--", *python(code)).code == 0
    assert time.monotonic() - began < 15


def test_on_a_terminal_ctrl_c_ends_what_the_command_started_too(me: Person) -> None:
    code = STARTS_ANOTHER.format(code="import time; time.sleep(60)") + SLEEPS
    screen = OnATerminal([*me.command, "run", "x", "--", *python(code)], me)
    screen.until("ready")
    screen.type("\x03")
    assert screen.wait() == 128 + signal.SIGINT
    assert held(me) == []


def test_a_machine_that_slept_renews_at_once(me: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock that cannot be set stands still in the meantime, as on Linux while it is
    suspended.
    """
    slept = 0.0
    wall = time.time
    monkeypatch.setattr("coord.client.cli.lock_keeper.time.time", lambda: wall() + slept)
    monkeypatch.setattr("coord.client.cli.lock_keeper.TICK_S", 0.05)
    claim = Claim(_coord(me, monkeypatch), me.project, ["x"], ClaimOptions())
    keeper = LockKeeper(claim, granted_locks(claim.make()), lambda reason: None)
    first = held(me)[0]
    keeper.start()
    slept = 3600.0
    until(lambda: held(me)[0]["last_activity_at"] > first["last_activity_at"], 20, "the renewal")
    keeper.stop()


def _coord(me: Person, monkeypatch: pytest.MonkeyPatch) -> Coord:
    monkeypatch.chdir(me.folder)
    for name, value in me.env.items():
        monkeypatch.setenv(name, value)
    return Coord()
