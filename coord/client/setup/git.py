"""The few questions about a repository that only git itself answers."""

from __future__ import annotations

import os
import subprocess

from coord.client import programs
from coord.client.paths import is_whole

TIMEOUT_S = 10.0
_SETTINGS = ("-c", "core.fsmonitor=false")  # else git runs what the repository's settings name


class GitFailed(Exception):
    """git is not installed, or reports an error."""


def run(folder: str, *arguments: str, environment: dict[str, str] | None = None) -> bytes:
    """What `git -C folder …` prints. `environment`: in place of this one's. Raises GitFailed."""
    git = programs.find("git")
    if git is None:
        raise GitFailed("there is no git on PATH")
    try:
        done = subprocess.run(
            [git, *_SETTINGS, "-C", folder, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GitFailed(str(error)) from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise GitFailed(said.partition("\n")[0] or f"git ends with {done.returncode}")
    return done.stdout


def hooks_path(top: str) -> str | None:
    """`core.hooksPath`, from whichever of git's files sets it; None when nothing does."""
    try:
        path = (
            run(top, "config", "--type=path", "--get", "core.hooksPath")
            .decode("utf-8", "surrogateescape")
            .rstrip("\n")
        )
    except GitFailed:
        return None
    return os.path.normpath(os.path.join(top, path)) if path else None


def ignored_by_the_team(top: str, name: str) -> bool:
    """Whether the repository's own .gitignore files, the same for everybody, ignore a file."""
    try:
        output = run(top, "check-ignore", "-v", "-z", "--no-index", name)
    except GitFailed:
        return False
    source = output.decode("utf-8", "surrogateescape").partition("\0")[0]
    return not is_whole(source) and not source.startswith(".git/")
