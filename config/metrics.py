"""The folder in which workers share their metrics."""

import tempfile
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def folder(setting: str) -> Path:
    """Made and emptied once a start: gunicorn reads its settings again at each HUP, and the
    counters are to go on then.
    """
    made = Path(setting or tempfile.mkdtemp(prefix="coord-metrics-"))
    made.mkdir(parents=True, exist_ok=True)
    for left in made.glob("*.db"):
        left.unlink()
    return made
