"""What docs/operations.md tells an operator to do, done: a backup and its restore, and the way back
to the version before. The commands are those that stand there.
"""

import io
import re
import subprocess
import sys
import tarfile
import uuid
from pathlib import Path

import pytest

from tests.databases import PASSWORD, USER, MariaDB
from tests.service import ROOT, Service, environment, migrate, running

OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
ME = {"project_key": "shop", "session_id": "host/a"}


def documented(section: str, having: str) -> list[str]:
    """The blocks of shell commands below a heading that have this in them."""
    text = re.split(r"^##", OPERATIONS.partition(f" {section}\n")[2], flags=re.M)[0]
    blocks = re.findall(r"^```sh\n(.*?)^```", text, flags=re.M | re.S)
    return [block for block in blocks if having in block]


class Operator:
    """A shell in which the documented names lead to the test's own."""

    def __init__(self, home: Path, url: str) -> None:
        self.home = home
        self.url = url
        self.names = {
            "/var/lib/coord": str(home / "lib"),
            "/backup": str(home / "backup"),
            ".venv/bin/flask": f"{sys.executable} -m flask",
        }
        for folder in ("lib", "backup"):
            (home / folder).mkdir(exist_ok=True)

    def does(self, commands: str, folder: Path = ROOT) -> str:
        for documented_name, name in self.names.items():
            commands = commands.replace(documented_name, name)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=folder,
            env=environment(DATABASE_URL=self.url) | {"HOME": str(self.home)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture(params=["sqlite", "mariadb"])
def operator(request: pytest.FixtureRequest, tmp_path: Path) -> Operator:
    if request.param == "sqlite":
        return Operator(tmp_path, f"sqlite:///{tmp_path}/lib/coord.db")
    server: MariaDB = request.getfixturevalue("breakable")
    name = f"drill_{uuid.uuid4().hex[:12]}"
    operator = Operator(tmp_path, server.create_database(name))
    operator.names |= {" coord": f" {name}", "`coord`": f"`{name}`"}
    (tmp_path / ".my.cnf").write_text(
        f"[client]\nhost=127.0.0.1\nport={server.port}\nuser={USER}\npassword={PASSWORD}\n"
    )
    return operator


def claim(service: Service, resource: str) -> int:
    answer = service.call("POST", "/locks", {**ME, "resource": resource})
    assert answer.status == 201, answer
    token: int = answer.json["fencing_token"]
    return token


def held(service: Service) -> set[str]:
    return {row["resource"] for row in service.call("GET", "/locks?project_key=shop").json["items"]}


def test_a_backup_is_restored_with_the_documented_commands(
    operator: Operator, tmp_path: Path
) -> None:
    copy = "coord.db" if operator.url.startswith("sqlite") else "coord.sql"
    backup, restore = documented("Backup and restore", f"/backup/{copy}")
    migrate(operator.url)
    with running(tmp_path / "one", operator.url, migrated=False) as service:
        claim(service, "before")
        operator.does(backup)
        last = claim(service, "after")
        cursor = service.call("GET", "/events").json["next_cursor"]
    operator.does(restore)
    with running(tmp_path / "two", operator.url, migrated=False) as service:
        assert service.call("GET", "/health").json["migrations"] == "current"
        assert held(service) == {"before"}
        assert claim(service, "later") > last
        assert service.call("GET", f"/events?after={cursor}").json["error"] == "cursor_gone"


def older_version(folder: Path) -> Path:
    """coord as it was before its fourth migration, from this repository's history."""
    adding = [
        "log",
        "--diff-filter=A",
        "--format=%H",
        "-1",
        "--",
        "migrations/versions/0004_waiters.py",
    ]
    commit = git(*adding).decode().strip()
    if not commit or subprocess.run(["git", "cat-file", "-e", f"{commit}^"], cwd=ROOT).returncode:
        pytest.skip("the history does not reach back to the version before (a shallow clone)")
    with tarfile.open(fileobj=io.BytesIO(git("archive", f"{commit}^"))) as archive:
        archive.extractall(folder, filter="data")
    return folder


def git(*command: str) -> bytes:
    done = subprocess.run(["git", *command], cwd=ROOT, capture_output=True)
    if done.returncode:
        pytest.skip(f"this is not a repository: {done.stderr.decode()}")
    return done.stdout


def test_the_version_before_takes_over_what_the_newer_one_wrote(
    operator: Operator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = older_version(tmp_path / "older")
    (downgrade,) = documented("Going back to the previous version", "downgrade")
    migrate(operator.url)
    with running(tmp_path / "newer", operator.url, migrated=False) as service:
        last = claim(service, "newer")
    operator.does(downgrade)
    with monkeypatch.context() as patch:
        patch.setattr("tests.service.ROOT", older)
        with running(tmp_path / "before", operator.url, migrated=False) as service:
            assert service.call("GET", "/health").json["migrations"] == "current"
            assert held(service) == {"newer"}
            assert claim(service, "older") > last
    operator.does("FLASK_APP=wsgi.py .venv/bin/flask db upgrade")
    with running(tmp_path / "again", operator.url, migrated=False) as service:
        assert service.call("GET", "/health").json["migrations"] == "current"
        assert held(service) == {"newer", "older"}
