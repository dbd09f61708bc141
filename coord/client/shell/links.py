"""The links that a line makes: what is written through one changes what it points to."""

from __future__ import annotations

import os

MAX_LINKS = 50
MAX_STEPS = 8  # of links to links


class Links:
    def __init__(self) -> None:
        self._targets: dict[str, str] = {}

    def add(self, link: str, target: str) -> None:
        if len(self._targets) < MAX_LINKS:
            self._targets[link] = target

    def resolve(self, path: str, *, follows_last: bool = True) -> str:
        """Where the path leads; `follows_last`: also where it is a link itself."""
        for _ in range(MAX_STEPS if self._targets else 0):
            for link, target in self._targets.items():
                if path.startswith(link + os.sep) or (path == link and follows_last):
                    path = target + path[len(link) :]
                    break
            else:
                break
        return path

    def place(self, path: str) -> str:
        """The path without `.` and `..`, as the system goes it: above a link is what is above the
        folder that it points to.
        """
        if "/.." not in path or os.name == "nt" or not path.startswith("/"):
            return os.path.normpath(path)
        at = ""
        for step in path.split("/"):
            if step == "..":
                at = os.path.dirname(self._behind(at))
            elif step not in ("", "."):
                at = f"{at.rstrip('/')}/{step}"
        return at or "/"

    def _behind(self, path: str) -> str:
        path = self.resolve(path)
        return os.path.realpath(path) if os.path.islink(path) else path
