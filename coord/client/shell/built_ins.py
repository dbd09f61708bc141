"""What a shell does itself: it goes to another folder, sets variables, reads lines."""

from __future__ import annotations

import os

from coord.client.shell.options import parse_arguments
from coord.client.shell.outputs import listed, output_of, printed
from coord.client.shell.variables import words_of
from coord.client.shell.words import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.effects import Walk
    from coord.client.shell.words import Command

_NO_OPERANDS = frozenset(("--", "-p", "-l", "/d", "-path", "-literalpath"))
_READ_VALUES = frozenset("-p -d -n -N -u -i".split())


def built_in(walk: Walk, name: str, words: list[Value], command: Command) -> bool:
    """Whether it is one of these; it is followed."""
    operands = [word for word in words[1:] if word.text.lower() not in _NO_OPERANDS]
    if _moves(walk, name, operands):
        return True
    if name in ("eval", "invoke-expression", "iex"):
        shell = "powershell" if name != "eval" else "posix"
        operands = [word for word in operands if word.text.lower() != "-command"]
        if not operands and name != "eval" and walk.is_windows:
            from coord.client.shell.cmdlets import piped

            operands = piped(walk, command.source)
        walk.line(" ".join(word.text for word in operands), shell)
    elif name in ("export", "declare", "local", "readonly", "typeset", "alias"):
        _define(walk, name, operands)
    elif name == "trap" and operands:
        walk.line(operands[0].text)
    elif name in (".", "source") and operands:
        walk.follow(operands, command)
    elif name in ("read", "mapfile", "readarray") and not walk.is_windows:
        _read(walk, words[1:], command)
    elif name == "set" and walk.is_windows:
        _define(walk, name, [Value(" ".join(word.text for word in operands))])
    elif name in ("set", "shift"):
        _arguments(walk, words)
    else:
        return name == "command" and bool(operands) and operands[0].text in ("-v", "-V")
    return True


def _moves(walk: Walk, name: str, operands: list[Value]) -> bool:
    target = walk.path(operands[0]) if operands else None
    if name in ("cd", "chdir", "set-location") or (name == "sl" and walk.is_windows):
        if operands and operands[0].text == "-":
            walk.leave()
        else:
            walk.enter(target if operands else os.path.expanduser("~"))
    elif name in ("pushd", "push-location"):
        count = operands[0].text if operands else ""
        if count[:1] in ("+", "-") and count[1:].isdecimal() and len(count) < 4:
            walk.rotate(int(count) if count[0] == "+" else int(count) - 1)
        elif operands:
            walk.push(target)
        else:
            walk.exchange()
    elif name in ("popd", "pop-location"):
        walk.pop()
    else:
        return False
    return True


def _define(walk: Walk, kind: str, words: list[Value]) -> None:
    for word in words:
        name, equals, text = word.text.partition("=")
        if equals and kind == "alias":
            walk.aliases[name] = text
        elif equals:
            walk.variables.set(name, [word.after(f"{name}=")])


def _read(walk: Walk, words: list[Value], command: Command) -> None:
    """`read`: each line of what it reads, where that is known, and one variable takes all of it."""
    names = [word.text for word in parse_arguments(words, _READ_VALUES).plain]
    values = _lines(walk, command) or _lines(walk, walk.loop_input)
    for name in names:
        is_known = len(names) == 1 and bool(values)
        walk.variables.set(name, values if is_known else [Value(f"${name}", "")])


def _lines(walk: Walk, command: Command) -> list[Value]:
    """What the command reads, as far as the line says."""
    said = command.stdin[-1] if command.stdin else printed(command.source, walk.variables)
    if said is not None:
        return words_of(said.rstrip("\n").split("\n"))
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
