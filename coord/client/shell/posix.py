"""Reads a line of sh, bash or zsh into its commands, by the shell's own rules: quotes, escapes,
here-documents, comments, lists, pipelines, subshells, substitutions.

One pass over the text, so its time grows with its length. Nothing is run.
"""

from __future__ import annotations

from coord.client.shell.posix_redirects import BLANKS, RedirectReader
from coord.client.shell.posix_words import ENDS, TooDeep
from coord.client.shell.words import (
    PLAIN,
    QUOTED,
    QUOTED_VARIABLE,
    Branch,
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

_RESERVED = frozenset(
    ("if", "then", "else", "elif", "fi", "do", "done", "while", "until", "esac", "!", "{", "}")
)
_BRANCHES = {"if": True, "fi": False, "esac": False}
_DOUBLED = ("&&", "||", ";;", "|&", ";&")
MAX_APART = 1000  # items of a part of a pipeline
MAX_RESERVED = 4  # that stand in front of a command: `then ! { while`
_BEFORE_GROUP = _RESERVED | {"time", "coproc", "always"}
_DECLARATIONS = frozenset(("declare", "typeset", "local", "readonly", "export"))


def read(text: str) -> tuple[list[Item], bool]:
    """The commands in their order, and whether the line was understood to its end: an open quote
    or parenthesis leaves it torn."""
    reader = _Reader(text, 0)
    try:
        reader.read_list("")
    except TooDeep:
        reader.is_torn = True
    return reader.items, not reader.is_torn


class _Reader(RedirectReader):
    def __init__(self, text: str, depth: int) -> None:
        super().__init__(text, depth)
        self._parts: list[bool] = []  # of the loops and groups around, whether a pipeline has them
        self._groups = 0  # around

    def inner(self, text: str) -> _Reader:
        return _Reader(text, self.depth)

    def read_list(self, closer: str) -> None:
        """Commands up to the closer, or to the end of the text."""
        self.descend()
        group = _List(len(self.items))
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter in BLANKS or self.text.startswith("\\\n", self.at):
                self.pass_blanks()
            elif letter == "#":
                self.at = self.line_end()
            elif letter == "\n":
                self.at += 1
                self._end(group)
                group.list_start = len(self.items)
                self.read_documents()
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

    # --- commands -----------------------------------------------------------------------------

    def _end(self, group: _List, *, pipes: bool = False) -> None:
        """The command read so far is complete."""
        command = group.command
        if command:
            command.source = group.source
            command.operator_before = group.operator_before
            self._emit(command)
        if pipes or group.source is not None:
            self._set_apart(group.start, is_first=group.source is None)
        group.source = command if pipes else None
        group.command = Command()
        group.start = len(self.items)
        group.is_test, group.operator_before = False, ""

    def _set_apart(self, start: int, *, is_first: bool = True) -> None:
        """Gives what has been read since a shell of its own. `is_first`: what has not ended yet
        is around it, else within."""
        depth, at = 0, len(self.items)
        while at > max(len(self.items) - MAX_APART, 0) and (at > start or depth):
            item = self.items[at - 1]
            if isinstance(item, Loop) or (isinstance(item, (Scope, Group)) and item.opens):
                if not depth:
                    break
                depth -= 1
            elif isinstance(item, (LoopEnd, Scope, Group)):
                depth += 1
            at -= 1
        if depth or at == len(self.items) or (at > start and not is_first):
            return
        at -= at > 0 and isinstance(self.items[at - 1], Function)
        self.items.insert(at, Scope(opens=True, is_part=True))
        self.items.append(Scope(opens=False, is_part=True))

    def _emit(self, command: Command) -> None:
        while command.words and command.words[0].literal in _RESERVED:
            reserved = command.words.pop(0).literal
            if reserved in ("while", "until"):
                self._begin(Loop("", []), command)
            elif reserved == "done":
                self._close(LoopEnd(command))
            elif reserved == "{":
                self._begin(Group(opens=True), command)
            elif reserved == "}":
                self._close(Group(opens=False))
            elif reserved in _BRANCHES:
                self.items.append(Branch(opens=_BRANCHES[reserved]))
        names = [word.literal for word in command.words[:3]]
        if names[:1] in (["for"], ["select"]):
            listed = command.words[3:] if names[2:] == ["in"] else [_arguments()]
            self._begin(Loop(names[1] or "" if len(names) > 1 else "", listed), command)
        elif names[:1] == ["case"]:
            self.items.append(Branch(opens=True))
        elif command:
            self.items.append(command)

    def _begin(self, item: Loop | Group, command: Command) -> None:
        """Where it is a part of a pipeline, it has a shell of its own."""
        is_part = command.source is not None
        self._groups += isinstance(item, Group)
        self._parts.append(is_part)
        self.items += [Scope(opens=True, is_part=True), item] if is_part else [item]

    def _close(self, item: LoopEnd | Group) -> None:
        self.items.append(item)
        self._groups -= isinstance(item, Group)
        if self._parts and self._parts.pop():
            self.items.append(Scope(opens=False, is_part=True))

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
            else:  # the pattern of a case
                words = [word.literal for word in group.command.words if word.literal != "case"]
                if len(words) < len(group.command.words):
                    self.items.append(Branch(opens=True))
                group.command = Command()
        else:
            operator = self.text[self.at : self.at + 2]
            operator = operator if operator in _DOUBLED else letter
            self.at += len(operator)
            joins = operator if operator in ("&&", "||") else ""
            group.command.operator_behind = joins
            self._end(group, pipes=operator in ("|", "|&"))
            group.operator_before = joins
            if operator == "&":
                self._set_apart(group.list_start)
            if operator in ("&", ";", ";;", ";&"):
                group.start = group.list_start = len(self.items)

    def _open(self, group: _List) -> None:
        words = group.command.words
        is_first = all(word.literal in _BEFORE_GROUP for word in words[:MAX_RESERVED])
        is_loop = [word.literal for word in words[-1:]] == ["for"]
        if self.text.startswith("((", self.at) and (is_first or is_loop):
            end = self.arithmetic_end(self.at, parts=";" if is_loop else "")
            if end:
                self._arithmetic(group, self.text[self.at + 2 : end - 2])
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

    def _arithmetic(self, group: _List, text: str) -> None:
        """`((i++))`, as `let` has it."""
        command, name, expression = Command(), Word(), Word()
        name.add(PLAIN, "let")
        expression.add(QUOTED, text)
        command.words = [name, expression]
        self.items.append(command)
        if [word.literal for word in group.command.words[-1:]] == ["for"]:
            group.command.words[-1:] = []
            group.command.source = group.source
            self._begin(Loop("", []), group.command)

    def _begin_function(self, group: _List) -> None:
        """`name()`, or `function name`: what stands in the command, which is none."""
        self.items.append(Function(group.command.words[-1].literal or ""))
        group.command = Command()

    # --- words ------------------------------------------------------------------------------------

    def _word_or_redirect(self, group: _List) -> None:
        operator = "" if group.is_test else self.redirect_operator()
        if operator:
            self.redirect(group.command, operator)
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
        if first[0] == PLAIN and is_assignment(first[1]):
            if is_first:
                self._assign(command, word)
                return
            if self._declares_array(command):
                declared = Command()
                self._assign(declared, word)
                self.items.append(declared)
                return
        if self._is_brace(text, command):  # zsh needs no `;` before it
            self._end(group)
            command = group.command
        command.words.append(word)
        if text in ("{", "}") and self._begins_group(command.words):
            command.words = [word for word in command.words if word.literal in _RESERVED]
            command.source = group.source
            self._emit(command)  # before what is run within the words behind it
            group.command = Command()
        elif self._is_function(command) and not self._is_before("("):
            self._begin_function(group)
        if text == "[[" and len(command.words) == 1:
            group.is_test = True
        elif text == "]]":
            group.is_test = False

    def _is_brace(self, text: str | None, command: Command) -> bool:
        """`{ git push }`, `if [[ -f x ]] { git push }` and `repeat 3 { git push }`."""
        words = command.words
        if text == "}":
            return self._groups > 0 and bool(words)
        is_repeated = len(words) == 2 and words[0].literal == "repeat"
        return text == "{" and bool(words) and (words[-1].literal == "]]" or is_repeated)

    def _begins_group(self, words: list[Word]) -> bool:
        """`{`, `time {`, `coproc NAME {`"""
        if len(words) == 3 and words[0].literal == "coproc":
            return True
        return all(word.literal in _BEFORE_GROUP for word in words)

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
        target, _, value = text.partition("=")
        name = target.rstrip("+").partition("[")[0]
        word.parts[0] = (kind, value)
        is_array = not value and len(word.parts) == 1 and self.text.startswith("(", self.at)
        words = self._array() if is_array else [word]
        if target != name:  # it comes to what is there
            before = Word()
            before.add(QUOTED_VARIABLE, name)
            before.defaults[name] = ""
            if is_array or "[" in target:
                words.insert(0, before)
            else:
                word.parts[:0] = before.parts
                word.defaults[name] = ""
        command.assignments.append((name, words))

    def _array(self) -> list[Word]:
        """Of `(a b [2]=c)`."""
        words: list[Word] = []
        self.at += 1
        while self.at < len(self.text) and self.text[self.at] != ")":
            if self.text[self.at] == "#":
                self.at = self.line_end()
            elif self.text[self.at] in ENDS:
                self.at += 1
            else:
                word = self.read_word()
                kind, text = word.parts[0] if word.parts else (QUOTED, "")
                if kind == PLAIN and text[:1] == "[" and "]=" in text:
                    word.parts[0] = (kind, text.partition("]=")[2])
                words.append(word)
        self.at += 1
        return words

    def _declares_array(self, command: Command) -> bool:
        """`declare -a name=(a b)`"""
        is_one = bool(command.words) and command.words[0].literal in _DECLARATIONS
        return is_one and self.text.startswith("(", self.at)


class _List:
    """Where the reader is within a list. `start`: the index of the first item of this command,
    `list_start`: of all that `&` would end. `opened`: subshells that have not ended. `is_test`:
    within `[[ … ]]`, where operators are none. `operator_before`: the `&&` or `||` that the command
    stands behind."""

    __slots__ = (
        "command",
        "is_test",
        "list_start",
        "opened",
        "operator_before",
        "source",
        "start",
    )

    def __init__(self, start: int) -> None:
        self.start = self.list_start = start
        self.operator_before = ""
        self.command = Command()
        self.source: Command | None = None
        self.opened: list[int] = []
        self.is_test = False


def _arguments() -> Word:
    word = Word()
    word.add(QUOTED_VARIABLE, "@")
    return word
