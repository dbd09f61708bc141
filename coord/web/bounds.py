"""How long a body may be, and answers that are bounded in bytes: long texts are cut, then lists
are, and `left_out` says how much of each.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

MAX_BODY_BYTES = 1024 * 1024  # of a call; no more of a longer one is read
MAX_ERROR_BYTES = 4_096
MAX_ERROR_TEXT = 200  # characters of anything that an error repeats
MAX_OWN_TEXT = 2_000  # of coord's own messages, which repeat others' texts in short already

JsonObject = dict[str, Any]


def size_of(body: Mapping[str, Any]) -> int:
    return len(
        json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    )


def bounded_error(body: JsonObject) -> JsonObject:
    """An error's body, `detail` and `error` as they are."""
    facts = {name: value for name, value in body.items() if name not in ("detail", "error")}
    head: JsonObject = {name: body[name] for name in ("detail", "error") if name in body}
    if not facts:
        return head
    max_text = MAX_OWN_TEXT if "errors" in facts else MAX_ERROR_TEXT
    return fit(facts, MAX_ERROR_BYTES, max_text, lambda facts: size_of({**head, **facts}), head)


def fit(
    body: JsonObject,
    max_bytes: int,
    max_text: int,
    measure: Callable[[JsonObject], int] = size_of,
    head: JsonObject | None = None,
) -> JsonObject:
    """The body, with texts of at most so many characters and as many items of its lists as there is
    room for.
    """
    left_out: dict[str, int] = {}

    def shorten(text: str) -> str:
        if len(text) <= max_text:
            return text
        left_out["texts"] = left_out.get("texts", 0) + 1
        return f"{text[:max_text]}… [cut: {len(text)} characters in all]"

    cut: JsonObject = map_texts(body, shorten)

    def complete() -> JsonObject:
        return {
            **cut,
            **({"left_out": {**body.get("left_out", {}), **left_out}} if left_out else {}),
        }

    while measure(complete()) > max_bytes:
        name, items = _longest_list(cut)
        if not items:
            break
        kept = len(items) // 2
        left_out[name] = left_out.get(name, 0) + len(items) - kept
        del items[kept:]
    return {**(head or {}), **complete()}


def map_texts(value: Any, change: Callable[[str], str]) -> Any:
    """A copy of it, with each text in it changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: map_texts(inner, change) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [map_texts(inner, change) for inner in value]
    return value


def _longest_list(value: Any, name: str = "items") -> tuple[str, list[Any]]:
    """The list, however deep in it, that takes most room, and the name that it stands under."""
    longest: tuple[str, list[Any]] = (name, value if isinstance(value, list) else [])
    inner = value.items() if isinstance(value, Mapping) else ()
    for key, part in inner:
        candidate = _longest_list(part, str(key))
        if len(json.dumps(candidate[1])) > len(json.dumps(longest[1])):
            longest = candidate
    return longest
