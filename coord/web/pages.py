"""Pages of a list, by keyset and never by offset: a cursor holds the key of the last item and which
list it belongs to.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from zlib import crc32

from flask import request

from coord.errors import Invalid

T = TypeVar("T")
RowT = TypeVar("RowT", bound=Mapping[str, Any])

MAX_PAGE_CHARACTERS = 4_000_000  # texts on one page: 500 of the longest would be 50 MB


def cursor_key(kind: str, cursor: str | None, length: int = 1) -> list[int] | None:
    """The key that a cursor stands for: whole numbers, `length` of them.

    Raises Invalid for one that this list did not give.
    """
    if cursor is None:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        named, *key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if (
            named == list_name(kind)
            and len(key) == length
            and all(type(part) is int and abs(part) < 2**63 for part in key)
        ):
            return list(key)
    except (ValueError, TypeError, RecursionError):
        pass
    raise Invalid(
        {
            "cursor": [
                "Not a cursor of this list. Pass next_cursor of the page before, or leave it out to"
                " start."
            ]
        }
    )


# parameters that may change from page to page
_NOT_FILTERS = {"cursor", "limit", "wait", "session_id"}


def list_name(kind: str) -> str:
    """What a cursor belongs to: this kind of list, of these things.

    Another's would leave things out unseen.
    """
    filters = sorted(
        (name, value) for name, value in request.args.items(multi=True) if name not in _NOT_FILTERS
    )
    return f"{kind} {crc32(repr((request.path, filters)).encode()):08x}"


def paginate(
    kind: str, rows: Sequence[RowT], limit: int, key: Callable[[RowT], Sequence[int]]
) -> dict[str, Any]:
    """A page from `limit + 1` rows: the extra one only says that there is a next page. Rows with
    very long texts come on shorter pages.
    """
    count = _fitting(rows[:limit])
    return page_of(kind, rows[:count], len(rows) > count, key)


def _fitting(rows: Sequence[Mapping[str, Any]]) -> int:
    """How many of the rows a page has room for; at least one."""
    total = 0
    for count, row in enumerate(rows):
        total += sum(len(value) for value in row.values() if type(value) is str)
        if total > MAX_PAGE_CHARACTERS and count:
            return count
    return len(rows)


def page_of(
    kind: str, items: Sequence[T], more: bool, key: Callable[[T], Sequence[int]]
) -> dict[str, Any]:
    """A page of these items, with a cursor when there are more."""
    cursor = None
    if more:
        text = json.dumps([list_name(kind), *key(items[-1])], separators=(",", ":"))
        cursor = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    return {"items": items, "next_cursor": cursor}
