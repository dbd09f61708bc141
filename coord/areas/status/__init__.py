"""Status: one overview of everything, put together from what each area offers."""

from coord.area import Area
from coord.areas.status.routes import blp

area = Area(name="status", blueprint=blp)
