"""What a script of a `package.json` runs: `npm run lint` is what stands there under that name."""

from __future__ import annotations

import os

from coord.client import text_files
from coord.client.lean import loads_or_none
from coord.client.shell.words import SOMETHING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.effects import Walk
    from coord.client.shell.words import Value

NAME = "package.json"
MAX_BYTES = 256 * 1024
MAX_FOLDERS = 20  # upwards, in which it is looked for


def lines(walk: Walk, folder: str, task: str, arguments: list[Value]) -> list[tuple[str, str]]:
    """Folder and line of shell of each, with those that npm runs before and behind. `arguments`:
    come to the line of the task itself."""
    path = _find(folder)
    content = loads_or_none(walk.texts.get(path) or text_files.read(path, MAX_BYTES)) if path else 0
    scripts = content.get("scripts") if isinstance(content, dict) else None
    known = scripts if isinstance(scripts, dict) else {}
    said = [known.get(name) for name in (f"pre{task}", task, f"post{task}")]
    if not isinstance(said[1], str):
        return []
    said[1] = " ".join([said[1], *map(_quoted, arguments)])
    return [(os.path.dirname(path), line) for line in said if isinstance(line, str)]


def _find(folder: str) -> str:
    """The nearest one upwards; empty where there is none."""
    for _ in range(MAX_FOLDERS):
        path = os.path.join(folder, NAME)
        if os.path.isfile(path):
            return path
        folder = os.path.dirname(folder)
    return ""


def _quoted(value: Value) -> str:
    if not value.is_known:
        return SOMETHING
    return "'" + value.text.replace("'", "'\\''") + "'"
