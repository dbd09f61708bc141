"""Files on Windows: every spelling of one is one lock, and one that another program has open holds
nobody up for long and costs no call.
"""

from __future__ import annotations

import ctypes
import json
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from coord.client import hook, own_home, tokens
from coord.client.hook import terminals
from coord.client.resource_names import resource
from coord.client.safe_files import remove, replace, write_whole
from coord.client.setup import git
from coord.client.setup.plan import CannotChange, Plan
from coord.client.workspace import Workspace, enter
from tests.client.cli.conftest import Person
from tests.client.recording import shell_line

pytestmark = pytest.mark.skipif(os.name != "nt", reason="is about Windows")


def kernel() -> Any:
    return getattr(ctypes, "windll").kernel32  # noqa: B009 (which other systems have not)


def fires(person: Person, event: str, **told: object) -> str:
    """What a hook answers, which did not fail inside."""
    given = {"session_id": "0a1b2c3d", "hook_event_name": event, "cwd": str(person.folder), **told}
    done = person("hook", stdin=json.dumps(given))
    assert (done.code, done.err) == (0, "")
    log = Path(hook.log_path())
    assert not log.exists(), log.read_text()
    return done.out


def edits(person: Person, path: str) -> str:
    return fires(
        person,
        "PreToolUse",
        tool_name="Edit",
        tool_input={"file_path": path},
        tool_use_id="toolu_e",
    )


# --- names ----------------------------------------------------------------------------------------


def slashes(path: Path) -> str:
    """Without its drive."""
    return path.as_posix()[2:]


def short_name(path: Path) -> str:
    text = ctypes.create_unicode_buffer(1000)
    kernel().GetShortPathNameW(str(path), text, len(text))
    return text.value


SPELLINGS: dict[str, Callable[[Path], str]] = {
    "as it is": str,
    "with slashes": lambda path: path.as_posix(),
    "in another case": lambda path: str(path).upper(),
    "in Git Bash": lambda path: f"/{path.drive[0].lower()}{slashes(path)}",
    "in Cygwin": lambda path: f"/cygdrive/{path.drive[0].lower()}{slashes(path)}",
    "in WSL": lambda path: f"/mnt/{path.drive[0].lower()}{slashes(path)}",
    "by the share of its drive": lambda path: rf"\\localhost\{path.drive[0]}${str(path)[2:]}",
    "as programs in Rust write it": lambda path: rf"\\?\{path}",
    "with a dot behind it": lambda path: f"{path}.",
    "with a blank behind it": lambda path: f"{path} ",
    "in a folder with a dot behind it": lambda path: rf"{path.parent}.\{path.name}",
    "by one of its streams": lambda path: f"{path}:notes",
    "by way of another folder": lambda path: rf"{path.parent}\..\{path.parent.name}\{path.name}",
    "in 8.3": short_name,
}


@pytest.mark.parametrize("name", ["app.py", "a new file.py", "größe & 山田 100% ^1.py"])
@pytest.mark.parametrize("how", SPELLINGS)
def test_a_file_that_somebody_holds_is_held_however_it_is_spelt(
    me: Person, other: Person, how: str, name: str
) -> None:
    path = me.folder / "src" / name
    if how == "in 8.3":
        path.touch()
    assert other("lock", f"src/{name}", "--file", "--json").json["resource"] == f"src/{name}"
    spelt = SPELLINGS[how](path)
    assert me("lock", spelt, "--file").code == 3
    assert '"deny"' in edits(me, spelt)


def test_a_new_file_in_a_folder_that_is_spelt_in_8_3_is_the_one_in_that_folder(me: Person) -> None:
    folder = me.folder / "a folder with a long name"
    folder.mkdir()
    short = short_name(folder)
    assert short != str(folder)
    named = me("lock", rf"{short}\new.py", "--file", "--json").json["resource"]
    assert named == "a folder with a long name/new.py"


@pytest.mark.parametrize("name", ["NUL", "con", "aux.txt", "src/COM1.py", "lpt9 .c", "new.py. "])
def test_names_that_windows_keeps_for_itself_are_locked_as_on_other_systems(
    me: Person, name: str
) -> None:
    plain = name.rstrip(". ")
    assert me("lock", name, "--file", "--json").json["resource"] == plain
    assert '"deny"' not in edits(me, name)


def test_a_folder_has_one_queue_however_it_is_spelt(me: Person) -> None:
    spelt = (str(me.folder), rf"\\?\{me.folder}", str(me.folder).upper(), f"{me.folder}\\")
    assert len({Workspace(each, me.url).state_folder for each in spelt}) == 1


def test_a_drive_is_not_the_folder_in_which_it_is(me: Person) -> None:
    drive = me.folder.drive
    assert me("lock", drive, "--json").json["resource"].endswith(f":{drive}/")


