"""A simple command: which program it runs, through whatever runs that, and what it does."""

from __future__ import annotations

import os

from coord.client.paths import path_in
from coord.client.shell import remote
from coord.client.shell.built_ins import built_in
from coord.client.shell.interpreting import interpret, run_text
from coord.client.shell.names import program_name
from coord.client.shell.options import Arguments, lock_for, parse_arguments
from coord.client.shell.outputs import read_by
from coord.client.shell.program import HARMLESS
from coord.client.shell.runners import POWERSHELLS, SHELL_VALUES, SHELLS, WINDOWS_RUNNERS
from coord.client.shell.running import run_by
from coord.client.shell.tasks import (
    BIN_RUNNERS,
    TASK_READS,
    TASK_RUNNERS,
    follow_built,
    follow_tasks,
    lock_by_name,
    task_arguments,
)
from coord.client.shell.words import Value, first_name, is_assignment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.program import Program
    from coord.client.shell.walk import Walk
    from coord.client.shell.words import Command

_MOVES = frozenset(("cd", "pushd", "popd"))
_CALLERS = frozenset(
    "curl wget gh glab http https xh xhs invoke-restmethod irm invoke-webrequest iwr".split()
)
"""What calls other hosts."""
_TEXT_TOOLS = frozenset("sed awk gawk perl tr grep cut paste find ls printf echo jq cat".split())


def follow(walk: Walk, words: list[Value], command: Command) -> None:
    """For `Walk.follow`. `words`: the program and its arguments."""
    words = _bare(words)
    if not words:
        return
    matched = walk.rules.matched(" ".join(word.text for word in words))
    if matched is not None:
        walk.need(matched)
        return
    if _defined(walk, words):
        return
    name = program_name(words[0], is_windows=walk.is_windows)
    if name.startswith("git-") and name != "git-bash":
        words, name = [Value("git"), Value(name[len("git-") :]), *words[1:]], "git"
    if name == "cargo" and words[1:] and words[1].text[:1] == "+":
        words = [words[0], *words[2:]]  # a toolchain
    if (
        ("/" in words[0].text and run_text(walk, words, command, "posix"))
        or built_in(walk, name, words, command)
        or _runs(walk, name, words[1:], command)
    ):
        return
    if name == "git":
        from coord.client.shell import git_command

        here, call = walk.folder, git_command.read(walk, words[1:])
        walk.location.folder = call.folder
        _program(walk, name, [words[0], *call.words], command)
        git_command.follow_git(walk, call)
        walk.location.folder = here
        return
    _program(walk, name, words, command)
    from coord.client.shell.unknown import follow_unknown
    from coord.client.shell.writing import write_targets

    if follow_unknown(walk, name, words[1:], command):
        return
    from coord.client.shell.databases import follow_client

    follow_client(walk, name, words[1:], command)
    write_targets(walk, name, words[1:], command)


def _bare(words: list[Value]) -> list[Value]:
    """From the program's name on."""
    while words and (is_assignment(words[0].text) or words[0].text == "builtin"):
        words = words[1:]
    if words and words[0].text == "command" and words[1:] and words[1].text in _MOVES:
        words = words[1:]
    if words and words[0].text[:1] == "=" and words[0].text[1:2].isalpha():
        return [words[0].after("="), *words[1:]]  # zsh's `=git`: the program's own file
    return words


def _defined(walk: Walk, words: list[Value]) -> bool:
    """Whether the line itself has said what that is: an alias or a function. Not within itself."""
    name = words[0].text.lower() if walk.is_windows else words[0].text
    alias = walk.aliases.pop(name, None)
    if alias is not None:
        shell = "powershell" if walk.is_windows else "posix"
        walk.line(" ".join([alias, *(word.text for word in words[1:])]), shell)
        walk.aliases[name] = alias
        return True
    body = walk.functions.pop(name, None)
    if body is not None:
        walk.call(body, words[1:])
        walk.functions[name] = body
    return body is not None


def _runs(walk: Walk, name: str, words: list[Value], command: Command) -> bool:
    """Whether it does nothing but run other commands; those are followed."""
    if name in SHELLS or name in POWERSHELLS or name == "cmd":
        variables = walk.variables
        around = variables.may_be_zsh, variables.may_be_bash
        variables.may_be_zsh, variables.may_be_bash = name == "zsh", name != "zsh"
        _shell(walk, name, words, command)
        variables.may_be_zsh, variables.may_be_bash = around
        return True
    if name == "coord":
        _coord(walk, words, command)
        return True
    if name in ("at", "batch"):
        _input(walk, command, "posix")
        return True
    if any(run_by(walk, runner, words, command) for runner in walk.rules.runners(name)):
        return True
    if name in WINDOWS_RUNNERS:
        from coord.client.shell.windows_runners import run_on_windows

        run_on_windows(walk, name, words, command)
        return True
    interpret(walk, name, words, command)
    return False


