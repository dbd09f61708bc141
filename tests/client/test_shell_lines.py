"""What we give to shells runs on macOS and Alpine too: none of the options that only GNU has."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from coord.client import launcher
from coord.client.resource_names import resource
from coord.client.setup import hooks
from coord.client.setup.guard import git_hooks
from coord.client.workspace import Workspace
from tests.service import ROOT

GNU_ONLY = re.compile(
    r"\bdate (?:-d|-I|--|\+\S*%N)|\bstat (?:-c|--)|\bsed (?:-i|-r|--)|\breadlink -f"
    r"|(?<!\.)\brealpath\b|\bgrep (?:-P|--)|\bxargs (?:-r|-d)|\bmktemp (?:-p|--)"
    r"|\b(?:sha256|md5)sum\b|\bsetsid\b|\btimeout \d|\bbase64 -w|\bhead -[cn] -|\btac\b"
    r"|\bnproc\b|\bgetent\b|\bpidof\b|\bfind [^\n]*-printf|\b(?:cp|ls|ln|mv|rm|mkdir) --"
)


SERVERS_PAGES = ("operations.md", "performance.md", "reliability.md")  # which run on Linux


def own_texts() -> dict[str, str]:
    """All that a workstation's shell reads of us, by what it is."""
    texts = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for path in [ROOT / "coord/areas/client/install.sh", Path(git_hooks.__file__)]
    }
    texts["the launcher"] = launcher._sh_text("/usr/bin/python3", "/home/me/run.py")
    texts["the hooks"] = f"{hooks.COMMAND}\n{hooks.PLUGIN_COMMAND}"
    texts["how coord gets on PATH"] = "\n".join(launcher.path_hint("/home/me/bin"))
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    for page in pages:
        if page.name in SERVERS_PAGES:
            continue
        name = str(page.relative_to(ROOT))
        blocks = re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        texts[name] = "\n".join(blocks)
    return texts


@pytest.mark.parametrize("name", own_texts())
def test_no_line_for_a_shell_needs_gnu(name: str) -> None:
    assert GNU_ONLY.findall(own_texts()[name]) == []


@pytest.mark.parametrize(
    "line",
    ["date -d @1", "date -Is", "stat -c %s x", "sed -i s/a/b/ x", "readlink -f x", "xargs -d x"],
)
def test_such_a_line_would_be_found(line: str) -> None:
    assert GNU_ONLY.search(line)


@pytest.mark.parametrize(("has_tools", "starts_it"), [(True, True), (False, False)])
def test_install_starts_no_python_that_asks_for_xcode(
    tmp_path: Path, has_tools: bool, starts_it: bool
) -> None:
    """On macOS: its `uname`, its `xcode-select`, and Apple's python3 first on PATH."""
    programs = {
        "uname": "echo Darwin",
        "xcode-select": f"exit {int(not has_tools)}",
        "python3": f"echo started >{tmp_path}/started",
    }
    for name, does in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    script = (ROOT / "coord/areas/client/install.sh").read_text(encoding="utf-8")
    finds = script[script.index("# macOS without") : script.index("# The token is")]
    apples = "command() { echo /usr/bin/python3; }\nfail() { exit 1; }\n"
    asked = subprocess.run(
        ["sh", "-c", f"{apples}{finds}find_python"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert (tmp_path / "started").exists() is starts_it, asked.stderr


def test_hooks_start_coord_without_a_path(tmp_path: Path) -> None:
    """As launchd starts programs: with a HOME, and no PATH that finds anything."""
    program = tmp_path / ".local" / "bin" / "coord"
    program.parent.mkdir(parents=True)
    run = tmp_path / "run.py"
    run.write_text("import sys; print(*sys.argv[1:])")
    program.write_text(launcher._sh_text(sys.executable, str(run)))
    program.chmod(0o755)
    for environment in ({}, {"PATH": ""}, {"PATH": "/nowhere"}):
        done = subprocess.run(
            ["/bin/sh", "-c", hooks.COMMAND],
            env={"HOME": str(tmp_path), **environment},
            capture_output=True,
            text=True,
        )
        assert (done.stdout, done.stderr, done.returncode) == ("hook\n", "", 0)


def test_a_checkout_below_a_link_is_one_place_by_both_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """/tmp of macOS is a link to /private/tmp, and agents name files by either."""
    shop = tmp_path / "private" / "tmp" / "shop"
    (shop / ".git").mkdir(parents=True)
    (tmp_path / "tmp").symlink_to(tmp_path / "private" / "tmp")
    linked = tmp_path / "tmp" / "shop"
    workspaces = [Workspace(str(folder)) for folder in (shop, linked)]
    assert workspaces[0].state_folder == workspaces[1].state_folder
    paths = [str(folder / "new.py") for folder in (shop, linked)]
    names = {resource(path, each) for path in paths for each in workspaces}
    assert names == {("shop", "new.py")}