@pytest.mark.parametrize("top", ["S:\\", "\\\\beside\\share\\"], ids=["subst", "UNC"])
def test_a_checkout_on_a_drive_of_its_own_is_the_one_behind_it(top: str) -> None:
    """tools/test_windows.py has made both of folders beside Wine's."""
    folder = "s" if top == "S:\\" else "share"
    real = Path(f"Z:{os.environ['WINEPREFIX']}").parent / folder / "shop"
    (real / ".git").mkdir(parents=True, exist_ok=True)
    (real / "app.py").touch()
    assert Path(top, "shop", "app.py").exists()
    for here in (Workspace(str(real)), Workspace(f"{top}shop")):
        assert here.project == "shop"
        for path in (real / "app.py", Path(top, "shop", "APP.py"), Path("app.py")):
            assert resource(str(path), here) == ("shop", "app.py")


def test_a_share_has_one_queue_however_it_is_spelt() -> None:
    here = Workspace(r"\\beside\share\new"), Workspace(r"\\BESIDE\Share\new")
    assert len({each.state_folder for each in here}) == 1


def test_a_drive_that_is_not_there_is_said(me: Person, tmp_path: Path) -> None:
    """As that of a network, in the morning: calls go through, without what is kept there."""
    plan = Plan("Q:\\plug")
    plan.write("Q:\\plug\\a", "x")
    with pytest.raises(CannotChange, match="a cannot be written"):
        plan.apply()
    away = {"LOCALAPPDATA": "Q:\\me", "APPDATA": "Q:\\me"}
    assert me("send", "hello", "--to", me.session, **away).code == 0
    done = me("doctor", "--json", **away)
    told = [check["message"] for check in done.json["checks"] if check["name"] == "queue"]
    assert "cannot be written" in told[0]


# --- whose word a variable is ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "content"),
    [
        (".claude/settings.json", '{"env": {"Coord_Url": "http://foreign:1"}}'),
        (".env", "coord_url=http://foreign:1\n"),
        (".vscode/settings.json", '{"terminal.integrated.env.windows": {"coord_url": "x"}}'),
    ],
)
def test_in_whatever_case_a_repository_ships_a_variable_it_is_the_repositorys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, content: str
) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("COORD_URL", "http://foreign:1")
    assert Workspace(str(tmp_path)).is_trusted
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(content)
    assert not Workspace(str(tmp_path)).is_trusted


@pytest.mark.parametrize("name", ["UserProfile", "USERPROFILE"])
def test_a_repository_does_not_say_where_its_user_is_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Nor hides what it ships by calling itself that."""
    own = own_home.own_home()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".claude").mkdir()
    places = {name: str(tmp_path), "APPDATA": "x", "LocalAppData": "x", "COORD_URL": "http://f:1"}
    (tmp_path / ".claude" / "settings.json").write_text(json.dumps({"env": places}))
    for variable, value in places.items():
        monkeypatch.setenv(variable, value)
    found = Workspace(str(tmp_path))
    assert not found.is_trusted
    assert tokens.folder(found.environment) == str(Path(own, "AppData", "Roaming", "coord"))
    assert found.state_folder.startswith(str(Path(own, "AppData", "Local")))
    enter(str(tmp_path))
    assert os.path.expanduser("~") == own


def test_where_the_user_is_at_home_the_system_itself_says() -> None:
    profile = getattr(own_home, "_profile")()  # noqa: B009 (which other systems have not)
    assert profile.lower() == own_home.own_home().lower()
    assert Path(own_home.own_home()).is_dir()


def test_what_a_users_own_list_ignores_the_team_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = b"C:/Users/ann/ignore\x001\x00.claude\x00.claude/settings.json\x00"
    monkeypatch.setattr(git, "run", lambda *args: said)
    assert not git.ignored_by_the_team(str(tmp_path), ".claude/settings.json")


def test_a_terminal_whose_process_id_is_another_programs_by_now_is_closed() -> None:
    own = os.getpid()
    entries: list[list[object]] = [[own, "python", time.time() + by] for by in (0, -86400)]
    assert terminals._living(entries) == entries[:1]


# --- files that may only be read, or that somebody has open ---------------------------------------


def test_a_file_that_is_removed_but_still_open_elsewhere_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the last has closed it, its name cannot be used: a virus scanner takes a moment."""
    real, refused = os.open, [PermissionError(13, "Access is denied")] * 3

    def as_windows_does(path: str, flags: int, mode: int = 0o777, **more: int | None) -> int:
        if path.endswith(".tmp") and refused:
            raise refused.pop()
        return real(path, flags, mode, **more)

    monkeypatch.setattr(os, "open", as_windows_does)
    write_whole(str(tmp_path / "a"), b"new")
    assert ((tmp_path / "a").read_bytes(), refused) == (b"new", [])


@contextmanager
def kept_open(path: Path) -> Iterator[None]:
    """As programs have it that let nobody else read it: virus scanners, backups, Excel."""
    kernel().CreateFileW.restype = ctypes.c_void_p
    handle = kernel().CreateFileW(str(path), 0x80000000, 0, None, 3, 0, None)
    try:
        with pytest.raises(PermissionError):
            path.read_bytes()
        yield
    finally:
        kernel().CloseHandle(ctypes.c_void_p(handle))


