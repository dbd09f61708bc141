"""What programs of Windows change by rules of their own: `attrib +r`, `icacls /grant`."""

from __future__ import annotations

import os

from coord.client.shell.copies import SOFT, note_link
from coord.client.shell.words import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.walk import Walk
    from coord.client.shell.words import Command

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


def _plain(words: list[Value]) -> list[Value]:
    return [word for word in words if word.text[:1] not in ("", "+", "-", "/")]


def _behind(words: list[Value], switch: str) -> Value | None:
    texts = [word.text.lower() for word in words]
    return words[texts.index(switch) + 1] if switch in texts[:-1] else None


def _write_behind(walk: Walk, words: list[Value], switch: str) -> None:
    value = _behind(words, switch)
    if value is not None:
        walk.write(value, whole_folders=os.path.isdir(walk.path(value) or ""))


TOOLS = {
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
