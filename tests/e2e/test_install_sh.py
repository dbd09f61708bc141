"""`curl -fsS http://HOST:8001/client/install.sh | sh`, from the real service into a scratch home,
by the shells that are here.
"""

import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coord import __version__
from coord.areas.client import bundle
from tests.client.test_install import of_version
from tests.service import CLOCK, Service, running

SHELLS = [shell for shell in ("dash", "bash", "busybox", "zsh", "mksh") if shutil.which(shell)]
TOOLS = ("mktemp", "rm", "cat", "sh")
DOWNLOADERS = ("curl", "wget")

if not SHELLS or shutil.which("curl") is None:
    pytest.skip("these tests need a shell and curl", allow_module_level=True)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    with running(folder, f"sqlite:///{folder}/coord.db", TOKEN="the token") as started:
        yield started


class Home:
    """A user's home, and a PATH that has just what the user has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "my home"
        self.bin = folder / "bin"
        self.temporary = folder / "tmp"
        for each in (self.folder, self.bin, self.temporary):
            each.mkdir()
        self.has(*TOOLS, "curl")
        (self.bin / "python3").symlink_to(sys.executable)

    def has(self, *programs: str) -> None:
        for program in programs:
            found = shutil.which(program)
            if found is None:
                pytest.skip(f"{program} is not installed")
            (self.bin / program).symlink_to(found)

    def lacks(self, program: str) -> None:
        (self.bin / program).unlink()

    @property
    def environment(self) -> dict[str, str]:
        return {
            **CLOCK,
            "HOME": str(self.folder),
            "PATH": str(self.bin),
            "TMPDIR": str(self.temporary),
            "SHELL": "/bin/bash",
        }

    def sh(
        self, script: bytes, *options: str, shell: str = "dash", **environment: str
    ) -> "subprocess.CompletedProcess[str]":
        """The script by standard input, as from a pipe."""
        command = [
            str(shutil.which(shell)),
            *(["sh"] if shell == "busybox" else []),
            "-s",
            "--",
            *options,
        ]
        done = subprocess.run(
            command,
            input=script,
            env=self.environment | environment,
            cwd=self.folder,
            capture_output=True,
        )
        assert list(self.temporary.iterdir()) == []
        return subprocess.CompletedProcess(
            command, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    def coord(self, *command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        launcher = self.folder / ".local" / "bin" / "coord"
        return subprocess.run(
            [launcher, *command],
            env=self.environment | environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    @property
    def files(self) -> list[Path]:
        return [file for file in self.folder.rglob("*") if file.is_file()]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture(params=DOWNLOADERS)
def home_with_one_downloader(home: Home, request: pytest.FixtureRequest) -> Home:
    home.lacks("curl")
    home.has(request.param)
    return home


def script(service: Service) -> bytes:
    return service.call("GET", "/client/install.sh").body


@contextmanager
def handing_out(
    content: bytes, location: str | None = None
) -> Iterator[tuple[str, list[str | None]]]:
    """Another server's address, and the Authorization of each call that it got.

    `location`: to where it redirects.
    """
    sent: list[str | None] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent.append(self.headers.get("Authorization"))
            self.send_response(200 if location is None else 302)
            if location is not None:
                self.send_header("Location", f"{location}{self.path}")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", sent
        server.shutdown()
        thread.join()


# --- it works -------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", SHELLS)
def test_the_line_of_the_readme_installs(service: Service, home: Home, shell: str) -> None:
    done = home.sh(script(service), shell=shell)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"coord {__version__} is installed: ~/.local/bin/coord, run by ")
    assert lines[-2:] == [
        f"Next, in your project: coord init --url {service.url}",
        "To check that all is well: coord doctor",
    ]
    assert len(lines) <= 5
    assert (
        home.coord("--version", COORD_URL=service.url, COORD_TOKEN="the token").stdout
        == f"coord {__version__} (server: {__version__})\n"
    )


def test_the_two_lines_that_the_server_gives_work_as_they_stand(
    service: Service, home: Home
) -> None:
    first, second = service.call("GET", "/client").json["install"]
    assert (
        subprocess.run(
            ["/bin/sh", "-c", first], env=home.environment, cwd=home.folder, capture_output=True
        ).returncode
        == 0
    )
    if shutil.which("git") is None:
        pytest.skip("the second line needs git, which is not installed")
    home.has("git")
    project = home.folder / "project"
    subprocess.run(["git", "init", "-q", project], check=True)
    path = f"{home.folder}/.local/bin:{home.bin}"
    done = subprocess.run(
        ["/bin/sh", "-c", f"{second} --yes"],
        env=home.environment | {"PATH": path},
        cwd=project,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert service.url in (project / ".coord.toml").read_text()


def test_it_downloads_by_each(service: Service, home_with_one_downloader: Home) -> None:
    done = home_with_one_downloader.sh(script(service))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_token_is_sent_for_a_proxy_that_asks_for_one(
    service: Service, home_with_one_downloader: Home
) -> None:
    home = home_with_one_downloader
    with handing_out(service.call("GET", "/client/coord.pyz").body) as (url, sent):
        options = ("--server", f"{url}/")
        done = home.sh(script(service), *options, COORD_TOKEN='a "token" %s\\')
        assert (done.returncode, done.stderr) == (0, "")
    assert sent == ['Bearer a "token" %s\\']
    assert f"coord init --url {url}\n" in done.stdout


def test_a_second_time_it_changes_nothing(service: Service, home: Home) -> None:
    home.sh(script(service))
    before = {
        file: file.stat().st_mtime_ns
        for file in home.files
        if file.suffix in (".py", "") and file.name != "install.lock"
    }
    done = home.sh(script(service))
    assert (done.returncode, done.stderr) == (0, "")
    assert "was installed already" in done.stdout
    assert {file: file.stat().st_mtime_ns for file in before} == before


def test_options_are_passed_on(service: Service, home: Home) -> None:
    done = home.sh(script(service), "--bin-dir", f"{home.folder}/my bin")
    assert (done.returncode, done.stderr) == (0, "")
    assert (home.folder / "my bin" / "coord").exists()
    assert not (home.folder / ".local" / "bin").exists()


def test_a_python_by_another_name_is_found(service: Service, home: Home) -> None:
    home.lacks("python3")
    (home.bin / "python3.11").symlink_to(sys.executable)
    assert home.sh(script(service)).returncode == 0


# --- and when it cannot, it does nothing ----------------------------------------------------------


def refusal(home: Home, done: "subprocess.CompletedProcess[str]") -> str:
    assert done.returncode == 1
    assert done.stdout == ""
    assert home.files == []
    return done.stderr.splitlines()[-1]


def test_without_python_it_says_so(service: Service, home: Home) -> None:
    home.lacks("python3")
    (home.bin / "python3").write_text("#!/bin/sh\nexit 1\n")  # as one that is too old answers
    (home.bin / "python3").chmod(0o755)
    said = refusal(home, home.sh(script(service)))
    assert (
        said == "coord: there is no Python 3.9 or later on PATH. Install one, and run this again."
    )


def test_without_a_downloader_it_says_so(service: Service, home: Home) -> None:
    home.lacks("curl")
    assert "neither curl nor wget" in home.sh(script(service)).stderr
    assert home.files == []


def test_another_file_than_the_scripts_own_is_not_run(service: Service, home: Home) -> None:
    with handing_out(b"print('run')") as (url, _):
        said = refusal(home, home.sh(script(service), f"--server={url}"))
    assert (
        said
        == f"coord: {url} hands out another client than this script was made for. Fetch the script"
        " anew, and run it."
    )


def test_a_server_that_is_away_is_named(service: Service, home: Home) -> None:
    assert "http://127.0.0.1:1/client/coord.pyz could not be fetched." in refusal(
        home, home.sh(script(service), "--server", "http://127.0.0.1:1")
    )


def test_a_server_that_a_variable_names_is_neither_called_nor_trusted(
    service: Service, home_with_one_downloader: Home
) -> None:
    """The variable may be of the repository that the script is run in."""
    home = home_with_one_downloader
    with handing_out(service.call("GET", "/client/coord.pyz").body) as (url, sent):
        done = home.sh(script(service), COORD_URL=url, COORD_TOKEN="the token")
        assert (done.returncode, done.stderr) == (0, "")
    assert sent == []
    installed = home.folder / ".local" / "share" / "coord" / "installed.json"
    assert json.loads(installed.read_text())["server"] == service.url


def test_a_variable_that_was_not_asked_is_said_where_the_server_is_away(
    service: Service, home: Home
) -> None:
    text = script(service).replace(service.url.encode(), b"http://127.0.0.1:1")
    said = refusal(home, home.sh(text, COORD_URL=service.url))
    assert said.endswith(
        "COORD_URL is not asked here: put sh -s -- --server URL at the end of the line."
    )


def test_a_token_is_not_taken_to_where_a_server_sends_the_caller(
    service: Service, home_with_one_downloader: Home
) -> None:
    home = home_with_one_downloader
    content = service.call("GET", "/client/coord.pyz").body
    with handing_out(content) as (other, sent), handing_out(b"", location=other) as (url, _):
        done = home.sh(script(service), "--server", url, COORD_TOKEN="the token")
    refusal(home, done)
    assert sent == []


def test_a_script_that_broke_off_on_its_way_does_nothing(service: Service, home: Home) -> None:
    whole = script(service).rstrip()
    last = whole.rindex(b"\n")
    for cut in (*range(0, last, 97), last):
        done = home.sh(whole[:cut])
        assert done.stdout == ""
        assert home.files == []


def test_when_there_is_nothing_to_run_the_downloader_says_why(home: Home) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", "curl -fsS http://127.0.0.1:1/client/install.sh | sh"],
        env=home.environment,
        capture_output=True,
        text=True,
    )
    assert done.stdout == ""
    assert "127.0.0.1" in done.stderr
    assert home.files == []


# --- upgrades -------------------------------------------------------------------------------------


def install_version(home: Home, version: str) -> None:
    pyz = home.folder.parent / "other.pyz"
    pyz.write_bytes(of_version(bundle.bundle().content, version))
    subprocess.run(
        [sys.executable, pyz, "install"],
        env=home.environment,
        cwd=home.folder,
        capture_output=True,
        check=True,
    )
    assert home.coord("--version", COORD_URL="http://127.0.0.1:1").stdout.startswith(
        f"coord {version} "
    )


def test_upgrade_installs_what_the_server_hands_out(service: Service, home: Home) -> None:
    install_version(home, "0.0.9")
    done = home.coord("upgrade", COORD_URL=service.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"coord {__version__} is installed, after 0.0.9-" in done.stdout
    report = json.loads(home.coord("--json", "upgrade", COORD_URL=service.url).stdout)
    assert (report["version"], report["upgraded"]) == (__version__, False)
    assert home.coord("--version", COORD_URL="http://127.0.0.1:1").stdout.startswith(
        f"coord {__version__} "
    )


def test_an_upgrade_stays_where_the_client_is(service: Service, home: Home) -> None:
    home.sh(script(service), XDG_DATA_HOME=str(home.folder / "data"))
    done = home.coord("install", "--from", service.url)
    assert "was installed already" in done.stdout
    assert not (home.folder / ".local" / "share").exists()
    assert home.coord("install", "--uninstall").returncode == 0
    assert home.files == []


def test_a_newer_client_is_not_made_older_unless_that_is_asked_for(
    service: Service, home: Home
) -> None:
    install_version(home, "99.0.0")
    done = home.coord("upgrade", COORD_URL=service.url)
    assert done.returncode == 1
    assert f"hands out coord {__version__}, and this is 99.0.0, which is newer" in done.stderr
    assert home.coord("install", "--from", service.url).returncode == 0
    assert home.coord("--version", COORD_URL="http://127.0.0.1:1").stdout.startswith(
        f"coord {__version__} "
    )


def test_what_is_not_what_was_announced_is_not_installed(service: Service, home: Home) -> None:
    install_version(home, "0.0.9")
    with handing_out(json.dumps({"version": "9.9.9", "sha256": "0" * 64}).encode()) as (url, _):
        done = home.coord("upgrade", COORD_URL=url)
    assert done.returncode == 1
    assert "is not the client that it announces" in done.stderr
    assert home.coord("--version", COORD_URL="http://127.0.0.1:1").stdout.startswith("coord 0.0.9 ")


def test_what_is_no_coord_server_hands_out_nothing(home: Home) -> None:
    install_version(home, "0.0.9")
    with handing_out(b"<html>") as (url, _):
        done = home.coord("install", "--from", url)
    assert done.returncode == 1
    assert f"{url} hands out no client" in done.stderr


def test_uninstalling_leaves_the_home_as_it_was(service: Service, home: Home) -> None:
    home.sh(script(service))
    assert home.coord("install", "--uninstall").returncode == 0
    assert home.files == []
    assert os.listdir(home.folder / ".local" / "share") == []
