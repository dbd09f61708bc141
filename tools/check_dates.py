"""No test has a fixed date that the clock can pass: it would be green until that day, and red for
ever after.

A test compares many times with the clock without naming it: a queued claim ends, an observation
lies in the future. So a date with a time of day in a string, or in a call of `datetime`, is allowed
where it means the same on any day: long past (before `LONG_PAST`) or never to come (the year 9999).
A bare date is a version, as MCP has them, or bad input.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# by more than coord's longest window, 90 days, on the day when its first test was written
LONG_PAST = "2026-02-01"
NEVER = "9999"
TIME = re.compile(r"(?<!\d)(\d{4})-?(\d\d)-?(\d\d)[T ]\d\d")
ITS_OWN_TEST = "tests/test_dates.py"
ADVICE = f"""\
The clock passes these dates. Take a time from the clock that the code under test asks instead: shell_time() of
tests/client/recording.py for a queued line, moved(answer[...], hours=-1) and the fixture `clock` of tests/conftest.py
for the rest; or, for what is long past on any day, one before {LONG_PAST}.
"""  # noqa: E501 (as it is shown)


def written_in(node: ast.AST) -> str | None:
    """The day, `YYYY-MM-DD`, of a time that this piece of a program spells out."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
        text = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
        time = TIME.search(text)
        return "-".join(time.groups()) if time else None
    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in (
        "datetime",
        "date",
    ):
        parts = [
            argument.value
            for argument in node.args[:3]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, int)
        ]
        return "{:04}-{:02}-{:02}".format(*parts) if len(parts) == 3 else None
    return None


def fixed_dates(source: str) -> Iterator[tuple[int, str]]:
    """The line and the day of each date that does not mean the same on any day."""
    for node in ast.walk(ast.parse(source)):
        day = written_in(node)
        if day and LONG_PAST <= day < NEVER:
            yield node.lineno, day  # type: ignore[attr-defined]  # only expressions have one to give


def main() -> int:
    names = {str(path.relative_to(ROOT)): path for path in sorted(ROOT.glob("tests/**/*.py"))}
    del names[ITS_OWN_TEST]
    problems = [
        f"{name}:{line}: {day}\n"
        for name, path in names.items()
        for line, day in fixed_dates(path.read_text(encoding="utf-8"))
    ]
    if problems:
        sys.stderr.writelines([*problems, ADVICE])
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
