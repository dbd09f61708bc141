"""The loop that docs/PROTOCOL.md gives to shell clients, on queue files that somebody else
wrote.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.service import ROOT

COORD = "http://coord.example:8001"
LOOP = re.search(
    r"^replay\(\) \{.*?^\}\n",
    (ROOT / "docs" / "PROTOCOL.md").read_text(encoding="utf-8"),
    re.DOTALL | re.MULTILINE,
)
RECORDS = """#!/bin/sh
printf '%s\\n' "$*" >> "$RECORD"
cat > /dev/null
printf 200
"""

pytestmark = pytest.mark.skipif(
    not (shutil.which("bash") and shutil.which("jq")), reason="the loop needs bash and jq"
)


class Checkout:
    """A folder in which the loop runs, with a curl that only records how it was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "shop"
        self.queue = self.folder / ".claude" / "coord-queue.jsonl"
        self.queue.parent.mkdir(parents=True)
        self._bin = folder / "bin"
        self._bin.mkdir()
        (self._bin / "curl").write_text(RECORDS)
        (self._bin / "curl").chmod(0o755)
        self._record = folder / "record"
        self.git("init", "-q")

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", "-C", self.folder, *arguments], check=True)

    def replay(self) -> list[str]:
        """The addresses that curl was called with."""
        assert LOOP is not None
        variables = {
            **os.environ,
            "PATH": f"{self._bin}:{os.environ['PATH']}",
            "COORD": COORD,
            "RECORD": str(self._record),
        }
        script = f"Q=.claude/coord-queue.jsonl\n{LOOP[0]}\nreplay; :"
        subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=variables, check=True, capture_output=True
        )
        return (
            [line.rpartition(" ")[2] for line in self._record.read_text().splitlines()]
            if self._record.exists()
            else []
        )


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def line(path: Any = "/api/coord/messages", method: Any = "POST", body: Any = None) -> str:
    return (
        json.dumps({"ts": "2025-01-01T00:00:00Z", "method": method, "path": path, "body": body})
        + "\n"
    )


HOSTILE = {
    "another-server": line("@127.0.0.1:8170/x"),
    "another-port": line(":8170/api/coord/x"),
    "another-name": line(".evil.example/api/coord/x"),
    "above": line("/api/coord/../../admin"),
    "above-encoded": line("/api/coord/%2e%2e/../admin"),
    "another-path": line("/client"),
    "no-path": line(None),
    "a-list": line(["/api/coord/x"]),
    "second-line": line("@127.0.0.1:8170/x\n/api/coord/messages"),
    "option-as-method": line(method="--config=/tmp/x"),
    "file-as-method": line(method="@/etc/passwd"),
    "read": line(method="GET"),
    "no-json": "hello\n",
    "command": "$(touch pwned)`touch pwned`\n",
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
def test_nothing_goes_anywhere_but_below_coords_own_path(checkout: Checkout, hostile: str) -> None:
    checkout.queue.write_text(hostile + line())
    assert checkout.replay() == [f"{COORD}/api/coord/messages"]
    assert sorted(path.name for path in checkout.folder.iterdir()) == [".claude", ".git"]


def test_a_committed_file_is_not_replayed(checkout: Checkout) -> None:
    checkout.queue.write_text(line())
    checkout.git("add", "-f", ".claude")
    assert checkout.replay() == []
    assert checkout.queue.exists()


@pytest.mark.parametrize("linked", ["file", "folder"])
def test_a_link_is_not_followed(checkout: Checkout, tmp_path: Path, linked: str) -> None:
    target = tmp_path / "elsewhere" / "coord-queue.jsonl"
    target.parent.mkdir()
    target.write_text(line())
    if linked == "file":
        checkout.queue.symlink_to(target)
    else:
        checkout.queue.parent.rmdir()
        checkout.queue.parent.symlink_to(target.parent)
    assert checkout.replay() == []
    assert target.exists()
