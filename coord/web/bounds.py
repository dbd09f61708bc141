"""How long a body may be, and answers that are bounded in bytes: long texts are cut, then lists
are, and `left_out` says how much of each.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAX_BODY_BYTES = 1024 * 1024  # of a call; no more of a longer one is read
MAX_ERROR_BYTES = 4_096
MAX_ERROR_TEXT = 200  # characters of anything that an error repeats
FEW = 20  # items of a list that are not measured one by one
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
    left_out: Counter[str] = Counter(body.get("left_out", {}))
    shortened = _Shortened(max_bytes, max_text, left_out)
    cut: JsonObject = {
        name: shortened.copy(value, name) for name, value in body.items() if name != "left_out"
    }

    def complete() -> JsonObject:
        return {**cut, "left_out": dict(left_out)} if left_out or "left_out" in body else cut

    while measure(complete()) > max_bytes:
        name, items = _longest_list(cut)
        if not items:
            break
        kept = len(items) * 7 // 8
        left_out[name] += len(items) - kept
        del items[kept:]
    return {**(head or {}), **complete()}


@dataclass
class _Shortened:
    """Copies without the items of a list for which there would be no room if there were nothing
    else, so that thousands are neither copied nor measured; `left_out` counts them."""

    max_bytes: int
    max_text: int
    left_out: Counter[str]

    def copy(self, value: object, name: str) -> object:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Mapping):
            return {key: self.copy(inner, str(key)) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return self._items(value, name)
        return value

    def _text(self, text: str) -> str:
        if len(text) <= self.max_text:
            return text
        self.left_out["texts"] += 1
        return f"{text[: self.max_text]}… [cut: {len(text)} characters in all]"

    def _items(self, value: Sequence[object], name: str) -> list[object]:
        items: list[object] = []
        room = self.max_bytes
        for item in value:
            items.append(self.copy(item, name))
            if len(value) > FEW:
                room -= len(json.dumps(items[-1], ensure_ascii=False))
                if room < 0:
                    break
        if len(items) < len(value):
            self.left_out[name] += len(value) - len(items)
        return items


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
