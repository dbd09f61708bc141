"""`coord hook`, event by event, as a process of its own against the real service.

What the real Claude Code makes of it: tests/e2e.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coord.client import hook
from coord.client.hook.context import MAX_SENTENCE, HookContext
from coord.client.hook.dialects import CLAUDE
from coord.client.hook.event import HookEvent
from coord.client.queue import Call, Queue
from coord.client.workspace import Workspace
from tests.client.cli.conftest import answering
from tests.faults.proxy import Proxy
from tests.service import ROOT, Service, environment, running

CLOSED = "http://127.0.0.1:1"


class Repository:
    """A checkout that no other test knows, so its project is nobody else's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = f"p{uuid.uuid4().hex[:12]}"
        subprocess.run(["git", "init", "-q", folder], check=True)
        self.config("")

    def config(self, more: str) -> None:
        (self.folder / ".coord.toml").write_text(f'project = "{self.project}"\n{more}')

    def state(self, url: str) -> Path:
        """Where the user's client keeps what it remembers of it."""
        return Path(Workspace(str(self.folder), url).state_folder)

    def queued(self, url: str) -> list[Call]:
        return Queue.of(Workspace(str(self.folder), url)).waiting()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "shop")


class Session:
    """A Claude Code session, as its hooks see it."""

    def __init__(
        self,
        repository: Repository,
        url: str,
        agent: str | None = None,
        session_id: str | None = None,
    ) -> None:
        self.repository = repository
        self.url = url
        self.agent = agent
        self.session_id = session_id or str(uuid.uuid4())
        self.shares_prompt = False
        self.command = "tests.client.patient"
        self.name = f"web-1/claude-{self.session_id[-8:]}" + (f"/{agent}" if agent else "")

    def subagent(self) -> Session:
        return Session(self.repository, self.url, f"a{uuid.uuid4().hex[:16]}", self.session_id)

    def run(self, given: bytes, **more: str) -> subprocess.CompletedProcess[bytes]:
        variables = environment(URL=self.url, HOST="web-1") | {
            "CLAUDE_PROJECT_DIR": str(self.repository.folder),
            "PYTHONPATH": str(ROOT),
        }
        if self.shares_prompt:
            variables["COORD_SHARE_PROMPT"] = "1"
        return subprocess.run(
            [sys.executable, "-m", self.command, "hook"],
            input=given,
            capture_output=True,
            env=variables | more,
            cwd=self.repository.folder,
        )

    def fires(self, event: str, **given: Any) -> dict[str, Any]:
        """The event; what the hook answered to it."""
        told = {
            "session_id": self.session_id,
            "cwd": str(self.repository.folder),
            "hook_event_name": event,
            **given,
        }
        if self.agent:
            told |= {"agent_id": self.agent, "agent_type": "general-purpose"}
        done = self.run(json.dumps(told).encode())
        assert (done.returncode, done.stderr) == (0, b"")
        assert not Path(hook.log_path()).exists(), "the hook failed inside"
        if not done.stdout:
            return {}
        assert not list(self.repository.folder.glob(".claude/coord-*")), (
            "the hook wrote into the checkout"
        )
        answer = json.loads(done.stdout)["hookSpecificOutput"]
        assert answer.pop("hookEventName") == event
        return dict(answer)

    def starts(self, source: str = "startup") -> str:
        return str(self.fires("SessionStart", source=source)["additionalContext"])

    def edits(self, path: str, tool: str = "Edit") -> dict[str, Any]:
        name = "notebook_path" if tool == "NotebookEdit" else "file_path"
        return self.fires(
            "PreToolUse",
            tool_name=tool,
            tool_input={name: str(self.repository.folder / path)},
            tool_use_id="toolu_e",
        )

    def changes(self, path: str) -> None:
        """The whole of an edit that is allowed."""
        assert self.edits(path) == {}
        with (self.repository.folder / path).open("a") as file:
            file.write("y\n")
        assert self.fires("PostToolUse", tool_name="Edit", tool_use_id="toolu_e") == {}

    def before(self, command: str, use: str = "toolu_1", **more: Any) -> dict[str, Any]:
        return self.fires(
            "PreToolUse", tool_name="Bash", tool_input={"command": command, **more}, tool_use_id=use
        )

    def after(
        self, command: str, use: str = "toolu_1", event: str = "PostToolUse"
    ) -> dict[str, Any]:
        return self.fires(event, tool_name="Bash", tool_input={"command": command}, tool_use_id=use)

    def prompts(self, prompt: str = "Go on") -> str:
        return str(self.fires("UserPromptSubmit", prompt=prompt).get("additionalContext", ""))

    def ends(self) -> None:
        assert self.fires("SessionEnd", reason="other") == {}


