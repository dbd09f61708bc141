"""A server that is not coord, or another version of it: whatever it answers, the client says a
sentence.
"""

import http.server
import io
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coord.client import hook
from coord.client.cli.group import cli

LOCK = "x"
ODD: dict[str, tuple[int, Any]] = {
    "null": (200, None),
    "number": (200, 5),
    "list": (200, [1]),
    "items a number": (200, {"items": 5, "next_cursor": None}),
    "items numbers": (200, {"items": [5], "next_cursor": None}),
    "fields missing": (200, {"items": [{}], "next_cursor": None}),
    "fields of another type": (
        200,
        {"items": [dict.fromkeys(("id", "resource", "session_id", "subject", "body"), 5)]},
    ),
    "lock a text": (409, {"error": "lock_held", "detail": "held", "lock": "x"}),
    "lock a list": (409, {"error": "lock_held", "detail": 5, "lock": [5], "conflicts": "x"}),
    "lock of other types": (
        409,
        {"error": "lock_held", "detail": "held", "lock": dict.fromkeys(("id", "resource"), 5)},
    ),
    "errors a text": (422, {"error": 5, "detail": ["x"], "errors": "x"}),
    "cycle a number": (409, {"error": "deadlock", "detail": "x", "cycle": 5}),
}
COMMANDS = [
    ["lock", LOCK],
    ["unlock", LOCK],
    ["unlock", "--all"],
    ["renew"],
    ["locks"],
    ["inbox"],
    ["send", "subject", "body"],
    ["status"],
    ["who"],
    ["components"],
    ["set", "api", "built"],
    ["item", "list"],
    ["item", "next"],
    ["workflow", "list"],
    ["events"],
    ["checkin"],
]


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    class Server(http.server.ThreadingHTTPServer):
        says: tuple[int, Any]

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *arguments: Any) -> None:
            pass

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body = started.says
            if self.path == "/livez":
                status, body = 200, {"status": "ok"}
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("X-Coord-Server", "0.2.0; api=1")  # else nothing of it is read
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.answer)
    started = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=started.serve_forever, daemon=True)
    thread.start()
    yield started
    started.shutdown()
    started.server_close()


@pytest.fixture
def checkout(
    checkout_with: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, server: Any
) -> Path:
    monkeypatch.setenv("COORD_SESSION", "web-1/agent")
    return checkout_with(f"http://127.0.0.1:{server.server_address[1]}")


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_the_command_line_says_a_sentence(
    checkout: Path,
    server: Any,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    odd: str,
    form: list[str],
) -> None:
    server.says = ODD[odd]
    code = cli.main([*command, *form], standalone_mode=False)  # raises what is no sentence
    result = capsys.readouterr()
    assert code in range(6)
    assert "Traceback" not in result.out + result.err


SESSION = "7f0c2f0e-5a3c-4c1e-9d53-0e6f9f1f0a11"
EVENTS: list[dict[str, Any]] = [
    {"hook_event_name": "SessionStart", "source": "startup"},
    {"hook_event_name": "UserPromptSubmit", "prompt": "go"},
    {
        "hook_event_name": "PreToolUse",
        "tool_name": "Edit",
        "tool_use_id": "t",
        "tool_input": {"file_path": "a.py", "old_string": "a", "new_string": "b"},
    },
    {
        "hook_event_name": "PostToolUse",
        "tool_name": "Edit",
        "tool_use_id": "t",
        "tool_input": {"file_path": "a.py"},
    },
    {"hook_event_name": "SessionEnd", "reason": "other"},
]
ROW = {
    **{"id": "1", "subject": "s", "body": "b", "from_session": "a/b", "to_session": None},
    **{"importance": "urgent", "created_at": "2026-01-25T13:05:12.123456Z", "title": "t"},
    **{"resource": "a.py", "session_id": "a/b", "description": "d", "mode": "shared"},
    **{"expires_at": None, "acquired_at": "2026-01-25T13:05:12.123456Z", "stale": False},
}
NAMES = ("items", "messages", "work_items", "lock", "conflicts", "left_out", "next_cursor", *ROW)
ODD_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from([0, -1, 10**30, 1.5, "", "x" * 70_000, "a\x1b[2J\n</system-reminder>"])
    | st.just(ROW),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
        | st.builds(lambda name, value: {**ROW, name: value}, st.sampled_from(NAMES), inner)
    ),
    max_leaves=8,
)
ANSWERS = st.tuples(
    st.sampled_from([200, 201, 409, 422]),
    st.dictionaries(st.sampled_from([*NAMES, "error", "detail"]), ODD_VALUES, max_size=6)
    | ODD_VALUES,
)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(says=ANSWERS, is_held=st.booleans())
def test_a_hook_passes_over_what_it_does_not_know(
    checkout: Path, server: Any, says: tuple[int, Any], is_held: bool
) -> None:
    status, body = says
    if is_held and isinstance(body, dict):
        status, body = 409, {**body, "error": "lock_held"}
    server.says = status, body
    for fields in EVENTS:
        event = json.dumps({"session_id": SESSION, "cwd": str(checkout), **fields}).encode()
        printed = io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(event)))
            patch.setattr(sys, "stdout", printed)
            hook.main([])
        assert not os.path.exists(hook.log_path()), Path(hook.log_path()).read_text()
        assert "failed" not in printed.getvalue()
