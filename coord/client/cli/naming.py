"""From what was typed to the name of a resource: a file is called the same whoever names it from wherever, all else stays as it is."""

from __future__ import annotations

import os
from collections.abc import Sequence

from coord.client import files
from coord.client.cli.common import Coord
from coord.client.cli.failures import USAGE, Failed

UUID_LENGTH = 36


def resources(coord: Coord, words: Sequence[str], *, as_is: bool = False, is_file: bool = False) -> tuple[str, list[str]]:
    """The project that they are in, and their names. Raises Failed when they are in different ones."""
    found = [resource(coord, word, as_is=as_is, is_file=is_file) for word in words]
    projects = {coord.project_option or project for project, _ in found}
    if len(projects) > 1:
        raise Failed(
            f"These belong to different projects ({', '.join(sorted(projects))}), and one claim is of one project. Name each project's apart, "
            "or give --project.",
            USAGE,
            "usage",
        )
    return (projects.pop() if projects else coord.project), [name for _, name in found]


def resource(coord: Coord, word: str, *, as_is: bool = False, is_file: bool = False) -> tuple[str, str]:
    """The project and the name. `as_is`: it is not a file; `is_file`: it is, also when it looks like none."""
    if as_is or not (is_file or looks_like_a_file(word)):
        return coord.project, word
    expanded = os.path.expanduser(word)
    absolute = os.path.join(os.getcwd(), expanded)  # keeps the slash at the end
    if os.path.isdir(absolute) and not absolute.endswith(("/", os.sep)):
        absolute += "/"
    return files.resource(absolute, coord.place)


def looks_like_a_file(word: str) -> bool:
    """`git push` and `ssh web-1` are none, nor is a URL; `/` and `/**` are the whole project."""
    if word in ("/", "/**", "\\") or "://" in word:
        return False
    if os.path.exists(os.path.expanduser(word)):
        return True
    return ("/" in word or "\\" in word) and not any(character.isspace() for character in word)


def is_id(word: str) -> bool:
    return len(word) == UUID_LENGTH and all(len(part) == size for part, size in zip(word.split("-"), (8, 4, 4, 4, 12))) and _is_hex(word)


def _is_hex(word: str) -> bool:
    return all(character in "0123456789abcdefABCDEF-" for character in word)
