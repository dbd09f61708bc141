"""MCP: the tools that the areas offer, for agents that speak the Model Context Protocol."""

from coord.area import Area
from coord.areas.mcp.routes import blp

area = Area(name="mcp", blueprint=blp, at_root=True)
