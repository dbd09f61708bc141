"""What runs a project's own tasks: `make deploy`, `npm run db:migrate`."""

from __future__ import annotations

import os

from coord.client.shell.options import parse_arguments
from coord.client.shell.program import HARMLESS
from coord.client.shell.texts import text_of
from coord.client.shell.words import SOMETHING, Value, is_assignment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.options import Arguments
    from coord.client.shell.walk import Walk
    from coord.client.shell.words import Command

TASK_RUNNERS = frozenset(
    "make gmake nmake mingw32-make just task rake npm pnpm yarn bun nx turbo lerna grunt gulp ant"
    " mage tox nox inv invoke fab poe composer hatch pdm rush moon earthly dagger bazel mise deno"
    " cmake ninja pants npm-run-all npm-run-all2 run-s run-p".split()
)
"""What runs a project's own tasks: `make deploy`, `npm run db:migrate`."""

TASKS = (("deploy", "deploy"), ("migrat", "migrate"), ("publish", "publish"))
"""What a task has in its name, and the lock."""
TASK_NAMES = {
    **dict.fromkeys(("release", "push", "upload"), "publish"),
    **dict.fromkeys(("rollback", "ship", "promote", "apply", "destroy"), "deploy"),
}
"""What it is called, behind the last colon."""
FORMATS = frozenset(
    "format fmt fix autofix lint:fix lint-fix lintfix format:fix format:write fix:lint prettier:fix"
    " prettier:write eslint:fix style:fix format-fix".split()
)
"""Tasks that change files anywhere in the folder; of any other `--fix` and `--write` say so."""
REWRITES = frozenset(("--fix", "--write"))
TASK_OPTIONS = {
    "tox": frozenset("-e --env".split()),
    "nox": frozenset("-s --session --sessions -e".split()),
    "nx": frozenset("-t --target --targets".split()),
    "cmake": frozenset("-t --target".split()),
}
"""The options whose value is a task."""

MAKES = frozenset("make gmake nmake mingw32-make".split())
_ONLY_TASKS = MAKES | {"just"}
"""Those whose words are all tasks, whatever they are called."""
_MAKE_VALUES = (
    "-C --directory -f --file --makefile -I --include-dir -o --old-file --assume-old -W --what-if"
    " --new-file --assume-new --eval"
)
_INVOKE_VALUES = "-c --collection -r --search-root -f --config -T --command-timeout -H --hosts -i"
_VALUES = {
    **dict.fromkeys(MAKES, _MAKE_VALUES),
    "npm": "--prefix -C -w --workspace --loglevel",
    "pnpm": "-C --dir -F --filter --reporter --loglevel --workspace-concurrency",
    "yarn": "--cwd",
    "bun": "--cwd --filter -F",
    "composer": "-d --working-dir",
    "deno": "-c --config --cwd -f --filter",
    "mise": "-C --cd -E --env -j --jobs -o --output -t --tool",
    "task": "-d --dir -t --taskfile -o --output --concurrency -I --interval",
    "just": "-f --justfile -d --working-directory --set --shell --shell-arg --dotenv-path",
    "rake": "-f --rakefile -I -r -C --directory",
    **dict.fromkeys(("inv", "invoke", "fab"), _INVOKE_VALUES),
}
_OTHER_VALUES = (
    "-C -f -I -o --file --directory --justfile -d --dir --prefix --cwd -w --workspace --filter"
    " -F --jobs -t --taskfile -s --session -e --target --targets --sessions --env --build"
)
"""Options with a value that stand before a task; a number, as of `-j 4`, is none."""
TASK_FOLDER = frozenset("-C --directory --prefix --cwd --dir -d --working-directory".split())
_FOLDERS = {
    "composer": frozenset(("-d", "--working-dir")),
    "deno": frozenset(("--cwd",)),
    "mise": frozenset(("-C", "--cd")),
    "task": frozenset(("-d", "--dir")),
    **dict.fromkeys(MAKES, frozenset(("-C", "--directory"))),
}
TASK_HARMLESS = frozenset(
    "-n --just-print --recon --dry -N -q --question -l --list --summary".split()
)
TASK_WORDS = frozenset("run run-script rum r".split())
_TASK = ("task", "tasks")
TASK_READS = frozenset(
    "install i add ci remove rm uninstall update up upgrade audit view info ls list test t why init"
    " outdated create link config cache help search pack version exec dlx x docs query show".split()
)
"""Commands of package managers themselves, whose words are no tasks."""
PACKAGE_MANAGERS = frozenset("npm yarn pnpm bun composer deno".split())
"""Of their words only the first is a task."""
ENVIRONMENTS = frozenset("pdm hatch rye pixi poetry uv pipenv".split())
"""What they run is a task of theirs where it is no program."""
SCRIPT_RUNNERS = frozenset("npm yarn pnpm bun npm-run-all npm-run-all2 run-s run-p".split())
"""Those whose tasks stand in a `package.json`."""
_WITH_FILES = frozenset("just task composer deno mise".split())
"""Of the others those whose files say what their tasks run."""
_ELSEWHERE = frozenset(
    "-w --workspace --workspaces -ws -F --filter -r --recursive -g --global".split()
)
"""With these the tasks are other packages'."""
BIN_RUNNERS = frozenset("yarn pnpm bun".split())
"""Those that run a program of the project's packages where they have no such task."""
_WITH_SCRIPTS = (["install"], ["i"], ["update"], ["u"])
_NO_SCRIPTS = ("--no-scripts",)
_NEEDS_VERB = {"bazel": ["run"], "deno": ["task"]}
"""Without it their words are no tasks."""
_OF_WORKSPACES = (["workspaces", "foreach"], ["workspaces", "run"])
TASK_LOOKS = (":status", ":version", ":check", ":list", ":info")
TASK_TESTS = ("test", "lint", "check")
"""How tasks begin that only look, whatever they are about."""
_NAMED = (
    ("deploy", "deploy"),
    ("migrate", "migrate"),
    ("publish", "publish"),
    ("release", "publish"),
    ("rollback", "deploy"),
)
"""How scripts are called that do it."""


