"""From what was typed to the name of a resource. A file has the same name wherever and by
whomever it is typed; any other text stays as it is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Callable

import click

from coord.client import files
from coord.client.cli.context import Coord
from coord.client.cli.failures import USAGE, Failed

UUID_LENGTH = 36
UUID_PARTS = (8, 4, 4, 4, 12)


def naming_options(command: Callable[..., Any]) -> Callable[..., Any]:
    as_is_text = "RESOURCE is not a file: take it as it stands."
    is_file_text = "RESOURCE is a file, even when it does not look like one."
    as_is = click.option("--as-is", is_flag=True, help=as_is_text)
    is_file = click.option("-f", "--file", "is_file", is_flag=True, help=is_file_text)
    return as_is(is_file(command))


def resources(
    coord: Coord, words: Sequence[str], *, as_is: bool = False, is_file: bool = False
) -> tuple[str, list[str]]:
    """The project that they are in, and their names. Raises Failed when there are several
    projects."""
    named = [resource(coord, word, as_is=as_is, is_file=is_file) for word in words]
    projects = {coord.project_option or project for project, _ in named}
    if len(projects) > 1:
        sentence = (
            f"These belong to different projects ({', '.join(sorted(projects))}), and a claim is"
            " for one project. Claim them separately, or give --project."
        )
        raise Failed(sentence, USAGE, "usage")
    return (projects.pop() if projects else coord.project), [name for _, name in named]


def resource(
    coord: Coord, word: str, *, as_is: bool = False, is_file: bool = False
) -> tuple[str, str]:
    """The project and the name. `as_is`: it is not a file; `is_file`: it is one in any case."""
    if as_is or not (is_file or looks_like_a_file(word)):
        return coord.project, word
    absolute = os.path.join(os.getcwd(), os.path.expanduser(word))  # keeps a slash at the end
    if os.path.isdir(absolute) and not absolute.endswith(("/", os.sep)):
        absolute += "/"
    return files.resource(absolute, coord.place)


def looks_like_a_file(word: str) -> bool:
    """`git push`, `ssh web-1` and URLs do not; `/` and `/**` are the whole project."""
    if word in ("/", "/**", "\\") or "://" in word:
        return False
    if os.path.exists(os.path.expanduser(word)):
        return True
    has_blank = any(character.isspace() for character in word)
    return ("/" in word or "\\" in word) and not has_blank


def is_id(word: str) -> bool:
    parts = word.split("-")
    return (
        len(word) == UUID_LENGTH
        and all(len(part) == size for part, size in zip(parts, UUID_PARTS))
        and all(character in "0123456789abcdefABCDEF-" for character in word)
    )
