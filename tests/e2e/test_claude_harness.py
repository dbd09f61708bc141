"""The harness itself (tests/e2e/claude.py), and what coord's hooks rely on in the real Claude Code
CLI.
"""

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import agents
from tests.e2e.claude import Claude, ModelStub, Request, Session, Use, model_stub
from tests.service import until

pytestmark = pytest.mark.skipif(
    agents.missing("claude") is not None, reason=agents.missing("claude") or ""
)

HOOK = """
import json, sys
from pathlib import Path

folder = Path(__file__).parent
given = sys.stdin.read()
with (folder / "given.jsonl").open("a") as log:
    log.write(given.strip() + "\\n")
print((folder / "answers" / json.loads(given)["hook_event_name"]).read_text())
"""
EVENTS = (
    "SessionStart",
    "UserPromptSubmit",
    "PreToolUse",
    "PostToolUse",
    "SubagentStart",
    "SubagentStop",
    "Stop",
    "SessionEnd",
)


class Hooks:
    """One throw-away hook for all events: notes what it is given, answers what it is told."""

    def __init__(self, folder: Path, claude: Claude) -> None:
        self._folder = folder
        (folder / "answers").mkdir(parents=True)
        (folder / "hook.py").write_text(HOOK)
        for event in EVENTS:
            self.answer(event, "")
        hook = {
            "type": "command",
            "command": f"{sys.executable} {folder / 'hook.py'}",
            "timeout": 20,
        }
        claude.settings.parent.mkdir(parents=True)
        claude.settings.write_text(
            json.dumps({"hooks": {event: [{"hooks": [hook]}] for event in EVENTS}})
        )

    def answer(self, event: str, answer: str | dict[str, Any]) -> None:
        if isinstance(answer, dict):
            answer = json.dumps({"hookSpecificOutput": {"hookEventName": event, **answer}})
        (self._folder / "answers" / event).write_text(answer)

    def given(self, session: Session) -> list[dict[str, Any]]:
        """What it was given in this session, oldest first."""
        lines = (self._folder / "given.jsonl").read_text().splitlines()
        return [
            given for given in map(json.loads, lines) if given["session_id"] == session.session_id
        ]

    def events(self, session: Session) -> list[str]:
        return [given["hook_event_name"] for given in self.given(session)]


@pytest.fixture(scope="module")
def model() -> Iterator[ModelStub]:
    with model_stub() as model:
        yield model
    assert model.strangers == []


@pytest.fixture
def claude(tmp_path: Path, model: ModelStub) -> Claude:
    return Claude(tmp_path / "home", model)


