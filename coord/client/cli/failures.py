"""How a command ends: the exit codes, and what is printed when something was not done."""

from __future__ import annotations

import os
from typing import Any

import click

from coord import __version__
from coord.client.answer import Answer
from coord.client.banner import plain
from coord.client.cli.output import error_line, lock_lines

DONE, REFUSED, USAGE, NOT_YOURS, NOTHING, AWAY = range(6)
INTERRUPTED = 130

EXIT_CODES = {
    DONE: (
        "done; or queued, as stderr says: coord is away, and the call (not a claim) is sent later"
    ),
    REFUSED: "refused, or failed in another way",
    USAGE: "the command line or a setting is wrong",
    NOT_YOURS: "the lock is not yours: held by another session, lost, or part of a deadlock",
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
    """Something was not done. `payload`: what `--json` prints; `details`: further lines for
    people."""

    def __init__(
        self,
        sentence: str,
        code: int = REFUSED,
        error: str = "failed",
        details: list[str] | None = None,
        **facts: Any,
    ) -> None:
        super().__init__(sentence)
        self.exit_code = code
        self.details = details or []
        self.payload: dict[str, Any] = {"detail": sentence, "error": error, **facts}

    def lines(self) -> list[str]:
        return [error_line(self.message), *self.details]


class Refused(Failed):
    """coord answered, and did not do it."""

    def __init__(self, answer: Answer) -> None:
        payload: dict[str, Any] = answer.json
        error = str(payload["error"])
        sentence = plain(str(payload.get("detail")))
        if error == "not_found":  # what follows names paths of the service
            sentence = f"{sentence.partition('. ')[0].rstrip('.')}."
        elif error == "not_assignee":  # and what follows here its fields
            sentence = (
                f"{sentence.partition('. ')[0]}. Ask that session, or --force, which tells it."
            )
        super().__init__(sentence, _CODES.get(error, REFUSED), error, _details(payload))
        self.payload = payload
        self.status = answer.status
        self.error = error


class NotCoord(Failed):
    """Something else listens at coord's address."""

    def __init__(self, url: str, answer: Answer) -> None:
        sentence = (
            f"Something that is not coord answers {answer.status} at {url}. Check COORD_URL, or url"
            " in .coord.toml."
        )
        super().__init__(sentence, AWAY, "not_coord")


class Unreadable(Failed):
    """An answer without what coord's answers have, or with something else in its place."""

    def __init__(self, url: str, error: Exception) -> None:
        import traceback

        frame = traceback.extract_tb(error.__traceback__)[-1]
        sentence = (
            f"The answer of {plain(url)} is not in the form that this client ({__version__}) reads:"
            f" {type(error).__name__} in {os.path.basename(frame.filename)}:{frame.lineno}. Is it"
            " coord, and of which version? coord doctor"
        )
        super().__init__(sentence, REFUSED, "unreadable")


class CoordAway(Failed):
    """coord did not answer a question. `retry_after`: seconds that it asks to wait, if it does."""

    def __init__(
        self,
        reason: str,
        retry_after: float | None = None,
        advice: str = "Work goes on; try again later.",
    ) -> None:
        self.reason = plain(reason).rstrip(".")
        self.retry_after = retry_after
        sentence = f"coord is away: {self.reason}. {advice}"
        super().__init__(sentence, AWAY, "away", retry_after=retry_after)


def _details(payload: dict[str, Any]) -> list[str]:
    """What a refusal says besides its sentence."""
    lines = []
    lock = payload.get("lock")
    for conflict in payload.get("conflicts") or ([lock] if isinstance(lock, dict) else []):
        lines += lock_lines(conflict)
    if payload.get("ahead"):
        names = ", ".join(plain(waiter["session_id"]) for waiter in payload["ahead"])
        lines.append(
            f"  you were number {payload.get('position')} of those waiting, behind {names}"
        )
    errors = payload.get("errors") or {}
    for name, messages in errors.items() if len(errors) > 1 else ():
        lines.append(f"  {plain(str(name))}: {plain(_joined(messages))}")
    return lines


def _joined(messages: Any) -> str:
    return " ".join(map(str, messages)) if isinstance(messages, list) else str(messages)
