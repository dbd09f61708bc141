"""Reads a line of PowerShell, or of cmd, into its commands, as `posix` does for sh."""

from __future__ import annotations

from coord.client.shell.windows_words import (
    assigned,
    behind_condition,
    end_of_property,
    loop,
    loop_of_cmd,
    merged,
    part_assignment,
    part_method,
    place,
)
from coord.client.shell.words import (
    OUTPUT,
    PLAIN,
    QUOTED,
    QUOTED_VARIABLE,
    VARIABLE,
    Command,
    Loop,
    Word,
    word_of,
)
from coord.client.suggestions import SINGLE_QUOTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.words import Item

_BLANKS = frozenset(" \t\r")
# PowerShell takes what word processors make of quotes and dashes for those
# (https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules).
_DOUBLE_QUOTES = '"\u201c\u201d\u201e'
_DASHES = "\u2013\u2014\u2015"
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "0": ""}
MAX_DEPTH = 40  # of arguments in parentheses, in one another
_SWITCHES = ((VARIABLE, "true"), (VARIABLE, "false"))
_STREAMS = ("streamwriter", "filestream")
_RESERVED = frozenset("if else elseif foreach while try catch finally do return exit throw".split())


class _Dialect:
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


_POWERSHELL = _Dialect("`", (SINGLE_QUOTES, _DOUBLE_QUOTES), ";|&\n{}()", is_powershell=True)
_CMD = _Dialect("^", ('"',), "|&\n()", is_powershell=False)


def read_powershell(text: str) -> tuple[list[Item], bool]:
    """As `posix.read`."""
    return _Reader(text, _POWERSHELL).read()


def read_cmd(text: str) -> tuple[list[Item], bool]:
    return _Reader(text, _CMD).read()