@pytest.fixture
def one(repository: Repository, service: Service) -> Session:
    return Session(repository, service.url)


class Line:
    """The way to the service, which can break."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self.url = f"http://127.0.0.1:{proxy.port}"

    def breaks(self) -> None:
        self._proxy.refuse()

    def mends(self) -> None:
        self._proxy.forward()


@pytest.fixture
def line(service: Service) -> Iterator[Line]:
    with Proxy(service.port) as proxy:
        yield Line(proxy)


@pytest.fixture
def two(repository: Repository, service: Service) -> Session:
    return Session(repository, service.url)


def locks(service: Service, repository: Repository, **more: str) -> dict[str, str]:
    """Who holds what in the project."""
    query = "".join(f"&{name}={value}" for name, value in more.items())
    rows = service.call("GET", f"/locks?project_key={repository.project}{query}").json["items"]
    return {row["resource"]: row["session_id"] for row in rows}


def send(
    service: Service,
    repository: Repository,
    to: Session | None,
    subject: str,
    body: str = "…",
    **more: Any,
) -> str:
    told = {
        "from_session": "db-1/agent",
        "project_key": repository.project,
        "subject": subject,
        "body": body,
        **more,
    }
    answer = service.call(
        "POST", "/messages", told if to is None else {**told, "to_session": to.name}
    )
    assert answer.status == 201
    return str(answer.json["id"])


# --- an edit --------------------------------------------------------------------------------------


def test_a_warning_is_one_bounded_line_whatever_it_repeats(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(repository.folder))
    context = HookContext(HookEvent({"hook_event_name": "SessionStart"}), CLAUDE)
    context.warn_once(f"coord is away:\n<system>\x1b[2J {'x' * MAX_SENTENCE}")
    (warning,) = context.context
    assert not {"\n", "\x1b", "<"} & {*warning}
    assert len(warning) == MAX_SENTENCE


@pytest.mark.parametrize("has_waiting", [False, True], ids=["nothing", "something"])
def test_where_something_else_answers_nothing_is_promised_and_nothing_lost(
    repository: Repository, has_waiting: bool
) -> None:
    """`has_waiting`: of the session's own calls."""
    with answering(200, {"ok": True}) as url:
        session, kept = Session(repository, url), "/api/coord/components/shop/api"
        queue = Queue.of(Workspace(str(repository.folder), url))
        if has_waiting:
            queue.append(Call("PUT", kept, {"state": "built"}))
        told = session.starts()
        assert f"Something that is not coord answers 200 at {url}" in told
        assert "claimed for you" not in told
        assert session.edits("src/app.py") == {}
    assert queue.rejected() == []
    assert [call.path for call in queue.waiting()][: int(has_waiting)] == [kept] * has_waiting


@pytest.mark.parametrize("tool", ["Edit", "Write", "MultiEdit", "NotebookEdit"])
def test_a_file_is_claimed_before_it_is_changed(
    one: Session, service: Service, repository: Repository, tool: str
) -> None:
    assert one.edits("src/app.py", tool) == {}
    assert locks(service, repository) == {"src/app.py": one.name}


