"""Paths and queries as a request line takes them: percent-encoded."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def quote(text: str) -> str:
    """Percent-encoded for a path or a query; `/` too."""
    return "".join(
        chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in text.encode("utf-8", "replace")
    )


def query(**values: Any) -> str:
    """`?a=1&b=2` of what is not None; a list gives its name several times, a bool is `true` or
    `false`.
    """
    pairs = []
    for name, value in values.items():
        for item in value if isinstance(value, (list, tuple)) else [value]:
            if item is not None:
                shown = str(item).lower() if isinstance(item, bool) else str(item)
                pairs.append(f"{name}={quote(shown)}")
    return f"?{'&'.join(pairs)}" if pairs else ""


def safe(path: str) -> str:
    """A path (and query) with what may not stand in a request line percent-encoded: callers quote,
    shell clients sometimes do not.
    """
    if path.isascii() and path.isprintable() and " " not in path and "#" not in path:
        return path
    return "".join(
        chr(byte) if 0x20 < byte < 0x7F and byte != 0x23 else f"%{byte:02X}"
        for byte in path.encode("utf-8", "surrogatepass")
    )
