"""What the journal tells of the past: how things stood at a moment, and how often something
happened.
"""

from collections import Counter
from datetime import datetime

from coord.area import PastItem, PastList, call_hook
from coord.areas.board.offers import offers
from coord.store import Reader, Row, Rows, journal, moments

MAX_ITEMS = 5_000
"""Of one list: subjects that changed last."""

MAX_COUNTED = 100_000
"""Events of one type: of more, the newest are counted."""

BUCKETS = 60
MAX_NAMED = 15  # projects and sessions of a count


def at_moment(db: Reader, at: datetime, project_key: str | None) -> Row:
    lists = [_list(db, area, part.past, at, project_key) for area, part in offers() if part.past]
    return {"generated_at": journal.head(db).now, "at": at, "lists": lists}


def _list(db: Reader, area: str, past: PastList, at: datetime, project_key: str | None) -> Row:
    entries = moments.latest_before(db, at, past.types, project_key, MAX_ITEMS + 1)
    items = []
    for entry in entries[:MAX_ITEMS]:
        item = call_hook(area, "board.past", past.item, entry)
        if item is not None:
            items.append(_answer(item, entry))
    return {"title": past.title, "complete": len(entries) <= MAX_ITEMS, "items": items}


def _answer(item: PastItem, entry: Row) -> Row:
    return {
        "text": item.text,
        "state": item.state,
        "session_id": item.session_id,
        "project_key": entry["project_key"],
        "since": entry["at"],
        "to": list(item.to),
    }


def counts(db: Reader, since: datetime, until: datetime | None, project_key: str | None) -> Row:
    now = journal.head(db).now
    until = now if until is None else min(until, now)
    items = [
        _counted(db, title, types, (since, until), project_key)
        for _, part in offers()
        for title, types in part.counts.items()
    ]
    return {"generated_at": now, "since": since, "until": until, "items": items}


def _counted(
    db: Reader,
    title: str,
    types: tuple[str, ...],
    stretch: tuple[datetime, datetime],
    project_key: str | None,
) -> Row:
    since, until = stretch
    rows = moments.times_of(db, since, until, types, project_key, MAX_COUNTED)
    buckets = [0] * BUCKETS
    for row in rows:
        place = int(BUCKETS * ((row["at"] - since) / (until - since)))
        buckets[min(max(place, 0), BUCKETS - 1)] += 1
    return {
        "title": title,
        "total": len(rows),
        "buckets": buckets,
        "by_project": _most(rows, "project_key"),
        "by_session": _most(rows, "session_id"),
    }


def _most(rows: Rows, field: str) -> Rows:
    counted = Counter(row[field] for row in rows if row[field] is not None)
    return [{"name": name, "count": count} for name, count in counted.most_common(MAX_NAMED)]
