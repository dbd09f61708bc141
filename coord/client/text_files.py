"""Texts that people edit: UTF-8 with or without a mark in front, and UTF-16 with one, as editors
and shells on Windows write them."""

from __future__ import annotations

from coord.client.safe_files import open_regular

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


class BadEncoding(ValueError):
    """The message says what to do."""


def decode(content: bytes) -> str:
    """Raises BadEncoding."""
    mark, encoding = next(
        ((mark, name) for mark, name in _MARKS if content.startswith(mark)), (b"", "utf-8")
    )
    try:
        text = content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        raise BadEncoding(f"it is not UTF-8 (byte {error.start}). Save it as UTF-8.") from None
    if "\0" in text:
        raise BadEncoding(
            "it holds NUL characters, as UTF-16 without a mark does. Save it as UTF-8."
        )
    return text


def decode_all(content: bytes) -> str:
    """What cannot be decoded is replaced."""
    try:
        return decode(content)
    except BadEncoding:
        return content.decode("utf-8", "replace")


def read(path: str, max_bytes: int) -> str:
    """The text of a file, as `decode_all` has it; empty when there is none."""
    try:
        with open_regular(path) as file:
            content = file.read(max_bytes)
    except OSError:
        return ""
    return decode_all(content)
