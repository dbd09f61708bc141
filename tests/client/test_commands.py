"""What a line of shell does to others: told by the shell's rules, for every line of commands.jsonl,
and what docs/commands.md says of it.

A line of that file: `command`; `shell`, where it is not sh; `locks`, with ` @ FOLDER` where they
belong to another folder's project; `files`; `trees`, with the patterns of names in parentheses.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from coord.client.host_name import host
from coord.client.shell.effects import Effects
from coord.client.shell.packages import PACKAGES_AND_DATABASES
from coord.client.shell.programs import PROGRAMS
from coord.client.shell.rules import BadPattern, Rules
from coord.client.shell.walk import MAX_CHARACTERS, effects_of
from tests.service import ROOT

SPELLINGS: list[dict[str, Any]] = [
    json.loads(line)
    for line in Path(__file__).with_name("commands.jsonl").read_text(encoding="utf-8").splitlines()
]
OWN: dict[str, object] = {
    "hook": {"commands": [{"pattern": r"bin/(\w+) prod", "resource": r"run \1"}]}
}
MAX_SECONDS = 5.0  # ten times what 100 KB take on a quiet machine


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout beside another one."""
    base = tmp_path_factory.mktemp("shells")
    for folder in ("shop/.git", "shop/src", "shop/docs", "shop/infra", "lib/.git"):
        (base / folder).mkdir(parents=True)
    for file in ("README.md", "src/app.py", "src/util.py"):
        (base / "shop" / file).touch()
    return base / "shop"


def told(effects: Effects, shop: Path) -> dict[str, list[str]]:
    """As commands.jsonl writes it."""

    def below(path: str) -> str:
        return os.path.relpath(path, shop).replace("\\", "/")

    locks = [
        lock.replace(host(), "HOST") + ("" if folder == str(shop) else f" @ {below(folder)}")
        for folder, lock in effects.locks
    ]
    trees = [
        below(path) + (f" ({' '.join(names)})" if names else "") for path, names in effects.trees
    ]
    files = [below(path) for path in effects.files]
    return {"locks": sorted(locks), "files": sorted(files), "trees": sorted(trees)}


def locks(line: str, config: dict[str, object], folder: str = "/") -> list[str]:
    return sorted({lock for _, lock in effects_of(line, folder, Rules(config)).locks})


@pytest.mark.parametrize("row", SPELLINGS, ids=[row["command"][:60] for row in SPELLINGS])
def test_what_a_spelling_needs_and_changes(row: dict[str, Any], shop: Path) -> None:
    effects = effects_of(row["command"], str(shop), Rules({}), row.get("shell", "posix"))
    wanted = {name: sorted(row.get(name, [])) for name in ("locks", "files", "trees")}
    assert told(effects, shop) == wanted


def test_there_are_many_spellings_and_each_is_another() -> None:
    assert len(SPELLINGS) >= 300
    assert len({(row["command"], row.get("shell")) for row in SPELLINGS}) == len(SPELLINGS)


_PIECES = [
    *"'\"`$(){}<>|&;\n\\#!*?[]=~-/ ab",
    "$(", "${", "$((", "<<EOF\n", "EOF\n", "((", "))", "<(", "[[ ", "]] ", "$'", "{a,b}", "\0",
    "git push ", "cd x ", "bash -c ", "xargs ", "sudo ", "env -S ", "for f in ", "do ", "done ",
    "${a%b*}", "$(echo a) ", "f() { f; g; }; ", "set -- a b; ", "!(a|b)", "{1..9}", "cd $x; ",
    "sed 's/a/b/w ", "awk '{print > ", "%a% ", "(Join-Path a ", "$x='a' ",
    "rm ", "case ", "esac ", "eval ", "find . -exec ", "docker exec ", "timeout ", "@'\n",
]  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    pieces=st.lists(st.sampled_from(_PIECES) | st.text(max_size=5), max_size=60),
    times=st.integers(1, 3),
    shell=st.sampled_from(["posix", "powershell", "cmd"]),
)
@example(pieces=["$(", "`", "((", "'"], times=3, shell="posix")
def test_no_line_makes_it_fail(pieces: list[str], times: int, shell: str) -> None:
    effects_of("".join(pieces * times), "/", Rules({}), shell)


