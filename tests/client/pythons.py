"""Every Python on this machine that the client must run on."""

import glob
import os
import shutil
import subprocess
from functools import lru_cache

import pytest

OLDEST = (3, 9)
TOO_OLD = ((2, 7), (3, 6), (3, 7), (3, 8))
_ASK = """import platform, sys
sys.stdout.write('%s %d.%d\\n%s' % ((platform.python_implementation().lower(),) + sys.version_info[:2] + (sys.executable,)))"""  # noqa: E501 (as it is shown)


@lru_cache(maxsize=1)
def found() -> dict[str, str]:
    """Their paths by what they are (`cpython 3.9`), one of each, old ones too."""
    names = [f"python3.{minor}" for minor in range(6, 20)] + [
        "python3",
        "pypy3",
        "python2",
        "python2.7",
    ]
    paths = [path for path in map(shutil.which, names) if path]
    paths += sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/*/bin/python")))
    known: dict[str, str] = {}
    for path in paths:
        asked = subprocess.run(
            [path, "-c", _ASK], capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        if asked.returncode == 0:  # else a shim of pyenv's for what is not installed
            kind, _, executable = asked.stdout.partition("\n")
            known.setdefault(kind, executable)
    return known


def version(kind: str) -> tuple[int, ...]:
    return tuple(map(int, kind.partition(" ")[2].split(".")))


NEW_ENOUGH = [
    pytest.param(path, id=kind)
    for kind, path in sorted(found().items(), key=lambda item: (version(item[0]), item[0]))
    if version(kind) >= OLDEST
]
OLD = [pytest.param(path, id=kind) for kind, path in found().items() if version(kind) in TOO_OLD]
