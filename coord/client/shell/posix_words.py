"""Reads the words of a line of sh, bash or zsh: quotes, escapes, variables, substitutions."""

from __future__ import annotations

from coord.client.shell.words import (
    EDITED,
    OUTPUT,
    PLAIN,
    PROCESS,
    QUOTED,
    QUOTED_OUTPUT,
    QUOTED_VARIABLE,
    VARIABLE,
    Scope,
    Word,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.words import Item

MAX_DEPTH = 40  # of substitutions in substitutions
MAX_PATTERN = 500  # characters in parentheses
ENDS = frozenset(" \t\r\n;&|()<>")
_SPECIAL = ENDS | frozenset("\\'\"$`")
_IN_QUOTES = frozenset('"\\$`')
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "e": "\x1b", "f": "\f", "v": "\v"}
_CODES = {"x": (16, 2), "u": (16, 4), "U": (16, 8)}  # base, and digits at most
_DIGITS = "0123456789abcdef"
_BEFORE_PATTERN = frozenset("?*+@!")


class TooDeep(Exception):
    """Substitutions are nested deeper than anybody writes them."""


class WordReader:
    """`at` is where it is in the text. What substitutions run comes into `items`, before the
    command that they are part of."""

    def __init__(self, text: str, depth: int) -> None:
        self.text = text
        self.depth = depth
        self.at = 0
        self.items: list[Item] = []
        self.is_torn = False
        self.takes_patterns = False  # of a word that is an argument: `!(a|b)` is a pattern
        self._no_arithmetic_before = 0  # so that no part of the text is searched for it twice

    def read_list(self, closer: str) -> None:
        """Commands up to the closer."""
        raise NotImplementedError

    def inner(self, text: str) -> WordReader:
        """A reader of a text within this one."""
        raise NotImplementedError

    def descend(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise TooDeep

    def arithmetic_end(self, start: int, parts: str = "") -> int:
        """Behind the `))` of what begins with `((`; 0 where it is no arithmetic. `parts`: what may
        stand between its parts."""
        if start < self._no_arithmetic_before:
            return 0
        depth, at = 0, start
        while at < len(self.text):
            letter = self.text[at]
            at += 1
            if letter == "(":
                depth += 1
            elif letter == ")":
                depth -= 1
                if not depth and self.text[at - 2] == ")":
                    return at
            if not depth or (letter in "\n;'\"`" and letter not in (parts or "\n")):
                break
        self._no_arithmetic_before = at
        return 0

    def read_word(self) -> Word:
        word = Word()
        text = self.text
        while self.at < len(text):
            letter = text[self.at]
            if self._is_process(word):
                self.at += 2
                run = Word()
                self._nested(run)
                word.process = run.parts[0][1]
                word.add(QUOTED, PROCESS)
                continue
            if letter in ENDS:
                if letter == "(" and self._pattern(word):
                    continue
                break
            if letter == "'":
                self._single_quoted(word)
            elif letter == '"':
                self.at += 1
                self._double_quoted(word)
            elif letter == "\\":
                if text[self.at + 1 : self.at + 2] != "\n":
                    word.add(QUOTED, text[self.at + 1 : self.at + 2])
                self.at += 2
            elif letter == "$":
                self._dollar(word, VARIABLE)
            elif letter == "`":
                self._backquoted(word, VARIABLE)
            else:
                start = self.at
                while self.at < len(text) and text[self.at] not in _SPECIAL:
                    self.at += 1
                word.add(PLAIN, text[start : self.at])
        self.at = min(self.at, len(text))
        return word

    def _is_process(self, word: Word) -> bool:
        """`<(…)`, `>(…)`; `=(…)` of zsh, which is a file."""
        text = self.text
        if word.parts or text[self.at + 1 : self.at + 2] != "(":
            return False
        return text[self.at] in "<>" or (text[self.at] == "=" and self.takes_patterns)

    def _pattern(self, word: Word) -> bool:
        """`!(a|b)` and its like, as `*`: what it leaves out is not looked at. So is `(a|b)` of zsh;
        there `*.py(.)` says of which kind the files are."""
        kind, text = word.parts[-1] if word.parts else (QUOTED, "")
        if kind not in (PLAIN, VARIABLE) or not self.takes_patterns or text[-1:] == "=":
            return False
        is_marked = kind == PLAIN and text[-1:] in _BEFORE_PATTERN
        end = self._pattern_end(takes_blanks=is_marked)
        inner = self.text[self.at + 1 : end - 1]
        if not end or not (is_marked or inner):
            return False
        self.at = end
        if is_marked:
            word.parts[-1] = (PLAIN, f"{text[:-1]}*")
        elif "|" in inner or text.endswith("/") or not self._ends_word():
            word.add(PLAIN, "*")
        return True

    def _pattern_end(self, *, takes_blanks: bool) -> int:
        """Behind the parenthesis that closes the one which stands here; 0 without one."""
        depth = 0
        for at in range(self.at, min(self.at + MAX_PATTERN, len(self.text))):
            letter = self.text[at]
            if letter in "\n;" or (letter in " \t" and not takes_blanks):
                break
            depth += {"(": 1, ")": -1}.get(letter, 0)
            if not depth:
                return at + 1
        return 0

    def _ends_word(self) -> bool:
        return self.text[self.at : self.at + 1] in ENDS or self.at >= len(self.text)

    def _single_quoted(self, word: Word) -> None:
        end = self.text.find("'", self.at + 1)
        if end < 0:
            self.is_torn, end = True, len(self.text)
        word.add(QUOTED, self.text[self.at + 1 : end])
        self.at = end + 1

    def _double_quoted(self, word: Word, closer: str = '"') -> None:
        """Up to the closer, which is passed."""
        text, start = self.text, self.at
        while self.at < len(text):
            letter = text[self.at]
            if letter == closer:
                word.add(QUOTED, text[start : self.at])
                self.at += 1
                return
            if letter not in _IN_QUOTES or (letter == '"' and not closer):
                self.at += 1
                continue
            word.add(QUOTED, text[start : self.at])
            if letter == "\\":
                self._backslash(word, '"\\$`' if closer else "\\$`")
            elif letter == "$":
                self._dollar(word, QUOTED_VARIABLE)
            elif letter == "`":
                self._backquoted(word, QUOTED_VARIABLE)
            else:  # quotes inside of `${…}`
                self.at += 1
                self._double_quoted(word)
            start = self.at
        self.is_torn = True
        word.add(QUOTED, text[start:])

    def _backslash(self, word: Word, escaped: str) -> None:
        """In quotes, where it counts only before some letters."""
        following = self.text[self.at + 1 : self.at + 2]
        if following != "\n":
            word.add(QUOTED, following if following in escaped else f"\\{following}")
        self.at += 2

    def _dollar(self, word: Word, kind: int) -> None:
        text = self.text
        following = text[self.at + 1 : self.at + 2]
        if following == "(":
            end = self.arithmetic_end(self.at + 1) if text.startswith("((", self.at + 1) else 0
            if end:
                word.add(QUOTED_OUTPUT, f"(({text[self.at + 3 : end - 2]}))")
                self.at = end
                return
            self.at += 2
            self._nested(word, OUTPUT if kind == VARIABLE else QUOTED_OUTPUT)
        elif following == "{":
            self.at += 2
            self._braces(word, kind)
        elif following == "'" and kind == VARIABLE:
            self._escaped_quotes(word)
        elif following == '"' and kind == VARIABLE:
            self.at += 1
        else:
            end = self.at + 1
            if following in "?$!#@*-" or following.isdigit():
                end += 1
            else:
                while end < len(text) and (text[end].isalnum() or text[end] == "_"):
                    end += 1
            name = text[self.at + 1 : end]
            word.add(kind if name else QUOTED, name or "$")
            self.at = end

    def _nested(self, word: Word, kind: int = OUTPUT) -> None:
        """The commands of a substitution, which begins here; they run before the command does."""
        start = self.at
        self.items.append(Scope(opens=True))
        self.read_list(")")
        self.items.append(Scope(opens=False))
        word.add(kind, self.text[start : max(start, self.at - 1)])

    def _braces(self, word: Word, kind: int) -> None:
        start = self.at
        self.at += self.text.startswith("!", start)
        if self.text[self.at : self.at + 2] in ("@}", "*}", "@:", "*:"):
            self.at += 1
        while self.at < len(self.text) and (
            self.text[self.at].isalnum() or self.text[self.at] == "_"
        ):
            self.at += 1
        name = self.text[start : self.at]
        operand = Word()
        self.descend()
        self._double_quoted(operand, "}")
        self.depth -= 1
        operation = "".join(text for part, text in operand.parts if part == QUOTED)
        is_plain = all(part == QUOTED for part, _ in operand.parts)
        if name and name[0] != "!" and not operation.strip("[]@*"):
            word.add(kind, name)
        elif name and name[0] != "!" and is_plain and operation.startswith(("-", ":-")):
            word.add(kind, name)
            word.defaults[name] = operation.partition("-")[2]
        elif name and is_plain:
            word.add(EDITED, name + operation)
        else:
            word.add(EDITED, f"{name}\\")  # anything

    def _escaped_quotes(self, word: Word) -> None:
        """`$'…'`"""
        self.at += 2
        letters: list[str] = []
        while self.at < len(self.text) and self.text[self.at] != "'":
            if self.text[self.at] == "\\":
                self.at += 1
                letters.append(self._escaped())
                continue
            letters.append(self.text[self.at])
            self.at += 1
        self.is_torn = self.is_torn or self.at >= len(self.text)
        self.at += 1
        word.add(QUOTED, "".join(letters))

    def _escaped(self) -> str:
        """The letter that is meant behind a backslash in `$'…'`, which is passed."""
        letter = self.text[self.at : self.at + 1]
        base, most = (8, 3) if letter in "01234567" else _CODES.get(letter, (0, 0))
        start = end = self.at + (base == 16)
        while base and end < start + most and self.text[end : end + 1].lower() in _DIGITS[:base]:
            if end >= len(self.text):
                break
            end += 1
        if end == start:
            self.at += 1
            return _ESCAPES.get(letter, letter)
        self.at = end
        code = int(self.text[start:end], base)
        is_letter = 0 < code < 0x110000 and not 0xD800 <= code < 0xE000
        return chr(code) if is_letter else ""

    def _backquoted(self, word: Word, kind: int) -> None:
        text, end = self.text, self.at + 1
        letters: list[str] = []
        while end < len(text) and text[end] != "`":
            if text[end] == "\\" and text[end + 1 : end + 2] in ("`", "\\", "$"):
                end += 1
            letters.append(text[end : end + 1])
            end += 1
        self.is_torn = self.is_torn or end >= len(text)
        self.at = end + 1
        inner = "".join(letters)
        self.run_inner(inner)
        word.add(OUTPUT if kind == VARIABLE else QUOTED_OUTPUT, inner)

    def run_inner(self, text: str, quoted: Word | None = None) -> None:
        """The commands of another text: all of it, or, where it is to be read as `quoted`, those of
        its substitutions."""
        inner = self.inner(text)
        if quoted is not None:
            inner._double_quoted(quoted, "")
        else:
            inner.read_list("")
            self.is_torn = self.is_torn or inner.is_torn
        self.items += [Scope(opens=True), *inner.items, Scope(opens=False)]
