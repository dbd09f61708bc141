"""What a file is called in a lock: the same whoever edits it, from every worktree, system and
spelling.
"""

import itertools
import ntpath
import os
import shutil
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from coord.client import paths, resource_names, spellings
from coord.client.resource_names import project_of, resource
from coord.client.workspace import Workspace
from tests.client.conftest import needs_links


@pytest.fixture(autouse=True)
def this_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COORD_HOST", "web-1")


def checkout(folder: Path, *names: str) -> Path:
    (folder / ".git").mkdir(parents=True)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    return folder


def worktree(main: Path, folder: Path, *names: str) -> Path:
    git = main / ".git" / "worktrees" / folder.name
    git.mkdir(parents=True)
    (git / "commondir").write_text("../..\n")
    folder.mkdir(parents=True)
    (folder / ".git").write_text(f"gitdir: {git}\n")
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    return folder


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return checkout(tmp_path / "shop", "src/app.py", "README")


def named(path: Any, at: Path) -> tuple[str, str]:
    return resource(str(path), Workspace(str(at)))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("src/app.py", "src/app.py"),
        ("./src//app.py", "src/app.py"),
        ("src/../README", "README"),
        ("src/x/../new.py", "src/new.py"),
        ("does/not/exist.py", "does/not/exist.py"),
        ("src", "src"),
        ("src/", "src/"),
        ("src/**", "src/"),
        ("new/folder/", "new/folder/"),
        (".", "/"),
        ("./", "/"),
        ("**", "/"),
        (".git/config", ".git/config"),
        ("with space/ü 🔒.py", "with space/ü 🔒.py"),
        ("src/app.py/**", "src/app.py/"),
    ],
)
def test_a_file_counts_from_the_top_of_its_checkout(shop: Path, path: str, name: str) -> None:
    assert named(path, shop) == ("shop", name)
    assert named(os.path.join(shop, path), shop / "src") == ("shop", name)


def test_it_is_called_the_same_from_every_worktree(shop: Path, tmp_path: Path) -> None:
    inside = worktree(shop, shop / ".claude" / "worktrees" / "x", "src/app.py")
    beside = worktree(shop, tmp_path / "beside", "src/app.py")
    for at in (shop, inside, beside):
        for top in (shop, inside, beside):
            assert named(top / "src" / "app.py", at) == ("shop", "src/app.py")
            assert named(top / "src" / "new" / "file.py", at) == ("shop", "src/new/file.py")


@needs_links
def test_links_are_followed(shop: Path, tmp_path: Path) -> None:
    (shop / "link.py").symlink_to("src/app.py")
    (shop / "folder").symlink_to("src")
    (tmp_path / "way-in").symlink_to(shop / "src")
    (shop / "way-out").symlink_to(tmp_path / "outside")
    (shop / "circle").symlink_to("circle")
    assert (
        named("link.py", shop)
        == named("folder/app.py", shop)
        == named(tmp_path / "way-in" / "app.py", shop)
        == ("shop", "src/app.py")
    )
    assert named("folder/../README", shop) == ("shop", "README")
    assert named("way-out/x", shop) == ("shop", f"web-1:{tmp_path}/outside/x")
    assert named("circle", shop)[0] == "shop"


@pytest.mark.skipif(os.name == "nt", reason="Windows has drives: below")
def test_outside_of_any_checkout_it_is_this_hosts_own(shop: Path, tmp_path: Path) -> None:
    assert named("/etc/hosts", shop) == ("shop", "web-1:/etc/hosts")
    assert named("/etc/", shop) == ("shop", "web-1:/etc/")
    assert named("/etc/**", shop) == ("shop", "web-1:/etc/")
    assert named("/", shop) == ("shop", "web-1:/")
    assert named("/new.py", shop) == ("shop", "web-1:/new.py")
    assert named("../beside", shop) == ("shop", f"web-1:{tmp_path}/beside")


def test_a_file_at_home(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(shop / "home"))
    monkeypatch.setenv("USERPROFILE", str(shop / "home"))  # on Windows
    assert named("~/notes.md", shop) == ("shop", "home/notes.md")


