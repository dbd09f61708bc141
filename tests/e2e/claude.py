"""The real Claude Code CLI, with a home of its own and a model that a script plays; nothing but
loopback is reached.

    with model_stub() as model:
        claude = Claude(folder / "home", model)
        with claude.open(project) as session:
            session.ask("Fix it", Use("Write", file_path=str(project / "a.txt"), content="fixed"), "Done.")

Each prompt comes with the model's turns: a turn is what it says (text), a tool it uses, several of
both in a list, or a function of the request that returns one of these. When its turns are over it
says "Done.", which ends the prompt.
"""  # noqa: E501 (as it is shown)

import contextlib
import http.server
import itertools
import json
import os
import signal
import subprocess
import threading
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e import agents
from tests.service import CLOCK, until

# named, since the CLI's default differs from home to home, and the tools with it
MODEL = "claude-opus-4-8"
ANSWER_S = 60  # one prompt, or a start, on a busy machine
ALLOWED = ("Bash", "Task", "Agent", "Edit", "Write", "NotebookEdit")
COMPACTING = "Respond with TEXT ONLY. Do NOT call any tools."

_numbers = itertools.count(1)


class Use:
    """The model uses a tool: `Use("Bash", command="make")`."""

    def __init__(self, tool: str, **arguments: Any) -> None:
        self.tool = tool
        self.arguments = arguments

    def block(self) -> dict[str, Any]:
        return {
            "type": "tool_use",
            "id": f"toolu_{next(_numbers):06}",
            "name": self.tool,
            "input": self.arguments,
        }


class Request:
    """One call of the model by the CLI."""

    def __init__(self, caller: str, headers: dict[str, str], body: dict[str, Any]) -> None:
        self.caller = caller
        self.body = body
        self.session_id = headers.get("x-claude-code-session-id", "")
        self.agent_id = headers.get("x-claude-code-agent-id")
        self.tools: list[str] = [tool["name"] for tool in body.get("tools", [])]

    @property
    def is_summary(self) -> bool:
        """`/compact` asks for one, in the midst of the conversation."""
        return COMPACTING in self.news

    @property
    def is_side_call(self) -> bool:
        """Not part of a conversation: a summary, or (without tools) a title, a guess at
        the topic.
        """
        return not self.tools or self.is_summary

    @property
    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.body["messages"]
        return found

    @property
    def shown(self) -> str:
        """All that the model is shown besides the system prompt."""
        return "\n".join(_texts(message["content"]) for message in self.messages)

    @property
    def news(self) -> str:
        """What the model is shown since its last turn: results of tools, what hooks add,
        reminders.
        """
        last = max(
            (at for at, message in enumerate(self.messages) if message["role"] == "assistant"),
            default=-1,
        )
        return "\n".join(_texts(message["content"]) for message in self.messages[last + 1 :])

    @property
    def results(self) -> list[str]:
        """What the tools that the model used in its last turn answered."""
        blocks = [
            block
            for message in self.messages
            if isinstance(message["content"], list)
            for block in message["content"]
        ]
        used = [message for message in self.messages if message["role"] == "assistant"][-1:]
        ids = [
            block["id"]
            for message in used
            for block in message["content"]
            if block["type"] == "tool_use"
        ]
        return [
            _texts([block])
            for block in blocks
            if block["type"] == "tool_result" and block["tool_use_id"] in ids
        ]


