"""Events: the journal of every change as a feed, to be read from any point, waited on and
streamed.
"""

from coord.area import Area
from coord.areas.events import lost, retention
from coord.areas.events.commands import commands
from coord.areas.events.routes import blp


def _on_tick() -> None:
    lost.look()
    retention.trim()


area = Area(name="events", blueprint=blp, on_tick=_on_tick, commands=commands)
