"""Ids, as a server sends them and as a part of names that people read."""

from __future__ import annotations

MAX_ID = 64
SHORT = 8  # enough letters to tell the sessions of one host apart, few enough to read


def short_id(session_id: str) -> str:
    """The end of an id: a UUIDv7 begins with the time, the same for all that start within
    a minute.
    """
    return session_id.replace("-", "")[-SHORT:]


def checked_id(value: object) -> str:
    """The id; nothing for anything else that a server may send: files are called after ids."""
    text = value if isinstance(value, str) and len(value) <= MAX_ID else ""
    return text if text.isascii() and text.replace("-", "").isalnum() else ""
