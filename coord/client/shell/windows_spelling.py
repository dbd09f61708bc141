"""Words of PowerShell and cmd as they are spelt: in quotes, with variables, as here-strings."""

from __future__ import annotations

from coord.client.shell.windows_words import end_of_property, merged
from coord.client.shell.words import (
    OUTPUT,
    PLAIN,
    QUOTED,
    QUOTED_VARIABLE,
    SOMETHING,
    VARIABLE,
    Word,
)

BLANKS = frozenset(" \t\r")
# PowerShell takes what word processors make of quotes and dashes for those
# (https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules).
DOUBLE_QUOTES = '"\u201c\u201d\u201e'
_DASHES = "\u2013\u2014\u2015"
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "0": ""}
_SCOPES = frozenset("script global local private using variable".split())
_AUTOMATIC = {"home": "HOME", "pwd": "PWD", "psitem": "_"}
_WHOLE_PATHS = ("", "f", "s", "dpnx", "fs")
"""Between `%~` and the name of a loop's variable: what leaves the path whole."""
MAX_DEPTH = 40  # of arguments in parentheses, in one another


class Dialect:
    """`escape`: the letter that takes the next one as it is. `quotes`: for each those that may
    stand at the other end. `separates`: what ends a command."""

    __slots__ = ("escape", "has_comments", "has_variables", "quotes", "separates")

    def __init__(
        self, escape: str, quotes: tuple[str, ...], separates: str, *, is_powershell: bool
    ) -> None:
        self.escape = escape
        self.quotes = {quote: alike for alike in quotes for quote in alike}
        self.separates = frozenset(separates)
        self.has_comments = self.has_variables = is_powershell


def _plain_name(spelt: str) -> str:
    """One spelling of a variable of PowerShell, to which `$File` is `$file`, and `$env:Temp` is
    `$env:TEMP`.
    """
    scope, _, name = spelt.lower().rpartition(":")
    if scope == "env":
        return name.upper()
    return _AUTOMATIC.get(name, name) if not scope or scope in _SCOPES else spelt


class WordReader:
    """`at`: the letter of the text that is read next."""

    def __init__(self, text: str, dialect: Dialect) -> None:
        self.text = text
        self.dialect = dialect
        self.at = 0
        self.depth = 0
        self.is_torn = False

    def commands_in_text(self) -> list[tuple[int, str]]:
        """Reads the commands in the parentheses that begin here; what of a word they stand for."""
        raise NotImplementedError

    def word(self) -> Word:
        word = Word()
        start = self.at
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter in BLANKS or letter in self.dialect.separates or letter in ">,":
                break
            if letter == "@" and self.text[self.at + 1 : self.at + 2] in ("'", '"'):
                self._here_string(word)
            elif letter in self.dialect.quotes:
                self._quoted(word, letter)
            elif letter == self.dialect.escape:
                word.add(QUOTED, self.text[self.at + 1 : self.at + 2])
                self.at += 2
            elif self._names_a_variable(letter, word):
                self._variable(word, VARIABLE)
            elif letter == "%" and self._percent(word, VARIABLE):
                continue
            elif letter in _DASHES and self.at == start and self.dialect.has_variables:
                word.add(PLAIN, "-")
                self.at += 1
            else:
                word.add(PLAIN, letter)
                self.at += 1
        if self.at == start:
            self.at += 1  # a comma between the values of a list
        self.at = min(self.at, len(self.text))
        return merged(word)

    def _quoted(self, word: Word, quote: str) -> None:
        self.at += 1
        letters: list[str] = []
        alike = self.dialect.quotes[quote]
        is_double = '"' in alike
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter in alike:
                if self.text[self.at + 1 : self.at + 2] not in [*alike]:
                    break
                self.at += 1  # doubled, it stands for itself
            elif letter == self.dialect.escape == "`" and is_double:
                self.at += 1
                letter = self.text[self.at : self.at + 1]
                letter = _ESCAPED.get(letter, letter)
            elif letter == "$" and is_double and self.dialect.has_variables:
                word.add(QUOTED, "".join(letters))
                letters.clear()
                self._variable_in_text(word)
                continue
            elif letter == "%" and not self.dialect.has_variables:
                word.add(QUOTED, "".join(letters))
                letters.clear()
                if self._percent(word, QUOTED_VARIABLE):
                    continue
            letters.append(letter)
            self.at += 1
        self.is_torn = self.is_torn or self.at >= len(self.text)
        self.at += 1
        word.add(QUOTED, "".join(letters))

    def _here_string(self, word: Word) -> None:
        quote = self.text[self.at + 1]
        end = self.text.find(f"\n{quote}@", self.at + 2)
        self.is_torn = self.is_torn or end < 0
        end = len(self.text) if end < 0 else end
        self.at += 2
        while self.at < end and self.text[self.at] in "\r\n":
            self.at += 1
        while quote == '"' and (place := self.text.find("$", self.at, end)) >= 0:
            word.add(QUOTED, self.text[self.at : place])
            self.at = place
            self._variable_in_text(word)
        word.add(QUOTED, self.text[self.at : end])
        self.at = max(end, self.at) + 3

    def _names_a_variable(self, letter: str, word: Word) -> bool:
        """`$name`, and `@name` for the values of a list as arguments."""
        is_list = (
            letter == "@" and not word.parts and self.text[self.at + 1 : self.at + 2].isalpha()
        )
        return self.dialect.has_variables and (letter == "$" or is_list)

    def _percent(self, word: Word, kind: int) -> bool:
        """cmd's `%NAME%`, and the `%f` or `%%f` of a loop."""
        if self.dialect.has_variables:
            return False
        start = self.at + 2 if self.text.startswith("%%", self.at) else self.at + 1
        end = start
        while end < len(self.text) and (self.text[end].isalnum() or self.text[end] in "_~"):
            end += 1
        if end == start:
            return False
        is_closed = self.text.startswith("%", end) and start == self.at + 1
        modifiers, is_modified, name = self.text[start:end].rpartition("~")
        if is_modified and not modifiers and name[:-1] in _WHOLE_PATHS:
            name = name[-1:]  # `%~f`
        else:
            name = self.text[start:end]
        word.add(kind, name if name == SOMETHING[1:] else name.upper())
        self.at = end + is_closed
        return True

    def _variable_in_text(self, word: Word) -> None:
        """`"$name"`, and the commands of `"$(git push)"`, with what they stand for."""
        self._variable(word, QUOTED_VARIABLE)
        if word.parts[-1] == (OUTPUT, "…") and self.depth < MAX_DEPTH:
            word.parts[-1:] = self.commands_in_text() or word.parts[-1:]

    def _variable(self, word: Word, kind: int) -> None:
        if self.text.startswith("$(", self.at):
            word.add(OUTPUT, "…")
            self.at += 1  # what is in the parentheses is read as commands
            return
        end = self.at + 1
        while end < len(self.text) and (self.text[end].isalnum() or self.text[end] in "_:{}"):
            if self.text[end] == "}":
                end += 1
                break
            end += 1
        name = _plain_name(self.text[self.at + 1 : end].strip("{}"))
        word.add(kind if name else QUOTED, name or "$")
        self.at = end_of_property(self.text, end) if kind == VARIABLE else end
