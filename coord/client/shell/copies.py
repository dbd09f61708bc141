"""Where copies go: into a file, or into a folder under the names of their sources."""

from __future__ import annotations

import os

from coord.client.paths import path_in
from coord.client.shell.targets import targets
from coord.client.shell.words import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.options import Arguments
    from coord.client.shell.walk import Walk

HARD, SOFT, RELATIVE = "hard", "soft", "relative"
"""Kinds of links."""
NUMBERS = {"numbered": "always", "t": "always", "simple": "never", "never": "never"}
"""Whether a backup has a number, by what `--backup=` says; else where there is one already."""


def copy_to(
    walk: Walk,
    sources: list[Value],
    target: Value,
    *,
    into: bool | None = None,
    whole_paths: bool = False,
    backup: str = "",
    numbers: str = "never",
    link: str = "",
    replaces_links: bool = False,
    keeps_links: bool = False,
) -> None:
    """`into`: whether the target is a folder for them; None: where there is one. `whole_paths`: the
    folders of the sources are made there, too. `backup`: what the name of what was there gets;
    `numbers`: or a number, `always`, `never`, or where there is one. `link`: the target becomes one
    to the source, HARD or SOFT, or RELATIVE to the folder that the line is in. `keeps_links`: of a
    link comes another one there."""
    path = walk.path(target)
    if path is None:
        walk.write(target)
        return
    if into is None:
        into = walk.is_folder(path) or target.text.endswith("/")
    for source in matched(walk, sources):
        text = walk.native(source.text)
        name = text.lstrip("/") if whole_paths else os.path.basename(text.rstrip("/"))
        if into and (not source.is_known or name in ("", ".", "..") or text.endswith("/")):
            walk.change_tree(path)
            continue
        place = os.path.join(path, name) if into else path
        is_link = keeps_links and os.path.islink(walk.path(source) or "")
        is_made = bool(link) or is_link
        if not is_made and source.is_known and walk.is_folder(walk.path(source) or ""):
            walk.change_tree(place)
            continue
        walk.write(Value(place), whole_folders=into, replaces_links=replaces_links or is_link)
        if link:
            note_link(walk, place, source, link)
        if backup:
            walk.write(Value(place + (numbered(place, numbers) or backup)))


def note_link(walk: Walk, place: str, source: Value, link: str) -> None:
    folder = os.path.dirname(place) if link == SOFT else walk.folder
    if source.is_known:
        target = walk.links.place(path_in(folder, walk.native(source.text)))
        walk.links.add(place, target)


def backups(args: Arguments) -> tuple[str, str]:
    """`backup` and `numbers`, as the options of GNU's programs have them; a suffix asks for one."""
    suffix = args.value(("-S", "--suffix"))
    control = args.value(("--backup",))
    kind = control.text if control is not None else ""
    if kind in ("none", "off") or not (suffix or args.has(("-b", "--backup"))):
        return "", "never"
    return suffix.text if suffix is not None else "~", NUMBERS.get(kind, "existing")


def numbered(place: str, numbers: str) -> str:
    """`.~1~`, or the next one; nothing where there is to be none."""
    if numbers == "never":
        return ""
    at = 1
    while os.path.lexists(f"{place}.~{at}~"):
        at += 1
    return f".~{at}~" if at > 1 or numbers == "always" else ""


def matched(walk: Walk, sources: list[Value]) -> list[Value]:
    """With the files that patterns stand for."""
    args: list[Value] = []
    for source in sources:
        paths = list(targets(walk, source)) if source.is_pattern else []
        is_listed = bool(paths) and not any(is_tree for _, is_tree in paths)
        args += [Value(path) for path, _ in paths] if is_listed else [source]
    return args
