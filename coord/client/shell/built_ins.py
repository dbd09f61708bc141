"""What a shell does itself: it goes to another folder, sets variables, reads lines."""

from __future__ import annotations

import os

from coord.client.paths import path_in
from coord.client.shell.listings import listed
from coord.client.shell.options import parse_arguments
from coord.client.shell.outputs import formatted, output_of, read_by
from coord.client.shell.texts import text_of
from coord.client.shell.variables import words_of
from coord.client.shell.words import Value, some_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.walk import Walk
    from coord.client.shell.words import Command

_NO_OPERANDS = frozenset(("--", "-p", "-l", "/d", "-path", "-literalpath"))
_READ_VALUES = frozenset("-p -d -n -N -u -i -t -a".split())
_MAPFILE_VALUES = frozenset("-d -n -O -s -u -C -c".split())
MAX_ARITHMETIC = 1000  # characters that are looked at
_ASSIGNING = frozenset(("+", "-", "*", "/", "%", "&", "^", "|", "<<", ">>"))
_STEPS = ("++", "--")
_LOCAL = ("local", "declare", "typeset")


def built_in(walk: Walk, name: str, words: list[Value], command: Command) -> bool:
    """Whether it is one of these; it is followed."""
    operands = [word for word in words[1:] if word.text.lower() not in _NO_OPERANDS]
    is_real = not walk.is_windows and any(word.text == "-P" for word in words[1:])
    if _moves(walk, name, operands, command, is_real=is_real):
        return True
    if name in ("eval", "invoke-expression", "iex"):
        shell = "powershell" if name != "eval" else "posix"
        operands = [
            word.after(word.text[:9]) if word.text[:9].lower() == "-command:" else word
            for word in operands
            if word.text.lower() != "-command"
        ]
        if not operands and name != "eval" and walk.is_windows:
            from coord.client.shell.cmdlets import piped

            operands = piped(walk, command.source)
        walk.line(" ".join(word.text for word in operands), shell)
    elif name in ("export", "declare", "local", "readonly", "typeset", "alias"):
        _define(walk, name, operands)
    elif name == "trap" and operands:
        walk.line(operands[0].text)
    elif name in (".", "source") and operands:
        text = text_of(walk, operands[0], command)
        if text is not None:
            walk.line(text)
        else:
            walk.follow(operands, command)
    elif name == "set" and walk.is_windows:
        _define(walk, name, [Value(" ".join(word.text for word in operands))])
    elif name in ("set", "shift"):
        _arguments(walk, words)
    else:
        is_question = name == "command" and bool(operands) and operands[0].text in ("-v", "-V")
        return is_question or (not walk.is_windows and _sets(walk, name, words, command))
    return True


def _sets(walk: Walk, name: str, words: list[Value], command: Command) -> bool:
    """Whether it is one of those that set variables, and nothing else."""
    if name in ("read", "mapfile", "readarray"):
        _read(walk, name, words[1:], command)
    elif name == "unset":
        for word in words[1:]:
            walk.variables.restore(word.text, None)
    elif name == "let":
        for word in words[1:]:
            for changed in _counted(word.text[:MAX_ARITHMETIC]):
                walk.variables.set(changed, [some_name()])
    elif name == "printf" and len(words) > 3 and words[1].text == "-v":
        is_known = all(word.is_known for word in words)
        text = formatted([word.text for word in words[3:]])
        walk.variables.set(words[2].text, [Value(text) if is_known else Value("$", "")])
    else:
        return False
    return True


def _moves(
    walk: Walk, name: str, operands: list[Value], command: Command, *, is_real: bool
) -> bool:
    """`is_real`: of `cd -P`, which leaves no link in the name of the folder."""
    target = _place(walk, operands[0], is_real=is_real) if operands else None
    if name in ("cd", "chdir", "set-location") or (name == "sl" and walk.is_windows):
        if operands and operands[0].text == "-":
            walk.location.go_back()
        else:
            here = walk.folder
            walk.location.enter(target if operands else os.path.expanduser("~"))
            is_checked = bool(command.operator_behind) and not command.operator_before
            is_checked |= command.operator_before == command.operator_behind == "&&"
            if target is not None and not is_checked and not walk.is_folder(target):
                walk.location.may_be_in(here)
    elif name in ("pushd", "push-location"):
        if operands and operands[0].text == "-n":
            places = [walk.path(operand) for operand in operands[1:]]
            walk.location.pushed += [(place, False) for place in places if place is not None]
            return True
        count = operands[0].text if operands else ""
        if count[:1] in ("+", "-") and count[1:].isdecimal() and len(count) < 4:
            walk.location.rotate(int(count) if count[0] == "+" else int(count) - 1)
        elif operands:
            walk.location.push(target)
        else:
            walk.location.exchange()
    elif name in ("popd", "pop-location"):
        walk.location.pop()
    else:
        return False
    return True


