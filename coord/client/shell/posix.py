"""Reads a line of sh or bash into its commands, by the shell's own rules: quotes, escapes,
here-documents, comments, lists, pipelines, subshells, substitutions.

One pass over the text, so its time grows with its length. Nothing is run.
"""

from __future__ import annotations

from coord.client.shell.posix_words import ENDS, TooDeep, WordReader
from coord.client.shell.words import (
    PLAIN,
    QUOTED,
    QUOTED_VARIABLE,
    Command,
    Function,
    Group,
    Loop,
    LoopEnd,
    Scope,
    Word,
    is_assignment,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.words import Item

_BLANKS = frozenset(" \t\r")
_RESERVED = frozenset(
    ("if", "then", "else", "elif", "fi", "do", "done", "while", "until", "esac", "!", "{", "}")
)
MAX_RESERVED = 4  # that stand in front of a command: `then ! { while`
_BEFORE_GROUP = _RESERVED | {"time"}


def read(text: str) -> tuple[list[Item], bool]:
    """The commands in their order, and whether the line was understood to its end: an open quote
    or parenthesis leaves it torn."""
    reader = _Reader(text, 0)
    try:
        reader.read_list("")
    except TooDeep:
        reader.is_torn = True
    return reader.items, not reader.is_torn


class _Reader(WordReader):
    def __init__(self, text: str, depth: int) -> None:
        super().__init__(text, depth)
        self._pending: list[tuple[str, bool, bool, Command]] = []  # here-documents still to come

    def inner(self, text: str) -> _Reader:
        return _Reader(text, self.depth)

    def read_list(self, closer: str) -> None:
        """Commands up to the closer, or to the end of the text."""
        self.descend()
        group = _List()
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter in _BLANKS:
                self.at += 1
            elif letter == "#":
                self.at = self._line_end()
            elif letter == "\n":
                self.at += 1
                self._end(group)
                self._read_documents()
            elif letter == ")" and closer and not group.opened:
                self.at += 1
                self._end(group)
                self.depth -= 1
                return
            elif letter in ";&|()" and not group.is_test:
                self._operator(group)
            else:
                self._word_or_redirect(group)
        self._end(group)
        self.is_torn = self.is_torn or bool(closer) or bool(group.opened)
        self.depth -= 1

    def _line_end(self) -> int:
        end = self.text.find("\n", self.at)
        return len(self.text) if end < 0 else end

    # --- commands -----------------------------------------------------------------------------

    def _end(self, group: _List, *, pipes: bool = False) -> None:
        """The command read so far is complete."""
        command = group.command
        if command:
            command.source = group.source
            self._emit(command)
        group.source = command if pipes else None
        group.command = Command()
        group.is_test = False

    def _emit(self, command: Command) -> None:
        while command.words and command.words[0].literal in _RESERVED:
            reserved = command.words.pop(0).literal
            if reserved in ("while", "until"):
                self.items.append(Loop("", []))
            elif reserved == "done":
                self.items.append(LoopEnd(command))
            elif reserved in ("{", "}"):
                self.items.append(Group(opens=reserved == "{"))
        names = [word.literal for word in command.words[:3]]
        if names[:1] in (["for"], ["select"]):
            listed = command.words[3:] if names[2:] == ["in"] else [_arguments()]
            self.items.append(Loop(names[1] or "" if len(names) > 1 else "", listed))
        elif names[:1] == ["case"]:
            return
        elif command:
            self.items.append(command)

    def _operator(self, group: _List) -> None:
        letter = self.text[self.at]
        if letter == "&" and self.text[self.at + 1 : self.at + 2] == ">":
            self._word_or_redirect(group)
        elif letter == "(":
            self._open(group)
        elif letter == ")":
            self.at += 1
            if group.opened:
                self._end(group)
                group.opened.pop()
                self.items.append(Scope(opens=False))
            else:
                group.command = Command()  # the pattern of a case
        else:
            doubled = self.text[self.at : self.at + 2] in ("&&", "||", ";;", "|&", ";&")
            pipes = letter == "|" and self.text[self.at : self.at + 2] != "||"
            self.at += 2 if doubled else 1
            self._end(group, pipes=pipes)

    def _open(self, group: _List) -> None:
        words = group.command.words
        is_first = all(word.literal in _BEFORE_GROUP for word in words[:MAX_RESERVED])
        if self.text.startswith("((", self.at) and is_first:
            end = self.arithmetic_end(self.at)
            if end:
                self.at = end
                return
        self.at += 1
        if any(word.literal not in _BEFORE_GROUP for word in words):  # `name()`, or a pattern
            if self.text.startswith(")", self.at):
                self.at += 1
                self._begin_function(group)
            return
        self._end(group)
        group.opened.append(self.at)
        self.items.append(Scope(opens=True))

    def _begin_function(self, group: _List) -> None:
        """`name()`, or `function name`: what stands in the command, which is none."""
        self.items.append(Function(group.command.words[-1].literal or ""))
        group.command = Command()

    # --- redirections and here-documents ----------------------------------------------------------

    def _word_or_redirect(self, group: _List) -> None:
        operator = "" if group.is_test else self._redirect_operator()
        if operator:
            self._redirect(group.command, operator)
            return
        before = self.at
        words = group.command.words
        self.takes_patterns = bool(words) and words[-1].literal not in _BEFORE_GROUP
        word = self.read_word()
        if self.at == before:
            self.at += 1  # a letter that begins nothing: `<` in a test
            return
        text = word.literal
        command = group.command
        if text is not None and text.isdigit() and self.text[self.at : self.at + 1] in ("<", ">"):
            return  # the number of a file
        first = word.parts[0] if word.parts else (QUOTED, "")
        is_first = all(word.literal in _RESERVED for word in command.words[:MAX_RESERVED])
        if is_first and first[0] == PLAIN and is_assignment(first[1]):
            self._assign(command, word)
            return
        command.words.append(word)
        if text in ("{", "}") and all(word.literal in _RESERVED for word in command.words):
            self._emit(command)  # before what is run within the words behind it
            group.command = Command()
        elif self._is_function(command) and not self._is_before("("):
            self._begin_function(group)
        if text == "[[" and len(command.words) == 1:
            group.is_test = True
        elif text == "]]":
            group.is_test = False

    def _is_function(self, command: Command) -> bool:
        """`function name`"""
        words = command.words
        if len(words) < 2 or words[-2].literal != "function":
            return False
        return all(word.literal in _RESERVED for word in words[:-2])

    def _is_before(self, letter: str) -> bool:
        at = self.at
        while self.text[at : at + 1] in (" ", "\t"):
            at += 1
        return self.text.startswith(letter, at)

    def _assign(self, command: Command, word: Word) -> None:
        kind, text = word.parts[0]
        name, _, rest = text.partition("=")
        word.parts[0] = (kind, rest)
        if not rest and len(word.parts) == 1 and self.text.startswith("(", self.at):
            self.at += 1  # an array
            listed = Word()
            while self.at < len(self.text) and self.text[self.at] != ")":
                if self.text[self.at] in ENDS:
                    self.at += 1
                    continue
                if listed.parts:
                    listed.add(QUOTED, " ")
                listed.parts += self.read_word().parts
            self.at += 1
            word = listed
        command.assignments.append((name.rstrip("+"), word))

    def _redirect_operator(self) -> str:
        if self.text[self.at] not in "<>&":
            return ""
        for operator in ("&>>", "<<<", "<<-", "&>", "<<", ">>", ">|", ">&", "<&", "<>", "<", ">"):
            if self.text.startswith(operator, self.at):
                if operator in ("<", ">") and self.text.startswith("(", self.at + 1):
                    return ""  # a process in place of a file
                self.at += len(operator)
                return operator
        return ""

    def _redirect(self, command: Command, operator: str) -> None:
        while self.at < len(self.text) and self.text[self.at] in _BLANKS:
            self.at += 1
        word = self.read_word()
        text = "".join(part for _, part in word.parts)
        if operator in ("<<", "<<-"):
            is_quoted = any(kind == QUOTED for kind, _ in word.parts)
            self._pending.append((text, operator == "<<-", is_quoted, command))
        elif operator == "<<<":
            command.stdin.append(text)
        elif operator in (">&", "<&") and (text == "-" or text.rstrip("-").isdigit()):
            return
        else:
            command.redirects.append((operator, word))

    def _read_documents(self) -> None:
        """The here-documents that begin behind this line break."""
        pending, self._pending = self._pending, []
        for delimiter, strips_tabs, is_quoted, command in pending:
            lines: list[str] = []
            while self.at < len(self.text):
                end = self._line_end()
                line = self.text[self.at : end]
                self.at = end + 1
                line = line.lstrip("\t") if strips_tabs else line
                if line.rstrip("\r") == delimiter:
                    break
                if line.startswith(f"{delimiter})"):  # as bash takes it at the end of `$(…)`
                    self.at -= len(line) - len(delimiter) + 1
                    break
                lines.append(line)
            self.at = min(self.at, len(self.text))
            body = "\n".join(lines)
            command.stdin.append(body)
            if not is_quoted and ("$(" in body or "`" in body):
                self.run_inner(body, in_quotes=True)


class _List:
    """Where the reader is within a list. `opened`: subshells that have not ended. `is_test`: within
    `[[ … ]]`, where operators are none."""

    __slots__ = ("command", "is_test", "opened", "source")

    def __init__(self) -> None:
        self.command = Command()
        self.source: Command | None = None
        self.opened: list[int] = []
        self.is_test = False


def _arguments() -> Word:
    word = Word()
    word.add(QUOTED_VARIABLE, "@")
    return word
