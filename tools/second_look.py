"""`python -m tools.second_look`, with what pytest is given: runs the tests, and the few that failed
once more, alone.

Everything that a change must pass runs on two cores with hundreds of processes beside it, where a
deadline of seconds can be missed for no fault of coord's. What passes alone is printed as FLAKY,
and is a fault to be mended, of the test or of coord. What says that a promise of safety holds gets
no second look: a fault there may well show in one run of many.
"""

import subprocess
import sys
from collections.abc import Sequence

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


class Failures:
    """A plugin that remembers which tests failed."""

    def __init__(self) -> None:
        self.tests: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.tests.add(report.nodeid)


def second_look(arguments: Sequence[str]) -> int:
    """The exit code of the tests, or 0 when all that failed have passed alone."""
    failures = Failures()
    code = pytest.main([*arguments], [failures])
    failed = sorted(failures.tests)
    # any other code says that not all of them ran
    if code != pytest.ExitCode.TESTS_FAILED or not 1 <= len(failed) <= FEW:
        return code
    if any(test.startswith(SAFETY) for test in failed):
        return code
    sys.stdout.write(f"A second look, alone, at what failed: {', '.join(failed)}\n")
    sys.stdout.flush()
    alone = [sys.executable, "-m", "pytest", "--timeout", "600", *failed]
    code = subprocess.run(alone, check=False).returncode
    if code == 0:
        sys.stdout.writelines(f"FLAKY {test}\n" for test in failed)
    return code


if __name__ == "__main__":
    sys.exit(second_look(sys.argv[1:]))
