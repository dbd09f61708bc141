"""What a target of a Makefile runs, as far as the file says so: nothing is run to find out.

Of a condition both ways are taken; functions other than `$(shell …)` stand for something unknown.
A target that make would find up to date is left out. What generates Makefiles writes long ones:
those are not read.
"""

from __future__ import annotations

import os

from coord.client import text_files
from coord.client.shell.words import SOMETHING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAMES = ("GNUmakefile", "makefile", "Makefile")  # in make's order
MAX_BYTES = 64 * 1024  # of a file and those that it includes
MAX_FILES = 10
MAX_TARGETS = 100  # that are followed for one call
MAX_LINES = 300  # of their recipes
MAX_DEPTH = 10  # of variables in variables
MAX_TEXT = 8192  # characters of a line with its variables
MAX_VALUES = 5000  # variables that are put in
_PASSED = ("ifeq", "ifneq", "ifdef", "ifndef", "else", "endif", "unexport", "vpath", "undefine")
_BUILT_IN = {"MAKE": "make", "RM": "rm -f", "CC": "cc", "CXX": "c++", "AR": "ar", "LD": "ld"}
_PREFIXES = " \t@-+"


class Rule:
    """`needs`: its prerequisites. `recipe`: lines, as they stand there."""

    __slots__ = ("needs", "recipe")

    def __init__(self) -> None:
        self.needs: list[str] = []
        self.recipe: list[str] = []


