"""Reads a line of PowerShell, or of cmd, into its commands, as `posix` does for sh."""

from __future__ import annotations

from coord.client.shell.words import (
    OUTPUT,
    PLAIN,
    QUOTED,
    QUOTED_VARIABLE,
    VARIABLE,
    Command,
    Word,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.words import Item

_BLANKS = frozenset(" \t\r")
MAX_DEPTH = 40  # of arguments in parentheses, in one another
_STREAMS = ("streamwriter", "filestream")
_RESERVED = frozenset("if else elseif foreach while try catch finally do return exit throw".split())


class _Dialect:
    """`escape`: the letter that takes the next one as it is. `quotes`: those that there are.
    `separates`: what ends a command."""

    __slots__ = ("escape", "has_comments", "has_variables", "quotes", "separates")

    def __init__(self, escape: str, quotes: str, separates: str, *, is_powershell: bool) -> None:
        self.escape = escape
        self.quotes = quotes
        self.separates = frozenset(separates)
        self.has_comments = self.has_variables = is_powershell


_POWERSHELL = _Dialect("`", "'\"", ";|&\n{}()", is_powershell=True)
_CMD = _Dialect("^", '"', "|&\n()", is_powershell=False)


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
        self._closed: Command | None = None  # the last one within parentheses
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
            elif letter == "(" and self._is_argument():
                opened -= 1
                self._argument()
            elif letter in self.dialect.separates:
                self._operator(letter)
            elif letter == ">" or self.text[self.at : self.at + 2] in ("1>", "2>", "*>"):
                self._redirect()
            else:
                word = self._word()
                self._command.words += [word] if word.parts else []
        self._end()

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
        self._command, self._source = Command(), None
        self._depth += 1
        self.at += 1
        self._read_list(")")
        self._depth -= 1
        self._command, self._source = around, source
        if around.words[-1].literal == "@":  # a list
            del around.words[-1]
        words = _place(self.items[start:])
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
            return
        doubled = self.text[self.at : self.at + 2] in ("&&", "||")
        self.at += 2 if doubled else 1
        pipes = letter == "|" and not doubled
        closed = self._closed if pipes and not self._command else None
        self._closed = self._command if letter == ")" and self._command else None
        self._end(pipes=pipes)
        self._source = closed or self._source

    def _end(self, *, pipes: bool = False) -> None:
        command = self._command
        while command.words and (command.words[0].literal or "").lower() in _RESERVED:
            del command.words[0]
        _part_assignment(command)
        if self._is_assignment(command):
            name, value = command.words[0].parts[0][1], command.words[2]
            runs_a_program = len(command.words) > 3 and value.literal is not None
            if not runs_a_program:  # `$said = git push`
                command.assignments.append((name, value))
            del command.words[: 2 if runs_a_program else 3]
        if command:
            command.source = self._source
            self.items.append(command)
        self._source = command if pipes else None
        self._command = Command()

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
            elif letter == "$" and self.dialect.has_variables:
                self._variable(word, VARIABLE)
            elif letter == "%" and not self.dialect.has_variables and self._percent(word):
                continue
            else:
                word.add(PLAIN, letter)
                self.at += 1
        if self.at == start:
            self.at += 1  # a comma between the values of a list
        self.at = min(self.at, len(self.text))
        return _merged(word)

    def _quoted(self, word: Word, quote: str) -> None:
        self.at += 1
        letters: list[str] = []
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter == quote:
                if self.text[self.at + 1 : self.at + 2] != quote:
                    break
                self.at += 1  # doubled, it stands for itself
            elif letter == self.dialect.escape == "`" and quote == '"':
                self.at += 1
                letter = self.text[self.at : self.at + 1]
            elif letter == "$" and quote == '"' and self.dialect.has_variables:
                word.add(QUOTED, "".join(letters))
                letters.clear()
                self._variable(word, QUOTED_VARIABLE)
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

    def _percent(self, word: Word) -> bool:
        """cmd's `%NAME%`, and the `%f` or `%%f` of a loop."""
        start = self.at + 2 if self.text.startswith("%%", self.at) else self.at + 1
        end = start
        while end < len(self.text) and (self.text[end].isalnum() or self.text[end] in "_~"):
            end += 1
        if end == start:
            return False
        is_closed = self.text.startswith("%", end) and start == self.at + 1
        word.add(VARIABLE, self.text[start:end])
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
        self.at = end


def _part_assignment(command: Command) -> None:
    """`$name='value'`, without blanks, as with them."""
    parts = command.words[0].parts if command.words else []
    if len(parts) < 2 or parts[0][0] != VARIABLE or parts[1][0] != PLAIN:
        return
    kind, text = parts[1]
    if text[:1] != "=" or text[:2] == "==":
        return
    name, sign, value = Word(), Word(), Word()
    name.parts, sign.parts = parts[:1], [(PLAIN, "=")]
    value.parts = [(kind, text[1:]), *parts[2:]] if text[1:] else parts[2:]
    command.words[:1] = [name, sign, value] if value.parts else [name, sign]


def _place(items: list[Item]) -> list[Word]:
    """What `Join-Path src app.py` stands for, or texts alone."""
    command = items[-1] if len(items) == 1 else None
    if not isinstance(command, Command) or command.redirects or command.assignments:
        return []
    words = [word for word in command.words if not (word.literal or "").startswith("-")]
    if all(word.parts[0][0] in (QUOTED, VARIABLE, QUOTED_VARIABLE) for word in words):
        return words
    if len(words) < 3 or (words[0].literal or "").lower() != "join-path":
        return []
    place = Word()
    for word in words[1:]:
        if place.parts:
            place.add(QUOTED, "/")
        place.parts += word.parts
    return [place]


def _merged(word: Word) -> Word:
    """Letters that stand side by side as one part."""
    parts = word.parts
    word.parts = []
    letters: list[str] = []
    for kind, text in [*parts, (QUOTED, "")]:
        if kind == PLAIN:
            letters.append(text)
            continue
        if letters:
            word.parts.append((PLAIN, "".join(letters)))
            letters = []
        word.parts.append((kind, text))
    if len(word.parts) > 1:
        word.parts.pop()
    return word