@pytest.fixture
def hooks(tmp_path: Path, claude: Claude) -> Hooks:
    return Hooks(tmp_path / "hooks", claude)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file that sessions change, in a project of its own."""
    file = tmp_path / "project" / "a.txt"
    file.parent.mkdir()
    file.write_text("old\n")
    return file


def edit(file: Path) -> Use:
    return Use("Edit", file_path=str(file), old_string="old", new_string="new")


def test_a_session_edits_a_file_and_its_hooks_fire(
    claude: Claude, hooks: Hooks, file: Path
) -> None:
    with claude.open(file.parent) as session:
        assert session.ask("Change it", edit(file), "Changed.") == "Changed."
    assert session.failed_hooks == []
    assert file.read_text() == "new\n"
    assert "has been updated" in session.asked[1].results[0]
    assert hooks.events(session) == [
        "SessionStart",
        "UserPromptSubmit",
        "PreToolUse",
        "PostToolUse",
        "Stop",
        "SessionEnd",
    ]
    start, prompt, before, after, _, end = hooks.given(session)
    assert start["source"] == "startup"
    assert prompt["prompt"] == "Change it"
    assert end["reason"] == "other"
    assert start["cwd"] == str(file.parent)
    for tool in (before, after):
        assert (tool["tool_name"], tool["tool_input"]["file_path"]) == ("Edit", str(file))
    assert before["tool_use_id"] == after["tool_use_id"]
    assert "agent_id" not in before


def test_a_denied_edit_is_not_made_and_the_model_reads_why(
    claude: Claude, hooks: Hooks, file: Path
) -> None:
    reason = "a.txt is locked by host/other until 12:00; ask them, or wait"
    hooks.answer("PreToolUse", {"permissionDecision": "deny", "permissionDecisionReason": reason})
    with claude.open(file.parent) as session:
        session.ask("Change it", edit(file))
    assert file.read_text() == "old\n"
    assert session.asked[1].results == [f"PreToolUse:Edit hook error: {reason}"]
    assert "PostToolUse" not in hooks.events(session)


def test_what_hooks_add_reaches_the_model(claude: Claude, hooks: Hooks, file: Path) -> None:
    hooks.answer("SessionStart", "you are host/agent")
    hooks.answer("UserPromptSubmit", {"additionalContext": "one unread message"})
    hooks.answer("PreToolUse", {"additionalContext": "the lock is yours"})
    hooks.answer("PostToolUse", {"additionalContext": "the lock ends soon"})
    hooks.answer("Stop", "nobody sees this")
    with claude.open(file.parent) as session:
        session.ask("Change it", edit(file))
        session.ask("Go on")
    first, second, third = session.asked
    assert "you are host/agent" in first.news
    assert "one unread message" in first.news
    assert "the lock is yours" in second.news
    assert "the lock ends soon" in second.news
    assert "one unread message" in third.news
    assert "nobody sees this" not in third.shown


def test_two_sessions_are_open_at_the_same_time(claude: Claude, hooks: Hooks, file: Path) -> None:
    go = file.parent / "go"
    with claude.open(file.parent) as first, claude.open(file.parent) as second:
        first.start(
            "Wait",
            Use("Bash", command="until [ -e go ]; do sleep 0.05; done; echo went"),
            "Waited.",
        )
        until(lambda: len(first.asked) == 1, 20, "the first session's model to be asked")

        def let_the_first_go(request: Request) -> str:
            assert "Bash" in request.tools
            go.touch()
            return "Let it go."

        assert second.ask("Let it go", let_the_first_go) == "Let it go."
        assert first.wait() == "Waited."
        assert first.asked[1].results == ["went"]
        assert first.session_id != second.session_id
    assert hooks.events(first)[-1] == hooks.events(second)[-1] == "SessionEnd"


def test_a_subagent_has_turns_of_its_own_and_hooks_know_it(
    claude: Claude, hooks: Hooks, file: Path, model: ModelStub
) -> None:
    model.plays_agent("Change a.txt for me", edit(file), "The agent changed it.")
    task = Use(
        "Task",
        description="change",
        prompt="Change a.txt for me",
        subagent_type="general-purpose",
        run_in_background=False,
    )
    with claude.open(file.parent) as session:
        session.ask("Have it changed", task, "Seen.")
    assert file.read_text() == "new\n"
    assert "The agent changed it." in session.asked[1].results[0]
    assert len(session.asked_by_agents) == 2
    (edited,) = [
        given
        for given in hooks.given(session)
        if given.get("tool_name") == "Edit" and given["hook_event_name"] == "PreToolUse"
    ]
    (started,) = [
        given for given in hooks.given(session) if given["hook_event_name"] == "SubagentStart"
    ]
    assert edited["agent_id"] == started["agent_id"] == session.asked_by_agents[0].agent_id


def test_a_session_is_cleared_summed_up_and_taken_up_again(
    claude: Claude, hooks: Hooks, file: Path
) -> None:
    with claude.open(file.parent) as session:
        session.ask("Remember")
        session.ask("/compact")
        before = session.session_id
        session.ask("/clear")
        assert session.ask("Go on", "Still here.") == "Still here."
        after = session.session_id
    assert before != after
    with claude.open(file.parent, session_id=after, resume=True) as session:
        session.ask("And on")
    sources = [
        given["source"]
        for given in hooks.given(session)
        if given["hook_event_name"] == "SessionStart"
    ]
    assert sources == ["clear", "resume"]


@pytest.mark.parametrize(
    ("number", "last"),
    [(signal.SIGTERM, "SessionEnd"), (signal.SIGKILL, "Stop")],
    ids=["ended", "killed"],
)
def test_a_session_that_is_ended_says_so_and_a_killed_one_does_not(
    claude: Claude, hooks: Hooks, file: Path, number: signal.Signals, last: str
) -> None:
    with claude.open(file.parent) as session:
        session.ask("Hello")
        session.signal(number)
    assert hooks.events(session)[-1] == last


def test_nothing_of_a_killed_session_is_left_running(claude: Claude, file: Path) -> None:
    with claude.open(file.parent) as session:
        session.start("Wait", Use("Bash", command="echo $$ > pid; sleep 600"))
        pid = int(
            until(
                lambda: (file.parent / "pid").exists() and (file.parent / "pid").read_text(),
                20,
                "the command to run",
            )
        )
        assert runs(pid)
        session.kill()
        assert not runs(pid)


def runs(pid: int) -> bool:
    """Whether the process is there and not just waiting to be counted as dead, which has no command
    line any more.
    """
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except FileNotFoundError:
        return False


def test_servers_and_plugins_are_checked(claude: Claude, hooks: Hooks, file: Path) -> None:
    assert "No MCP servers configured" in claude.mcp_list(file.parent)
    manifest = file.parent / "plugin" / ".claude-plugin" / "plugin.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(
        json.dumps(
            {"name": "a-plugin", "version": "1.0.0", "description": "d", "author": {"name": "a"}}
        )
    )
    assert claude.validate_plugin(file.parent / "plugin").code == 0
    manifest.write_text(json.dumps({"version": "1.0.0"}))
    assert claude.validate_plugin(file.parent / "plugin").code == 1
