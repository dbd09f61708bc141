"""Which files of the disk a word of a command names."""

from __future__ import annotations

import os

from coord.client.paths import path_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from coord.client.shell.walk import Walk
    from coord.client.shell.words import Value

MAX_FILES = 50  # that a pattern is taken for; of more, their folder
_NOWHERE = frozenset(("", "-", "nul", "$null", "con", "/dev/null"))
_DEVICES = ("/dev/", "/proc/", "/sys/")
_WILD = frozenset("*?")


def targets(walk: Walk, value: Value) -> Iterator[tuple[str, bool]]:
    """Paths, and whether all that is below one is meant: where the word is known only in part, the
    folder in which it must be."""
    text = value.text
    if is_nowhere(text):
        return
    if text == "..." or text.endswith("/..."):  # as Go writes it
        yield os.path.normpath(path_in(walk.folder, text[:-3])), True
        return
    path = walk.path(value)
    text = walk.native(text)
    if path is not None:
        yield path, False
        spelt = os.path.normpath(path_in(walk.folder, text))
        if value.is_known and spelt != path:
            yield spelt, False  # for programs that take `..` off themselves, as git does
        return
    beginning = path_in(walk.folder, walk.native(value.beginning or ""))
    if value.is_pattern and not value.is_open and "**" not in text and "$" not in text:
        files = matching(path_in(walk.folder, _without_classes(text)))
        if files is not None:
            yield from ((walk.links.place(file), False) for file in files)
            literal = os.path.normpath(path_in(walk.folder, text))
            if not files and (not _WILD.intersection(text) or os.path.lexists(literal)):
                yield literal, False  # `app/[id]/page.tsx`
            return
    folder = beginning if beginning.endswith("/") else os.path.dirname(beginning)
    yield walk.links.place(folder), True


def open_names(walk: Walk, value: Value) -> tuple[str, tuple[str, ...]] | None:
    """Of `out.$$` the folder and the pattern of the names that there may be, none of `$$` alone;
    None of any other."""
    folder, _, name = walk.slashed(value.text).rpartition("/")
    if not value.is_open or "$" in value.text or _WILD.intersection(folder):
        return None
    is_named = bool(name.strip("*."))
    return walk.links.place(path_in(walk.folder, folder)), (name,) if is_named else ()


def is_nowhere(text: str) -> bool:
    """Whether it is no file that is kept."""
    return text.lower() in _NOWHERE or text.startswith(_DEVICES)


def _without_classes(pattern: str) -> str:
    """`[[:alpha:]]` as any letter."""
    start = pattern.find("[[:")
    while start >= 0:
        end = pattern.find(":]]", start)
        if end < 0:
            break
        pattern = f"{pattern[:start]}?{pattern[end + 3 :]}"
        start = pattern.find("[[:")
    return pattern


def only_match(walk: Walk, folder: str, value: Value) -> str | None:
    """The one file or folder that a pattern stands for, as in `cd s*c`."""
    if not value.is_pattern or value.is_open or "**" in value.text or "$" in value.text:
        return None
    files = matching(path_in(folder, _without_classes(value.text))) or []
    return walk.links.place(files[0]) if len(files) == 1 else None


def matching(pattern: str) -> list[str] | None:
    """The files that it stands for; None where there are too many."""
    import glob
    from itertools import islice

    files = list(islice(glob.iglob(pattern), MAX_FILES + 1))
    return files if len(files) <= MAX_FILES else None
