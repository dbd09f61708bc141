"""What a shell line is read into: commands, and words of which only a part may stand there
literally.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Union

    Item = Union["Command", "Loop", "LoopEnd", "Scope", "Function", "Group", "Branch"]

QUOTED, PLAIN, VARIABLE, QUOTED_VARIABLE, OUTPUT, QUOTED_OUTPUT, EDITED = range(7)
VARIABLES = (VARIABLE, QUOTED_VARIABLE)
GLOB = frozenset("*?[")
FOUND = frozenset(("{}", "…", "$_found"))
"""Words for a file that `find` or a list has found."""
PROCESS = "/dev/fd/63"  # as bash hands on `<(…)`
SOMETHING = "$_found"
"""A variable that no line sets: what a program puts there is not known."""


class Word:
    """`parts`: kind and text of each. QUOTED stands as it is; in PLAIN text globs and braces count;
    a variable's text is its name; OUTPUT is what a command prints; EDITED is what stands in
    `${NAME%.py}`. `defaults`: of variables, as `${NAME:-default}` has them. `process`: the commands
    of `<(…)`, which it is."""

    __slots__ = ("defaults", "parts", "process")

    def __init__(self) -> None:
        self.parts: list[tuple[int, str]] = []
        self.defaults: dict[str, str] = {}
        self.process: str | None = None

    def add(self, kind: int, text: str) -> None:
        self.parts.append((kind, text))

    @property
    def literal(self) -> str | None:
        """The text, where all of it stands there and nothing is quoted."""
        if any(kind != PLAIN for kind, _ in self.parts):
            return None
        return "".join(text for _, text in self.parts)


def word_of(text: str) -> Word:
    word = Word()
    word.add(QUOTED, text)
    return word


class Command:
    """A simple command. `assignments`: a name, and its value or those of an array. `redirects`:
    operator and target of each. `stdin`: the texts of its
    here-documents and here-strings. `source`: the command whose output it reads.
    `operator_before`, `operator_behind`: the `&&` or `||` between which it stands."""

    __slots__ = (
        "assignments",
        "operator_before",
        "operator_behind",
        "redirects",
        "source",
        "stdin",
        "words",
    )

    def __init__(self) -> None:
        self.assignments: list[tuple[str, list[Word]]] = []
        self.words: list[Word] = []
        self.redirects: list[tuple[str, Word]] = []
        self.stdin: list[Word] = []
        self.source: Command | None = None
        self.operator_before = self.operator_behind = ""

    def __bool__(self) -> bool:
        return bool(self.words or self.assignments or self.redirects)


class Loop:
    """`for NAME in WORDS`: the commands up to its end have the variable; of `while` it has none.
    `is_list`: it is no loop, and the variable has all of the words."""

    __slots__ = ("is_list", "name", "words")

    def __init__(self, name: str, words: list[Word], *, is_list: bool = False) -> None:
        self.name = name
        self.words = words
        self.is_list = is_list


class LoopEnd:
    """`done`, and what stands behind it: what the commands of the loop read."""

    __slots__ = ("command",)

    def __init__(self, command: Command) -> None:
        self.command = command


class Function:
    """`NAME()`: the group or subshell behind it is run where the name is called."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Group:
    """`{` or `}`."""

    __slots__ = ("opens",)

    def __init__(self, *, opens: bool) -> None:
        self.opens = opens


class Scope:
    """Where a subshell begins, or ends: what it changes of folder and variables is its own.
    `is_part`: it is a part of a pipeline, or a command in the background."""

    __slots__ = ("is_part", "opens")

    def __init__(self, *, opens: bool, is_part: bool = False) -> None:
        self.opens = opens
        self.is_part = is_part


class Branch:
    """`if` or `case`, or its end: what stands between may run or not."""

    __slots__ = ("opens",)

    def __init__(self, *, opens: bool) -> None:
        self.opens = opens


class Value:
    """What a word stands for. `beginning`: what is known of it when not all is; None when all of
    `text` is. `is_pattern`: it is to be matched against the names of files. `is_open`: what the
    pattern stands for may be the name of a file that is not there yet."""

    __slots__ = ("beginning", "is_open", "is_pattern", "text")

    def __init__(
        self,
        text: str,
        beginning: str | None = None,
        *,
        is_pattern: bool = False,
        is_open: bool = False,
    ) -> None:
        self.text = text
        self.beginning = beginning
        self.is_pattern = is_pattern
        self.is_open = is_open

    @property
    def is_known(self) -> bool:
        return self.beginning is None

    def after(self, start: str) -> Value:
        """The rest behind a beginning that it has. A pattern is one of the whole word, which no
        file is called."""
        rest, beginning = self.text[len(start) :], self.beginning
        if beginning is None or (self.is_pattern and not self.is_open and start):
            return Value(rest)
        return Value(
            rest, beginning[len(start) :], is_pattern=self.is_pattern, is_open=self.is_open
        )


def first_name(command: Command) -> str:
    """Of a command, where it stands there."""
    return (command.words[0].literal or "").rpartition("/")[2] if command.words else ""


def some_name() -> Value:
    """A number, a date: what has no blank and no slash in it."""
    return Value("*", "", is_pattern=True, is_open=True)


def is_assignment(text: str) -> bool:
    """`NAME=`, `NAME+=`, `NAME[1]=`"""
    name, equals, _ = text.partition("=")
    return bool(equals) and name.rstrip("+").partition("[")[0].isidentifier()


def ends_of(items: list[Item]) -> dict[int, int]:
    """Of each loop and each function, by their places in the line."""
    ends: dict[int, int] = {}
    loops: list[int] = []
    groups: list[int] = []  # and subshells
    for at, item in enumerate(items):
        if isinstance(item, Loop):
            loops.append(at)
        elif isinstance(item, LoopEnd) and loops:
            ends[loops.pop()] = at
        elif isinstance(item, (Group, Scope)):
            if item.opens:
                groups.append(at)
            elif groups and type(items[groups[-1]]) is type(item):
                opened = groups.pop()
                if opened and isinstance(items[opened - 1], Function):
                    ends[opened - 1] = at + 1
    return ends
