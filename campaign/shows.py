"""What the answers of a time show of a fault; nothing when it did not bite."""

from campaign.answers import Given

SLOW_S = 0.25


def unavailable(given: list[Given]) -> str:
    found = sum(each.status == 503 for each in given)
    return f"{found} of {len(given)} answers were 503" if found else ""


def slower(given: list[Given]) -> str:
    """The slowest tenth."""
    answered = sorted(each.seconds for each in given if each.status is not None)
    tenth = answered[len(answered) * 9 // 10] if answered else 0.0
    return f"a tenth of the answers took {tenth:.2f} s or more" if tenth > SLOW_S else ""


def slower_or_unavailable(given: list[Given]) -> str:
    return ", ".join(each for each in (unavailable(given), slower(given)) if each)