def _texts(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(
        _texts(block["content"]) if "content" in block else block.get("text", "")
        for block in content
    )


Says = str | Use | Sequence[str | Use]
Turn = Says | Callable[[Request], Says]


class ModelStub:
    """Stands in for the model's API. Thread-safe: each call is answered on a thread of its own."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.strangers: list[str] = []
        self.failures: list[str] = []
        self._turns: dict[str, deque[Turn]] = defaultdict(deque)
        self._agents: dict[str, str] = {}
        self._lock = threading.Lock()
        self._server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Handler", (_Handler,), {"stub": self})
        )
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def plays(self, caller: str, *turns: Turn) -> None:
        """What the model does next in a session's main conversation. A caller is a path below the
        URL, since a session's id may change.

        What is left of earlier turns is dropped."""
        with self._lock:
            self._turns[caller] = deque(turns)

    def plays_agent(self, prompt: str, *turns: Turn) -> None:
        """What the model does as the subagent that was given a task with this text in its prompt;
        the text must be unlike any other.
        """
        with self._lock:
            self._turns[f"agent {prompt}"] = deque(turns)

    def asked(self, caller: str) -> list[Request]:
        """The calls in a session's main conversation, oldest first."""
        with self._lock:
            return [
                request
                for request in self.requests
                if request.caller == caller and not request.agent_id and not request.is_side_call
            ]

    def asked_by_agents(self, caller: str) -> list[Request]:
        """The calls of a session's subagents, oldest first."""
        with self._lock:
            return [
                request
                for request in self.requests
                if request.caller == caller and request.agent_id
            ]

    def answer(self, request: Request) -> list[dict[str, Any]]:
        """The blocks of the model's next turn in this conversation."""
        with self._lock:
            self.requests.append(request)
            if request.is_summary:
                turn: Turn = "<summary>So far.</summary>"
            elif request.is_side_call or not (turns := self._turns[self._who(request)]):
                turn = "Done."
            else:
                turn = turns.popleft()
        says = turn(request) if callable(turn) else turn
        blocks = [says] if isinstance(says, str | Use) else says
        return [
            block.block() if isinstance(block, Use) else {"type": "text", "text": block}
            for block in blocks
        ]

    def _who(self, request: Request) -> str:
        if request.agent_id is None:
            return request.caller
        first = request.shown
        return self._agents.setdefault(
            request.agent_id,
            next((who for who in self._turns if who[:6] == "agent " and who[6:] in first), ""),
        )


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stub: ModelStub

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a header may hold a secret."""

    def do_CONNECT(self) -> None:
        """The CLI's proxy too: whatever it wants of another host ends here, and is counted."""
        self.stub.strangers.append(self.path)
        self.send_error(403)

    def do_GET(self) -> None:
        self._unknown()

    def do_HEAD(self) -> None:
        self._unknown()

    def _unknown(self) -> None:
        self.stub.strangers.append(f"{self.command} {self.path}")
        self._send(404, "application/json", b"{}")

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        _, caller, path = self.path.partition("?")[0].split("/", 2)
        if path == "v1/messages/count_tokens":
            self._send(200, "application/json", b'{"input_tokens": 100}')
        elif path == "v1/messages":
            self._model(
                Request(
                    caller,
                    {name.lower(): value for name, value in self.headers.items()},
                    json.loads(content),
                )
            )
        else:
            self._unknown()

    def _model(self, request: Request) -> None:
        try:
            blocks = self.stub.answer(request)
        except Exception as error:
            self.stub.failures.append(repr(error))
            self._send(
                400,
                "application/json",
                json.dumps(
                    {"type": "error", "error": {"type": "x", "message": repr(error)}}
                ).encode(),
            )
            return
        uses = any(block["type"] == "tool_use" for block in blocks)
        message = {
            "id": f"msg_{next(_numbers):06}",
            "type": "message",
            "role": "assistant",
            "model": request.body["model"],
            "content": blocks,
            "stop_reason": "tool_use" if uses else "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 100, "output_tokens": 10},
        }
        # The CLI hangs up when its session is killed: nobody is left to tell.
        with contextlib.suppress(ConnectionError):
            if request.body.get("stream"):
                said = "".join(
                    f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
                    for event in _events(message)
                )
                self._send(200, "text/event-stream", said.encode())
            else:
                self._send(200, "application/json", json.dumps(message).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _events(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The message as the API streams it."""
    yield {"type": "message_start", "message": message | {"content": [], "stop_reason": None}}
    for index, block in enumerate(message["content"]):
        if block["type"] == "text":
            begun, delta = block | {"text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            begun, delta = (
                block | {"input": {}},
                {"type": "input_json_delta", "partial_json": json.dumps(block["input"])},
            )
        yield {"type": "content_block_start", "index": index, "content_block": begun}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    stop = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 10}}
    yield {"type": "message_stop"}


@contextlib.contextmanager
def model_stub() -> Iterator[ModelStub]:
    stub = ModelStub()
    try:
        yield stub
    finally:
        stub.close()


@dataclass(frozen=True)
class Said:
    """What a command of the CLI answered."""

    code: int
    out: str


class Claude:
    """The CLI as one user of one machine has it: a home folder, in which any number of sessions
    live.
    """

    def __init__(self, home: Path, model: ModelStub, **environment: str) -> None:
        """`environment` comes on top of next to nothing; `PATH` is this process's unless it is
        given.
        """
        (home / "tmp").mkdir(parents=True, exist_ok=True)
        self.home = home
        self.model = model
        self.environment = {
            **CLOCK,
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "CLAUDE_CONFIG_DIR": str(home / ".claude"),
            "CLAUDE_CODE_TMPDIR": str(home / "tmp"),
            "ANTHROPIC_BASE_URL": f"{model.url}/nobody",
            "ANTHROPIC_API_KEY": "dummy",
            "ANTHROPIC_MODEL": MODEL,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_ERROR_REPORTING": "1",
            # What still wants another host is refused, and a test can ask who it was.
            "HTTP_PROXY": model.url,
            "HTTPS_PROXY": model.url,
            "NO_PROXY": "127.0.0.1,localhost",
        } | environment

    @property
    def settings(self) -> Path:
        """The user's own settings file, where the hooks of all projects are."""
        return self.home / ".claude" / "settings.json"

    def open(
        self,
        project: Path,
        *options: str,
        session_id: str | None = None,
        resume: bool = False,
        **environment: str,
    ) -> "Session":
        """A session in this folder that stays open until it is closed.

        With `resume` it goes on with the one of that id.
        """
        return Session(
            self,
            project,
            session_id or str(uuid.uuid4()),
            options,
            resume=resume,
            environment=environment,
        )

    def run(
        self, project: Path, prompt: str, *turns: Turn, session_id: str | None = None
    ) -> "Session":
        """A session of one prompt, over when this returns."""
        with self.open(project, session_id=session_id) as session:
            session.ask(prompt, *turns)
        return session

    def command(self, *arguments: str, project: Path | None = None) -> Said:
        """`claude mcp list`, `claude plugin validate FOLDER`, …"""
        done = subprocess.run(
            [str(agents.program("claude")), *arguments],
            cwd=project or self.home,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=ANSWER_S,
        )
        return Said(done.returncode, done.stdout)

    def mcp_list(self, project: Path) -> str:
        return self.command("mcp", "list", project=project).out

    def validate_plugin(self, folder: Path) -> Said:
        return self.command("plugin", "validate", str(folder))


class Session:
    """A running session: prompts go in, messages come out."""

    def __init__(
        self,
        claude: Claude,
        project: Path,
        session_id: str,
        options: Sequence[str],
        *,
        resume: bool,
        environment: dict[str, str],
    ) -> None:
        self.model = claude.model
        self.caller = uuid.uuid4().hex
        self.messages: list[dict[str, Any]] = []
        self._given = session_id
        self._errors = claude.home / f"{session_id}.log"
        self._prompt = ""
        which = "--resume" if resume else "--session-id"
        stream = [
            "--input-format",
            "stream-json",
            "--output-format",
            "stream-json",
            "--verbose",
            "--include-hook-events",
        ]
        # As root the CLI refuses to skip permissions. This way edits and commands need nobody's
        # consent either, and hooks are asked first.
        allowed = ["--permission-mode", "acceptEdits", "--allowedTools", ",".join(ALLOWED)]
        with self._errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [
                    str(agents.program("claude")),
                    "-p",
                    *stream,
                    *allowed,
                    which,
                    session_id,
                    *options,
                ],
                cwd=project,
                env=claude.environment
                | {"ANTHROPIC_BASE_URL": f"{self.model.url}/{self.caller}"}
                | environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def session_id(self) -> str:
        """The id that hooks are given. `/clear` changes it."""
        return str(
            next(
                (
                    message["session_id"]
                    for message in reversed(self.messages)
                    if "session_id" in message
                ),
                self._given,
            )
        )

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        try:
            if kind is None:
                self.close()
        finally:
            self.kill()  # and what it has left running

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.messages.append(json.loads(line))

    def start(self, prompt: str, *turns: Turn) -> None:
        """Gives a prompt and does not wait for the end of it.

        One at a time: the CLI makes one of two.
        """
        assert self.process.stdin is not None
        self.model.plays(self.caller, *turns)
        self._prompt = str(uuid.uuid4())
        message = {
            "type": "user",
            "uuid": self._prompt,
            "message": {"role": "user", "content": prompt},
        }
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def wait(self) -> str:
        """Waits for the end of the last prompt given.

        Returns the model's last words. Raises AssertionError when the session dies before.
        """
        until(
            lambda: self._result() or not self._reader.is_alive(), ANSWER_S, "the session's answer"
        )
        result = self._result()
        assert result is not None, f"the session ended: {self.said()}"
        assert not self.model.failures, self.model.failures
        return str(result.get("result"))

    def ask(self, prompt: str, *turns: Turn) -> str:
        """Gives a prompt, waits for the end of it and returns the model's last words."""
        self.start(prompt, *turns)
        return self.wait()

    def _result(self) -> dict[str, Any] | None:
        """The end of the last prompt given.

        There are other ends: the CLI gives prompts by itself when something in the background is
        over.
        """
        ends = [message for message in list(self.messages) if message["type"] == "result"]
        return next(
            (message for message in ends if self._prompt in message.get("user_message_uuids", ())),
            None,
        )

    @property
    def failed_hooks(self) -> list[dict[str, Any]]:
        """What the CLI says of each hook that failed, was cut off or said what it could not read;
        the user's screen would show it.
        """
        ends = [
            message for message in list(self.messages) if message.get("subtype") == "hook_response"
        ]
        return [message for message in ends if message["outcome"] != "success"]

    @property
    def asked(self) -> list[Request]:
        """The calls of the model in this session's main conversation, oldest first."""
        return self.model.asked(self.caller)

    @property
    def asked_by_agents(self) -> list[Request]:
        """The calls of this session's subagents, oldest first."""
        return self.model.asked_by_agents(self.caller)

    def close(self) -> int:
        """Ends the session as its user does. Returns the exit code. May be repeated."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        return self._gone()

    def signal(self, number: signal.Signals) -> int:
        """Sends the CLI a signal and waits for its end. Returns the exit code."""
        self.process.send_signal(number)
        return self._gone()

    def kill(self) -> None:
        """kill -9 of the CLI and of all that it started, which has process groups of its own and is
        known by its environment. May be repeated.
        """
        self.process.kill()
        self.process.wait()
        until(
            lambda: not self._kill_started(),
            ANSWER_S,
            "the processes of a killed session to be gone",
        )
        self._reader.join(5)
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def _kill_started(self) -> bool:
        """Whether there were any."""
        found = False
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # gone, or another user's
                if self.caller.encode() in (process / "environ").read_bytes():
                    found = True
                    os.kill(int(process.name), signal.SIGKILL)
        return found

    def _gone(self) -> int:
        """Waits for the CLI's end, not for that of hooks that outlive it."""
        code = self.process.wait(ANSWER_S)
        self._reader.join(5)
        return code

    def said(self) -> str:
        """All that it wrote, for the message of a failed test."""
        return (
            self._errors.read_text(errors="replace")[-3000:]
            + json.dumps(self.messages[-5:])[-3000:]
        )
