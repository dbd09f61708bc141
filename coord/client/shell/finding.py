"""What `find` looks for, and what it runs for each."""

from __future__ import annotations

from coord.client.shell.options import parse_arguments
from coord.client.shell.words import SOMETHING, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_EXECUTES = frozenset(("-exec", "-execdir", "-ok", "-okdir"))
LISTS = frozenset(("-fprint", "-fprint0", "-fprintf", "-fls"))
_FD_EXECUTES = frozenset(("-x", "-X", "--exec", "--exec-batch"))
_FD_VALUES = frozenset(
    "-e --extension -t --type -d --max-depth -E --exclude -g -j -S --size".split()
)
_ORS = frozenset(("-o", "-or", ","))
_NOT = frozenset(("!", "-not"))


def starts_and_names(words: list[Value]) -> tuple[list[Value], tuple[str, ...]]:
    """The folders that it begins in, and the patterns of the names that it finds; none: all."""
    starts: list[Value] = []
    for word in words:
        if word.text[:1] in ("-", "(", "!"):
            break
        starts.append(word)
    return starts or [Value(".")], _names(words)


def _names(words: list[Value]) -> tuple[str, ...]:
    """Each way to be found must ask for one, but for what `-prune` ends; else any may be found."""
    names: list[str] = []
    for alternative in _alternatives(words):
        texts = [word.text for word in alternative]
        if "-prune" in texts:
            continue
        patterns = [
            alternative[at + 1]
            for at, text in enumerate(texts[:-1])
            if text == "-name" and not _NOT.intersection(texts[max(at - 1, 0) : at])
        ]
        is_known = all(word.is_known or word.is_pattern for word in patterns)
        if not patterns or not is_known or _negates_group(texts):
            return ()
        names += [word.text for word in patterns]
    return tuple(names)


def _alternatives(words: list[Value]) -> list[list[Value]]:
    """What stands between each `-o`."""
    alternatives: list[list[Value]] = [[]]
    for word in words:
        if word.text in _ORS:
            alternatives.append([])
        else:
            alternatives[-1].append(word)
    return alternatives


def _negates_group(texts: list[str]) -> bool:
    return any(text in _NOT and after == "(" for text, after in zip(texts, texts[1:]))


def executed(words: list[Value], start: Value) -> Iterator[list[Value]]:
    """The commands that it runs, with what it finds in the place of `{}`."""
    at = 0
    while at < len(words):
        at += 1
        if words[at - 1].text not in _EXECUTES:
            continue
        inner: list[Value] = []
        while at < len(words) and words[at].text not in (";", "+"):
            text = words[at].text
            shown = text if text == "{}" else text.replace("{}", SOMETHING)
            path = Value(shown, f"{start.text.rstrip('/')}/")
            inner.append(path if "{}" in text else words[at])
            at += 1
        yield inner


def found_by_fd(words: list[Value]) -> tuple[list[Value], tuple[str, ...], list[Value]]:
    """As `starts_and_names`, and the command that `fd` runs."""
    at = next((at for at, word in enumerate(words) if word.text in _FD_EXECUTES), len(words))
    args = parse_arguments(words[:at], _FD_VALUES)
    starts = args.plain[1:] or [Value(".")]
    ends = [*args.values.get("-e", []), *args.values.get("--extension", [])]
    inner = words[at + 1 :]
    if inner and not any("{" in word.text for word in inner):
        inner = [*inner, Value("{}")]
    file = Value("{}", f"{starts[0].text.rstrip('/')}/")
    inner = [file if word.text == "{}" else word for word in inner]
    return starts, tuple(f"*.{end.text}" for end in ends), inner
