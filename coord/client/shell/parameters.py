"""What `${NAME%.py}` and its like make of a variable."""

from __future__ import annotations

from coord.client.shell.words import GLOB, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.variables import Variables

MAX_CUT = 200  # characters that are cut
_CUTS = ("%%", "%", "##", "#")


def edited(text: str, variables: Variables) -> list[Value]:
    """`text`: what stands in the braces."""
    end = next((at for at, letter in enumerate(text) if not _is_of_name(letter)), len(text))
    name, operation = text[:end], text[end:]
    return [
        _edited(value, operation) or Value(f"${{{text}}}", "")
        for value in variables.values(name, None)
    ]


def _is_of_name(letter: str) -> bool:
    return letter.isalnum() or letter == "_"


def _edited(value: Value, operation: str) -> Value | None:
    """None where that is not known."""
    cut = next((cut for cut in _CUTS if operation.startswith(cut)), None)
    if not value.is_known:  # what is cut from its end leaves its beginning
        return Value(value.text, value.beginning) if cut in ("%", "%%") else None
    if cut is not None:
        if len(value.text) > MAX_CUT:
            return None
        return Value(_cut(value.text, cut, operation[len(cut) :]))
    if operation[:1] == "/":
        every = operation[1:2] == "/"
        old, slash, new = operation.lstrip("/").partition("/")
        if old and not GLOB.intersection(old) and "\\" not in old:
            return Value(value.text.replace(old, new if slash else "", -1 if every else 1))
    return None


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
