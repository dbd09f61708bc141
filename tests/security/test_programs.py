"""Which programs the client runs when it asks git something: never one that the repository ships or
names.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from coord.client import processes, programs
from tests.service import ROOT

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX only")


def script(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(("#!/bin/sh", *lines, "")))
    path.chmod(0o755)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return folder


def coord(checkout: Path, *arguments: str, **environment: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "coord.client", *arguments],
        cwd=checkout,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "COORD_URL": "http://127.0.0.1:1",
            **environment,
        },
        capture_output=True,
        check=False,
    )


@posix
@pytest.mark.parametrize("entry", [".", "", "bin", "./bin"])
@pytest.mark.parametrize("command", [["init", "--dry-run"], ["guard", "status"], ["doctor"]])
def test_a_program_in_the_repository_is_not_run_for_one_of_the_system(
    checkout: Path, entry: str, command: list[str]
) -> None:
    for name in ("git", "sh", "ps"):
        script(checkout / entry / name, "touch ran", f'exec /bin/{name} "$@"')
    coord(checkout, *command, PATH=f"{entry}{os.pathsep}{os.environ['PATH']}")
    assert not (checkout / "ran").exists()


@pytest.mark.skipif(not os.path.exists("/bin/ps"), reason="ps is not installed")
def test_nor_is_ps_where_there_is_no_proc(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(checkout / "ps", "touch ran", 'exec /bin/ps "$@"')
    monkeypatch.chdir(checkout)
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.environ['PATH']}")
    assert processes._from_ps("-p", str(os.getpid()))
    assert not (checkout / "ran").exists()


@posix
def test_a_program_is_found_where_path_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a" / "tool").mkdir(parents=True)
    script(tmp_path / "b" / "tool")
    monkeypatch.setenv("PATH", f"gone:{tmp_path}/a:{tmp_path}/b")
    assert programs.find("tool") == f"{tmp_path}/b/tool"
    assert programs.find("no-such-tool") is None


@posix
@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("core.fsmonitor", "{evil}"),
        ("core.sshCommand", "{evil}"),
        ("core.pager", "{evil}"),
        ("core.editor", "{evil}"),
        ("diff.external", "{evil}"),
        ("credential.helper", "!{evil}"),
        ("alias.config", "!{evil}"),
        ("alias.rev-parse", "!{evil}"),
    ],
)
def test_nothing_that_the_repository_s_settings_name_is_run(
    checkout: Path, setting: str, value: str
) -> None:
    script(checkout / "evil", "touch ran")
    (checkout / "a.py").write_text("x")
    subprocess.run(["git", "-C", str(checkout), "add", "a.py"], check=True)
    script(checkout / ".git" / "hooks" / "pre-commit", "coord guard pre-commit || exit 1")
    (checkout / "ran").unlink(missing_ok=True)
    subprocess.run(
        ["git", "-C", str(checkout), "config", setting, value.format(evil=checkout / "evil")],
        check=True,
    )
    for command in (["guard", "status"], ["guard", "install", "--yes"], ["init", "--dry-run"]):
        coord(checkout, *command)
    assert not (checkout / "ran").exists()


@posix
@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="needs root")
def test_a_repository_that_git_does_not_trust_is_said_to_be_one(checkout: Path) -> None:
    script(checkout / ".git" / "hooks" / "pre-commit", "coord guard pre-commit || exit 1")
    for path in (checkout, checkout / ".git"):
        os.chown(path, 65534, 65534)
    done = subprocess.run(
        [sys.executable, "-m", "coord.client", "guard", "status"],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("coord: fatal: detected dubious ownership")