def test_a_file_that_may_only_be_read_is_replaced_and_removed_as_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "new"):
        (tmp_path / name).write_text(name)
    (tmp_path / "a").chmod(stat.S_IREAD)
    real = os.replace

    def as_windows_does(
        source: str, target: str, **folders: int | None
    ) -> None:  # and Wine does not
        if not os.stat(target).st_mode & stat.S_IWRITE:
            raise PermissionError(13, "Access is denied", source, 5, target)
        real(source, target, **folders)

    monkeypatch.setattr(os, "replace", as_windows_does)
    replace(str(tmp_path / "new"), str(tmp_path / "a"))
    assert (tmp_path / "a").read_text() == "new"
    (tmp_path / "a").chmod(stat.S_IREAD)
    plan = Plan(str(tmp_path))
    plan.write(str(tmp_path / "a"), "ours")
    plan.apply()
    assert (tmp_path / "a").read_text() == "ours"
    assert not (tmp_path / "a").stat().st_mode & stat.S_IWRITE  # it stays so
    remove(str(tmp_path / "a"))
    assert list(tmp_path.iterdir()) == []


def test_when_somebody_has_one_file_open_all_are_as_they_were(tmp_path: Path) -> None:
    for name in ("first", "open", "last"):
        (tmp_path / name).write_text("before")
    plan = Plan(str(tmp_path))
    for name in ("first", "open", "last"):
        plan.write(str(tmp_path / name), "after")
    with kept_open(tmp_path / "open"), pytest.raises(CannotChange, match="open cannot be"):
        plan.apply()
    contents = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert contents == {"first": "before", "open": "before", "last": "before"}


def writes_meanwhile(plan: Plan, path: Path) -> None:
    """The file is opened when it was read already."""
    with kept_open(path), pytest.raises(CannotChange, match=f"{path.name} cannot be written"):
        plan.apply()


def test_nor_when_it_is_opened_between_the_look_and_the_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "open"):
        (tmp_path / name).write_text("before")
    plan = Plan(str(tmp_path))
    for name in ("first", "open"):
        plan.write(str(tmp_path / name), "after")
    monkeypatch.setattr(Plan, "_on_disk", lambda self, path: b"before")
    writes_meanwhile(plan, tmp_path / "open")
    assert {path.read_text() for path in tmp_path.iterdir()} == {"before"}


FILES = [
    "queue.jsonl",
    "queue.lock",
    "queue.progress.json",
    "queue.rejected.jsonl",
    "queue.reported.json",
    "replay.lock",
    "shell.json",
    "place.json",
    "sessions/*.json",
    "checkouts/*.json",
    "config-*.json",
    ".claude/coord-queue.jsonl",
    ".claude/settings.json",
    ".git/config",
    ".gitignore",
    ".coord.toml",
    "coord/token",
]


def put_files(me: Person) -> None:
    """All that the client reads and writes, with line ends as editors there write them."""
    roaming = Path(os.environ["APPDATA"]) / "coord"
    roaming.mkdir(parents=True)
    (roaming / "token").write_bytes(b"secret\r\n")
    (me.folder / ".claude").mkdir()
    for name, content in {
        ".git/config": "[core]\r\n\tbare = false\r\n",
        ".gitignore": "*.log\r\n",
        ".coord.toml": f'project = "{me.project}"\r\n',
        ".claude/settings.json": "{}\r\n",
        ".claude/coord-queue.jsonl": shell_line(),
    }.items():
        (me.folder / name).write_bytes(content.encode())


def found(me: Person, name: str) -> Path:
    roots = (Path(os.environ["LOCALAPPDATA"]), Path(os.environ["APPDATA"]), me.folder)
    folder, _, last = name.rpartition("/")
    paths = [path for root in roots for path in root.rglob(last)]
    return next(path for path in paths if path.parent.as_posix().endswith(folder))


@pytest.mark.parametrize("name", FILES)
def test_what_another_program_has_open_costs_no_call(
    me: Person, away: Person, other: Person, name: str
) -> None:
    put_files(me)
    app = str(me.folder / "src" / "app.py")
    fires(me, "SessionStart", source="startup")
    edits(me, app)
    (me.folder / ".claude/coord-queue.jsonl").write_text(shell_line())
    assert away("send", "before", "--to", other.session).code == 0
    with kept_open(found(me, name)):
        said = {
            "lock": away("lock", "deploy").code,
            "send": me("send", "during", "--to", other.session).code,
            "queue": me("queue").code,
        }
        assert set(said.values()) <= {0, 1, 2, 3, 5}
        for event in ("SessionStart", "UserPromptSubmit", "SessionEnd"):
            fires(me, event, source="startup", prompt="go on", reason="other")
        edits(me, app)
    me("sync")
    sent = [item["subject"] for item in other("inbox", "--json").json["items"]]
    assert sent == ["before", *["during"] * (said["send"] == 0)]
