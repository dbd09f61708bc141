"""The files that a patch changes: of `diff`, or of the form in which agents send theirs."""

from __future__ import annotations

MAX_BYTES = 1024 * 1024  # of a patch
MAX_FILES = 200
_NAMED = ("+++ ", "--- ", "*** ", "rename from ", "rename to ", "copy to ")
_EDITS = ("*** Add File: ", "*** Update File: ", "*** Delete File: ", "*** Move to: ")


def edited(patch: str) -> list[str]:
    """Of `*** Begin Patch`, as OpenAI's models write it."""
    paths: dict[str, None] = {}
    for line in patch[:MAX_BYTES].split("\n"):
        for mark in _EDITS:
            if line.strip().startswith(mark):
                paths[line.strip()[len(mark) :].strip()] = None
    return list(paths)[:MAX_FILES]


def patched(patch: str, strip: int | None) -> list[str]:
    """Of a diff. `strip`: leading folders that do not count; None: those of git alone."""
    paths: dict[str, None] = {}
    for line in patch[:MAX_BYTES].split("\n"):
        mark = next((mark for mark in _NAMED if line.startswith(mark)), None)
        if mark is None or line.endswith((" ****", " ----")):
            continue
        name = line[len(mark) :].partition("\t")[0].strip().strip('"')
        if name in ("", "/dev/null"):
            continue
        if mark.endswith((" from ", " to ")):  # as git has it, without a folder to strip
            name = f"a/{name}"
        if strip is None:
            name = name[2:] if name[:2] in ("a/", "b/") else name
        else:
            name = name.split("/", strip)[-1]
        paths[name] = None
    return list(paths)[:MAX_FILES]