def lock_by_name(name: str) -> str | None:
    """Of `deploy.sh`, `deploy-web`, `migrate.py`."""
    bare = name.partition(".")[0]
    for part, lock in _NAMED:
        if bare == part or bare.startswith((f"{part}-", f"{part}_")):
            return lock
    return None


def task_arguments(name: str, words: list[Value]) -> Arguments:
    values = _VALUES.get(name, _OTHER_VALUES)
    return parse_arguments(words, frozenset(values.split()))


def follow_tasks(walk: Walk, name: str, words: list[Value], command: Command) -> bool:
    """Whether the words are settled: a task that does something, or a command of the runner's
    own."""
    args = task_arguments(name, words)
    names = [word.text for word, _ in args.words if not word.text.isdigit()]
    behind = [word.text for word in args.after_dashes]
    if args.has(TASK_HARMLESS) or args.has(HARMLESS) or not HARMLESS.isdisjoint(behind):
        return True
    is_script = names[:1] == ["test"] and name in SCRIPT_RUNNERS
    is_script |= name == "composer" and names[:1] in _WITH_SCRIPTS and not args.has(_NO_SCRIPTS)
    if name not in _ONLY_TASKS and not is_script and names[:1] and names[0] in TASK_READS:
        return True
    if names[:1] != _NEEDS_VERB.get(name, names[:1]):
        return True
    tasks = _tasks(name, names, args)
    before = walk.effects.count
    rewrites = args.has(REWRITES) or not REWRITES.isdisjoint(behind)
    named = args.value(_FOLDERS.get(name, TASK_FOLDER))
    folder = walk.path(named) if named is not None else None
    for task in tasks:
        note_task(walk, task, folder, rewrites=rewrites)
    is_read = _read(walk, name, args, tasks, folder or walk.folder, command)
    is_task = names[:1] == ["run"] and name not in ("yarn", "bun")  # which run programs so, too
    return is_read or walk.effects.count > before or not names or is_task


def _read(
    walk: Walk, name: str, args: Arguments, tasks: list[str], folder: str, command: Command
) -> bool:
    """Follows what the project's own file says of the tasks; whether it says something."""
    has_files = name in MAKES or name in _WITH_FILES or name in SCRIPT_RUNNERS
    if not has_files or not walk.may_read_tasks():
        return False
    if name in MAKES:
        lines = [(folder, line) for line in _recipes(walk, args, tasks, folder, command)]
    elif name == "just":
        lines = _just_lines(args, folder)
    elif name == "task":
        lines = _taskfile_lines(args, tasks, folder)
    elif name == "composer" and tasks:
        lines = _composer_lines(args, tasks, folder)
    elif name == "deno" and tasks:
        lines = _deno_lines(walk, args, tasks, folder)
    elif name == "mise" and tasks:
        lines = _mise_lines(args, tasks, folder)
    elif name in SCRIPT_RUNNERS and tasks and not args.has(_ELSEWHERE):
        lines = _script_lines(walk, name, args, tasks, folder)
    else:
        return False
    here = walk.folder
    for place, line in lines:
        walk.location.folder = place
        walk.line_apart(line)
    walk.location.folder = here
    return bool(lines)


def _script_lines(
    walk: Walk, name: str, args: Arguments, tasks: list[str], folder: str
) -> list[tuple[str, str]]:
    from coord.client.shell import package_scripts

    at = next(index for index, (word, _) in enumerate(args.words) if word.text == tasks[0])
    more = [word for word, _ in args.words[at + 1 :]] if name in BIN_RUNNERS else []
    return [
        line
        for task in tasks
        for line in package_scripts.lines(walk, folder, task, [*more, *args.after_dashes])
    ]


def _just_lines(args: Arguments, folder: str) -> list[tuple[str, str]]:
    from coord.client.shell import justfiles

    named = args.value(("-f", "--justfile"))
    path = os.path.join(folder, named.text) if named is not None else justfiles.find(folder)
    overrides, words = _overrides(_known(args.plain))
    justfile = justfiles.Justfile(path, overrides)
    own = justfile.folder if not args.has(TASK_FOLDER) else ""
    return [
        (place if place != justfile.folder else own or folder, line)
        for place, line in ((place or folder, line) for place, line in justfile.lines(words))
    ]


