"""Whatever an agent hands to coord's hook: it allows or denies in that agent's words, and never
fails.
"""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coord.client import hook
from coord.client.hook.dialects import dialect_of, translate
from coord.client.shell.patches import edited

CLOSED = "http://127.0.0.1:1"
AGENTS: dict[str, dict[str, str]] = {
    "claude": {},
    "copilot": {"COPILOT_CLI": "1"},
    "qwen": {"QWEN_CODE_SESSION_ID": "s"},
    "gemini": {"GEMINI_SESSION_ID": "s"},
    "droid": {"DROID_PROJECT_DIR": "/"},
}
MARKS: dict[str, dict[str, Any]] = {
    "codex": {"turn_id": "t"},
    "kimi": {"client_type": "kimi_code_cli"},
    "unknown": {"conversation_id": "c"},
}
TEXT = st.text(max_size=20) | st.text(st.sampled_from("\ud800\udfff\0/.a "), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = ("file_path", "notebook_path", "path", "filePath", "command", "input", "patch", "paths")
EVENTS = st.fixed_dictionaries(
    {
        "session_id": st.just("s"),
        "hook_event_name": st.sampled_from(
            [
                "SessionStart",
                "UserPromptSubmit",
                "PreToolUse",
                "PostToolUse",
                "SubagentStop",
                "SessionEnd",
                "BeforeTool",
                "AfterTool",
                "BeforeAgent",
                "Else",
            ]
        ),
    },
    optional={
        "tool_name": st.sampled_from(
            [
                "Edit",
                "Write",
                "Bash",
                "apply_patch",
                "replace",
                "write_file",
                "Create",
                "Execute",
                "Shell",
            ]
        )
        | JSON,
        "tool_input": st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4) | JSON,
        "prompt": JSON,
        "cwd": JSON,
        "agent_id": JSON,
        "agent_type": JSON,
        "tool_use_id": JSON,
        "transcript_path": JSON,
    },
)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    subprocess.run(["git", "init", "-q", folder], check=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COORD_URL", CLOSED)
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(folder))
    return folder


@pytest.mark.parametrize("agent", [*AGENTS, *MARKS])
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(fields=EVENTS)
def test_it_answers_json_or_nothing(checkout: Path, agent: str, fields: dict[str, Any]) -> None:
    given_event = json.dumps({**fields, **MARKS.get(agent, {})}).encode()
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in AGENTS.get(agent, {}).items():
            patch.setenv(name, value)
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given_event)))
        patch.setattr(sys, "stdout", printed)
        hook.main([])
    assert not os.path.exists(hook.log_path()), Path(hook.log_path()).read_text()
    if printed.getvalue() and agent != "kimi":
        assert isinstance(json.loads(printed.getvalue()), dict)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    fields=st.dictionaries(
        st.sampled_from([*NAMES, "tool_name", "tool_input", "hook_event_name", "turn_id"]),
        JSON,
        max_size=6,
    )
)
def test_a_translation_has_names_for_what_is_edited(fields: dict[str, Any]) -> None:
    dialect = dialect_of(fields, {"COPILOT_CLI": "1"})
    assert all(
        isinstance(path, str) for path in translate(fields, dialect)["tool_input"].get("paths", ())
    )


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(max_size=200))
def test_whatever_a_patch_is_its_files_are_names_on_a_line(text: str) -> None:
    assert all("\n" not in name for name in edited(f"*** Begin Patch\n*** Add File: {text}"))
