"""The client, handed out by the service itself: as one file, and as the script that installs it.

No package index, no internet.
"""

from coord.area import Area
from coord.areas.client.routes import blp

area = Area(name="client", blueprint=blp, at_root=True)
