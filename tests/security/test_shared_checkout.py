"""A checkout that two users of a machine share: each works under locks, with what is each one's own
kept apart.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client.recording import shell_line
from tests.service import ROOT, Service, environment, running

pytestmark = [
    pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be two users"
    ),
    pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv (util-linux) is missing"),
]
GROUP = 64000
ANN, BOB = 64001, 64002
CLOSED = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    with running(folder, f"sqlite:///{folder}/coord.db") as service:
        yield service


class User:
    """One of the two, with a home of their own."""

    def __init__(self, uid: int, folder: Path, shop: Path, url: str, code: Path) -> None:
        self.uid = uid
        self.shop = shop
        self.url = url
        self.code = code
        self.home = folder / f"home-{uid}"
        self.home.mkdir(mode=0o700)
        os.chown(self.home, uid, GROUP)
        self.session = str(uuid.uuid4())
        self.name = f"web-1/claude-{self.session[-8:]}"

    def runs(
        self, *command: str, given: str = "", **more: str
    ) -> "subprocess.CompletedProcess[str]":
        who = ["setpriv", f"--reuid={self.uid}", f"--regid={GROUP}", "--clear-groups"]
        variables = environment(URL=self.url, HOST="web-1") | {
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.home / "state"),
            "CLAUDE_PROJECT_DIR": str(self.shop),
            "PYTHONPATH": str(self.code),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return subprocess.run(
            [*who, *command],
            cwd=self.shop,
            env=variables | more,
            input=given,
            capture_output=True,
            text=True,
            umask=0o022,
        )

    def coord(self, *command: str, code: int = 0, **more: str) -> str:
        done = self.runs(sys.executable, "-m", "coord.client", *command, **more)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def fires(self, event: str, **given: Any) -> dict[str, Any]:
        told = {
            "session_id": self.session,
            "cwd": str(self.shop),
            "hook_event_name": event,
            **given,
        }
        done = self.runs(sys.executable, "-m", "coord.client", "hook", given=json.dumps(told))
        assert (done.returncode, done.stderr) == (0, "")
        answer = json.loads(done.stdout)["hookSpecificOutput"] if done.stdout else {}
        return dict(answer)

    def edits(self, name: str) -> dict[str, Any]:
        path = str(self.shop / name)
        return self.fires("PreToolUse", tool_name="Edit", tool_input={"file_path": path})

    def command(self, event: str, line: str) -> dict[str, Any]:
        return self.fires(
            event, tool_name="Bash", tool_input={"command": line}, tool_use_id="toolu_1"
        )


class Shared:
    """The checkout, its folders the group's."""

    def __init__(self, folder: Path, service: Service) -> None:
        self.service = service
        self.project = f"p{uuid.uuid4().hex[:12]}"
        self.shop = folder / "shop"
        subprocess.run(["git", "init", "-q", "--shared=group", self.shop], check=True)
        (self.shop / ".coord.toml").write_text(f'project = "{self.project}"\n')
        (self.shop / ".claude").mkdir()
        for path in (self.shop, *self.shop.rglob("*")):
            os.chown(path, 0 if path.name == ".coord.toml" else ANN, GROUP)
            path.chmod(0o2775 if path.is_dir() else 0o664)
        code = folder / "code"
        (code / "coord").mkdir(parents=True)
        shutil.copy(ROOT / "coord" / "__init__.py", code / "coord")
        shutil.copytree(ROOT / "coord" / "client", code / "coord" / "client")
        self.ann = User(ANN, folder, self.shop, service.url, code)
        self.bob = User(BOB, folder, self.shop, service.url, code)

    @property
    def locks(self) -> dict[str, str]:
        rows = self.service.call("GET", f"/locks?project_key={self.project}").json["items"]
        return {row["resource"]: row["session_id"] for row in rows}


@pytest.fixture
def shared(service: Service) -> Iterator[Shared]:
    """Not below pytest's folder, which is closed to others."""
    with tempfile.TemporaryDirectory(prefix="coord-shared-") as folder:
        os.chmod(folder, 0o755)
        shared = Shared(Path(folder), service)
        if shared.bob.runs(sys.executable, "-c", "import click").returncode:
            pytest.skip("another user cannot run this Python")
        yield shared


def test_the_second_user_works_under_locks_as_the_first_does(shared: Shared) -> None:
    for user in (shared.ann, shared.bob):
        assert "away" not in user.fires("SessionStart", source="startup")["additionalContext"]
    assert shared.ann.edits("a.py") == {}
    denied = shared.bob.edits("a.py")
    assert f"a.py is held by {shared.ann.name}" in denied["permissionDecisionReason"]
    assert shared.bob.edits("b.py") == {}
    assert shared.locks == {"a.py": shared.ann.name, "b.py": shared.bob.name}


