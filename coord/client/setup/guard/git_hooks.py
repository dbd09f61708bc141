"""Puts the guard into the git hooks of a repository, takes it out, and says whether it is there."""

from __future__ import annotations

import os
import re

from coord.client import text_files
from coord.client.paths import is_below, real_path
from coord.client.safe_files import open_regular
from coord.client.setup import blocks, git
from coord.client.setup.guard import REFUSAL_CODE, trial
from coord.client.setup.plan import CannotChange, Plan
from coord.client.workspace import Workspace

HOOKS = ("pre-commit", "pre-push")
MAX_BYTES = 1024 * 1024  # of a hook, or a tool's settings

COMMAND = (
    '(PATH="$PATH:$HOME/.local/bin"; command -v coord >/dev/null && coord guard {hook} </dev/null)'
    " || [ $? -ne {refused} ] || exit 1"
)
_OWN = "# The file is coord's own."
_SHELL = re.compile(rb"#!\s*(?:/usr/bin/env\s+(?:-S\s+)?)?(?:\S*/)?(?:sh|bash|dash|zsh|ksh|ash)\b")
_FRAMEWORKS = (
    ("pre-commit.com", "pre-commit", ".pre-commit-config.yaml"),
    ("lefthook", "lefthook", "lefthook.yml"),
    ("overcommit", "overcommit", ".overcommit.yml"),
    ("simple-git-hooks", "simple-git-hooks", "package.json"),
)


_MOVED = (".legacy", ".old")  # what pre-commit and lefthook call a hook that they found
# Where people name the guard for a tool that has the hooks.
_CONFIGS = (
    *(f".husky/{hook}" for hook in HOOKS),
    ".pre-commit-config.yaml",
    *(
        f"{prefix}lefthook{local}.{kind}"
        for prefix in ("", ".", ".config/")
        for local in ("", "-local")
        for kind in ("yml", "yaml", "toml", "json")
    ),
    ".overcommit.yml",
    "package.json",
)


ON, OLD = "on", "old"
IGNORED = "off: the hook asks coord, but goes on when it refuses"
NOT_EXECUTABLE = "off: the hook is not executable"
NOT_RUN = "off: it is set up, but git does not run it in this checkout"
WINDOWS_LINES = (
    "off: the hook's lines end as on Windows (CR LF), so git finds no such shell; save it with LF"
)
BROKEN = (OLD, IGNORED, NOT_EXECUTABLE, NOT_RUN, WINDOWS_LINES)
"""States of a guard that somebody has set up, and that does not work."""


def command(hook: str) -> str:
    """The line that a hook needs, for sh. It does not read what git sends to standard input."""
    return COMMAND.format(hook=hook, refused=REFUSAL_CODE)


def add(plan: Plan, workspace: Workspace) -> None:
    """Plans the block in both hooks, at their beginning, since some end with `exec`. A hook that
    belongs to another tool stays, with a note that says what to put where. Raises CannotChange."""
    folder, reason = _folder(workspace)
    for hook in HOOKS:
        path = os.path.join(folder, hook)
        obstacle = reason or _obstacle(path)
        if obstacle:
            plan.notes.append(f"The {hook} hook stays as it is: {obstacle}\n    {command(hook)}")
            continue
        before = plan.text(path)
        if before is None:
            plan.write(
                path, blocks.HASH.put("#!/bin/sh\n", f"{_OWN}\n{command(hook)}"), executable=True
            )
            continue
        try:
            is_own = _OWN in (blocks.HASH.find(before) or [""])[0]
            content = f"{_OWN}\n{command(hook)}" if is_own else command(hook)
            after = blocks.HASH.put(before, content, before.find("\n") + 1 or None)
        except blocks.Torn as error:
            raise CannotChange(f"{plan.shown(path)} {error}") from None
        plan.write(path, after, executable=True)


def remove(plan: Plan, workspace: Workspace) -> None:
    """Plans the hooks without coord's block, also where another tool has moved them to. Raises
    CannotChange."""
    folder, _ = _folder(workspace)
    assert workspace.repository is not None
    own = os.path.join(real_path(workspace.repository.common), "hooks")
    if folder != own:
        plan.remove_if_empty(folder)
    for path in _hook_files(workspace, [folder, own]):
        if not os.path.isfile(path) or os.path.islink(path) or not plan.may_change(path):
            continue
        try:
            before = plan.text(path) or ""
            block = blocks.HASH.find(before)
            after = blocks.HASH.take(before)
        except blocks.Torn as error:
            raise CannotChange(f"{plan.shown(path)} {error}") from None
        if block is not None:
            plan.write(path, None if _OWN in block[0] and after == "#!/bin/sh\n" else after)
    for path in _mentioning(workspace, "|".join(HOOKS)):
        text = plan.text(path) if plan.may_change(path) else None
        if text and _mention("|".join(HOOKS)).search(text):
            plan.notes.append(
                f"{plan.shown(path)} runs coord guard. Take that out of it yourself: it is not"
                " init's."
            )