def test_in_another_repository_it_is_of_that_ones_project(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = checkout(tmp_path / "other", "src/app.py")
    assert named(other / "src" / "app.py", shop) == ("other", "src/app.py")
    monkeypatch.setenv("COORD_PROJECT", "mine")
    assert named(shop / "src" / "app.py", shop) == ("mine", "src/app.py")
    assert named(other / "src" / "app.py", shop) == ("other", "src/app.py")
    (other / ".coord.toml").write_text('project = "theirs"')
    assert named(other / "src" / "app.py", shop) == ("theirs", "src/app.py")
    assert named(other / "src" / "app.py", tmp_path) == ("theirs", "src/app.py")


def test_in_another_checkout_that_is_not_git_s_it_is_of_that_one_s_project(
    shop: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    (other / ".hg").mkdir(parents=True)
    (other / "src").mkdir()
    assert named(other / "src" / "app.py", shop) == ("other", "src/app.py")
    assert project_of(str(other / "src"), Workspace(str(shop))) == "other"


def test_what_a_command_was_told_is_about_its_own_repository(shop: Path, tmp_path: Path) -> None:
    other = checkout(tmp_path / "other")
    workspace = Workspace(str(shop))
    workspace.project = "told"
    assert resource(str(shop / "src" / "app.py"), workspace) == ("told", "src/app.py")
    assert resource(str(other / "x"), workspace) == ("other", "x")


def test_a_part_of_a_checkout_may_be_a_project_of_its_own(shop: Path) -> None:
    (shop / "src" / ".coord.toml").write_text('project = "part"')
    assert (
        named("src/app.py", shop)
        == named(shop / "src" / "app.py", shop / "src")
        == ("part", "src/app.py")
    )
    assert named("README", shop / "src") == ("shop", "README")


def test_in_a_submodule_it_counts_from_there(shop: Path) -> None:
    (shop / ".git" / "modules" / "sub").mkdir(parents=True)
    (shop / "lib" / "sub").mkdir(parents=True)
    (shop / "lib" / "sub" / ".git").write_text("gitdir: ../../.git/modules/sub\n")
    assert named("lib/sub/x.c", shop) == ("sub", "x.c")


def test_without_a_repository_it_counts_from_the_settings(tmp_path: Path) -> None:
    (tmp_path / "loose" / "deep").mkdir(parents=True)
    (tmp_path / "loose" / ".coord.toml").write_text('project = "mine"')
    assert named(tmp_path / "loose" / "deep" / "x", tmp_path / "loose" / "deep") == (
        "mine",
        "deep/x",
    )
    assert named(tmp_path / "loose" / "deep", tmp_path / "loose") == ("mine", "deep")


def test_a_folder_whose_name_begins_like_the_checkouts_is_not_inside(
    shop: Path, tmp_path: Path
) -> None:
    assert named(tmp_path / "shop-old" / "x", shop) == (
        "shop",
        f"web-1:{tmp_path.as_posix()}/shop-old/x",
    )


# --- disks that fold case, and macOS' way of writing accents --------------------------------------


@pytest.fixture
def folding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource_names, "FOLDS_CASE", True)


@pytest.mark.parametrize("path", ["src/app.py", "SRC/App.PY", "Src/APP.py"])
def test_where_case_does_not_count_a_file_is_called_as_the_disk_does(
    shop: Path, folding: None, path: str
) -> None:
    assert named(path, shop) == ("shop", "src/app.py")


def test_and_what_is_not_there_yet_as_the_caller_does(shop: Path, folding: None) -> None:
    assert named("SRC/New/File.py", shop) == ("shop", "src/New/File.py")
    assert named("src/new/file.py", shop) == ("shop", "src/new/file.py")


def claimed(path: str, at: Path) -> str:
    return resource(path, Workspace(str(at)), to_claim=True)[1]


def test_once_claimed_it_is_called_as_who_claimed_it_first_did(
    shop: Path, folding: None, tmp_path: Path
) -> None:
    assert claimed("SRC/New/File.py", shop) == "src/New/File.py"
    assert claimed("src/new/FILE.py", shop) == "src/New/File.py"
    assert named("src/NEW/file.py", shop)[1] == "src/New/File.py"
    assert claimed("src/new/other.py", shop) == "src/New/other.py"
    assert claimed("src/new/file.py", worktree(shop, tmp_path / "fix", "src/app.py")) == (
        "src/New/File.py"
    )
    (shop / "src" / "new").mkdir()
    (shop / "src" / "new" / "FILE.py").write_text("")
    assert named("src/new/FILE.py", shop)[1] == "src/New/File.py"
    other = checkout(tmp_path / "other")
    assert claimed("SRC/new/file.py", other) == "SRC/new/file.py"


def test_so_is_a_file_outside_of_any_checkout(folding: None, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "Data").mkdir()
    names = {claimed(str(tmp_path / spelt), shop) for spelt in ("data/New.csv", "DATA/new.CSV")}
    assert names == {f"web-1:{tmp_path.as_posix()}/Data/New.csv"}
    assert claimed("data/new.csv", shop) == "data/new.csv"  # another file


def test_of_many_who_claim_it_at_once_all_call_it_the_same(shop: Path, folding: None) -> None:
    spelt = ["".join(each) for each in itertools.product("nN", "eE", "wW", [".py"])]
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda name: claimed(f"src/{name}", shop), spelt))) == 1


