"""What a script of a `package.json` runs: `npm run lint` is what stands there under that name."""

from __future__ import annotations

import os

from coord.client import text_files
from coord.client.lean import loads_or_none
from coord.client.paths import nearest_file
from coord.client.shell.words import SOMETHING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.walk import Walk
    from coord.client.shell.words import Value

NAME = "package.json"
MAX_BYTES = 256 * 1024


def lines(walk: Walk, folder: str, task: str, arguments: list[Value]) -> list[tuple[str, str]]:
    """Folder and line of shell of each, with those that npm runs before and behind. `arguments`:
    come to the line of the task itself."""
    path = nearest_file(folder, (NAME,))
    if not path:
        return []
    content = loads_or_none(walk.file_texts.get(path) or text_files.read(path, MAX_BYTES))
    scripts = content.get("scripts") if isinstance(content, dict) else None
    line = scripts.get(task) if isinstance(scripts, dict) else None
    if not isinstance(scripts, dict) or not isinstance(line, str):
        return []
    line = " ".join([line, *map(_quoted, arguments)])
    in_order = [scripts.get(f"pre{task}"), line, scripts.get(f"post{task}")]
    return [(os.path.dirname(path), script) for script in in_order if isinstance(script, str)]


def _quoted(value: Value) -> str:
    if not value.is_known:
        return SOMETHING
    return "'" + value.text.replace("'", "'\\''") + "'"
