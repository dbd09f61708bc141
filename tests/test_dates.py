"""tools/check_dates.py: which dates in a test it finds, and which it leaves alone."""

import pytest

from tools.check_dates import fixed_dates

PASSED_BY_THE_CLOCK = {
    "a-time": 'at = "2026-11-25T10:00:00Z"',
    "with-a-space": 'at = "2031-01-01 10:00"',
    "without-dashes": 'at = "20261125T100000Z"',
    "inside-a-line": """line = '{"ts":"2026-11-25T10:00:00Z","method":"POST"}'""",
    "in-bytes": 'at = b"2026-11-25T10:00:00Z"',
    "in-an-f-string": 'at = f"2026-11-25T10:00:{second:02}Z"',
    "a-datetime": "at = datetime(2026, 11, 25, tzinfo=UTC)",
    "of-the-module": "at = dt.datetime(2026, 11, 25, 10, tzinfo=dt.UTC)",
    "a-date": "day = dt.date(2027, 2, 28)",
}


@pytest.mark.parametrize("source", PASSED_BY_THE_CLOCK.values(), ids=PASSED_BY_THE_CLOCK.keys())
def test_a_date_that_the_clock_passes_is_found(source: str) -> None:
    assert [line for line, _ in fixed_dates(f"\n{source}\n")] == [2]


SAME_ON_ANY_DAY = {
    "long-past": 'at = "2026-01-05T10:00:00Z"',
    "the-first-year": 'at = "0001-01-01T00:00:00Z"',
    "never": 'at = "9999-12-31T23:59:59Z"',
    "a-version": 'version = "2026-07-28"',
    "relative": 'at = moved(lock["acquired_at"], hours=-1)',
    "a-datetime-of-variables": "at = datetime(year, 11, 25, tzinfo=UTC)",
    "a-longer-number": 'id = "1202611251000T10"',
}


@pytest.mark.parametrize("source", SAME_ON_ANY_DAY.values(), ids=SAME_ON_ANY_DAY.keys())
def test_what_means_the_same_on_any_day_is_left_alone(source: str) -> None:
    assert list(fixed_dates(source)) == []
