"""What a program of the table of writers changes, by its arguments."""

from __future__ import annotations

import os

from coord.client.shell.copies import (
    HARD,
    NUMBERS,
    RELATIVE,
    SOFT,
    backups,
    copy_to,
    matched,
    note_link,
    numbered,
)
from coord.client.shell.formatters import FORMATTERS
from coord.client.shell.kept_files import write_kept
from coord.client.shell.options import Arguments, fits, parse_arguments
from coord.client.shell.output_options import write_outputs
from coord.client.shell.outputs import read_by
from coord.client.shell.stream_editors import follow_awk, follow_sed
from coord.client.shell.targets import is_nowhere, targets
from coord.client.shell.texts import note_texts
from coord.client.shell.words import GLOB, Value
from coord.client.shell.writer import ALL, BEHIND, FIRST, INTO, LAST, MOVED, Writer
from coord.client.shell.writers import WRITERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from coord.client.shell.walk import Walk
    from coord.client.shell.words import Command

    Tool = Callable[[Walk, list[Value], Command], None]

_KEEPING_LINKS = frozenset("-P -d -a -r -R --no-dereference --archive --recursive".split())
_TOOLS = {
    **dict.fromkeys(
        "attrib icacls cacls takeown mklink fsutil certutil bitsadmin makecab compact cipher"
        " esentutl sort forfiles wmic schtasks robocopy xcopy".split(),
        "windows_tools",  # Git Bash runs them too
    ),
    **dict.fromkeys(
        "tar bsdtar gtar jar zip ar gzip pigz bzip2 pbzip2 xz pixz lzma zstd zstdmt lz4 lzip lzop"
        " brotli compress gunzip unpigz bunzip2 unxz unlzma unzstd unlz4 uncompress lunzip unzip"
        " unrar 7z 7za 7zz 7zr".split(),
        "archives",
    ),
    **dict.fromkeys("gcc g++ cc c++ clang clang++ ld as objcopy".split(), "compilers"),
    **dict.fromkeys(("curl", "wget"), "downloads"),
    **dict.fromkeys(
        "chmod chown chgrp chattr chcon dd split csplit touch mkdir ssh-keygen ctags gpg"
        " gpg2 zmv zcp zln pulumi".split(),
        "small_tools",
    ),
    **dict.fromkeys(
        "docker docker-compose podman nerdctl buildctl buildah img depot".split(), "image_builds"
    ),
    **dict.fromkeys(("vim", "nvim", "vi", "ex", "ed"), "editors"),
    **dict.fromkeys(("socat", "script"), "relays"),
}
"""Programs with rules of their own, and the module that has them."""
_BY_NAME: dict[str, list[Writer]] = {}
for _writer in (*WRITERS, *FORMATTERS):
    for _name in _writer.names:
        _BY_NAME.setdefault(_name, []).append(_writer)


def write_targets(walk: Walk, name: str, words: list[Value], command: Command) -> None:
    if walk.is_windows:
        from coord.client.shell.cmdlets import follow_cmdlet

        if follow_cmdlet(walk, name, words, command):
            return
    if name in _TOOLS:
        _tool(_TOOLS[name], name)(walk, words, command)
    special = _SPECIAL.get(name)
    if special is not None:
        special(walk, words, command)
    if name == "tee":
        note_texts(walk, words, command)
    for writer in _BY_NAME.get(name, []):
        args = parse_arguments(words, writer.values, glued=writer.glued)
        if _applies(writer, args):
            _write(walk, writer, args, words)
    write_outputs(walk, name, words)


def _tool(module: str, name: str) -> Tool:
    """Loaded where it is needed."""
    tools: dict[str, Tool] = __import__(f"coord.client.shell.{module}", fromlist=["TOOLS"]).TOOLS
    return tools[name]


def writes(name: str) -> bool:
    """Whether the table has the program."""
    return name in _BY_NAME or name in _SPECIAL or name in _TOOLS


def _applies(writer: Writer, args: Arguments) -> bool:
    settings = [f"{name}={value.text}" for name, values in args.values.items() for value in values]
    given_words = [*args.options, *settings, *(word.text for word in args.after_dashes)]
    if not writer.harmless.isdisjoint(given_words):
        return False
    values = [value.text for values in args.values.values() for value in values]
    words = [*args.options, *settings, *values, *(word.text for word in args.plain)]
    if writer.needs and not any(fits(word, need) for word in words for need in writer.needs):
        return False
    return any(_starts(args, path) for path in writer.commands)


