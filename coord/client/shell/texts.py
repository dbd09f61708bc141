"""The texts of a line that may be run later: scripts that it writes, and what a command reads."""

from __future__ import annotations

from coord.client.shell.outputs import output_of, printed, read_by
from coord.client.shell.words import PROCESS, Command, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.walk import Walk

MAX_WRITTEN = 50  # files of a line whose text is kept


def note_texts(walk: Walk, files: list[Value], command: Command) -> None:
    """What files hold, where the command that writes them says so."""
    text = printed(command, walk.variables) if files else None
    for value in files[:MAX_WRITTEN] if text is not None else ():
        path = walk.path(value)
        if path is not None and len(walk.file_texts) < MAX_WRITTEN:
            walk.file_texts[path] = f"{walk.file_texts.get(path, '')}\n{text}".lstrip("\n")


def text_of(walk: Walk, value: Value, command: Command) -> str | None:
    """Of a script that is a file of this line, a process, or what the command reads."""
    if value.text in ("-", "/dev/stdin"):
        return read_by(command, walk.variables)
    if value.text == PROCESS:
        inner = next((word.process for word in command.words if word.process), "")
        outputs = output_of(inner, walk.variables)
        return "\n".join(output.text for output in outputs) if outputs is not None else None
    return walk.file_texts.get(walk.path(value) or "")
