"""Every text of PowerShell that coord ships or prints, read by a grammar of that language
(tree-sitter's, which knows what Windows PowerShell 5.1 knows), and our own reader beside it.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tree_sitter_batch
import tree_sitter_powershell
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tree_sitter import Language, Node, Parser

from coord.client import launcher, programs, suggestions
from coord.client.cli import completion, powershell_completion
from coord.client.hook import shell
from coord.client.setup import hook_shell, hooks
from coord.client.shell.windows import read_powershell
from coord.client.shell.words import Command, Word
from coord.client.suggestions import SINGLE_QUOTES, in_powershell
from tests.service import ROOT

POWERSHELL = Parser(Language(tree_sitter_powershell.language()))
BATCH = Parser(Language(tree_sitter_batch.language()))
NOT_IN_5_1 = re.compile(
    r"utf8NoBOM|SkipCertificateCheck|-AsHashtable|ForEach-Object\s+-Parallel|\$Is(Windows|Linux)",
    re.IGNORECASE,
)


def inner(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from inner(child)


def tree(text: str) -> Node:
    return POWERSHELL.parse(text.encode()).root_node


def text_of(node: Node) -> str:
    assert node.text is not None
    return node.text.decode()


# --- what coord ships and prints ------------------------------------------------------------------


def install_script() -> str:
    text = (ROOT / "coord/areas/client/install.ps1").read_text(encoding="utf-8")
    return text.replace("@URL@", "'http://127.0.0.1:8001'").replace("@SHA256@", "'0a'")


def completion_script() -> str:
    script = powershell_completion.PowerShellComplete(
        completion.completion, {}, "coord", "_COORD_COMPLETE"
    )
    return script.source()


def on_path_line(folder: str) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launcher, "windows", lambda: True)
        patch.setattr(launcher, "on_path", lambda folder: False)
        return launcher.path_hint(folder)[1]


def blocks() -> dict[str, str]:
    found = {}
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        text = path.read_text(encoding="utf-8")
        for number, block in enumerate(re.findall(r"```powershell\n(.*?)```", text, re.DOTALL)):
            found[f"{path.name}-{number}"] = block
    return found


TEXTS = {
    "install.ps1": install_script(),
    "completion": completion_script(),
    "hooks": hooks.COMMAND,
    "plugin": hooks.PLUGIN_COMMAND,
    "which coord": hook_shell._FIND_IN_POWERSHELL,
    "PATH": on_path_line("C:\\Users\\O\u2019Brien & Søn's $HOME\\.local\\bin"),
    "denied": shell._one_command("git push; echo \u2018it\u2019s\u2019", "powershell"),
    "denied, in more lines": shell._one_command('git push\necho "a"', "powershell"),
    **blocks(),
}


@pytest.mark.parametrize("name", TEXTS)
def test_powershell_5_1_understands_what_we_ship_and_print(name: str) -> None:
    root = tree(TEXTS[name])
    wrong = [text_of(each) for each in inner(root) if each.type == "ERROR" or each.is_missing]
    assert wrong == []
    assert not root.has_error
    assert NOT_IN_5_1.search(TEXTS[name]) is None


def test_nothing_of_the_hooks_line_makes_powershell_read_the_event_itself() -> None:
    """It reads standard input where a line names `$input`, and hands it to no program:
    https://github.com/PowerShell/PowerShell/issues/9497.
    """
    for line in (hooks.COMMAND, hooks.PLUGIN_COMMAND):
        assert "$input" not in line.lower()


@pytest.mark.parametrize("path", [r"%~dp0..\a.py", r"D:\Jörg & Søn 100%%\a.pyz"])
def test_cmd_understands_coord_cmd(path: str) -> None:
    root = BATCH.parse(launcher._cmd_text(path, path).encode()).root_node
    assert [text_of(each) for each in inner(root) if each.type == "ERROR"] == []


# --- quotes ---------------------------------------------------------------------------------------

ANY = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=30)
QUOTABLE = st.text(st.sampled_from([*SINGLE_QUOTES, *'"`$;|&(){}#@, \n\\-=%x']), max_size=12) | ANY


def verbatim(literal: str) -> str:
    """What a text in single quotes stands for; whichever of them is used, two are one."""
    assert literal[0] == literal[-1] == "'"
    pieces = re.split(f"([{SINGLE_QUOTES}])[{SINGLE_QUOTES}]", literal[1:-1])
    assert not set(SINGLE_QUOTES).intersection("".join(pieces[::2]))
    return "".join(pieces)


@settings(max_examples=150, deadline=None)
@given(QUOTABLE)
def test_a_quoted_word_is_one_text_of_powershell_with_that_value(text: str) -> None:
    found = [
        text_of(each)
        for each in inner(tree(f"coord lock {in_powershell(text)}; coord end"))
        if each.type == "verbatim_string_characters"
    ]
    assert [verbatim(each) for each in found] == [text]
    items, is_whole = read_powershell(f"coord lock {in_powershell(text)}; coord end")
    assert is_whole
    assert [said(item) for item in items if isinstance(item, Command)] == [
        (["coord", "lock", text], []),
        (["coord", "end"], []),
    ]


@settings(max_examples=100, deadline=None)
@given(QUOTABLE)
def test_a_suggested_word_is_one_word_of_powershell(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suggestions, "_has_posix_shell", lambda: False)
        word = suggestions.quote(text)
    (only,) = [each for each in inner(tree(f"coord lock {word}")) if each.type == "command"]
    inside = word[1:-1] if word.startswith('"') else word
    assert commands(only) == [(["coord", "lock", inside], [])]


@pytest.mark.parametrize("word", ["-m.py", "-a:b", "--of=x.y", "--1"])
def test_what_powershell_would_part_is_quoted(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The grammar takes them for one word; PowerShell itself does not."""
    monkeypatch.setattr(suggestions, "_has_posix_shell", lambda: False)
    assert suggestions.quote(word) == f'"{word}"'
    assert suggestions.powershell_word(word) == f"'{word}'"
    assert suggestions.quote("--all") == suggestions.powershell_word("--all") == "--all"


