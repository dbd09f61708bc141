"""What a line of shell does to others: the locks that its commands need, and what they change."""

from __future__ import annotations


class Effects:
    """`locks`: a folder, and the name of a lock in its project. `files`: that are written,
    moved or removed. `trees`: folders of which anything may be changed, or only what has one of
    these names."""

    __slots__ = ("files", "locks", "trees")

    def __init__(self) -> None:
        self.locks: dict[tuple[str, str], None] = {}
        self.files: dict[str, None] = {}
        self.trees: dict[tuple[str, tuple[str, ...]], None] = {}

    @property
    def count(self) -> int:
        return len(self.locks) + len(self.files) + len(self.trees)

    def __bool__(self) -> bool:
        return self.count > 0
