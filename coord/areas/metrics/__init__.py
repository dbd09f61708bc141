"""Metrics: what Prometheus scrapes."""

from coord.area import Area
from coord.areas.metrics.routes import blp

area = Area(name="metrics", blueprint=blp, at_root=True)