def test_what_the_second_users_command_needed_is_given_back(shared: Shared) -> None:
    shared.ann.fires("SessionStart", source="startup")
    assert shared.bob.command("PreToolUse", "git push") == {}
    assert shared.locks == {"git push": shared.bob.name}
    shared.bob.command("PostToolUse", "git push")
    assert shared.locks == {}


def test_nobody_edits_while_the_other_users_command_may_change_anything(shared: Shared) -> None:
    assert shared.ann.command("PreToolUse", "git stash") == {}
    denied = shared.bob.edits("b.py")["permissionDecisionReason"]
    assert f"is held by {shared.ann.name}" in denied
    assert f"{shared.shop}/" in denied
    shared.ann.command("PostToolUse", "git stash")
    assert shared.bob.edits("b.py") == {}
    denied = shared.ann.command("PreToolUse", "git stash")["permissionDecisionReason"]
    assert f"b.py is held by {shared.bob.name}" in denied


def test_a_config_of_the_other_user_is_said_not_to_count(shared: Shared) -> None:
    """Whoever is not obeyed works in another project, and the two do not meet."""
    os.chown(shared.shop / ".coord.toml", ANN, GROUP)
    said = f"coord does not obey {shared.shop}/.coord.toml: it belongs to another user"
    bob = shared.bob
    assert said in bob.coord("lock", "a.py")
    assert said in bob.fires("SessionStart", source="startup")["additionalContext"]
    (refusal,) = bob.coord("guard", "pre-push").splitlines()
    assert refusal == said + ". Set COORD_URL and COORD_PROJECT, or make it your own."
    trusted = {"COUNT": "1", "KEY_0": "safe.directory", "VALUE_0": "*"}
    variables = {f"GIT_CONFIG_{name}": value for name, value in trusted.items()}
    guard = bob.runs(sys.executable, "-m", "coord.client", "guard", "pre-commit", **variables)
    assert said in guard.stderr
    assert said in bob.coord("doctor", code=1)
    assert f"{shared.shop}/.coord.toml belongs to another user" in bob.coord("whoami")
    assert said not in bob.coord("lock", "b.py", COORD_PROJECT="theirs")
    assert said not in shared.ann.coord("lock", "a.py")


def test_what_each_queued_is_sent_by_each(shared: Shared) -> None:
    for user in (shared.ann, shared.bob):
        user.coord("set", "api", "built", COORD_URL=CLOSED)
        user.coord("set", f"of-{user.uid}", "built", "--url", CLOSED)
    for user in (shared.ann, shared.bob):
        assert "Permission denied" not in user.coord("queue", "--url", CLOSED)
    assert list((shared.shop / ".claude").iterdir()) == []


def test_the_other_users_queue_of_a_shell_is_said_and_left_as_it_is(shared: Shared) -> None:
    queue = shared.shop / ".claude" / "coord-queue.jsonl"
    body = {"from_session": "web-1/ann", "subject": "from a shell", "project_key": shared.project}
    done = shared.ann.runs(
        "sh", "-c", f"umask 002; cat >> {queue}", given=shell_line(body=body | {"body": "x"})
    )
    assert done.returncode == 0, done.stderr
    before = queue.stat()
    assert (before.st_gid, before.st_mode & 0o777) == (GROUP, 0o664)
    result = shared.bob.fires("SessionStart", source="startup")["additionalContext"]
    assert "belongs to another user" in result
    assert "away" not in result
    shared.bob.coord("sync")
    assert os.path.samestat(queue.stat(), before)
    assert (queue.stat().st_gid, queue.stat().st_mode & 0o777) == (GROUP, 0o664)
    shared.ann.coord("sync")
    messages = shared.service.call("GET", f"/messages?project_key={shared.project}").json["items"]
    assert [row["subject"] for row in messages] == ["from a shell"]
    assert not queue.exists()


def test_an_error_of_the_system_is_said_as_it_is(shared: Shared) -> None:
    """bob's own state, made root's by a `sudo coord`."""
    shared.bob.coord("set", "api", "built", COORD_URL=CLOSED)
    for path in (shared.bob.home / "state").rglob("*"):
        os.chown(path, 0, 0)
    os.chown(shared.bob.home / "state" / "coord", 0, 0)
    shared.service.call("GET", "/livez")
    result = shared.bob.coord("lock", "x")
    assert "away" not in result
    assert shared.locks["x"]
    lost = shared.bob.coord("set", "api", "built", code=5, COORD_URL=CLOSED)
    assert "not queued for later" in lost
    assert any(word in lost for word in ("Permission denied", "another user", "user's own"))
