"""A user without settings or state, in a home of their own."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home; what the client remembers and reads of the user lies below it."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    return home


@pytest.fixture
def checkout_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Makes a repository, in which this process then is, whose user has named that server."""

    def make(url: str) -> Path:
        folder = tmp_path / "shop"
        subprocess.run(["git", "init", "-q", folder], check=True)
        monkeypatch.chdir(folder)
        monkeypatch.setenv("COORD_URL", url)
        return folder

    return make
