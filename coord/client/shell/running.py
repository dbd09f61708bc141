"""The programs that run others, and what those do."""

from __future__ import annotations

import os

from coord.client.shell.names import program_name
from coord.client.shell.options import fits
from coord.client.shell.output_options import write_outputs
from coord.client.shell.outputs import listed, read_by
from coord.client.shell.program import HARMLESS
from coord.client.shell.runners import INTERPRETERS, Runner
from coord.client.shell.targets import targets
from coord.client.shell.tasks import ENVIRONMENTS, lock_by_name, note_task
from coord.client.shell.texts import text_of
from coord.client.shell.variables import words_of
from coord.client.shell.words import SOMETHING, Value, is_assignment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.walk import Walk
    from coord.client.shell.words import Command


def run_by(walk: Walk, runner: Runner, words: list[Value], command: Command) -> bool:
    """Whether the runner runs something here; that is followed."""
    for path in runner.commands:
        start = _behind(path, words, runner)
        if start is not None:
            break
    else:
        return False
    run = _read(runner, words[start:])
    if not runner.is_elsewhere:
        write_outputs(walk, runner.names[0], run.options)
    folder = _folder(walk, runner.folder, [*words[:start], *run.options])
    mounted = _mounted(walk, run.options) if runner.is_elsewhere else None
    here, files, trees = walk.folder, dict(walk.effects.files), dict(walk.effects.trees)
    walk.location.folder = folder or mounted or here
    before = _assign(walk, run.options) if runner.assigns else []
    if run.line is not None:
        walk.line_apart(run.line)
    elif run.words:
        _follow_inner(walk, runner, run, command)
    for name, values in before:
        walk.variables.restore(name, values)
    walk.location.folder = here
    if runner.is_elsewhere and not mounted:
        walk.effects.files, walk.effects.trees = files, trees
    return bool(run.words) or run.line is not None


class _Run:
    """`options`: the runner's own. `words`: the command that is run; `line`: a line of shell
    instead. `is_doubtful`: the first word may be the value of an option that nobody knows."""

    __slots__ = ("is_doubtful", "line", "options", "words")

    def __init__(self, options: list[Value], words: list[Value], *, is_doubtful: bool) -> None:
        self.options = options
        self.words = words
        self.line: str | None = None
        self.is_doubtful = is_doubtful


def _assign(walk: Walk, options: list[Value]) -> list[tuple[str, list[Value] | None]]:
    """`env GIT_DIR=x`; what the variables were before."""
    before = []
    for word in options:
        name, equals, _ = word.text.partition("=")
        if equals and is_assignment(word.text):
            before.append((name, walk.variables.get(name)))
            walk.variables.set(name, [word.after(f"{name}=")])
    return before


def _source_and_target(mount: str) -> tuple[str, str]:
    """Of `C:\\src:/app:ro`, too; no volume has a name of one letter."""
    drive = mount[:2] if mount[:1].isalpha() and mount[1:3] in (":\\", ":/") else ""
    source, _, rest = mount[len(drive) :].partition(":")
    return drive + source, rest.partition(":")[0]


def _mounted(walk: Walk, options: list[Value]) -> str | None:
    """The folder of this machine that a container works in: `-v "$PWD:/app" -w /app`."""
    works_in = ""
    mounts: list[tuple[str, str]] = []  # source and target
    for index, word in enumerate(options):
        name, equals, _ = word.text.partition("=")
        value = word.after(f"{name}=") if equals else next(iter(options[index + 1 :]), word)
        if name in ("-v", "--volume") and value.is_known:
            mounts.append(_source_and_target(value.text))
        elif name == "--mount" and value.is_known:
            parts = dict(part.partition("=")[::2] for part in value.text.split(","))
            source = parts.get("source") or parts.get("src") or ""
            mounts.append((source, parts.get("target") or parts.get("dst") or ""))
        elif name in ("-w", "--workdir"):
            works_in = value.text
    for source, target in mounts:
        # else the name of a volume
        is_folder = source in (".", "..") or "/" in source or "\\" in source
        if is_folder and target and f"{works_in}/".startswith(f"{target.rstrip('/')}/"):
            inside = works_in[len(target.rstrip("/")) :].lstrip("/")
            return walk.path(Value(os.path.join(source, inside)))
    return None


def _follow_inner(
    walk: Walk,
    runner: Runner,
    run: _Run,
    command: Command,
) -> None:
    names, inner = walk.name_patterns, run.words
    if runner.reads_more:
        inner = _with_input(walk, run, command)
    if runner.is_line or (runner.reads_more and any(letter.isspace() for letter in inner[0].text)):
        walk.line_apart(_joined(inner))
        walk.name_patterns = names
        return
    before = walk.effects.count
    walk.follow(inner, command)
    if run.is_doubtful and walk.effects.count == before:
        walk.follow(inner[1:], command)
    is_task = walk.effects.count == before and not ENVIRONMENTS.isdisjoint(runner.names)
    if is_task and not any(word.text in HARMLESS for word in inner):
        note_task(walk, inner[0].text, None)
    walk.name_patterns = names


