"""Where the shell of a line is, and the folders that `cd -`, `popd` and `dirs` know."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    Place = tuple[str, bool]  # a folder, and whether the shell has left it for an unknown one


class Location:
    """`is_lost`: it has gone from `folder` to one that is not known. `previous`: the place before.
    `pushed`: those that `pushd` keeps. `others`: folders in which it may be as well."""

    __slots__ = ("folder", "is_lost", "others", "previous", "pushed")

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.is_lost = False
        self.previous: Place = (folder, True)  # of a shell that has just begun
        self.pushed: list[Place] = []
        self.others: list[str] = []

    def copy(self) -> Location:
        copied = Location(self.folder)
        copied.is_lost, copied.previous = self.is_lost, self.previous
        copied.pushed, copied.others = list(self.pushed), list(self.others)
        return copied

    @property
    def stack(self) -> list[Place]:
        """As `dirs` shows it."""
        return [(self.folder, self.is_lost), *reversed(self.pushed)]

    def enter(self, folder: str | None) -> None:
        """`None`: it is not known where."""
        self._go((self.folder, True) if folder is None else (folder, False))

    def go_back(self) -> None:
        self._go(self.previous)

    def push(self, folder: str | None) -> None:
        self.pushed.append(self.stack[0])
        self.enter(folder)

    def pop(self) -> None:
        if self.pushed:
            self._go(self.pushed.pop())

    def rotate(self, count: int) -> None:
        """So many of the folders of the stack, from the left, go behind the others."""
        stack = self.stack
        if abs(count) < len(stack):
            stack = stack[count:] + stack[:count]
            self.pushed = stack[:0:-1]
            self._go(stack[0])

    def exchange(self) -> None:
        if self.pushed:
            here = self.stack[0]
            self.pop()
            self.pushed.append(here)

    def may_be_in(self, folder: str) -> None:
        if folder != self.folder and folder not in self.others:
            self.others.append(folder)

    def _go(self, place: Place) -> None:
        self.previous = (self.folder, self.is_lost)
        self.folder, self.is_lost = place
