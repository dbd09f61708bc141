"""What Tcl and `expect` do in a script: their words need no quotes."""

from __future__ import annotations

MAX_STATEMENTS = 2000
MAX_COMMANDS = 50
_SHELLS = frozenset("sh bash zsh dash ksh fish sudo su".split())
_CHANGES = frozenset(("delete", "rename", "copy"))


def _statements(script: str) -> list[str]:
    for end in (";", "[", "]"):
        script = script.replace(end, "\n")
    return [line.strip(" \t{}") for line in script.split("\n")[:MAX_STATEMENTS]]


def commands(script: str) -> list[str]:
    """Lines of shell: what it runs, and what it types into a shell that it runs."""
    lines: list[str] = []
    types = False
    for line in _statements(script):
        name, _, rest = line.partition(" ")
        while rest[:1] == "-":
            rest = rest.partition(" ")[2]
        if name in ("spawn", "exec", "system"):
            lines.append(rest.replace("{", "'").replace("}", "'"))
            program = rest.split(" ")[0].rpartition("/")[2]
            types = types or program in _SHELLS
        elif name in ("send", "exp_send") and types:
            lines.append(rest.strip('"{}').replace("\\r", "\n").replace("\\n", "\n"))
    return lines[:MAX_COMMANDS]


def files(script: str) -> list[str]:
    """Those that it opens to write, deletes, renames or copies."""
    names: list[str] = []
    for line in _statements(script):
        words = [word.strip("\"'{}") for word in line.split()]
        if words[:1] == ["open"] and len(words) > 2 and words[2][:1] in ("w", "a", "r+"):
            names.append(words[1])
        elif words[:1] == ["file"] and len(words) > 2 and words[1] in _CHANGES:
            names += [word for word in words[2:] if word[:1] != "-"]
    return names[:MAX_COMMANDS]
