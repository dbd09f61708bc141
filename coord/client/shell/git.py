"""What a git command changes in the checkout: single files, or whatever is in it."""

from __future__ import annotations

import os

from coord.client.paths import path_in
from coord.client.shell.options import Arguments, parse_arguments
from coord.client.shell.words import Value

_VALUES = frozenset(
    "-C -c -m --message -F --file --strategy --onto"
    " --exec -b -B --orphan --source --pathspec-from-file --author --date --depth --directory"
    " --exclude --conflict --output".split()
)
_OWN_VALUES = {
    "clean": frozenset(("-e",)),
    "restore": frozenset(("-s",)),
    "commit": frozenset("-t --template --cleanup --trailer --squash --fixup".split()),
    "archive": frozenset("-o --format --prefix --remote".split()),
    "config": frozenset("-f --file --blob --type".split()),
    "checkout-index": frozenset(("--prefix",)),
    "cliff": frozenset("-o --output -p --prepend -c --config -t --tag".split()),
    "format-patch": frozenset("-o --output-directory".split()),
    "interpret-trailers": frozenset("--trailer --where --if-exists --if-missing".split()),
}
"""Options with a value that other commands have without."""
_OWN_FLAGS = dict.fromkeys(("checkout", "switch", "restore", "read-tree"), frozenset(("-m",)))
"""Those that have none there."""
_FLAGS = frozenset(
    "-p -P --paginate --no-pager --bare --no-replace-objects --literal-pathspecs"
    " --no-optional-locks --glob-pathspecs --icase-pathspecs".split()
)
_ALWAYS = frozenset(
    "merge rebase cherry-pick revert am pull filter-branch filter-repo flow town".split()
)
_SAFE_STASH = frozenset("list show drop clear create store branch-list".split())
_CLIFF_FILES = (("--output", "-o"), ("--prepend", "-p"))
_HERE = frozenset((".", "./", "*"))
_STEPS = frozenset("start good bad new old reset skip run replay".split())


class GitChange:
    """`files`: those named. `is_tree`: whatever is in the checkout."""

    __slots__ = ("files", "is_tree")

    def __init__(self, files: list[Value] | None = None, *, is_tree: bool = False) -> None:
        self.files = files or []
        self.is_tree = is_tree


NOTHING = GitChange()
TREE = GitChange(is_tree=True)


def change_of(words: list[Value], folder: str) -> GitChange:
    """`words`: behind `git`. `folder`: that it works in."""
    verb = words[0].text
    flags = _OWN_FLAGS.get(verb, frozenset())
    values = (_VALUES - flags) | _OWN_VALUES.get(verb, frozenset())
    args = parse_arguments(words[1:], values, _FLAGS | flags)
    operands = [word for word, _ in args.words]
    if args.has(("--help", "-h", "--dry-run", "--show-current-patch")):
        return NOTHING
    if verb in _ALWAYS:
        return TREE
    judge = _JUDGES.get(verb)
    return judge(args, operands, folder) if judge is not None else NOTHING


def _paths(args: Arguments, named: list[Value], folder: str) -> GitChange:
    """Files, or all that is in the folder where one of them stands for it; `:/` is the top."""
    if not named:
        return TREE if args.value(("--pathspec-from-file",)) else NOTHING
    if any(word.text == "/" or word.text[:1] == ":" for word in named):
        return TREE
    if any(word.text in _HERE for word in named):
        return GitChange([Value(".")])
    return GitChange(named)


