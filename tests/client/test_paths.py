"""Paths as each shell and program of Windows spells them, without a disk of Windows."""

import ntpath
import os
from types import SimpleNamespace

import pytest

from coord.client import paths
from coord.client.paths import is_below, is_whole, path_in, real_path


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = SimpleNamespace(name="nt", path=ntpath, sep="\\", getcwd=lambda: "C:\\shop")
    monkeypatch.setattr(paths, "os", fake)
    monkeypatch.setattr(ntpath, "realpath", ntpath.normpath)
    monkeypatch.setenv("USERPROFILE", "C:\\Users\\me")
    monkeypatch.setenv("USERNAME", "me")  # else ntpath knows no other user's home


@pytest.mark.parametrize(
    ("spelt", "path"),
    [
        ("src\\a.py", "C:\\shop\\src\\a.py"),
        ("D:\\a.py", "D:\\a.py"),
        ("/d/src/a.py", "d:/src/a.py"),
        ("/cygdrive/d/a.py", "d:/a.py"),
        ("/mnt/d/", "d:/"),
        ("\\\\localhost\\d$\\a.py", "d:/a.py"),
        ("D:", "D:/"),
        ("C:", "C:/"),
        ("~/a.py", "C:\\Users\\me/a.py"),
        ("\\\\server\\share\\a.py", "\\\\server\\share\\a.py"),
        ("\\\\?\\UNC\\localhost\\d$\\a.py", "d:/a.py"),
        ("C:a.py", "C:\\shop\\a.py"),
        ("\\a.py", "C:\\a.py"),
        ("~$report.docx", "C:\\shop\\~$report.docx"),
    ],
)
def test_a_path_is_the_one_that_the_shell_means(windows: None, spelt: str, path: str) -> None:
    assert path_in("C:\\shop", spelt) == path


@pytest.mark.parametrize(
    ("path", "real"),
    [
        ("\\\\?\\C:\\long\\x", "C:\\long\\x"),
        ("\\\\?\\UNC\\server\\share\\x", "\\\\server\\share\\x"),
        ("\\\\?\\unc\\server\\share\\x", "\\\\server\\share\\x"),
        ("//?/C:/long/x", "C:\\long\\x"),
        ("\\\\.\\C:\\x", "C:\\x"),
        ("\\\\?\\Volume{4c1b02c1}\\x", "\\\\?\\Volume{4c1b02c1}\\x"),
        ("C:\\a.py:notes", "C:\\a.py"),
        ("C:\\a.py::$DATA", "C:\\a.py"),
        ("C:\\src::$INDEX_ALLOCATION\\a.py", "C:\\src\\a.py"),
        ("C:\\src.\\a.py", "C:\\src\\a.py"),
        ("C:\\...\\a.py", "C:\\...\\a.py"),
        ("C:/shop/../x", "C:\\x"),
        ("C:\\shop\\", "C:\\shop"),
        ("C:\\", "C:\\"),
        ("C:\\new.py.", "C:\\new.py"),
        ("C:\\new.py . ", "C:\\new.py"),
        ("C:\\shop\\..", "C:\\"),
        ("C:\\shop\\NUL", "C:\\shop\\NUL"),
        ("C:\\shop\\aux.txt", "C:\\shop\\aux.txt"),
        ("C:\\shop\\Com1 \\x", "C:\\shop\\Com1 \\x"),
        ("C:\\shop\\console.py", "C:\\shop\\console.py"),
        ("d:\\new", "D:\\new"),
        ("\\\\SERVER\\Share\\Src", "\\\\server\\share\\Src"),
    ],
)
def test_a_path_has_one_spelling(windows: None, path: str, real: str) -> None:
    assert real_path(path) == real


def test_the_folder_may_be_spelt_by_git_bash_too(windows: None) -> None:
    assert path_in("/d/shop", "a.py") == "d:/shop\\a.py"


def test_what_begins_at_a_root_counts_from_no_folder(
    windows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ntpath, "isabs", lambda path: path[1:3] == ":\\")  # as Python 3.13 has it
    whole = [spelt for spelt in ("C:\\a", "\\a", "/tmp/a", "a", "") if is_whole(spelt)]
    assert whole == ["C:\\a", "\\a", "/tmp/a"]


@pytest.mark.parametrize(
    ("path", "folder", "is_it"),
    [
        ("D:\\app.py", "D:\\", True),
        ("D:\\shop\\app.py", "D:\\shop", True),
        ("D:\\shop", "D:\\shop", True),
        ("D:\\shop-old", "D:\\shop", False),
    ],
)
def test_a_checkout_may_be_all_of_a_drive(
    windows: None, path: str, folder: str, is_it: bool
) -> None:
    assert is_below(path, folder) is is_it


def test_devices_are_not_opened(windows: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """`realpath` opens them: Wine's has a terminal's error for CON, and its own name for NUL."""
    opened: list[str] = []

    def real(path: str) -> str:
        opened.append(path)
        return path

    monkeypatch.setattr(ntpath, "realpath", real)
    assert real_path("C:\\shop\\con.py") == "C:\\shop\\con.py"
    assert opened == ["C:\\shop\\"]


def test_a_path_longer_than_windows_opens_is_named_all_the_same(
    windows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def real(path: str) -> str:
        if len(path) > 260:
            raise OSError(22, "The filename or extension is too long")
        return f"\\\\?\\{path}"

    monkeypatch.setattr(ntpath, "realpath", real)
    long = "C:\\shop" + "\\folder of forty letters, or about so many" * 7
    assert real_path(f"{long}\\a.py") == f"{long}\\a.py"


@pytest.mark.skipif(os.name == "nt", reason="is about other systems")
def test_elsewhere_a_path_is_as_the_system_has_it() -> None:
    assert real_path("/x/../aux. ") == "/aux. "
    assert path_in("/shop", "/c/src/") == "/c/src/"
