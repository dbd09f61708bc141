"""An area of a stranger whose migrations do what migrations do: DDL of each kind, raw SQL, and data
that a second time would be wrong.
"""

from pathlib import Path

from coord.area import Area
from coord.web import Blueprint

area = Area(
    name="stranger",
    blueprint=Blueprint("stranger", __name__, url_prefix="/stranger", description="A stranger's."),
    migrations=Path(__file__).parent / "migrations",
)
