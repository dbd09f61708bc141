"""What a program of the table of writers changes, by its arguments."""

from __future__ import annotations

import os

from coord.client.shell.copies import copy_to
from coord.client.shell.options import Arguments, fits, parse_arguments
from coord.client.shell.output_options import write_outputs
from coord.client.shell.stream_editors import follow_awk, follow_sed
from coord.client.shell.words import GLOB, Value
from coord.client.shell.writers import ALL, BEHIND, FIRST, LAST, MOVED, WRITERS, Writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.effects import Walk
    from coord.client.shell.words import Command

WINDOWS_TOOLS = frozenset(
    "attrib icacls cacls takeown mklink fsutil certutil bitsadmin expand makecab compact cipher"
    " esentutl sort forfiles wmic schtasks".split()
)
"""Those of `windows_tools`; Git Bash runs them too."""
_BY_NAME: dict[str, list[Writer]] = {}
for _each in WRITERS:
    for _name in _each.names:
        _BY_NAME.setdefault(_name, []).append(_each)


def write_targets(walk: Walk, name: str, words: list[Value], command: Command) -> None:
    if walk.is_windows:
        from coord.client.shell.cmdlets import follow_cmdlet

        if follow_cmdlet(walk, name, words, command):
            return
    if name in WINDOWS_TOOLS:
        from coord.client.shell.windows_tools import TOOLS

        TOOLS[name](walk, words, command)
    special = _SPECIAL.get(name)
    if special is not None:
        special(walk, words, command)
    for writer in _BY_NAME.get(name, []):
        args = parse_arguments(words, writer.values)
        if _applies(writer, args):
            _write(walk, writer, args, words)
    write_outputs(walk, name, words)


def writes(name: str) -> bool:
    """Whether the table has the program."""
    return name in _BY_NAME or name in _SPECIAL or name in WINDOWS_TOOLS


def _applies(writer: Writer, args: Arguments) -> bool:
    if args.has(writer.harmless) or any(word.text in writer.harmless for word in args.rest):
        return False
    options = [*args.options, *(word.text for word in args.plain if writer.needs)]
    if writer.needs and not any(
        fits(option, need) for option in [*options, *_values(args)] for need in writer.needs
    ):
        return False
    return any(_starts(args, path) for path in writer.commands)


def _values(args: Arguments) -> list[str]:
    return [value.text for values in args.values.values() for value in values]


def _write(walk: Walk, writer: Writer, args: Arguments, words: list[Value]) -> None:
    for option in writer.options:
        for value in args.values.get(option, []):
            walk.write(value, whole_folders=True)
    path = next(path for path in writer.commands if _starts(args, path))
    plain = [
        word
        for word in args.plain[len(path) :]
        if word.text and not (word.text[0] == "+" and len(word.text) > 1)
    ]  # `sed -i '' …`, `vim +10 …`
    for name in writer.files:
        if os.path.isfile(os.path.join(walk.folder, name)):
            walk.write(Value(name))
    if writer.targets == BEHIND:
        has_script = any(option in writer.script for option in args.options)
        plain = plain if has_script else plain[writer.skip :]
    elif writer.targets == LAST:
        _copy(walk, args, plain, is_link="ln" in writer.names)
        return
    elif writer.targets == MOVED:
        named = args.value(("-t", "--target-directory"))
        for value in plain if named is not None else plain[:-1]:
            walk.write(value, whole_folders=True)
        _copy(walk, args, plain)
        return
    elif writer.targets == FIRST:
        plain = plain[:1]
    elif writer.targets != ALL:
        plain = []
    for value in plain:
        walk.write(_pattern(walk, writer, value), whole_folders=True)
    if writer.here and not plain and not args.has(writer.options):
        walk.change_tree(walk.folder)


def _pattern(walk: Walk, writer: Writer, value: Value) -> Value:
    """`prettier --write 'src/**/*.py'`: what the shell has left to the program to match."""
    at = next((at for at, letter in enumerate(value.text) if letter in GLOB), None)
    is_tool = bool(writer.needs or writer.here)
    path = walk.path(value)
    if at is None or not is_tool or path is None or os.path.lexists(path):
        return value
    return Value(value.text, value.text[:at], is_pattern=True)


def _starts(args: Arguments, path: tuple[str, ...]) -> bool:
    words = args.plain[: len(path)]
    return len(words) == len(path) and all(map(fits, (word.text for word in words), path))


