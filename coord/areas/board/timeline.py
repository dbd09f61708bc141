"""The timeline: what every area has to say about a stretch of time."""

from collections.abc import Iterable
from datetime import datetime

from coord.area import Span, Stretch, call_hook
from coord.areas.board.offers import offers
from coord.store import Reader, Row, journal
from coord.web import iso

MAX_SPANS = 20_000
"""Of all areas together: what a page draws at 30 frames a second, and 4 MB."""


def timeline(db: Reader, since: datetime, until: datetime | None, project_key: str | None) -> Row:
    """The newest spans of the stretch; `complete` says whether there were more."""
    now = journal.head(db).now
    until = now if until is None else min(until, now)
    stretch = Stretch(since, until, project_key, MAX_SPANS + 1)
    spans = [span for part in _parts(db, stretch) for span in part]
    spans.sort(key=lambda span: span.since)
    items = [_answer(span) for span in spans[-MAX_SPANS:]]
    return {
        "generated_at": now,
        "since": since,
        "until": until,
        "complete": len(items) == len(spans),
        "items": items,
    }


def _parts(db: Reader, stretch: Stretch) -> Iterable[Iterable[Span]]:
    for area, part in offers():
        if part.spans is not None:
            yield call_hook(area, "board.spans", part.spans, db, stretch)


def _answer(span: Span) -> Row:
    return {
        "session_id": span.session_id,
        "project_key": span.project_key,
        "text": span.text,
        "style": span.style,
        "since": iso(span.since),
        "until": None if span.until is None else iso(span.until),
        "ending": span.ending,
        "to": list(span.to),
    }
