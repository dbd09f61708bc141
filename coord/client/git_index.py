"""Whether git tracks a file, read from its index: no program is started, which a repository's own
settings could decide.
"""

from __future__ import annotations

import os

from coord.client.safe_files import open_regular

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 256 * 1024 * 1024  # of an index: a million files have a tenth of that


class UnreadableIndex(Exception):
    """The index has a form that is not known here."""


def tracks(git_folder: str, path: str, *, hash_bytes: int = 20, below: bool = False) -> bool:
    """Whether the index of this git folder has the path, which counts from the top of the checkout,
    with slashes; with `below`, whether it has anything below that folder.

    True also where the index cannot be understood. Case does not count, nor what is not ASCII: on
    some disks such names are the same file.
    """
    wanted = _folded(path.encode("utf-8", "surrogateescape"))
    try:
        names = list(_index_names(os.path.join(git_folder, "index"), hash_bytes))
    except FileNotFoundError:
        return False
    except (OSError, UnreadableIndex, IndexError, ValueError):
        return True
    if below:
        return any(name.startswith(wanted) for name in map(_folded, names))
    return any(
        name == wanted or (name.endswith(b"/") and wanted.startswith(name))
        for name in map(_folded, names)
    )


def _folded(name: bytes) -> bytes:
    return bytes(byte for byte in name.lower() if byte < 0x80)


def _index_names(file: str, hash_bytes: int) -> Iterator[bytes]:
    with open_regular(file) as opened:
        content = opened.read(MAX_BYTES + 1)
    version, count = int.from_bytes(content[4:8], "big"), int.from_bytes(content[8:12], "big")
    if content[:4] != b"DIRC" or version not in (2, 3, 4) or len(content) > MAX_BYTES:
        raise UnreadableIndex
    at, name = 12, b""
    for _ in range(count):
        begin = at
        flags = int.from_bytes(content[at + 40 + hash_bytes : at + 42 + hash_bytes], "big")
        at += 42 + hash_bytes + (2 if flags & 0x4000 else 0)
        cut = 0
        if version == 4:
            cut, at = _varint(content, at)
        end = content.index(b"\0", at)
        name = name[: len(name) - cut] + content[at:end] if version == 4 else content[at:end]
        at = end + 1 if version == 4 else begin + (end - begin + 8) // 8 * 8
        yield name
    yield from _shared_names(os.path.dirname(file), content[at:-hash_bytes], hash_bytes)


def _shared_names(git_folder: str, extensions: bytes, hash_bytes: int) -> Iterator[bytes]:
    """Those of the index that a split index shares."""
    at = 0
    while at + 8 <= len(extensions):
        kind, size = extensions[at : at + 4], int.from_bytes(extensions[at + 4 : at + 8], "big")
        if kind == b"link":
            shared = extensions[at + 8 : at + 8 + hash_bytes].hex()
            if shared.strip("0"):
                yield from _index_names(
                    os.path.join(git_folder, f"sharedindex.{shared}"), hash_bytes
                )
        at += 8 + size


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """Git's own: how many letters go from the end of the name before, and where the rest begins."""
    byte = content[at]
    value = byte & 0x7F
    while byte & 0x80:
        at += 1
        byte = content[at]
        value = (value + 1) << 7 | byte & 0x7F
    return value, at + 1
