"""Which files git ignores, beside what git itself says of them."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from coord.client.ignored import is_ignored, is_nobodys, match
from coord.client.workspace import Repository, repository

PATTERNS = [
    "*.log",
    "!keep.log",
    "/top",
    "build/",
    "docs/*.html",
    "**/cache",
    "a/**/z",
    "deep/**",
    "[ab].txt",
    "[!c-e]x",
    "\\#hash",
    "# comment",
    "  ",
    "trail  ",
    "q?.md",
    "!/build/keep",
    "x/*",
    "!x/y/",
    "*.tmp",
    "\\!bang",
    "**/m/n",
    "w[",
]
PATHS = [
    "a.log", "keep.log", "src/b.log", "src/keep.log", "top", "src/top", "build/a", "src/build/b",
    "build/keep", "docs/i.html", "docs/x/i.html", "cache/a", "s/t/cache", "a/z", "a/b/c/z",
    "deep/a/b", "deep", "a.txt", "c.txt", "fx", "cx", "#hash", "trail", "qa.md", "qab.md",
    "x/a", "x/y/b", "x/y", "t.tmp", "!bang", "p/m/n", "m/n", "w[", "plain.py", ".gitignore",
    "sub/only.here", "only.here", "sub/deep/only.here", "sub/kept.tmp", "é.log",
]  # fmt: skip


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    shop = tmp_path / "shop"
    subprocess.run(["git", "init", "-q", shop], check=True)
    (shop / ".gitignore").write_text("\n".join(PATTERNS) + "\n", encoding="utf-8")
    for path in PATHS:
        file = shop / path
        if not any(part.is_file() for part in file.parents):
            file.parent.mkdir(parents=True, exist_ok=True)
            if not file.exists():
                file.write_text("x")
    (shop / "sub" / ".gitignore").write_text("only.here\n!kept.tmp\n")
    (shop / ".git" / "info" / "exclude").write_text("excluded\n")
    (tmp_path / "config" / "git").mkdir(parents=True)
    (tmp_path / "config" / "git" / "ignore").write_text("of-the-user\n")
    found = repository(str(shop))
    assert found is not None
    return found


def by_git(checkout: Repository, path: str) -> bool:
    done = subprocess.run(
        ["git", "check-ignore", "-q", "--no-index", path], cwd=checkout.top, env=os.environ
    )
    return done.returncode == 0


def test_every_path_is_ignored_as_git_ignores_it(checkout: Repository) -> None:
    paths = [*PATHS, "excluded", "src/excluded", "of-the-user"]
    ours = {
        path: is_ignored(f"{path}/" if Path(checkout.top, path).is_dir() else path, checkout)
        for path in paths
    }
    assert {path: by_git(checkout, path) for path in paths} == ours


def test_what_is_tracked_is_somebody_s_though_it_is_ignored(checkout: Repository) -> None:
    top = Path(checkout.top)
    subprocess.run(["git", "add", "-f", "a.log"], cwd=top, check=True)
    assert not is_nobodys(str(top / "a.log"), checkout)
    assert is_nobodys(str(top / "src" / "b.log"), checkout)
    assert is_nobodys(str(top / ".git" / "index"), checkout)
    assert not is_nobodys(str(top / "plain.py"), checkout)


def test_folders_that_tools_fill_are_nobody_s_until_something_there_is_tracked(
    checkout: Repository,
) -> None:
    top = Path(checkout.top)
    assert is_nobodys(str(top / "web" / "node_modules" / "x.js"), checkout)
    assert is_nobodys(str(top / "node_modules") + os.sep, checkout)
    (top / "dist").mkdir()
    (top / "dist" / "own.py").write_text("x")
    assert is_nobodys(str(top / "dist" / "new.py"), checkout)
    subprocess.run(["git", "add", "dist/own.py"], cwd=top, check=True)
    assert not is_nobodys(str(top / "dist" / "new.py"), checkout)


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("*", "", True),
        ("a*b*c", "aXbYc", True),
        ("a*b*c", "aXbY", False),
        ("*" * 30 + "x", "a" * 200, False),
        ("[]a]", "]", True),
        ("[a-", "a", False),
        ("\\*", "*", True),
        ("\\*", "a", False),
    ],
)
def test_a_pattern_fits_as_in_a_shell(pattern: str, name: str, fits: bool) -> None:
    assert match(pattern, name) is fits


def test_a_pattern_with_many_stars_takes_no_longer_than_its_path(checkout: Repository) -> None:
    Path(checkout.top, ".gitignore").write_text("/".join(["**", "a"] * 20) + "/b\n")
    assert not is_ignored(os.path.join(checkout.top, *["a"] * 60), checkout)


HOSTILE = {
    "one star": ("*" + "a" * 240 + "c\n") * 200 + "a\n",
    "stars": "a*a*a*b\n" * 7000,
    "stars of folders": ("**/a/" * 40 + "b\n") * 300,
    "many": "x\n" * 30_000,
}


@pytest.mark.parametrize("patterns", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("everywhere", [False, True], ids=["at the top", "in each folder"])
def test_no_list_of_a_repository_holds_a_hook_up(
    tmp_path: Path, patterns: str, everywhere: bool
) -> None:
    (tmp_path / ".git").mkdir()
    below = "/".join(["a" * 10] * 60 + ["a" * 250])
    folder = tmp_path / os.path.dirname(below)
    folder.mkdir(parents=True)
    for at in [tmp_path, *([folder, *folder.parents][:60] if everywhere else [])]:
        (at / ".gitignore").write_text(patterns)
    checkout = repository(str(tmp_path))
    assert checkout is not None
    start = time.process_time()
    assert not is_ignored(below, checkout)
    assert time.process_time() - start < 30