@pytest.mark.parametrize("shell", ["posix", "powershell"])
@pytest.mark.parametrize("piece", [*_PIECES, "find . -exec x ", "eval x;", "x=$x$x;", "f() {"])
def test_the_time_that_a_line_takes_is_bounded(piece: str, shell: str) -> None:
    line = piece * (100_000 // len(piece))
    start = time.process_time()
    effects_of(line, "/", Rules({}), shell)
    assert time.process_time() - start < MAX_SECONDS


def test_a_push_behind_a_long_text_is_seen() -> None:
    text = "x" * (MAX_CHARACTERS // 2)
    assert locks(f"cat <<'EOF' > /dev/null\n{text}\nEOF\ngit push", {}) == ["git push"]


def test_an_alias_of_git_is_what_it_stands_for(shop: Path) -> None:
    config = shop / ".git" / "config"
    config.write_text("[alias]\n\tup = push origin\n\tship = !make deploy\n\tback = reset --hard\n")
    try:
        assert locks("git up; git ship", {}, str(shop)) == ["deploy", "git push"]
        assert told(effects_of("git back", str(shop), Rules({})), shop)["trees"] == ["."]
    finally:
        config.unlink()


@pytest.mark.parametrize(
    ("line", "shell"),
    [("copy README.md %Temp%\\x", "cmd"), ("copy README.md $env:temp\\x", "powershell")],
    ids=["cmd", "PowerShell"],
)
def test_places_of_windows_are_known_in_whatever_case_they_are_spelt(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, shell: str
) -> None:
    monkeypatch.setenv("TEMP", str(tmp_path))
    effects = effects_of(line, str(shop), Rules({}), shell)
    assert (list(effects.files), list(effects.trees)) == ([str(tmp_path / "x")], [])


def test_a_project_s_own_patterns_come_first_and_name_their_groups() -> None:
    assert locks("bin/import prod && git push", OWN) == ["git push", "run import"]
    assert locks("sudo bin/import prod", OWN) == ["run import"]
    assert locks("git push; ssh web-1", {"hook": {"default_commands": False}}) == []
    assert locks(
        "git push", {"hook": {"commands": [{"pattern": "git push", "resource": "release"}]}}
    ) == ["release"]


def test_a_project_adds_programs_to_the_table() -> None:
    programs: list[dict[str, object]] = [
        {
            "name": "shipit",
            "resource": "ship",
            "verbs": ["go", "db reset"],
            "options_with_value": ["-e"],
        },
        {"name": "nuke", "resource": "ship"},
        {"name": "with-secrets", "runs": True, "options_with_value": ["-f"]},
        {"name": "git", "resource": "git"},
    ]
    config: dict[str, object] = {"hook": {"programs": programs}}
    assert locks("./bin/shipit -e prod go", config) == ["ship"]
    assert locks("shipit db reset", config) == ["ship"]
    assert locks("shipit status; shipit --help", config) == []
    assert locks("nuke all", config) == ["ship"]
    assert locks("with-secrets -f x make deploy", config) == ["deploy"]
    assert locks("git status", config) == ["git"]


@pytest.mark.parametrize(
    ("table", "entry"),
    [
        ("commands", {}),
        ("commands", {"pattern": "x"}),
        ("commands", {"pattern": 1, "resource": "x"}),
        ("commands", {"pattern": "(", "resource": "x"}),
        ("commands", "x"),
        ("programs", {}),
        ("programs", {"name": "x"}),
        ("programs", {"name": "x", "resource": "y", "verbs": "z"}),
        ("programs", {"name": "x", "resource": "y", "options_with_value": [1]}),
    ],
)
def test_an_entry_that_is_none_is_named(table: str, entry: object) -> None:
    with pytest.raises(BadPattern, match=r"\.coord\.toml"):
        Rules({"hook": {table: [entry]}})


def rows_of_the_document() -> list[str]:
    """The table of programs as docs/commands.md has it."""
    rows = []
    for program in (*PROGRAMS, *PACKAGES_AND_DATABASES):
        names = " ".join(f"`{name}`" for name in program.names)
        for lock in dict.fromkeys(lock for lock, _ in program.locks):
            paths = [" ".join(path) for each, path in program.locks if each == lock]
            given = ", ".join(f"`{path}`" if path else "anything" for path in paths)
            if program.reads:
                given = f"{given}, but not to look"
            rows.append(f"| `{lock.replace('{host}', 'HOST')}` | {names} | {given} |")
    return [row.replace("|", "\\|").replace("\\| ", "| ").replace(" \\|", " |") for row in rows]


def test_the_document_shows_the_table() -> None:
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    shown = [line for line in text.splitlines() if line.startswith("| `")]
    assert [row for row in rows_of_the_document() if row not in shown] == []
    known = rows_of_the_document()
    table = text.partition("| lock | program | what of it |")[2].partition("\n\n")[0]
    assert [row for row in table.splitlines()[2:] if row not in known] == []
