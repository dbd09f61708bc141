"""What only Windows has: it runs there, under Wine (make test-windows)."""

import _thread
import contextlib
import errno
import itertools
import json
import os
import re
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coord.client import caller, exe, processes, resource_names, wire
from coord.client.cli import child
from coord.client.host_name import host
from coord.client.locked import Busy, FileLock
from coord.client.queue import Queue
from coord.client.safe_files import read, write_whole
from coord.client.setup import hook_shell
from coord.client.setup.guard import trial
from coord.client.workspace import Workspace
from tests.client.recording import Recorder, message, shell_adds, shell_file, shell_line
from tests.service import BESIDE_PORT, ROOT, until

pytestmark = pytest.mark.skipif(os.name != "nt", reason="is about Windows")


# --- coord.exe ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pyz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client's file, as the service hands it out."""
    file = tmp_path_factory.mktemp("download") / "coord.pyz"
    with urllib.request.urlopen(f"http://127.0.0.1:{BESIDE_PORT}/client/coord.pyz") as answer:
        file.write_bytes(answer.read())
    return file


class User:
    """Somebody whose name Windows cannot write in its own code page, too."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir(exist_ok=True)
        self.environment = {
            **os.environ,
            "USERPROFILE": str(home),
            "LOCALAPPDATA": str(home / "AppData" / "Local"),
            "COORD_URL": f"http://127.0.0.1:{BESIDE_PORT}",
            "COORD_SESSION": "here/me",
        }

    @property
    def bin(self) -> Path:
        return self.home / ".local" / "bin"

    def run(self, *command: "str | Path") -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [str(each) for each in command],
            env=self.environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )

    def install(self, pyz: Path) -> None:
        done = self.run(sys.executable, "-I", "-S", pyz, "install")
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")

    def coord(self, *arguments: str) -> str:
        done = self.run(self.bin / "coord.exe", *arguments)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()


@pytest.fixture(scope="module", params=["ann", "山田", "Jörg & Søn 100%"])
def home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, pyz: Path
) -> Path:
    """In which coord is installed, once for all."""
    user = User(tmp_path_factory.mktemp("users") / request.param)
    user.install(pyz)
    return user.home


@pytest.fixture
def user(home: Path) -> User:
    return User(home)


def test_coord_starts_whatever_the_user_is_called(user: User) -> None:
    assert json.loads(user.coord("--json", "whoami"))["session"] == "here/me"


@pytest.mark.parametrize(
    "text",
    [
        'a "b & echo INJECTED" d',
        "100% of ^them^",
        "%PATH%",
        "two\nlines",
        "a\\",
        "üñ → 山",
        "",
        "!x! | y > z < w",
    ],
)
def test_coord_exe_hands_on_each_text_as_it_is(tmp_path: Path, text: str) -> None:
    shows = tmp_path / "shows.py"
    shows.write_text("import json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    program = tmp_path / "shows.exe"
    content = exe.exe_content(sys.executable, str(shows), "-I -S -X utf8", "Written by a test")
    assert content is not None
    program.write_bytes(content)
    output = subprocess.run(
        [str(program), text, "end"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ).stdout
    assert json.loads(output) == [text, "end"]


@pytest.mark.parametrize("name", ["ann", "山田"])
def test_where_python_brings_no_pip_a_batch_file_starts_it(
    name: str, tmp_path: Path, pyz: Path
) -> None:
    user = User(tmp_path / name)
    without_pip = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); from coord.client import exe;"
        " exe._launcher = lambda: None; from coord.client.__main__ import main; main()"
    )
    done = user.run(sys.executable, "-I", "-S", "-c", without_pip, pyz, "install")
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    output = user.run(user.bin / "coord.cmd", "--json", "whoami").stdout
    assert json.loads(output)["session"] == "here/me"


def test_uninstall_by_the_program_that_it_removes(user: User, pyz: Path) -> None:
    """What one has moved away while it ran goes with the next."""
    left = [user.bin / "coord-4711.exe.old", Path(tempfile.gettempdir(), "coord-4712.exe.old")]
    for path in left:
        path.write_bytes(b"MZ")
    result = user.coord("install", "--uninstall")
    assert "coord is uninstalled" in result
    assert list(user.bin.iterdir()) == []
    assert not left[1].exists()
    user.install(pyz)


def test_every_python_has_the_launcher() -> None:
    assert sysconfig.get_platform() == "win-amd64"
    assert exe.has_launcher()


def test_a_folder_that_a_virus_scanner_looks_into_is_waited_for(pyz: Path, tmp_path: Path) -> None:
    """It may be renamed when nobody has any file in it open."""
    fails_at_first = (
        "import sys, os; sys.path.insert(0, sys.argv.pop(1)); real = os.replace; left = [3]\n"
        "def replace(source, *more, **named):\n"
        "    if os.path.basename(str(source)).startswith('.new-') and left[0]:\n"
        "        left[0] -= 1; raise PermissionError(13, 'Access is denied')\n"
        "    real(source, *more, **named)\n"
        "os.replace = os.rename = replace\n"
        "from coord.client.__main__ import main; main()"
    )
    fresh = User(tmp_path / "ann")
    done = fresh.run(sys.executable, "-I", "-S", "-c", fails_at_first, pyz, "install")
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")


# --- files ----------------------------------------------------------------------------------------


def test_a_file_is_read_whole_while_another_process_replaces_it(tmp_path: Path) -> None:
    path = str(tmp_path / "state.json")
    write_whole(path, b"0" * 1000)
    stop = threading.Event()

    def replace_it() -> None:
        while not stop.is_set():
            with contextlib.suppress(PermissionError):  # of a reader who hardly pauses
                write_whole(path, b"1" * 1000)

    writer = threading.Thread(target=replace_it)
    writer.start()
    try:
        assert {len(read(path)) for _ in range(2000)} == {1000}
    finally:
        stop.set()
        writer.join()


def test_the_queue_works_on_a_drive_that_numbers_no_files(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Google Drive's, WebDAV, RDP: `st_ino` is 0, or another number at each look."""
    numbers = itertools.count(1)

    def renumbered(look: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
        def looked(*args: Any, **kwargs: Any) -> os.stat_result:
            status = list(look(*args, **kwargs))
            status[1] = next(numbers) if os.environ.get("RENUMBER") else 0
            return os.stat_result(status)

        return looked

    for name in ("stat", "lstat", "fstat"):
        monkeypatch.setattr(os, name, renumbered(getattr(os, name)))
    for each in ("", "1"):
        monkeypatch.setenv("RENUMBER", each)
        server = Recorder()
        queue.append(message("a"))
        assert queue.replay(server).busy is False
        assert (server.names, queue.is_empty) == (["a"], True)
    monkeypatch.setenv("RENUMBER", "")
    shell_adds(queue, shell_line())
    server = Recorder()
    queue.replay(server)
    assert (server.names, queue.is_empty) == (["s"], True)


def test_what_a_shell_adds_on_another_drive_is_sent_too(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.rename

    def other_drive(source: str, target: str, **more: Any) -> None:
        if os.path.dirname(source) != os.path.dirname(target):
            shell_adds(queue, shell_line(body={"subject": "late"}))
            raise OSError(errno.EXDEV, "another drive")
        real(source, target)

    monkeypatch.setattr(os, "rename", other_drive)
    shell_adds(queue, shell_line())
    server = Recorder()
    queue.replay(server)
    monkeypatch.setattr(os, "rename", real)
    queue.replay(server)
    assert server.names == ["s", "late"]
    assert not shell_file(queue).exists()


@pytest.mark.parametrize(
    ("spelt", "name"),
    [
        ("/c/src/a.py", "C:/src/a.py"),
        ("/C/src/", "C:/src/"),
        ("/cygdrive/c/src/a.py", "C:/src/a.py"),
        ("/mnt/c/src/a.py", "C:/src/a.py"),
        (r"\\localhost\c$\src\a.py", "C:/src/a.py"),
        (r"\\127.0.0.1\C$\src\a.py", "C:/src/a.py"),
        (r"\\DESKTOP-1\c$\src\a.py", "C:/src/a.py"),
        (r"\\desktop-1.corp.example\c$\src\a.py", "C:/src/a.py"),
        (r"\\?\C:\src\a.py", "C:/src/a.py"),
        (r"\\server\c$\src\a.py", "//server/c$/src/a.py"),
        ("C:", "C:/"),
        ("/c", "C:/"),
        (r"\\server\share\a.py", "//server/share/a.py"),
    ],
)
def test_every_spelling_of_a_drive_is_one_file(
    spelt: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COORD_HOST", "desktop-1")
    _, named = resource_names.resource(spelt, Workspace(str(tmp_path)))
    assert named.upper() == f"desktop-1:{name}".upper()


def test_two_spellings_of_a_new_file_are_one_lock(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "Src").mkdir()
    spelt = ("src/New.py", r"SRC\new.py", str(tmp_path / "src" / "NEW.PY").upper())
    here = Workspace(str(tmp_path))
    names = {resource_names.resource(each, here, to_claim=True)[1] for each in spelt}
    assert names == {"Src/New.py"}


# --- coord doctor ---------------------------------------------------------------------------------


def program(path: Path, python: str) -> Path:
    """An `.exe` that runs this."""
    script = path.with_suffix(".py")
    script.write_text(python)
    content = exe.exe_content(sys.executable, str(script), "-I -S -X utf8", "Written by a test")
    assert content is not None
    path.write_bytes(content)
    return path


def test_git_bash_is_found_as_claude_code_finds_it_and_never_wsls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("Git/cmd", "Git/bin", "System32", "own"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("System32/bash.exe", "System32/powershell.exe"):
        (tmp_path / name).write_bytes(b"MZ")
    monkeypatch.setenv("PATH", os.pathsep.join(str(tmp_path / f) for f in ("System32", "Git/cmd")))
    found = hook_shell.find()
    assert found is not None
    assert (found.is_powershell, found.command[0]) == (
        True,
        str(tmp_path / "System32" / "powershell.exe"),
    )
    (tmp_path / "Git/cmd/git.exe").write_bytes(b"MZ")
    (tmp_path / "Git/bin/bash.exe").write_bytes(b"MZ")
    assert hook_shell.find() == hook_shell.HookShell([str(tmp_path / "Git/bin/bash.exe"), "-c"])
    own = program(tmp_path / "own" / "bash.exe", "print('/h/.local/bin/coord')")
    monkeypatch.setenv("CLAUDE_CODE_GIT_BASH_PATH", str(own))
    found = hook_shell.find()
    assert found == hook_shell.HookShell([str(own), "-c"])
    assert found.coord_program() == "/h/.local/bin/coord"  # as the shell itself says


def test_doctor_works_across_drives_and_without_git_and_advises_what_windows_has(
    user: User,
) -> None:
    (user.home / ".git").mkdir(exist_ok=True)
    (user.home / ".gitignore").write_text(".claude/coord-*\n")
    for variable in ("LOCALAPPDATA", "APPDATA"):
        user.environment[variable] = rf"S:\{user.home.name}\{variable}"  # a drive of the run's own
    user.environment["PATH"] = ""
    for variable in ("SHELL", "MSYSTEM"):  # which Git Bash sets, and Wine has from Linux
        user.environment.pop(variable, None)
    done = user.run(user.bin / "coord.exe", "doctor", "--json")
    checks = json.loads(done.stdout)["checks"]
    told = "\n".join(f"{check['message']} {check['fix']}" for check in checks)
    assert "the check itself failed" not in told
    assert "git does not ignore" not in told
    for of_unix in ("chmod", "unset ", "curl", "install.sh", "~/.config"):
        assert of_unix not in told
    assert "Remove-Item Env:COORD_SESSION" in told


def test_a_git_hook_is_tried_in_gits_own_sh_where_path_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("Git/cmd", "Git/bin"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("Git/cmd/git.exe", "Git/bin/bash.exe"):
        (tmp_path / name).write_bytes(b"MZ")
    monkeypatch.setenv("PATH", f'"{tmp_path / "Git" / "cmd"}"')  # cmd takes it in quotes, too
    assert trial._sh() == str(tmp_path / "Git" / "bin" / "bash.exe")


# --- programs -------------------------------------------------------------------------------------


def test_who_waits_for_an_answer_hears_ctrl_c() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        threading.Timer(0.5, _thread.interrupt_main).start()
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            wire.call(url, "GET", "/health", timeout=30)
    assert time.monotonic() - began < 15


def test_localhost_is_asked_by_ipv4_first() -> None:
    families = [address[0] for address in wire._addresses("localhost", 80, time.monotonic() + 10)]
    assert families[0] == socket.AF_INET


def test_the_host_is_called_as_by_the_command_hostname(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPUTERNAME", "DESKTOP-CUT-AT-")
    assert host() == socket.gethostname().partition(".")[0]


def test_what_is_piped_has_plain_newlines(user: User) -> None:
    output = user.run(user.bin / "coord.exe", "whoami").stdout
    assert output.count(b"\n") > 1
    assert b"\r" not in output


@pytest.mark.parametrize("code", [0, 3, 0xC0000005])
def test_the_exit_code_of_a_command_is_the_commands(user: User, code: int) -> None:
    exits = ("--", sys.executable, "-c", f"import os; os._exit({code - 2**32 * (code >= 2**31)})")
    done = user.run(user.bin / "coord.exe", "run", f"x{code}", *exits)
    assert done.returncode == code


def test_what_a_batch_file_started_ends_with_it(tmp_path: Path) -> None:
    """As npm and gradlew do, which `--stop-on-loss` is to end."""
    path, batch = str(tmp_path / "x.lock"), tmp_path / "starts.cmd"
    batch.write_text(f'@"{sys.executable}" "%~dp0holds.py"\n')
    (tmp_path / "holds.py").write_text(
        f"import sys, time\nsys.path.insert(0, {str(ROOT)!r})\n"
        "from coord.client.locked import FileLock\n"
        f"with FileLock({path!r}, 0):\n"
        f"    open({path + '.held'!r}, 'w').close()\n    time.sleep(60)\n"
    )
    command = child.Child("one", print)
    try:
        command.start([str(batch)], dict(os.environ))
        until(lambda: os.path.exists(path + ".held"), 30, "the program to run")
        with pytest.raises(Busy), FileLock(path, 0):
            pass
        command.terminate()
        assert command.wait() == 1
        with FileLock(path, 10):
            pass
    finally:
        command.restore_signals()


def test_a_run_goes_on_until_what_its_command_started_has_ended(tmp_path: Path) -> None:
    """A lock that is released while it works on protects nothing."""
    go_on, log = tmp_path / "go-on", tmp_path / "log"
    (tmp_path / "works.py").write_text(
        "import os, time\n"
        f"while not os.path.exists({str(go_on)!r}): time.sleep(0.1)\n"
        f"open({str(log)!r}, 'a').write('worked ')\n"
    )
    starts = "import subprocess, sys; subprocess.Popen([sys.executable, 'works.py'])"
    warnings: list[str] = []

    def warned(text: str) -> None:
        warnings.append(text)
        go_on.touch()

    command = child.Child("one", warned)
    try:
        command.start(
            [sys.executable, "-c", f"import os; os.chdir({str(tmp_path)!r}); {starts}"],
            {**os.environ},
        )
        assert command.wait() == 0
        with log.open("a") as file:
            file.write("ended")
    finally:
        command.restore_signals()
    assert log.read_text() == "worked ended"
    (warning,) = warnings
    assert "the command has ended, but not what it started: python (" in warning


def test_sessions_are_called_after_the_process_that_runs_their_commands(tmp_path: Path) -> None:
    whoami = f'"{sys.executable}" -m coord.client whoami -q'
    agent = (
        "import subprocess, sys\n"
        "for _ in range(2): subprocess.run(f'cmd /c {sys.argv[1]}', check=True)"
    )
    environment = {**User(tmp_path).environment, "PYTHONPATH": str(ROOT)}
    del environment["COORD_SESSION"]
    names = []
    for _ in range(2):
        names += subprocess.run(
            [sys.executable, "-c", agent, whoami],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
    assert len(names) == 4
    assert names[0] == names[1] != names[2] == names[3]
    assert re.fullmatch(r".+/.+-python-\d+", names[0])


@pytest.mark.parametrize(
    ("above", "name"),
    [
        ("powershell 5|windowsterminal 4|explorer 3", "ann-powershell-5"),
        ("coord 8|cmd 7|explorer 3", "ann-cmd-7"),
        ("coord 9|cmd 8|bash 7|bash 6|mintty 5|explorer 3", "ann-bash-6"),
        ("coord 9|cmd 8|node 7|powershell 6|windowsterminal 5", "ann-node-7"),
        ("coord 9|powershell 8|code 7|explorer 3", "ann-code-7"),
        ("coord 9|sh 8|git 7|git 6|powershell 5|explorer 3", "ann-powershell-5"),
        ("powershell 5", "ann-powershell-5"),
    ],
    ids=lambda value: value.split()[0],
)
def test_in_a_terminal_the_outermost_shell_gives_the_name(
    monkeypatch: pytest.MonkeyPatch, above: str, name: str
) -> None:
    """`above`: what is found above this process, from the nearest on."""
    parent, found = 0, {}
    for each in reversed(["python 99", *above.split("|")]):
        program, pid = each.split()
        found[int(pid)] = processes.Process(int(pid), parent, 0, program, "", is_zombie=False)
        parent = int(pid)
    for variable, _ in caller.AGENT_IDS:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(processes, "own", lambda: found[99])
    monkeypatch.setattr(processes, "find", found.get)
    assert caller.identify("ann").name == name


def test_who_started_a_process_is_seen_and_that_it_has_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as started:
        own = processes.find(os.getpid())
        found = processes.find(started.pid)
        started.communicate(b"\n")
    assert own is not None
    assert found is not None
    assert (found.parent, found.program) == (own.pid, "python")
    assert processes.find(started.pid) is None


def test_variables_of_a_command_are_spelt_as_coord_was_given_them(tmp_path: Path) -> None:
    """Git Bash, curl and make tell `http_proxy` from `HTTP_PROXY`."""
    shows = "import json, nt; print(json.dumps(list(nt.environ)))"
    user = User(tmp_path)
    user.environment |= {"http_proxy": "x", "Mixed": "y", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "coord.client", "run", "x", "--", sys.executable, "-c", shows]
    done = user.run(*command)
    assert {"Mixed", "http_proxy"} <= set(json.loads(done.stdout))


def test_of_a_script_it_is_said_that_it_needs_a_program(user: User, tmp_path: Path) -> None:
    script = tmp_path / "deploy.ps1"
    script.write_text("exit 3\n")
    done = user.run(user.bin / "coord.exe", "run", "x", "--", script)
    assert done.returncode == 126
    assert b"it is no program. name the one that runs it" in done.stderr


def test_a_batch_file_gets_each_argument_as_it_is(user: User, tmp_path: Path) -> None:
    batch = tmp_path / "shows.cmd"
    batch.write_text(f'@"{sys.executable}" -c "import sys; print(sys.argv[1:])" %*\n')
    done = user.run(user.bin / "coord.exe", "run", "x", "--", batch, "a & b", "c^d|e", "")
    assert done.stdout.decode().splitlines() == ["['a & b', 'c^d|e', '']"]
    refused = user.run(user.bin / "coord.exe", "run", "x", "--", batch, "100%")
    assert refused.returncode == 126
    assert b"it is a batch file" in refused.stderr
