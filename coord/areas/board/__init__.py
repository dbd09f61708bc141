"""The board: the page for people, put together from what each area offers, and what it reads."""

from pathlib import Path

from coord.area import Area, BoardPart
from coord.areas.board.routes import blp

area = Area(
    name="board",
    blueprint=blp,
    at_root=True,
    board=BoardPart(folder=Path(__file__).parent / "static", module="board.js", style="board.css"),
)
