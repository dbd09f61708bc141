"""A git command on its walk: aliases, the folder, and what it changes there."""

from __future__ import annotations

import os

from coord.client.paths import path_in
from coord.client.shell.git import change_of
from coord.client.shell.options import parse_arguments
from coord.client.shell.variables import words_of
from coord.client.shell.words import GLOB, Command, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.walk import Walk

_OPTIONS_WITH_VALUE = frozenset(
    "-C -c --git-dir --work-tree --exec-path --namespace --super-prefix --config-env"
    " --attr-source".split()
)

_RUNNING = {
    "rebase": (
        frozenset(("-x", "--exec")),
        frozenset("-s --strategy -X --strategy-option --onto -C --keep-base".split()),
    ),
    "difftool": (frozenset(("-x", "--extcmd")), frozenset(("-t", "--tool"))),
    "filter-branch": (
        frozenset(
            "--setup --env-filter --tree-filter --index-filter --parent-filter --msg-filter"
            " --commit-filter --tag-name-filter".split()
        ),
        frozenset(("-d", "--original", "--subdirectory-filter")),
    ),
}
"""Of commands that run others: the options that have a line of shell, and others with a value."""
_WORKTREE_VALUES = frozenset(("-b", "-B", "--reason"))
_EDITORS = ("core.editor=", "sequence.editor=", "core.sshcommand=", "core.pager=")
_EDITOR_VARIABLES = ("GIT_EDITOR", "GIT_SEQUENCE_EDITOR", "GIT_SSH_COMMAND", "GIT_PAGER")


class GitCall:
    """`folder`: whose repository it is about. `tree`: where the files are that it changes, the
    whole of it where that is not the `folder`. `aliases`: that its own options name. `editors`:
    lines of shell that it runs, likewise. `words`: the command behind git's options."""

    __slots__ = ("aliases", "editors", "folder", "tree", "words")

    def __init__(self, folder: str) -> None:
        self.folder = self.tree = folder
        self.aliases: dict[str, str] = {}
        self.editors: list[str] = []
        self.words: list[Value] = []


def read(walk: Walk, words: list[Value]) -> GitCall:
    """`words`: behind `git`. Its options count more than the environment, as for git."""
    call = GitCall(walk.folder)
    git_dir = walk.variables.assigned("GIT_DIR")
    work_tree = walk.variables.assigned("GIT_WORK_TREE")
    at = 0
    while at < len(words) and words[at].text.startswith("-"):
        name, equals, _ = words[at].text.partition("=")
        value = words[at].after(f"{name}=") if equals else next(iter(words[at + 1 :]), None)
        at += 2 if name in _OPTIONS_WITH_VALUE and not equals else 1
        if value is None:
            continue
        if name == "-C":
            call.folder = _inside(walk, call.folder, value)
        elif name == "--git-dir":
            git_dir = value
        elif name == "--work-tree":
            work_tree = value
        elif name == "-c" and value.text.startswith("alias."):
            alias, _, meant = value.text[len("alias.") :].partition("=")
            call.aliases[alias] = meant
        elif name == "-c" and value.text.lower().startswith(_EDITORS):
            call.editors.append(value.text.partition("=")[2])
    set_by_line = [walk.variables.assigned(name) for name in _EDITOR_VARIABLES]
    call.editors += [value.text for value in set_by_line if value is not None]
    call.words = words[at:]
    call.tree = _inside(walk, call.folder, work_tree)
    if git_dir is not None:
        named = _inside(walk, call.folder, git_dir)
        call.folder = os.path.dirname(named) if os.path.basename(named) == ".git" else named
    return call


def _inside(walk: Walk, folder: str, value: Value | None) -> str:
    if value is None:
        return folder
    if not value.is_known:
        from coord.client.shell.targets import only_match

        return only_match(walk, folder, value) or folder
    return walk.links.place(path_in(folder, value.text))


