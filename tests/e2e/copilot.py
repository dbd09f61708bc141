"""The real GitHub Copilot CLI, with a home of its own and a model that a script plays; nothing but
loopback is reached.
"""

import contextlib
import http.server
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e import agents
from tests.service import CLOCK

BY_EDITS = "claude-sonnet-4.5"  # is offered the tools create and edit
BY_PATCHES = "gpt-5.4"  # is offered apply_patch
ANSWER_S = 120  # one run on a busy machine; the first unpacks the program


@dataclass(frozen=True)
class Use:
    """The model uses a tool. `arguments`: text for a tool that takes a patch."""

    tool: str
    arguments: dict[str, Any] | str


class Model:
    """Plays its turns, and keeps what it was shown."""

    def __init__(self) -> None:
        self.turns: list[Use] = []
        self.requests: list[str] = []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self) -> tuple[dict[str, Any], str]:
        if not self.turns:
            return {"role": "assistant", "content": "Done."}, "stop"
        use = self.turns.pop(0)
        text = use.arguments if isinstance(use.arguments, str) else json.dumps(use.arguments)
        function = {"name": use.tool, "arguments": text}
        call = {
            "index": 0,
            "id": f"call_{len(self.requests)}",
            "type": "function",
            "function": function,
        }
        return {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"


def _handler(model: Model) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: Any) -> None:
            pass

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            model.requests.append(sent)
            message, reason = model.answer()
            chunk = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "x"}
            usage = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}
            chunks = [
                {**chunk, "choices": [{"index": 0, "delta": message, "finish_reason": None}]},
                {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]},
                {**chunk, "choices": [], "usage": usage},
            ]
            lines = [f"data: {each}\n\n" for each in (*map(json.dumps, chunks), "[DONE]")]
            body = "".join(lines).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


@contextlib.contextmanager
def model() -> Iterator[Model]:
    played = Model()
    try:
        yield played
    finally:
        played.close()


class Copilot:
    """The CLI as one user has it."""

    def __init__(self, home: Path, model: Model) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.model = model
        self._environment = {
            **CLOCK,
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "COPILOT_OFFLINE": "true",
            "COPILOT_ALLOW_ALL": "true",
            "COPILOT_PROVIDER_BASE_URL": model.url,
            "COPILOT_PROVIDER_API_KEY": "x",
        }

    def run(self, project: Path, prompt: str, *turns: Use, offers: str, **variables: str) -> str:
        """A session of one prompt. Returns what it printed. Raises AssertionError."""
        self.model.turns = list(turns)
        self.model.requests.clear()
        done = subprocess.run(
            [str(agents.program("copilot")), "-p", prompt, "--allow-all-tools"],
            cwd=project,
            env=self._environment | {"COPILOT_MODEL": offers} | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=ANSWER_S,
        )
        assert done.returncode == 0, done.stdout
        assert not self.model.turns, done.stdout
        return done.stdout

    @property
    def shown(self) -> str:
        """All that the model was shown in the last run."""
        return self.model.requests[-1]
