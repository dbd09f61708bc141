"""What a session sees at the start of a turn, fitted into as many bytes as it can take, as JSON or as text.

It is filled in the order of the parts' ranks. What finds no room is counted, never dropped in silence, and one long text does not keep
the rest from being seen.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

Row = Mapping[str, Any]

SHARES = (1, 2, 4)  # an item takes at most one part in so many of all the room: the first of these with which there is room for all
LEAST_CUT = 40  # bytes: to cut texts as short as that saves nothing
SESSION_TEXTS = ("task",)
SESSION_MOVING = frozenset({"last_seen_at", "expires_at"})


@dataclass(frozen=True)
class Section:
    """One part: its items as they are sent, and how many there are in all."""

    name: str
    heading: str
    items: Sequence[Row]
    total: int
    line: Callable[[Row], str]
    texts: tuple[str, ...] = ()
    volatile: frozenset[str] = frozenset()
    shortened: int = 0

    @property
    def left_out(self) -> int:
        return self.total - len(self.items)


@dataclass(frozen=True)
class Checkin:
    """All that is known; `fitted` makes of it what is shown."""

    session: Row | None
    sections: Sequence[Section]
    cursor: int
    changes_lost: bool = False


@dataclass(frozen=True)
class Form:
    """How a check-in is written: the whole of it, and one item."""

    mimetype: str
    whole: Callable[[Checkin], str]
    item: Callable[[Section, Row], str]


def fitted(checkin: Checkin, form: Form, most: int) -> Checkin:
    """As much of it as fits into this many bytes."""
    empty, room = _without_items(checkin, form, most)
    for share in SHARES:
        sections = list(_filled(checkin.sections, form, room, most // share))
        if not any(section.left_out for section in sections):
            break
    return replace(empty, sections=sections)


def _without_items(checkin: Checkin, form: Form, most: int) -> tuple[Checkin, int]:
    """The frame, and how much room there is in it. Its numbers are as long as they can get."""
    session = checkin.session and _shortened(checkin.session, SESSION_TEXTS, most // SHARES[-1])
    sections = [replace(each, items=[], shortened=len(each.items)) for each in checkin.sections]
    empty = replace(checkin, session=session, sections=sections)
    if len(form.whole(empty).encode()) > most:
        empty = replace(empty, session=None)
    return empty, most - len(form.whole(empty).encode())


def _filled(sections: Iterable[Section], form: Form, room: int, most_of_one: int) -> Iterator[Section]:
    for section in sections:
        items: list[Row] = []
        shortened = 0
        for item in section.items:
            short = _shortened(item, section.texts, most_of_one)
            needed = len(form.item(section, short).encode()) + 1  # and what sets it apart from the next
            if needed > room:
                break
            room -= needed
            items.append(short)
            shortened += short is not item
        yield replace(section, items=items, shortened=shortened)


def _shortened(item: Row, texts: Iterable[str], most: int) -> Row:
    """The item itself when it takes no more bytes than that, or cannot; else with its texts cut, the longest first."""
    cut = dict(item)
    by_length = sorted((name for name in texts if item[name]), key=lambda name: _bytes(item[name]), reverse=True)
    for name in by_length:
        over = _bytes(cut) - most
        length = _bytes(item[name])
        if over <= 0 or length <= LEAST_CUT:
            break
        cut[name] = _cut(item[name], max(LEAST_CUT, length - over))
    return cut if cut != item else item


def _cut(text: str, most: int) -> str:
    """The beginning of the text, with a mark, in so many bytes of JSON."""
    mark = f"… [cut: {len(text)} characters in all]"
    kept = text[: max(0, most)]
    while kept and (over := _bytes(kept + mark) - most) > 0:
        kept = kept[: -max(1, over // 6)]  # a character takes 6 bytes at most: never more than needed
    return kept + mark


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _bytes(value: Any) -> int:
    return len(_dumps(value).encode())


def tag(checkin: Checkin, form: Form) -> str:
    """The same for the same content, whatever time it is and however far the journal has gone on."""
    session = {name: value for name, value in (checkin.session or {}).items() if name not in SESSION_MOVING}
    parts = [
        [
            section.name,
            section.total,
            [{name: value for name, value in item.items() if name not in section.volatile} for item in section.items],
        ]
        for section in checkin.sections
    ]
    text = _dumps([form.mimetype, session, parts, checkin.changes_lost])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


# --- as JSON ---------------------------------------------------------------------------------------------------------------------


def _json(checkin: Checkin) -> str:
    left_out = {section.name: section.left_out for section in checkin.sections if section.left_out}
    if checkin.session is None:
        left_out["session"] = 1
    body = {
        "session": checkin.session,
        **{section.name: section.items for section in checkin.sections},
        "changes_lost": checkin.changes_lost,
        "cursor": checkin.cursor,
        "left_out": left_out,
        "shortened": {section.name: section.shortened for section in checkin.sections if section.shortened},
    }
    return _dumps(body) + "\n"


JSON = Form("application/json", _json, lambda section, item: _dumps(item))


# --- as text ---------------------------------------------------------------------------------------------------------------------


def _text(checkin: Checkin) -> str:
    lines: list[str] = []
    for section in checkin.sections:
        if section.total:
            lines.append(f"=== coord: {section.total} {section.heading} ===")
            lines += [section.line(item) for item in section.items]
            lines += [f"({section.left_out} more, left out)"] if section.left_out else []
    if not lines:
        lines.append("=== coord: nothing new ===")
    if checkin.changes_lost:
        lines.append("(The journal no longer reaches back to your cursor: what changed since is not shown.)")
    lines.append(f"(next time: after={checkin.cursor})")
    return "\n".join(lines) + "\n"


TEXT = Form("text/plain", _text, lambda section, item: section.line(item))
