"""What a task of a `deno.json` runs: `deno task build` is what stands there under that name, else
the script of the `package.json`.
"""

from __future__ import annotations

import os

from coord.client import text_files
from coord.client.ignored import match
from coord.client.lean import loads_or_none
from coord.client.paths import nearest_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("deno.json", "deno.jsonc")
MAX_BYTES = 256 * 1024
MAX_TASKS = 100  # that are followed for one call


class DenoFile:
    """`folder`: in which tasks run."""

    def __init__(self, path: str) -> None:
        self.folder = os.path.dirname(path)
        content = loads_or_none(_without_comments(text_files.read(path, MAX_BYTES)))
        tasks = content.get("tasks") if isinstance(content, dict) else None
        self._tasks: dict[str, object] = tasks if isinstance(tasks, dict) else {}
        self._followed = 0

    def lines(self, name: str, arguments: str) -> Iterator[str]:
        """Of shell. `name` may have a `*` in it."""
        for known in [known for known in self._tasks if known == name or match(name, known)]:
            yield from self._run(known, arguments)

    def _run(self, name: str, arguments: str) -> Iterator[str]:
        task = self._tasks.get(name)
        self._followed += 1
        if self._followed > MAX_TASKS:
            return
        if isinstance(task, dict):
            needs = task.get("dependencies")
            for need in needs if isinstance(needs, list) else []:
                yield from self._run(str(need), "")
            task = task.get("command")
        if isinstance(task, str):
            yield f"{task} {arguments}".rstrip()


def find(folder: str) -> str:
    """The nearest one upwards; empty where there is none."""
    return nearest_file(folder, NAMES)


def _without_comments(text: str) -> str:
    """JSONC as JSON: also without the commas in front of a bracket that closes."""
    kept: list[str] = []
    at = 0
    while at < len(text):
        if text[at] == '"':
            end = _string_end(text, at)
            kept.append(text[at:end])
            at = end
        elif text.startswith("//", at):
            end = text.find("\n", at)
            at = end if end >= 0 else len(text)
        elif text.startswith("/*", at):
            end = text.find("*/", at)
            at = end + 2 if end >= 0 else len(text)
        elif not text[at].isspace():
            if text[at] in "]}" and kept and kept[-1] == ",":
                kept.pop()
            kept.append(text[at])
            at += 1
        else:
            at += 1
    return "".join(kept)


def _string_end(text: str, at: int) -> int:
    at += 1
    while at < len(text) and text[at] != '"':
        at += 2 if text[at] == "\\" else 1
    return at + 1
