"""Health: whether the service can do its work (`/health`) and whether the process is up
(`/livez`).
"""

from coord.area import Area
from coord.areas.health import weaknesses
from coord.areas.health.routes import blp

area = Area(name="health", blueprint=blp, at_root=True, on_tick=weaknesses.look)
