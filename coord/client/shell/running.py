"""What is done by a program that another one runs: `sudo git push`, `xargs rm`."""

from __future__ import annotations

import os

from coord.client.shell.listings import listed
from coord.client.shell.options import fits
from coord.client.shell.output_options import write_outputs
from coord.client.shell.outputs import read_by
from coord.client.shell.program import HARMLESS
from coord.client.shell.runners import Runner
from coord.client.shell.tasks import ENVIRONMENTS, note_task
from coord.client.shell.variables import words_of
from coord.client.shell.words import SOMETHING, Value, is_assignment

MAX_COMMANDS = 20  # that xargs makes of one

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.effects import Effects
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
    run = _read(walk, runner, words[start:], command)
    if not runner.is_elsewhere:
        write_outputs(walk, runner.names[0], run.options)
    folder = _folder(walk, runner.folder, [*words[:start], *run.options])
    mounted = _mounted(walk, run.options) if runner.is_elsewhere else None
    here, before_it = walk.folder, walk.effects.copy()
    walk.location.folder = folder or mounted or here
    before = _assign(walk, run.options) if runner.assigns else []
    if run.line is not None:
        walk.line_apart(run.line)
    elif run.words:
        _follow_inner(walk, runner, run, command)
    for name, values in before:
        walk.variables.restore(name, values)
    walk.location.folder = here
    if runner.is_elsewhere:
        _bring_home(walk, before_it, mounted)
    return bool(run.words) or run.line is not None


def _bring_home(walk: Walk, before: Effects, mounted: str | None) -> None:
    """Of what is done in a container: its files are none of these, and a folder that only it has
    stands for the project here."""
    done = walk.effects
    if not mounted:
        done.files, done.links, done.trees = before.files, before.links, before.trees
    project = mounted or walk.folder
    new = [place for place in done.locks if place not in before.locks]
    done.locks = dict(before.locks)
    for folder, lock in new:
        done.locks[folder if mounted and os.path.isdir(folder) else project, lock] = None


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
    if runner.reads_more:
        names = walk.name_patterns
        for inner in _with_input(walk, run, command):
            _follow_one(walk, runner, run, inner, command)
        walk.name_patterns = names
    else:
        _follow_one(walk, runner, run, run.words, command)


def _follow_one(
    walk: Walk, runner: Runner, run: _Run, inner: list[Value], command: Command
) -> None:
    if runner.is_line or (runner.reads_more and any(letter.isspace() for letter in inner[0].text)):
        walk.line_apart(_joined(inner))
        return
    if inner[0].text.count(":") == 1 and "hatch" in runner.names:
        inner = [inner[0].after(inner[0].text.partition(":")[0] + ":"), *inner[1:]]  # `env:task`
    before = walk.effects.count
    walk.follow(inner, command)
    if run.is_doubtful and walk.effects.count == before:
        walk.follow(inner[1:], command)
    is_task = walk.effects.count == before and not ENVIRONMENTS.isdisjoint(runner.names)
    if is_task and not any(word.text in HARMLESS for word in inner):
        note_task(walk, inner[0].text, None)


def _joined(words: list[Value]) -> str:
    """One line of shell; the keys that end one, as `tmux send-keys` has them, are line breaks."""
    return " ".join(
        "\n" if word.text in ("Enter", "C-m", "KPEnter") else word.text for word in words
    )


def _with_input(walk: Walk, run: _Run, command: Command) -> list[list[Value]]:
    """The commands that xargs makes of one and what it reads, or parallel of what stands behind
    `:::`; of many all at once."""
    inner, more = run.words, []
    at = next((at for at, word in enumerate(inner) if word.text in (":::", ":::+")), None)
    if at is not None:
        inner, more = inner[:at], inner[at + 1 :]
        if not inner:  # they are the commands
            return [[Value("\n".join(word.text for word in more))]]
    else:
        more = _read_words(walk, run.options, command)
    marker = _marker(run.options)
    if not more or not any(marker in word.text for word in inner):
        return [[*inner, *more]]
    turns = [[value] for value in more] if len(more) <= MAX_COMMANDS else [more]
    return [[value for word in inner for value in _put(word, marker, turn)] for turn in turns]


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
    if word.text == marker:
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


def _read(walk: Walk, runner: Runner, words: list[Value], command: Command) -> _Run:
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
    named = [program] if program is not None and program.text else []
    run = _Run(options, [*named, *inner], is_doubtful=is_doubtful)
    is_behind = runner.skip and inner and inner[0].text[:1] == "-"  # `su deploy -c '…'`
    run.line = _line(runner, [*options, *inner[:2]] if is_behind else options)
    if run.line is None and not inner and runner.shell == {"always"}:
        run.line = read_by(command, walk.variables)
    elif run.line is None and _is_shell(runner, options):
        run.line = _joined(inner) if inner else read_by(command, walk.variables)
    return run


def _is_shell(runner: Runner, options: list[Value]) -> bool:
    """`sudo -s`, `sudo -iu deploy`"""
    texts = [word.text for word in options]
    letters = [f"-{letter}" for text in texts if text[:1] == "-" != text[1:2] for letter in text]
    return not runner.shell.isdisjoint([*texts, *letters])


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
        if word.text[:1] == "-" != word.text[1:2] and word.text[:2] in options:  # `-C../lib`
            return walk.path(word.after(word.text[:2]))
    return None
