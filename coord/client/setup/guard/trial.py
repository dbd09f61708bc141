"""Tries a git hook as git runs it in this checkout: whether it asks the guard, and ends when the
guard refuses.

Reading it would not tell: the hook may belong to husky, lefthook or pre-commit, and be another
one, or none, in a worktree. The guard refuses in a trial without asking coord, so what follows
it in the hook does not run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass

from coord.client import programs, text_files
from coord.client.setup import git, hook_shell
from coord.client.setup.guard import TRIAL, TRIAL_FILE, TRIAL_FOLDER

REMOTE = "coord-trial"  # one that nothing was pushed to
ZEROS = "0" * 40
MAX_LINE = 256  # as much of a first line as Linux reads
TIMEOUT_S = 30.0  # node and Python tools need seconds to start


@dataclass(frozen=True)
class Outcome:
    """`asked`: the hook ran the guard. `ended`: and ended when that refused."""

    asked: bool
    ended: bool


def try_hook(top: str, hook: str) -> Outcome:
    """Raises GitFailed."""
    with tempfile.TemporaryDirectory(prefix=TRIAL_FOLDER) as scratch:
        trial = os.path.join(scratch, TRIAL_FILE)
        environment = {
            name: value for name, value in os.environ.items() if name not in ("COORD_GUARD", "SKIP")
        }
        environment[TRIAL] = trial
        index = _index_to_commit(top, scratch)
        if index is not None and hook == "pre-commit":
            environment["GIT_INDEX_FILE"] = index
        code = _run(top, hook, environment)
        asked = os.path.exists(trial)
    return Outcome(asked, asked and code != 0)


def hook_path(top: str, hook: str) -> str:
    """The file that git runs in this checkout, whether or not it is there. Raises GitFailed."""
    output = git.run(top, "rev-parse", "--git-path", f"hooks/{hook}")
    return os.path.join(top, output.decode("utf-8", "surrogateescape").rstrip("\n"))


def _run(top: str, hook: str, environment: dict[str, str]) -> int:
    """The exit code of the hook, as git starts it; 0 where git starts none. Raises GitFailed."""
    path = hook_path(top, hook)
    if not os.path.isfile(path) or not (os.name == "nt" or os.access(path, os.X_OK)):
        return 0
    shell = [_sh()] if os.name == "nt" else []
    arguments = [REMOTE, REMOTE] if hook == "pre-push" else []
    try:
        done = subprocess.run(
            [*shell, path, *arguments],
            cwd=top,
            env=environment,
            input=_pushed(top) if hook == "pre-push" else b"",
            capture_output=True,
            check=False,
            timeout=TIMEOUT_S,
        )
    except FileNotFoundError:  # the hook is there
        first = text_files.read(path, MAX_LINE).partition("\n")[0]
        raise git.GitFailed(
            f"git cannot run the {hook} hook: its first line names a program that is not there"
            f" ({first.strip()})"
        ) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise git.GitFailed(f"the {hook} hook cannot be tried: {error}") from None
    return done.returncode


def _sh() -> str:
    """Git for Windows brings its own, which is on PATH in Git Bash only."""
    return programs.find("sh") or hook_shell.git_bash() or "sh"


def _pushed(top: str) -> bytes:
    """What git tells a pre-push hook of a new branch; tools that hear of none do nothing."""
    try:
        commit = git.run(top, "rev-parse", "--verify", "HEAD").decode().strip()
    except git.GitFailed:
        commit = ZEROS
    return f"refs/heads/trial {commit} refs/heads/trial {ZEROS}\n".encode()


def _index_to_commit(top: str, scratch: str) -> str | None:
    """A copy of the index that has the working tree's changes: tools that put those aside find
    none. Where there are none a file is gone from it: lefthook runs nothing for a commit without a
    file. None where there is no index."""
    try:
        output = git.run(top, "rev-parse", "--git-path", "index")
        index = os.path.join(scratch, "index")
        shutil.copy(
            os.path.join(top, output.decode("utf-8", "surrogateescape").rstrip("\n")), index
        )
    except (OSError, git.GitFailed):
        return None
    environment = {**os.environ, "GIT_INDEX_FILE": index}
    try:
        git.run(top, "add", "--update", environment=environment)
        if not git.run(top, "diff", "--cached", "--name-only", "-z", environment=environment):
            files = git.run(top, "ls-files", "-z", environment=environment).split(b"\0")
            if files[0]:
                first = files[0].decode("utf-8", "surrogateescape")
                git.run(top, "update-index", "--force-remove", "--", first, environment=environment)
    except git.GitFailed:
        pass  # then it is the index as it is
    return index
