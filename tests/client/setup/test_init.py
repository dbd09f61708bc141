"""`coord init`: what it puts into a repository, what it leaves alone, and that it can be taken
back.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from coord.client.hook import shell, start
from coord.client.hook.context import CALL_TIMEOUT_S
from coord.client.hook.dialects import CODEX, DROID, GEMINI, QWEN
from coord.client.hook.events import HANDLERS
from coord.client.setup import agents, hooks, instructions
from coord.client.shell.windows import read_powershell
from coord.client.shell.words import Command
from coord.client.workspace import read_config
from tests.client.conftest import WINDOWS, needs_links, needs_sh
from tests.client.setup.conftest import COORD, Repository
from tests.service import Service

if sys.platform != "win32":
    import pty

URL = "http://coord.example:8001"
SETTINGS = ".claude/settings.json"
OTHERS = {"matcher": "Bash", "hooks": [{"type": "command", "command": "lint"}]}


# --- what it puts in ------------------------------------------------------------------------------


def test_it_sets_up_hooks_instructions_settings_and_the_ignore_list(repository: Repository) -> None:
    repository.init("--url", URL)
    assert repository.json(SETTINGS) == {
        "hooks": {event.name: [hooks.group(event)] for event in hooks.EVENTS}
    }
    assert "coord lock" in repository.read("AGENTS.md")
    assert not (repository.folder / "CLAUDE.md").exists()
    assert ".claude/coord-*" in repository.read(".gitignore").splitlines()
    assert repository.read(".coord.toml").splitlines()[3:5] == [
        f'url = "{URL}"',
        'project = "shop"',
    ]
    assert repository.git("check-ignore", ".claude/coord-queue.jsonl")


def test_a_second_init_changes_nothing(repository: Repository) -> None:
    repository.init("--url", URL, "--mcp", "--guard")
    before = repository.tree()
    assert "Nothing to change" in repository.init("--mcp", "--guard")
    assert repository.tree() == before


def test_every_event_that_the_hook_handles_is_entered_with_a_timeout_that_the_hook_keeps() -> None:
    timeouts = {event.name: event.timeout for event in hooks.EVENTS}
    assert set(timeouts) == set(HANDLERS)
    assert timeouts["PreToolUse"] > 2 * (shell.WAIT_S + 2 * CALL_TIMEOUT_S)
    assert timeouts["SessionStart"] > start.REPLAY_S + 3 * CALL_TIMEOUT_S
    assert timeouts["SessionEnd"] > 1.5


@needs_sh
@pytest.mark.parametrize(
    ("program", "said"),
    [
        pytest.param(None, "", id="it is not installed"),
        pytest.param("#!/bin/sh\nexit 2\n", "", id="it ends with the code that blocks tools"),
        pytest.param("#!/gone/python\n", None, id="its Python is gone"),
        pytest.param("#!/bin/sh\necho $1\n", "hook\n", id="it works"),
    ],
)
@pytest.mark.parametrize(
    "command", [hooks.COMMAND, hooks.PLUGIN_COMMAND], ids=["settings", "plugin"]
)
def test_the_command_of_the_hooks_never_fails_and_without_coord_says_nothing(
    tmp_path: Path, command: str, program: str | None, said: str | None
) -> None:
    if program:
        (tmp_path / ".local" / "bin").mkdir(parents=True)
        launcher = tmp_path / ".local" / "bin" / "coord"
        launcher.write_text(program)
        launcher.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert said is None or done.stdout + done.stderr == said


@pytest.mark.parametrize(
    "command", [hooks.COMMAND, hooks.PLUGIN_COMMAND], ids=["settings", "plugin"]
)
def test_powershell_reads_its_own_part_of_the_command_of_the_hooks(command: str) -> None:
    items, is_whole = read_powershell(command)
    said = [[word.literal for word in item.words] for item in items if isinstance(item, Command)]
    assert is_whole
    assert ["coord", "hook"] in said
    assert said[-1] == ["0"]
    flat = [word for words in said for word in words if word]
    assert {"command", "-v", "&&", "grep", "PATH="}.isdisjoint(flat)
    assert "&&" not in command.partition("#>")[2]  # which PowerShell 5.1 does not know


def test_hooks_of_others_stay_and_ours_are_brought_up_to_date_where_they_are(
    repository: Repository,
) -> None:
    old = {"matcher": "Edit", "hooks": [{"type": "command", "command": "coord hook", "timeout": 1}]}
    shared = {
        "matcher": "Bash",
        "hooks": [
            {"type": "command", "command": "log"},
            {"type": "command", "command": "~/bin/coord hook || true"},
        ],
    }
    gone = {"hooks": [{"type": "command", "command": "coord hook"}]}
    before = {
        "env": {"A": "b"},
        "hooks": {"PreToolUse": [old, OTHERS], "PostToolUse": [shared], "PreCompact": [gone]},
        "model": "x",
    }
    repository.write(SETTINGS, json.dumps(before, indent=2))
    repository.init("--url", URL)
    after = repository.json(SETTINGS)
    groups = {event.name: hooks.group(event) for event in hooks.EVENTS}
    assert list(after) == ["env", "hooks", "model"]
    assert after["hooks"]["PreToolUse"] == [groups["PreToolUse"], OTHERS]
    assert after["hooks"]["PostToolUse"] == [
        {"matcher": "Bash", "hooks": [{"type": "command", "command": "log"}]},
        groups["PostToolUse"],
    ]
    assert "PreCompact" not in after["hooks"]
    assert set(after["hooks"]) == set(groups)


def test_what_merely_sounds_like_coords_hook_is_somebody_elses(repository: Repository) -> None:
    theirs = {
        "hooks": [
            {"type": "command", "command": "my-coord hook"},
            {"type": "command", "command": "coord hooks-report"},
        ]
    }
    repository.write(SETTINGS, json.dumps({"hooks": {"SessionEnd": [theirs]}}))
    repository.init("--url", URL)
    assert repository.json(SETTINGS)["hooks"]["SessionEnd"][0] == theirs


def test_the_block_is_brought_up_to_date_in_place(repository: Repository) -> None:
    repository.write(
        "AGENTS.md",
        "# Ours\n\n<!-- coord: begin -->\nof an older version\n<!-- coord: end -->\n\n## More\n",
    )
    repository.init("--url", URL)
    text = repository.read("AGENTS.md")
    assert text.startswith("# Ours\n\n<!-- coord: begin -->\n## coord")
    assert text.endswith("<!-- coord: end -->\n\n## More\n")
    assert "older version" not in text


def test_the_instructions_are_short() -> None:
    assert (
        len(instructions.text("http://coord-server.department.example:8001").encode()) + 50
        < instructions.MAX_BYTES
    )


@pytest.mark.parametrize(
    ("there", "told"),
    [
        pytest.param({}, {"AGENTS.md"}, id="neither"),
        pytest.param({"AGENTS.md": "# Ours\n"}, {"AGENTS.md"}, id="only AGENTS.md"),
        pytest.param({"CLAUDE.md": "# Ours\n"}, {"CLAUDE.md"}, id="only CLAUDE.md"),
        pytest.param(
            {"AGENTS.md": "# Ours\n", "CLAUDE.md": "# Ours\n"},
            {"AGENTS.md", "CLAUDE.md"},
            id="both",
        ),
        pytest.param(
            {"AGENTS.md": "# Ours\n", "CLAUDE.md": "See @AGENTS.md.\n"},
            {"AGENTS.md"},
            id="one imports the other",
        ),
        pytest.param(
            {"CLAUDE.md": "@AGENTS.md\n"}, {"CLAUDE.md"}, id="one imports what is not there"
        ),
        pytest.param(
            {"AGENTS.md": "# Ours\n", "CLAUDE.md": "me@AGENTS.md.org\n"},
            {"AGENTS.md", "CLAUDE.md"},
            id="no import",
        ),
    ],
)
def test_each_file_that_is_there_gets_the_block_and_none_is_made_beside_another(
    repository: Repository, there: dict[str, str], told: set[str]
) -> None:
    for name, content in there.items():
        repository.write(name, content)
    repository.init("--url", URL)
    found = {name for name in ("AGENTS.md", "CLAUDE.md") if (repository.folder / name).exists()}
    assert found == set(there) or not there
    assert {name for name in found if "coord lock" in repository.read(name)} == told


def test_once_claude_md_imports_agents_md_the_block_is_in_one_of_them(
    repository: Repository,
) -> None:
    for name in ("AGENTS.md", "CLAUDE.md"):
        repository.write(name, "# Ours\n")
    repository.init("--url", URL)
    repository.write("CLAUDE.md", "@AGENTS.md\n" + repository.read("CLAUDE.md"))
    repository.init()
    assert repository.read("CLAUDE.md") == "@AGENTS.md\n# Ours\n"


def test_an_own_coord_toml_stays_and_is_not_contradicted(repository: Repository) -> None:
    repository.write(".coord.toml", f'url = "{URL}"\nproject = "ours"\n')
    assert "Refused" not in repository.init()
    assert repository.read(".coord.toml") == f'url = "{URL}"\nproject = "ours"\n'
    done = repository.coord("--project", "other", "init", "--yes")
    assert done.returncode == 1
    assert "has project = 'ours'. Change it there" in done.stderr


@needs_sh
def test_what_it_writes_is_not_everybodys_to_write(repository: Repository) -> None:
    done = repository.run("sh", "-c", "umask 000 && exec coord init --yes")
    assert done.returncode == 0, done.stderr
    assert repository.read(SETTINGS)
    open_to_all = [path for path in repository.folder.rglob("*") if path.stat().st_mode & 0o002]
    assert open_to_all == []


def test_the_server_is_entered_for_mcp_beside_others(repository: Repository) -> None:
    repository.write(".mcp.json", '{"mcpServers": {"db": {"command": "db"}}}\n')
    repository.init("--url", URL, "--mcp", COORD_TOKEN="secret-4711")
    entry = repository.json(".mcp.json")["mcpServers"]
    assert entry["db"] == {"command": "db"}
    headers = {"X-Coord-Project": "shop", "Authorization": "Bearer ${COORD_TOKEN:-}"}
    assert entry["coord"] == {"type": "http", "url": f"{URL}/mcp", "headers": headers}
    assert all(
        b"secret-4711" not in path.read_bytes()
        for path in repository.folder.rglob("*")
        if path.is_file()
    )


@pytest.mark.parametrize("agent", agents.AGENTS, ids=list(agents.BY_NAME))
def test_the_hooks_of_another_agent_are_entered_in_its_settings_by_its_names(
    repository: Repository, agent: agents.Agent
) -> None:
    repository.write(agent.file, '{"theme": "x", "hooks": {"SessionStart": [{"hooks": []}]}}')
    result = repository.init("--url", URL, "--agent", agent.name)
    assert agent.until in result
    settings = repository.json(agent.file)
    assert settings["theme"] == "x"
    assert settings["hooks"].pop("SessionStart")[0] == {"hooks": []}
    before = next(name for name in settings["hooks"] if name in ("PreToolUse", "BeforeTool"))
    (entry,) = settings["hooks"][before]
    assert entry == agent.groups[before]
    assert {group["hooks"][0]["command"] for (group,) in settings["hooks"].values()} == {
        hooks.COMMAND
    }
    others = [each for each in agents.AGENTS if each is not agent]
    assert not [other for other in others if (repository.folder / other.file).exists()]


@pytest.mark.parametrize("agent", agents.AGENTS, ids=list(agents.BY_NAME))
def test_each_event_that_is_entered_for_an_agent_is_one_that_the_hook_handles(
    agent: agents.Agent,
) -> None:
    dialect = next(
        each for each in (CODEX, GEMINI, QWEN, DROID) if each.agent.startswith(agent.label)
    )
    events = {dialect.events.get(name, name): rest for name, rest in agent.events.items()}
    assert set(events) <= set(HANDLERS)
    tools = str(events["PreToolUse"][0]).split("|")
    missing = set(dialect.tools) - set(tools)
    assert missing == set()


def test_init_without_a_name_brings_an_agent_s_hooks_up_to_date_and_enters_none(
    repository: Repository,
) -> None:
    repository.write(".gemini/settings.json", "{ // no JSON")
    repository.init("--url", URL, "--agent", "codex")
    old = {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "coord hook"}]}]}}
    repository.write(".codex/hooks.json", json.dumps(old))
    repository.init()
    codex = agents.BY_NAME["codex"]
    assert repository.json(".codex/hooks.json")["hooks"] == {
        event: [group] for event, group in codex.groups.items()
    }
    assert repository.read(".gemini/settings.json") == "{ // no JSON"
    assert not (repository.folder / ".qwen").exists()


def test_local_changes_no_file_that_is_committed(repository: Repository) -> None:
    repository.init("--url", URL, "--local")
    assert repository.git("status", "--porcelain") == ""
    assert len(repository.json(".claude/settings.local.json")["hooks"]) == len(hooks.EVENTS)
    assert "coord lock" in repository.read("CLAUDE.local.md")
    assert f'url = "{URL}"' in repository.read(".coord.toml")


def test_local_refuses_what_is_shared(repository: Repository) -> None:
    done = repository.coord("init", "--yes", "--local", "--mcp")
    assert done.returncode == 1
    assert "claude mcp add" in done.stderr
    done = repository.coord("init", "--yes", "--local", "--agent", "codex")
    assert done.returncode == 1
    assert "--agent does not go with --local" in done.stderr
    assert repository.git("status", "--porcelain", "--ignored") == ""


def test_in_a_worktree_the_files_go_to_its_top_and_git_hooks_to_the_common_folder(
    repository: Repository,
) -> None:
    repository.git("commit", "-q", "--allow-empty", "-m", "First")
    worktree = repository.folder.parent / "worktree"
    repository.git("worktree", "add", "-q", str(worktree))
    (worktree / "src").mkdir()
    done = repository.run(*COORD, "--url", URL, "init", "--yes", "--guard", folder=worktree / "src")
    assert done.returncode == 0, done.stderr
    assert (worktree / SETTINGS).exists()
    assert not (repository.folder / SETTINGS).exists()
    assert "coord guard pre-push" in repository.read(".git/hooks/pre-push")
    assert repository.run(*COORD, "init", "--yes", "--undo", folder=worktree).returncode == 0
    assert repository.git("status", "--porcelain", folder=worktree) == ""


def test_outside_of_a_repository_it_sets_up_the_folder(tmp_path: Path, home: Path) -> None:
    folder = Repository(tmp_path / "notes", home)
    folder.init("--url", URL)
    assert set(folder.tree()) == {".coord.toml", "AGENTS.md", SETTINGS}
    folder.init("--undo")
    assert folder.tree() == {}


# --- it asks first --------------------------------------------------------------------------------


def test_a_dry_run_shows_all_and_changes_nothing(repository: Repository) -> None:
    before = repository.tree()
    done = repository.coord("--url", URL, "init", "--dry-run")
    assert done.returncode == 0
    assert "+++ b/.claude/settings.json" in done.stdout
    assert f'+url = "{URL}"' in done.stdout
    assert repository.tree() == before


def test_the_diff_is_one_that_patch_understands(repository: Repository) -> None:
    repository.write("CLAUDE.md", "no end of line")
    repository.write(SETTINGS, '{\n  "model": "x"\n}\n')
    diff = repository.coord("--url", URL, "--json", "init", "--dry-run").stdout
    repository.write("x.diff", json.loads(diff)["diff"])
    repository.git("apply", "--whitespace=nowarn", "x.diff")
    (repository.folder / "x.diff").unlink()
    assert "Nothing to change" in repository.init()


def test_where_nobody_can_be_asked_it_changes_nothing_and_says_so(repository: Repository) -> None:
    before = repository.tree()
    done = repository.coord("init")
    assert done.returncode == 2
    assert "Nothing was changed" in done.stderr
    assert "--yes" in done.stderr
    assert repository.tree() == before


@pytest.mark.skipif(WINDOWS, reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 2), ("", 2)])
def test_in_a_terminal_it_shows_the_change_and_asks(
    repository: Repository, answer: str, code: int
) -> None:
    before = repository.tree()
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["coord", "--url", URL, "init"],
        cwd=repository.folder,
        env=repository.environment,
        stdin=theirs,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        os.write(ours, f"{answer}\n".encode())
        output = process.communicate(timeout=60)[0]
    for end in (ours, theirs):
        os.close(end)
    assert process.returncode == code
    assert f'+url = "{URL}"' in output
    assert "Change 4 files? [y/N]" in output
    assert (repository.tree() == before) == (code != 0)


# --- it refuses rather than break something -------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        pytest.param(SETTINGS, b'{"hooks": {}]', "is not JSON: line 1, column 13", id="not JSON"),
        pytest.param(SETTINGS, b"", "is empty", id="empty"),
        pytest.param(SETTINGS, b"// mine\n{}", "is not JSON: line 1", id="a comment"),
        pytest.param(SETTINGS, b"[]", "is not a JSON object", id="a list"),
        pytest.param(SETTINGS, b'{"hooks": []}', "hooks is not an object", id="hooks as a list"),
        pytest.param(SETTINGS, b'{"hooks": null}', "hooks is not an object", id="hooks as null"),
        pytest.param(
            SETTINGS,
            b'{"hooks": {"Stop": {}}}',
            "hooks.Stop is not a list",
            id="an event as an object",
        ),
        pytest.param(SETTINGS, b'{"a": "\xe4"}', "is not UTF-8 (byte 7)", id="latin-1"),
        pytest.param("AGENTS.md", "# Übung".encode("utf-16"), "is not UTF-8", id="UTF-16"),
        pytest.param(
            "AGENTS.md",
            b"<!-- coord: begin -->\n",
            "Leave one pair of them, or none",
            id="a torn block",
        ),
        pytest.param(
            ".gitignore",
            b"# coord: end\n",
            "Leave one pair of them, or none",
            id="an end without a begin",
        ),
        pytest.param(".coord.toml", b"url = ", "is not TOML", id="broken TOML"),
        pytest.param(
            ".mcp.json",
            b'{"mcpServers": []}',
            "mcpServers is not an object",
            id="servers as a list",
        ),
    ],
)
def test_a_file_that_it_does_not_understand_stops_it_before_anything_is_changed(
    repository: Repository, name: str, content: bytes, said: str
) -> None:
    repository.write(name, content)
    before = repository.tree()
    done = repository.coord("init", "--yes", "--mcp")
    assert done.returncode in (1, 2)
    assert said in done.stderr, done.stderr
    assert name in done.stderr
    assert repository.tree() == before


@needs_links
def test_it_does_not_follow_a_link_out_of_the_repository(
    repository: Repository, tmp_path: Path
) -> None:
    (tmp_path / "own.md").write_text("mine\n")
    os.symlink(tmp_path / "own.md", repository.folder / "CLAUDE.md")
    done = repository.coord("init", "--yes")
    assert done.returncode == 1
    assert "outside of this repository" in done.stderr
    assert (tmp_path / "own.md").read_text() == "mine\n"


@pytest.mark.parametrize(
    "address",
    [
        "coord.example:8001",
        "ftp://coord",
        "http://",
        "http://a b",
        "http://me@coord",
        "http://coord:x",
    ],
)
def test_an_address_that_is_none_is_refused(repository: Repository, address: str) -> None:
    done = repository.coord("--url", address, "init", "--yes")
    assert done.returncode == 1
    assert "is not the address of a coord server" in done.stderr
    assert repository.git("status", "--porcelain") == ""


# --- it can be taken back -------------------------------------------------------------------------

STARTS: dict[str, dict[str, bytes]] = {
    "nothing": {},
    "instructions": {"AGENTS.md": b"# Ours\n", "CLAUDE.md": b"# Ours too\n"},
    "no end of line": {
        "AGENTS.md": b"# Ours",
        "CLAUDE.md": b"x",
        ".gitignore": b"*.pyc",
        SETTINGS: b'{\n  "a": 1\n}',
    },
    "Windows": {
        "AGENTS.md": b"# Ours\r\n\r\n",
        "CLAUDE.md": b"a\r\nb",
        ".gitignore": b"*.pyc\r\n",
        SETTINGS: b'\xef\xbb\xbf{\r\n  "a": 1\r\n}\r\n',
    },
    "only CLAUDE.md": {"CLAUDE.md": b"\n\n# Ours\n\n\n"},
    "an import": {"CLAUDE.md": b"@AGENTS.md", "AGENTS.md": b"# Ours"},
    "mixed line ends": {
        "AGENTS.md": b"a\r\nb\n",
        "CLAUDE.md": b"a\nb\r\n",
        ".gitignore": b"a\r\nb\n",
    },
    "empty files": {
        "AGENTS.md": b"",
        "CLAUDE.md": b"",
        ".gitignore": b"",
        SETTINGS: b"{}",
        ".mcp.json": b"{}\n",
    },
    "empty containers": {
        SETTINGS: b'{"hooks": {"SessionEnd": []}}',
        ".mcp.json": b'{"mcpServers": {\n}}',
    },
    "an empty hooks object": {
        SETTINGS: b'{\n  "hooks": {}\n}\n',
        ".mcp.json": b'{"mcpServers":{}}',
    },
    "white space": {SETTINGS: b"\n {\n\n}\n\n", "AGENTS.md": b"\n", "CLAUDE.md": b"\n\n"},
    "tabs": {SETTINGS: b'{\n\t"hooks": {\n\t\t"Stop": [\n\t\t\t{"hooks": []}\n\t\t]\n\t}\n}\n'},
    "one line": {
        SETTINGS: (
            b'{"a":1,"hooks":{"PreToolUse":[{"matcher":"Bash","hooks":[{"type":"command","command":"lint"}]}]}}'
        )
    },
    "hooks of others": {
        SETTINGS: (
            json.dumps(
                {"hooks": {"PreToolUse": [OTHERS], "Stop": [OTHERS]}, "z": "ü"}, indent=4
            ).encode()
        )
    },
    "other servers": {".mcp.json": b'{\n  "mcpServers": {\n    "db": {"command": "db"}\n  }\n}\n'},
    "an own .coord.toml": {".coord.toml": b'url = "http://coord.example:8001"\n'},
    "ignored already": {".gitignore": b".claude/*\n!.claude/settings.json\n"},
    "git hooks": {
        ".git/hooks/pre-commit": b"#!/bin/bash -e\nmake lint\n",
        ".git/hooks/pre-push": b"#!/bin/sh",
    },
    "a bare git hook": {".git/hooks/pre-commit": b"#!/bin/sh\n"},
    "settings of other agents": {
        ".codex/hooks.json": b"{}",
        ".gemini/settings.json": json.dumps(
            {"theme": "x", "hooks": {"BeforeTool": [OTHERS]}}, indent=2
        ).encode(),
        ".qwen/settings.json": b'{\n\t"hooks": {}\n}\n',
        ".factory/notes.md": b"x",
    },
}
EVERY_AGENT = tuple(part for name in agents.BY_NAME for part in ("--agent", name))


@pytest.mark.parametrize(
    ("start", "options"),
    list(itertools.product(STARTS, [("--mcp", "--guard"), ("--local",), EVERY_AGENT])),
    ids=lambda v: " ".join(v) if isinstance(v, tuple) else v,
)
def test_undo_leaves_every_byte_as_it_was(
    repository: Repository, start: str, options: tuple[str, ...]
) -> None:
    for name, content in STARTS[start].items():
        repository.write(name, content)
    for name in ("pre-commit", "pre-push"):
        if (repository.folder / ".git/hooks" / name).exists():
            (repository.folder / ".git/hooks" / name).chmod(0o755)
    before = repository.tree()
    repository.init("--url", URL, *options)
    after = repository.tree()
    assert after != before
    assert "Nothing to change" in repository.init(*options)
    assert repository.tree() == after
    repository.init("--undo")
    assert repository.tree() == before
    assert "Nothing to change" in repository.init("--undo")


@needs_links
@pytest.mark.parametrize(
    ("link", "target"), [("CLAUDE.md", "AGENTS.md"), ("AGENTS.md", "CLAUDE.md")]
)
def test_instructions_that_are_one_file_by_a_link_get_one_block(
    repository: Repository, link: str, target: str
) -> None:
    repository.write(target, "# Ours\n")
    os.symlink(target, repository.folder / link)
    before = repository.tree()
    repository.init("--url", URL)
    assert os.readlink(repository.folder / link) == target
    assert repository.read(target).count("coord: begin") == 1
    assert "@AGENTS.md" not in repository.read(target)
    repository.init("--undo")
    assert repository.tree() == before


def test_undo_in_another_clone_removes_the_files_that_held_nothing_else(
    repository: Repository,
) -> None:
    repository.init("--url", URL)
    repository.git("add", ".")
    repository.git("commit", "-q", "-m", "coord")
    clone = Repository(repository.folder.parent / "clone", repository.home)
    clone.git("clone", "-q", str(repository.folder), ".")
    clone.init("--undo")
    assert clone.git("ls-files").split() == clone.git("ls-files", "--deleted").split()


def test_undo_keeps_what_was_added_since(repository: Repository) -> None:
    repository.init("--url", URL, "--guard")
    settings = repository.json(SETTINGS)
    settings["hooks"]["Stop"] = [OTHERS]
    repository.write(SETTINGS, json.dumps(settings))
    repository.write("AGENTS.md", repository.read("AGENTS.md") + "\n# Ours\n")
    repository.write(".coord.toml", repository.read(".coord.toml") + "# ours\n")
    result = repository.init("--undo")
    assert repository.json(SETTINGS) == {"hooks": {"Stop": [OTHERS]}}
    assert repository.read("AGENTS.md") == "\n# Ours\n"
    assert ".coord.toml stays: it was changed" in result


def test_undo_local_keeps_what_the_team_shares(repository: Repository) -> None:
    repository.init("--url", URL)
    before = repository.tree()
    repository.init("--local")
    repository.init("--local", "--undo")
    assert repository.tree() == before


def test_a_server_of_that_name_that_is_not_coord_stays(repository: Repository) -> None:
    repository.write(".mcp.json", '{"mcpServers": {"coord": {"command": "coordinates"}}}')
    repository.init("--url", URL)
    repository.init("--undo")
    assert repository.json(".mcp.json") == {"mcpServers": {"coord": {"command": "coordinates"}}}


def test_an_address_that_nobody_named_and_where_nothing_answers_is_not_written(
    repository: Repository,
) -> None:
    result = repository.init(COORD_URL="")
    settings = read_config(str(repository.folder / ".coord.toml"))
    assert settings == {"project": "shop"}
    assert "No server is written into .coord.toml" in result
    assert "coord init --url URL" in result
    assert "Nothing to change" in repository.init(COORD_URL="")
    repository.init("--undo")
    assert not (repository.folder / ".coord.toml").exists()


def test_an_address_that_was_named_is_written_and_it_says_that_nothing_answers(
    repository: Repository,
) -> None:
    result = repository.init("--url", "http://127.0.0.1:1/api/coord")
    assert repository.read(".coord.toml").count('url = "http://127.0.0.1:1"') == 1
    assert "http://127.0.0.1:1 is written, but http://127.0.0.1:1 does not answer" in result


def test_the_server_of_a_path_is_written_as_its_root(
    repository: Repository, service: Service
) -> None:
    result = repository.init("--url", f"{service.url}/api/coord/")
    assert f'url = "{service.url}"' in repository.read(".coord.toml")
    assert "is written, but" not in result


def test_undo_says_which_trust_stays_and_how_to_end_it(repository: Repository) -> None:
    url = "http://127.0.0.1:1"
    repository.coord("init", "--yes", "--url", url)
    undone = repository.coord("init", "--undo", "--yes")
    assert f"You still trust {url}. To end that: coord trust --remove -- {url}" in undone.stderr
    assert repository.coord("trust", "--remove", "--", url).returncode == 0
