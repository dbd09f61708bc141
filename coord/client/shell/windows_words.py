"""What the reader of PowerShell and cmd makes of words that stand together."""

from __future__ import annotations

from coord.client.shell.words import (
    OUTPUT,
    PLAIN,
    QUOTED,
    QUOTED_VARIABLE,
    SOMETHING,
    VARIABLE,
    Command,
    Loop,
    Word,
    word_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.words import Item

_FILES = frozenset("get-item gi resolve-path rvpa convert-path cvpa get-command gcm".split())
"""What stands for what it is given."""
_LISTS = frozenset("get-childitem gci ls dir".split())
_HERE = frozenset("get-location gl pwd".split())
_ENDS = ("fullname", "pspath", "path", "source", "value", "definition", "name")
"""Of an object that stands for a file or a program: what is called or changed is the same."""


def part_assignment(command: Command) -> None:
    """`$name='value'`, without blanks, as with them."""
    parts = command.words[0].parts if command.words else []
    if len(parts) < 2 or parts[0][0] != VARIABLE or parts[1][0] != PLAIN:
        return
    kind, text = parts[1]
    if text[:1] != "=" or text[:2] == "==":
        return
    name, sign, value = Word(), Word(), Word()
    name.parts, sign.parts = parts[:1], [(PLAIN, "=")]
    value.parts = [(kind, text[1:]), *parts[2:]] if text[1:] else parts[2:]
    command.words[:1] = [name, sign, value] if value.parts else [name, sign]


def place(items: list[Item]) -> list[Word]:
    """What `Join-Path src app.py` or `Get-Item app.py` stands for, or texts alone."""
    command = items[-1] if len(items) == 1 else None
    if not isinstance(command, Command) or command.redirects or command.assignments:
        return []
    if (command.words[0].literal or "").lower() in _HERE and len(command.words) == 1:
        return [_variable("PWD")]
    texts = added(_formatted(command.words))
    words = [word for word in texts if not (word.literal or "").startswith("-")]
    if all(word.parts[0][0] in (QUOTED, VARIABLE, QUOTED_VARIABLE) for word in words):
        return words
    name = (words[0].literal or "").lower()
    if name in _FILES and len(words) > 1:
        return words[1:]
    if name in _LISTS:
        return [path_of([words[1] if len(words) > 1 else word_of("."), _something()])]
    return [path_of(words[1:])] if name == "join-path" and len(words) > 2 else []


def is_text(command: Command | None) -> bool:
    """Whether it is nothing but a text in quotes, which the next command reads."""
    words = command.words if command is not None else []
    return len(words) == 1 and words[0].parts[0][0] == QUOTED


def path_of(steps: list[Word]) -> Word:
    path = Word()
    for step in steps:
        if path.parts:
            path.add(QUOTED, "/")
        path.parts += step.parts
    return path


def _something() -> Word:
    return _variable(SOMETHING[1:])


def _variable(name: str) -> Word:
    word = Word()
    word.add(VARIABLE, name)
    return word


def added(words: list[Word]) -> list[Word]:
    """`'src/' + $name` as one word."""
    if len(words) < 3 or any(word.literal != "+" for word in words[1::2]):
        return words
    whole = Word()
    for word in words[::2]:
        whole.parts += word.parts
    return [whole]


def _formatted(words: list[Word]) -> list[Word]:
    """`'src/{0}.py' -f $name`: what stands for `{0}` is not known."""
    if len(words) < 3 or words[1].literal not in ("-f", "-F") or words[0].parts[0][0] != QUOTED:
        return words
    text, whole = words[0].parts[0][1], Word()
    for part in text.split("{"):
        before, brace, behind = part.partition("}")
        if brace and before[:1].isdigit():
            whole.parts += _something().parts
            before = behind
        whole.add(QUOTED, before)
    return [whole]


def loop(words: list[Word]) -> Loop | None:
    """`$name in VALUES`, as it stands behind `foreach`."""
    if len(words) < 3 or (words[1].literal or "").lower() != "in":
        return None
    if [kind for kind, _ in words[0].parts] != [VARIABLE]:
        return None
    command = Command()
    command.words = words[2:]
    values = place([command]) or ([] if words[2].literal else words[2:])
    return Loop(words[0].parts[0][1], values or [_output()])


def loop_of_cmd(words: list[Word], values: list[Word]) -> Loop | None:
    """`for /r src %f in (*.py)`; `words` up to the parenthesis."""
    texts = [(word.literal or "").lower() for word in words]
    if len(words) < 3 or texts[0] != "for" or texts[-1] != "in":
        return None
    if [kind for kind, _ in words[-2].parts] != [VARIABLE]:
        return None
    if "/f" in texts:
        values = [_output()]
    elif "/r" in texts or "/d" in texts:
        folders = [word for word, text in zip(words[1:-2], texts[1:-2]) if text[:1] != "/"]
        values = [path_of([*folders[:1], _something()])]
    return Loop(words[-2].parts[0][1], values)


def behind_condition(words: list[Word]) -> list[Word]:
    """What `if not exist x` of cmd runs."""
    texts = [(word.literal or "").lower() for word in words]
    at = 1
    while texts[at : at + 1] in (["/i"], ["not"]):
        at += 1
    if texts[at : at + 1] in (["exist"], ["defined"], ["errorlevel"], ["cmdextversion"]):
        return words[at + 2 :]
    is_joined = at < len(words) and any("==" in text for _, text in words[at].parts)
    return words[at + (1 if is_joined else 3) :]


def assigned(words: list[Word]) -> Loop | None:
    """`$names = 'a', 'b'`"""
    values = words[2:]
    if len(values) < 2 or any(word.parts[0][0] == PLAIN for word in values):
        return None
    return Loop(words[0].parts[0][1], values, is_list=True)


def _output() -> Word:
    word = Word()
    word.add(OUTPUT, "…")
    return word


def end_of_property(text: str, at: int) -> int:
    """Behind `.FullName`, where that stands there; where it begins, else."""
    if text[at : at + 1] != ".":
        return at
    end = at + 1
    while end < len(text) and text[end].isalnum():
        end += 1
    is_one = text[at + 1 : end].lower() in _ENDS and text[end : end + 1] != "("
    return end if is_one else at


def part_method(command: Command) -> None:
    """`$file.Delete()` as `(Get-Item $file).Delete()`."""
    parts = command.words[0].parts if command.words else []
    if len(parts) != 2 or parts[0][0] != VARIABLE or parts[1][0] != PLAIN:
        return
    if parts[1][1][:1] == "." and parts[1][1][1:].isalnum():
        source, thing, method = Command(), Word(), Word()
        thing.parts, method.parts = parts[:1], parts[1:]
        program = Word()
        program.add(PLAIN, "Get-Item")
        source.words = [program, thing]
        command.source, command.words[0] = source, method


def merged(word: Word) -> Word:
    """Letters that stand side by side as one part."""
    parts = word.parts
    if not parts:
        return word
    word.parts = []
    letters: list[str] = []
    for kind, text in [*parts, (QUOTED, "")]:
        if kind == PLAIN:
            letters.append(text)
            continue
        if letters:
            word.parts.append((PLAIN, "".join(letters)))
            letters = []
        word.parts.append((kind, text))
    if len(word.parts) > 1:
        word.parts.pop()
    return word
