"""How a command ends: the exit codes, and what is said when something was not done."""

from __future__ import annotations

from typing import Any

import click

from coord.client.banner import plain
from coord.client.cli.output import error_line, lock_lines
from coord.client.wire import Answer

DONE, REFUSED, USAGE, NOT_YOURS, NOTHING, AWAY = range(6)
INTERRUPTED = 130

EXIT_CODES = {
    DONE: "done; or queued, as stderr says: coord is away, and the call (not a claim) will be sent later",
    REFUSED: "refused, or failed in another way",
    USAGE: "the command line or a setting is wrong",
    NOT_YOURS: "the lock is not yours: another session holds it, it was lost, or waiting would never end",
    NOTHING: "nothing there: not found, no item is ready, no lock of that name is yours",
    AWAY: "coord is away: a claim is not granted, a question not answered",
    INTERRUPTED: "interrupted",
}

_CODES = {
    "lock_held": NOT_YOURS,
    "deadlock": NOT_YOURS,
    "not_holder": NOT_YOURS,
    "lock_lost": NOT_YOURS,
    "not_found": NOTHING,
}


class Failed(click.ClickException):
    """Not done. `told`: what `--json` prints; `more`: further lines for people and agents."""

    def __init__(self, sentence: str, code: int = REFUSED, error: str = "failed", more: list[str] | None = None, **facts: Any) -> None:
        super().__init__(sentence)
        self.exit_code = code
        self.more = more or []
        self.told: dict[str, Any] = {"detail": sentence, "error": error, **facts}

    def lines(self) -> list[str]:
        return [error_line(self.message), *self.more]


class Refused(Failed):
    """coord answered, and did not do it."""

    def __init__(self, answer: Answer) -> None:
        told: dict[str, Any] = answer.json
        error = str(told["error"])
        super().__init__(plain(str(told.get("detail"))), _CODES.get(error, REFUSED), error, _facts(told))
        self.told = told
        self.status = answer.status
        self.error = error


class NotCoord(Failed):
    def __init__(self, url: str, answer: Answer) -> None:
        sentence = f"Something that is not coord answers {answer.status} at {url}. Check COORD_URL, or url in .coord.toml."
        super().__init__(sentence, AWAY, "not_coord")


class CoordAway(Failed):
    """A question that coord did not answer."""

    def __init__(self, why: str, retry_after: float | None = None, advice: str = "Work goes on; try again later.") -> None:
        self.why = plain(why).rstrip(".")
        super().__init__(f"coord is away: {self.why}. {advice}", AWAY, "away", retry_after=retry_after)


def _facts(told: dict[str, Any]) -> list[str]:
    """What a refusal says besides its sentence."""
    lines = []
    for lock in told.get("conflicts") or ([told["lock"]] if isinstance(told.get("lock"), dict) else []):
        lines += lock_lines(lock)
    if told.get("ahead"):
        lines.append(
            f"  your place in the line was {told.get('position')}; ahead: {', '.join(plain(each['session_id']) for each in told['ahead'])}"
        )
    errors = told.get("errors") or {}
    for name, messages in errors.items() if len(errors) > 1 else ():
        lines.append(f"  {plain(str(name))}: {plain(_joined(messages))}")
    return lines


def _joined(messages: Any) -> str:
    return " ".join(map(str, messages)) if isinstance(messages, list) else str(messages)
