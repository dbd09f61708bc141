"""JSON and sockets by their core alone.

`json` and `socket` load `re`, `enum` and `selectors` around it, which costs a hook 11 of its 20 ms;
both are written in C underneath. Where that core is not to be had (PyPy has no `_json`), or is not
as it was, the modules themselves do the same.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

try:
    import _socket as socket
except ImportError:
    import socket  # type: ignore[no-redef]  # the same names, or none

__all__ = ["dumps", "encoded", "loads", "loads_or_none", "socket"]

_SPACE = " \t\n\r"
_NO_NUMBERS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


class _AsJsonDoes:
    """What the scanner asks of a decoder."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = staticmethod(
        {"-Infinity": float("-inf"), "Infinity": float("inf"), "NaN": float("nan")}.__getitem__
    )


def _load_core() -> (
    tuple[Callable[[str, int], tuple[Any, int]], Callable[[str], str], Callable[[str], str]] | None
):
    try:
        from _json import encode_basestring, encode_basestring_ascii, make_scanner

        scan = make_scanner(_AsJsonDoes)  # type: ignore[arg-type]  # it only reads attributes
        return (
            (scan, encode_basestring, encode_basestring_ascii)
            if scan('{"a": [1, 2.5, null]}', 0)[0] == {"a": [1, 2.5, None]}
            else None
        )
    except (ImportError, AttributeError, TypeError):
        return None


_CORE = _load_core()


def loads(text: bytes | str) -> Any:
    """As json.loads, of UTF-8, also with the mark in front that PowerShell 5.1 and Notepad write.

    Raises ValueError, and RecursionError for what is nested too deeply.
    """
    if isinstance(text, str):
        whole = text
    else:
        whole = (text[3:] if text.startswith(b"\xef\xbb\xbf") else text).decode("utf-8")
    if _CORE is None:
        import json

        return json.loads(whole)
    whole = whole.strip(_SPACE)
    try:
        value, end = _CORE[0](whole, 0)
    except (StopIteration, SystemError):
        # the core of 3.10 and 3.11 sets no exception where json.decoder is not loaded
        raise ValueError("not JSON") from None
    if end != len(whole):
        raise ValueError("more than one JSON value")
    return value


def loads_or_none(text: bytes | str) -> object:
    """None also when it is not JSON."""
    try:
        value: object = loads(text)
    except (ValueError, RecursionError):
        return None
    return value


def dumps(value: Any, *, ascii_only: bool = False) -> str:
    """As json.dumps without spaces; what is not ASCII stays as it is, unless `ascii_only`.

    Raises TypeError for what JSON does not know.
    """
    if _CORE is None:
        import json

        return json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))
    return "".join(_written(value, _CORE[2] if ascii_only else _CORE[1]))


def encoded(value: Any) -> bytes:
    """For a file of the client's own: names of files that are no UTF-8 come back as they were."""
    return dumps(value, ascii_only=True).encode()


def _written(value: Any, quoted: Callable[[str], str]) -> Iterator[str]:
    if isinstance(value, str):
        yield quoted(value)
    elif value is None:
        yield "null"
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, int):
        yield int.__repr__(value)
    elif isinstance(value, float):
        yield _number(value)
    elif isinstance(value, (list, tuple)):
        before = "["
        for item in value:
            yield before
            yield from _written(item, quoted)
            before = ","
        yield "]" if value else "[]"
    elif isinstance(value, dict):
        before = "{"
        for name, item in value.items():
            yield f"{before}{quoted(_name(name))}:"
            yield from _written(item, quoted)
            before = ","
        yield "}" if value else "{}"
    else:
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _name(name: Any) -> str:
    if isinstance(name, str):
        return name
    if name is None or isinstance(name, (bool, int, float)):
        return "".join(_written(name, str))
    raise TypeError(f"keys must be str, int, float, bool or None, not {type(name).__name__}")


def _number(value: float) -> str:
    number = float.__repr__(value)
    return _NO_NUMBERS.get(number, number)
