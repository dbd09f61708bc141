"""Files that a program keeps without being told their names, as `package.json`."""

from __future__ import annotations

import os

from coord.client.paths import nearest_file
from coord.client.shell.words import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.options import Arguments
    from coord.client.shell.walk import Walk
    from coord.client.shell.writer import Writer


def write_kept(walk: Walk, writer: Writer, args: Arguments) -> None:
    for folder in _folders(walk, writer, args):
        for name in writer.files:
            if "*" in name:
                walk.write(Value(os.path.join(folder, name), "", is_pattern=True))
            elif file := nearest_file(folder, (name,), upwards=not writer.in_folder):
                walk.write(Value(file))


def _folders(walk: Walk, writer: Writer, args: Arguments) -> list[str]:
    """Those that it works in, where its options name others."""
    named = [walk.path(value) for option in writer.folders for value in args.values.get(option, [])]
    folders = [os.path.dirname(path) if os.path.isfile(path) else path for path in named if path]
    return [folder for folder in folders if os.path.isdir(folder)] or [walk.folder]
