"""What a line of shell does to others: the locks that its commands need, and what they change."""

from __future__ import annotations


class Effects:
    """`locks`: a folder, and the name of a lock in its project. `files`: that are written,
    moved or removed; `links`: likewise, and not what they point to. `trees`: folders of which
    anything may be changed, or only what has one of these names."""

    __slots__ = ("files", "links", "locks", "trees")

    def __init__(self) -> None:
        self.locks: dict[tuple[str, str], None] = {}
        self.files: dict[str, None] = {}
        self.links: dict[str, None] = {}
        self.trees: dict[tuple[str, tuple[str, ...]], None] = {}

    @property
    def count(self) -> int:
        return len(self.locks) + len(self.files) + len(self.links) + len(self.trees)

    def copy(self) -> Effects:
        copied = Effects()
        copied.locks, copied.files = dict(self.locks), dict(self.files)
        copied.links, copied.trees = dict(self.links), dict(self.trees)
        return copied

    def __bool__(self) -> bool:
        return self.count > 0
