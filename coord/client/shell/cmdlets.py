"""What the commands of PowerShell and cmd change, and the methods of .NET that are called there."""

from __future__ import annotations

import os

from coord.client.shell.copies import HARD, RELATIVE, copy_to, note_link
from coord.client.shell.listings import within
from coord.client.shell.names import program_name
from coord.client.shell.words import QUOTED, VARIABLE, Value
from coord.client.shell.writer import ALL, LAST, MOVED, NONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.walk import Walk
    from coord.client.shell.words import Command

CMDLETS = {
    "set-content": ALL, "sc": ALL, "add-content": ALL, "ac": ALL, "clear-content": ALL, "clc": ALL,
    "out-file": ALL, "tee-object": ALL, "tee": ALL, "export-csv": ALL, "new-item": ALL, "ni": ALL,
    "remove-item": ALL, "ri": ALL, "rm": ALL, "del": ALL, "erase": ALL, "rd": ALL, "rmdir": ALL,
    "move-item": MOVED, "mi": MOVED, "mv": MOVED, "move": MOVED, "rename-item": MOVED, "rni": MOVED,
    "ren": MOVED, "rename": MOVED, "copy-item": LAST, "cpi": LAST, "cp": LAST, "copy": LAST,
    "invoke-webrequest": NONE, "iwr": NONE, "set-itemproperty": ALL, "sp": ALL,
    "invoke-restmethod": NONE, "irm": NONE, "expand-archive": LAST, "compress-archive": LAST,
    "export-clixml": ALL, "start-transcript": ALL, "set-acl": ALL, "set-item": ALL, "si": ALL,
    "clear-item": ALL, "cli": ALL, "new-modulemanifest": ALL, "update-modulemanifest": ALL,
    "start-bitstransfer": LAST, "export-alias": ALL, "new-itemproperty": ALL,
    "set-authenticodesignature": ALL, "expand": LAST,
}  # fmt: skip
"""PowerShell's and cmd's own, lower-case."""
_REMOVALS = frozenset("remove-item ri rm del erase rd rmdir clear-content clc".split())
_BY_NAME = frozenset(("del", "erase"))
"""Those of cmd's that remove what is called so."""
_REPLACES_LINKS = _REMOVALS | frozenset("new-item ni move-item mi mv move".split())
_LINKS = {"symboliclink": RELATIVE, "junction": RELATIVE, "hardlink": HARD}
_RENAMES = frozenset(("rename-item", "rni", "ren", "rename"))
_COPIES = frozenset("move-item mi mv move copy-item cpi cp copy".split())
"""Those whose target may be the folder for what they are given."""
_FOLDERS = frozenset("get-childitem gci ls dir".split())
_LISTS = _FOLDERS | frozenset("get-item gi resolve-path rvpa convert-path cvpa".split())
"""What hands files on to the next command."""
_NARROWS = ("-filter", "-include", "-exclude", "-depth", "-attributes")
"""Parameters whose value is no place."""
_ALIASES = frozenset("set-alias sal new-alias nal".split())
_EACH = frozenset("foreach-object foreach % where-object where ?".split())
_FILTERS = _EACH | frozenset("select-object select sort-object sort tee-object".split())
_OBJECT_METHODS = {
    "delete": True, "moveto": True, "copyto": False, "encrypt": True, "decrypt": True,
    "createtext": True, "appendtext": True, "openwrite": True, "setaccesscontrol": True,
    "downloadfile": False, "save": False, "saveas": False, "writexml": False,
}  # fmt: skip
"""Of an object that stands for a file; whether they change that."""
_WITH_TARGET = frozenset("moveto copyto downloadfile save saveas writexml".split())

FILE, TARGET, VALUE, SWITCH = "file", "target", "value", "switch"
_PARAMETERS = {
    **dict.fromkeys("path literalpath filepath lp pspath".split(), FILE),
    **dict.fromkeys("destination destinationpath newname outfile".split(), TARGET),
    **dict.fromkeys(
        "value target encoding itemtype type filter include exclude inputobject width name"
        " delimiter uri method body headers stream credential erroraction ea variable".split(),
        VALUE,
    ),
    **dict.fromkeys(
        "force recurse append nonewline noclobber confirm whatif passthru verbose notypeinformation"
        " usebasicparsing asbytestream".split(),
        SWITCH,
    ),
}
_METHODS = {
    "move": MOVED, "copy": LAST, "replace": MOVED, "extracttodirectory": LAST,
    "createfromdirectory": LAST, "movefile": MOVED, "movedirectory": MOVED, "copyfile": LAST,
    "copydirectory": LAST,
}  # fmt: skip
"""Of .NET's classes of files; of the others the first argument is the file."""
_CLASSES = (".file", ".directory", ".zipfile", ".filesystem", "[file", "[directory")
_LOOKS = ("read", "get", "exists", "enumerate", "createdirectory", "opentext", "setcurrent", "isr")
"""How those begin that change nothing."""
_SWITCHED = ("$true", "$false")
_OFF = frozenset(("$false", "false", "0"))
_DEEP = "/s"  # of cmd: in the folders below, too
_DOWNLOADS = ("curl", "wget")  # in Windows PowerShell other names of Invoke-WebRequest
_NO_DISKS = frozenset("env variable function alias hkcu hklm hkcr hku hkcc cert wsman".split())
"""What else PowerShell calls as it does drives: two sessions that set `env:X` share nothing."""
_STREAMS = ("streamwriter", "filestream")
_READS = frozenset(("read", "openread"))


