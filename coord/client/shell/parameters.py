"""What `${NAME%.py}` and its like make of a variable."""

from __future__ import annotations

import os

from coord.client.shell.words import EDITED, GLOB, VARIABLES, Value, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.variables import Variables

MAX_CUT = 200  # characters that are cut
_CUTS = ("%%", "%", "##", "#")
_ALL = ("@", "*")
_CASES = ("^^", ",,", "^", ",")
_MODIFIERS = frozenset("htreluaAP")


def edited(text: str, variables: Variables) -> list[Value]:
    """`text`: what stands in the braces."""
    unknown = Value(f"${{{text}}}", "")
    is_indirect = text[:1] == "!"
    start = int(is_indirect)
    end = start + 1 if text[start : start + 1] in _ALL else start
    while end < len(text) and _is_of_name(text[end]):
        end += 1
    name, operation = text[start:end], text[end:]
    bare = operation[1:] if operation[:1] == ":" else operation
    sign = bare[:1]
    values = variables.values(name, bare[1:] if sign in ("-", "=") else None)
    if is_indirect:
        values = [target for value in values for target in _named(value, variables)]
    if sign == "=":
        variables.set(name, values)
    if operation[:1] == "[" or name in _ALL:
        starts = (0,) * variables.may_be_bash + (1,) * variables.may_be_zsh
        values, operation = _elements(values, name, operation, starts)
    if sign in ("?", "-", "="):
        return values
    if sign == "+":
        return [Value(bare[1:])]
    return [_edited(value, operation) or unknown for value in values]


def as_zsh_reads(word: Word) -> Word | None:
    """The word with `$f:h`, `$f:s/a/b/` and `$a[1]` as zsh has them without braces; None where
    there is none of these."""
    changed = Word()
    changed.defaults, changed.process = word.defaults, word.process
    parts = list(word.parts)
    is_other = False
    while parts:
        kind, text = parts.pop(0)
        if kind in VARIABLES and parts and parts[0][0] not in VARIABLES:
            operation, length = _operation(parts)
            if operation:
                kind, text, is_other = EDITED, text + _in_braces(operation), True
                parts[0] = (parts[0][0], parts[0][1][length:])
                parts = parts if parts[0][1] else parts[1:]
        changed.add(kind, text)
    return changed if is_other else None


def _operation(parts: list[tuple[int, str]]) -> tuple[str, int]:
    """What zsh takes for one at the beginning of what stands behind a variable, and how much of the
    first part it is. `[$i]` is taken out of the parts, for `[?]`."""
    text = parts[0][1]
    if text == "[" and len(parts) > 2 and parts[2][1][:1] == "]":
        del parts[:2]
        operation, length = _modifiers(parts[0][1], 1)
        return f"[?{operation}", length
    return _modifiers(text, text.find("]") + 1 if text[:1] == "[" else 0)


def _modifiers(text: str, end: int) -> tuple[str, int]:
    for sign in (":gs/", ":s/"):
        if text.startswith(sign, end) and text.count("/", end) > 1:
            last = text.find("/", text.index("/", end + len(sign)) + 1)
            return (text[: last + 1], last + 1) if last >= 0 else (text, len(text))
    while text[end : end + 1] == ":" and text[end + 1 : end + 2] in _MODIFIERS:
        end += 2
    return text[:end], end


def _in_braces(operation: str) -> str:
    """`:s/a/b/` as `/a/b`."""
    index, _, replaced = operation.partition(":s/")
    if replaced:
        return f"{index}/{replaced.removesuffix('/')}"
    index, _, replaced = operation.partition(":gs/")
    return f"{index}//{replaced.removesuffix('/')}" if replaced else operation


def _is_of_name(letter: str) -> bool:
    return letter.isalnum() or letter == "_"


def _named(value: Value, variables: Variables) -> list[Value]:
    """`${!NAME}`"""
    return variables.values(value.text, None) if value.is_known else [value]


