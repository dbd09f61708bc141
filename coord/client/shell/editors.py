"""What editors do by their commands: `ed` reads them, `vim` and `ex` have them as options, too."""

from __future__ import annotations

from coord.client.shell.options import parse_arguments
from coord.client.shell.outputs import read_by
from coord.client.shell.words import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.walk import Walk
    from coord.client.shell.words import Command

MAX_LINES = 1000  # of commands
_ADDRESS = " \t:%$.,;+-0123456789"
_WRITES = frozenset("w wq W write saveas sav x xit exit up update wall".split())
_SILENT = ("silent", "sil", "silent!", "noautocmd", "keepalt")


def _vim(walk: Walk, words: list[Value], command: Command) -> None:
    """`vim -c '!git push'`, `ex +'w other.py'`, and what it reads."""
    args = parse_arguments(words, frozenset(("-c", "--cmd", "-S", "-u", "-i", "-T")))
    lines = [value.text for option in ("-c", "--cmd") for value in args.values.get(option, [])]
    lines += [word.text[1:] for word in args.plain if word.text[:1] == "+"]
    lines += (read_by(command, walk.variables) or "").split("\n")
    for line in lines[:MAX_LINES]:
        # a command of the shell has what is behind a bar, too
        parts = [line] if "!" in line.partition("|")[0] else line.split("|")
        for part in parts:
            _follow(walk, part)


def _ed(walk: Walk, words: list[Value], command: Command) -> None:
    for line in (read_by(command, walk.variables) or "").split("\n")[:MAX_LINES]:
        _follow(walk, line)


def _follow(walk: Walk, line: str) -> None:
    text = line.lstrip(_ADDRESS)
    first, _, rest = text.partition(" ")
    if first in _SILENT:
        text = rest.lstrip()
        first, _, rest = text.partition(" ")
    if text[:1] == "!":
        walk.line_apart(text[1:])
    elif first in ("r", "read", "e", "w") and rest[:1] == "!":
        walk.line_apart(rest[1:])
    elif first == "call":
        _call(walk, rest)
    elif first.rstrip("!") in _WRITES:
        name = rest.strip().lstrip(">").strip()
        if name:
            walk.write(Value(name))


def _call(walk: Walk, call: str) -> None:
    """`call system("…")`, `call writefile([…], "file")`"""
    quoted = [part for quote in "'\"" for part in call.split(quote)[1::2]]
    if call.startswith("system"):
        for text in quoted[:1]:
            walk.line_apart(text)
    elif call.startswith(("writefile", "delete", "rename")):
        for text in quoted[-2:] if call.startswith("rename") else quoted[-1:]:
            walk.write(Value(text))


TOOLS = {**dict.fromkeys(("vim", "nvim", "vi", "ex"), _vim), "ed": _ed}
