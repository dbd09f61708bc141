"""What programs write that pack files, and unpack them."""

from __future__ import annotations

import os

from coord.client.shell.copies import matched
from coord.client.shell.options import parse_arguments
from coord.client.shell.words import GLOB, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from coord.client.shell.walk import Walk
    from coord.client.shell.words import Command

_ENDINGS = {
    "gzip": ".gz", "pigz": ".gz", "bzip2": ".bz2", "pbzip2": ".bz2", "xz": ".xz", "pixz": ".xz",
    "lzma": ".lzma", "zstd": ".zst", "zstdmt": ".zst", "lz4": ".lz4", "lzip": ".lz", "lzop": ".lzo",
    "brotli": ".br", "compress": ".Z",
}  # fmt: skip
_OPENERS = {
    "gunzip": ".gz", "unpigz": ".gz", "bunzip2": ".bz2", "unxz": ".xz", "unlzma": ".lzma",
    "unzstd": ".zst", "unlz4": ".lz4", "uncompress": ".Z", "lunzip": ".lz",
}  # fmt: skip
_KEEP = frozenset("zstd zstdmt unzstd lz4 unlz4 lzop brotli".split())  # what they are given
_LOOKS = ("-c", "--stdout", "--to-stdout", "-t", "--test", "-l", "--list")
_TAR_WRITES = frozenset("--create --append --update --concatenate --delete -A".split())
_TAR_VALUES = frozenset(
    "-C --directory -f --file --strip-components --transform --xform --exclude -T --files-from -X"
    " --exclude-from -I --use-compress-program -b -K -g --listed-incremental --owner --group"
    " --mode --format --to-command".split()
)
_RENAMES = ("--strip-components", "--transform", "--xform")


def _packer(name: str) -> Callable[[Walk, list[Value], Command], None]:
    return lambda walk, words, _: _pack(walk, name, words)


def _pack(walk: Walk, name: str, words: list[Value]) -> None:
    """`gzip app.py` leaves `app.py.gz` in its place."""
    values = frozenset("-S --suffix -o --output -b -T --threads".split())
    args = parse_arguments(words, values)
    if args.has(_LOOKS):
        return
    suffix = args.value(("-S", "--suffix"))
    ending = suffix.text if suffix is not None else _ENDINGS.get(name) or _OPENERS[name]
    unpacks = name in _OPENERS or args.has(("-d", "--decompress", "--uncompress"))
    keeps = args.has(("-k", "--keep")) or (name in _KEEP and not args.has(("--rm", "-j")))
    named = args.value(("-o", "--output"))
    plain = matched(walk, args.plain)
    if named is None and name in ("lz4", "unlz4") and len(plain) > 1:
        named = plain.pop()
    if named is not None:
        walk.write(named)
    for word in plain:
        is_packed = word.text.endswith(ending)
        if not keeps:
            walk.write(word, whole_folders=True)
        if named is None and unpacks == is_packed and word.is_known:
            walk.write(Value(word.text[: -len(ending)] if unpacks else word.text + ending))


def _zip(walk: Walk, words: list[Value], command: Command) -> None:
    values = frozenset("-x -i -b -n -t -tt -P -O --out -s -Z --password --exclude".split())
    args = parse_arguments(words, values)
    if args.has(("-l", "-T", "-sf", "-h", "--help")) and not args.has(("-r", "-m")):
        return
    archive = args.value(("-O", "--out")) or next(iter(args.plain), None)
    if archive is None:
        return
    has_ending = "." in os.path.basename(archive.text)
    walk.write(archive if has_ending else Value(f"{archive.text}.zip", archive.beginning))
    if args.has(("-m", "--move")):
        for word in args.plain[1:]:
            walk.write(word, whole_folders=True)


def _ar(walk: Walk, words: list[Value], command: Command) -> None:
    """`ar rc lib.a x.o`: the letters, then the archive and what is in it."""
    plain = [word for word in words if not word.text.startswith("--")]
    letters = plain[0].text.lstrip("-") if plain else ""
    rest = plain[1:]
    if set("abi").intersection(letters) and set("rm").intersection(letters):
        rest = rest[1:]  # behind the member that it names
    if "x" in letters:
        for word in rest[1:]:
            walk.write(Value(os.path.basename(word.text)))
        if not rest[1:]:
            walk.change_tree(walk.folder)
    elif set("rqdms").intersection(letters):
        for word in rest[:1]:
            walk.write(word)