# --- our own reader -------------------------------------------------------------------------------


def said(command: Command) -> tuple[list[str], list[str]]:
    """The words, and where the output goes."""
    return [joined(word) for word in command.words], [joined(w) for _, w in command.redirects]


def joined(word: Word) -> str:
    return "".join(text for _, text in word.parts)


def commands(root: Node) -> list[tuple[list[str], list[str]]]:
    """As `said`, of each command that the grammar finds, from left to right."""
    found = []
    for node in inner(root):
        if node.type != "command":
            continue
        words: list[str] = []
        targets: list[str] = []
        for part in parts(node):
            if part.type == "redirection":
                targets += [value(child) for child in part.children if child.type.endswith("name")]
            elif part.type != "command_invokation_operator" and text_of(part)[:1] != "{":
                words.append(value(part))
        found.append((words, targets))
    return found


def parts(command: Node) -> Iterator[Node]:
    for part in command.children:
        if part.type == "command_elements":
            yield from (child for child in part.children if child.type != "command_argument_sep")
        else:
            yield part


def value(node: Node) -> str:
    text = text_of(node).strip()
    if text[:1] == "'":
        return verbatim(text)
    if text[:1] == '"':
        return text[1:-1].replace("`n", "\n").replace('""', '"')
    return text


PLAIN = st.from_regex(r"\A[a-z][a-z0-9_./\\]{0,6}\Z")
PARAMETER = st.from_regex(r"\A--?[a-zA-Z]{1,6}\Z")
INSIDE = st.text(st.sampled_from("ab ;|&(){}<>#@,=-\\/%'*"), max_size=8)
TEXT = (
    PLAIN
    | INSIDE.map(in_powershell)
    | INSIDE.map(lambda text: '"' + text.replace("a", "`n").replace("b", '""') + '"')
)
REDIRECT = st.tuples(st.sampled_from([">", ">>", "2>", "*>", "3>>"]), TEXT).map(" ".join)
COMMAND = st.tuples(
    PLAIN.filter(lambda word: word[-1] != "\\")
    | INSIDE.map(lambda text: f"& {in_powershell(text)}"),
    st.lists(TEXT | PARAMETER, max_size=4).map(" ".join),
    st.sampled_from(["", " 2>&1"]) | REDIRECT.map(lambda text: f" {text}"),
).map(lambda piece: f"{piece[0]} {piece[1]}{piece[2]}".strip())
LINE = st.recursive(
    COMMAND,
    lambda line: (
        st.tuples(line, st.sampled_from(["; ", " | ", "\n", " # a; b\n", " <# a | b #> | "]), line)
        .map("".join)
        | line.map(lambda text: f"foreach-object {{ {text} }}")
        | line.map(lambda text: f"try {{ {text} }} catch {{ x }}")
    ),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=200, deadline=None, derandomize=True)
@given(LINE)
def test_our_reader_finds_the_commands_that_the_grammar_finds(line: str) -> None:
    root = tree(line)
    assume(not root.has_error and "| try" not in line)  # a statement in a pipeline
    items, is_whole = read_powershell(line)
    assert is_whole
    assert [said(item) for item in items if isinstance(item, Command)] == commands(root)


STANDS_FOR = frozenset(  # what is read as a word in the place of the command
    [
        "get-item",
        "gi",
        "get-childitem",
        "gci",
        "get-location",
        "join-path",
        "resolve-path",
        "get-command",
        "gcm",
    ]
)


def lines_of_powershell() -> list[str]:
    rows = Path(__file__).with_name("commands.jsonl").read_text(encoding="utf-8").splitlines()
    known = [row for row in map(json.loads, rows) if row.get("shell") == "powershell"]
    return [row["command"] for row in known if not tree(row["command"]).has_error]


def test_no_command_of_our_examples_is_seen_by_the_grammar_alone() -> None:
    lines = lines_of_powershell()
    assert len(lines) > 200
    for line in lines:
        items, _ = read_powershell(line)
        ours = {
            joined(word).lower()
            for item in items
            if isinstance(item, Command)
            for word in item.words[:2]  # `. git push`
        }
        names = {text_of(each).lower() for each in inner(tree(line)) if each.type == "command_name"}
        theirs = {name for name in names if re.fullmatch(r"[\w.-]+", name)}
        assert theirs - ours - STANDS_FOR == set(), line


# --- the PowerShell at hand -----------------------------------------------------------------------


def test_a_denied_line_is_offered_to_the_powershell_that_would_have_run_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Windows PowerShell 5.1 knows no `&&`."""
    monkeypatch.setattr(programs, "find", {"pwsh": "C:\\pwsh.exe"}.get)
    assert shell._one_command("git push && x", "powershell") == "pwsh -Command 'git push && x'"
    monkeypatch.setattr(programs, "find", lambda name: None)
    assert shell._one_command("git push; x", "powershell") == "powershell -Command 'git push; x'"


@pytest.mark.parametrize(
    ("said", "program"),
    [("QzpcSsO2cmdcY29vcmQuZXhl", "C:\\Jörg\\coord.exe"), ("", ""), ("an error", "")],
)
def test_powershell_names_the_program_whatever_its_code_page(said: str, program: str) -> None:
    says = [sys.executable, "-c", f"print({said!r})"]
    assert hook_shell.HookShell(says, is_powershell=True).coord_program() == program