def _hook_files(workspace: Workspace, folders: list[str]) -> list[str]:
    """The hooks in these folders, also under the names that pre-commit and lefthook give to
    those they move."""
    names = [f"{hook}{suffix}" for hook in HOOKS for suffix in ("", *_MOVED)]
    return list(dict.fromkeys(os.path.join(folder, name) for folder in folders for name in names))


def status(workspace: Workspace) -> dict[str, str]:
    """For each hook: `on`, `off`, `old` (of another version), or why it is off. Where anything
    mentions the guard the hook is tried, as git runs it in this checkout. Raises CannotChange
    and GitFailed."""
    folder, reason = _folder(workspace)
    assert workspace.repository is not None
    top = real_path(workspace.repository.top)
    states = {}
    for hook in HOOKS:
        path = os.path.join(folder, hook)
        moved = [f"{path}{suffix}" for suffix in _MOVED]
        if not _mentioning(workspace, hook, path, *moved):
            owner = reason.partition(". ")[0]
            states[hook] = f"off: {owner}; coord guard install says what to add" if owner else "off"
            continue
        text = text_files.read(path, MAX_BYTES)
        if blocks.HASH.begin in text and command(hook) not in text:
            states[hook] = OLD
            continue
        if _has_windows_lines(trial.hook_path(top, hook)):
            states[hook] = WINDOWS_LINES
            continue
        outcome = trial.try_hook(top, hook)
        if outcome.ended:
            states[hook] = ON
        elif outcome.asked:
            states[hook] = IGNORED
        elif _is_not_executable(trial.hook_path(top, hook)):
            states[hook] = NOT_EXECUTABLE
        else:
            states[hook] = NOT_RUN
    return states


def _has_windows_lines(path: str) -> bool:
    """Whether the shell that its first line names ends in a CR, of which there is none."""
    try:
        with open_regular(path) as file:
            first = file.readline(trial.MAX_LINE)
    except OSError:
        return False
    return os.name != "nt" and first.startswith(b"#!") and first.endswith(b"\r\n")


def _is_not_executable(path: str) -> bool:
    return os.path.isfile(path) and os.name != "nt" and not os.access(path, os.X_OK)


def _mention(hooks: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])coord guard (?:{hooks})(?![\w-])")


def _mentioning(workspace: Workspace, hooks: str, *paths: str) -> list[str]:
    """The files that may make git run the guard, and do name it."""
    assert workspace.repository is not None
    top = workspace.repository.top
    candidates = [*paths, *(os.path.join(top, name) for name in _CONFIGS)]
    return [path for path in candidates if _mention(hooks).search(text_files.read(path, MAX_BYTES))]


def _folder(workspace: Workspace) -> tuple[str, str]:
    """Where this repository's hooks are, and why coord does not change them; empty when it does.
    Raises CannotChange."""
    if workspace.repository is None:
        raise CannotChange("There is no git repository here, so there are no git hooks.")
    top, common = (
        real_path(workspace.repository.top),
        real_path(workspace.repository.common),
    )
    folder = git.hooks_path(top)
    if folder is None:
        return os.path.join(common, "hooks"), ""
    real = real_path(folder)
    if os.path.basename(real) == "_" and os.path.basename(os.path.dirname(real)) == ".husky":
        return (
            os.path.dirname(real),
            "husky writes it. Put this line into the file of that name in .husky/:",
        )
    if not any(is_below(real, root) for root in (top, common)):
        return (
            real,
            (
                f"core.hooksPath is {folder}, which other repositories use too. If you want it"
                " there, add:"
            ),
        )
    return real, ""


def _obstacle(path: str) -> str:
    """Why this hook is left as it is, and what to do instead; empty when it may be changed."""
    if not os.path.lexists(path):
        return ""
    if os.path.islink(path):
        return f"it is a link to {os.readlink(path)}. Add there:"
    try:
        with open_regular(path) as file:
            content = file.read(MAX_BYTES)
    except OSError as error:
        return f"it cannot be read ({error.strerror}). Add:"
    return _owner(content) or _not_runnable(path, content)


def _owner(content: bytes) -> str:
    for word, tool, config in _FRAMEWORKS:
        if word.encode() in content:
            return f"{tool} writes it. Let {tool} run this command, in {config}:"
    return ""


def _not_runnable(path: str, content: bytes) -> str:
    if _has_windows_lines(path):
        return (
            "its lines end as on Windows (CR LF), so git cannot run it and stops. Save it with LF"
            " line ends; then repeat this, or add:"
        )
    if not _SHELL.match(content):
        return "it is not a shell script. Let it run this command, and end when that fails:"
    if os.name != "nt" and not os.access(path, os.X_OK):
        return (
            "it is not executable, so git does not run it. Remove it, or make it executable; or"
            " add:"
        )
    return ""