def test_a_spelling_is_forgotten_when_the_claim_is_over(
    shop: Path, folding: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert claimed("src/New.py", shop) == "src/New.py"
    later = time.time() + spellings.KEPT_S + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert claimed("src/new.py", shop) == "src/new.py"


def test_a_file_that_exists_since_keeps_the_spelling_under_which_it_was_claimed(
    shop: Path, folding: None
) -> None:
    assert claimed("src/New.py", shop) == "src/New.py"
    (shop / "src" / "new.py").write_text("")
    assert {named(f"src/{name}", shop)[1] for name in ("new.py", "NEW.py")} == {"src/New.py"}


@pytest.mark.skipif(os.name == "nt", reason="needs a disk on which case counts")
def test_where_case_counts_it_counts(shop: Path) -> None:
    assert named("SRC/App.py", shop) == ("shop", "SRC/App.py")


@pytest.mark.skipif(os.name == "nt", reason="needs a disk on which case counts")
def test_two_files_that_differ_in_case_only_are_both_found(shop: Path, folding: None) -> None:
    (shop / "src" / "APP.py").write_text("")
    assert [named(f"src/{name}", shop)[1] for name in ("app.py", "APP.py")] == [
        "src/app.py",
        "src/APP.py",
    ]


@pytest.mark.parametrize("path", ["/Users/Me/Shop/src/x", "/users/me/SHOP/src/x"])
def test_the_way_to_the_checkout_may_be_spelt_otherwise_too(folding: None, path: str) -> None:
    assert resource_names._below(path, "/Users/me/shop") == "src/x"
    assert resource_names._below(path, "/Users/me/shop/src/x") == ""
    assert resource_names._below(path, "/Users/me/sho") is None


@pytest.mark.parametrize(
    ("path", "top"), [("/STRASSE/x", "/straße"), ("/straße/x", "/STRASSE"), ("/İ/x", "/i̇")]
)
def test_names_that_change_their_length_when_case_is_folded(
    folding: None, path: str, top: str
) -> None:
    assert resource_names._below(path, top) == "x"


def test_accents_are_written_in_one_way(shop: Path) -> None:
    names = [unicodedata.normalize(form, "src/naïve.py") for form in ("NFC", "NFD")]
    assert names[0] != names[1]
    assert {named(name, shop)[1] for name in names} == {names[0]}


def test_also_where_the_disk_has_them_in_the_other(shop: Path, folding: None) -> None:
    composed, decomposed = (unicodedata.normalize(form, "Naïve.py") for form in ("NFC", "NFD"))
    (shop / decomposed).write_text("")
    assert named(composed.upper(), shop) == ("shop", composed)


# --- Windows --------------------------------------------------------------------------------------


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """How Windows spells paths, for what needs no disk."""
    fake = SimpleNamespace(name="nt", path=ntpath, sep="\\", listdir=lambda folder: [])
    for module in (resource_names, paths):
        monkeypatch.setattr(module, "os", fake)
    monkeypatch.setattr(resource_names, "FOLDS_CASE", True)


def test_below_a_folder_on_windows(windows: None) -> None:
    path = "C:\\Users\\Me\\shop\\src\\app.py"
    assert resource_names._below(path, "c:\\users\\me\\Shop") == "src/app.py"
    assert resource_names._below("D:\\shop\\x", "C:\\shop") is None
    assert resource_names._below("\\\\server\\share\\shop\\x", "\\\\server\\share\\shop") == "x"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("C:\\work\\shop\\src\\app.py", "src/app.py"),
        ("c:/work/shop/src/app.py", "src/app.py"),
        ("src\\app.py", "src/app.py"),
        ("src\\", "src/"),
        ("src\\**", "src/"),
        ("C:\\work\\shop", "/"),
    ],
)
def test_a_file_on_windows_is_called_as_on_other_systems(
    windows: None, path: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class There:
        root = "C:\\work\\shop"
        project = own_project = "shop"
        file = None
        repository = SimpleNamespace(common="C:\\work\\shop\\.git")

    monkeypatch.setattr(resource_names, "Workspace", lambda folder: There())
    monkeypatch.setattr(ntpath, "realpath", ntpath.normpath)
    monkeypatch.setattr(ntpath, "isdir", lambda path: False)
    there: Any = There()
    assert resource(path, there) == ("shop", name)


def test_the_checkout_may_be_deleted_meanwhile(shop: Path) -> None:
    workspace = Workspace(str(shop))
    shutil.rmtree(shop)
    assert resource("src/app.py", workspace) == ("shop", "src/app.py")
