"""What the words of a line stand for: variables, braces, what commands print."""

from __future__ import annotations

import os
from itertools import islice

from coord.client.shell.braces import MAX_VALUES, braced
from coord.client.shell.location import Location
from coord.client.shell.outputs import output_of
from coord.client.shell.parameters import as_zsh_reads, edited
from coord.client.shell.words import (
    EDITED,
    GLOB,
    OUTPUT,
    QUOTED,
    QUOTED_OUTPUT,
    QUOTED_VARIABLE,
    VARIABLE,
    Value,
    Word,
    some_name,
    word_of,
)

MAX_PARTS = 5000  # of a word
MAX_TEXT = 4096  # characters of a variable
MAX_EVALUATED = 200  # substitutions and edited variables of a line whose outcome is looked for
_ENVIRONMENT = frozenset(
    "HOME TMPDIR TEMP TMP USER CLAUDE_PROJECT_DIR USERPROFILE LOCALAPPDATA APPDATA PROGRAMDATA"
    " PROGRAMFILES PUBLIC SYSTEMROOT SYSTEMDRIVE WINDIR".split()
)
"""What is looked up where the line does not set it: places, and nothing that may be a secret."""


_NAMES = frozenset(
    "$ ! ? # RANDOM SRANDOM SECONDS LINENO UID EUID PPID BASHPID EPOCHSECONDS".split()
)
"""What is known to be a number."""


class Allowance:
    """What of a line is still looked into, over all its parts."""

    __slots__ = ("remaining",)

    def __init__(self) -> None:
        self.remaining = MAX_EVALUATED

    def take(self) -> bool:
        self.remaining -= 1
        return self.remaining >= 0