class _BoundParameters:
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
    if called and kind.endswith(_CLASSES) and not method.startswith(_LOOKS):
        targets = _METHODS.get(method, ALL)
        paths = [word for word in words if word.text not in _SWITCHED]
        _change(walk, "", targets, _bind(paths, targets), command)
    elif (called and _runs_a_text(walk, kind, method, words)) or (
        name[:1] == "." and _of_object(walk, name[1:], words, command)
    ):
        pass
    elif name in _EACH:
        values = piped(walk, command.source)
        walk.variables.set_one_of("_", values or [Value("$_", "")])
        for word in words[:1]:  # `Get-Item app.py | % Delete`
            _of_object(walk, word.text.lower(), words[1:], command)
    elif called and method == "new" and kind.endswith(_STREAMS):
        _change(walk, "", ALL, _bind(words, ALL), command)
    elif name == "new-object" and _makes_a_stream(words):
        plain = [word for word in words if word.text[:1] != "-"][1:]
        _change(walk, "", ALL, _bind(plain, ALL), command)
    elif name in _ALIASES:
        names = [word.text for word in words if word.text[:1] != "-"]
        walk.aliases.update([(names[0].lower(), names[1])] if names[1:] else [])
    elif name in CMDLETS and not _is_other(name, words):
        _change_by(walk, name, words, command)
    elif name in _DOWNLOADS and any(word.text.lower().startswith("-outf") for word in words):
        _change_by(walk, "invoke-webrequest", words, command)
    else:
        return False
    return True


def _runs_a_text(walk: Walk, kind: str, method: str, words: list[Value]) -> bool:
    if kind.endswith(".process") and method == "start":
        walk.line_apart(" ".join(word.text for word in words), "powershell")
    elif kind.endswith("scriptblock") and method.startswith("create"):
        walk.line(" ".join(word.text for word in words[:1]), "powershell")
    else:
        return False
    return True


def _makes_a_stream(words: list[Value]) -> bool:
    plain = [word.text.lower() for word in words if word.text[:1] != "-"]
    return bool(plain) and plain[0].endswith(_STREAMS)


def _change_by(walk: Walk, name: str, words: list[Value], command: Command) -> None:
    bound = _bind(words, CMDLETS[name], is_removal=name in _REMOVALS)
    if not {"whatif", "variable"}.intersection(bound.values):
        _change(walk, name, CMDLETS[name], bound, command)


def _is_other(name: str, words: list[Value]) -> bool:
    """`sc stop nginx` is the program that controls services."""
    verbs = ("stop", "start", "query", "config", "create", "delete", "qc", "failure", "pause")
    return name == "sc" and bool(words) and words[0].text.lower() in verbs


def _bind(words: list[Value], targets: str, *, is_removal: bool = False) -> _BoundParameters:
    """Parameters have names, which may be cut short, or left out in order: of `Remove-Item a, b`
    each word is a file, of `Set-Content a text` only the first, of `Move-Item a, b folder` all
    but the last."""
    bound = _BoundParameters()
    index, is_first_free = 0, targets != NONE
    behind: list[Value] = []  # the first
    while index < len(words):
        word = words[index]
        index += 1
        if word.text[:1] == "-" and word.text[1:2].isalpha():
            start, colon, _ = word.text.partition(":")
            name = _parameter(start[1:].lower())
            kind = _PARAMETERS.get(name, SWITCH)
            value = word.after(f"{start}:") if colon else next(iter(words[index:]), None)
            index += 0 if colon or kind == SWITCH else 1
            if kind == SWITCH:
                is_on = not colon or word.text.partition(":")[2].lower() not in _OFF
                bound.values.update([(name, word)] if is_on else [])
            elif value is not None:
                _note(bound, name, kind, value)
            is_first_free = is_first_free and (kind != FILE or is_removal)
        elif _is_switch_of_cmd(word.text):
            bound.values.update([(_DEEP, word)] if "s" in word.text.lower() else [])
        elif is_first_free:
            bound.files.append(word)
            is_first_free = is_removal
        else:
            behind.append(word)
    if targets in (LAST, MOVED) and behind:
        bound.targets += [] if bound.targets else [behind.pop()]
        bound.files += behind
    return bound


def _note(bound: _BoundParameters, name: str, kind: str, value: Value) -> None:
    if kind == FILE:
        bound.files.append(value)
    elif kind == TARGET:
        bound.targets.append(value)
    bound.values[name] = value


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
    return text[:1] == "/" and all(len(letters) == 1 for letters in text[1:].split("/"))


