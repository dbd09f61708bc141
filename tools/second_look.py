"""`python -m tools.second_look pytest …`: runs the tests, and the few that failed once more, alone.

Everything that a change must pass runs on two cores with hundreds of processes beside it, where a
deadline of seconds can be missed for no fault of coord's. What passes alone is printed as FLAKY,
and is a fault to be mended, of the test or of coord. What says that a promise of safety holds gets
no second look: a fault there may well show in one run of many.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

FEW = 3  # more than these fail of one cause
SAFETY = (
    "tests/areas/locks/",
    "tests/faults/test_history.py",
    "tests/faults/test_history_checker.py",
    "tests/faults/test_races.py",
    "tests/security/",
    "tests/store/",
)
RECORD = "FAILED_TESTS"  # the variable with the file that they are written to


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """This module is a plugin of the first look, too."""
    if report.failed:
        with Path(os.environ[RECORD]).open("a", encoding="utf-8") as record:
            record.write(f"{report.nodeid}\n")


def second_look(command: Sequence[str]) -> int:
    """The exit code of the tests, or 0 when all that failed have passed alone."""
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder, "failed")
        record.touch()
        code = subprocess.run(
            [*command, "-p", "tools.second_look"],
            env={**os.environ, RECORD: str(record)},
            check=False,
        ).returncode
        failed = sorted(set(record.read_text(encoding="utf-8").splitlines()))
    # any other code says that not all of them ran
    if code != pytest.ExitCode.TESTS_FAILED or not 1 <= len(failed) <= FEW:
        return code
    if any(test.startswith(SAFETY) for test in failed):
        return code
    sys.stdout.write(f"A second look, alone, at what failed: {', '.join(failed)}\n")
    sys.stdout.flush()
    code = subprocess.run([command[0], "--timeout", "600", *failed], check=False).returncode
    if code == 0:
        sys.stdout.writelines(f"FLAKY {test}\n" for test in failed)
    return code


if __name__ == "__main__":
    sys.exit(second_look(sys.argv[1:]))