def _copy(walk: Walk, args: Arguments, plain: list[Value], *, is_link: bool = False) -> None:
    """The target of a copy: of a folder, the files in it that have the names of the sources."""
    named = args.value(("-t", "--target-directory"))
    if named is not None:
        sources, target = plain, named
    elif len(plain) < 2:
        if is_link and plain:
            walk.write(Value(os.path.basename(plain[0].text.rstrip("/"))))
        return
    else:
        sources, target = plain[:-1], plain[-1]
    if ":" in target.text.partition("/")[0] and len(target.text.partition(":")[0]) > 1:
        return  # on another machine
    copy_to(walk, sources, target)


def _find(walk: Walk, words: list[Value], command: Command) -> None:
    """`find … -delete` and `find … -exec …`, below the folders that it begins in; the files of its
    lists."""
    from coord.client.shell.finding import LISTS, executed, starts_and_names

    for word, file in zip(words, words[1:]):
        if word.text in LISTS:
            walk.write(file)

    before = walk.names
    starts, walk.names = starts_and_names(words)
    if any(word.text == "-delete" for word in words):
        for start in starts:
            walk.change_tree(walk.path(start) or walk.folder, walk.names)
    for start in starts:
        for inner in executed(words, start):
            walk.follow(inner, command)
    walk.names = before


def _fd(walk: Walk, words: list[Value], command: Command) -> None:
    from coord.client.shell.finding import found_by_fd

    before = walk.names
    _, walk.names, inner = found_by_fd(words)
    if inner:
        walk.follow(inner, command)
    walk.names = before


def _dd(walk: Walk, words: list[Value], command: Command) -> None:
    for word in words:
        if word.text.startswith("of="):
            walk.write(word.after("of="))


_TAR_WRITES = frozenset("--create --append --update --concatenate --delete -A".split())


def _tar(walk: Walk, words: list[Value], command: Command) -> None:
    """Extracting changes a folder; creating, a file."""
    letters = "".join(
        word.text.lstrip("-")
        for index, word in enumerate(words)
        if word.text[:2] != "--" and (word.text[:1] == "-" or index == 0)
    )
    texts = [word.text for word in words]
    args = parse_arguments(words, frozenset(("-C", "--directory", "-f", "--file")))
    if "x" in letters or "--extract" in texts or "--get" in texts:
        into = args.value(("-C", "--directory"))
        members = args.plain if args.has(("-f", "--file")) else args.plain[2:]
        if members and all(word.is_known for word in members):
            folder = into.text if into is not None else ""
            members = [Value(os.path.join(folder, word.text)) for word in members]
        else:
            members = [into if into is not None else Value(".")]
        for value in members:
            walk.write(value, whole_folders=True)
    elif set("cru").intersection(letters) or not _TAR_WRITES.isdisjoint(texts):
        named = args.value(("-f", "--file"))
        behind = args.plain[1:2] if named is None and "f" in letters else []
        behind = behind if named is None else [named]
        for value in behind:
            walk.write(value)


def _attributes(walk: Walk, words: list[Value], command: Command) -> None:
    """`chmod -R go-w src`: the mode, which may look like an option, and what it is for."""
    args = parse_arguments(words, frozenset(("--reference", "--from")))
    if args.has(("--help", "--version")):
        return
    has_mode = args.has(("--reference",)) or any(
        word.text[:1] == "-" and _is_mode(word.text[1:]) and word.text != "-R" for word in words
    )
    is_deep = any(option in ("-R", "--recursive") for option in args.options)
    for value in args.plain if has_mode else args.plain[1:]:
        path = walk.path(value)
        if is_deep or path is None or not os.path.isdir(path):
            walk.write(value, whole_folders=True)


def _is_mode(text: str) -> bool:
    """Of `-x`, which takes away; `chmod` has no such options."""
    return bool(text) and set(text) <= set("rwxXstugo,+-=ai")


def _split(walk: Walk, words: list[Value], command: Command) -> None:
    """Into files that begin with what it is given."""
    values = frozenset("-a -b -C -l -n --lines --bytes --number --filter -t -f --prefix".split())
    args = parse_arguments(words, values)
    named = args.value(("-f", "--prefix"))
    prefix = named.text if named is not None else "".join(word.text for word in args.plain[1:2])
    folder = walk.path(Value(os.path.dirname(prefix) or "."))
    if folder is not None:
        walk.change_tree(folder, (f"{os.path.basename(prefix) or 'x'}*",))