class Variables:
    """What the line itself has set, each to one value or, by a loop, several. `arguments`: of the
    function or the script that is followed, where they are known; `own_name`: its `$0`. `within`:
    substitutions around the one that is looked into. `branches`: in whose course it is, so that
    what it sets may be set or not, as the folders that they began in. `alternatives`: the variables
    that have one of their values, and not all. `may_be_zsh`, `may_be_bash`: what these would take
    a variable for is meant."""

    def __init__(self, location: Location, allowance: Allowance | None = None) -> None:
        self.location = location
        self.branches: list[str] = []
        self.alternatives: set[str] = set()
        self.arguments: list[Value] | None = None
        self.own_name: Value | None = None
        self.allowance = allowance or Allowance()
        self.within = 0
        self.may_be_zsh = os.path.basename(os.environ.get("SHELL", "")) == "zsh"
        self.may_be_bash = True
        self._set_by_line: dict[str, list[Value]] = {}

    def copy(self) -> Variables:
        copied = Variables(self.location.copy(), self.allowance)
        copied.arguments, copied.own_name = self.arguments, self.own_name
        copied.may_be_zsh, copied.may_be_bash = self.may_be_zsh, self.may_be_bash
        copied.within = self.within
        copied.branches, copied.alternatives = list(self.branches), set(self.alternatives)
        copied._set_by_line = dict(self._set_by_line)
        return copied

    def set(self, name: str, values: list[Value]) -> None:
        """A text that is long, as one grows that a line doubles, is not known any more."""
        is_long = any(len(value.text) > MAX_TEXT for value in values)
        values = [Value(f"${name}", "")] if is_long else values
        before = self._set_by_line.get(name, []) if self.branches else []
        self._set_by_line[name] = [*values, *before][:MAX_VALUES]
        if before:
            self.alternatives.add(name)
        else:
            self.alternatives.discard(name)

    def set_one_of(self, name: str, values: list[Value]) -> None:
        """In a loop whose turns are not told apart."""
        self.set(name, values)
        if len(values) > 1:
            self.alternatives.add(name)

    def branch(self, *, opens: bool) -> None:
        """`if` or `case` begins or ends."""
        if opens:
            self.branches.append(self.location.folder)
        elif self.branches:
            self.location.may_be_in(self.branches.pop())

    def values(self, name: str, default: str | None) -> list[Value]:
        if name in self._set_by_line:
            return self._set_by_line[name]
        positional = self._positional(name, default)
        if positional is not None:
            return positional
        if name in ("PWD", "OLDPWD"):
            location = self.location
            folder, is_lost = location.stack[0] if name == "PWD" else location.previous
            return [Value(f"${name}", "") if is_lost else Value(folder)]
        value = os.environ.get(name) if name in _ENVIRONMENT else None
        if value or default is not None:
            return [Value(value or default or "")]
        return [some_name() if name in _NAMES else Value(f"${name}", "")]

    def _positional(self, name: str, default: str | None) -> list[Value] | None:
        """Of `$0`, `$1`, `$@` and their like, where they are known."""
        if name == "0":
            return [self.own_name] if self.own_name is not None else None
        if self.arguments is not None and name in ("@", "*"):
            return self.arguments
        if self.arguments is not None and name.isdigit() and name.isascii():
            return self.arguments[int(name[:4]) - 1 :][:1] or [Value(default or "")]
        return None

    def assigned(self, name: str) -> Value | None:
        """The value that the line has given to a variable of the environment."""
        return next(iter(self._set_by_line.get(name, [])), None)

    def get(self, name: str) -> list[Value] | None:
        return self._set_by_line.get(name)

    def restore(self, name: str, values: list[Value] | None) -> None:
        """As it was before an assignment that was for one command."""
        if values is None:
            self._set_by_line.pop(name, None)
        else:
            self._set_by_line[name] = values

    def expand(self, word: Word) -> list[Value]:
        """All that the word may stand for, at most MAX_VALUES."""
        is_read_anew = self.may_be_zsh and 1 < len(word.parts) <= MAX_PARTS
        is_read_anew = is_read_anew and self.allowance.remaining > 0
        other = as_zsh_reads(word) if is_read_anew else None
        values = self._expand(word) if other is None or self.may_be_bash else []
        return [*values, *self._expand(other)][:MAX_VALUES] if other is not None else values

    def _expand(self, word: Word) -> list[Value]:
        parts = word.parts
        if len(parts) > 1:
            parts = [part for part in parts if part != (QUOTED, "")] or parts[:1]
        if len(parts) == 1 and parts[0][0] in (VARIABLE, OUTPUT):
            options = self._options(word, *parts[0], is_first=True)
            return [piece for value in options for piece in self._split(value)][:MAX_VALUES]
        if len(parts) > MAX_PARTS:
            return [Value("".join(text for _, text in parts), "")]
        values = [Value("")]
        for index, (kind, text) in enumerate(parts):
            options = self._options(word, kind, text, is_first=index == 0)
            joined = (_joined(value, option) for value in values for option in options)
            values = list(islice(joined, MAX_VALUES))
        return values

    def _options(self, word: Word, kind: int, text: str, *, is_first: bool) -> list[Value]:
        if kind == QUOTED:
            return [Value(text)]
        if kind in (VARIABLE, QUOTED_VARIABLE):
            values = self.values(text, word.defaults.get(text))
            return [_matched(value) for value in values] if kind == VARIABLE else values
        if kind in (OUTPUT, QUOTED_OUTPUT):
            return self._output(text)
        if kind == EDITED:
            return edited(text, self) if self.allowance.take() else [Value(f"${{{text}}}", "")]
        name, tilde, path = text.partition("=~")  # `of=~/x`
        if not (is_first and tilde and name.isidentifier()):
            name, path = "", text[1:]
        if (is_first and text[:1] == "~") or name:
            start, slash, rest = f"~{path}".partition("/")
            place = self._place(start)
            if place is None:
                return [Value(text, "")]
            text = f"{name}={place}{slash}{rest}" if name else place + slash + rest
        return [_plain(alternative) for alternative in braced(text)]

    def _split(self, value: Value) -> list[Value]:
        """An unquoted variable is as many words as it has, and one for zsh."""
        if not value.is_known:
            return [value]
        words = [_plain(text) for text in self.fields(value.text)]
        if self.may_be_zsh and len(words) > 1:
            return [*words, value] if self.may_be_bash else [value]
        return words

    def fields(self, text: str, most: int = -1) -> list[str]:
        """The words of a text, as the line's IFS parts them; at most one more than `most`."""
        separators = self.assigned("IFS")
        if separators is None or not separators.is_known or not separators.text.strip():
            return text.split(None, most)
        for separator in separators.text[1:]:
            text = text.replace(separator, separators.text[0])
        return text.split(separators.text[0], most)

    def _place(self, start: str) -> str | None:
        """What a tilde and what stands behind it mean; None where that is not known."""
        sign, number = start[1:2], start[1:].lstrip("+-")
        if start == "~":
            return os.path.expanduser("~")
        if number.isdecimal() and len(number) < 4:
            stack = self.location.stack if sign != "-" else self.location.stack[::-1]
            folder, is_lost = stack[int(number)] if int(number) < len(stack) else ("", True)
        elif start in ("~+", "~-"):
            location = self.location
            folder, is_lost = location.stack[0] if sign == "+" else location.previous
        else:
            return start  # somebody's home
        return None if is_lost else folder

    def _output(self, text: str) -> list[Value]:
        if text.startswith("(("):
            return [some_name()]
        output = output_of(text, self) if self.allowance.take() else None
        return output if output is not None else [Value(f"$({text})", "")]


def _matched(value: Value) -> Value:
    """A pattern in an unquoted variable is one."""
    if not value.is_known or any(letter.isspace() for letter in value.text):
        return value
    return _plain(value.text)


def _plain(text: str) -> Value:
    at = next((index for index, letter in enumerate(text) if letter in GLOB), None)
    return Value(text) if at is None else Value(text, text[:at], is_pattern=True)


def _joined(value: Value, more: Value) -> Value:
    text = value.text + more.text
    is_pattern = value.is_pattern or more.is_pattern
    is_open = value.is_open or more.is_open
    if value.beginning is not None:
        only_globs = value.is_pattern and (more.is_known or more.is_pattern)
        return Value(text, value.beginning, is_pattern=only_globs, is_open=is_open and only_globs)
    if more.beginning is not None:
        return Value(text, value.text + more.beginning, is_pattern=is_pattern, is_open=is_open)
    return Value(text)


def words_of(texts: list[str]) -> list[Value]:
    return [value for text in texts for value in Variables(Location("")).expand(word_of(text))]
