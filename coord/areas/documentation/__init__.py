"""Documentation: the API document, its page, and the protocol as an agent reads it.

All of it works without internet.
"""

from coord.area import Area
from coord.areas.documentation.commands import commands
from coord.areas.documentation.routes import blp

area = Area(name="documentation", blueprint=blp, at_root=True, commands=commands)
