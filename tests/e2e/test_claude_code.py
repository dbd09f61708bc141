"""What a team gets: the real Claude Code in a repository that `coord init` has set up, with the
`coord` that `install.sh` has installed.

The model is a script (tests/e2e/claude.py), everything else is real: the CLI, its hooks, the
service, the queue, git.
"""

import contextlib
import json
import os
import subprocess
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import agents
from tests.e2e.claude import Claude, ModelStub, Session, Use, model_stub
from tests.faults.proxy import Proxy
from tests.service import Service, environment, running, until

pytestmark = pytest.mark.skipif(
    agents.missing("claude") is not None, reason=agents.missing("claude") or ""
)


@pytest.fixture(scope="module")
def model() -> Iterator[ModelStub]:
    with model_stub() as model:
        yield model
    assert model.strangers == []


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    with running(folder, f"sqlite:///{folder}/coord.db") as service:
        yield service


class Team:
    """A machine with `coord` on it, and a repository with coord's hooks."""

    def __init__(self, folder: Path, model: ModelStub, service: Service) -> None:
        self.service = service
        self.project = f"shop-{uuid.uuid4().hex[:8]}"
        self.home = folder / "home"
        self.shop = folder / "shop"
        self.claude = Claude(
            self.home,
            model,
            PATH=f"{self.home}/.local/bin:{os.environ['PATH']}",
            COORD_HOST="web-1",
            **git_identity(),
        )
        self.shop.mkdir()
        self.does("git", "init", "-q", "-b", "main")
        installer = service.call("GET", "/client/install.sh").body
        done = subprocess.run(["sh"], input=installer, env=self.environment, capture_output=True)
        assert done.returncode == 0, (done.stdout + done.stderr).decode()
        self.does("coord", "init", "--yes", "--url", service.url, "--project", self.project)

    @property
    def environment(self) -> dict[str, str]:
        kept = environment()
        return {
            name: value for name, value in kept.items() if not name.startswith(("XDG_", "CLAUDE"))
        } | self.claude.environment

    def does(self, *command: str, code: int = 0, **more: str) -> str:
        """A command in the repository, as a person or a git hook runs it; what it said."""
        done = self.ends(*command, code=code, **more)
        return done.stdout + done.stderr

    def ends(self, *command: str, code: int, **more: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command, cwd=self.shop, env=self.environment | more, capture_output=True, text=True
        )
        assert done.returncode == code, (command, done.stdout, done.stderr)
        return done

    def opens(self) -> Session:
        return self.claude.open(self.shop)

    def write(self, path: str, content: str) -> Use:
        return Use("Write", file_path=str(self.shop / path), content=content)

    @property
    def locks(self) -> dict[str, str]:
        return {
            row["resource"]: row["session_id"]
            for row in self.service.call("GET", f"/locks?project_key={self.project}").json["items"]
        }

    @property
    def events(self) -> Counter[tuple[str, str]]:
        """How often what happened to what: type and subject's id."""
        rows = self.service.call(
            "GET", f"/events?after=0&project_key={self.project}&limit=500"
        ).json["items"]
        return Counter((row["type"], row["subject"]["id"]) for row in rows)

    @property
    def queue(self) -> list[dict[str, Any]]:
        printed = self.ends("coord", "queue", "--json", code=0).stdout
        waiting: list[dict[str, Any]] = json.loads(printed)["waiting"]
        return waiting


@pytest.fixture
def lines() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as stack:
        yield stack


