"""The client's tests on Windows Pythons under Wine, with the service on Linux beside.

    python -m tools.test_windows                    all of tests/client that may run there, on each
    python -m tools.test_windows --brief            what differs most, in minutes: for .ci/run
    python -m tools.test_windows 3.11 tests/client/queue -k shells

Where Wine or its Pythons cannot be had that is said, and nothing is tested; 0 then too. A run in
which Wine itself crashes, or comes to no end, is tried once more, and that is said.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tests.client.conftest import NOT_ON_WINDOWS
from tests.service import ROOT, Service, running

VERSIONS = ("3.13", "3.11", "3.9")
ALL = ["tests/client"]  # a file at a time
# What is another there, programs on the newest and files on the oldest.
BRIEF = {
    "3.13": [
        "tests/client/test_windows.py",
        "tests/client/queue/test_shells.py",
        "tests/client/test_locked.py",
        "tests/client/test_paths.py",
        "-k",
        "not ann and not xf6rg",  # one user of three, whose name is 山田
    ],
    "3.9": [
        "tests/client/cli/test_windows_files.py",
        "tests/client/test_resource_names.py",
        "-k",
        "not has_open",  # those wait a lot
    ],
}
PYTEST = (
    "-m", "pytest", "-q", "-p", "no:cacheprovider",
    # tests/conftest.py needs what the server needs; the client's tests have one of their own.
    "--confcutdir=tests/client",
    # A test that hangs shows where, and ends the run.
    "-o", "faulthandler_exit_on_timeout=true", "-o",
)  # fmt: skip
BRIEF_S = 300.0  # all of the brief form, also on a busy machine
# For the brief form, and else.
SET_UP_S = {True: 200.0, False: 1800.0}  # a minute, with downloads
HANGS_S = {True: 100, False: 900}  # one test
RUN_S = 5400.0  # on one Python
END_S = 20.0
DAY_S = 86400.0
FINISHED = re.compile(r"\d+ (passed|failed|errors?|skipped|deselected)\b.* in [\d.]+s")
WINE_CRASHED = re.compile(
    r"wineserver crashed|wine client error|wine: (Unhandled|could not)|detected by ld\.so"
)


def main(arguments: list[str]) -> int:
    is_brief = "--brief" in arguments
    ends = time.monotonic() + BRIEF_S if is_brief else None
    versions = [each for each in arguments if each in VERSIONS]
    options = [argument for argument in arguments if argument not in (*VERSIONS, "--brief")]
    pythons = set_up(SET_UP_S[is_brief])
    if pythons is None:
        say("coord: the client is not tested on Windows")
        return 0
    failed = []
    for version in versions or (BRIEF if is_brief else VERSIONS):
        began = time.monotonic()
        say(f"Windows, Python {version}")
        if not python_of(pythons, version).exists():
            say("is not here: skipped")
            continue
        chosen = options or (BRIEF.get(version, ALL) if is_brief else ALL)
        for run_of in _each_file() if chosen == ALL else [chosen]:
            with _service() as service:
                if not passes(pythons, version, run_of, service, ends):
                    failed.append(" ".join([version, *run_of]))
        say(f"{time.monotonic() - began:.0f} s")
    for what in failed:
        say(f"coord: tests failed on Windows, Python {what}")
    return 1 if failed else 0


def python_of(pythons: Path, version: str) -> Path:
    folder = f"Python{version.replace('.', '')}"
    return pythons / "prefix" / "drive_c" / "Program Files" / folder / "python.exe"


@contextlib.contextmanager
def _service() -> Iterator[Service]:
    with (
        tempfile.TemporaryDirectory(prefix="coord-windows-") as folder,
        running(Path(folder), f"sqlite:///{folder}/coord.db") as service,
    ):
        yield service


def _each_file() -> list[list[str]]:
    """Those of ALL, each with a service of its own, as on Linux: what a test sends to all projects
    reaches no test of another file. A Wine that crashes takes no other file with it."""
    client = ROOT / ALL[0]
    names = sorted(str(path.relative_to(client)) for path in client.glob("**/test_*.py"))
    return [[f"{ALL[0]}/{name}"] for name in names if name not in NOT_ON_WINDOWS]


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def set_up(seconds: float) -> Path | None:
    """The folder of Wine and its Pythons; None where they cannot be had, which is said."""
    command = ["tools/setup-windows.sh"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            say(f"coord: Wine and its Pythons were not set up within {seconds} s")
            return None
    return Path(output.strip()) if process.returncode == 0 else None


def passes(
    pythons: Path, version: str, options: list[str], service: Service, ends: float | None
) -> bool:
    """`ends`: when the brief form is over, whatever it has come to by then."""
    for is_last in (False, True):
        seconds = RUN_S if ends is None else ends - time.monotonic()
        limit = f"faulthandler_timeout={HANGS_S[ends is not None]}"
        with own_wine(pythons) as environment:
            environment["COORD_TEST_SERVICE_PORT"] = str(service.port)
            # The byte code of both systems has one name, but not one content.
            environment["PYTHONPYCACHEPREFIX"] = rf"C:\pycache{version}"
            began = time.monotonic()
            code, output = run(pythons, [version, *PYTEST, limit, *options], environment, seconds)
        is_finished = FINISHED.search(output[-2000:]) is not None
        if code == 0 and is_finished:  # of a Wine that was killed it is 0 too
            return True
        if time.monotonic() - began > seconds:
            say("coord: it took too long, and the rest was left out")
            return ends is not None
        why = "Wine crashed" if WINE_CRASHED.search(output) else ""
        if not is_finished:
            why = why or "the tests came to no end"
        if not why or is_last:
            return False
        say(f"coord: {why}: once more")
    return False


@contextlib.contextmanager
def own_wine(pythons: Path) -> Iterator[dict[str, str]]:
    """The environment in which Wine has a folder of its own for one run: nothing of another run is
    in it, and all that was started in it is ended with it.

    Its drive `S:` and its share `\\\\beside\\share` are folders of this machine.
    """
    runs = pythons / "runs"
    runs.mkdir(exist_ok=True)
    for leftover in runs.iterdir():  # by a run that was killed
        if time.time() - leftover.stat().st_mtime > DAY_S:
            shutil.rmtree(leftover, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(dir=runs))
    prefix = folder / "prefix"
    subprocess.run(["cp", "-al", pythons / "prefix", prefix], check=True)
    for registry in prefix.glob("*.reg"):  # which Wine writes to as they are
        content = registry.read_bytes()
        registry.unlink()
        registry.write_bytes(content)
    (folder / "tmp").mkdir()
    for name in ("s:", "unc/beside/share"):
        drive = prefix / "dosdevices" / name
        drive.parent.mkdir(parents=True, exist_ok=True)
        (folder / drive.name.strip(":")).mkdir()
        drive.symlink_to(folder / drive.name.strip(":"))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("COORD_")},
        "TMPDIR": str(folder / "tmp"),  # as Linux's git calls it, too
        "COORD_WINEPREFIX": str(prefix),
        "PYTHONUNBUFFERED": "1",
    }
    try:
        yield environment
    finally:
        end(pythons, environment)
        shutil.rmtree(folder, ignore_errors=True)


def run(
    pythons: Path, arguments: list[str], environment: dict[str, str], seconds: float
) -> tuple[int, str]:
    """The exit code, and what was said, which is shown as it comes."""
    python = '"$WINEPREFIX/drive_c/Program Files/Python${1/./}/python.exe" "${@:2}"'
    process = bash(pythons, f"exec wine {python} </dev/null", environment, *arguments)
    lines: list[str] = []

    def show() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            sys.stdout.write(line)
            sys.stdout.flush()

    reader = threading.Thread(target=show, daemon=True)
    reader.start()
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    end(pythons, environment)  # what it left running may have the pipe open
    reader.join(END_S)
    return code, "".join(lines)


def end(pythons: Path, environment: dict[str, str]) -> None:
    """All that runs in this Wine; where its server has crashed that does not end the rest."""
    process = bash(pythons, "wineserver -k; wineserver -w", environment)
    try:
        process.communicate(timeout=END_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    own = f"WINEPREFIX={environment['COORD_WINEPREFIX']}".encode()
    for variables in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if own in variables.read_bytes().split(b"\0"):
                os.kill(int(variables.parent.name), signal.SIGKILL)


def bash(
    pythons: Path, line: str, environment: dict[str, str], *arguments: str
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        ["bash", "-c", f'. "$0/env.sh" && {line}', str(pythons), *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
