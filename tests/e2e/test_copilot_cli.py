"""The real GitHub Copilot CLI in a repository that `coord init` has set up for Claude Code: it runs
the hooks of `.claude/settings.json` too, and has words of its own for them.
"""

import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import agents
from tests.e2e.copilot import BY_EDITS, BY_PATCHES, Copilot, Model, Use, model
from tests.service import Service, environment, running

pytestmark = pytest.mark.skipif(
    agents.missing("copilot") is not None, reason=agents.missing("copilot") or ""
)

PATCH = "*** Begin Patch\n{}\n*** End Patch"
ADD = "*** Add File: {}\n+mine"
UPDATE = "*** Update File: {}\n@@\n-theirs\n+mine"


class Team:
    """A repository with coord's hooks, in which Copilot works beside another session."""

    def __init__(self, folder: Path, played: Model, service: Service) -> None:
        self.service = service
        self.project = f"shop-{uuid.uuid4().hex[:8]}"
        self.shop = folder / "shop"
        home = folder / "home"
        self.copilot = Copilot(home, played)
        self.variables = {
            "HOME": str(home),
            "PATH": f"{home}/.local/bin:{os.environ['PATH']}",
            "COORD_HOST": "web-1",
        }
        self.shop.mkdir()
        self._does("git", "init", "-q", "-b", "main")
        self._does("sh", "-c", f"curl -fsS {service.url}/client/install.sh | sh")
        self._does("coord", "init", "--yes", "--url", service.url, "--project", self.project)

    def _does(self, *command: str) -> None:
        done = subprocess.run(
            command, cwd=self.shop, env=environment() | self.variables, capture_output=True
        )
        assert done.returncode == 0, (done.stdout + done.stderr).decode()

    def works(self, *turns: Use, offers: str = BY_EDITS) -> str:
        return self.copilot.run(self.shop, "Begin", *turns, offers=offers, **self.variables)

    def theirs(self, name: str) -> None:
        """A file that another session holds."""
        (self.shop / name).write_text("theirs\n")
        body = {"project_key": self.project, "session_id": "db-1/x", "resource": name}
        assert self.service.call("POST", "/locks", body).status in (200, 201)

    def events(self, kind: str) -> list[dict[str, Any]]:
        rows = self.service.call("GET", f"/events?project_key={self.project}&type={kind}").json
        return [row for row in rows["items"] if row["session_id"] != "db-1/x"]


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    folder = tmp_path_factory.mktemp("service")
    with running(folder, f"sqlite:///{folder}/coord.db") as service, model() as played:
        yield Team(tmp_path_factory.mktemp("team"), played, service)


@pytest.mark.parametrize(
    ("offers", "turn"),
    [
        pytest.param(
            BY_EDITS,
            Use("edit", {"path": "{shop}/held.py", "old_str": "theirs", "new_str": "mine"}),
            id="edit",
        ),
        pytest.param(
            BY_EDITS, Use("create", {"path": "{shop}/held.py", "file_text": "mine"}), id="create"
        ),
        pytest.param(
            BY_PATCHES,
            Use(
                "apply_patch", PATCH.format(ADD.format("free.py") + "\n" + UPDATE.format("held.py"))
            ),
            id="patch",
        ),
    ],
)
def test_what_another_session_holds_is_not_changed(team: Team, offers: str, turn: Use) -> None:
    team.theirs("held.py")
    if isinstance(turn.arguments, dict):
        path = turn.arguments["path"].format(shop=team.shop)
        turn = Use(turn.tool, {**turn.arguments, "path": path})
    team.works(turn, offers=offers)
    assert (team.shop / "held.py").read_text() == "theirs\n"
    assert not (team.shop / "free.py").exists()
    assert "held.py is held by db-1/x" in team.copilot.shown


@pytest.mark.parametrize(
    ("offers", "turn"),
    [
        pytest.param(BY_EDITS, Use("create", {"path": "{}", "file_text": "mine"}), id="create"),
        pytest.param(BY_PATCHES, Use("apply_patch", PATCH.format(ADD.format("{}"))), id="patch"),
    ],
)
def test_what_it_edits_is_claimed_under_its_own_name_and_released_at_the_end(
    team: Team, offers: str, turn: Use
) -> None:
    name = f"{offers}.py"
    if isinstance(turn.arguments, dict):
        turn = Use(turn.tool, {**turn.arguments, "path": str(team.shop / name)})
    else:
        turn = Use(turn.tool, turn.arguments.format(name))
    team.works(turn, offers=offers)
    assert (team.shop / name).read_text().strip() == "mine"
    (claimed,) = [row for row in team.events("lock.claimed") if row["data"]["resource"] == name]
    assert claimed["session_id"].startswith("web-1/copilot-")
    assert claimed["data"]["description"] == "Copilot CLI"
    released = {row["subject"]["id"] for row in team.events("lock.released")}
    assert claimed["subject"]["id"] in released


def test_a_broadcast_is_shown_before_it_is_marked_as_read(team: Team) -> None:
    body = {
        "from_session": "db-1/x",
        "project_key": team.project,
        "subject": "Look here",
        "body": "the schema moves",
    }
    sent = team.service.call("POST", "/messages", body).json["id"]
    team.works()
    assert "the schema moves" in team.copilot.shown
    (reader,) = team.service.call("GET", f"/messages/{sent}").json["read_by"]
    assert reader["session_id"].startswith("web-1/copilot-")


def test_coord_in_its_shell_is_the_same_session(team: Team) -> None:
    team.works(Use("bash", {"command": "coord whoami", "description": "x"}))
    name = team.events("session.announced")[-1]["session_id"]
    assert name.startswith("web-1/copilot-")
    assert name in team.copilot.shown
