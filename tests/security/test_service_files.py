"""What the service keeps on disk is for its user alone, whatever its umask and folder are."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service import ROOT, Service, environment, running

EVERYBODY = 0o077


def migrate_with_open_umask(folder: Path, **settings: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "flask", "--app", str(ROOT / "wsgi.py"), "db", "upgrade"],
        cwd=folder,
        env=environment(**settings) | {"PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        umask=0,
    )


def open_to_others(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.stat().st_mode & EVERYBODY]


@pytest.mark.parametrize("name", ["coord.db", "with blank ä.db"])
def test_a_database_is_made_for_its_user_alone(tmp_path: Path, name: str) -> None:
    url = f"sqlite:///{tmp_path / name}"
    migrate_with_open_umask(tmp_path, DATABASE_URL=url)
    with running(tmp_path / "service", url, migrated=False) as service:
        call(service)
        kept = sorted(path.name for path in tmp_path.iterdir() if path.is_file())
        assert kept == [name, f"{name}-shm", f"{name}-wal"]
        assert [each for each in kept if (tmp_path / each).stat().st_mode & EVERYBODY] == []


def call(service: Service) -> None:
    body = {"project_key": "shop", "session_id": "host/a", "resource": "x"}
    assert service.call("POST", "/locks", body).status == 201


def test_the_folder_of_the_default_database_is_too(tmp_path: Path) -> None:
    folder = tmp_path / "service"
    folder.mkdir()
    migrate_with_open_umask(folder)
    assert (folder / "instance" / "coord.db").exists()
    assert open_to_others(folder) == []


def test_what_an_operator_has_opened_stays_as_it_is(tmp_path: Path) -> None:
    database = tmp_path / "coord.db"
    database.touch()
    os.chmod(database, 0o640)
    migrate_with_open_umask(tmp_path, DATABASE_URL=f"sqlite:///{database}")
    assert database.stat().st_mode & 0o777 == 0o640