def _joined(words: list[Value]) -> str:
    """One line of shell; the keys that end one, as `tmux send-keys` has them, are line breaks."""
    return " ".join(
        "\n" if word.text in ("Enter", "C-m", "KPEnter") else word.text for word in words
    )


def _with_input(walk: Walk, run: _Run, command: Command) -> list[Value]:
    """As xargs adds to a command what it reads, or parallel what stands behind `:::`."""
    inner, more = run.words, []
    at = next((at for at, word in enumerate(inner) if word.text in (":::", ":::+")), None)
    if at is not None:
        inner, more = inner[:at], inner[at + 1 :]
        if not inner:  # they are the commands
            return [Value("\n".join(word.text for word in more))]
    else:
        more = _read_words(walk, run.options, command)
    marker = _marker(run.options)
    if not more or not any(marker in word.text or word.text == "%" for word in inner):
        return [*inner, *more]
    return [value for word in inner for value in _put(word, marker, more)]


def _read_words(walk: Walk, options: list[Value], command: Command) -> list[Value]:
    read = read_by(command, walk.variables)
    if read is not None:
        is_by_lines = any(word.text[:2] in ("-I", "-J") for word in options)
        return words_of(read.split("\n")) if is_by_lines else words_of(read.split())
    listing = listed(command.source, walk.variables)
    if listing is None:
        return [Value("…", "")]
    more, walk.name_patterns = listing
    return more


def _marker(options: list[Value]) -> str:
    """What stands for the arguments: `{}`, or what `xargs -I` says."""
    for index, word in enumerate(options):
        if word.text.startswith("--replace="):
            return word.text.partition("=")[2]
        letters, sign, marker = word.text.partition("I" if "I" in word.text else "J")
        if sign and letters[:1] == "-" and (letters[1:].isalnum() or letters == "-"):
            return marker or next((value.text for value in options[index + 1 :]), "{}")
    return "{}"


def _put(word: Value, marker: str, more: list[Value]) -> list[Value]:
    if word.text in (marker, "%"):
        return more
    if marker not in word.text:
        return [word]
    return [
        Value(
            word.text.replace(marker, value.text if value.is_known else SOMETHING),
            None if value.is_known else word.text.partition(marker)[0] + (value.beginning or ""),
        )
        for value in (more[:1] if " " in word.text else more)
    ]


def _behind(path: tuple[str, ...], words: list[Value], runner: Runner) -> int | None:
    """Where the words behind the runner's own command begin; None where it is another one."""
    if not path:
        return 0
    at = 0
    for step in path:
        at = _first_word(words, at, runner)[0]
        if at >= len(words) or not fits(words[at].text, step):
            return None
        at += 1
    return at


def _first_word(words: list[Value], at: int, runner: Runner) -> tuple[int, bool]:
    """The index of the next word that is no option, and whether an unknown one stands before."""
    is_doubtful = False
    while at < len(words):
        text = words[at].text
        if text == "--":
            return at + 1, False
        if text[:1] != "-" or text == "-":
            if not (runner.assigns and is_assignment(text)) and text not in runner.flags:
                break
        elif text in runner.values:
            at += 1
        elif text not in runner.flags and "=" not in text and text[:2] not in runner.values:
            is_doubtful = f"-{text[-1]}" not in runner.flags
            if len(text) > 2 and text[1] != "-" and f"-{text[-1]}" in runner.values:
                at += 1
        at += 1
    return at, is_doubtful


def _read(runner: Runner, words: list[Value]) -> _Run:
    at, is_doubtful = _first_word(words, 0, runner)
    options = words[:at]
    dashes = [word.text for word in words].index("--") + 1 if _has_dashes(runner, words) else 0
    if dashes:
        at = max(at, dashes)
    elif not any(word.text in runner.skipped_by for word in options):
        for _ in range(runner.skip):
            at += 1
            if at < len(words) and words[at].text == "--":
                at += 1
    inner = words[at:]
    while inner and runner.assigns and is_assignment(inner[0].text):
        inner = inner[1:]
    program = _value(options, runner.program) if runner.program else None
    run = _Run(options, inner if program is None else [program, *inner], is_doubtful=is_doubtful)
    is_behind = runner.skip and inner and inner[0].text[:1] == "-"  # `su deploy -c '…'`
    run.line = _line(runner, [*options, *inner[:2]] if is_behind else options)
    return run