def test_an_edit_of_what_another_session_holds_is_denied_with_who_why_until_when_and_what_to_do(
    one: Session, two: Session
) -> None:
    one.shares_prompt = True
    one.prompts("Rework the order model\nand its tests")
    one.edits("src/app.py")
    answer = two.edits("src/app.py")
    assert answer["permissionDecision"] == "deny"
    reason = answer["permissionDecisionReason"]
    assert f"src/app.py is held by {one.name} since 20" in reason
    assert '("Claude Code: Rework the order model and its tests")' in reason
    assert ", until 20" in reason
    assert "go on with something else" in reason
    assert "coord lock " in reason
    assert f"coord send --to={one.name} -- src/app.py" in reason


@pytest.mark.parametrize(
    "config",
    ["", "[hook]\nshare_prompt = true\n"],
    ids=["by default", "a repository cannot say otherwise"],
)
def test_what_a_session_was_asked_stays_its_own(
    one: Session, two: Session, repository: Repository, config: str
) -> None:
    repository.config(config)
    one.prompts("A secret")
    one.edits("a.py")
    assert "secret" not in two.edits("a.py")["permissionDecisionReason"]


def test_a_repository_can_keep_to_itself_what_a_user_would_share(
    one: Session, two: Session, repository: Repository
) -> None:
    repository.config("[hook]\nshare_prompt = false\n")
    one.shares_prompt = True
    one.prompts("A secret")
    one.edits("a.py")
    assert "secret" not in two.edits("a.py")["permissionDecisionReason"]


def test_a_tree_that_another_session_claimed_covers_the_files_below(
    one: Session, two: Session, service: Service, repository: Repository
) -> None:
    claim = {
        "project_key": repository.project,
        "session_id": one.name,
        "resource": "src/",
        "description": "moving all of it",
    }
    assert service.call("POST", "/locks", claim).status == 201
    assert "src/ is held by" in two.edits("src/deep/app.py")["permissionDecisionReason"]
    assert one.edits("src/deep/app.py") == {}


def test_editing_again_renews_the_claim(
    one: Session, service: Service, repository: Repository
) -> None:
    for _ in range(2):
        assert one.edits("a.py") == {}
    assert len(locks(service, repository, state="all")) == 1