def _reset(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    return TREE if args.has(("--hard", "--merge", "--keep")) else NOTHING


def _checkout(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    if args.after_dashes:
        return _paths(args, args.after_dashes, folder)
    if args.has(("--pathspec-from-file",)):
        return TREE
    if args.has(("-b", "-B", "--orphan")):  # a new branch where one is, unless it begins elsewhere
        return TREE if operands else NOTHING
    if not operands:
        return TREE if args.has(("-f", "--force", "-p", "--patch")) else NOTHING
    named = operands[1:] if len(operands) > 1 else operands
    first = path_in(folder, operands[0].text)
    if len(operands) == 1 and not os.path.lexists(first) and not operands[0].is_pattern:
        return TREE
    if os.path.lexists(first):
        named = operands
    return _paths(args, named, folder)


def _restore(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    if args.has(("--staged", "-S")) and not args.has(("--worktree", "-W")):
        return NOTHING
    named = [*operands, *args.after_dashes]
    return _paths(args, named, folder) if named or not args.has(("-p", "--patch")) else TREE


def _switch(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    if args.has(("-c", "-C", "--create", "--force-create", "--orphan")):
        return TREE if len(operands) > int(args.has(("--create", "--force-create"))) else NOTHING
    return TREE


def _stash(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    verb = operands[0].text if operands else "push"
    if verb in _SAFE_STASH:
        return NOTHING
    named = [*operands[1:], *args.after_dashes] if verb == "push" else []
    return GitChange(named) if named else TREE


def _clean(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    letters = "".join(option for option in args.options if not option.startswith("--"))
    if "n" in letters:
        return NOTHING
    if "f" not in letters and not args.has(("--force", "--interactive", "-i")):
        return NOTHING
    named = [*operands, *args.after_dashes]
    return _paths(args, named or [Value(".")], folder)  # it goes no further up


def _apply(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    shows = ("--check", "--stat", "--numstat", "--summary", "--cached")
    return NOTHING if args.has(shows) and not args.has(("--index", "--apply")) else TREE


def _commit(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    if args.has(("--short", "--porcelain", "--long")):  # as `--dry-run`
        return NOTHING
    if args.has(("-a", "--all")):
        return TREE
    named = [*operands, *args.after_dashes]
    return _paths(args, named, folder) if named else NOTHING


def _add(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    if args.has(("-n",)):
        return NOTHING
    named = [*operands, *args.after_dashes]
    if args.has(("-A", "--all", "-u", "--update", "--no-ignore-removal")) and not named:
        return TREE
    change = _paths(args, named, folder)
    is_all = change.is_tree or any(value.text == "." for value in change.files)
    return change if is_all else NOTHING


def _rm(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    if args.has(("--cached", "-n")):
        return NOTHING
    return _paths(args, [*operands, *args.after_dashes], folder)


def _mv(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    named = [*operands, *args.after_dashes]
    if args.has(("-n",)) or len(named) < 2:
        return NOTHING
    sources, target = named[:-1], named[-1]
    into = os.path.isdir(path_in(folder, target.text))
    moved = []
    for source in sources:
        place = os.path.join(target.text, _last_name(source)) if into else target.text
        is_folder = os.path.isdir(path_in(folder, source.text))
        moved.append(Value(f"{place}/…", f"{place}/") if is_folder else Value(place))
    return GitChange([*sources, *moved])


def _last_name(path: Value) -> str:
    return os.path.basename(path.text.rstrip("/"))


def _bisect(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    return TREE if operands and operands[0].text in _STEPS else NOTHING


def _read_tree(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    return TREE if args.has(("-u", "--reset")) else NOTHING


def _checkout_index(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    prefix = args.value(("--prefix",))
    if prefix is not None:
        return GitChange([Value(f"{prefix.text}*", prefix.text)])
    if not args.has(("-f", "--force")):
        return NOTHING
    return TREE if args.has(("-a", "--all")) else GitChange([*operands, *args.after_dashes])


def _submodule(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    verb, *named = [word.text for word in operands] or [""]
    if verb == "add" and named:
        path = Value(named[1] if len(named) > 1 else named[0].rpartition("/")[2])
        return GitChange([Value(".gitmodules"), path])
    return TREE if verb in ("update", "deinit", "absorbgitdirs") else NOTHING


def _subtree(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    return TREE if operands and operands[0].text in ("add", "pull", "merge") else NOTHING


def _svn(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    return TREE if operands and operands[0].text == "rebase" else NOTHING


def _sparse(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    changes = ("set", "add", "disable", "reapply")
    return TREE if operands and operands[0].text in changes else NOTHING


def _lfs(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    verb = operands[0].text if operands else ""
    if verb in ("track", "untrack") and len(operands) > 1:
        return GitChange([Value(".gitattributes")])
    return TREE if verb in ("pull", "checkout", "migrate") else NOTHING


def _merge_file(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    return NOTHING if args.has(("-p", "--stdout")) else GitChange(operands[:1])


def _trailers(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    return GitChange([*operands, *args.after_dashes] if args.has(("--in-place",)) else [])


def _mergetool(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    named = [*operands, *args.after_dashes]
    return GitChange(named) if named else TREE


def _worktree(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    is_removal = len(operands) > 1 and operands[0].text in ("remove", "move")
    return GitChange([operands[1]]) if is_removal else NOTHING


def _format_patch(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    """A file of each commit, whose names begin with its number."""
    if args.has(("--stdout", "--output", "-o", "--output-directory")):
        return _outputs(args, operands, folder)
    return GitChange([Value("0*.patch", "0", is_pattern=True, is_open=True)])


def _bundle(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    return GitChange(operands[1:2] if operands and operands[0].text == "create" else [])


def _config(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    named = args.value(("-f", "--file"))
    is_read = len(operands) < 2 or args.has(("--get", "--get-all", "-l", "--list"))
    return GitChange([named] if named is not None and not is_read else [])


def _cliff(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    """git-cliff's list of changes."""
    named = [args.value((option, letter)) for option, letter in _CLIFF_FILES]
    return GitChange([value for value in named if value is not None])


def _outputs(args: Arguments, operands: list[Value], folder: str) -> GitChange:
    named = args.value(("--output", "-o", "--output-directory"))
    return GitChange([named]) if named is not None else NOTHING


_JUDGES = {
    "reset": _reset,
    "checkout": _checkout,
    "co": _checkout,
    "restore": _restore,
    "switch": _switch,
    "stash": _stash,
    "clean": _clean,
    "apply": _apply,
    "commit": _commit,
    "ci": _commit,
    "add": _add,
    "stage": _add,
    "rm": _rm,
    "mv": _mv,
    "bisect": _bisect,
    "read-tree": _read_tree,
    "checkout-index": _checkout_index,
    "submodule": _submodule,
    "subtree": _subtree,
    "sparse-checkout": _sparse,
    "svn": _svn,
    "cliff": _cliff,
    "lfs": _lfs,
    "worktree": _worktree,
    "merge-file": _merge_file,
    "mergetool": _mergetool,
    "interpret-trailers": _trailers,
    "bundle": _bundle,
    "config": _config,
    "format-patch": _format_patch,
    **dict.fromkeys(("archive", "diff", "log", "show"), _outputs),
}
