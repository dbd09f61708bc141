"""Other agents that run coord's hooks: each event as that agent sends it, each answer as it reads
it. What the real Copilot CLI makes of it: tests/e2e.
"""

import json
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from coord.client.hook.dialects import CODEX, dialect_of
from tests.service import ROOT, Service, environment

PATCH = "*** Begin Patch\n*** Add File: new.py\n+1\n*** Update File: held.py\n@@\n*** End Patch"


@dataclass(frozen=True)
class Agent:
    """How one agent calls coord's hook.

    `tool`, `given`: an edit of held.py. `reads`: the events at which it reads what it is shown.
    """

    name: str
    called: str
    tool: str
    given: Any
    reads: tuple[str, ...]
    fields: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    session_in: str = ""
    events: dict[str, str] = field(default_factory=dict)


@pytest.mark.parametrize("path", ["/h/.codex/s.jsonl", r"C:\Users\me\.codex\s.jsonl"])
def test_codex_is_known_by_where_it_keeps_its_transcripts(path: str) -> None:
    assert dialect_of({"session_id": "s", "transcript_path": path}, {}) is CODEX


PROMPTED = ("SessionStart", "UserPromptSubmit", "PostToolUse")
TURN = {"turn_id": "t1", "model": "gpt-5.5"}
GEMINI_EVENTS = {
    "PreToolUse": "BeforeTool",
    "PostToolUse": "AfterTool",
    "UserPromptSubmit": "BeforeAgent",
}
COPILOT = {"COPILOT_CLI": "1"}
AGENTS = [
    Agent("claude", "Claude Code", "Edit", {"file_path": "held.py"}, PROMPTED),
    Agent("copilot", "Copilot CLI", "Edit", {"path": "held.py"}, PROMPTED, variables=COPILOT),
    Agent("copilot", "Copilot CLI", "Edit", PATCH, PROMPTED, variables=COPILOT),
    Agent("codex", "Codex", "apply_patch", {"command": PATCH}, PROMPTED, fields=TURN),
    Agent(
        "gemini",
        "Gemini CLI",
        "replace",
        {"file_path": "held.py"},
        PROMPTED,
        session_in="GEMINI_SESSION_ID",
        events=GEMINI_EVENTS,
    ),
    Agent(
        "qwen",
        "Qwen Code",
        "write_file",
        {"file_path": "held.py"},
        PROMPTED,
        session_in="QWEN_CODE_SESSION_ID",
    ),
    Agent(
        "droid",
        "Droid",
        "Create",
        {"file_path": "held.py"},
        ("SessionStart", "PostToolUse"),
        variables={"DROID_PROJECT_DIR": "/"},
    ),
    Agent(
        "kimi",
        "Kimi Code",
        "Write",
        {"path": "held.py"},
        ("UserPromptSubmit",),
        fields={"client_type": "kimi_code_cli"},
    ),
    Agent("agent", "an agent", "Edit", {"path": "held.py"}, (), fields={"conversation_id": "c"}),
    Agent("agent", "an agent", "Edit", PATCH, (), fields={"cursor_version": "2"}),
]
EACH = pytest.mark.parametrize(
    "agent", AGENTS, ids=lambda agent: f"{agent.name}-{type(agent.given).__name__}"
)


