"""Ids as a part of names that people read."""

SHORT = 8  # enough letters to tell the sessions of one host apart, few enough to read


def short_id(session_id: str) -> str:
    """The end of an id: a UUIDv7 begins with the time, the same for all that start within
    a minute.
    """
    return session_id.replace("-", "")[-SHORT:]
