"""The folder in which workers share their metrics."""

import tempfile
from functools import lru_cache
from pathlib import Path

from .default import BadSetting


def folder(setting: str) -> Path:
    """Made and emptied once a start: gunicorn reads its settings again at each HUP, and the
    counters are to go on then. One that was tidied away is made again. Raises BadSetting.
    """
    if not _made(setting).is_dir():
        _made.cache_clear()
    return _made(setting)


@lru_cache(maxsize=1)
def _made(setting: str) -> Path:
    made = Path(setting or tempfile.mkdtemp(prefix="coord-metrics-"))
    try:
        made.mkdir(parents=True, exist_ok=True)
        for file in made.glob("*.db"):
            file.unlink()
        with tempfile.TemporaryFile(dir=made):
            pass
    except OSError as reason:
        raise BadSetting(
            f"COORD_METRICS_DIR={str(made)!r} cannot be used: {reason.strerror}. It is a folder"
            " that the service may write to."
        ) from None
    return made
