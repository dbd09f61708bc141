"""`coord trust`, and what is kept from a server that nobody trusts."""

from pathlib import Path

import pytest

from coord.client import tokens
from tests.client.cli.conftest import Person

FOREIGN = "http://coord.example:8001"


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "config"))
    return tmp_path / "config" / "coord"


def test_a_server_is_trusted_until_it_no_longer_is(me: Person, settings: Path) -> None:
    assert f"{FOREIGN} is trusted." in me("trust", f"{FOREIGN}/").err
    assert "already" in me("trust", FOREIGN).err
    assert me("trust", "--list").out == f"{FOREIGN}\n"
    assert me("trust", "--list", "--json").json == {"servers": [FOREIGN]}
    assert "no longer" in me("trust", "--remove", FOREIGN).err
    assert (settings / "servers").read_text() == ""
    assert me("trust", "--remove", FOREIGN).code == 4


@pytest.mark.parametrize("page", ["/api/coord", "/api/coord/", "/docs", "/client/install.sh"])
def test_it_is_the_same_server_by_whichever_of_its_pages_it_is_named(
    settings: Path, page: str
) -> None:
    assert tokens.trust(f"{FOREIGN}{page}")
    assert tokens.trusts(FOREIGN)
    assert tokens.servers() == [FOREIGN]
    assert tokens.distrust(f"{FOREIGN}{page}")


def test_the_list_is_read_as_editors_on_windows_write_it(settings: Path) -> None:
    settings.mkdir(parents=True)
    (settings / "servers").write_bytes(f"{FOREIGN}\r\n".encode("utf-16"))
    assert tokens.trusts(FOREIGN)


def test_what_is_no_address_is_not_trusted(me: Person, settings: Path) -> None:
    assert me("trust", "coord.example").code == 2
    assert not settings.exists()


def test_list_goes_by_itself(me: Person) -> None:
    assert me("trust", "--list", FOREIGN).code == 2


def test_nothing_is_installed_from_a_server_that_only_the_repository_names(
    me: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (me.folder / ".coord.toml").write_text(f'url = "{FOREIGN}"\n')
    result = me.at("")("upgrade")
    assert result.code == 1
    assert f"Only this repository names {FOREIGN}" in result.err
