"""Fits a check-in into as many bytes as the session can take.

It is filled in the order of the parts' ranks. What finds no room is counted, never dropped in
silence, and one long text does not keep the rest from being seen.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace

from coord.areas.sessions.checkin import Checkin, Format, Row, Section, dumps

# an item takes at most this part of all the room: the first of these with which all have room
SHARES = (1, 2, 4)
MIN_CUT_BYTES = 40  # cutting texts as short as that saves nothing
SESSION_TEXTS = ("task", "waiting_for", "handover")
VOLATILE_OF_SESSION = frozenset({"last_seen_at", "expires_at"})


def fit(checkin: Checkin, form: Format, max_bytes: int) -> Checkin:
    """As much of it as fits."""
    empty, room = _without_items(checkin, form, max_bytes)
    for share in SHARES:
        sections = list(_fill(checkin.sections, form, room, max_bytes // share))
        if not any(section.omitted for section in sections):
            break
    return replace(empty, sections=sections)


def _without_items(checkin: Checkin, form: Format, max_bytes: int) -> tuple[Checkin, int]:
    """The frame, and how much room there is in it. Its numbers are as long as they can get."""
    session = checkin.session and _shorten(checkin.session, SESSION_TEXTS, max_bytes // SHARES[-1])
    sections = [
        replace(section, items=[], shortened=len(section.items)) for section in checkin.sections
    ]
    empty = replace(checkin, session=session, sections=sections)
    if len(form.write(empty).encode()) > max_bytes:
        empty = replace(empty, session=None)
    return empty, max_bytes - len(form.write(empty).encode())


def _fill(
    sections: Iterable[Section], form: Format, room: int, max_item_bytes: int
) -> Iterator[Section]:
    for section in sections:
        items: list[Row] = []
        shortened = 0
        for item in section.items:
            short = _shorten(item, section.texts, max_item_bytes)
            # one more for what sets it apart from the next
            needed = len(form.write_item(section, short).encode()) + 1
            if needed > room:
                break
            room -= needed
            items.append(short)
            shortened += short is not item
        yield replace(section, items=items, shortened=shortened)


def _shorten(item: Row, texts: Iterable[str], max_bytes: int) -> Row:
    """The item itself if it is no longer than that, or cannot be cut; else with its texts cut, the
    longest first.
    """
    cut = dict(item)
    lengths = {name: _bytes(item[name]) for name in texts if item[name]}
    for name in sorted(lengths, key=lambda name: lengths[name], reverse=True):
        excess = _bytes(cut) - max_bytes
        if excess <= 0 or lengths[name] <= MIN_CUT_BYTES:
            break
        cut[name] = _cut(item[name], max(MIN_CUT_BYTES, lengths[name] - excess))
    return cut if cut != item else item


def _cut(text: str, max_bytes: int) -> str:
    """The beginning of the text, with a mark, in so many bytes of JSON."""
    mark = f"… [cut: {len(text)} characters in all]"
    kept = text[: max(0, max_bytes)]
    while kept and (excess := _bytes(kept + mark) - max_bytes) > 0:
        # a character takes 6 bytes at most: never more than needed
        kept = kept[: -max(1, excess // 6)]
    return kept + mark


def _bytes(value: object) -> int:
    return len(dumps(value).encode())


def etag(checkin: Checkin, form: Format) -> str:
    """The same for the same content, whatever time it is and however far the journal has
    gone on.
    """
    session = _stable(checkin.session or {}, VOLATILE_OF_SESSION)
    parts = [
        [section.name, section.total, [_stable(item, section.volatile) for item in section.items]]
        for section in checkin.sections
    ]
    text = dumps([form.mimetype, session, parts, checkin.changes_lost, checkin.failed_areas])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _stable(row: Row, volatile: frozenset[str]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name not in volatile}
