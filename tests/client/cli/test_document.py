"""docs/cli.md has every command, option, exit code and variable, and no other."""

import re
from pathlib import Path

import click

from coord.client.cli.failures import EXIT_CODES
from coord.client.cli.group import COMMANDS, cli
from coord.client.cli.options import common_options
from tests.client.cli.conftest import Person, every_command
from tests.service import ROOT
from tests.test_documents import blocks, code, rows, text

DOCUMENT = ROOT / "docs" / "cli.md"
ELSEWHERE = ("init", "doctor", "guard", "install", "upgrade", "hook")


def options_of(command: click.Command) -> set[str]:
    return {
        name
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.hidden
        for name in (*parameter.opts, *parameter.secondary_opts)
    }


def section(heading: str) -> str:
    match = re.search(
        rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", text(DOCUMENT), re.MULTILINE | re.DOTALL
    )
    assert match is not None, heading
    return match[1]


def documented_options(heading: str) -> set[str]:
    cells = [
        line.strip("|").split("|")[0]
        for line in section(heading).splitlines()
        if line.startswith("|")
    ]
    return {name for cell in cells for name in code(cell) if name.startswith("-")}


def test_every_command_has_a_section_and_no_other() -> None:
    headings = re.findall(r"^###+ coord ([a-z, ]+)$", text(DOCUMENT), re.MULTILINE)
    named = {
        name
        for heading in headings
        for name in (heading.split(", ") if "," in heading else [heading])
    }
    known = {" ".join(path) for path, _ in every_command() if path[0] not in ELSEWHERE}
    assert named == known | set(ELSEWHERE)


def test_every_option_is_in_the_section_of_its_command_and_no_other() -> None:
    for path, command in every_command():
        if path[0] not in ELSEWHERE and not isinstance(command, click.Group):
            assert documented_options(f"coord {' '.join(path)}") == options_of(command), path


def test_the_common_options_are_documented() -> None:
    known = {name for option in common_options(hidden=False) for name in option.opts}
    assert documented_options("Options of every command") == known | {
        "-h",
        "--help",
        "--version",
    }


def test_every_exit_code_is_documented_in_the_words_of_the_help() -> None:
    assert {
        int(code(number)[0]): meaning for number, meaning in rows(DOCUMENT, "Exit codes")
    } == EXIT_CODES


def test_every_variable_is_documented() -> None:
    files = (ROOT / "coord" / "client").rglob("*.py")
    used = {
        name
        for file in files
        for name in re.findall(r"\"((?:COORD_[A-Z_]+|NO_COLOR))\"", text(file))
    }
    assert {name for cells in rows(DOCUMENT, "Environment") for name in code(cells[0])} == used - {
        "COORD_COMPLETE"
    }


def test_every_command_that_is_mentioned_exists() -> None:
    for document in (DOCUMENT, ROOT / "README.md", ROOT / "docs" / "PROTOCOL.md"):
        for name in re.findall(
            r"(?:`|^\$ )coord (?:-s \S+ |-[^\s`]+ )*([a-z]+)", text(document), re.MULTILINE
        ):
            assert name in COMMANDS, (document, name)
    for path, command in every_command():
        for name in re.findall(
            r"(?:^|\()coord (?:-s \S+ |-\S+ )*([a-z]+)",
            getattr(command, "examples", ""),
            re.MULTILINE,
        ):
            assert name in COMMANDS, (path, name)


def test_the_session_in_the_document_prints_what_it_says(me: Person) -> None:
    block = blocks(DOCUMENT, "console")[0]
    for command, said in re.findall(
        r"^\$ coord (lock|-s) .*\n((?:(?!\$).*\n)*)", block, re.MULTILINE
    ):
        assert command in ("lock", "-s")
        assert said
    (me.folder / "src" / "orders.py").write_text("")
    first = me("-s", "web-1/agent", "lock", "src/orders.py", "-m", "new order model")
    second = me("-s", "web-2/agent", "lock", "src/")
    shown = re.sub(r"^\$.*\n", "", block, flags=re.MULTILINE)
    assert masked(first.out + second.err) == masked(shown)


def masked(output: str) -> str:
    """Without what is another each time, such as the seconds that a busy machine takes."""
    for pattern, word in (
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
        (r"token \d+", "token N"),
        (r"\d+ s ago", "N s ago"),
        (r"2 h left|1 h 59 min left", "2 h left"),
    ):
        output = re.sub(pattern, word, output)
    return output


def test_the_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text(DOCUMENT)):
        assert (Path(DOCUMENT).parent / target.partition("#")[0]).exists()
    assert cli.name == "coord"
