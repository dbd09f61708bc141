"""What is done by a script: of a shell, or of another language."""

from __future__ import annotations

from coord.client.shell.names import program_name
from coord.client.shell.outputs import read_by
from coord.client.shell.program import HARMLESS
from coord.client.shell.runners import INTERPRETERS
from coord.client.shell.targets import targets
from coord.client.shell.tasks import lock_by_name
from coord.client.shell.texts import text_of
from coord.client.shell.words import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.walk import Walk
    from coord.client.shell.words import Command


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