def _change(walk: Walk, name: str, targets: str, bound: _BoundParameters, command: Command) -> None:
    files, ends = bound.files, bound.targets
    if not files and not ends and targets != NONE:
        _change_piped(walk, command)
    kind = bound.values.get("itemtype") or bound.values.get("type")
    if kind is not None and kind.text.lower() == "directory":
        return
    if name in ("new-item", "ni"):
        files = _new_items(walk, bound, kind.text.lower() if kind is not None else "")
    for value in filter(_is_on_a_disk, [] if targets == LAST else files):
        if name in _BY_NAME and _DEEP in bound.values:
            _change_deep(walk, value)
        walk.write(value, whole_folders=True, replaces_links=name in _REPLACES_LINKS)
    for end in filter(_is_on_a_disk, ends):
        if name in _RENAMES and files:
            folder = os.path.dirname(files[0].text.replace("\\", "/"))
            walk.write(Value(os.path.join(folder, end.text), end.beginning))
        elif name in _COPIES and files:
            copy_to(walk, files, end)
        else:
            walk.write(end, whole_folders=True)


def _is_on_a_disk(value: Value) -> bool:
    drive = value.text.partition(":")[0].lower()
    return drive not in _NO_DISKS and not drive.endswith("registry")


def _change_deep(walk: Walk, value: Value) -> None:
    """`del /s src\\*.py`"""
    folder, _, name = walk.slashed(value.text).rpartition("/")
    if not walk.is_folder(walk.path(value) or ""):
        walk.change_tree(walk.path(Value(folder or ".")) or walk.folder, (name,))


def _new_items(walk: Walk, bound: _BoundParameters, kind: str) -> list[Value]:
    files, child = bound.files, bound.values.get("name")
    if child is not None:
        files = [
            Value(os.path.join(parent.text, child.text), parent.beginning)
            for parent in files or [Value(".")]
        ]
    target = bound.values.get("value") or bound.values.get("target")
    if target is not None and kind in _LINKS:
        for file in files:
            note_link(walk, walk.path(file) or "", target, _LINKS[kind])
    return files


def _change_piped(walk: Walk, command: Command) -> None:
    for value in piped(walk, command.source):
        walk.write(value, whole_folders=True)


def piped(walk: Walk, source: Command | None) -> list[Value]:
    """The files that a command hands on: of `Get-ChildItem src` anything in that folder, of
    `'a', 'b'` these."""
    while source is not None and _first(source) in _FILTERS:
        source = source.source
    words = [v for word in source.words for v in walk.variables.expand(word)] if source else []
    if source is None or not words:
        return []
    if source.words[0].parts[:1] and source.words[0].parts[0][0] in (QUOTED, VARIABLE):
        return words
    name = program_name(words[0], is_windows=True)
    if words[0].text[:1] == "[" or name == "new-object":
        return _constructed(words)
    if name not in _LISTS:
        return []
    return _listed(walk, words, is_listing=name in _FOLDERS)


def _listed(walk: Walk, words: list[Value], *, is_listing: bool) -> list[Value]:
    texts = [word.text.lower() for word in words]
    named = [
        word
        for at, word in enumerate(words)
        if at and word.text[:1] != "-" and not texts[at - 1].startswith(_NARROWS)
    ]
    path = walk.path(named[0]) if named else None
    is_file = path is not None and os.path.isfile(path)
    is_deep = any(len(text) > 1 and "-recurse".startswith(text) for text in texts)
    if not is_deep and named and (path is None or is_file or not is_listing):
        return named[:1]
    start = walk.native(named[0].beginning or "") if named and path is None else ""
    folder = path or os.path.normpath(os.path.join(walk.folder, os.path.dirname(start)))
    if is_file:
        return named[:1]
    patterns = [
        word.text
        for word, before in zip(words[1:], texts)
        if before.startswith(("-filter", "-include")) and word.text[:1] != "-"
    ]
    patterns += [walk.slashed(word.text).rpartition("/")[2] for word in named if word.is_pattern]
    return within(Value(folder), tuple(patterns))


def _constructed(words: list[Value]) -> list[Value]:
    """`[IO.FileInfo]'app.py'`, `[IO.FileInfo]::new('app.py')`, `New-Object IO.FileInfo app.py`"""
    kind, _, behind = words[0].text.partition("]")
    if kind[:1] != "[":
        return words[2:] if words[1:] and words[1].text.lower().endswith("info") else []
    return words[1:] if behind.startswith("::") else [Value(behind)] if behind else []


def _first(command: Command) -> str:
    return (command.words[0].literal or "").lower() if command.words else ""


def _of_object(walk: Walk, method: str, words: list[Value], command: Command) -> bool:
    """`(Get-Item app.py).MoveTo('b.py')`; whether it is a method that changes files."""
    if method in ("isreadonly", "attributes") and words and words[0].text == "=":
        words = []
    elif method not in _OBJECT_METHODS:
        return False
    if _OBJECT_METHODS.get(method, True):
        _change_piped(walk, command)
    at = 1 if method == "downloadfile" else 0
    for value in words[at : at + 1] if method in _WITH_TARGET else []:
        walk.write(value, whole_folders=True)
    return True