def follow_git(walk: Walk, call: GitCall) -> None:
    """The walk is in the call's folder."""
    words = call.words
    if not words:
        return
    verb = words[0].text
    if verb == "clone" and len(words) > 1:
        last = words[-1].text.rstrip("/").rpartition("/")[2]
        walk.new_folders.add(os.path.join(walk.folder, last.removesuffix(".git")))
    if verb == "worktree" and len(words) > 2 and words[1].text == "add":
        args = parse_arguments(words[2:], _WORKTREE_VALUES)
        walk.new_folders.update(filter(None, map(walk.path, args.plain[:1])))
    if verb == "submodule" and len(words) > 2 and words[1].text == "foreach":
        walk.line_apart(" ".join(word.text for word in words[2:] if word.text != "--recursive"))
    for line in [*call.editors, *_run_within(verb, words[1:])]:
        walk.line_apart(line)
    if verb == "config":
        _note_alias(walk, words[1:])
    alias = call.aliases.get(verb) or walk.git_aliases.get(verb) or _alias(call.folder, verb)
    if alias.startswith("!"):
        walk.line_apart(alias[1:])
    elif alias:
        meant = [Value("git"), *words_of(alias.split()), *words[1:]]
        walk.follow(meant, Command())
    else:
        _note(walk, call)


def _note_alias(walk: Walk, words: list[Value]) -> None:
    """`git config alias.up push`: a later command of the line may use it."""
    plain = [word.text for word in parse_arguments(words, frozenset(("-f", "--file"))).plain]
    plain = plain[1:] if plain[:1] == ["set"] else plain
    if len(plain) == 2 and plain[0].startswith("alias."):
        walk.git_aliases[plain[0][len("alias.") :].lower()] = plain[1]


def _run_within(verb: str, words: list[Value]) -> list[str]:
    """What `git rebase --exec`, `git difftool -x` and `git bisect run` run."""
    if verb == "bisect" and words and words[0].text == "run":
        return [" ".join(word.text for word in words[1:])]
    if verb == "grep":
        texts = [word.text.partition("=") for word in words if word.text.startswith("--open")]
        return [text for _, _, text in texts] + [w.text[2:] for w in words if w.text[:2] == "-O"]
    run, values = _RUNNING.get(verb, (frozenset(), frozenset()))
    option_values = parse_arguments(words, run | values).values if run else {}
    return [value.text for option in sorted(run) for value in option_values.get(option, [])]


def _note(walk: Walk, call: GitCall) -> None:
    walk.location.folder = call.tree
    change = change_of(call.words, call.tree)
    for value in change.files:
        folder, names = _pathspec(walk, value)
        if names is None:
            walk.write(value, whole_folders=True, replaces_links=True)
        else:
            walk.change_tree(folder, names)
    if change.is_tree:
        from coord.client.workspace import repository

        checkout = repository(call.tree) if call.tree == call.folder else None
        walk.change_tree(checkout.top if checkout is not None else call.tree)


def _pathspec(walk: Walk, value: Value) -> tuple[str, tuple[str, ...] | None]:
    """A pattern that git itself matches, in any folder below: the folder in which it must be, and
    the names. None for what is no pattern, or what the shell has matched."""
    from coord.client.shell.targets import targets

    if not value.is_known and (not value.is_pattern or any(targets(walk, value))):
        return "", None
    at = next((index for index, letter in enumerate(value.text) if letter in GLOB), None)
    if at is None:
        return "", None
    folder = path_in(walk.folder, os.path.dirname(value.text[:at]))
    name = value.text.rpartition("/")[2]
    return os.path.normpath(folder), (name,) if name.strip("*") else ()


def _alias(folder: str, verb: str) -> str:
    """What the repository or its user has named so."""
    if verb in _KNOWN or not verb.replace("-", "").isalnum():
        return ""
    from coord.client.git_config import user_values, values
    from coord.client.workspace import repository

    checkout = repository(folder)
    own = values(checkout.common, "alias", verb.lower()) if checkout is not None else []
    aliases = own or user_values("alias", verb.lower())
    return aliases[-1] if aliases else ""


_KNOWN = frozenset(
    "add am apply archive bisect blame branch bundle cat-file check-ignore checkout checkout-index"
    " cherry cherry-pick clean clone commit config describe diff diff-tree fetch filter-branch"
    " format-patch fsck gc grep help init lfs log ls-files ls-remote ls-tree maintenance merge"
    " merge-base merge-file mergetool mv notes prune pull push range-diff read-tree rebase reflog"
    " remote repack reset restore rev-list rev-parse revert rm send-pack shortlog show show-ref"
    " sparse-checkout stage stash status submodule subtree svn switch symbolic-ref tag update-index"
    " update-ref version whatchanged worktree".split()
)