def git_identity() -> dict[str, str]:
    who = {"NAME": "x", "EMAIL": "x@example.org"}
    named = {
        f"GIT_{role}_{name}": value
        for role in ("AUTHOR", "COMMITTER")
        for name, value in who.items()
    }
    return {**named, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


@pytest.fixture
def team(tmp_path: Path, model: ModelStub, served: Service) -> Team:
    if not served.is_running:
        served.start()
    return Team(tmp_path, model, served)


def name_of(session: Session) -> str:
    return f"web-1/claude-{session.session_id[-8:]}"


def test_the_second_session_is_denied_what_the_first_edits_and_sees_why(team: Team) -> None:
    with team.opens() as one, team.opens() as two:
        one.ask("Rework the order model", team.write("orders.py", "one\n"))
        assert team.locks == {"orders.py": name_of(one)}
        two.ask("Fix the typo", team.write("orders.py", "two\n"), "Then not.")
        (result,) = team.claude.model.asked(two.caller)[-1].results
        assert f"orders.py is held by {name_of(one)}" in result
        assert "Rework the order model" not in result  # prompts stay on the machine
        assert "--wait" in result
        assert (team.shop / "orders.py").read_text() == "one\n"
        one.close()
        two.ask("Again", team.write("orders.py", "two\n"))
        assert (team.shop / "orders.py").read_text() == "two\n"
    assert team.locks == {}


def test_what_one_session_sends_the_other_is_shown(team: Team) -> None:
    with team.opens() as one, team.opens() as two:
        two.ask("Hello", "Hello.")
        send = f'coord send --to {name_of(two)} "The API moves" "Use /v2 from now on."'
        one.ask("Tell the other", Use("Bash", command=send, description="send"))
        two.ask("Go on", "Yes.")
        shown = team.claude.model.asked(two.caller)[-1].news
        assert f"{name_of(one)} -> {name_of(two)}: The API moves" in shown
        assert "Use /v2 from now on." in shown
        two.ask("And on", "Yes.")
        assert "The API moves" not in team.claude.model.asked(two.caller)[-1].news


def test_a_push_waits_for_nobody_that_does_not_push_and_holds_its_lock_just_so_long(
    team: Team,
) -> None:
    seen = team.shop / "seen.txt"
    with team.opens() as one:
        one.ask(
            "Push",
            Use(
                "Bash",
                command=f"git push nowhere main; coord locks --json > {seen}",
                description="push",
            ),
        )
        assert name_of(one) in seen.read_text()
        assert "git push" in seen.read_text()
        assert "git push" not in team.locks


def test_a_command_that_changes_what_another_session_holds_is_denied(team: Team) -> None:
    team.does("git", "add", ".")
    team.does("git", "commit", "-qm", "first")
    with team.opens() as one, team.opens() as two:
        one.ask("Begin", team.write("orders.py", "one\n"))
        for command in ("sed -i s/one/two/ orders.py", "git add -A && git stash -u"):
            two.ask("Change it", Use("Bash", command=command, description="x"), "Then not.")
            (result,) = team.claude.model.asked(two.caller)[-1].results
            assert f"orders.py is held by {name_of(one)}" in result
            assert f"in project {team.project}" in result
        assert (team.shop / "orders.py").read_text() == "one\n"
        assert team.locks == {"orders.py": name_of(one)}
        two.ask("Mine", Use("Bash", command="echo mine > own.txt", description="x"))
        assert team.locks == {"orders.py": name_of(one), "own.txt": name_of(two)}


def test_a_push_of_another_repository_is_locked_in_its_project(team: Team) -> None:
    lib, seen = team.home / "lib", team.home / "seen.json"
    lib.mkdir()
    team.does("git", "init", "-q", str(lib))
    (lib / ".coord.toml").write_text(f'project = "{team.project}-lib"\n')
    command = f"git -C {lib} push nowhere; coord --project {team.project}-lib locks --json > {seen}"
    with team.opens() as one:
        one.ask("Push the library", Use("Bash", command=command, description="push"))
        (lock,) = json.loads(seen.read_text())["items"]
        assert (lock["resource"], lock["session_id"]) == ("git push", name_of(one))
        assert "git push" not in team.locks


def test_a_command_that_is_not_allowed_leaves_no_lock(team: Team) -> None:
    refused = json.dumps({"permissions": {"deny": ["Bash(git push:*)"]}})
    with team.claude.open(team.shop, "--settings", refused) as one:
        one.ask(
            "Push", Use("Bash", command="git push origin main", description="push"), "Not then."
        )
        (result,) = team.claude.model.asked(one.caller)[-1].results
        assert "denied" in result.lower() or "permission" in result.lower()
        until(lambda: "git push" not in team.locks, 10, "the lock's release")


def test_a_session_that_is_resumed_elsewhere_goes_on_when_one_of_the_two_ends(team: Team) -> None:
    with team.opens() as one:
        one.ask("Begin", team.write("orders.py", "one\n"))
        with team.claude.open(team.shop, session_id=one.session_id, resume=True) as again:
            again.ask("Go on", team.write("cart.py", "two\n"))
            assert again.session_id == one.session_id
        assert team.locks == {"orders.py": name_of(one), "cart.py": name_of(one)}
    assert team.locks == {}


def test_subagents_keep_out_of_each_other_s_way(team: Team) -> None:
    task = {"subagent_type": "general-purpose", "description": "x", "run_in_background": False}
    with team.opens() as one:
        team.claude.model.plays_agent("FIRST TASK", team.write("a.py", "first\n"))
        one.ask("Delegate", Use("Task", prompt="FIRST TASK", **task), "Fine.")
        assert (team.shop / "a.py").read_text() == "first\n"
        assert team.locks == {}, "what a subagent held is free when it stops"


def test_with_coord_away_both_work_on_and_the_next_session_sends_each_call_once(
    team: Team, lines: contextlib.ExitStack
) -> None:
    config = team.shop / ".coord.toml"
    line = lines.enter_context(Proxy(team.service.port))
    url = f"http://127.0.0.1:{line.port}"
    config.write_text(config.read_text().replace(team.service.url, url))
    team.does("coord", "trust", url)
    with team.opens() as one, team.opens() as two:
        one.ask("Begin", team.write("a.py", "1\n"))
        line.refuse()
        one.ask(
            "Go on",
            team.write("b.py", "1\n"),
            Use("Bash", command='coord send "While you were away" "one was here"', description="s"),
        )
        two.ask(
            "Go on",
            team.write("c.py", "2\n"),
            Use("Bash", command="coord set api degraded --notes seen", description="s"),
        )
        for name, session in (("b.py", one), ("c.py", two)):
            assert (team.shop / name).exists()
            assert any(
                "coord is away" in request.shown
                for request in team.claude.model.asked(session.caller)
            )
        assert team.queue
    line.forward()
    with team.opens() as three:
        three.ask("Hello", "Hello.")
        assert "coord is back" in team.claude.model.asked(three.caller)[0].shown
        assert team.queue == []
        happened = Counter(kind for kind, _ in team.events.elements())
        assert [
            happened[kind] for kind in ("lock.claimed", "message.sent", "component.changed")
        ] == [1, 1, 1], "each call arrived once"
        assert not {"b.py", "c.py"} & set(team.locks), "their sessions are over"


def test_claude_lists_coord_s_mcp_server_as_connected(team: Team) -> None:
    added = team.claude.command(
        "mcp",
        "add",
        "--transport",
        "http",
        "--scope",
        "user",
        "coord",
        f"{team.service.url}/mcp",
        project=team.shop,
    )
    assert added.code == 0, added.out
    assert "Connected" in team.claude.mcp_list(team.shop)


def test_claude_calls_every_tool_of_coord_s_mcp_server(team: Team) -> None:
    me = {"session_id": "web-1/mcp", "project_key": team.project}
    calls: dict[str, dict[str, Any]] = {
        "checkin": {"task": "Totals"},
        "lock": {"resources": ["src/cart.py"]},
        "locks": {},
        "component": {"component": "web", "state": "built"},
        "work": {"action": "add_workflow", "name": "Checkout"},
        "send": {"subject": "Cart", "body": "mine for a minute"},
        "inbox": {},
        "unlock": {"release_all": True},
    }
    team.claude.command(
        "mcp",
        "add",
        "--transport",
        "http",
        "--scope",
        "user",
        "coord",
        f"{team.service.url}/mcp",
        project=team.shop,
    )
    with team.claude.open(team.shop, "--allowedTools", "mcp__coord") as one:
        one.ask(
            "All of it", *(Use(f"mcp__coord__{name}", **me, **more) for name, more in calls.items())
        )
        asked = team.claude.model.asked(one.caller)
        answers = [json.loads(result) for request in asked for result in request.results]
    offered = {name for name in asked[0].tools if name.startswith("mcp__coord__")}
    assert offered <= {f"mcp__coord__{name}" for name in calls}
    assert len(answers) == len(calls)
    assert [answer for answer in answers if "error" in answer] == []
    assert answers[-1]["released"] == 1


def test_a_git_hook_refuses_a_commit_of_what_a_claude_session_edits(team: Team) -> None:
    team.does("coord", "guard", "install", "--yes")
    with team.opens() as one:
        one.ask("Rework", team.write("orders.py", "one\n"))
        team.does("git", "add", "orders.py")
        result = team.does("git", "commit", "-qm", "x", code=1, COORD_SESSION="web-1/somebody")
        assert f"orders.py: {name_of(one)} (Claude Code" in result
        assert "Rework" not in result
    team.does("git", "commit", "-qm", "x", COORD_SESSION="web-1/somebody")


def test_a_git_hook_lets_commits_pass_while_coord_is_away(team: Team) -> None:
    team.does("coord", "guard", "install", "--yes")
    (team.shop / "a.py").write_text("x\n")
    team.does("git", "add", "a.py")
    team.service.stop()
    assert "the commit goes on" in team.does("git", "commit", "-qm", "x")
