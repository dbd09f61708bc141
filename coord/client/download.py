"""The client that a server hands out."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from typing import Any

from coord.client.installation import installed_home
from coord.client.launcher import FLAGS, CannotInstall, interpreter, windows
from coord.client.safe_files import write_whole
from coord.client.wire import call

FETCH_S = 60.0


def offered(url: str, token: str | None = None) -> dict[str, Any]:
    """What `GET /client` says of the client that a server hands out.

    Raises Away, BadUrl and CannotInstall.
    """
    answer = call(url, "GET", "/client", headers=_headers(token))
    if not answer.ok or not isinstance(answer.fields.get("sha256"), str):
        reason = f": {answer.detail}" if answer.detail else ""
        raise CannotInstall(
            f"{url} hands out no client (it answers {answer.status}{reason}). Is it a coord server?"
        )
    return answer.fields


def fetch(url: str, sha256: str, token: str | None = None) -> bytes:
    """The coord.pyz of a server. Raises Away, BadUrl and CannotInstall."""
    answer = call(url, "GET", "/client/coord.pyz", headers=_headers(token), timeout=FETCH_S)
    if not answer.ok or hashlib.sha256(answer.body).hexdigest() != sha256:
        raise CannotInstall(
            f"What {url} sent is not the client that it announces. It may just have been brought up"
            " to date: try again."
        )
    return answer.body


def _headers(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def install_fetched(content: bytes, server: str, *options: str) -> int:
    """Runs the fetched client's own `install`, which knows how it wants to be installed.

    Its exit code; what it says it says itself.
    """
    folder = tempfile.mkdtemp(prefix="coord-")
    try:
        file = os.path.join(folder, "coord.pyz")
        write_whole(file, content)
        command = [interpreter(), *FLAGS, file, "install", "--server", server, *options]
        home = installed_home()
        same_place = (
            {"LOCALAPPDATA" if windows() else "XDG_DATA_HOME": os.path.dirname(home)}
            if home
            else {}
        )
        sys.stdout.flush()
        return subprocess.call(command, env={**os.environ, **same_place}, stdin=subprocess.DEVNULL)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_newer(one: str, other: str) -> bool:
    """Whether a version is newer than another; what follows the numbers does not count."""
    return _numbers(one) > _numbers(other)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d{1,9}", version)[:3]]
