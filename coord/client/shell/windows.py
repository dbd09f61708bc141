"""Reads a line of PowerShell, or of cmd, into its commands, as `posix` does for sh."""

from __future__ import annotations

from coord.client.shell.windows_spelling import (
    BLANKS,
    DOUBLE_QUOTES,
    MAX_DEPTH,
    Dialect,
    WordReader,
)
from coord.client.shell.windows_words import (
    added,
    assigned,
    behind_condition,
    end_of_property,
    is_text,
    loop,
    loop_of_cmd,
    part_assignment,
    part_method,
    path_of,
    place,
)
from coord.client.shell.words import (
    OUTPUT,
    PLAIN,
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

MAX_INDENT = 200  # characters before the pipe with which a line begins
_SWITCHES = ((VARIABLE, "true"), (VARIABLE, "false"))
_STREAMS = ("streamwriter", "filestream")
_COMBINES = ("path]::combine", "path]::join", "path]::getfullpath")
_RESERVED = frozenset("if else elseif foreach while try catch finally do return exit throw".split())


_POWERSHELL = Dialect("`", (SINGLE_QUOTES, DOUBLE_QUOTES), ";|&\n{}()", is_powershell=True)
_CMD = Dialect("^", ('"',), "|&\n()", is_powershell=False)


def read_powershell(text: str) -> tuple[list[Item], bool]:
    """As `posix.read`."""
    return _Reader(text.replace("\r\n", "\n"), _POWERSHELL).read()


def read_cmd(text: str) -> tuple[list[Item], bool]:
    return _Reader(text.replace("\r\n", "\n"), _CMD).read()


class _Reader(WordReader):
    def __init__(self, text: str, dialect: Dialect) -> None:
        super().__init__(text, dialect)
        self.items: list[Item] = []
        self._command = Command()
        self._source: Command | None = None
        self._closed: Command | None = None  # the last one within parentheses, or before braces
        self._openers: list[Command] = []  # those before the braces around
        self._is_called = False  # what in the parentheses that come next stands for

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
            if letter in BLANKS:
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
                opened -= self._method()
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
                word = self.word()
                self._command.words += [word] if word.parts else []
        self._end()

    def _table(self) -> list[Word]:
        """`@{ Path = 'app.py'; Force = $true }`, as the parameters that `@name` makes of it."""
        words: list[Word] = []
        is_name = True
        self.at += 2
        while self.at < len(self.text) and self.text[self.at] != "}":
            letter = self.text[self.at]
            if letter in BLANKS or letter in self.dialect.separates or letter == "=":
                is_name = (is_name or letter in ";\n") and letter != "="
                self.at += 1
                continue
            word = self.word()
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
            and self.depth < MAX_DEPTH
        )

    def _method(self) -> int:
        """Reads on in its arguments, or as a word what `[IO.Path]::Combine(…)` stands for; how many
        parentheses are read to their end."""
        around, start = self._command, len(self.items)
        if not (around.words[-1].literal or "").lower().endswith(_COMBINES):
            self.at += 1
            return 0
        self._inner_list()
        items = [item for item in self.items[start:] if isinstance(item, Command)]
        del self.items[start:]
        around.words[-1:] = [path_of([word for item in items for word in item.words])]
        return 1

    def _argument(self) -> None:
        """`(Join-Path src app.py)`: the commands that it runs, and the word that it stands for."""
        around, start, before = self._command, len(self.items), self.text[self.at - 1]
        self._inner_list()
        last = around.words[-1] if around.words else Word()
        if last.literal == "@" or (before == "$" and last.parts == [(OUTPUT, "…")]):
            del around.words[-1]  # a list
        self.at = end_of_property(self.text, self.at)
        words = place(self.items[start:])
        if words:
            del self.items[start:]
        else:
            words = [Word()]
            words[0].add(OUTPUT, "…")
        around.words += words

    def _inner_list(self) -> None:
        """The commands in the parentheses that begin here."""
        around, source = self._command, self._source
        self._command, self._source, self._is_called = Command(), None, False
        self.depth += 1
        self.at += 1
        self._read_list(")")
        self.depth -= 1
        self._command, self._source = around, source

    def commands_in_text(self) -> list[tuple[int, str]]:
        start = len(self.items)
        self._inner_list()
        words = place(self.items[start:])
        if len(words) != 1:
            return []
        del self.items[start:]
        return words[0].parts

    def _goes_on(self) -> bool:
        """At the end of a line: whether a pipe stands before it, or begins the next one."""
        if self._source is not None and not self._command:
            return True
        behind = self.text[self.at : self.at + MAX_INDENT].lstrip()
        return self.dialect.has_variables and behind[:1] == "|" and behind[:2] != "||"

    def _operator(self, letter: str) -> None:
        if letter == "\n" and self._goes_on():
            self.at += 1
            return
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
        inner = self.text[self.at + 1 : end].strip() if end > 0 else ""
        items = _Reader(inner, _CMD).read()[0]
        values = [word for item in items if isinstance(item, Command) for word in item.words]
        following = loop_of_cmd(self._command.words, values)
        if following is not None:
            if inner[:1] in ("'", "`"):  # `for /f %i in ('git push')`
                self.items += _Reader(inner.strip("'`"), _CMD).read()[0]
            self.items.append(following)
            self._command = Command()
            self.at = end + 1
        return following is not None

    def _end(self, *, pipes: bool = False) -> None:
        command = self._command
        command.source = self._source
        if is_text(self._source):  # `@'…'@ | python -`
            command.stdin = [self._source.words[0]] if self._source is not None else []
        self._tidy(command)
        is_assignment = self._is_assignment(command)
        if is_assignment:
            command.words[2:] = added(command.words[2:])
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
        while self.at < len(self.text) and self.text[self.at] in BLANKS:
            self.at += 1
        if self.at < len(self.text) and self.text[self.at] not in self.dialect.separates:
            self._command.redirects.append((">", self.word()))
