"""Whether git ignores a file, read from its lists of patterns as git reads them, without starting
it; and whether a file is made by tools.
"""

from __future__ import annotations

import os

from coord.client import text_files
from coord.client.git_config import expanded, user_values, users_file, values
from coord.client.git_index import tracks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from coord.client.workspace import Repository

MAX_BYTES = 64 * 1024  # of a list of patterns
MAX_RULES = 10_000  # of all lists
MAX_STEPS = 500_000  # that all of them take for a file, half a second: a repository ships them
GENERATED = frozenset(
    "node_modules __pycache__ .venv venv .tox .nox .mypy_cache .pytest_cache .ruff_cache"
    " .gradle .next .nuxt .terraform .turbo .parcel-cache .eggs bower_components build dist"
    " target out coverage htmlcov .dart_tool .pub-cache DerivedData .cache".split()
)
"""Folders that tools fill. Those of which git tracks something are somebody's work all the same."""


def is_nobodys(path: str, checkout: Repository) -> bool:
    """Whether a file of the checkout, by its whole path, is git's own, ignored or made by tools."""
    top = checkout.top.rstrip(os.sep) + os.sep
    below = path[len(top) :].replace("\\", "/")
    steps = below.split("/")
    if not path.startswith(top) or not steps[0]:
        return False
    if steps[0] == ".git":
        return True
    folders = steps[:-1] if os.path.isfile(path) else steps
    if not (_is_generated(folders, checkout) or is_ignored(below, checkout)):
        return False
    is_folder = below.endswith("/")
    return not tracks(checkout.git, below, hash_bytes=checkout.hash_bytes, below=is_folder)


def _is_generated(steps: list[str], checkout: Repository) -> bool:
    """`steps`: the folders down to a file."""
    for depth, step in enumerate(steps, 1):
        if step in GENERATED:
            folder = "/".join(steps[:depth]) + "/"
            return not tracks(checkout.git, folder, hash_bytes=checkout.hash_bytes, below=True)
    return False


def is_ignored(below: str, checkout: Repository) -> bool:
    """`below`: from the top of the checkout, with slashes; tracked or not. A folder is asked for
    with a slash at its end. What would take too long to tell is not ignored."""
    is_folder = below.endswith("/")
    steps = below.rstrip("/").split("/")
    rules = list(_shared_rules(checkout))
    remaining = MAX_STEPS
    for depth in range(1, len(steps) + 1):
        folder = "/".join(steps[: depth - 1])
        base = f"{folder}/" if folder else ""
        rules += _rules(os.path.join(checkout.top, folder, ".gitignore"), base)
        path = "/".join(steps[:depth])
        remaining -= sum(rule.cost(path) for rule in rules)
        if remaining < 0 or len(rules) > MAX_RULES:
            return False
        if _decides(rules, path, is_folder=depth < len(steps) or is_folder):
            return True
    return False


class _Rule:
    """A pattern. `base`: the folder that it counts from. `whole`: it is matched against the path
    from there, not only against the name. `stars`: how long a pattern with such is."""

    __slots__ = ("base", "folders_only", "negates", "stars", "steps", "whole")

    def __init__(self, pattern: str, base: str) -> None:
        self.base = base
        self.stars = len(pattern) if "*" in pattern else 0
        self.negates = pattern.startswith("!")
        pattern = pattern[1:] if self.negates else pattern
        self.folders_only = pattern.endswith("/")
        pattern = pattern[:-1] if self.folders_only else pattern
        self.whole = "/" in pattern
        self.steps = pattern[1:].split("/") if pattern.startswith("/") else pattern.split("/")

    def cost(self, path: str) -> int:
        """Steps that it takes at most, a star tries each place; in units of about a plain rule."""
        return 1 + self.stars * len(path) // 16

    def matches(self, path: str, *, is_folder: bool) -> bool:
        if (self.folders_only and not is_folder) or not path.startswith(self.base):
            return False
        rest = path[len(self.base) :].split("/")
        return _match_steps(self.steps, rest if self.whole else rest[-1:])


def _shared_rules(checkout: Repository) -> Iterator[_Rule]:
    named = values(checkout.common, "core", "excludesfile") or user_values("core", "excludesfile")
    yield from _rules(expanded(named[-1]) if named else users_file("ignore"), "")
    yield from _rules(os.path.join(checkout.common, "info", "exclude"), "")


def _rules(file: str, base: str) -> Iterator[_Rule]:
    lines = text_files.read(file, MAX_BYTES + 1).split("\n")
    if sum(map(len, lines)) + len(lines) > MAX_BYTES + 1:
        lines.pop()  # it is cut
    for line in lines:
        pattern = line.rstrip("\r")
        while pattern.endswith(" ") and not pattern.endswith("\\ "):
            pattern = pattern[:-1]
        if pattern and not pattern.startswith("#") and pattern.strip("/!"):
            yield _Rule(pattern, base)


def _decides(rules: list[_Rule], path: str, *, is_folder: bool) -> bool:
    for rule in reversed(rules):
        if rule.matches(path, is_folder=is_folder):
            return not rule.negates
    return False


def _match_steps(pattern: list[str], steps: list[str]) -> bool:
    """`**` stands for any number of steps, at the end for at least one."""
    at, here, stars, kept = 0, 0, -1, 0
    while here < len(steps):
        if pattern[at:] == ["**"]:
            return True
        if at < len(pattern) and pattern[at] == "**":
            stars, kept = at, here
            at += 1
        elif at < len(pattern) and match(pattern[at], steps[here]):
            at, here = at + 1, here + 1
        elif stars >= 0:
            kept += 1
            at, here = stars + 1, kept
        else:
            return False
    return at == len(pattern)


def match(pattern: str, name: str) -> bool:
    """As a shell matches the name of a file: `*`, `?`, `[a-z]`, and `\\` in front of them."""
    at, here, star, kept = 0, 0, -1, 0
    while here < len(name):
        if at < len(pattern) and pattern[at] == "*":
            star, kept = at, here
            at += 1
            continue
        end = _match_one(pattern, at, name[here]) if at < len(pattern) else 0
        if end:
            at, here = end, here + 1
        elif star >= 0:
            kept += 1
            at, here = star + 1, kept
        else:
            return False
    return not pattern[at:].strip("*")


def _match_one(pattern: str, at: int, letter: str) -> int:
    """Where the pattern goes on behind what matches the letter; 0 where it does not match."""
    if pattern[at] == "?":
        return at + 1
    if pattern[at] == "\\":
        return at + 2 if pattern[at + 1 : at + 2] == letter else 0
    if pattern[at] != "[":
        return at + 1 if pattern[at] == letter else 0
    end = pattern.find("]", at + 3 if pattern[at + 1 : at + 2] in ("!", "^") else at + 2)
    if end < 0:
        return 0
    inner = pattern[at + 1 : end]
    negates = inner[:1] in ("!", "^")
    inner = inner[1:] if negates else inner
    return end + 1 if _in_class(inner, letter) != negates else 0


def _in_class(inner: str, letter: str) -> bool:
    at, is_member = 0, False
    while at < len(inner):
        if inner[at] == "\\" and at + 1 < len(inner):
            at += 1
        if inner[at + 1 : at + 2] == "-" and at + 2 < len(inner):
            is_member = is_member or inner[at] <= letter <= inner[at + 2]
            at += 3
        else:
            is_member = is_member or inner[at] == letter
            at += 1
    return is_member
