"""What a task of a `mise.toml` runs, as far as the file says so: nothing is run to find out.

A template stands for something unknown.
"""

from __future__ import annotations

import os
import sys

from coord.client import text_files
from coord.client.shell.words import SOMETHING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = (
    "mise.local.toml",
    "mise.toml",
    ".mise.local.toml",
    ".mise.toml",
    "mise/config.toml",
    ".mise/config.toml",
    ".config/mise.toml",
    ".config/mise/config.toml",
)
MAX_BYTES = 64 * 1024  # of a file
MAX_DOTS = 100  # of a line: a parser's time grows with their square in a key
MAX_TASKS = 100  # that are followed for one call
_END = "END_OF_TASK"
_UNKNOWN = f"${{{SOMETHING[1:]}}}"


class MiseTasks:
    """Of the nearest folder that has a file of them. `folder`: that they run in."""

    def __init__(self, folder: str) -> None:
        self._tasks: dict[str, object] = {}
        self._followed = 0
        self.folder = folder
        while not self._tasks:
            for name in NAMES:
                tasks = _content(os.path.join(folder, name)).get("tasks")
                self._tasks = {**(tasks if isinstance(tasks, dict) else {}), **self._tasks}
            self.folder, folder = folder, os.path.dirname(folder)
            if folder == self.folder:
                break

    def lines(self, words: list[str]) -> Iterator[tuple[str, str]]:
        """Folder and line of shell; `words`: tasks with their arguments, parted by `:::`."""
        calls: list[list[str]] = [[]]
        for word in words:
            if word == ":::":
                calls.append([])
            else:
                calls[-1].append(word)
        for name, *arguments in filter(None, calls):
            yield from self._run(name, " ".join(arguments))

    def _run(self, name: str, arguments: str) -> Iterator[tuple[str, str]]:
        task = _as_task(self._tasks.get(name) or self._tasks.get(self._of_alias(name)))
        self._followed += 1
        if self._followed > MAX_TASKS:
            return
        yield from self._called(task.get("depends"))
        place = os.path.join(self.folder, _filled(str(task.get("dir") or "")))
        runs = task.get("run")
        steps = runs if isinstance(runs, list) else [runs]
        for at, step in enumerate(steps):
            if isinstance(step, dict):
                yield from self._called([step.get("task"), *_listed(step.get("tasks"))])
            elif isinstance(step, str):
                is_last = at == len(steps) - 1
                yield os.path.normpath(place), _line(_filled(step), arguments if is_last else "")
        yield from self._called(task.get("depends_post"))

    def _called(self, names: object) -> Iterator[tuple[str, str]]:
        for name in _listed(names):
            words = name if isinstance(name, list) else str(name or "").split()
            if words:
                yield from self._run(str(words[0]), " ".join(map(str, words[1:])))

    def _of_alias(self, name: str) -> str:
        for known, task in self._tasks.items():
            if name in _listed(_as_task(task).get("alias")):
                return known
        return ""


def _content(path: str) -> dict[str, object]:
    text = text_files.read(path, MAX_BYTES + 1)
    is_odd = any(line.count(".") > MAX_DOTS for line in text.split("\n"))
    if not text or len(text) > MAX_BYTES or is_odd:
        return {}
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}


def _as_task(task: object) -> dict[str, object]:
    """A mapping; a text or a list is short for what it runs."""
    return task if isinstance(task, dict) else {"run": task}


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _filled(text: str) -> str:
    first, *pieces = text.split("{{")
    return first + "".join(_UNKNOWN + piece.partition("}}")[2] for piece in pieces)


def _line(text: str, arguments: str) -> str:
    """A text that begins with `#!` is a script of that program."""
    first, _, rest = text.lstrip().partition("\n")
    if first[:2] != "#!":
        return f"{text.strip()} {arguments}".rstrip()
    return f"{first[2:].strip()} - <<'{_END}'\n{rest}\n{_END}\n"
