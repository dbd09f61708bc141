"""Events: the journal of every change as a feed, to be read from any point, waited on and
streamed.
"""

from coord.area import Area
from coord.areas.events import retention
from coord.areas.events.commands import commands
from coord.areas.events.routes import blp

area = Area(name="events", blueprint=blp, on_tick=retention.trim, commands=commands)
