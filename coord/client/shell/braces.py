"""What braces stand for: `a{b,c}` is `ab ac`, `a{1..3}` is `a1 a2 a3`."""

from __future__ import annotations

MAX_VALUES = 200  # that one word may stand for


def braced(text: str) -> list[str]:
    if "{" not in text or ("," not in text and ".." not in text):
        return [text]
    expanded: list[str] = []
    waiting = [text]
    while waiting and len(expanded) + len(waiting) <= MAX_VALUES:
        pattern = waiting.pop()
        begin, end, choices = _innermost(pattern)
        if not choices:
            expanded.append(pattern)
            continue
        waiting += [pattern[:begin] + choice + pattern[end + 1 :] for choice in reversed(choices)]
    return expanded or [text]


def _innermost(text: str) -> tuple[int, int, list[str]]:
    """Where the first braces begin and end that have no braces in them, and what they offer."""
    begin = -1
    for at, letter in enumerate(text):
        if letter == "{":
            begin = at
        elif letter == "}" and begin >= 0:
            inner = text[begin + 1 : at]
            choices = inner.split(",") if "," in inner else _sequence(inner)
            if choices:
                return begin, at, choices
            begin = -1
    return 0, 0, []


def _sequence(text: str) -> list[str]:
    """Of `1..3`, `01..10..2` or `a..e`; none of what is no such sequence, or a long one."""
    first, dots, rest = text.partition("..")
    last, _, step_text = rest.partition("..")
    if not dots or len(text) > 30:
        return []
    step = abs(_number(step_text or "1") or 1)
    if len(first) == len(last) == 1 and first.isalpha() and last.isalpha():
        return [chr(code) for code in _between(ord(first), ord(last), step)]
    low, high = _number(first), _number(last)
    if low is None or high is None or abs(high - low) // step >= MAX_VALUES:
        return []
    is_padded = any(each.lstrip("-")[:1] == "0" and len(each) > 1 for each in (first, last))
    width = max(len(first), len(last)) if is_padded else 0
    return [str(number).zfill(width) for number in _between(low, high, step)]


def _number(text: str) -> int | None:
    digits = text[1:] if text[:1] == "-" else text
    return int(text) if digits.isdigit() and digits.isascii() else None


def _between(low: int, high: int, step: int) -> range:
    return range(low, high + 1, step) if low <= high else range(low, high - 1, -step)
