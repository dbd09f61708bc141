"""What a command writes to its output, as far as the line says: `echo git push` a text, `find src`
something below `src`.
"""

from __future__ import annotations

import os

from coord.client.shell.listings import listed
from coord.client.shell.names import program_name
from coord.client.shell.words import Command, Scope, Value, some_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.variables import Variables

MAX_CHARACTERS = 2000  # of a substitution that is looked into
MAX_COUNTED = 200  # numbers of `seq`
MAX_WITHIN = 3  # substitutions in one another, of those
_HANDS_ON = frozenset(("cat", "tee", "head", "tail", "sort", "tac", "uniq"))
"""What hands on what it reads, or some of its lines."""
_GOES_ON = frozenset("fem")  # letters of -f, -e, -m, --canonicalize
_KEEPS_LINKS = frozenset(("-s", "--strip", "--no-symlinks"))
_COMPUTED = _HANDS_ON | {"seq", "base64"}
_NAMING = frozenset("date wc whoami hostname uname id nproc uuidgen arch tty logname".split())
"""What says a number or a name, in which there is no slash."""


def read_by(command: Command, variables: Variables) -> str | None:
    """What it reads, where that stands in the line."""
    if command.stdin:
        return "\n".join(value.text for value in variables.expand(command.stdin[-1]))
    for operator, word in command.redirects:
        if operator == "<" and word.process is not None:
            outputs = output_of(word.process, variables) or [Value("", "")]
            is_known = all(value.is_known for value in outputs)
            return "\n".join(value.text for value in outputs) if is_known else None
    return printed(command.source, variables)


def printed(command: Command | None, variables: Variables) -> str | None:
    """The text, where that stands in the line."""
    if command is None or not command.words:
        return None
    words = _expanded(command, variables)
    name = os.path.basename(words[0].text) if words else ""
    if name in _COMPUTED:
        return _handed_on(name, words[1:], command, variables)
    if name not in ("echo", "printf"):
        return None
    texts = _texts(words[1:], variables)
    if texts is None:
        return None
    if name == "printf":
        return formatted(texts)
    shown = [text for text in texts if text not in ("-n", "-e", "-E", "--")]
    return " ".join(shown).replace("\\n", "\n").replace("\\0", "\n")


def _texts(words: list[Value], variables: Variables) -> list[str] | None:
    """With the files that patterns stand for; None where a word is not known."""
    from coord.client.shell.targets import matching

    texts: list[str] = []
    for word in words:
        if word.is_known:
            texts.append(word.text)
        elif word.is_pattern and not word.is_open:
            texts += matching(os.path.join(variables.location.folder, word.text)) or [word.text]
        else:
            return None
    return texts


def _handed_on(name: str, words: list[Value], command: Command, variables: Variables) -> str | None:
    """Of `seq`, `base64 -d` and what hands on what it reads."""
    texts = [word.text for word in words]
    if name == "seq":
        return _counted(texts)
    if name == "base64":
        is_decoding = texts in (["-d"], ["-D"], ["--decode"])
        return _decoded(read_by(command, variables)) if is_decoding else None
    has_files = any(text[:1] != "-" for text in texts) and name != "tee"
    return None if has_files else read_by(command, variables)


def _decoded(text: str | None) -> str | None:
    from binascii import Error, a2b_base64

    try:
        return a2b_base64(text).decode("utf-8", "replace") if text is not None else None
    except (Error, ValueError):
        return None


def _counted(texts: list[str]) -> str | None:
    """Of `seq 1 3`, with one step."""
    numbers = [int(text) for text in texts if text.isdecimal() and len(text) < 6]
    if len(numbers) != len(texts) or len(numbers) not in (1, 2):
        return None
    first, last = numbers if len(numbers) == 2 else [1, *numbers]
    return "\n".join(map(str, range(first, min(last, first + MAX_COUNTED) + 1)))


