"""A check-in: what a session sees at the start of a turn, and the two formats it is written in."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coord.web import NOTICE, bounds, framed, one_line

Row = Mapping[str, Any]


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
    def omitted(self) -> int:
        return self.total - len(self.items)


@dataclass(frozen=True)
class Checkin:
    """What a session should know, or as much of it as there is room for.

    `session`: None where there is no room for it. `cursor`: the revision up to which changes are
    shown. `changes_lost`: the journal no longer reaches back to where the session was.
    `failed_areas`: those whose part is missing, because of a bug in them.
    """

    session: Row | None
    sections: Sequence[Section]
    cursor: int
    changes_lost: bool = False
    failed_areas: tuple[str, ...] = ()


@dataclass(frozen=True)
class Format:
    """How a check-in is written: the whole of it, and one item."""

    mimetype: str
    write: Callable[[Checkin], str]
    write_item: Callable[[Section, Row], str]


def dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _as_json(checkin: Checkin) -> str:
    left_out = {section.name: section.omitted for section in checkin.sections if section.omitted}
    if checkin.session is None:
        left_out["session"] = 1
    body = {
        "session": checkin.session,
        **{section.name: section.items for section in checkin.sections},
        "changes_lost": checkin.changes_lost,
        "failed_areas": list(checkin.failed_areas),
        "cursor": checkin.cursor,
        "left_out": left_out,
        "shortened": {
            section.name: section.shortened for section in checkin.sections if section.shortened
        },
    }
    return dumps(body) + "\n"


def _as_text(checkin: Checkin) -> str:
    lines: list[str] = []
    for section in checkin.sections:
        if section.total:
            lines.append(f"=== coord: {section.total} {section.heading} ===")
            lines += [_line(section, item) for item in section.items]
            lines += [f"({section.omitted} more, left out)"] if section.omitted else []
    if lines:
        lines.insert(1, f"({NOTICE})")
    else:
        lines.append("=== coord: nothing new ===")
    if checkin.changes_lost:
        lines.append(
            "(The journal no longer reaches back to your cursor: what changed since is not shown.)"
        )
    if checkin.failed_areas:
        lines.append(f"(Not shown, because of a bug in them: {', '.join(checkin.failed_areas)}.)")
    lines.append(f"(next time: after={checkin.cursor})")
    return "\n".join(lines) + "\n"


def _line(section: Section, item: Row) -> str:
    """What others wrote of it is framed here, whatever the area makes of it."""
    return section.line(
        {
            name: bounds.map_texts(value, framed if name in section.texts else one_line)
            for name, value in item.items()
        }
    )


JSON = Format("application/json", _as_json, lambda section, item: dumps(item))
TEXT = Format("text/plain", _as_text, _line)
