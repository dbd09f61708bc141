"""git's settings are read as git itself reads them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from coord.client import git_config
from coord.client.git_config import values

TEXTS = {
    "plain": b'[remote "origin"]\n\turl = git@host:acme/api.git\n',
    "a comment behind the value": (
        b'[remote "origin"]\n\turl = https://host/acme/api.git  # the fork\n'
    ),
    "a semicolon behind the value": (
        b'[remote "origin"]\n\turl = https://host/acme/api.git ; the fork\n'
    ),
    "a comment sign in quotes": b'[remote "origin"]\n\turl = "https://host/a#b;c"\n',
    "partly in quotes": b'[remote "origin"]\n\turl = https://host/"a b"/c\n',
    "escapes": b'[remote "origin"]\n\turl = "C:\\\\git\\\\api.git"\n',
    "escaped letters": b'[remote "origin"]\n\turl = a\\nb\\tc\\bd\\"e\n',
    "blanks around an escaped one": b'[remote "origin"]\n\turl = \\n a\\t \n',
    "several lines": b'[remote "origin"]\n\turl = https://host/\\\nacme/api.git\n',
    "in the line of its section": b'[remote "origin"] url = https://host/x.git\n',
    "other case": b'[REMOTE "origin"]\n\tURL = https://host/x.git\n',
    "another remote in other case": b'[remote "Origin"]\n\turl = https://host/x.git\n',
    "two of them": (
        b'[remote "origin"]\n\turl = https://host/first\n[core]\n\tbare = false\n[remote'
        b' "origin"]\n\turl = https://host/last\n'
    ),
    "a mark in front": b'\xef\xbb\xbf[remote "origin"]\r\n\turl = https://host/x.git\r\n',
    "comments between": b'# one\n[remote "origin"]\n; two\n\turl = https://host/x.git\n',
    "none": b"[core]\n\tbare = false\n",
    "an include": b"[include]\n\tpath = ../extra\n",
    "an include that comes before": (
        b'[include]\n\tpath = ../extra\n[remote "origin"]\n\turl = https://host/own.git\n'
    ),
    "an include that is not there": (
        b'[include]\n\tpath = gone\n[remote "origin"]\n\turl = https://host/own.git\n'
    ),
    "an include for this folder": b'[includeIf "gitdir:shop/"]\n\tpath = ../extra\n',
    "an include for another folder": b'[includeIf "gitdir:/elsewhere/"]\n\tpath = ../extra\n',
    "an include for a branch": b'[includeIf "onbranch:other"]\n\tpath = ../extra\n',
    "an include of itself": (
        b'[include]\n\tpath = config\n[remote "origin"]\n\turl = https://host/own.git\n'
    ),
}


def test_an_include_for_folders_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows HOME has backslashes, and so has the folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    git_folder = tmp_path / "work" / "shop" / ".git"
    git_folder.mkdir(parents=True)
    (git_folder / "config").write_text('[includeIf "gitdir:~/work/"]\n\tpath = ~/extra\n')
    (tmp_path / "extra").write_text('[remote "origin"]\n\turl = https://host/x.git\n')
    assert git_config.values(str(git_folder), 'remote "origin"', "url") == ["https://host/x.git"]


@pytest.mark.skipif(shutil.which("git") is None, reason="compares with git")
@pytest.mark.parametrize("name", TEXTS)
def test_it_reads_what_git_reads(tmp_path: Path, name: str) -> None:
    top = tmp_path / "shop"
    environment = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "HOME": str(tmp_path),
    }
    subprocess.run(["git", "init", "-q", str(top)], env=environment, check=True)
    (top / "extra").write_text('[remote "origin"]\n\turl = https://host/included.git # here\n')
    (top / ".git" / "config").write_bytes(
        b"[core]\n\trepositoryformatversion = 0\n" * (not TEXTS[name].startswith(b"\xef"))
        + TEXTS[name]
    )
    done = subprocess.run(
        ["git", "-C", str(top), "config", "--null", "--get-all", "remote.origin.url"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if name == "an include of itself":  # git gives up on all of it
        assert values(str(top / ".git"), 'remote "origin"', "url") == ["https://host/own.git"]
    else:
        assert values(str(top / ".git"), 'remote "origin"', "url") == done.stdout.split("\0")[:-1]