def _shell(walk: Walk, name: str, words: list[Value], command: Command) -> None:
    """`bash -lc '…'`, a script, or commands from its input."""
    if name in POWERSHELLS:
        from coord.client.shell.windows_runners import follow_powershell

        if not follow_powershell(walk, words, command):
            _input(walk, command, "powershell")
        return
    shell = "cmd" if name == "cmd" else "posix"
    index, reads = 0, False
    while index < len(words):
        text = words[index].text
        if shell == "cmd":  # in Git Bash with two slashes
            text = f"/{text.lstrip('/').lower()}" if text[:1] == "/" else text.lower()
        is_line = (
            text in ("/c", "/k")
            if shell == "cmd"
            else text[:1] == "-" and text[:2] != "--" and text.endswith("c")
        )
        if is_line:
            behind = words[index + 1 :]
            behind = behind[1:] if behind and behind[0].text == "--" else behind
            line = behind[:1] if shell == "posix" else behind
            walk.line_apart(" ".join(word.text for word in line), shell, behind[1:])
            return
        if shell == "posix" and text[:1] == "-" and text[:2] != "--" and "n" in text:
            return  # it only reads
        reads = reads or (shell == "posix" and text[:1] == "-" and text[:2] != "--" and "s" in text)
        is_option_with_value = shell == "posix" and text[:1] in "-+" and text[-1:] in ("o", "O")
        if is_option_with_value or text in SHELL_VALUES:
            index += 1
        elif text[:1] not in ("-", "/", "+") or text.count("/") > 1 or "." in text:
            break
        index += 1
    if index < len(words) and words[index].text not in ("-", "-s") and not reads:
        if not run_text(walk, words[index:], command, shell):
            walk.follow(words[index:], command)
    else:
        arguments = [word for word in words[index:] if word.text not in ("-", "-s", "--")]
        _input(walk, command, shell, [Value(name), *arguments])


def _input(walk: Walk, command: Command, shell: str, arguments: list[Value] | None = None) -> None:
    """What a shell reads, as far as it stands in the line."""
    script = read_by(command, walk.variables)
    if script is not None:
        walk.line_apart(script, shell, arguments)
    elif command.source is not None and first_name(command.source) in _TEXT_TOOLS:
        walk.change_tree(walk.folder)  # commands that it makes of a text


def _coord(walk: Walk, words: list[Value], command: Command) -> None:
    """`coord run` claims itself what it names; what else its command needs is needed."""
    texts = [word.text for word in words]
    separator = texts.index("--") if "--" in texts else 0
    if "run" not in texts[:separator]:
        return
    claimed = set(texts[1:separator])
    is_anywhere = any(text.startswith("--project") for text in texts[:separator])
    before = dict(walk.effects.locks)
    walk.follow(words[separator + 1 :], command)
    walk.effects.locks = {
        (folder, lock): None
        for folder, lock in walk.effects.locks
        if (folder, lock) in before
        or lock not in claimed
        or not (is_anywhere or _is_one_checkout(folder, walk.folder))
    }


def _is_one_checkout(folder: str, other: str) -> bool:
    if folder == other:
        return True
    from coord.client.workspace import repository

    here, there = repository(folder), repository(other)
    return here is not None and there is not None and here.common == there.common


def _program(walk: Walk, name: str, words: list[Value], command: Command) -> None:
    if walk.rules.has_defaults and name in remote.REMOTE:
        for host in remote.hosts(name, words[1:]):
            walk.need(f"ssh {host}")
    for program in walk.rules.programs(name):
        args = parse_arguments(words[1:], program.values, program.flags)
        lock = lock_for(program, args)
        if lock is not None:
            walk.need(_named(lock), _program_folder(walk, program, args))
            return
    if not walk.rules.has_defaults:
        return
    if name in _CALLERS:
        from coord.client.shell.web_calls import hosts

        for host in hosts(name, words[1:]):
            walk.need(_named(f"http {host}"))
    named = _behind_run(words[1:]) if name in BIN_RUNNERS else []
    if named and _runs_a_writer(walk, named, command):
        return
    if name in TASK_RUNNERS:
        if not follow_tasks(walk, name, words[1:], command) and name in BIN_RUNNERS:
            is_run = any(word.text == "run" for word in words[1:3])
            args = task_arguments(name, words[1:])
            walk.follow(named if is_run else [word for word, _ in args.words], command)
        return
    if name in ("go", "cargo") and [word.text for word in words[1:2]] == ["run"]:
        follow_built(walk, words[2:])
        return
    is_own = words[0].text[:1] != "/" and "/" in words[0].text
    lock = lock_by_name(name) if is_own or not walk.rules.programs(name) else None
    if lock is not None and not parse_arguments(words[1:], frozenset()).has(HARMLESS):
        walk.need(lock)


def _behind_run(words: list[Value]) -> list[Value]:
    """The program of `yarn -s run prisma migrate deploy` and of `yarn prisma …`, and its words."""
    while words and (words[0].text[:1] == "-" or words[0].text == "run"):
        words = words[1:]
    return words


def _runs_a_writer(walk: Walk, words: list[Value], command: Command) -> bool:
    """`yarn prettier --write src`"""
    from coord.client.shell.writing import writes

    if words[0].text in TASK_READS or not writes(words[0].text):
        return False
    walk.follow(words, command)
    return True


def _named(lock: str) -> str:
    if "{host}" not in lock:
        return lock
    from coord.client.host_name import host

    return lock.replace("{host}", host())


def _program_folder(walk: Walk, program: Program, args: Arguments) -> str | None:
    """The folder that it works in, where its options name one: of several `-C` each counts from the
    one before."""
    folder = walk.folder
    for option in program.folder:
        for value in args.values.get(option, []):
            if value.is_known:
                folder = walk.links.place(path_in(folder, value.text))
                folder = os.path.dirname(folder) if folder.endswith(f"{os.sep}.git") else folder
    return folder
