"""The git hooks that ask coord before a commit and a push: for people, and for tools that have no hooks of their own."""

from __future__ import annotations

import os
import re

from coord.client.place import Place
from coord.client.setup import blocks, git
from coord.client.setup.plan import Plan, Refused

HOOKS = ("pre-commit", "pre-push")
REFUSED = 9
"""The exit code of a guard that says no. Any other (no such command, a broken Python) lets git go on: coord never blocks work by failing."""

COMMAND = '(PATH="$PATH:$HOME/.local/bin"; command -v coord >/dev/null && coord guard {hook} </dev/null) || [ $? -ne {refused} ] || exit 1'
_MADE = "# The file is coord's own."
_SHELL = re.compile(rb"#!\s*(?:/usr/bin/env\s+(?:-S\s+)?)?(?:\S*/)?(?:sh|bash|dash|zsh|ksh|ash)\b")
_FRAMEWORKS = (
    ("pre-commit.com", "pre-commit", ".pre-commit-config.yaml"),
    ("lefthook", "lefthook", "lefthook.yml"),
    ("overcommit", "overcommit", ".overcommit.yml"),
    ("simple-git-hooks", "simple-git-hooks", "package.json"),
)


def command(hook: str) -> str:
    """The line that a hook needs, for sh. It leaves alone what git sends to the hook's standard input."""
    return COMMAND.format(hook=hook, refused=REFUSED)


def add(plan: Plan, place: Place) -> None:
    """Plans the block in both hooks, at their begin, since some end with `exec`. What belongs to somebody else stays, with a note that says
    what to put where. Raises Refused."""
    folder, why = _folder(place)
    for hook in HOOKS:
        path = os.path.join(folder, hook)
        why_not = why or _not_ours_to_change(path)
        if why_not:
            plan.notes.append(f"The {hook} hook stays as it is: {why_not}\n    {command(hook)}")
            continue
        before = plan.text(path)
        if before is None:
            plan.write(path, blocks.HASH.put("#!/bin/sh\n", f"{_MADE}\n{command(hook)}"), executable=True)
            continue
        try:
            made = _MADE in (blocks.HASH.find(before) or [""])[0]
            content = f"{_MADE}\n{command(hook)}" if made else command(hook)
            after = blocks.HASH.put(before, content, before.find("\n") + 1 or None)
        except blocks.Torn as error:
            raise Refused(f"{plan.shown(path)} {error}") from None
        plan.write(path, after, executable=True)


def remove(plan: Plan, place: Place) -> None:
    """Plans the hooks without coord's block. Raises Refused."""
    folder, why = _folder(place)
    if place.repository is not None and folder != os.path.join(os.path.realpath(place.repository.common), "hooks"):
        plan.may_go(folder)
    for hook in HOOKS if not why else ():
        path = os.path.join(folder, hook)
        if not os.path.isfile(path) or _not_ours_to_change(path):
            continue
        before = plan.text(path) or ""
        try:
            found = blocks.HASH.find(before)
            after = blocks.HASH.take(before)
        except blocks.Torn as error:
            raise Refused(f"{plan.shown(path)} {error}") from None
        if found is not None:
            plan.write(path, None if _MADE in found[0] and after == "#!/bin/sh\n" else after)


def status(place: Place) -> dict[str, str]:
    """For each hook: `on`, `off`, `old` (of another version), or why it cannot be told."""
    folder, why = _folder(place)
    found = {}
    for hook in HOOKS:
        try:
            with open(os.path.join(folder, hook), encoding="utf-8", errors="replace") as file:
                text = file.read()
        except OSError:
            text = ""
        if command(hook) in text:
            found[hook] = "on" if os.name == "nt" or os.access(os.path.join(folder, hook), os.X_OK) else "off: the hook is not executable"
        elif re.search(rf"(?<![\w-])coord guard {hook}(?![\w-])", text):
            found[hook] = "old" if blocks.HASH.begin in text else "on"
        else:
            found[hook] = f"off: {why}" if why else "off"
    return found


def _folder(place: Place) -> tuple[str, str]:
    """Where this repository's hooks are, and why coord does not change them, or nothing. Raises Refused."""
    if place.repository is None:
        raise Refused("There is no git repository here, so there are no git hooks.")
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


def _not_ours_to_change(path: str) -> str:
    """Why this hook is left as it is, and what to do instead; nothing when it may be changed."""
    if not os.path.lexists(path):
        return ""
    if os.path.islink(path):
        return f"it is a link to {os.readlink(path)}. Add there:"
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        return f"it cannot be read ({error.strerror}). Add:"
    return _why_not(path, content)


def _why_not(path: str, content: bytes) -> str:
    for word, tool, config in _FRAMEWORKS:
        if word.encode() in content:
            return f"{tool} writes it. Let {tool} run this command, in {config}:"
    if not _SHELL.match(content):
        return "it is not a shell script. Let it run this command, and end when that fails:"
    if os.name != "nt" and not os.access(path, os.X_OK):
        return "it is not executable, so git does not run it. Remove it, or make it executable; or add:"
    return ""
