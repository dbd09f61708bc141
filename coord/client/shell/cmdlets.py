"""What the commands of PowerShell and cmd change, and the methods of .NET that are called there."""

from __future__ import annotations

import os

from coord.client.shell.copies import copy_to
from coord.client.shell.names import program_name
from coord.client.shell.words import QUOTED, Value
from coord.client.shell.writers import ALL, LAST, MOVED, NONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.effects import Walk
    from coord.client.shell.words import Command

CMDLETS = {
    "set-content": ALL, "sc": ALL, "add-content": ALL, "ac": ALL, "clear-content": ALL, "clc": ALL,
    "out-file": ALL, "tee-object": ALL, "tee": ALL, "export-csv": ALL, "new-item": ALL, "ni": ALL,
    "remove-item": ALL, "ri": ALL, "rm": ALL, "del": ALL, "erase": ALL, "rd": ALL, "rmdir": ALL,
    "move-item": MOVED, "mi": MOVED, "mv": MOVED, "move": MOVED, "rename-item": MOVED, "rni": MOVED,
    "ren": MOVED, "copy-item": LAST, "cpi": LAST, "cp": LAST, "copy": LAST, "xcopy": LAST,
    "robocopy": LAST, "invoke-webrequest": NONE, "iwr": NONE, "set-itemproperty": ALL, "sp": ALL,
    "invoke-restmethod": NONE, "irm": NONE, "expand-archive": LAST, "compress-archive": LAST,
    "export-clixml": ALL, "start-transcript": ALL,
}  # fmt: skip
"""PowerShell's and cmd's own, lower-case."""
_REMOVALS = frozenset("remove-item ri rm del erase rd rmdir clear-content clc".split())
_RENAMES = frozenset(("rename-item", "rni", "ren"))
_COPIES = frozenset("move-item mi mv move copy-item cpi cp copy xcopy".split())
"""Those whose target may be the folder for what they are given."""
_LISTS = frozenset("get-childitem gci ls dir get-item gi".split())
"""What hands files on to the next command."""

FILE, TARGET, VALUE, SWITCH = "file", "target", "value", "switch"
_PARAMETERS = {
    **dict.fromkeys("path literalpath filepath lp pspath".split(), FILE),
    **dict.fromkeys("destination destinationpath newname outfile".split(), TARGET),
    **dict.fromkeys(
        "value encoding itemtype type filter include exclude inputobject width name delimiter uri"
        " method body headers stream credential erroraction ea".split(),
        VALUE,
    ),
    **dict.fromkeys(
        "force recurse append nonewline noclobber confirm whatif passthru verbose notypeinformation"
        " usebasicparsing asbytestream".split(),
        SWITCH,
    ),
}
_METHODS = {
    "writealltext": ALL, "writeallbytes": ALL, "writealllines": ALL, "appendalltext": ALL,
    "appendalllines": ALL, "delete": ALL, "create": ALL, "createtext": ALL, "appendtext": ALL,
    "openwrite": ALL, "open": ALL, "move": MOVED, "copy": LAST, "replace": MOVED,
}  # fmt: skip
"""Of .NET's `[IO.File]` and `[IO.Directory]`."""
_STREAMS = ("streamwriter", "filestream")
_READS = frozenset(("read", "openread"))


class _Given:
    """`files` and `targets`: what parameters name, or words in the place of those."""

    __slots__ = ("files", "targets", "values")

    def __init__(self) -> None:
        self.files: list[Value] = []
        self.targets: list[Value] = []
        self.values: dict[str, Value] = {}


def follow_cmdlet(walk: Walk, name: str, words: list[Value], command: Command) -> bool:
    """Whether it was one of these."""
    kind, called, method = name.partition("]::")
    if called and not _READS.isdisjoint(word.text.lower() for word in words[1:]):
        return True
    if called and kind.endswith((".file", ".directory")) and method in _METHODS:
        _change(walk, "", _METHODS[method], _given(words, _METHODS[method]), command)
    elif called and method == "new" and kind.endswith(_STREAMS):
        _change(walk, "", ALL, _given(words, ALL), command)
    elif name == "new-object" and words and words[0].text.lower().endswith(_STREAMS):
        plain = [word for word in words[1:] if word.text[:1] != "-"]
        _change(walk, "", ALL, _given(plain, ALL), command)
    elif name in CMDLETS:
        given = _given(words, CMDLETS[name], is_removal=name in _REMOVALS)
        if "whatif" not in given.values:
            _change(walk, name, CMDLETS[name], given, command)
    else:
        return False
    return True