class _Reader:
    def __init__(self, text: str, dialect: _Dialect) -> None:
        self.text = text
        self.dialect = dialect
        self.at = 0
        self.items: list[Item] = []
        self.is_torn = False
        self._command = Command()
        self._source: Command | None = None
        self._closed: Command | None = None  # the last one within parentheses, or before braces
        self._openers: list[Command] = []  # those before the braces around
        self._is_called = False  # what in the parentheses that come next stands for
        self._depth = 0

    def read(self) -> tuple[list[Item], bool]:
        self._read_list("")
        return self.items, not self.is_torn

    def _read_list(self, closer: str) -> None:
        """Commands up to the closer, or to the end of the text."""
        opened = 0
        while self.at < len(self.text):
            letter = self.text[self.at]
            opened += {"(": 1, ")": -1}.get(letter, 0)
            if closer and opened < 0:
                self.at += 1
                break
            if letter in _BLANKS:
                self.at += 1
            elif self.dialect.has_comments and self.text.startswith("<#", self.at):
                end = self.text.find("#>", self.at)
                self.at = end + 2 if end >= 0 else len(self.text)
            elif letter == "#" and self.dialect.has_comments:
                end = self.text.find("\n", self.at)
                self.at = end if end >= 0 else len(self.text)
            elif letter == self.dialect.escape and self.text[self.at + 1 : self.at + 2] == "\n":
                self.at += 2
            elif letter == "(" and self._calls_a_method():
                self.at += 1
            elif letter == "(" and (self._is_called or self._is_argument()):
                opened -= 1
                self._argument()
            elif self.dialect.has_variables and self.text.startswith("@{", self.at):
                self._command.words += self._table()
            elif letter in self.dialect.separates:
                self._operator(letter)
            elif letter == ">" or (
                letter in "123456*" and self.text[self.at + 1 : self.at + 2] == ">"
            ):
                self._redirect()
            else:
                word = self._word()
                self._command.words += [word] if word.parts else []
        self._end()

    def _table(self) -> list[Word]:
        """`@{ Path = 'app.py'; Force = $true }`, as the parameters that `@name` makes of it."""
        words: list[Word] = []
        is_name = True
        self.at += 2
        while self.at < len(self.text) and self.text[self.at] != "}":
            letter = self.text[self.at]
            if letter in _BLANKS or letter in self.dialect.separates or letter == "=":
                is_name = (is_name or letter in ";\n") and letter != "="
                self.at += 1
                continue
            word = self._word()
            if is_name and word.parts:
                words.append(word_of(f"-{word.parts[0][1].rstrip('=')}"))
                is_name = not word.parts[0][1].endswith("=")
            elif word.parts and word.parts[0] not in _SWITCHES:
                words.append(word)
        self.at += 1
        return words

    def _calls_a_method(self) -> bool:
        """`[IO.File]::Delete(…)`: the arguments stand in parentheses."""
        words = self._command.words
        is_behind = bool(words) and self.text[self.at - 1] not in " \t\r("
        last = (words[-1].literal or "") if words else ""
        return is_behind and ("]::" in last or last.lower().endswith(_STREAMS))

    def _is_argument(self) -> bool:
        words = self._command.words
        return (
            self.dialect.has_variables
            and bool(words)
            and (words[0].literal or "").lower() not in _RESERVED
            and self._depth < MAX_DEPTH
        )

    def _argument(self) -> None:
        """`(Join-Path src app.py)`: the commands that it runs, and the word that it stands for."""
        around, source, start = self._command, self._source, len(self.items)
        self._command, self._source, self._is_called = Command(), None, False
        self._depth += 1
        self.at += 1
        self._read_list(")")
        self._depth -= 1
        self._command, self._source = around, source
        if around.words and around.words[-1].literal == "@":  # a list
            del around.words[-1]
        self.at = end_of_property(self.text, self.at)
        words = place(self.items[start:])
        if words:
            del self.items[start:]
        else:
            words = [Word()]
            words[0].add(OUTPUT, "…")
        around.words += words

    def _operator(self, letter: str) -> None:
        is_call = self.dialect.has_variables and not self._command.words  # `& "a program"`
        if is_call and letter == "&" and not self.text.startswith("&&", self.at):
            self.at += 1
            self._is_called = self.text[self.at :].lstrip(" \t")[:1] == "("
            return
        if letter == "(" and not self.dialect.has_variables and self._loop_of_cmd():
            return
        doubled = self.text[self.at : self.at + 2] in ("&&", "||")
        self.at += 2 if doubled else 1
        pipes = letter == "|" and not doubled
        closed = self._closed if (pipes or letter == ")") and not self._command else None
        if letter == "{":
            self._openers.append(self._command)
        self._closed = (self._command or closed) if letter == ")" else None
        self._end(pipes=pipes)
        self._source = (closed if pipes else None) or self._source
        if letter == "}" and self._openers:
            self._closed = self._openers.pop() or None
        elif letter == ")" and self.text[self.at : self.at + 1] == ".":  # `(Get-Item x).Delete()`
            self._source = self._closed

    def _loop_of_cmd(self) -> bool:
        end = self.text.find(")", self.at)
        items = _Reader(self.text[self.at + 1 : end], _CMD).read()[0] if end > 0 else []
        values = [word for item in items if isinstance(item, Command) for word in item.words]
        following = loop_of_cmd(self._command.words, values)
        if following is not None:
            self.items.append(following)
            self._command = Command()
            self.at = end + 1
        return following is not None

    def _end(self, *, pipes: bool = False) -> None:
        command = self._command
        command.source = self._source
        self._tidy(command)
        is_assignment = self._is_assignment(command)
        following = assigned(command.words) if is_assignment else loop(command.words)
        if following is not None:
            self.items.append(following)
            command.words = []
        elif is_assignment:
            name, value = command.words[0].parts[0][1], command.words[2]
            runs_a_program = len(command.words) > 3 and value.literal is not None
            if not runs_a_program:
                command.assignments.append((name, [value]))
            del command.words[: 2 if runs_a_program else 3]
            for word in place([command])[:1] if runs_a_program else []:  # not `$said = git push`
                self.items.append(Loop(name, [word], is_list=True))
        part_method(command)
        if command:
            self.items.append(command)
        self._source = command if pipes else None
        self._command = Command()

    def _tidy(self, command: Command) -> None:
        """Without the words of the language that stand before it."""
        words = command.words
        if words and not self.dialect.has_variables and (words[0].literal or "").lower() == "if":
            words[:] = behind_condition(words)
        while words and (words[0].literal or "").lower() in _RESERVED:
            if command.source is not None and (words[0].literal or "").lower() == "foreach":
                break  # the short name of `ForEach-Object`
            del words[0]
        if words and not self.dialect.has_variables and (words[0].literal or "")[:1] == "@":
            words[0].parts = [(PLAIN, (words[0].literal or "")[1:])]
        if len(words) > 1 and (words[0].literal or "").lower() == "[void]":
            del words[0]
        part_assignment(command)

    def _is_assignment(self, command: Command) -> bool:
        """`$name = value`"""
        words = command.words
        return (
            len(words) > 2
            and len(words[0].parts) == 1
            and words[0].parts[0][0] == VARIABLE
            and words[1].literal == "="
        )

    def _redirect(self) -> None:
        while self.text[self.at] != ">":
            self.at += 1
        while self.at < len(self.text) and self.text[self.at] == ">":
            self.at += 1
        if self.text.startswith("&", self.at):
            self.at += 2
            return
        while self.at < len(self.text) and self.text[self.at] in _BLANKS:
            self.at += 1
        if self.at < len(self.text) and self.text[self.at] not in self.dialect.separates:
            self._command.redirects.append((">", self._word()))

    def _word(self) -> Word:
        word = Word()
        start = self.at
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter in _BLANKS or letter in self.dialect.separates or letter in ">,":
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
                self._variable(word, QUOTED_VARIABLE)
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
        word.add(QUOTED, self.text[self.at + 2 : end].lstrip("\r\n"))
        self.at = end + 3

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
        word.add(kind, self.text[start:end])
        self.at = end + is_closed
        return True

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
        name = self.text[self.at + 1 : end].strip("{}")
        name = name[len("env:") :] if name.lower().startswith("env:") else name
        word.add(kind if name else QUOTED, name or "$")
        self.at = end_of_property(self.text, end) if kind == VARIABLE else end