def _write(walk: Walk, writer: Writer, args: Arguments, words: list[Value]) -> None:
    for option in writer.options:
        for value in args.values.get(option, []):
            walk.write(value, whole_folders=True)
    path = next(path for path in writer.commands if _starts(args, path))
    # `sed -i '' …`, `vim +10 …`
    plain = [
        word
        for word in args.plain[len(path) :]
        if word.text and not (word.text[0] == "+" and len(word.text) > 1)
    ]
    if writer.files:
        write_kept(walk, writer, args)
    if writer.targets == MOVED:
        named = args.value(("-t", "--target-directory"))
        for value in plain if named is not None else plain[:-1]:
            walk.write(value, whole_folders=True, replaces_links=True)
    if writer.targets in (LAST, MOVED):
        _copy(walk, args, plain, writer)
        return
    backup, plain = _backup(args, plain) if "-i" in writer.glued else ("", plain)
    plain = _chosen(writer, args, plain)
    replaces_links = writer.replaces_links and not args.has(("--follow-symlinks",))
    for value in plain:
        pattern = _pattern(walk, writer, value)
        walk.write(pattern, whole_folders=True, replaces_links=replaces_links)
        for file, is_tree in targets(walk, value) if backup else ():
            walk.effects.files.update({} if is_tree else {_backed_up(file, backup): None})
    if writer.here and not plain and not args.has(writer.options):
        walk.change_tree(_top(walk.folder) if writer.whole else walk.folder)


def _top(folder: str) -> str:
    """Of the checkout that it is in."""
    from coord.client.workspace import other_checkout, repository

    checkout = repository(folder)
    return checkout.top if checkout is not None else other_checkout(folder) or folder


def _chosen(writer: Writer, args: Arguments, plain: list[Value]) -> list[Value]:
    """Those of the words that are files which it changes."""
    if writer.targets == BEHIND:
        has_script = any(option in writer.script for option in args.options)
        return plain if has_script else plain[writer.skip :]
    if writer.targets == INTO:
        return [value for value in plain[-1:] if ":" not in value.text]
    return {ALL: plain, FIRST: plain[:1]}.get(writer.targets, [])


def _backup(args: Arguments, plain: list[Value]) -> tuple[str, list[Value]]:
    """What `-i.bak` and `--in-place=.bak` make of the names of what was there, and the other words:
    macOS's sed has it in one of its own, `-i .bak`."""
    named = args.value(("-i", "--in-place"))
    if named is None and len(plain) > 1 and plain[0].text[1:].isalnum() and plain[0].text[0] == ".":
        return plain[0].text, plain[1:]
    is_slip = named is not None and len(named.text) == 1 and named.text.isalpha()  # `-ie`
    return "" if named is None or is_slip else named.text, plain


def _backed_up(file: str, form: str) -> str:
    """A form with a `*` is that of the whole name, else it is an ending."""
    folder, name = os.path.split(file)
    name = form.replace("*", name) if "*" in form else name + form
    return os.path.normpath(os.path.join(folder, name))


def _pattern(walk: Walk, writer: Writer, value: Value) -> Value:
    """`prettier --write 'src/**/*.py'`: what the shell has left to the program to match."""
    at = next((at for at, letter in enumerate(value.text) if letter in GLOB), None)
    is_tool = bool(writer.needs or writer.here)
    path = walk.path(value)
    if at is None or not is_tool or path is None or os.path.lexists(path):
        return value
    folder, _, name = value.text.rpartition("/")
    if not name.strip("*") or "**" not in folder or "{" in name:
        return Value(value.text, value.text[:at], is_pattern=True)
    start = value.text[:at].rpartition("/")[0]
    below = f"{start}/" if value.text[:at].count("/") else ""
    return Value(below + name, below, is_pattern=True, is_open=True)


def _starts(args: Arguments, path: tuple[str, ...]) -> bool:
    words = args.plain[: len(path)]
    return len(words) == len(path) and all(map(fits, (word.text for word in words), path))


def _copy(walk: Walk, args: Arguments, plain: list[Value], writer: Writer) -> None:
    """The target of a copy: of a folder, the files in it that have the names of the sources."""
    link = _kind_of_link(args) if "ln" in writer.names else ""
    named = args.value(("-t", "--target-directory"))
    if named is not None:
        sources, target = plain, named
    elif len(plain) < 2:
        if link and plain:
            name = Value(os.path.basename(plain[0].text.rstrip("/")))
            walk.write(name)
            note_link(walk, walk.path(name) or "", plain[0], link)
        return
    else:
        sources, target = plain[:-1], plain[-1]
    if args.has(writer.moves):
        for value in sources:
            walk.write(value, whole_folders=True)
    if ":" in target.text.partition("/")[0] and len(target.text.partition(":")[0]) > 1:
        return  # on another machine
    if is_nowhere(target.text):
        return
    is_itself = args.has(("-T", "--no-target-directory")) or (bool(link) and args.has(("-n",)))
    backup, numbers = backups(args)
    for place in matched(walk, [target]):
        copy_to(
            walk,
            sources,
            place,
            into=True if named is not None else False if is_itself else None,
            whole_paths=args.has(writer.whole_paths),
            backup=backup,
            numbers=numbers if "rsync" not in writer.names else "never",
            link=link,
            replaces_links=writer.replaces_links or args.has(("--remove-destination",)),
            keeps_links="cp" in writer.names and args.has(_KEEPING_LINKS),
        )


