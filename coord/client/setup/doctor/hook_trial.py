"""Runs a hook as Claude Code would before an edit, and asks the server whether the claim
arrived.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
import uuid
from dataclasses import dataclass
from typing import Any

from coord.client.hook import log_path
from coord.client.percent import query
from coord.client.queue import BASE
from coord.client.setup import hook_shell, hooks
from coord.client.setup.doctor.check import OK, PROBLEM, WARNING, Check, DoctorContext
from coord.client.wire import Away

EVENT = "PreToolUse"
SLOW_S = 1.0
MAX_SHOWN = 500  # characters of what a failed hook printed


@dataclass(frozen=True)
class Outcome:
    """How a hook ended. `code`: its exit code, -1 where it did not end by itself. `text`: the
    beginning of what it printed, for people; `answer`: its standard output, for Claude Code."""

    code: int
    text: str
    seconds: float
    answer: bytes = b""

    @property
    def denies(self) -> bool:
        """Whether the hook refuses the edit."""
        try:
            output = json.loads(self.answer)["hookSpecificOutput"]
            return bool(output["permissionDecision"] == "deny")
        except (ValueError, KeyError, TypeError):
            return False


def try_command(context: DoctorContext, command: str) -> Check:
    """Leaves nothing behind: the session and the file are made up, and so is the queue."""
    shell = hook_shell.find()
    if shell is None:
        message = "not tried, since there is no shell that hooks could run in"
        return Check("hooks fire", WARNING, message, "Install Git for Windows.")
    session_id = str(uuid.uuid4())
    file = f"coord-doctor-{uuid.uuid4().hex[:8]}.tmp"
    event = _event(context.workspace.root, session_id, file)
    with tempfile.TemporaryDirectory(prefix="coord-doctor-") as scratch:
        environment = _environment(context, session_id, scratch)
        outcome = _run([*shell.command, command], event, environment, context.workspace.root)
        try:
            return _judge(outcome, is_claimed=bool(_locks(context, file)))
        finally:
            _end_sessions(context, file)


def _event(root: str, session_id: str, file: str) -> dict[str, Any]:
    return {
        "session_id": session_id,
        "cwd": root,
        "transcript_path": "",
        "permission_mode": "default",
        "hook_event_name": EVENT,
        "tool_name": "Write",
        "tool_input": {"file_path": os.path.join(root, file), "content": ""},
        "tool_use_id": "toolu_coord_doctor",
    }


def _environment(context: DoctorContext, session_id: str, scratch: str) -> dict[str, str]:
    """As Claude Code gives it to hooks; with a queue of its own, so that no call stays behind."""
    ignored = ("COORD_SESSION", "COORD_HOOKS")
    inherited = {name: value for name, value in os.environ.items() if name not in ignored}
    return {
        **inherited,
        "CLAUDE_PROJECT_DIR": context.workspace.root,
        "CLAUDE_CODE_SESSION_ID": session_id,
        "COORD_DOCTOR": "1",
        "LOCALAPPDATA" if os.name == "nt" else "XDG_STATE_HOME": scratch,
        **context.overrides,
    }


def _run(
    command: list[str], event: dict[str, Any], environment: dict[str, str], folder: str
) -> Outcome:
    limit = next(event.timeout for event in hooks.EVENTS if event.name == EVENT)
    start = time.monotonic()
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            input=json.dumps(event).encode(),
            capture_output=True,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome(-1, f"it did not end within {limit} s", time.monotonic() - start)
    except OSError as error:
        return Outcome(-1, str(error), time.monotonic() - start)
    text = (done.stderr + done.stdout).decode("utf-8", "replace").strip()
    return Outcome(done.returncode, text[:MAX_SHOWN], time.monotonic() - start, done.stdout)


def _judge(outcome: Outcome, *, is_claimed: bool) -> Check:
    elapsed = f"{outcome.seconds * 1000:.0f} ms"
    if is_claimed and outcome.code:
        message = f"the claim arrived, but the hook ended with {outcome.code}"
        return Check("hooks fire", PROBLEM, message, "coord init")
    if is_claimed and outcome.seconds > SLOW_S:
        message = f"an edit was claimed, but that took {elapsed}"
        return Check(
            "hooks fire", WARNING, message, "Every edit waits for it. Is this machine busy?"
        )
    if is_claimed:
        message = (
            f"an edit was claimed by the very command of the settings, in {elapsed}, and released"
            " again"
        )
        return Check("hooks fire", OK, message)
    if outcome.denies:
        message = (
            f"an edit was refused, since another session holds the whole project, in {elapsed}"
        )
        return Check("hooks fire", OK, message)
    message = (
        f"the hook ran ({elapsed}, exit code {outcome.code}), but coord got no claim:"
        f" {outcome.text or 'it printed nothing'}"
    )
    fix = f"Run it by hand: coord hook --help. What failed in a hook is logged in {log_path()}."
    return Check("hooks fire", PROBLEM, message, fix)


def _locks(context: DoctorContext, file: str) -> list[dict[str, Any]]:
    """The locks of exactly this file, which only the trial claims."""
    answer = context.call(
        f"{BASE}/locks{query(project_key=context.workspace.project, resource=file)}"
    )
    locks: list[dict[str, Any]] = (answer.json or {}).get("items", [])
    return [lock for lock in locks if lock["resource"] == file]


def _end_sessions(context: DoctorContext, file: str) -> None:
    try:
        for lock in _locks(context, file):
            context.call(f"{BASE}/sessions{query(session_id=lock['session_id'])}", "DELETE")
    except Away:
        return  # the claim expires