def _has_dashes(runner: Runner, words: list[Value]) -> bool:
    return runner.dashed and any(word.text == "--" for word in words)


def _value(options: list[Value], name: str) -> Value | None:
    for index, word in enumerate(options):
        if word.text == name:
            return next(iter(options[index + 1 :]), None)
        if word.text.startswith(f"{name}="):
            return word.after(f"{name}=")
    return None


def _line(runner: Runner, words: list[Value]) -> str | None:
    for index, word in enumerate(words):
        name, equals, text = word.text.partition("=")
        if name in runner.line:
            return text if equals else "".join(word.text for word in words[index + 1 : index + 2])
        short = next((value for value in runner.line if len(value) == 2), "")
        if short and word.text.startswith(short):
            return word.text[2:]
        if short and word.text[:1] == "-" and word.text[:2] != "--" and word.text[-1] == short[1]:
            return " ".join(value.text for value in words[index + 1 : index + 2])
    return None


def _folder(walk: Walk, options: frozenset[str], words: list[Value]) -> str | None:
    for index, word in enumerate(words):
        name, equals, _ = word.text.partition("=")
        if name in options:
            value = word.after(f"{name}=") if equals else next(iter(words[index + 1 :]), None)
            return walk.path(value) if value is not None else None
    return None


def run_text(walk: Walk, words: list[Value], command: Command, shell: str) -> bool:
    """Whether the script is a file that the line has written, or a process; `words`: the script
    and its arguments."""
    text = text_of(walk, words[0], command)
    if text is None:
        return False
    first = text.partition("\n")[0]
    name = program_name(Value(first.split()[-1])) if first[:2] == "#!" and first[2:].strip() else ""
    if name in INTERPRETERS:
        _inline(walk, name, [Value(text), *words[1:]])
    else:
        walk.line_apart(text, shell, words)
    return True


def interpret(walk: Walk, name: str, words: list[Value], command: Command) -> None:
    """`python -m alembic`, `php artisan migrate`: what is run is followed as a program."""
    options = INTERPRETERS.get(name)
    if options is None:
        return
    inline, values = options[0].split(), options[1].split()
    at = 0
    while at < len(words):
        text = words[at].text
        option, equals, _ = text.partition("=")
        is_short = text[:1] == "-" and text[:2] != "--"
        if text == "-m" and name == "python":
            _module(walk, words[at + 1 :], command)
            return
        if equals and option in inline:
            _inline(walk, name, [words[at].after(f"{option}="), *words[at + 1 :]])
            return
        if text in inline or (is_short and f"-{text[-1]}" in inline and len(text) > 2):
            _inline(walk, name, words[at + 1 :])
            return
        if text[:1] != "-" or text == "-":
            break
        at += 2 if text in values else 1
    script = (
        text_of(walk, words[at], command) if at < len(words) else read_by(command, walk.variables)
    )
    if script is None and at < len(words) and words[at].text != "-":
        if name != "emacs":  # which edits it
            walk.follow(words[at:], command)
        return
    if script is not None:
        _inline(walk, name, [Value(script), *words[at + 1 :]])


def _module(walk: Walk, words: list[Value], command: Command) -> None:
    """`python -m alembic upgrade head`, `python -m scripts.deploy`"""
    before = walk.effects.count
    walk.follow(words, command)
    lock = lock_by_name(words[0].text.rpartition(".")[2]) if words else None
    if lock is not None and walk.effects.count == before:
        harmless = any(word.text in HARMLESS for word in words)
        walk.effects.locks.update({} if harmless else {(walk.folder, lock): None})


def _inline(walk: Walk, name: str, words: list[Value]) -> None:
    """`words`: a script, and its arguments."""
    from coord.client.shell import tcl
    from coord.client.shell.scripts import commands, paths_written
    from coord.client.shell.words import Command

    for script in words[:1]:
        arguments = [
            path if word.is_pattern else word.text
            for word in words[1:]
            for path, is_tree in (targets(walk, word) if word.is_pattern else [("", False)])
            if word.is_known or (word.is_pattern and not is_tree)
        ]
        files, folders = paths_written(script.text, walk.folder, arguments)
        for path in files:
            walk.effects.files[path] = None
        for path in folders:
            walk.change_tree(path)
        is_tcl = name in ("expect", "tclsh")
        for line in tcl.commands(script.text) if is_tcl else ():
            walk.line_apart(line)
        for file in tcl.files(script.text) if is_tcl else ():
            walk.write(Value(file))
        for texts in commands(script.text):
            if len(texts) == 1:
                walk.line_apart(texts[0])
            else:
                walk.follow([Value(text) for text in texts], Command())