class Session:
    """A session of an agent in a checkout of its own."""

    def __init__(self, agent: Agent, folder: Path, service: Service) -> None:
        self.agent = agent
        self.folder = folder
        self.service = service
        self.project = f"p{uuid.uuid4().hex[:12]}"
        self.id = str(uuid.uuid4())
        self.name = f"web-1/{agent.name}-{self.id[-8:]}"
        subprocess.run(["git", "init", "-q", folder], check=True)
        (folder / ".coord.toml").write_text(f'project = "{self.project}"\n')

    def fires(self, event: str, **given: Any) -> str:
        """What the hook printed."""
        answer = {
            "session_id": self.id,
            "cwd": str(self.folder),
            "hook_event_name": self.agent.events.get(event, event),
            **self.agent.fields,
            **given,
        }
        variables = environment(URL=self.service.url, HOST="web-1") | self.agent.variables
        if self.agent.session_in:
            variables[self.agent.session_in] = self.id
        done = subprocess.run(
            [sys.executable, "-m", "tests.client.patient", "hook"],
            input=json.dumps(answer),
            capture_output=True,
            text=True,
            env=variables | {"CLAUDE_PROJECT_DIR": str(self.folder), "PYTHONPATH": str(ROOT)},
            cwd=self.folder,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def edits(self) -> str:
        return self.fires("PreToolUse", tool_name=self.agent.tool, tool_input=self.agent.given)

    def held_by_another(self) -> None:
        body = {"project_key": self.project, "session_id": "db-1/x", "resource": "held.py"}
        assert self.service.call("POST", "/locks", body).status == 201

    def locks(self) -> dict[str, dict[str, Any]]:
        rows = self.service.call("GET", f"/locks?project_key={self.project}").json["items"]
        return {row["resource"]: row for row in rows}

    def is_told(self, subject: str) -> None:
        body = {"from_session": "db-1/x", "to_session": self.name, "subject": subject, "body": "…"}
        assert self.service.call("POST", "/messages", body).status == 201

    def unread(self) -> list[str]:
        query = f"/messages?to_session={self.name}&unread_only=true"
        return [row["subject"] for row in self.service.call("GET", query).json["items"]]


@pytest.fixture
def session(agent: Agent, tmp_path: Path, service: Service) -> Session:
    return Session(agent, tmp_path / "shop", service)


def shown(agent: Agent, printed: str) -> str:
    """What the agent takes from it to show to its model."""
    if not printed or agent.name == "kimi":
        return printed
    answer = json.loads(printed)
    if agent.name == "copilot":
        return str(answer.get("additionalContext", ""))
    if agent.name == "codex":
        assert set(answer) == {"hookSpecificOutput"}, "anything else fails the hook"
    nested = answer.get("hookSpecificOutput", {})
    return str(nested.get("additionalContext", ""))


def refusal(agent: Agent, printed: str) -> str:
    answer = json.loads(printed)
    if agent.name == "gemini":
        assert answer["decision"] == "deny"
        return str(answer["reason"])
    nested = answer["hookSpecificOutput"]
    assert (nested["hookEventName"], nested["permissionDecision"]) == ("PreToolUse", "deny")
    return str(nested["permissionDecisionReason"])


@EACH
def test_an_edit_is_claimed_under_the_name_and_the_description_of_the_agent(
    agent: Agent, session: Session
) -> None:
    assert session.edits() == ""
    lock = session.locks()["held.py"]
    assert (lock["session_id"], lock["description"]) == (session.name, agent.called)


@EACH
def test_an_edit_of_what_another_session_holds_is_denied_in_the_words_of_the_agent(
    agent: Agent, session: Session
) -> None:
    session.held_by_another()
    assert "held.py is held by db-1/x" in refusal(agent, session.edits())


@EACH
@pytest.mark.parametrize("event", PROMPTED)
def test_a_message_is_marked_as_read_only_where_the_agent_shows_it(
    agent: Agent, session: Session, event: str
) -> None:
    session.is_told("Look here")
    printed = session.fires(event, source="startup", prompt="Go on", tool_name="Read")
    is_shown = event in agent.reads
    assert ("Look here" in shown(agent, printed)) == is_shown
    assert session.unread() == ([] if is_shown else ["Look here"])
    assert is_shown or printed == ""


@EACH
def test_the_session_is_announced_as_the_agent_that_it_is(agent: Agent, session: Session) -> None:
    session.fires("SessionStart", source="startup")
    rows = session.service.call("GET", f"/sessions?project_key={session.project}").json["items"]
    assert [(row["session_id"], row["agent"]) for row in rows] == [(session.name, agent.called)]
    session.fires("SessionEnd", reason="other")
    assert session.locks() == {}


def test_an_agent_run_by_another_is_itself(tmp_path: Path, service: Service) -> None:
    """It inherits the other's environment."""
    inside = {"CLAUDE_CODE_SESSION_ID": str(uuid.uuid4()), "CLAUDECODE": "1"}
    agent = Agent(
        "copilot", "Copilot CLI", "Edit", {"path": "x"}, PROMPTED, variables=COPILOT | inside
    )
    session = Session(agent, tmp_path / "shop", service)
    session.edits()
    assert session.locks()["x"]["session_id"] == session.name
