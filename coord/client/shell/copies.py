"""Where copies go: into a file, or into a folder under the names of their sources."""

from __future__ import annotations

import os

from coord.client.shell.targets import targets
from coord.client.shell.words import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.effects import Walk


def copy_to(walk: Walk, sources: list[Value], target: Value) -> None:
    path = walk.path(target)
    if path is None or not (os.path.isdir(path) or target.text.endswith("/")):
        walk.write(target)
        return
    for source in _matched(walk, sources):
        text = walk.native(source.text)
        name = os.path.basename(text.rstrip("/"))
        if not source.is_known or not name or text.endswith("/"):
            walk.change_tree(path)
            continue
        inside = os.path.join(path, name)
        walk.write(Value(inside), whole_folders=True)


def _matched(walk: Walk, sources: list[Value]) -> list[Value]:
    """With the files that patterns stand for."""
    args: list[Value] = []
    for source in sources:
        paths = list(targets(walk, source)) if source.is_pattern else []
        is_listed = bool(paths) and not any(is_tree for _, is_tree in paths)
        args += [Value(path) for path, _ in paths] if is_listed else [source]
    return args
