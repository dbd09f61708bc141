"""Settings in git's own files, read as git reads them, without starting it."""

from __future__ import annotations

import os

from coord.client import text_files
from coord.client.paths import is_whole, real_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_FILES = 100
MAX_BYTES = 4 * 1024 * 1024
_ESCAPES = {"n": "\n", "t": "\t", "b": "\b"}


def values(git_folder: str, section: str, name: str) -> list[str]:
    """All values of a setting of a repository, in order: of most settings git takes the last, of a
    remote's addresses the first. `section`: `core`, or `remote "origin"`."""
    return _select(settings(git_folder), section, name)


def settings(git_folder: str) -> Iterator[tuple[str, str, str]]:
    """Section, name and value of all settings of a repository, in order."""
    path = os.path.join(git_folder, "config")
    return _settings(path, git_folder, [path])


def user_values(section: str, name: str) -> list[str]:
    """As `values`, of what the user has set for all repositories."""
    return _select(user_settings(), section, name)


def user_settings() -> Iterator[tuple[str, str, str]]:
    named = os.environ.get("GIT_CONFIG_GLOBAL")
    for path in [named] if named else [users_file("config"), expanded("~/.gitconfig")]:
        yield from _settings(path, "", [path])


def _select(entries: Iterator[tuple[str, str, str]], section: str, name: str) -> list[str]:
    return [
        value
        for entry_section, entry_name, value in entries
        if entry_section == section and entry_name == name and value
    ]


def users_file(name: str) -> str:
    """A file of git's own in the folder of the user's settings."""
    home = os.environ.get("XDG_CONFIG_HOME") or expanded("~/.config")
    return os.path.join(home, "git", name)


def expanded(path: str) -> str:
    """`~` is `HOME` for git, on Windows too, where that of Python is `USERPROFILE`."""
    home = os.environ.get("HOME")
    return f"{home}{path[1:]}" if home and path[:2] in ("~", "~/") else os.path.expanduser(path)


def _settings(path: str, git_folder: str, files: list[str]) -> Iterator[tuple[str, str, str]]:
    """Section, name and value, in order, with those of included files in their place. `files`:
    those that were read, each once."""
    for section, name, value in _parsed(text_files.read(path, MAX_BYTES)):
        yield section, name, value
        is_include = section == "include" or (
            section.startswith("includeif ") and _applies(section, path, git_folder)
        )
        if name == "path" and value and is_include and len(files) < MAX_FILES:
            included = os.path.join(os.path.dirname(path), expanded(value))
            if included not in files:
                files.append(included)
                yield from _settings(included, git_folder, files)


def _applies(section: str, path: str, git_folder: str) -> bool:
    """Whether an `[includeIf "gitdir:…"]` is about this repository; other conditions are not."""
    kind, colon, pattern = section.partition(" ")[2].strip('"').partition(":")
    if not colon or kind not in ("gitdir", "gitdir/i"):
        return False
    from fnmatch import fnmatchcase

    pattern = expanded(pattern)
    if pattern.startswith("./"):
        pattern = os.path.join(os.path.dirname(path), pattern[2:])
    elif not is_whole(pattern):
        pattern = f"**/{pattern}"
    pattern = f"{pattern}**" if pattern.endswith("/") else pattern
    pattern = pattern.replace(os.sep, "/")  # `~` is spelt as Windows spells it
    folder = real_path(git_folder).replace(os.sep, "/")
    return (
        fnmatchcase(folder.lower(), pattern.lower())
        if kind.endswith("/i")
        else fnmatchcase(folder, pattern)
    )


def _parsed(text: str) -> Iterator[tuple[str, str, str]]:
    section = ""
    lines = iter(text.splitlines())
    for whole in lines:
        line = whole.strip()
        while line.startswith("["):
            head, _, rest = line[1:].partition("]")
            kind, quote, subsection = head.partition('"')
            section = kind.strip().lower()
            if quote:
                section += f' "{subsection.rpartition(chr(34))[0]}"'
            line = rest.strip()
        if not line or line[0] in "#;":
            continue
        name, equals, raw = line.partition("=")
        while equals and _continues(raw):
            raw = raw[:-1] + next(lines, "")
        yield section, name.strip().lower(), _value(raw) if equals else "true"


def _continues(raw: str) -> bool:
    return (len(raw) - len(raw.rstrip("\\"))) % 2 == 1


def _value(raw: str) -> str:
    """Without what is a comment outside of quotes, and with what is escaped."""
    value, pending, is_quoted = "", "", False
    characters = iter(raw.strip())
    for character in characters:
        if character == "\\":
            following = next(characters, "")
            value, pending = value + pending + _ESCAPES.get(following, following), ""
        elif character == '"':
            is_quoted = not is_quoted
            value, pending = value + pending, ""
        elif not is_quoted and character in "#;":
            break
        elif not is_quoted and character.isspace():
            pending += character  # at the end they do not count
        else:
            value, pending = value + pending + character, ""
    return value
