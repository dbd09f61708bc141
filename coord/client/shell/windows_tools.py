"""What programs of Windows change by rules of their own: `attrib +r`, `icacls /grant`."""

from __future__ import annotations

import os

from coord.client.shell.copies import SOFT, copy_to, note_link
from coord.client.shell.words import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from coord.client.shell.walk import Walk
    from coord.client.shell.words import Command

    Tool = Callable[[Walk, list[Value], Command], None]

_RIGHTS = (
    "/grant /deny /remove /reset /setowner /inheritance /setintegrity /restore /substitute"
    " /e /g /p /r /d"
).split()
_CERTUTIL = ("urlcache", "decode", "encode", "decodehex", "encodehex", "verifyctl")
_FSUTIL = frozenset("createnew setzerodata seteof setshortname create setinfo delete".split())


def _attrib(walk: Walk, words: list[Value], command: Command) -> None:
    is_deep = any(word.text.lower() == "/s" for word in words)
    if not any(word.text[:1] in ("+", "-") for word in words):
        return
    for word in _plain(words):
        folder, _, name = walk.slashed(word.text).rpartition("/")
        if is_deep:
            walk.change_tree(walk.path(Value(folder or ".")) or walk.folder, (name,))
        else:
            walk.write(word)


def _icacls(walk: Walk, words: list[Value], command: Command) -> None:
    texts = [word.text.lower() for word in words]
    if any(text.startswith(tuple(_RIGHTS)) for text in texts):
        for word in words[:1]:
            walk.write(word, whole_folders=True)
    _write_behind(walk, words, "/save")


def _takeown(walk: Walk, words: list[Value], command: Command) -> None:
    _write_behind(walk, words, "/f")


def _mklink(walk: Walk, words: list[Value], command: Command) -> None:
    plain = _plain(words)
    for link, target in zip(plain[:1], plain[1:]):
        walk.write(link, replaces_links=True)
        note_link(walk, walk.path(link) or "", target, SOFT)


def _fsutil(walk: Walk, words: list[Value], command: Command) -> None:
    if len(words) > 2 and words[1].text.lower() in _FSUTIL:
        walk.write(next((word for word in words[2:] if "=" not in word.text), words[2]))


def _certutil(walk: Walk, words: list[Value], command: Command) -> None:
    verbs = [word.text.lstrip("-/").lower() for word in words]
    if any(verb in _CERTUTIL for verb in verbs) and "delete" not in verbs:
        _last(walk, words, command)


def _last(walk: Walk, words: list[Value], command: Command) -> None:
    plain = _plain(words)
    for word in plain[-1:] if len(plain) > 1 else []:
        walk.write(word, whole_folders=True)


def _packed(walk: Walk, words: list[Value], command: Command) -> None:
    """`compact /c app.py`, `cipher /e app.py`: without such a switch they only look."""
    if any(word.text.lower()[:2] in ("/c", "/u", "/e", "/d") for word in words):
        for word in _plain(words):
            walk.write(word, whole_folders=True)


def _esentutl(walk: Walk, words: list[Value], command: Command) -> None:
    _write_behind(walk, words, "/d")


def _sort(walk: Walk, words: list[Value], command: Command) -> None:
    _write_behind(walk, words, "/o")
    _write_behind(walk, words, "/output")


def _forfiles(walk: Walk, words: list[Value], command: Command) -> None:
    """`forfiles /p src /c "cmd /c del @file"`"""
    place, line = _behind(words, "/p"), _behind(words, "/c")
    folder = walk.path(place) if place is not None else walk.folder
    if line is not None:
        here = walk.folder
        walk.location.folder = folder or here
        shell, _, inner = line.text.partition(" /c ")
        text = inner if shell.lower() in ("cmd", "cmd.exe") else line.text
        walk.line_apart(text.replace("@file", "%_found%").replace("@path", "%_found%"), "cmd")
        walk.location.folder = here


def _wmic(walk: Walk, words: list[Value], command: Command) -> None:
    at = next((at for at, word in enumerate(words) if word.text.lower() == "create"), len(words))
    for word in words[at + 1 :]:
        walk.line_apart(word.text, "cmd")


def _schtasks(walk: Walk, words: list[Value], command: Command) -> None:
    line = _behind(words, "/tr")
    if line is not None:
        walk.line_apart(line.text, "cmd")


def _robocopy(walk: Walk, words: list[Value], command: Command) -> None:
    """`robocopy src docs *.py /mov`"""
    places, switches = _parted(words)
    names = tuple(word.text for word in places[2:])
    for place in [] if "/l" in switches else places[1:2]:
        path = walk.path(place)
        if path is not None and names:
            walk.change_tree(path, names)
        else:
            walk.write(place, whole_folders=True)
    if {"/mov", "/move"}.intersection(switches):
        for place in places[:1]:
            walk.change_tree(walk.path(place) or walk.folder, names)


def _xcopy(walk: Walk, words: list[Value], command: Command) -> None:
    places, switches = _parted(words)
    target = places[1] if len(places) > 1 else Value(".")
    if "/l" in switches or not places:
        return
    if walk.is_folder(walk.path(places[0]) or ""):
        walk.write(target, whole_folders=True)  # with what is in that folder
    else:
        copy_to(walk, places[:1], target)


def _parted(words: list[Value]) -> tuple[list[Value], list[str]]:
    """Without the switches, and those: `/mir`, and no path of Git Bash."""
    is_switch = [word.text[:1] == "/" and "/" not in word.text[1:] for word in words]
    places = [word for word, is_one in zip(words, is_switch) if not is_one]
    return places, [word.text.lower() for word, is_one in zip(words, is_switch) if is_one]


def _given(tool: Tool) -> Tool:
    """With `/mir` for the `//mir` of Git Bash, which would take `/mir` for a path."""

    def follow(walk: Walk, words: list[Value], command: Command) -> None:
        is_doubled = [word.text[:2] == "//" and "/" not in word.text[2:] for word in words]
        bare = [word.after("/") if two else word for word, two in zip(words, is_doubled)]
        tool(walk, words if walk.is_windows else bare, command)

    return follow


def _plain(words: list[Value]) -> list[Value]:
    return [word for word in words if word.text[:1] not in ("", "+", "-", "/")]


def _behind(words: list[Value], switch: str) -> Value | None:
    texts = [word.text.lower() for word in words]
    return words[texts.index(switch) + 1] if switch in texts[:-1] else None


def _write_behind(walk: Walk, words: list[Value], switch: str) -> None:
    value = _behind(words, switch)
    if value is not None:
        walk.write(value, whole_folders=os.path.isdir(walk.path(value) or ""))


_TOOLS: dict[str, Tool] = {
    "robocopy": _robocopy,
    "xcopy": _xcopy,
    "attrib": _attrib,
    "icacls": _icacls,
    "cacls": _icacls,
    "takeown": _takeown,
    "mklink": _mklink,
    "fsutil": _fsutil,
    "certutil": _certutil,
    "bitsadmin": _last,
    "makecab": _last,
    "compact": _packed,
    "cipher": _packed,
    "esentutl": _esentutl,
    "sort": _sort,
    "forfiles": _forfiles,
    "wmic": _wmic,
    "schtasks": _schtasks,
}
TOOLS = {name: _given(tool) for name, tool in _TOOLS.items()}
