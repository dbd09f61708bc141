"""docs/claude-code.md says what is so."""

import re
from pathlib import Path
from typing import Any

import click
import pytest

from coord.client.address import DEFAULT_URL
from coord.client.cli.group import COMMANDS
from coord.client.hook import edits, messages
from coord.client.setup import config_file, hooks, instructions, plugin
from coord.client.setup.doctor.command import doctor
from coord.client.setup.guard import REFUSAL_CODE, check, git_hooks
from coord.client.setup.guard.commands import guard
from coord.client.setup.init import init
from coord.client.workspace import read_config
from tests.service import ROOT
from tests.test_documents import blocks, code

GUIDE = ROOT / "docs" / "claude-code.md"


def test_every_hook_is_listed_with_its_tools_and_its_timeout() -> None:
    listed = [
        (code(name)[0], next(iter(code(tools)), None), int(seconds), does)
        for name, tools, seconds, does in _rows("The hooks")
    ]
    assert listed == [
        (event.name, event.matcher, event.timeout, event.does) for event in hooks.EVENTS
    ]
    assert f"\n{hooks.COMMAND}\n" in GUIDE.read_text()


def test_every_setting_is_listed_with_its_default() -> None:
    listed = {
        code(name)[0]: next(iter(code(default)), None)
        for name, default, _ in _rows("Settings: .coord.toml")
    }
    assert list(listed) == [
        *(name for name in config_file.KEYS if name != "hook"),
        *(f"hook.{name}" for name in config_file.HOOK_KEYS),
    ]
    assert listed["url"] == DEFAULT_URL
    assert float(listed["hook.lock_ttl_hours"] or 0) == edits.TTL_HOURS
    assert int(listed["hook.banner_bytes"] or 0) == messages.BANNER_BYTES


@pytest.mark.parametrize(
    "text",
    [
        *blocks(GUIDE, "toml"),
        config_file.text("http://a", "b").replace("# [", "[").replace("\n# ", "\n#"),
    ],
)
def test_its_settings_and_those_that_init_writes_are_ones_that_coord_takes(
    tmp_path: Path, text: str
) -> None:
    uncommented = re.sub(r"^#(\w+ = .*)$", r"\1", text, flags=re.MULTILINE)
    (tmp_path / ".coord.toml").write_text(uncommented)
    settings = read_config(str(tmp_path / ".coord.toml"))
    assert settings
    assert config_file.problems(dict(settings)) == []
    assert "hook" in settings


@pytest.mark.parametrize("command", [init, guard, doctor], ids=lambda command: command.name)
def test_every_option_and_subcommand_is_named(command: Any) -> None:
    text = GUIDE.read_text()
    options = [
        name
        for parameter in command.params
        if not parameter.hidden
        for name in parameter.opts
        if name.startswith("--")
    ]
    missing = [name for name in options if name not in text]
    if isinstance(command, click.Group):
        missing += [
            name
            for name in command.commands
            if f"guard {name}" not in text
            and f"`{name}`" not in text
            and name not in git_hooks.HOOKS
        ]
    assert missing == []


@pytest.mark.parametrize(
    "text",
    [
        instructions.text("URL"),
        plugin.files("URL", False)["skills/coord/SKILL.md"],
        GUIDE.read_text(),
    ],
)
def test_the_commands_that_agents_and_people_are_told_of_are_there(text: str) -> None:
    told = set(re.findall(r"`coord ([a-z]+)", text))
    assert len(told) > 3
    assert told - set(COMMANDS) == set()


def test_the_guards_numbers() -> None:
    text = GUIDE.read_text()
    assert f"claims it for {check.PUSH_TTL_S} seconds" in text
    assert f"within {check.DEADLINE_S} seconds" in text
    assert f"[ $? -ne {REFUSAL_CODE} ]" in text


def _rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head; `\\|` is a bar in a cell."""
    section = re.split(
        r"^#+ ", GUIDE.read_text().split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE
    )[0]
    lines = [line.replace("\\|", "\0") for line in section.splitlines() if line.startswith("|")]
    return [
        [cell.strip().replace("\0", "|") for cell in line.strip("|").split("|")]
        for line in lines[2:]
    ]