def _elements(
    values: list[Value], name: str, operation: str, starts: tuple[int, ...]
) -> tuple[list[Value], str]:
    """Those of an array that `[1]` or `[@]:1` means, all where that is not known; and what is done
    with them. `starts`: the numbers that the first may have."""
    index = name
    if operation[:1] == "[":
        index, _, operation = operation[1:].partition("]")
    if index in _ALL:
        if operation[:1] == ":" and operation[1:2].isdecimal():
            first, _, count = operation[1:].partition(":")
            skipped = _number(first) or 0
            skipped -= int(name in _ALL)  # `$0` is the first of `${@:0}`
            values = values[max(skipped, 0) :]
            values, operation = values[: _number(count)] if count else values, ""
        return values, operation
    at = _number(index)
    if at is None:
        return values, operation
    places = [at] if at < 0 else [at - start for start in starts if at >= start]
    return [values[at] for at in places if -len(values) <= at < len(values)] or values, operation


def _number(text: str) -> int | None:
    digits = text.strip().removeprefix("-")
    return int(text) if digits.isdecimal() and digits.isascii() and len(digits) < 6 else None


def _edited(value: Value, operation: str) -> Value | None:
    """None where that is not known."""
    if not operation:
        return value
    cut = next((cut for cut in _CUTS if operation.startswith(cut)), None)
    if not value.is_known:  # what is cut from its end leaves its beginning
        return Value(value.text, value.beginning) if cut in ("%", "%%") else None
    text: str | None = None
    if cut is not None:
        is_short = len(value.text) <= MAX_CUT
        text = _cut(value.text, cut, operation[len(cut) :]) if is_short else None
    elif operation[:1] == "/":
        text = _replaced(value.text, operation[1:])
    elif operation in _CASES:
        text = _cased(value.text, operation)
    elif operation[:1] == ":" and set(operation[1::2]) <= _MODIFIERS:
        text = _modified(value.text, operation)
    elif operation[:1] == ":":
        text = _part(value.text, operation[1:])
    return Value(text) if text is not None else None


def _modified(text: str, operation: str) -> str | None:
    """`:h`, `:t:r`, as zsh takes paths apart; `:a` is the same file."""
    if set(operation[::2]) != {":"} or len(operation) % 2:
        return None
    for letter in operation[1::2]:
        if letter == "h":
            text = os.path.dirname(text.rstrip("/")) or "."
        elif letter == "t":
            text = os.path.basename(text.rstrip("/"))
        elif letter in "re":
            root, ending = os.path.splitext(text)
            text = root if letter == "r" else ending[1:]
        elif letter in "lu":
            text = text.lower() if letter == "l" else text.upper()
    return text


def _replaced(text: str, operation: str) -> str | None:
    """`/old/new`, `//old/new`, `/#old/new`, `/%old/new`"""
    sign = operation[:1] if operation[:1] in ("/", "#", "%") else ""
    old, slash, new = operation[len(sign) :].partition("/")
    new = new.replace("\\/", "/") if slash else ""
    if GLOB.intersection(old) or "\\" in old or not (old or sign in ("#", "%")):
        return None
    if sign == "#":
        return new + text[len(old) :] if text.startswith(old) else text
    if sign == "%":
        return text[: len(text) - len(old)] + new if text.endswith(old) else text
    return text.replace(old, new, -1 if sign else 1)


def _cased(text: str, sign: str) -> str:
    end = len(text) if len(sign) == 2 else 1
    part = text[:end].upper() if sign[0] == "^" else text[:end].lower()
    return part + text[end:]


def _part(text: str, operation: str) -> str | None:
    """`:1`, `:0:3`, `: -3`"""
    first, colon, count = operation.partition(":")
    start, length = _number(first or "0"), _number(count or "0")
    if start is None or length is None:
        return None
    start = max(len(text) + start, 0) if start < 0 else start
    if not colon:
        return text[start:]
    return text[start : start + length] if length >= 0 else text[start:length]


def _cut(text: str, cut: str, pattern: str) -> str:
    """Without the shortest or, of a doubled sign, the longest end or beginning that the pattern
    matches."""
    from coord.client.ignored import match

    sizes = range(len(text) + 1) if len(cut) == 1 else range(len(text), -1, -1)
    for size in sizes:
        part = text[len(text) - size :] if cut[0] == "%" else text[:size]
        if match(pattern, part):
            return text[: len(text) - size] if cut[0] == "%" else text[size:]
    return text