class Makefile:
    """`rules`: by their targets, in order. `variables`: as they stand there."""

    def __init__(self, folder: str, overrides: Mapping[str, str]) -> None:
        """`overrides`: variables of the command line, which go before those of the file."""
        self.folder = folder
        self.rules: dict[str, Rule] = {}
        self.variables: dict[str, str] = {}
        self.phony: set[str] = set()
        self.is_one_shell = False
        self._overrides = overrides
        self._files = 0
        self._room = MAX_BYTES
        self._values = MAX_VALUES

    # --- reading ------------------------------------------------------------------------------

    def read(self, path: str, text: str | None = None) -> bool:
        """Whether the file was there and short enough. `text`: what it will hold, where that is
        known."""
        text = text_files.read(path, self._room + 1) if text is None else text
        self._files += 1
        if not text or len(text) > self._room:
            return False
        self._room -= len(text)
        rules: list[Rule] = []
        is_definition = False
        for line in text.replace("\r\n", "\n").replace("\\\n", "\0").split("\n"):
            if is_definition or line.startswith(("define ", "define\t")):
                is_definition = not line.strip().startswith("endef")
            elif line[:1] == "\t":
                for rule in rules:
                    rule.recipe.append(line[1:].replace("\0", "\\\n"))
            elif line.strip():
                rules = self._line(line.replace("\0", " "), rules)
        return True

    def _line(self, line: str, rules: list[Rule]) -> list[Rule]:
        """The rules that the recipe behind it belongs to."""
        line = line.partition("#")[0].strip()
        first, _, rest = line.partition(" ")
        if first in ("export", "override", "private"):
            line = rest.strip()
        if not line or first in _PASSED:
            return rules
        if first in ("include", "-include", "sinclude"):
            self._include(rest)
            return []
        if self._assign(line):
            return []
        targets, colon, behind = line.partition(":")
        return self._rule(targets, behind.lstrip(":")) if colon else rules

    def _include(self, names: str) -> None:
        for name in self.expand(names, {}).split():
            if self._files < MAX_FILES:
                self.read(os.path.join(self.folder, name))

    def _assign(self, line: str) -> bool:
        """`NAME = …`, `NAME := …`, `NAME += …`; `=` behind a colon and a blank is in a rule."""
        target, equals, value = line.partition("=")
        name = target.rstrip(":?+! ")
        sign = target[len(name) :].strip()
        if not equals or not name or any(letter in name for letter in " :$\t"):
            return False
        if sign == "+":
            value = f"{self.variables.get(name, '')} {value.strip()}"
        elif sign == "!":
            value = f"$(shell {value})"
        if sign != "?" or name not in self.variables:
            self.variables[name] = value.strip()
        return True

    def _rule(self, targets: str, behind: str) -> list[Rule]:
        needs, has_recipe, recipe = behind.partition(";")
        if self._assign(needs.strip()):  # of this target alone
            return []
        names = self.expand(targets, {}).split()
        prerequisites = self.expand(needs.replace("|", " "), {}).split()
        if names == [".PHONY"]:
            self.phony.update(prerequisites)
        self.is_one_shell = self.is_one_shell or names == [".ONESHELL"]
        rules = [self.rules.setdefault(name, Rule()) for name in names]
        for rule in rules:
            rule.needs += prerequisites
            rule.recipe += [recipe.strip()] if has_recipe else []
        return rules

    # --- following ----------------------------------------------------------------------------

    def lines(self, targets: list[str]) -> Iterator[str]:
        """Of shell, in the order in which make runs them: the first target's without any."""
        first = self.variables.get(".DEFAULT_GOAL") or next(
            (name for name in self.rules if name[:1] != "." and "%" not in name), ""
        )
        seen: set[str] = set()
        count = 0
        for target in targets or [first]:
            for line in self._lines_of(target, seen):
                count += 1
                if count > MAX_LINES:
                    return
                yield line

    def _lines_of(self, target: str, seen: set[str]) -> Iterator[str]:
        rule = self.rules.get(target)
        if rule is None or target in seen or len(seen) >= MAX_TARGETS:
            return
        seen.add(target)
        for need in rule.needs:
            yield from self._lines_of(need, seen)
        if self._is_current(target, rule):
            return
        automatic = _automatic(target, rule.needs)
        recipe = [
            self.expand(line.lstrip(_PREFIXES), automatic)
            for line in rule.recipe
            if line.strip(_PREFIXES)
        ]
        yield from ["\n".join(recipe)] if self.is_one_shell and recipe else recipe

    def _is_current(self, target: str, rule: Rule) -> bool:
        """Whether the file is there and no older than what it is made of, all the way down."""
        path = os.path.join(self.folder, target)
        if target in self.phony:
            return False
        try:
            made = os.stat(path).st_mtime
            needs = [os.stat(os.path.join(self.folder, need)).st_mtime for need in rule.needs]
        except OSError:
            return False
        return all(time <= made for time in needs) and not any(
            need in self.rules and need != target and need in self.phony for need in rule.needs
        )

    def expand(self, text: str, automatic: Mapping[str, str], depth: int = 0) -> str:
        """With its variables; `$$` is the shell's own."""
        pieces: list[str] = []
        at = length = 0
        while at < len(text) and length < MAX_TEXT:
            dollar = text.find("$", at)
            if dollar < 0:
                pieces.append(text[at:])
                break
            name, end = _reference(text, dollar + 1)
            pieces += [text[at:dollar], self._value(name, automatic, depth)]
            length += len(pieces[-1]) + len(pieces[-2])
            at = end
        return "".join(pieces)

    def _value(self, name: str, automatic: Mapping[str, str], depth: int) -> str:
        self._values -= 1
        if name == "$" or self._values < 0:
            return "$"
        if name in automatic:
            return automatic[name]
        function, blank, arguments = name.partition(" ")
        if blank or depth >= MAX_DEPTH:
            expanded = self.expand(arguments, automatic, depth + 1) if depth < MAX_DEPTH else ""
            return f"$({expanded})" if function == "shell" and expanded else f"${{{SOMETHING[1:]}}}"
        name, _, changed = name.partition(":")
        for scope in (self._overrides, self.variables, _BUILT_IN, {"CURDIR": self.folder}):
            if name in scope:
                value = self.expand(scope[name], automatic, depth + 1)
                return value if not changed else f"${{{SOMETHING[1:]}}}"
        return f"${{{name}}}" if name in os.environ else ""


def _reference(text: str, at: int) -> tuple[str, int]:
    """The name behind a dollar, and where it ends."""
    closer = {"(": ")", "{": "}"}.get(text[at : at + 1])
    if closer is None:
        return text[at : at + 1], at + 1
    depth = 0
    for end in range(at, len(text)):
        depth += {text[at]: 1, closer: -1}.get(text[end], 0)
        if not depth:
            return text[at + 1 : end], end + 1
    return text[at + 1 :], len(text)


def _automatic(target: str, needs: list[str]) -> dict[str, str]:
    """`$@`, `$<`, `$^`, and the folders and names of the first two."""
    first = needs[0] if needs else ""
    values = {"@": target, "<": first, "^": " ".join(dict.fromkeys(needs)), "+": " ".join(needs)}
    values |= {"?": values["^"], "*": os.path.splitext(target)[0], "|": ""}
    for sign, path in (("@", target), ("<", first)):
        values[f"{sign}D"], values[f"{sign}F"] = (
            os.path.dirname(path) or ".",
            os.path.basename(path),
        )
    return values
