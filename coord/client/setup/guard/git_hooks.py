"""Puts the guard into the git hooks of a repository, takes it out, and says whether it is there."""

from __future__ import annotations

import os
import re

from coord.client.place import Place
from coord.client.setup import blocks, git
from coord.client.setup.plan import CannotChange, Plan

HOOKS = ("pre-commit", "pre-push")
REFUSAL_CODE = 9
"""The exit code of a guard that refuses. Any other (no such command, a broken Python) lets git go on:
coord never blocks work by failing."""

COMMAND = '(PATH="$PATH:$HOME/.local/bin"; command -v coord >/dev/null && coord guard {hook} </dev/null) || [ $? -ne {refused} ] || exit 1'
_OWN = "# The file is coord's own."
_SHELL = re.compile(rb"#!\s*(?:/usr/bin/env\s+(?:-S\s+)?)?(?:\S*/)?(?:sh|bash|dash|zsh|ksh|ash)\b")
_FRAMEWORKS = (
    ("pre-commit.com", "pre-commit", ".pre-commit-config.yaml"),
    ("lefthook", "lefthook", "lefthook.yml"),
    ("overcommit", "overcommit", ".overcommit.yml"),
    ("simple-git-hooks", "simple-git-hooks", "package.json"),
)


def command(hook: str) -> str:
    """The line that a hook needs, for sh. It does not read what git sends to standard input."""
    return COMMAND.format(hook=hook, refused=REFUSAL_CODE)


def add(plan: Plan, place: Place) -> None:
    """Plans the block in both hooks, at their beginning, since some end with `exec`. A hook that
    belongs to another tool stays, with a note that says what to put where. Raises CannotChange."""
    folder, reason = _folder(place)
    for hook in HOOKS:
        path = os.path.join(folder, hook)
        obstacle = reason or _obstacle(path)
        if obstacle:
            plan.notes.append(f"The {hook} hook stays as it is: {obstacle}\n    {command(hook)}")
            continue
        before = plan.text(path)
        if before is None:
            plan.write(path, blocks.HASH.put("#!/bin/sh\n", f"{_OWN}\n{command(hook)}"), executable=True)
            continue
        try:
            is_own = _OWN in (blocks.HASH.find(before) or [""])[0]
            content = f"{_OWN}\n{command(hook)}" if is_own else command(hook)
            after = blocks.HASH.put(before, content, before.find("\n") + 1 or None)
        except blocks.Torn as error:
            raise CannotChange(f"{plan.shown(path)} {error}") from None
        plan.write(path, after, executable=True)


def remove(plan: Plan, place: Place) -> None:
    """Plans the hooks without coord's block. Raises CannotChange."""
    folder, reason = _folder(place)
    if place.repository is not None and folder != os.path.join(os.path.realpath(place.repository.common), "hooks"):
        plan.remove_if_empty(folder)
    for hook in () if reason else HOOKS:
        path = os.path.join(folder, hook)
        if not os.path.isfile(path) or _obstacle(path):
            continue
        before = plan.text(path) or ""
        try:
            block = blocks.HASH.find(before)
            after = blocks.HASH.take(before)
        except blocks.Torn as error:
            raise CannotChange(f"{plan.shown(path)} {error}") from None
        if block is not None:
            plan.write(path, None if _OWN in block[0] and after == "#!/bin/sh\n" else after)


def status(place: Place) -> dict[str, str]:
    """For each hook: `on`, `off`, `old` (of another version), or why that is not known."""
    folder, reason = _folder(place)
    states = {}
    for hook in HOOKS:
        path = os.path.join(folder, hook)
        text = _text(path)
        if command(hook) in text:
            is_run = os.name == "nt" or os.access(path, os.X_OK)
            states[hook] = "on" if is_run else "off: the hook is not executable"
        elif re.search(rf"(?<![\w-])coord guard {hook}(?![\w-])", text):
            states[hook] = "old" if blocks.HASH.begin in text else "on"
        else:
            states[hook] = f"off: {reason}" if reason else "off"
    return states


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _folder(place: Place) -> tuple[str, str]:
    """Where this repository's hooks are, and why coord does not change them; empty when it does.
    Raises CannotChange."""
    if place.repository is None:
        raise CannotChange("There is no git repository here, so there are no git hooks.")
    top, common = os.path.realpath(place.repository.top), os.path.realpath(place.repository.common)
    folder = git.hooks_path(top)
    if folder is None:
        return os.path.join(common, "hooks"), ""
    real = os.path.realpath(folder)
    if os.path.basename(real) == "_" and os.path.basename(os.path.dirname(real)) == ".husky":
        return os.path.dirname(real), "husky writes it. Put this line into the file of that name in .husky/:"
    if not any(real == each or real.startswith(each + os.sep) for each in (top, common)):
        return real, f"core.hooksPath is {folder}, which other repositories use too. If you want it there, add:"
    return real, ""


def _obstacle(path: str) -> str:
    """Why this hook is left as it is, and what to do instead; empty when it may be changed."""
    if not os.path.lexists(path):
        return ""
    if os.path.islink(path):
        return f"it is a link to {os.readlink(path)}. Add there:"
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        return f"it cannot be read ({error.strerror}). Add:"
    return _owner(content) or _not_runnable(path, content)


def _owner(content: bytes) -> str:
    for word, tool, config in _FRAMEWORKS:
        if word.encode() in content:
            return f"{tool} writes it. Let {tool} run this command, in {config}:"
    return ""


def _not_runnable(path: str, content: bytes) -> str:
    if not _SHELL.match(content):
        return "it is not a shell script. Let it run this command, and end when that fails:"
    if os.name != "nt" and not os.access(path, os.X_OK):
        return "it is not executable, so git does not run it. Remove it, or make it executable; or add:"
    return ""