def _place(walk: Walk, value: Value, *, is_real: bool) -> str | None:
    """Where `cd` goes; `CDPATH` names other folders to look in."""
    places = walk.variables.assigned("CDPATH")
    path = walk.path(value)
    if path is not None and is_real:
        return os.path.realpath(walk.links.resolve(path))
    if path is not None and value.is_known:  # a shell takes `..` off by the name of the folder
        spelt = os.path.normpath(path_in(walk.folder, walk.native(value.text)))
        path = spelt if walk.is_folder(spelt) or not walk.is_folder(path) else path
    if places is None or path is None or walk.is_folder(path) or value.text[:1] in ("/", "."):
        return path
    for folder in places.text.split(":"):
        candidate = walk.path(Value(os.path.join(folder, value.text)))
        if candidate is not None and walk.is_folder(candidate):
            return candidate
    return path


def _define(walk: Walk, kind: str, words: list[Value]) -> None:
    refers = any(word.text[:1] == "-" and "n" in word.text for word in words)
    for word in words:
        name, equals, text = word.text.partition("=")
        if kind in _LOCAL:
            walk.define_local(name)
        if equals and kind == "alias":
            walk.aliases[name] = text
        elif equals:
            value = Value("$", "") if refers else word.after(f"{name}=")
            walk.variables.set(name.upper() if walk.is_windows else name, [value])


def _counted(text: str) -> list[str]:
    """The variables that arithmetic changes: `i++`, `--i`, `i += 2`, `i = 1`."""
    names: list[str] = []
    at = 0
    while at < len(text):
        start = at
        while at < len(text) and (text[at].isalnum() or text[at] == "_"):
            at += 1
        before, behind = text[:start].rstrip(), text[at:].lstrip()
        sign = behind.partition("=")[0] if "=" in behind[:3] else "="
        is_set = (behind[:1] == "=" and behind[:2] != "==") or sign in _ASSIGNING
        if start < at and (is_set or before.endswith(_STEPS) or behind.startswith(_STEPS)):
            names.append(text[start:at])
        at = max(at, start + 1)
    return names


def _read(walk: Walk, name: str, words: list[Value], command: Command) -> None:
    """Each line of what it reads, where that is known; of several variables each takes a word, and
    the last one the rest."""
    args = parse_arguments(words, _READ_VALUES if name == "read" else _MAPFILE_VALUES)
    array = args.value(("-a",))
    names = [word.text for word in args.plain] if array is None else [array.text]
    names = names or ["REPLY" if name == "read" else "MAPFILE"]
    values = _lines(walk, command) or _lines(walk, walk.loop_input)
    values = walk.of_this_turn(values)
    if len(names) == 1 and array is None and values:
        walk.variables.set(names[0], values)
        return
    is_known = bool(values) and all(value.is_known for value in values)
    most = len(names) - 1 if array is None else -1
    rows = [walk.variables.fields(value.text, most) for value in values] if is_known else []
    for at, variable in enumerate(names):
        texts = [text for row in rows for text in (row if array is not None else row[at : at + 1])]
        unknown = [Value(f"${variable}", "")]
        walk.variables.set(variable, [Value(text) for text in texts] if rows else unknown)


def _lines(walk: Walk, command: Command) -> list[Value]:
    """What the command reads, as far as the line says."""
    text = read_by(command, walk.variables)
    if text is not None:
        return words_of(text.rstrip("\n").split("\n"))
    for operator, word in command.redirects:
        if operator == "<" and word.process is not None:
            values = output_of(word.process, walk.variables) or []
            return [
                piece if value.is_known else value
                for value in values
                for piece in (words_of(value.text.split("\n")) if value.is_known else [value])
            ]
    listing = listed(command.source, walk.variables)
    return listing[0] if listing is not None else []


def _arguments(walk: Walk, words: list[Value]) -> None:
    """`set -- a b`, and `shift`."""
    variables, texts = walk.variables, [word.text for word in words]
    if texts[0] == "shift":
        count = int(texts[1]) if len(texts) > 1 and texts[1].isdecimal() else 1
        variables.arguments = variables.arguments and variables.arguments[count:]
    elif "--" in texts:
        variables.arguments = words[texts.index("--") + 1 :]
    elif texts[1:] and texts[1][:1] not in "-+":
        variables.arguments = words[1:]
