"""The lines of a queue file, and the calls in them: also where a process died in the
middle of one.
"""

from __future__ import annotations

from coord.client.lean import loads_or_none
from coord.client.percent import safe
from coord.client.queue.call import BASE, METHODS, Call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

BLANKS = b" \t\r\n\v\f\0"
_CALL_STARTS = (b'{"ts"', b'{"method"', b'{"path"', b'{"body"')


class Line:
    """A line of a queue file, or one call of several that share a line.

    `call`: None when it holds none.
    """

    __slots__ = ("call", "content", "end", "start")

    def __init__(self, content: bytes, start: int, end: int, call: Call | None) -> None:
        self.content = content
        self.start = start
        self.end = end
        self.call = call

    @property
    def text(self) -> bytes:
        return self.content[self.start : self.end]


def split_lines(content: bytes, begin: int) -> Iterator[tuple[int, int, Call | None]]:
    """The begin and end of each line, and its call.

    A last line without a newline counts when it is a whole call. A line in which a process died may
    have the next one's call appended to it: what can be told apart is.
    """
    while begin < len(content):
        end = content.find(b"\n", begin) + 1 or len(content)
        end += content[end : end + 1] == b"\0"  # the newline was one of UTF-16
        line = content[begin:end]
        call = parse_call(line)
        if call is None and line.strip(BLANKS):
            yield from _split_torn(line, begin)
        else:
            yield begin, end, call
        begin = end


def _split_torn(line: bytes, begin: int) -> Iterator[tuple[int, int, Call | None]]:
    """The calls in a line that is not one call, and what is between them; one piece where it holds
    no call.
    """
    at = piece = 0
    while True:
        at = line.find(b'{"', at)
        if at < 0:
            break
        if line[at : at + 9].startswith(_CALL_STARTS):
            end = _object_end(line, at)
            call = parse_call(line[at:end]) if end else None
            if call is not None:
                if line[piece:at].strip():
                    yield begin + piece, begin + at, None
                    piece = at
                after = end if line[end:].strip() else len(line)
                yield begin + piece, begin + after, call
                at = piece = after
                continue
        at += 2
    if piece < len(line):
        yield begin + piece, begin + len(line), None


def _object_end(line: bytes, begin: int) -> int:
    """Where the JSON object that begins here ends; 0 when it does not."""
    import json

    text = line[begin:].decode("utf-8", "surrogateescape")
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return 0
    return begin + len(text[:end].encode("utf-8", "surrogateescape"))


def parse_call(line: bytes) -> Call | None:
    """The call that is the whole line; None when it is not one that may be sent to coord."""
    fields = loads_or_none(_as_utf8(line) if b"\0" in line else line)
    if not isinstance(fields, dict):
        return None
    method, path, body, ts = (fields.get(name) for name in ("method", "path", "body", "ts"))
    if method not in METHODS or not isinstance(path, str) or not path.startswith(f"{BASE}/"):
        return None
    if not (body is None or isinstance(body, dict)):
        return None
    return Call(method, safe(path), body, ts if isinstance(ts, str) else "")


def _as_utf8(line: bytes) -> bytes:
    """A line that PowerShell 5.1 added: its `>>` writes UTF-16, the first time with a mark."""
    text = line.lstrip(b"\0").removeprefix(b"\xff\xfe")
    return text[: len(text) // 2 * 2].decode("utf-16-le", "replace").encode("utf-8", "replace")
