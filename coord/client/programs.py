"""Where a program of this machine is, found without the folder that coord is started in: that may
be a repository, and whoever ships it would name the program.
"""

from __future__ import annotations

import os

_ENDINGS = ".COM;.EXE;.BAT;.CMD"


def find(name: str) -> str | None:
    """Its whole path, in the folders of PATH that are named from the root, or None. Windows, and a
    PATH with `.` in it, would look into the current folder.
    """
    endings = os.environ.get("PATHEXT", _ENDINGS).split(os.pathsep) if os.name == "nt" else [""]
    for part in os.environ.get("PATH", os.defpath).split(os.pathsep):
        folder = part.strip('"') if os.name == "nt" else part
        for ending in endings if os.path.isabs(folder) else ():
            path = os.path.join(folder, name + ending)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                return path
    return None