def _composer_lines(args: Arguments, tasks: list[str], folder: str) -> list[tuple[str, str]]:
    from coord.client.shell.composer_scripts import ComposerFile

    file = ComposerFile(folder)
    more = _behind_task(args, tasks)
    return [(folder, line) for task in tasks for line in file.lines(task, more)]


def _deno_lines(
    walk: Walk, args: Arguments, tasks: list[str], folder: str
) -> list[tuple[str, str]]:
    from coord.client.shell import deno_tasks, package_scripts

    named = args.value(("-c", "--config"))
    path = os.path.join(folder, named.text) if named is not None else deno_tasks.find(folder)
    file = deno_tasks.DenoFile(path)
    place = folder if args.has(TASK_FOLDER) else file.folder
    more = _behind_task(args, tasks)
    lines = [(place, line) for task in tasks for line in file.lines(task, more)]
    return lines or [
        line for task in tasks for line in package_scripts.lines(walk, folder, task, [])
    ]


def _mise_lines(args: Arguments, tasks: list[str], folder: str) -> list[tuple[str, str]]:
    from coord.client.shell.mise_tasks import MiseTasks

    return list(MiseTasks(folder).lines([*tasks, *_known(args.after_dashes)]))


def _behind_task(args: Arguments, tasks: list[str]) -> str:
    """Its arguments, as words of a line."""
    texts = _known(args.plain)
    at = next((at for at, text in enumerate(texts) if text in tasks), len(texts))
    return " ".join(texts[at + 1 :])


def _taskfile_lines(args: Arguments, tasks: list[str], folder: str) -> list[tuple[str, str]]:
    from coord.client.shell import taskfiles

    named = args.value(("-t", "--taskfile"))
    path = os.path.join(folder, named.text) if named is not None else taskfiles.find(folder)
    overrides, names = _overrides(tasks)
    overrides["CLI_ARGS"] = " ".join(_known(args.after_dashes))
    return list(taskfiles.Taskfile(path, overrides).lines(names))


def _known(words: list[Value]) -> list[str]:
    return [word.text if word.is_known else f"${{{SOMETHING[1:]}}}" for word in words]


def _overrides(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Variables that are set between the tasks, and the tasks."""
    assignments = [word.partition("=") for word in words if is_assignment(word)]
    overrides = {name: value for name, _, value in assignments}
    return overrides, [word for word in words if not is_assignment(word)]


def _recipes(
    walk: Walk, args: Arguments, tasks: list[str], folder: str, command: Command
) -> list[str]:
    from coord.client.shell import makefiles

    overrides, targets = _overrides(tasks)
    makefile = makefiles.Makefile(folder, overrides)
    named = args.value(("-f", "--file", "--makefile"))
    for name in makefiles.NAMES if named is None else (named.text,):
        path = os.path.normpath(os.path.join(folder, name))
        text = text_of(walk, Value(name), command) if named is not None else None
        if makefile.read(path, text or walk.file_texts.get(path)):
            return list(makefile.lines(targets))
    return []


def _tasks(name: str, names: list[str], args: Arguments) -> list[str]:
    if names[:1] == ["workspace"] or names[:2] in _OF_WORKSPACES:
        names = names[2:]
    if names[:1] and (names[0] in TASK_WORDS or (name in ("deno", "mise") and names[0] in _TASK)):
        names = names[2:] if names[1:2] == ["run"] else names[1:]
    names = names[:1] if name in PACKAGE_MANAGERS else names
    for option in TASK_OPTIONS.get(name, ()):
        for value in args.values.get(option, []):
            names += value.text.split(",")
    return names


def note_task(walk: Walk, task: str, folder: str | None, *, rewrites: bool = False) -> None:
    if is_assignment(task):
        return
    if task in FORMATS or task.rpartition(":")[2] in ("fmt", "format") or rewrites:
        walk.change_tree(folder or walk.folder)
    lock = lock_of_task(task)
    if lock is not None:
        walk.need(lock, folder)


def lock_of_task(task: str) -> str | None:
    if task.startswith(TASK_TESTS) or task.endswith(TASK_LOOKS):
        return None
    lock = next((lock for part, lock in TASKS if part in task), None)
    return lock or TASK_NAMES.get(task.rpartition(":")[2])


def follow_built(walk: Walk, words: list[Value]) -> None:
    """`go run ./cmd/deploy`, `cargo run -- migrate`: the project's own program, by its name and
    its command."""
    args = parse_arguments(words, frozenset("--bin --example -p --package --features".split()))
    if args.has(HARMLESS) or any(word.text in HARMLESS for word in args.plain):
        return
    named = args.value(("--bin", "--example"))
    name = os.path.basename(named.text if named is not None else _first(args.words))
    behind = args.after_dashes[:1] or args.plain[1:2]
    lock = lock_by_name(name) or next((lock_of_task(word.text) for word in behind), None)
    if lock is not None:
        walk.need(lock)


def _first(words: list[tuple[Value, bool]]) -> str:
    return words[0][0].text if words else ""
