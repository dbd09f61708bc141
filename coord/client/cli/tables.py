"""Aligned columns that fit the terminal. In a pipe each line is whole, for programs and for
grep."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

import click

from coord.client.cli import cells

GAP = 2  # cells between columns
COMFORTABLE = 1.7  # times the minimum: before a column is narrower than that, others go
SHORT_ID = 8  # hex digits at least


@dataclass(frozen=True)
class Column:
    """`minimum`: cells that it may be cut down to; 0: it is never cut. `rank`: where there is
    little room, columns go in the order of their rank, highest first; 0: it stays. `keeps_end`:
    its end says more than its beginning, as of a path."""

    head: str
    minimum: int = 0
    rank: int = 0
    keeps_end: bool = False


@dataclass(frozen=True)
class Cell:
    """A text, and a shorter form for where there is little room."""

    text: str
    short: str


Row = Sequence["str | Cell"]


@dataclass
class _Layout:
    columns: list[Column]
    rows: list[list[str]]
    widths: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        heads = [column.head for column in self.columns]
        self.widths = [max(map(cells.width, cell)) for cell in zip(heads, *self.rows)]

    def total(self) -> int:
        return sum(self.widths) + GAP * (len(self.widths) - 1)

    def shrink(self, room: int, factor: float = 1.0) -> None:
        """Takes from the widest column that may still be cut, until all fit or none may be cut.
        `factor`: of the minimum."""
        while self.total() > room:
            candidates = [
                (width, index)
                for index, width in enumerate(self.widths)
                if 0 < self.columns[index].minimum * factor < width
            ]
            if not candidates:
                return
            _, index = max(candidates)
            self.widths[index] -= 1

    def drop(self) -> bool:
        """Takes out the column of the highest rank. Whether there was one."""
        index = max(range(len(self.columns)), key=lambda at: self.columns[at].rank)
        if not self.columns[index].rank:
            return False
        for values in (self.columns, self.widths, *self.rows):
            del values[index]  # type: ignore[attr-defined]  # mypy joins the lists to a Sequence
        return True

    def lines(self) -> list[str]:
        head = self._line([column.head for column in self.columns])
        return [click.style(head, bold=True), *map(self._line, self.rows)]

    def _line(self, row: list[str]) -> str:
        fitted = [
            cells.pad(cells.cut(text, width, keep_end=column.keeps_end), width)
            for text, width, column in zip(row, self.widths, self.columns)
        ]
        return (" " * GAP).join(fitted).rstrip()


def table(columns: Sequence[Column], rows: Sequence[Row]) -> list[str]:
    """The lines of the table."""
    layout = _layout(columns, rows, short=False)
    if not sys.stdout.isatty():
        return layout.lines()
    room = cells.columns()
    if layout.total() > room:
        layout = _layout(columns, rows, short=True)
        layout.shrink(room, COMFORTABLE)
        while layout.total() > room and layout.drop():
            layout = _Layout(layout.columns, layout.rows)
            layout.shrink(room, COMFORTABLE)
        layout.shrink(room)
    return [cells.cut(line, room) for line in layout.lines()]


def _layout(columns: Sequence[Column], rows: Sequence[Row], *, short: bool) -> _Layout:
    texts = [[_text(cell, short) for cell in row] for row in rows]
    return _Layout(list(columns), texts)


def _text(cell: str | Cell, short: bool) -> str:
    if isinstance(cell, str):
        return cell
    return cell.short if short else cell.text


def id_cells(ids: Sequence[str]) -> list[Cell]:
    """Ids, short ones as git has them: a beginning that no other of these has."""
    ordered = sorted(set(ids))
    length: dict[str, int] = {}
    for index, value in enumerate(ordered):
        around = [*ordered[max(0, index - 1) : index], *ordered[index + 1 : index + 2]]
        length[value] = max([SHORT_ID, *(_common(value, other) + 1 for other in around)])
    return [Cell(value, value[: length[value]].rstrip("-")) for value in ids]


def _common(one: str, other: str) -> int:
    """How many characters they begin with that are the same."""
    for index, (left, right) in enumerate(zip(one, other)):
        if left != right:
            return index
    return min(len(one), len(other))
