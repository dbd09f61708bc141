"""What the answers of a time show of a fault; nothing when it did not bite."""

from campaign.answers import TimedAnswer

SLOW_S = 0.25


def unavailable(answers: list[TimedAnswer]) -> str:
    count = sum(answer.status == 503 for answer in answers)
    return f"{count} of {len(answers)} answers were 503" if count else ""


def slower(answers: list[TimedAnswer]) -> str:
    """The slowest tenth."""
    answered = sorted(answer.seconds for answer in answers if answer.status is not None)
    tenth = answered[len(answered) * 9 // 10] if answered else 0.0
    return f"a tenth of the answers took {tenth:.2f} s or more" if tenth > SLOW_S else ""


def slower_or_unavailable(answers: list[TimedAnswer]) -> str:
    return ", ".join(part for part in (unavailable(answers), slower(answers)) if part)