def _kind_of_link(args: Arguments) -> str:
    if not args.has(("-s", "--symbolic")):
        return HARD
    return RELATIVE if args.has(("-r", "--relative")) else SOFT


def _find(walk: Walk, words: list[Value], command: Command) -> None:
    """`find … -delete` and `find … -exec …`, below the folders that it begins in; the files of its
    lists."""
    from coord.client.shell.finding import LISTS, executed, starts_and_names

    for word, file in zip(words, words[1:]):
        if word.text in LISTS:
            walk.write(file)

    before = walk.name_patterns
    starts, walk.name_patterns = starts_and_names(words)
    if any(word.text == "-delete" for word in words):
        for start in starts:
            walk.change_tree(walk.path(start) or walk.folder, walk.name_patterns)
    for start in starts:
        for inner in executed(words, start):
            walk.follow(inner, command)
    walk.name_patterns = before


def _fd(walk: Walk, words: list[Value], command: Command) -> None:
    from coord.client.shell.finding import found_by_fd

    before = walk.name_patterns
    _, walk.name_patterns, inner = found_by_fd(words)
    if inner:
        walk.follow(inner, command)
    walk.name_patterns = before


def _patch(walk: Walk, words: list[Value], command: Command) -> None:
    """The file that it is given, else those that the patch names."""
    values = "-p --strip -d --directory -i --input -o --output -F -r --reject-file -B --prefix -z"
    values += " --suffix -Y -V --version-control -g -D"
    args = parse_arguments(words, frozenset(values.split()))
    if args.has(("--dry-run", "-C")):
        return
    into, only = args.value(("-d", "--directory")), args.value(("-o", "--output"))
    folder = (walk.path(into) if into is not None else walk.folder) or walk.folder
    if only is not None:
        walk.write(Value(os.path.join(folder, only.text), only.beginning))
        return
    here, walk.location.folder = walk.folder, folder
    paths: list[str | None] = [path for word in args.plain[:1] for path, _ in targets(walk, word)]
    walk.location.folder = here
    if not paths:
        strip = args.value(("-p", "--strip"))
        count = int(strip.text) if strip is not None and strip.text.isdigit() else None
        paths += _patched(_patch_text(walk, args, command), count, folder)
    if not paths:
        walk.change_tree(folder)
    rejects = args.value(("-r", "--reject-file"))
    if rejects is not None and rejects.text != "-":
        walk.write(Value(os.path.join(folder, rejects.text), rejects.beginning))
    for path in paths:
        if path is not None:
            walk.write(Value(path))
            for beside in _beside(path, args):
                walk.effects.files[beside] = None


def _beside(path: str, args: Arguments) -> list[str]:
    """The backup that is asked for, and what of earlier patches is written over where hunks fail;
    those that are new are nobody's, as long as the file is held."""
    endings = [ending for ending in (".orig", ".rej") if os.path.lexists(path + ending)]
    leftovers = [path + ending for ending in endings]
    if not args.has(("-b", "--backup")):
        return leftovers
    prefix, suffix = args.value(("-B", "--prefix")), args.value(("-z", "--suffix"))
    control = args.value(("-V", "--version-control"))
    if prefix is not None:
        return [
            *leftovers,
            os.path.join(os.path.dirname(path), prefix.text + os.path.basename(path)),
        ]
    numbers = NUMBERS.get(control.text if control is not None else "", "existing")
    return [*leftovers, path + (numbered(path, numbers) or (suffix.text if suffix else ".orig"))]


def _patch_text(walk: Walk, args: Arguments, command: Command) -> str:
    named = args.value(("-i", "--input"))
    sources = [named] if named is not None else args.plain[1:2]
    sources += [
        value
        for operator, word in command.redirects
        if operator == "<"
        for value in walk.variables.expand(word)
    ]
    text = read_by(command, walk.variables) or ""
    for value in sources:
        text = text or walk.file_texts.get(walk.path(value) or "", "") or _content(walk.path(value))
    return text


def _patched(text: str, strip: int | None, folder: str) -> list[str | None]:
    """Without a count of the folders to strip, `patch` takes the name alone, too."""
    from coord.client.shell.patches import patched

    names = patched(text, strip)
    bare = [os.path.basename(name) for name in names] if strip is None else []
    bare = [name for name in bare if os.path.isfile(os.path.join(folder, name))]
    return [os.path.join(folder, name) for name in dict.fromkeys([*names, *bare])]


def _apply_patch(walk: Walk, words: list[Value], command: Command) -> None:
    """As some agents edit: the patch is an argument, or a here-document."""
    from coord.client.shell.patches import edited

    text = read_by(command, walk.variables) or "".join(word.text for word in words)
    for name in edited(text):
        walk.write(Value(name))


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
    "find": _find,
    "fd": _fd,
    "fdfind": _fd,
    "ffmpeg": _ffmpeg,
    "patch": _patch,
    "apply_patch": _apply_patch,
    "applypatch": _apply_patch,
}