def _patch(walk: Walk, words: list[Value], command: Command) -> None:
    """The file that it is given, else those that the patch names."""
    from coord.client.shell.patches import patched

    args = parse_arguments(
        words, frozenset(("-p", "-d", "--directory", "-i", "--input", "-o", "-F"))
    )
    if args.has(("--dry-run", "-C")):
        return
    if args.plain:
        walk.write(args.plain[0])
        return
    named = args.value(("-i", "--input"))
    sources = [named] if named is not None else []
    sources += [
        value
        for operator, word in command.redirects
        if operator == "<"
        for value in walk.variables.expand(word)
    ]
    text = command.stdin[-1] if command.stdin else ""
    for value in sources:
        text = text or _content(walk.path(value))
    into = args.value(("-d", "--directory"))
    folder = walk.path(into) if into is not None else walk.folder
    strip = args.value(("-p", "--strip"))
    names = patched(text, int(strip.text) if strip is not None and strip.text.isdigit() else None)
    if not names:
        walk.change_tree(folder or walk.folder)
    for name in names:
        walk.write(Value(os.path.join(folder or walk.folder, name)))


def _apply_patch(walk: Walk, words: list[Value], command: Command) -> None:
    """As some agents edit: the patch is an argument, or a here-document."""
    from coord.client.shell.patches import edited

    text = command.stdin[-1] if command.stdin else "".join(word.text for word in words)
    for name in edited(text):
        walk.write(Value(name))


def _curl(walk: Walk, words: list[Value], command: Command) -> None:
    """`-O`: into files that are called as on the server."""
    into = parse_arguments(words, frozenset(("--output-dir",))).value(("--output-dir",))
    if any(word.text[:1] == "-" and word.text[:2] != "--" and "O" in word.text for word in words):
        _download(walk, words, into.text if into is not None else "")


def _wget(walk: Walk, words: list[Value], command: Command) -> None:
    args = parse_arguments(
        words, frozenset("-O --output-document -P --directory-prefix -o -e".split())
    )
    if any(word.text[:2] == "-O" or "O" in word.text[:4].strip("-q") for word in words[:-1]):
        return
    into = args.value(("-P", "--directory-prefix"))
    _download(walk, words, into.text if into is not None else "")


def _download(walk: Walk, words: list[Value], folder: str) -> None:
    for word in words:
        scheme, marks, rest = word.text.partition("://")
        name = rest.partition("?")[0].rpartition("/")[2]
        if marks and scheme.isalpha() and name and word.is_known:
            walk.write(Value(os.path.join(folder, name)))


def _ffmpeg(walk: Walk, words: list[Value], command: Command) -> None:
    """Nearly each of its options has a value; what is none and not behind one is written."""
    is_value = False
    for word in words:
        if is_value or word.text[:1] == "-":
            is_value = not is_value and word.text[1:] not in _FFMPEG_FLAGS
        elif "://" not in word.text and not word.text.startswith("pipe:"):
            walk.write(word)


_FFMPEG_FLAGS = frozenset(
    "y n vn an sn dn hide_banner nostdin stats nostats shortest re copyts start_at_zero version"
    " h help L formats codecs encoders decoders filters protocols report benchmark xerror"
    " ignore_unknown autorotate noautorotate accurate_seek noaccurate_seek".split()
) | {""}


def _editor(walk: Walk, words: list[Value], command: Command) -> None:
    """`vim -c '!git push'`, `ex +'w other.py'`"""
    args = parse_arguments(words, frozenset(("-c", "--cmd", "-S", "-u", "-i", "-T")))
    lines = [value.text for option in ("-c", "--cmd") for value in args.values.get(option, [])]
    lines += [word.text[1:] for word in args.plain if word.text[:1] == "+"]
    for line in lines:
        name, _, rest = line.lstrip(": %").partition(" ")
        if name[:1] == "!":
            walk.line_apart(line.lstrip(": %")[1:])
        elif name.rstrip("!") in ("w", "wq", "write", "saveas", "sav", "up", "x") and rest.strip():
            walk.write(Value(rest.strip()))


def _content(path: str | None) -> str:
    from coord.client.shell.patches import MAX_BYTES

    try:
        with open(path or "", "rb") as file:
            return file.read(MAX_BYTES).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""


_SPECIAL = {
    "sed": follow_sed,
    "gsed": follow_sed,
    "awk": follow_awk,
    "gawk": follow_awk,
    "mawk": follow_awk,
    "nawk": follow_awk,
    "chmod": _attributes,
    "chown": _attributes,
    "chgrp": _attributes,
    "chattr": _attributes,
    "chcon": _attributes,
    "split": _split,
    "csplit": _split,
    "find": _find,
    "fd": _fd,
    "fdfind": _fd,
    "dd": _dd,
    "tar": _tar,
    "bsdtar": _tar,
    "gtar": _tar,
    "jar": _tar,
    "ffmpeg": _ffmpeg,
    "vim": _editor,
    "nvim": _editor,
    "vi": _editor,
    "ex": _editor,
    "curl": _curl,
    "wget": _wget,
    "patch": _patch,
    "apply_patch": _apply_patch,
    "applypatch": _apply_patch,
}
