"""What a command that lists files may list: `find src -name '*.py'`, `git ls-files`, `ls src/*.py`.

A file that it may find is a pattern for it in the folder in which it looks.
"""

from __future__ import annotations

import os

from coord.client.shell.names import program_name
from coord.client.shell.words import GLOB, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.variables import Variables
    from coord.client.shell.words import Command

    Listing = tuple[list[Value], tuple[str, ...]]  # with the patterns of the names; none: any

_FILTERS = frozenset("head tail sort uniq grep egrep fgrep rg tac shuf".split())
"""What hands on some of the lines that it reads."""
_SEARCHES = frozenset("grep egrep rg ag ack fd fdfind".split())
_INCLUDES = ("--include", "-g", "--glob", "-e", "--extension")
_LISTED_BY_GIT = ("ls-files", "ls-tree")
_FROM_GIT = frozenset("ls-files ls-tree grep diff status diff-tree diff-index show log".split())


def listed(command: Command | None, variables: Variables) -> Listing | None:
    """None of what is no list of files."""
    words = [] if command is None else [v for w in command.words for v in variables.expand(w)]
    name = program_name(words[0]) if words else ""
    if name in _FILTERS and command is not None and command.source is not None:
        return listed(command.source, variables)
    if name == "find":
        from coord.client.shell.finding import starts_and_names

        starts, names = starts_and_names(words[1:])
        return [value for start in starts for value in within(start, names)], names
    if name == "git":
        return _by_git(words[1:])
    if name == "ls":
        return _by_ls(words[1:], variables), ()
    if name not in _SEARCHES:
        return None
    names = _included(name, words)
    last = words[-1]
    folder = last.text if last.is_known else os.path.dirname(last.beginning or "")
    if len(words) < 3 or not os.path.isdir(os.path.join(variables.location.folder, folder)):
        folder = ""
    return within(Value(folder or "."), names), names


def within(start: Value, names: tuple[str, ...]) -> list[Value]:
    """Files below a folder."""
    folder = f"{start.text.rstrip('/')}/"
    if not start.is_known or not names or not GLOB.isdisjoint(folder):
        return [Value("…", folder)]
    return [Value(folder + name, folder, is_pattern=True, is_open=True) for name in names]


def _by_git(words: list[Value]) -> Listing | None:
    """Below the folder of the pathspecs that it is given; `ls-files` takes nothing else."""
    texts = [word.text for word in words]
    verb = texts[0] if texts else ""
    if verb not in _FROM_GIT:
        return None
    at = texts.index("--") + 1 if "--" in texts else 1 if verb in _LISTED_BY_GIT else len(texts)
    values: list[Value] = []
    names: list[str] = []
    for text in texts[at:]:
        if text[:1] == "-" or (text[:1] == ":" and text[1:2] != "/"):
            continue
        glob = next((index for index, letter in enumerate(text) if letter in GLOB), None)
        name = "" if glob is None else text.rpartition("/")[2]
        names.append(name)
        folder = text if glob is None else os.path.dirname(text[:glob])
        values += within(Value(folder or "."), (name,) if name.strip("*") else ())
    return values or [Value("…", "")], tuple(names) if all(names) else ()


def _by_ls(words: list[Value], variables: Variables) -> list[Value]:
    """The files that it is given; of a folder it says names without it."""
    from coord.client.shell.targets import matching

    here = variables.location.folder
    is_itself = any(word.text[:1] == "-" and "d" in word.text for word in words)
    files: list[Value] = []
    for word in words:
        if word.text[:1] == "-":
            continue
        paths = matching(os.path.join(here, word.text)) if word.is_pattern else None
        if paths and (is_itself or not any(map(os.path.isdir, paths))):
            files += map(Value, paths)
        elif word.is_known and (is_itself or not os.path.isdir(os.path.join(here, word.text))):
            files.append(word)
        else:
            return [Value("…", f"{os.path.dirname(word.beginning)}/" if word.beginning else "")]
    return files or [Value("…", "")]


def _included(name: str, words: list[Value]) -> tuple[str, ...]:
    """Of `grep --include='*.py'`, `rg -g '*.py'` and `fd -e py`."""
    names: list[str] = []
    for word, behind in zip(words, [*words[1:], Value("")]):
        option, equals, text = word.text.partition("=")
        if option not in _INCLUDES or (option in ("-e", "--extension") and name[:2] != "fd"):
            continue
        text = text if equals else behind.text
        names.append(f"*.{text}" if option in ("-e", "--extension") else text.rpartition("/")[2])
    return () if any(text[:1] == "!" for text in names) else tuple(names)