def _given(words: list[Value], targets: str, *, is_removal: bool = False) -> _Given:
    """Parameters have names, which may be cut short, or left out in order: of `Remove-Item a, b`
    each word is a file, of `Set-Content a text` only the first."""
    given = _Given()
    index, is_first_free, is_second_free = 0, targets != NONE, targets in (LAST, MOVED)
    while index < len(words):
        word = words[index]
        index += 1
        if word.text[:1] == "-" and word.text[1:2].isalpha():
            start, colon, _ = word.text.partition(":")
            name = _parameter(start[1:].lower())
            kind = _PARAMETERS.get(name, SWITCH)
            value = word.after(f"{start}:") if colon else next(iter(words[index:]), None)
            index += 0 if colon or kind == SWITCH else 1
            if value is not None:
                _note(given, name, kind, value)
            is_first_free = is_first_free and kind != FILE
        elif _is_switch_of_cmd(word.text):
            continue
        elif is_first_free:
            given.files.append(word)
            is_first_free = is_removal
        elif is_second_free:
            given.targets.append(word)
            is_second_free = False
    return given


def _note(given: _Given, name: str, kind: str, value: Value) -> None:
    if kind == FILE:
        given.files.append(value)
    elif kind == TARGET:
        given.targets.append(value)
    given.values[name] = value


def _parameter(start: str) -> str:
    """The whole name of one that is cut short."""
    if start in _PARAMETERS:
        return start
    names = [name for name in _PARAMETERS if name.startswith(start)]
    kinds = [_PARAMETERS[name] for name in names]
    for kind in (SWITCH, TARGET, FILE, VALUE):
        if kind in kinds:
            return names[kinds.index(kind)]
    return start


def _is_switch_of_cmd(text: str) -> bool:
    """`/s`, `/s/q`."""
    return text[:1] == "/" and all(len(each) == 1 for each in text[1:].split("/"))


def _change(walk: Walk, name: str, targets: str, given: _Given, command: Command) -> None:
    files, ends = given.files, given.targets
    if not files and not ends and targets != NONE:
        _change_piped(walk, command)
    kind = given.values.get("itemtype") or given.values.get("type")
    if kind is not None and kind.text.lower() == "directory":
        return
    child = given.values.get("name")
    if name in ("new-item", "ni") and child is not None:
        folders = files or [Value(".")]
        files = [Value(os.path.join(each.text, child.text), each.beginning) for each in folders]
    for value in [] if targets == LAST else files:
        walk.write(value, whole_folders=True)
    for end in ends:
        if name in _RENAMES and files:
            folder = os.path.dirname(files[0].text.replace("\\", "/"))
            walk.write(Value(os.path.join(folder, end.text), end.beginning))
        elif name in _COPIES and files:
            copy_to(walk, files, end)
        else:
            walk.write(end, whole_folders=True)


def _change_piped(walk: Walk, command: Command) -> None:
    """Of `Get-ChildItem src | Remove-Item` anything in that folder, of `'a', 'b' | Remove-Item`
    these."""
    source = command.source
    words = [v for word in source.words for v in walk.variables.expand(word)] if source else []
    if source is None or not words:
        return
    if source.words[0].parts[:1] and source.words[0].parts[0][0] == QUOTED:
        for value in words:
            walk.write(value, whole_folders=True)
        return
    if program_name(words[0], is_windows=True) not in _LISTS:
        return
    named = [word for word in words[1:] if word.text[:1] != "-"]
    path = walk.path(named[0]) if named else None
    if path is not None and os.path.isfile(path):
        walk.write(named[0])
    else:
        walk.change_tree(path or walk.folder)
