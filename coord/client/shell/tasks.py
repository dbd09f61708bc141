"""What runs a project's own tasks: `make deploy`, `npm run db:migrate`."""

from __future__ import annotations

from coord.client.shell.options import parse_arguments
from coord.client.shell.program import HARMLESS
from coord.client.shell.words import Value, is_assignment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.effects import Walk
    from coord.client.shell.options import Arguments

TASK_RUNNERS = frozenset(
    "make gmake nmake mingw32-make just task rake npm pnpm yarn bun nx turbo lerna grunt gulp ant"
    " mage tox nox inv invoke fab poe composer hatch pdm rush moon earthly dagger bazel mise cmake"
    " ninja".split()
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

TASK_VALUES = frozenset(
    "-C -f -j -I -o --file --directory --justfile -d --dir --prefix --cwd -w --workspace --filter"
    " -F --jobs -t --taskfile -s --session -e --target --targets --sessions --env --build".split()
)
TASK_FOLDER = frozenset("-C --directory --prefix --cwd --dir -d --working-directory".split())
TASK_HARMLESS = frozenset(
    "-n --just-print --recon --dry -N -q --question -l --list --summary".split()
)
TASK_WORDS = frozenset("run run-script rum".split())
TASK_READS = frozenset(
    "install i add ci remove rm uninstall update up upgrade audit view info ls list test t why init"
    " outdated create link config cache help search pack version exec dlx x docs query show".split()
)
"""Commands of package managers themselves, whose words are no tasks."""
PACKAGE_MANAGERS = frozenset("npm yarn pnpm bun composer".split())
"""Of their words only the first is a task."""
ENVIRONMENTS = frozenset("pdm hatch rye pixi poetry uv pipenv".split())
"""What they run is a task of theirs where it is no program."""
BIN_RUNNERS = frozenset("yarn pnpm bun".split())
"""Those that run a program of the project's packages where they have no such task."""
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


def follow_tasks(walk: Walk, name: str, words: list[Value]) -> bool:
    """Whether the words are settled: a task that does something, or a command of the runner's
    own."""
    args = parse_arguments(words, TASK_VALUES)
    names = [word.text for word, _ in args.words]
    behind = [word.text for word in args.rest]
    if args.has(TASK_HARMLESS) or args.has(HARMLESS) or not HARMLESS.isdisjoint(behind):
        return True
    if (names and names[0] in TASK_READS) or (name == "bazel" and names[:1] != ["run"]):
        return True
    tasks = _tasks(name, names, args)
    before = walk.effects.count
    rewrites = args.has(REWRITES) or not REWRITES.isdisjoint(behind)
    named = args.value(TASK_FOLDER)
    folder = walk.path(named) if named is not None else None
    for task in tasks:
        note_task(walk, task, folder, rewrites=rewrites)
    return walk.effects.count > before or names[:1] in ([], ["run"])


def _tasks(name: str, names: list[str], args: Arguments) -> list[str]:
    if names[:1] == ["workspace"] or names[:2] == ["workspaces", "foreach"]:
        names = names[2:]
    if names[:1] and names[0] in TASK_WORDS:
        names = names[1:]
    names = names[:1] if name in PACKAGE_MANAGERS else names
    values = [args.values.get(option, []) for option in TASK_OPTIONS.get(name, ())]
    return [*names, *(part for each in values for word in each for part in word.text.split(","))]


def note_task(walk: Walk, task: str, folder: str | None, *, rewrites: bool = False) -> None:
    if is_assignment(task):
        return
    if task in FORMATS or task.rpartition(":")[2] in ("fmt", "format") or rewrites:
        walk.change_tree(folder or walk.folder)
    if task.startswith(TASK_TESTS) or task.endswith(TASK_LOOKS):
        return
    lock = next((lock for part, lock in TASKS if part in task), None)
    lock = lock or TASK_NAMES.get(task.rpartition(":")[2])
    if lock is not None:
        walk.need(lock, folder)
