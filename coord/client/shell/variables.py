"""What the words of a line stand for: variables, braces, what commands print."""

from __future__ import annotations

import os
from itertools import islice

from coord.client.shell.braces import MAX_VALUES, braced
from coord.client.shell.outputs import output_of
from coord.client.shell.parameters import edited
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
    word_of,
)

MAX_TEXT = 4096  # characters of a variable
MAX_EVALUATED = 200  # substitutions and edited variables of a line whose outcome is looked for
_ENVIRONMENT = ("HOME", "PWD", "OLDPWD", "TMPDIR", "TEMP", "TMP", "USER", "CLAUDE_PROJECT_DIR")
"""What is looked up where the line does not set it: places, and nothing that may be a secret."""


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
    function or the script that is followed, where they are known. `is_lost`: it has gone from the
    folder to one that is not known. `within`: substitutions around the one that is looked into."""

    def __init__(self, folder: str, allowance: Allowance | None = None) -> None:
        self.folder = folder
        self.is_lost = False
        self.arguments: list[Value] | None = None
        self.allowance = allowance or Allowance()
        self.within = 0
        self._known: dict[str, list[Value]] = {}

    def copy(self) -> Variables:
        copied = Variables(self.folder, self.allowance)
        copied.is_lost, copied.arguments = self.is_lost, self.arguments
        copied.within = self.within
        copied._known = dict(self._known)
        return copied

    def set(self, name: str, values: list[Value]) -> None:
        """A text that is long, as one grows that a line doubles, is not known any more."""
        is_long = any(len(value.text) > MAX_TEXT for value in values)
        self._known[name] = [Value(f"${name}", "")] if is_long else values[:MAX_VALUES]

    def values(self, name: str, default: str | None) -> list[Value]:
        if name in self._known:
            return self._known[name]
        if self.arguments is not None and name in ("@", "*"):
            return self.arguments
        if self.arguments is not None and name.isdigit() and name.isascii() and name != "0":
            return self.arguments[int(name[:4]) - 1 :][:1] or [Value(default or "")]
        if name == "PWD" and not self.is_lost:
            return [Value(self.folder)]
        value = os.environ.get(name) if name in _ENVIRONMENT else None
        if value or default:
            return [Value(value or default or "")]
        return [Value(f"${name}", "")]

    def one(self, name: str) -> Value | None:
        """The value that the line has given to a variable of the environment."""
        return next(iter(self._known.get(name, [])), None)

    def get(self, name: str) -> list[Value] | None:
        return self._known.get(name)

    def restore(self, name: str, values: list[Value] | None) -> None:
        """As it was before an assignment that was for one command."""
        if values is None:
            self._known.pop(name, None)
        else:
            self._known[name] = values

    def expand(self, word: Word) -> list[Value]:
        """All that the word may stand for, at most MAX_VALUES."""
        parts = word.parts
        if len(parts) > 1:
            parts = [part for part in parts if part != (QUOTED, "")] or parts[:1]
        if len(parts) == 1 and parts[0][0] in (VARIABLE, OUTPUT):
            options = self._options(word, *parts[0], is_first=True)
            return [piece for value in options for piece in _split(value)][:MAX_VALUES]
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
            return self.values(text, word.defaults.get(text))
        if kind in (OUTPUT, QUOTED_OUTPUT):
            return self._output(text)
        if kind == EDITED:
            return edited(text, self) if self.allowance.take() else [Value(f"${{{text}}}", "")]
        if is_first and text[:1] == "~":
            text = self._home(text)
        return [_plain(each) for each in braced(text)]

    def _home(self, text: str) -> str:
        start, slash, rest = text.partition("/")
        if start == "~":
            return os.path.expanduser("~") + slash + rest
        return f"{self.folder}{slash}{rest}" if start == "~+" else text

    def _output(self, text: str) -> list[Value]:
        said = output_of(text, self) if self.allowance.take() else None
        return said if said is not None else [Value(f"$({text})", "")]


def _split(value: Value) -> list[Value]:
    """An unquoted variable is as many words as it has."""
    if not value.is_known or not any(letter.isspace() for letter in value.text):
        return [value]
    return [_plain(text) for text in value.text.split()]


def _plain(text: str) -> Value:
    at = next((index for index, letter in enumerate(text) if letter in GLOB), None)
    return Value(text) if at is None else Value(text, text[:at], is_pattern=True)


def _joined(value: Value, more: Value) -> Value:
    text = value.text + more.text
    is_pattern = value.is_pattern or more.is_pattern
    if value.beginning is not None:
        only_globs = value.is_pattern and (more.is_known or more.is_pattern)
        return Value(text, value.beginning, is_pattern=only_globs)
    if more.beginning is not None:
        return Value(text, value.text + more.beginning, is_pattern=is_pattern)
    return Value(text)


def words_of(texts: list[str]) -> list[Value]:
    return [value for text in texts for value in Variables("").expand(word_of(text))]