def _unzip(walk: Walk, words: list[Value], command: Command) -> None:
    """`unzip a.zip src/app.py -d docs -x README.md`"""
    texts = [word.text for word in words]
    left_out = texts.index("-x") if "-x" in texts else len(words)
    into = words[texts.index("-d") + 1 :][:1] if "-d" in texts[left_out:] else []
    words = [*words[:left_out], *([Value("-d"), *into] if into else [])]
    args = parse_arguments(words, frozenset(("-d", "-P")))
    if args.has(("-l", "-t", "-p", "-v", "-Z", "-c", "-z")) or not args.plain:
        return
    _extract(walk, args.value(("-d",)), args.plain[1:], is_flat=args.has(("-j",)))


def _7z(walk: Walk, words: list[Value], command: Command) -> None:
    """`7z x -odocs a.7z src/app.py`; `e` leaves the folders of what is packed away."""
    args = parse_arguments(words, frozenset(("-o", "-p", "-t", "-m", "-x", "-i")))
    verb, *rest = [word.text for word in args.plain] or [""]
    if verb in ("x", "e") and rest:
        _extract(walk, args.value(("-o",)), args.plain[2:], is_flat=verb == "e")


def _unrar(walk: Walk, words: list[Value], command: Command) -> None:
    """`unrar x a.rar src/app.py docs/`: the folder ends in a slash."""
    args = parse_arguments(words, frozenset(("-p",)))
    verb, *rest = [word.text for word in args.plain] or [""]
    if verb in ("x", "e") and rest:
        members = args.plain[2:]
        into = members.pop() if members and members[-1].text.endswith("/") else None
        _extract(walk, into, members, is_flat=verb == "e")


def _tar(walk: Walk, words: list[Value], command: Command) -> None:
    """Extracting changes a folder; creating, a file."""
    texts = [word.text for word in words]
    args = parse_arguments(words, _TAR_VALUES)
    letters = "".join(option[1:] for option in args.options if len(option) == 2)
    letters += texts[0] if words and texts[0][:1] != "-" else ""
    file = args.value(("-f", "--file"))
    if "x" in letters or "--extract" in texts or "--get" in texts:
        if "O" in letters or "--to-stdout" in texts:
            return
        skipped = 0 if words[0].text[:1] == "-" else 2 if "f" in letters else 1
        members = args.plain if file is not None else args.plain[skipped:]
        into = args.value(("-C", "--directory"))
        is_renamed = args.has(_RENAMES) or any(text.startswith(_RENAMES) for text in texts)
        _extract(walk, into, [] if is_renamed else members)
    elif set("cru").intersection(letters) or not _TAR_WRITES.isdisjoint(texts):
        is_old = file is None and "f" in letters
        for value in args.plain[1:2] if is_old else [file] if file is not None else []:
            walk.write(value)
        if "--remove-files" in texts:
            for value in args.plain[2 if is_old else 0 :]:
                walk.write(value, whole_folders=True)


def _extract(
    walk: Walk, into: Value | None, members: list[Value], *, is_flat: bool = False
) -> None:
    """`is_flat`: without the folders of the members."""
    folder = walk.path(into) if into is not None else ""
    is_known = all(word.is_known and GLOB.isdisjoint(word.text) for word in members)
    if not members or not is_known or folder is None:
        walk.write(into if into is not None else Value("."), whole_folders=True)
        return
    for word in members:
        name = os.path.basename(word.text) if is_flat else word.text
        member = Value(os.path.join(folder, name))
        path = walk.path(member)
        is_file = os.path.isfile(path or "") or os.path.splitext(word.text.rstrip("/"))[1]
        if path is None or is_file:
            walk.write(member)
        else:
            walk.change_tree(path)


TOOLS = {
    "tar": _tar,
    "bsdtar": _tar,
    "gtar": _tar,
    "jar": _tar,
    "zip": _zip,
    "ar": _ar,
    "unzip": _unzip,
    "unrar": _unrar,
    **dict.fromkeys(("7z", "7za", "7zz", "7zr"), _7z),
    **{name: _packer(name) for name in (*_ENDINGS, *_OPENERS)},
}
