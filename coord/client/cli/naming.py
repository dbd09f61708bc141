"""From what was typed to the name of a resource. A file has the same name wherever and by
whomever it is typed; any other text stays as it is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Callable

import click

from coord.client import resource_names
from coord.client.cli.context import Coord
from coord.client.cli.failures import USAGE, Failed
from coord.client.paths import path_in, without_prefix

UUID_LENGTH = 36
_HOST_ENDINGS = frozenset(
    "com org net edu gov mil io dev app cloud local internal lan localdomain example".split()
)
"""Of names of machines, which are no files unless they exist."""
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
    named = [resource(coord, word, as_is=as_is, is_file=is_file, to_claim=True) for word in words]
    projects = {coord.project_option or project for project, _ in named}
    if len(projects) > 1:
        sentence = (
            f"These belong to different projects ({', '.join(sorted(projects))}), and a claim is"
            " for one project. Claim them separately, or give --project."
        )
        raise Failed(sentence, USAGE, "usage")
    return (projects.pop() if projects else coord.project), [name for _, name in named]


def resource(
    coord: Coord, word: str, *, as_is: bool = False, is_file: bool = False, to_claim: bool = False
) -> tuple[str, str]:
    """The project and the name. `as_is`: it is not a file; `is_file`: it is one in any case."""
    if not word.strip():
        raise Failed("A blank name is no resource: name what you mean.", USAGE, "usage")
    if as_is or not (is_file or looks_like_a_file(word)):
        return coord.project, word
    absolute = path_in(os.getcwd(), word)
    if any(letter in without_prefix(word) for letter in "*?[") and not os.path.lexists(absolute):
        _refuse_pattern(word)
    if resource_names.is_submodule(absolute):
        return resource_names.resource(os.path.abspath(absolute), coord.workspace, as_entry=True)
    if os.path.isdir(absolute) and not absolute.endswith(("/", os.sep)):
        absolute += "/"
    return resource_names.resource(absolute, coord.workspace, to_claim=to_claim)


def looks_like_a_file(word: str) -> bool:
    """`git push`, `ssh web-1` and URLs do not; `/` and `/**` are the whole project."""
    if word in ("/", "/**", "\\") or "://" in word:
        return False
    if os.name == "nt" and word[1:] == ":":  # a drive
        return True
    if os.path.exists(os.path.expanduser(word)):
        return True
    has_blank = any(character.isspace() for character in word)
    return ("/" in word or "\\" in word or _has_file_ending(word)) and not has_blank


def _has_file_ending(word: str) -> bool:
    """`new.py` and `.env`, and no `web-1.example.com`."""
    if word.startswith("."):
        return len(word.strip(".")) > 0
    name, dot, ending = word.rpartition(".")
    is_ending = ending.isascii() and ending.isalnum() and not ending.isdigit()
    return bool(dot and name) and is_ending and ending.lower() not in _HOST_ENDINGS


def _refuse_pattern(word: str) -> None:
    """The shell has found no such file, or has not looked."""
    if word.endswith(("/**", "\\**")) or word == "**":
        return
    sentence = (
        f"{word} is a pattern, and a lock is on a name. Lock the folder (coord lock src/), or"
        " let your shell expand it: without quotes, where there are such files."
    )
    raise Failed(sentence, USAGE, "usage")


def is_id(word: str) -> bool:
    parts = word.split("-")
    return (
        len(word) == UUID_LENGTH
        and all(len(part) == size for part, size in zip(parts, UUID_PARTS))
        and all(character in "0123456789abcdefABCDEF-" for character in word)
    )
