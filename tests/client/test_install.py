"""`coord install` as a process of its own, into a home folder whose name has a space and a quote in
it.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from coord.areas.client import bundle
from coord.client import download, exe, installation, launcher
from tests.client import pythons
from tests.service import CLOCK

PATH = "/usr/local/bin:/usr/bin:/bin"


def of_version(content: bytes, version: str) -> bytes:
    """The same client, as another release of it would be."""
    written = io.BytesIO(b"#!/usr/bin/env python3\n")
    written.seek(0, io.SEEK_END)
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(written, "w") as goal:
        for member in source.infolist():
            text = source.read(member)
            if member.filename == "coord/__init__.py":
                text = re.sub(rb'__version__ = ".*"', f'__version__ = "{version}"'.encode(), text)
            goal.writestr(member, text)
    return written.getvalue()


class Workstation:
    """A user's home, and the client's file that was downloaded to it."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "it's a home"
        self.home.mkdir()
        self.project = folder / "project"
        self.project.mkdir()
        self.pyz = folder / "coord.pyz"
        self.becomes("0.1.0")
        self.environment = {
            **CLOCK,
            "HOME": str(self.home),
            "PATH": PATH,
            "COORD_URL": "http://127.0.0.1:1",
            "SHELL": "/bin/bash",
        }

    @property
    def data(self) -> Path:
        return self.home / ".local" / "share" / "coord"

    @property
    def launcher(self) -> Path:
        return self.home / ".local" / "bin" / "coord"

    @property
    def apps(self) -> set[str]:
        return {each.name.partition("-")[0] for each in self.data.iterdir() if each.is_dir()}

    def run(self, *command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.project,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    def install(self, *options: str, python: str = sys.executable, **environment: str) -> str:
        done = self.run(python, self.pyz, "install", *options, **environment)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout

    def refused(self, *options: str, **environment: str) -> str:
        done = self.run(sys.executable, self.pyz, "install", *options, **environment)
        assert (done.returncode, done.stdout) == (1, "")
        return done.stderr

    def becomes(self, version: str) -> None:
        self.pyz.write_bytes(of_version(bundle.bundle().content, version))

    def version(self) -> str:
        report = json.loads(self.run(self.launcher, "--json", "--version").stdout)
        return str(report["client"])


@pytest.fixture
def workstation(tmp_path: Path) -> Workstation:
    return Workstation(tmp_path)


@pytest.fixture
def at_home(workstation: Workstation, monkeypatch: pytest.MonkeyPatch) -> Workstation:
    """The tests' own process, as if it were that user's."""
    monkeypatch.setenv("HOME", str(workstation.home))
    monkeypatch.setenv("PATH", PATH)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    return workstation


# --- installing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("python", pythons.NEW_ENOUGH)
def test_it_installs_and_runs_with(workstation: Workstation, python: str) -> None:
    result = workstation.install("--server", "http://coord.example:8001", python=python)
    assert result.splitlines()[0].startswith(
        "coord 0.1.0 is installed: ~/.local/bin/coord, run by "
    )
    assert "coord init --url http://coord.example:8001" in result
    assert workstation.version() == "0.1.0"
    assert (
        f"python='{python}" in workstation.launcher.read_text()
        or "python='/" in workstation.launcher.read_text()
    )


def test_everything_is_compiled_at_once(workstation: Workstation) -> None:
    workstation.install()
    (app,) = (each for each in workstation.data.iterdir() if each.is_dir())
    sources = set(app.rglob("*.py"))
    compiled = {
        file.parent.parent / f"{file.name.partition('.')[0]}.py" for file in app.rglob("*.pyc")
    }
    assert sources == compiled
    before = {file: file.stat().st_mtime_ns for file in app.rglob("*.pyc")}
    workstation.version()
    assert {file: file.stat().st_mtime_ns for file in app.rglob("*.pyc")} == before


def test_a_traceback_names_the_file_where_it_is(workstation: Workstation) -> None:
    workstation.install()
    (app,) = (each for each in workstation.data.iterdir() if each.is_dir())
    program = (
        f"import sys; sys.path.insert(0, {str(app)!r}); from coord.client import wire;"
        " print(wire.call.__code__.co_filename)"
    )
    assert workstation.run(sys.executable, "-I", "-S", "-c", program).stdout.strip() == str(
        app / "coord" / "client" / "wire.py"
    )


def test_a_second_time_changes_nothing_but_what_is_missing(workstation: Workstation) -> None:
    workstation.install()
    files = {file: file.read_bytes() for file in workstation.home.rglob("*") if file.is_file()}
    for lost in (
        workstation.launcher,
        *workstation.data.glob("*/coord/client/wire.py"),
        workstation.data / "run.py",
    ):
        lost.unlink()
    for broken in workstation.data.glob("*/coord/client/workspace.py"):
        broken.write_text("raise SystemExit('broken')")
    assert "was installed already" in workstation.install()
    assert {
        file: file.read_bytes() for file in workstation.home.rglob("*") if file.is_file()
    } == files


def test_an_installed_client_mends_its_launcher(workstation: Workstation) -> None:
    workstation.install()
    workstation.launcher.write_text("# Written by `coord install`, and broken\n")
    done = workstation.run(sys.executable, "-I", "-S", workstation.data / "run.py", "install")
    assert "was installed already" in done.stdout
    assert workstation.version() == "0.1.0"


def test_the_version_before_stays_for_those_that_run_it_and_older_ones_go(
    workstation: Workstation,
) -> None:
    workstation.install()
    program = (
        "import sys; exec(open(sys.argv[1]).read().replace('main()', ''), {'__file__':"
        " sys.argv[1]}); print('up', flush=True); input(); "
        + "import coord.client.calls, click; print(coord.__version__)"
    )
    running = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", program, workstation.data / "run.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "up\n"
    workstation.becomes("0.2.0")
    assert "coord 0.2.0 is installed, after 0.1.0-" in workstation.install()
    assert workstation.version() == "0.2.0"
    assert running.communicate("\n")[0] == "0.1.0\n"
    assert workstation.apps == {"0.1.0", "0.2.0"}
    workstation.becomes("0.3.0")
    workstation.install()
    assert (workstation.version(), workstation.apps) == ("0.3.0", {"0.2.0", "0.3.0"})
    workstation.becomes("0.2.0")
    workstation.install()
    assert (workstation.version(), workstation.apps) == ("0.2.0", {"0.2.0", "0.3.0"})


def test_many_may_install_at_once(workstation: Workstation) -> None:
    other = workstation.pyz.with_name("other.pyz")
    other.write_bytes(of_version(workstation.pyz.read_bytes(), "0.2.0"))
    running = [
        subprocess.Popen(
            [sys.executable, each, "install"],
            env=workstation.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for each in (workstation.pyz, other) * 2
    ]
    assert [(each.communicate()[1], each.returncode) for each in running] == [(b"", 0)] * 4
    assert workstation.version() in ("0.1.0", "0.2.0")
    assert workstation.apps == {"0.1.0", "0.2.0"}


def test_what_a_killed_installation_left_is_removed_by_the_next(workstation: Workstation) -> None:
    (workstation.data / ".new-abc" / "coord").mkdir(parents=True)
    workstation.install()
    assert {each.name for each in workstation.data.iterdir() if each.name.startswith(".")} == set()


def test_a_folder_of_the_users_choice_is_remembered(workstation: Workstation) -> None:
    chosen = workstation.home / "bin"
    workstation.install("--bin-dir", str(chosen), XDG_DATA_HOME=str(workstation.home / "data"))
    assert not workstation.launcher.exists()
    assert not workstation.data.exists()
    workstation.becomes("0.2.0")
    workstation.install(XDG_DATA_HOME=str(workstation.home / "data"))
    assert not workstation.launcher.exists()
    assert workstation.run(chosen / "coord", "--version").stdout.startswith("coord 0.2.0")
    workstation.run(
        chosen / "coord", "install", "--uninstall", XDG_DATA_HOME=str(workstation.home / "data")
    )
    assert [file for file in workstation.home.rglob("*") if file.is_file()] == []


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_program_of_somebody_elses_is_not_replaced(workstation: Workstation, kind: str) -> None:
    workstation.launcher.parent.mkdir(parents=True)
    if kind == "file":
        workstation.launcher.write_text("#!/bin/sh\necho mine\n")
    else:
        workstation.launcher.symlink_to("/usr/bin/env")
    assert (
        "was not written by `coord install`. Remove it, or choose another folder with --bin-dir."
        in workstation.refused()
    )
    assert not workstation.data.exists()
    assert workstation.launcher.is_symlink() == (kind == "link")


def test_a_checkout_is_not_what_is_installed(workstation: Workstation) -> None:
    program = "from coord.client.__main__ import main; main()"
    root = Path(bundle.__file__).parents[3]
    done = workstation.run(sys.executable, "-c", program, "install", PYTHONPATH=str(root))
    assert done.returncode == 1
    assert "coord install --from URL" in done.stderr


# --- the launcher ---------------------------------------------------------------------------------


def test_arguments_reach_the_program_as_they_are(workstation: Workstation) -> None:
    workstation.install()
    done = workstation.run(
        workstation.launcher, "--json", "whoami", "--session", "a b'c\"$HOME *\\"
    )
    assert json.loads(done.stdout)["session"] == "a b'c\"$HOME *\\"


def test_nothing_of_the_environment_gets_into_the_program(
    workstation: Workstation, tmp_path: Path
) -> None:
    workstation.install()
    (workstation.project / "json.py").write_text("raise SystemExit('the wrong one')")
    done = workstation.run(
        workstation.launcher,
        "--version",
        PYTHONPATH=str(workstation.project),
        PYTHONHOME="/nonexistent",
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_when_its_python_has_vanished_another_takes_over(workstation: Workstation) -> None:
    python = workstation.home / "python"
    python.symlink_to(pythons.found()[f"cpython {sys.version_info[0]}.{sys.version_info[1]}"])
    workstation.install(python=str(python))
    assert f"{python.name}'" in workstation.launcher.read_text().splitlines()[2]
    python.unlink()
    other = workstation.home / "other"
    other.mkdir()
    (other / "python3").symlink_to(sys.executable)
    done = workstation.run(workstation.launcher, "--version", PATH=f"{other}:{PATH}")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("lost", ["run.py", "app", "python"])
def test_what_is_broken_never_exits_with_2_which_would_block_an_agents_tools(
    workstation: Workstation, lost: str
) -> None:
    workstation.install()
    path = PATH
    if lost == "run.py":
        (workstation.data / "run.py").unlink()
    elif lost == "app":
        for app in workstation.data.glob("0.1.0-*"):
            shutil.rmtree(app)
    else:
        text = workstation.launcher.read_text()
        workstation.launcher.write_text(
            re.sub(r"(?m)^python=.*$", "python=/nonexistent/python3", text)
        )
        path = str(workstation.project)
    done = subprocess.run(
        ["/bin/sh", workstation.launcher, "hook"],
        env=workstation.environment | {"PATH": path},
        capture_output=True,
        input=b"{}",
    )
    assert done.returncode in (1, 126, 127)
    assert done.stderr


def test_of_a_virtual_environment_it_takes_the_python_that_stays(workstation: Workstation) -> None:
    python = pythons.found()[f"cpython {sys.version_info[0]}.{sys.version_info[1]}"]
    subprocess.run([python, "-m", "venv", "--without-pip", workstation.home / "venv"], check=True)
    workstation.install(python=str(workstation.home / "venv" / "bin" / "python"))
    shutil.rmtree(workstation.home / "venv")
    assert str(workstation.home / "venv") not in workstation.launcher.read_text()
    assert workstation.version() == "0.1.0"


# --- what it says ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("/bin/bash", """echo 'export PATH="$HOME/.local/bin:$PATH"' >> ~/.bashrc"""),
        ("/usr/bin/zsh", """echo 'export PATH="$HOME/.local/bin:$PATH"' >> ~/.zshrc"""),
        ("/usr/bin/fish", """fish_add_path "$HOME/.local/bin\""""),
        ("/bin/dash", """echo 'export PATH="$HOME/.local/bin:$PATH"' >> ~/.profile"""),
    ],
    ids=["bash", "zsh", "fish", "another"],
)
def test_it_says_exactly_what_puts_it_on_path(
    workstation: Workstation, shell: str, line: str
) -> None:
    output = workstation.install(SHELL=shell).splitlines()
    assert output[1] == "~/.local/bin is not on PATH. Run this, and open a new terminal:"
    assert output[2] == f"  {line}"


def test_the_line_for_path_works(workstation: Workstation) -> None:
    line = workstation.install(SHELL="/bin/dash").splitlines()[2].strip()
    found = workstation.run(
        "/bin/sh", "-c", f"command -v coord; {line}; . ~/.profile; command -v coord"
    )
    assert found.stdout == f"{workstation.launcher}\n"


def test_on_path_it_says_less(workstation: Workstation) -> None:
    result = workstation.install(PATH=f"{workstation.launcher.parent}:{PATH}")
    assert "PATH" not in result
    assert len(result.splitlines()) == 3


def test_another_coord_before_it_on_path_is_named(workstation: Workstation) -> None:
    other = workstation.project / "coord"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    assert f"another coord before it: {other}" in workstation.install(
        PATH=f"{other.parent}:{workstation.launcher.parent}:{PATH}"
    )


def test_for_programs_it_says_it_in_json(workstation: Workstation) -> None:
    answer = json.loads(workstation.install("--json"))
    assert answer["launcher"] == str(workstation.launcher)
    assert (answer["version"], answer["on_path"], answer["previous"]) == ("0.1.0", False, None)


# --- taking it away -------------------------------------------------------------------------------


def test_uninstall_removes_all_of_it_and_nothing_else(workstation: Workstation) -> None:
    (workstation.home / ".local" / "bin").mkdir(parents=True)
    (workstation.home / ".local" / "bin" / "other").write_text("mine")
    before: dict[str, Any] = {str(each): each.is_file() for each in workstation.home.rglob("*")}
    workstation.install()
    workstation.becomes("0.2.0")
    workstation.install()
    done = workstation.run(workstation.launcher, "install", "--uninstall")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(
        "coord is uninstalled: ~/.local/bin/coord, ~/.local/share/coord removed.\n"
    )
    (workstation.home / ".local" / "share").rmdir()
    assert {str(each): each.is_file() for each in workstation.home.rglob("*")} == before
    assert (
        "is not installed"
        in workstation.run(sys.executable, workstation.pyz, "install", "--uninstall").stdout
    )


# --- Windows, as far as it can be seen from here --------------------------------------------------


def test_on_windows_there_are_launchers_for_cmd_and_for_git_bash(
    at_home: Workstation, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (installation, launcher):
        monkeypatch.setattr(module, "windows", lambda: True)
    monkeypatch.setenv("LOCALAPPDATA", r"C:\Users\me\AppData\Local")
    assert installation.data_folder().startswith(r"C:\Users\me\AppData\Local")
    monkeypatch.setattr(exe, "has_launcher", lambda: True)
    assert [os.path.basename(each) for each in launcher.launchers_in("bin")] == [
        "coord.exe",
        "coord",
    ]
    monkeypatch.setattr(exe, "has_launcher", lambda: False)
    assert [os.path.basename(each) for each in launcher.launchers_in("bin")] == [
        "coord.cmd",
        "coord",
    ]
    python, run = r"C:\Users\me\Python 3.13\python.exe", r"C:\Users\100%me\coord\run.py"
    sh = launcher.launcher_text("coord", python, run).decode()
    assert "python='C:/Users/me/Python 3.13/python.exe'\nrun='C:/Users/100%me/coord/run.py'\n" in sh
    assert "\r" not in sh
    assert (
        "[Environment]::SetEnvironmentVariable('Path', "
        in launcher.path_hint(r"C:\Users\me\.local\bin")[1]
    )


def test_a_cmd_file_names_nothing_of_the_users_name(tmp_path: Path) -> None:
    home = tmp_path / "山田"
    cmd = launcher.launcher_text(
        str(home / "bin" / "coord.cmd"), str(home / "100%" / "python.exe"), str(home / "run.py")
    ).decode("ascii")
    assert 'set "COORD_PYTHON=%~dp0../100%%/python.exe"\r\n' in cmd
    assert cmd.endswith('"%COORD_PYTHON%" -I -S -X utf8 "%~dp0../run.py" %* & exit /b\r\n')


def test_install_says_when_what_it_installed_does_not_start(
    workstation: Workstation, monkeypatch: pytest.MonkeyPatch
) -> None:
    workstation.install()
    workstation.launcher.write_text("#!/bin/sh\necho no such page\nexit 3\n")
    with pytest.raises(installation.DoesNotStart, match="does not start: no such page"):
        installation.check_runs(str(workstation.launcher))


# --- versions -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "newer"),
    [
        ("0.2.0", "0.1.9", True),
        ("0.10.0", "0.9.0", True),
        ("0.1.0", "0.1.0", False),
        ("1.0.0-rc1", "1.0.0", False),
        ("0.9.9", "1.0.0", False),
    ],
)
def test_versions_compare_as_numbers(one: str, other: str, newer: bool) -> None:
    assert download.is_newer(one, other) is newer


@pytest.mark.parametrize(
    "name",
    [
        "../evil.py",
        "/evil.py",
        "coord/../../evil.py",
        "coord//evil.py",
        "C:/evil.py",
        "..\\evil.py",
        "coord/./evil.py",
    ],
)
def test_a_client_whose_files_lead_out_of_their_folder_is_not_installed(
    tmp_path: Path, name: str
) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("coord/__init__.py", "")
        archive.writestr(zipfile.ZipInfo(name), "")
    home = tmp_path / "data" / "coord"
    home.mkdir(parents=True)
    with pytest.raises(launcher.CannotInstall, match="no client of coord"):
        installation._unpack(content.getvalue(), str(home), "1.0-00000000")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
@pytest.mark.parametrize("umask", [0o000, 0o002])
def test_nobody_else_may_write_what_is_run(workstation: Workstation, umask: int) -> None:
    command = [sys.executable, str(workstation.pyz), "install"]
    subprocess.run(
        command, env=workstation.environment, umask=umask, capture_output=True, check=True
    )
    kept = list(workstation.home.rglob("*"))
    assert len(kept) > 100
    assert [path for path in kept if path.stat().st_mode & 0o022] == []
