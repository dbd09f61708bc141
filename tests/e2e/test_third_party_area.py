"""A stranger's area (examples/coord-recipes): installed as a package, migrated, called, and seen
wherever coord's own areas are.
"""

import os
import shutil
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from coord.app import create_app
from coord.store import Reader, Rows, database, journal, read
from tests.databases import MariaDB
from tests.service import ROOT, Service, environment, migrate, running

SOURCE = ROOT / "examples" / "coord-recipes"
RECIPE = {
    "project_key": "shop",
    "session_id": "host/a",
    "title": "Build offline",
    "text": "make wheels, then make build",
}


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example installed in it by pip, without a network."""
    folder = tmp_path_factory.mktemp("third-party")
    shutil.copytree(SOURCE, folder / "source")  # setuptools builds beside the source
    target = folder / "packages"
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-index",
        "--no-build-isolation",
        "--no-deps",
        f"--target={target}",
    ]
    done = subprocess.run([*command, str(folder / "source")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return target


@pytest.fixture(scope="module", params=["sqlite", "mariadb"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('db')}/coord.db"
    server: MariaDB = request.getfixturevalue("mariadb")
    return server.create_database("third_party")


@pytest.fixture(scope="module")
def service(
    packages: Path, url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """coord as it is, on a database of its own, started with the package installed and its
    migration not yet run.
    """
    migrate(url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(packages))
        with running(tmp_path_factory.mktemp("service"), url, migrated=False) as started:
            health = started.call("GET", "/health")
            assert (health.status, health.json["migrations"]) == (
                500,
                "missing recipes_0001; run: flask db upgrade",
            )
            assert flask(url, "db", "upgrade") == 0
            yield started


def flask(url: str, *command: str) -> int:
    return subprocess.run(
        [sys.executable, "-m", "flask", *command], cwd=ROOT, env=environment(DATABASE_URL=url)
    ).returncode


def test_its_migration_runs_with_the_others(service: Service, url: str) -> None:
    assert service.call("GET", "/health").json["migrations"] == "current"
    assert flask(url, "db", "check") == 0


def test_it_is_called_like_any_area(service: Service) -> None:
    body = {**RECIPE, "id": str(uuid.uuid4()), "title": "Call"}
    written = service.call("POST", "/recipes", body)
    assert (written.status, written.json["created_by"]) == (201, "host/a")
    repeated = service.call("POST", "/recipes", body)
    assert (repeated.status, repeated.json) == (200, written.json)
    assert service.call("GET", f"/recipes/{body['id']}").json == written.json
    assert service.call("GET", "/recipes?project_key=shop&limit=1").json["items"] == [written.json]


def test_its_errors_have_the_shape_of_coords(service: Service) -> None:
    assert service.call("POST", "/recipes", {**RECIPE, "title": "Error"}).status == 201
    taken = service.call("POST", "/recipes", {**RECIPE, "title": "Error"})
    assert (taken.status, taken.json["error"]) == (409, "title_taken")
    typo = service.call("POST", "/recipes", {**RECIPE, "titel": "Error"})
    assert (typo.status, typo.json["errors"]) == (
        422,
        {"titel": ["Unknown field. Did you mean 'title'?"]},
    )


def test_it_is_seen_in_status_and_metrics(service: Service) -> None:
    written = service.call("POST", "/recipes", {**RECIPE, "project_key": "seen"}).json
    status = service.call("GET", "/status?project_key=seen").json
    assert (status["recent_recipes"], status["counts"]["recipes"]) == ([written], 1)
    assert b"\ncoord_recipes " in service.call("GET", "/metrics").body


def test_it_is_seen_in_the_api_document_and_its_page(service: Service) -> None:
    document = service.call("GET", "/openapi.json").json
    call = document["paths"]["/api/coord/recipes"]["post"]
    assert call["tags"] == ["recipes"]
    assert "title_taken" in call["responses"]["409"]["description"]
    assert service.call("GET", "/docs").status == 200
    assert b'"openapi.json"' in service.call("GET", "/docs/start.js").body


def test_its_panel_is_on_the_board(service: Service) -> None:
    written = service.call("POST", "/recipes", {**RECIPE, "project_key": "board"}).json
    assert b'src="page/recipes/board.js"' in urllib.request.urlopen(service.url).read()
    assert b"addToBoard" in service.call("GET", "/page/recipes/board.js").body
    assert written in service.call("GET", "/board").json["lists"]["recipes"]["items"]


def test_its_tools_are_offered_over_mcp(service: Service) -> None:
    def ask(method: str, **params: Any) -> Any:
        return service.call(
            "POST", "/mcp", {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        ).json["result"]

    assert {"write_recipe", "recipes", "lock"} <= {
        tool["name"] for tool in ask("tools/list")["tools"]
    }
    mine = {"session_id": "host/a", "project_key": "mcp"}
    written = ask(
        "tools/call",
        name="write_recipe",
        arguments={**mine, "title": "Build offline", "text": "make wheels"},
    )["structuredContent"]
    assert ask("tools/call", name="recipes", arguments=mine)["structuredContent"]["items"] == [
        written
    ]
    again = ask(
        "tools/call",
        name="write_recipe",
        arguments={**mine, "title": "Build offline", "text": "other"},
    )
    assert again["isError"]
    assert again["structuredContent"]["error"] == "title_taken"


def test_what_it_changes_is_in_the_journal(service: Service, url: str) -> None:
    written = service.call("POST", "/recipes", {**RECIPE, "project_key": "journal"}).json
    query = sa.select(journal.JournalEntry.type, journal.JournalEntry.subject_id).where(
        journal.JournalEntry.project_key == "journal"
    )

    def events(db: Reader) -> Rows:
        return db.rows(query)

    app = create_app({"DATABASE_URL": url})
    with app.app_context():
        found = read(events)
        database.engine.dispose()
    assert found == [{"type": "recipe.written", "subject_id": written["id"]}]


def test_coord_knows_nothing_of_it() -> None:
    folders = [ROOT / name for name in ("coord", "config", "migrations")]
    files = [
        Path(folder, name)
        for root in folders
        for folder, _, names in os.walk(root)
        for name in names
        if name.endswith(".py")
    ]
    shell = ROOT / "coord" / "client" / "shell"  # which reads what Makefiles call so
    files = [file for file in files if shell not in file.parents]
    assert [file for file in files if "recipe" in file.read_text(encoding="utf-8").lower()] == []


def test_its_own_tests_stand_on_coord_testing(packages: Path, tmp_path: Path) -> None:
    """As in its own repository: nothing of coord's tests is there."""
    shutil.copytree(SOURCE / "tests", tmp_path / "tests")
    (tmp_path / "pytest.ini").touch()
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        str(tmp_path / "tests"),
    ]
    found = os.pathsep.join([str(packages), str(ROOT)])
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment() | {"PYTHONPATH": found},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