def test_a_worktree_s_file_is_the_same_file(
    one: Session, two: Session, repository: Repository
) -> None:
    git = ["git", "-C", str(repository.folder), "-c", "user.name=x", "-c", "user.email=x@y"]
    subprocess.run([*git, "add", ".coord.toml"], check=True)
    subprocess.run([*git, "commit", "-qm", "x"], check=True)
    subprocess.run(
        [*git, "worktree", "add", "-q", ".claude/worktrees/feature"],
        check=True,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    one.edits("src/app.py")
    assert (
        "src/app.py is held by"
        in two.edits(".claude/worktrees/feature/src/app.py")["permissionDecisionReason"]
    )


def test_claude_s_own_notes_are_nobody_else_s(
    one: Session, service: Service, repository: Repository, tmp_path: Path
) -> None:
    assert one.edits("/tmp/scratch.txt") == {}
    assert one.edits(str(Path.home() / ".claude" / "plans" / "x.md")) == {}
    assert locks(service, repository) == {}


# --- subagents ------------------------------------------------------------------------------------


def test_subagents_are_told_apart(one: Session) -> None:
    first, second = one.subagent(), one.subagent()
    assert first.edits("a.py") == {}
    assert f"held by {first.name}" in second.edits("a.py")["permissionDecisionReason"]
    assert "a subagent of yours" in one.edits("a.py")["permissionDecisionReason"]


def test_a_subagent_takes_over_what_its_session_edited(
    one: Session, service: Service, repository: Repository
) -> None:
    one.edits("a.py")
    agent = one.subagent()
    assert agent.edits("a.py") == {}
    assert locks(service, repository) == {"a.py": agent.name}


def test_a_subagent_works_under_what_its_session_claimed_on_purpose(
    one: Session, two: Session, service: Service, repository: Repository
) -> None:
    for resource in ("src/", "a.py"):
        service.call(
            "POST",
            "/locks",
            {
                "project_key": repository.project,
                "session_id": one.name,
                "resource": resource,
                "description": "mine",
            },
        )
    agent = one.subagent()
    assert agent.edits("src/x.py") == {}
    assert agent.edits("a.py") == {}
    assert locks(service, repository) == {"src/": one.name, "a.py": one.name}


def test_what_a_subagent_held_is_free_when_it_stops(
    one: Session, service: Service, repository: Repository
) -> None:
    agent = one.subagent()
    agent.edits("a.py")
    assert agent.fires("SubagentStop") == {}
    assert locks(service, repository) == {}


def test_a_subagent_is_not_shown_broadcasts_again(
    one: Session, service: Service, repository: Repository
) -> None:
    send(service, repository, None, "for all")
    assert (
        one.subagent().fires("PostToolUse", tool_name="Read", tool_input={}, tool_use_id="t") == {}
    )


# --- commands -------------------------------------------------------------------------------------


def test_a_push_holds_its_lock_while_it_runs(
    one: Session, two: Session, service: Service, repository: Repository
) -> None:
    assert one.before("cd web && git push origin main") == {}
    assert locks(service, repository) == {"git push": one.name}
    assert (
        f"git push is held by {one.name}"
        in two.before("git push", "toolu_2")["permissionDecisionReason"]
    )
    assert one.after("cd web && git push origin main") == {}
    assert locks(service, repository) == {}


def test_a_command_that_failed_gives_its_lock_back_too(
    one: Session, service: Service, repository: Repository
) -> None:
    one.before("make deploy")
    one.after("make deploy", event="PostToolUseFailure")
    assert locks(service, repository) == {}


def test_a_command_that_was_interrupted_gives_its_lock_back_at_the_next_prompt(
    one: Session, service: Service, repository: Repository
) -> None:
    one.before("git push")
    one.prompts()
    assert locks(service, repository) == {}


def test_what_claude_code_reports_by_itself_is_not_what_the_session_was_asked(
    one: Session, two: Session
) -> None:
    one.shares_prompt = True
    one.prompts("Rework the orders")
    one.prompts("<task-notification>done</task-notification>")
    one.edits("a.py")
    assert '("Claude Code: Rework the orders")' in two.edits("a.py")["permissionDecisionReason"]


def test_a_lock_that_the_session_had_before_the_command_stays(
    one: Session, service: Service, repository: Repository
) -> None:
    service.call(
        "POST",
        "/locks",
        {"project_key": repository.project, "session_id": one.name, "resource": "git push"},
    )
    one.before("git push")
    one.after("git push")
    assert locks(service, repository) == {"git push": one.name}


def test_a_command_in_the_background_keeps_its_lock_and_says_so(
    one: Session, service: Service, repository: Repository
) -> None:
    told = one.before("./deploy.sh", run_in_background=True)["additionalContext"]
    one.after("./deploy.sh")
    assert locks(service, repository) == {"deploy": one.name}
    assert "coord unlock -- deploy" in told


def test_of_several_locks_none_stays_when_one_is_refused(
    one: Session, two: Session, service: Service, repository: Repository
) -> None:
    one.before("git push")
    assert "deny" in two.before("make deploy && git push", "toolu_2")["permissionDecision"]
    assert locks(service, repository) == {"git push": one.name}


def test_a_project_names_commands_of_its_own(
    one: Session, service: Service, repository: Repository
) -> None:
    repository.config(
        '[hook]\ndefault_commands = false\n[[hook.commands]]\npattern = "bin/import'
        ' (\\\\w+)"\nresource = "import \\\\1"\n'
    )
    one.before("bin/import orders && git push")
    assert locks(service, repository) == {"import orders": one.name}


def test_a_pattern_that_is_none_is_named_and_blocks_nothing(
    one: Session, repository: Repository
) -> None:
    repository.config('[[hook.commands]]\npattern = "("\nresource = "x"\n')
    answer = one.before("git push")
    assert "permissionDecision" not in answer
    assert "not a regular expression" in answer["additionalContext"]


# --- messages -------------------------------------------------------------------------------------


def test_a_session_begins_with_its_name_its_messages_and_what_others_hold(
    one: Session, two: Session, service: Service, repository: Repository
) -> None:
    two.shares_prompt = True
    two.prompts("Rename the API")
    two.edits("api.py")
    message = send(service, repository, None, "api is down", "Do not deploy.", importance="high")
    text = one.starts()
    assert f"you are {one.name} in project {repository.project}" in text
    assert "=== coord: 1 unread ===\n[high] db-1/agent -> all: api is down\n" in text
    assert message in text
    assert "\n| Do not deploy." in text
    assert (
        f"=== coord: 1 held by others ===\n- api.py: {two.name} (Claude Code: Rename the API),"
        " until 20" in text
    )


def test_a_message_is_shown_once(one: Session, service: Service, repository: Repository) -> None:
    message = send(service, repository, one, "hello")
    assert "hello" in one.prompts()
    assert one.prompts() == ""
    assert service.call("GET", f"/messages/{message}").json["read_at"] is not None


def test_long_work_is_told_of_messages_and_keeps_its_locks(
    one: Session, service: Service, repository: Repository
) -> None:
    one.edits("a.py")
    send(service, repository, one, "hurry")
    memory = repository.state(service.url) / "sessions"
    assert one.fires("PostToolUse", tool_name="Read", tool_input={}, tool_use_id="t") == {}, (
        "it was active a moment ago"
    )
    before = service.call("GET", f"/locks?project_key={repository.project}").json["items"][0][
        "expires_at"
    ]
    for file in memory.iterdir():
        os.utime(file, (0, 0))
    assert (
        "hurry"
        in one.fires("PostToolUse", tool_name="Read", tool_input={}, tool_use_id="t")[
            "additionalContext"
        ]
    )
    assert (
        service.call("GET", f"/locks?project_key={repository.project}").json["items"][0][
            "expires_at"
        ]
        > before
    )


def test_a_start_costs_no_more_than_its_bytes(
    one: Session, service: Service, repository: Repository
) -> None:
    repository.config("[hook]\nbanner_bytes = 2000\n")
    for number in range(30):
        send(service, repository, one, f"message {number}", "x" * 500)
        service.call(
            "POST",
            "/locks",
            {
                "project_key": repository.project,
                "session_id": "db-1/agent",
                "resource": f"file-{number}",
            },
        )
    text = one.starts()
    assert len(text.encode()) < 2000
    assert "30 unread" in text
    assert "more, left out)" in text
    assert "coord inbox" in text


def test_work_in_hand_is_shown_at_the_start(
    one: Session, service: Service, repository: Repository
) -> None:
    flow = service.call(
        "POST",
        "/workflows",
        {"project_key": repository.project, "name": "x", "created_by": "db-1/agent"},
    ).json["id"]
    service.call("POST", "/work-items", {"workflow_id": flow, "title": "Change the callers"})
    service.call("POST", "/work-items/claim", {"session_id": one.name, "workflow_id": flow})
    assert "=== coord: 1 in progress by you ===\n- Change the callers" in one.starts("resume")


# --- the end --------------------------------------------------------------------------------------


def test_at_the_end_nothing_is_held_any_more(
    one: Session, service: Service, repository: Repository
) -> None:
    one.starts()
    one.edits("a.py")
    one.subagent().edits("b.py")
    one.ends()
    assert locks(service, repository) == {}
    assert list((repository.state(service.url) / "sessions").iterdir()) == []


# --- coord is away --------------------------------------------------------------------------------


def test_while_coord_is_away_edits_go_on_and_it_is_said_once(repository: Repository) -> None:
    session = Session(repository, CLOSED)
    first, second = session.edits("a.py"), session.edits("b.py")
    assert "permissionDecision" not in first
    assert "coord is away" in first["additionalContext"]
    assert "without locks" in first["additionalContext"]
    assert second == {}
    assert [(call.method, (call.body or {})["resource"]) for call in repository.queued(CLOSED)] == [
        ("POST", "a.py"),
        ("POST", "b.py"),
    ]


def test_what_was_claimed_while_coord_was_away_is_claimed_by_the_next_session(
    repository: Repository, service: Service, line: Line
) -> None:
    session = Session(repository, line.url)
    line.breaks()
    session.edits("a.py")
    line.mends()
    text = Session(repository, line.url).starts()
    assert "1 queued calls were sent" in text
    assert locks(service, repository) == {"a.py": session.name}
    assert repository.queued(line.url) == []


def test_what_waits_for_one_server_is_not_sent_to_another(
    repository: Repository, service: Service
) -> None:
    session = Session(repository, CLOSED)
    session.edits("a.py")
    Session(repository, service.url).starts()
    assert locks(service, repository, state="all") == {}
    assert len(repository.queued(CLOSED)) == 1


def test_a_session_that_ended_while_coord_was_away_leaves_nothing_behind(
    repository: Repository, service: Service, line: Line
) -> None:
    session = Session(repository, line.url)
    line.breaks()
    session.edits("a.py")
    session.before("git push")
    session.after("git push")
    session.ends()
    line.mends()
    Session(repository, line.url).starts()
    assert locks(service, repository, state="all") == {}, (
        "a claim that was released in the queue is not made"
    )


def test_a_claim_that_turns_out_to_be_another_s_is_reported_once(
    repository: Repository, service: Service, line: Line
) -> None:
    session = Session(repository, line.url)
    line.breaks()
    session.edits("a.py")
    claim = {"project_key": repository.project, "session_id": "db-1/agent", "resource": "a.py"}
    assert service.call("POST", "/locks", claim).status == 201
    line.mends()
    assert (
        "=== coord: 1 of your queued calls were refused ===\nPOST /api/coord/locks"
        in Session(repository, line.url).starts()
    )
    assert "refused" not in Session(repository, line.url).starts()


def test_it_says_when_coord_is_back(repository: Repository, service: Service, line: Line) -> None:
    session = Session(repository, line.url)
    line.breaks()
    session.edits("a.py")
    line.mends()
    assert "coord is back" in session.edits("b.py")["additionalContext"]
    assert set(locks(service, repository)) == {"a.py", "b.py"}


@pytest.fixture
def swallowing(service: Service) -> Iterator[str]:
    """An address that takes every connection and never answers."""
    with Proxy(service.port) as proxy:
        proxy.swallow()
        yield f"http://127.0.0.1:{proxy.port}"


def test_a_service_that_hangs_is_asked_once_and_then_left_alone_for_a_while(
    swallowing: str, repository: Repository
) -> None:
    session = Session(repository, swallowing)
    session.command = "coord.client"
    assert "timed out" in session.edits("a.py")["additionalContext"]
    away = repository.state(swallowing) / "away"
    asked = away.stat().st_mtime_ns
    session.edits("b.py")
    assert away.stat().st_mtime_ns == asked, "the second call was not tried"
    assert len(repository.queued(swallowing)) == 2


@pytest.mark.parametrize(
    ("kind", "more"),
    [("UserPromptSubmit", {"prompt": "Go on"}), ("SessionStart", {"source": "resume"})],
)
def test_what_waits_is_the_only_thing_that_is_tried_where_nothing_answers(
    repository: Repository, kind: str, more: dict[str, str]
) -> None:
    """The call after it would cost the session its time once more."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        session = Session(repository, url)
        session.command = "coord.client"
        session.edits("a.py")
        assert connections(deaf) == 1
        (repository.state(url) / "away").unlink()
        session.fires(kind, **more)
        assert connections(deaf) == 1


def connections(listener: socket.socket) -> int:
    """How many have been made since it was asked last."""
    listener.setblocking(False)
    accepted = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            listener.accept()[0].close()
            accepted += 1
    return accepted


def test_a_service_that_lets_nobody_in_without_a_token_is_named_once_and_blocks_nothing(
    repository: Repository, tmp_path: Path
) -> None:
    with running(tmp_path / "service", f"sqlite:///{tmp_path}/coord.db", TOKEN="s3cret") as guarded:
        session = Session(repository, guarded.url)
        assert "coord lets no call in from here" in session.edits("a.py")["additionalContext"]
        assert session.edits("b.py") == {}
        assert repository.queued(guarded.url) == []


# --- whatever happens, nothing is blocked ---------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp850"])
def test_an_event_in_another_encoding_is_understood(
    one: Session, service: Service, repository: Repository, encoding: str
) -> None:
    event = {
        "session_id": one.session_id,
        "cwd": str(repository.folder),
        "hook_event_name": "PreToolUse",
        "tool_name": "Bash",
        "tool_input": {"command": "git push  # größe"},
    }
    assert one.run(json.dumps(event, ensure_ascii=False).encode(encoding)).returncode == 0
    assert locks(service, repository) == {"git push": one.name}


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        b'{"hook_event_name": "PreToolUse"}',
        b'{"session_id": 7, "hook_event_name": "PreToolUse"}',
        b"{}",
    ],
    ids=["nothing", "null", "a list", "torn", "no UTF-8", "no session", "no tool", "empty"],
)
def test_it_exits_0_and_says_nothing_whatever_it_is_given(one: Session, given: bytes) -> None:
    done = one.run(given)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_an_event_that_it_does_not_know_is_none_of_its_business(one: Session) -> None:
    assert one.fires("Notification", message="x") == {}


@pytest.mark.parametrize("url", ["nonsense", "ftp://x", "http://", "http://127.0.0.1:99999"])
def test_an_address_that_is_none_blocks_nothing(one: Session, url: str) -> None:
    one.url = url
    done = one.run(
        json.dumps(
            {
                "session_id": "x",
                "hook_event_name": "PreToolUse",
                "tool_name": "Edit",
                "tool_input": {"file_path": "a.py"},
                "cwd": ".",
            }
        ).encode()
    )
    assert done.returncode == 0
    assert b"deny" not in done.stdout


def test_a_broken_config_is_named_at_the_start_and_blocks_nothing(
    one: Session, repository: Repository
) -> None:
    repository.config("url = \n")
    assert ".coord.toml is not TOML" in one.starts()
    assert one.edits("a.py") == {}


def test_it_can_be_turned_off(one: Session, service: Service, repository: Repository) -> None:
    event = {
        "session_id": one.session_id,
        "hook_event_name": "PreToolUse",
        "tool_name": "Write",
        "tool_input": {"file_path": "a.py"},
    }
    assert one.run(json.dumps(event).encode(), COORD_HOOKS="off ").stdout == b""
    assert locks(service, repository) == {}


fails_on_nul = pytest.mark.skipif(
    os.name == "nt", reason="a path with NUL, which makes a hook fail, does not do so on Windows"
)


@fails_on_nul
def test_what_fails_inside_is_noted_for_doctor_without_the_event(
    one: Session, repository: Repository
) -> None:
    edit = {
        "tool_name": "Write",
        "tool_input": {"file_path": "/my/secret\0", "content": "my secret"},
    }
    done = one.run(
        json.dumps({"session_id": one.session_id, "hook_event_name": "PreToolUse", **edit}).encode()
    )
    noted = Path(hook.log_path()).read_text()
    assert (done.returncode, done.stderr) == (0, b"")
    assert "ValueError" in noted
    assert "secret" not in noted


@fails_on_nul
def test_the_person_is_told_once_that_a_hook_fails(one: Session) -> None:
    event = {
        "session_id": one.session_id,
        "hook_event_name": "PreToolUse",
        "tool_name": "Write",
        "tool_input": {"file_path": "/x\0"},
    }
    first, second = (one.run(json.dumps(event).encode()) for _ in range(2))
    message = json.loads(first.stdout)["systemMessage"]
    assert "failed (ValueError)" in message
    assert "coord doctor" in message
    assert (first.returncode, second.returncode, second.stdout) == (0, 0, b"")


def test_where_nothing_can_be_remembered_files_are_claimed_all_the_same(
    one: Session, two: Session, service: Service, repository: Repository
) -> None:
    state = repository.state(service.url)
    state.parent.mkdir(parents=True)
    state.write_text("a file where a folder should be")
    assert one.prompts() == ""
    assert one.edits("a.py") == {}
    assert two.edits("a.py")["permissionDecision"] == "deny"
    assert locks(service, repository) == {"a.py": one.name}
