"""What a repository's `.coord.toml` can do: name things; not hold up a hook, read other files, or
reach an untrusted server.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coord.client import commands, tokens
from coord.client.calls import Calls, Untrusted
from coord.client.commands import BadPattern, resources
from coord.client.place import MAX_CONFIG_BYTES, BadConfig, Place, read_config
from coord.client.queue import Queue
from tests.service import ROOT

FOREIGN = "http://127.0.0.1:8170"
BUDGET = settings(max_examples=150, deadline=None, derandomize=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    (folder / ".git").mkdir(parents=True)
    return folder


def hook(checkout: Path, event: dict[str, Any], **variables: str) -> dict[str, Any]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COORD_")}
    done = subprocess.run(
        [sys.executable, "-m", "coord.client", "hook"],
        input=json.dumps({"session_id": "s", "cwd": str(checkout), **event}).encode(),
        env={**kept, "PYTHONPATH": str(ROOT), "CLAUDE_PROJECT_DIR": str(checkout), **variables},
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return dict(json.loads(done.stdout)) if done.stdout else {}


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "(.*a){25}$", "a*a*a*a*a*a*a*a*a*a*b"])
def test_a_pattern_has_its_time_and_no_more(pattern: str) -> None:
    config: dict[str, object] = {"hook": {"commands": [{"pattern": pattern, "resource": "x"}]}}
    began = time.monotonic()
    with pytest.raises(BadPattern, match="took longer than"):
        resources("a" * 4000 + "!", config)
    assert time.monotonic() - began < commands.PATTERNS_S + 1


def test_a_file_is_not_read_beyond_what_settings_need(checkout: Path) -> None:
    (checkout / ".coord.toml").write_text("x = 1\n" + "#" * MAX_CONFIG_BYTES)
    with pytest.raises(BadConfig, match="KiB"):
        Place(str(checkout))


def test_more_patterns_than_a_project_needs_are_refused() -> None:
    entries = [
        {"pattern": f"x{number}", "resource": "x"} for number in range(commands.MAX_PATTERNS + 1)
    ]
    with pytest.raises(BadPattern, match="more than"):
        resources("x", {"hook": {"commands": entries}})


def test_a_byte_order_mark_is_no_error(checkout: Path) -> None:
    (checkout / ".coord.toml").write_bytes(b'\xef\xbb\xbfproject = "x"\n')
    assert Place(str(checkout)).project == "x"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("link", [False, True], ids=["file", "link"])
def test_the_file_of_another_user_is_not_obeyed(checkout: Path, tmp_path: Path, link: bool) -> None:
    file = checkout / ".coord.toml"
    if link:
        (tmp_path / "other.toml").write_text(f'url = "{FOREIGN}"\n')
        os.chown(tmp_path / "other.toml", 65534, 65534)
        file.symlink_to(tmp_path / "other.toml")
    else:
        file.write_text(f'url = "{FOREIGN}"\n')
        os.chown(file, 65534, 65534)
    found = Place(str(checkout))
    assert (found.file, found.ignored_file, found.url) == (None, str(file), "http://127.0.0.1:8001")


def test_before_a_server_is_trusted_nothing_is_sent_to_it(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / ".coord.toml").write_text(f'url = "{FOREIGN}"\n')
    monkeypatch.setattr("coord.client.calls.call", lambda *args, **kwargs: pytest.fail("called"))
    calls = Calls(Place(str(checkout)), "web-1/agent")
    for act in (
        lambda: calls.read("/status"),
        lambda: calls.ask("POST", "/sessions/heartbeat", {}),
        lambda: calls.write("POST", "/messages", {}),
        calls.replay,
    ):
        with pytest.raises(Untrusted, match=r"coord trust -- http://127\.0\.0\.1:8170"):
            act()
    assert Queue.of(calls.place).is_empty


EVENTS: list[dict[str, Any]] = [
    {"hook_event_name": "SessionStart", "source": "startup"},
    {"hook_event_name": "UserPromptSubmit", "prompt": "my password is hunter2"},
    {
        "hook_event_name": "PreToolUse",
        "tool_name": "Edit",
        "tool_input": {"file_path": "/etc/secret"},
        "tool_use_id": "t",
    },
    {
        "hook_event_name": "PreToolUse",
        "tool_name": "Bash",
        "tool_input": {"command": "git push"},
        "tool_use_id": "t",
    },
]


@pytest.mark.parametrize(
    "event", EVENTS, ids=lambda event: f"{event['hook_event_name']}-{event.get('tool_name', '')}"
)
def test_a_hook_says_once_how_to_trust_it(checkout: Path, event: dict[str, Any]) -> None:
    (checkout / ".coord.toml").write_text(f'url = "{FOREIGN}"\n')
    answer = hook(checkout, event)
    assert "coord trust -- http://127.0.0.1:8170" in answer["systemMessage"]
    assert "\n" not in answer["systemMessage"]
    assert "permissionDecision" not in answer["hookSpecificOutput"]
    assert hook(checkout, event) == {}


@pytest.mark.parametrize("name", ["settings.json", "settings.local.json"])
def test_what_claude_code_takes_from_the_repository_is_not_the_users_word(
    checkout: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COORD_URL", FOREIGN)
    assert Place(str(checkout)).is_trusted
    (checkout / ".claude").mkdir()
    (checkout / ".claude" / name).write_text(json.dumps({"env": {"COORD_URL": FOREIGN}}))
    found = Place(str(checkout))
    assert (found.url, found.is_trusted) == (FOREIGN, False)
    assert tokens.trust(FOREIGN)
    assert Place(str(checkout)).is_trusted


@BUDGET
@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_whatever_the_file_holds_it_is_settings_or_a_sentence(content: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / ".coord.toml"
        file.write_bytes(content)
        with contextlib.suppress(BadConfig):
            assert isinstance(read_config(str(file)), dict)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = (
    "session_id",
    "cwd",
    "tool_name",
    "tool_input",
    "tool_use_id",
    "agent_id",
    "agent_type",
    "prompt",
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.sampled_from(
        [
            "SessionStart",
            "UserPromptSubmit",
            "PreToolUse",
            "PostToolUse",
            "SubagentStop",
            "SessionEnd",
            "x",
        ]
    ),
    st.dictionaries(st.sampled_from(FIELDS), JSON),
)
def test_whatever_an_event_holds_its_fields_are_text(kind: str, fields: dict[str, Any]) -> None:
    from coord.client.hook.event import HookEvent

    event = HookEvent({"hook_event_name": kind, **fields})
    assert all(isinstance(event.text(name), str) for name in FIELDS)
    assert isinstance(event.tool_input, dict)


@BUDGET
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["ts", "method", "path", "body", "x"]),
            JSON | st.sampled_from(["POST", "DELETE", "/api/coord/locks", "/api/coord/"]),
        ),
        max_size=4,
    ),
    st.binary(max_size=40),
)
def test_whatever_a_queue_holds_only_coords_own_calls_leave_it(
    lines: list[dict[str, Any]], torn: bytes
) -> None:
    import tempfile

    from coord.client.queue.adoption import TORN_AFTER_S
    from tests.client.recording import Recorder, make_old, shell_file

    with tempfile.TemporaryDirectory() as folder:
        queue = Queue(f"{folder}/state", [f"{folder}/shop/.claude/coord-queue.jsonl"])
        shell_file(queue).parent.mkdir(parents=True)
        shell_file(queue).write_bytes(
            b"".join(json.dumps(line).encode() + b"\n" for line in lines) + torn
        )
        make_old(shell_file(queue), TORN_AFTER_S + 1)
        server = Recorder()
        queue.replay(server)
        assert queue.is_empty
        assert not shell_file(queue).exists() or not shell_file(queue).stat().st_size
        assert all(
            call.path.startswith("/api/coord/")
            and ".." not in call.path.partition("?")[0].split("/")
            for call in server.calls
        )
        assert {call.method for call in server.calls} <= {"POST", "PUT", "PATCH", "DELETE"}
