"""What each area has for the board."""

from collections.abc import Iterator

from coord.area import BoardPart, areas


def offers() -> Iterator[tuple[str, BoardPart]]:
    """The areas that have a part of the board, by name."""
    return ((area.name, area.board) for area in areas() if area.board is not None)
