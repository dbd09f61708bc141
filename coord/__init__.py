"""coord: locks, component states, work items and messages for sessions that work side by side."""

__version__ = "0.2.0"