def formatted(words: list[str]) -> str:
    """What `printf` makes of a format and its arguments; it takes the format again for those that
    are left."""
    texts = [text for text in words if text != "--"]
    form, arguments = (texts[0] if texts else "")[:MAX_CHARACTERS], texts[1:]
    pieces = form.replace("%%", "\0").split("%")
    takes = len(pieces) - 1
    output: list[str] = []
    while True:
        row, arguments = arguments[:takes], arguments[takes:]
        row += [""] * (takes - len(row))
        output.append(pieces[0])
        for value, piece in zip(row, pieces[1:]):
            end = next((at for at, letter in enumerate(piece) if letter.isalpha()), len(piece))
            output += [value, piece[end + 1 :]]
        if not takes or not arguments or len(output) > MAX_CHARACTERS:
            break
    text = "".join(output).replace("\0", "%").replace("\\t", "\t").replace("\\0", "\n")
    return text.replace("\\n", "\n")


def output_of(text: str, variables: Variables) -> list[Value] | None:
    """What stands in the place of `$(text)`; None where that is not known."""
    if len(text) > MAX_CHARACTERS or variables.within >= MAX_WITHIN:
        return None
    command = _last_of_pipeline(text)
    if command is None:
        return None
    variables.within += 1
    try:
        return _output(command, variables)
    finally:
        variables.within -= 1


def _output(command: Command, variables: Variables) -> list[Value] | None:
    text = printed(command, variables)
    if text is not None:
        return [Value(text.rstrip("\n"))]
    words = _expanded(command, variables)
    place = _place(words, variables) if words and all(word.is_known for word in words) else None
    if place is not None:
        return [Value(place)]
    is_name = bool(words) and program_name(words[0]) in _NAMING
    if is_name and not any("/" in word.text for word in words[1:]):
        return [some_name()]
    listing = listed(command, variables)
    return listing[0] if listing is not None else None


def _place(words: list[Value], variables: Variables) -> str | None:
    """Of the commands that only say where something is."""
    texts = [word.text for word in words]
    name, last = texts[0], texts[-1]
    place: str | None = None
    if texts == ["pwd"]:
        place = variables.location.folder
    elif texts == ["git", "rev-parse", "--show-toplevel"]:
        from coord.client.workspace import repository

        checkout = repository(variables.location.folder)
        place = checkout.top if checkout is not None else None
    elif name == "mktemp" and not any("/" in text for text in texts[1:]):
        place = os.path.join(os.environ.get("TMPDIR") or "/tmp", "tmp.coord")
    elif len(texts) == 2 and name == "dirname":
        place = os.path.dirname(last.rstrip("/")) or "."
    elif len(texts) in (2, 3) and name == "basename":
        place = os.path.basename(texts[1].rstrip("/"))
        place = place[: -len(last)] if len(texts) == 3 and place.endswith(last) else place
    elif name in ("realpath", "readlink") and last[:1] != "-" and len(texts) > 1:
        place = _resolved(name, texts[1:-1], os.path.join(variables.location.folder, last))
    return place


def _resolved(name: str, options: list[str], path: str) -> str:
    """Where the path leads; without an option `readlink` shows only what a link itself says."""
    goes_on = any(_GOES_ON.intersection(option) for option in options)
    if name == "readlink" and not goes_on and os.path.islink(path):
        return os.readlink(path)
    keeps_links = not _KEEPS_LINKS.isdisjoint(options)
    return os.path.normpath(path) if keeps_links else os.path.realpath(path)


def _last_of_pipeline(text: str) -> Command | None:
    """The command whose output it is; None where there are several, one behind the other."""
    from coord.client.shell import posix

    items, is_whole = posix.read(text)
    depth = 0
    commands: list[Command] = []
    for item in items:
        if isinstance(item, Scope):
            depth += 0 if item.is_part else 1 if item.opens else -1
        elif not isinstance(item, Command):
            return None
        elif not depth:
            commands.append(item)
    sources = [command.source for command in commands]
    is_pipeline = is_whole and bool(commands) and sources == [None, *commands[:-1]]
    return commands[-1] if is_pipeline else None


def _expanded(command: Command, variables: Variables) -> list[Value]:
    return [value for word in command.words for value in variables.expand(word)]
