"""Tells a program's options from its other words, as far as its row of the table knows them."""

from __future__ import annotations

from coord.client.shell.program import HARMLESS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from coord.client.shell.program import Program
    from coord.client.shell.words import Value

MAX_READ_WORDS = 5  # in which a word stands that says that a program only looks


class Arguments:
    """`words`: what is no option, with whether it may be the value of an option that nobody knows.
    `options`: without what follows `=`. `values`: of the options that have one."""

    __slots__ = ("after_dashes", "options", "values", "words")

    def __init__(self) -> None:
        self.words: list[tuple[Value, bool]] = []
        self.options: list[str] = []
        self.values: dict[str, list[Value]] = {}
        self.after_dashes: list[Value] = []

    @property
    def plain(self) -> list[Value]:
        return [*(word for word, _ in self.words), *self.after_dashes]

    def has(self, options: Iterable[str]) -> bool:
        return any(option in options for option in self.options)

    def value(self, options: Iterable[str]) -> Value | None:
        return next((self.values[option][-1] for option in options if option in self.values), None)


def parse_arguments(
    words: list[Value],
    values: frozenset[str],
    flags: frozenset[str] = frozenset(),
    glued: frozenset[str] = frozenset(),
) -> Arguments:
    """Of the words behind the program's name. `glued`: options whose value stands in their own word
    or nowhere, as that of `sed -i.bak`."""
    args = Arguments()
    pending = ""  # an option whose value comes next
    is_doubtful = False
    for index, word in enumerate(words):
        text = word.text
        if pending:
            args.values.setdefault(pending, []).append(word)
            pending = ""
        elif text == "--":
            args.after_dashes = words[index + 1 :]
            break
        elif len(text) < 2 or text[0] not in "-/+" or not _is_option(text, values):
            args.words.append((word, is_doubtful))
            is_doubtful = False
        else:
            pending, is_doubtful = _option(args, word, values, flags, glued)
    return args


def _is_option(text: str, values: frozenset[str]) -> bool:
    return text[0] == "-" or text in values


def _option(
    args: Arguments,
    word: Value,
    values: frozenset[str],
    flags: frozenset[str],
    glued: frozenset[str],
) -> tuple[str, bool]:
    """The option that the next word is the value of, and whether it may be."""
    text = word.text
    name, equals, _ = text.partition("=")
    if equals:
        harmless_off = text.endswith(("=none", "=false"))
        args.options.append(text if harmless_off else name)
        args.values.setdefault(name, []).append(word.after(f"{name}="))
        return "", False
    if text in values:
        args.options.append(text)
        return text, False
    if text.startswith("--") or text in flags:
        args.options.append(text)
        return "", text not in flags
    if text[:2] in values:
        args.options.append(text[:2])
        args.values.setdefault(text[:2], []).append(word.after(text[:2]))
        return "", False
    end = _cluster_end(text, values, glued)
    # `-refresh` is no `-h`, which would be one that only shows something
    letters = [letter for letter in text[1:end] if letter not in ("h", text[1:])]
    args.options += [text, *(f"-{letter}" for letter in letters)]
    last = f"-{text[end - 1]}"
    if end < len(text):
        args.values.setdefault(last, []).append(word.after(text[:end]))
        return "", False
    return (last, False) if last in values else ("", text not in flags and len(text) == 2)


def _cluster_end(text: str, values: frozenset[str], glued: frozenset[str]) -> int:
    """Behind the first letter of `-uoFILE` that takes the rest of the word as its value."""
    for at, letter in enumerate(text[1:], 1):
        if not letter.isalnum():
            break
        if f"-{letter}" in values or f"-{letter}" in glued:
            return at + 1
    return len(text)


def lock_for(program: Program, args: Arguments) -> str | None:
    """The lock that these arguments of the program need."""
    if args.has(program.harmless) or args.has(HARMLESS - program.values):
        return None
    words = [(word.text, doubtful) for word, doubtful in args.words]
    words += [(word.text, False) for word in args.after_dashes]
    if any(word in program.harmless for word, _ in words):
        return None
    if program.reads and any(
        fits(word, pattern) and word.replace("-", "").replace(":", "").isalnum()
        for word, _ in words[:MAX_READ_WORDS]
        for pattern in program.reads
    ):
        return None
    for lock, path in program.locks:
        steps = tuple(step for step in path if step[0] != "-")
        if args.has(path) == (len(steps) < len(path)) and _matches(steps, words):
            return lock
    return None


def _matches(path: tuple[str, ...], words: list[tuple[str, bool]]) -> bool:
    """Whether the words begin with the command; what may be an option's value may be passed."""
    at = 0
    for step in path:
        while at < len(words) and not fits(words[at][0], step) and words[at][1]:
            at += 1
        if at >= len(words) or not fits(words[at][0], step):
            return False
        at += 1
    return True


def fits(word: str, step: str) -> bool:
    if "|" in step:
        return any(fits(word, choice) for choice in step.split("|"))
    if "*" not in step:
        return word == step
    begin, _, end = step.partition("*")
    if "*" in end:
        parts = step.strip("*").split("*")
        found = [word.find(part) for part in parts]
        is_begun = step[0] == "*" or word.startswith(parts[0])
        is_ended = step[-1] == "*" or word.endswith(parts[-1])
        return is_begun and is_ended and min(found) >= 0 and found == sorted(found)
    return word.startswith(begin) and word.endswith(end) and len(word) >= len(begin) + len(end)
