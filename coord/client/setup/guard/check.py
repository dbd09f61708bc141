"""What the git hooks ask: whether another session holds a file of the commit, or is pushing.

They refuse only when coord says so. If anything goes wrong (no server, no answer in time, an answer
that makes no sense) one line says so and git goes on. Not covered: nothing runs after a push, so
`git push` stays claimed until its TTL ends, and a push that takes longer is no longer protected; a
commit claims nothing.
"""

from __future__ import annotations

import os
import stat
import time
import unicodedata
from typing import Any

from coord.client import banner
from coord.client.answer import Answer
from coord.client.calls import Untrusted
from coord.client.others_text import printable
from coord.client.percent import query
from coord.client.queue import BASE, new_id
from coord.client.resource_names import FOLDS_CASE
from coord.client.safe_files import UnsafeFile, create_in, in_folder, is_own
from coord.client.session_name import session_name
from coord.client.setup import git
from coord.client.setup.guard import REFUSAL_CODE, TRIAL, TRIAL_FILE, TRIAL_FOLDER
from coord.client.suggestions import command, quote
from coord.client.wire import Away, BadUrl, call
from coord.client.workspace import CONFIG, BadConfig, Workspace, enter

DEADLINE_S = 1.5  # for all calls of a hook together: as long as people wait without wondering
MIN_TIMEOUT_S = 0.05
PUSH_TTL_S = 60  # nothing runs after a push; most take seconds
PUSH = "git push"
MAX_SHOWN = 10
PAGE = 500

Lock = dict[str, Any]


class Unanswered(Exception):
    """coord could not be asked; the message says why."""


class Guard:
    """One commit or push of one session."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.session = session_name()
        self._deadline = time.monotonic() + DEADLINE_S

    def pre_commit(self) -> str:
        """Why this commit must not be made; empty when it may be. Raises Unanswered."""
        files = self._staged_files()
        held: dict[str, Lock] = {}
        for project in sorted({self._project(os.path.dirname(file)) for file in files}):
            locks = [lock for lock in self._locks(project) if self._is_in_the_way(lock)]
            for file in files:
                if self._project(os.path.dirname(file)) != project:
                    continue
                lock = next((lock for lock in locks if _is_on(lock, file)), None)
                if lock is not None:
                    held[file] = lock
        if held:
            merged = self._merged_unchanged()
            held = {file: lock for file, lock in held.items() if file not in merged}
        return _commit_refusal(held, len(files)) if held else ""

    def pre_push(self) -> str:
        """Why this push must not be made; empty when it may be, and then others see that this
        session pushes. Raises Unanswered."""
        locks = [
            lock for lock in self._locks(self.workspace.project, resource=PUSH) if not lock["stale"]
        ]
        if any(are_related(lock["session_id"], self.session) for lock in locks):
            return ""
        if locks:
            return _push_refusal(locks[0])
        claim = {
            "id": new_id(),
            "project_key": self.workspace.project,
            "session_id": self.session,
            "resource": PUSH,
            "description": f"a push, claimed by the git hook for at most {PUSH_TTL_S} s",
            "ttl_hours": PUSH_TTL_S / 3600,
            "take_over_stale": True,
        }
        answer = self._call("POST", "/locks", claim, accepted=(409,))
        lock = answer.json.get("lock") if answer.status == 409 else None
        return _push_refusal(lock) if lock and self._is_in_the_way(lock) else ""

    def _is_in_the_way(self, lock: Lock) -> bool:
        return not lock["stale"] and not are_related(lock["session_id"], self.session)

    def _staged_files(self) -> list[str]:
        """The files that the commit changes, from the top of the checkout. Raises Unanswered."""
        try:
            return _names(git.run(self.workspace.root, *_STAGED))
        except git.GitFailed as failed:
            raise Unanswered(f"git does not say what is in the commit: {failed}") from None

    def _merged_unchanged(self) -> set[str]:
        """In a merge: files taken from the other side as they are. Their authors have committed
        them already."""
        try:
            git.run(self.workspace.root, "rev-parse", "--quiet", "--verify", "MERGE_HEAD")
            changed = set(_names(git.run(self.workspace.root, *_STAGED, "MERGE_HEAD")))
        except git.GitFailed:
            return set()
        return set(self._staged_files()) - changed

    def _project(self, folder: str) -> str:
        """The project of a folder: a part of the checkout may have a `.coord.toml` of its own."""
        if "COORD_PROJECT" not in os.environ:
            while folder:
                if os.path.isfile(os.path.join(self.workspace.root, folder, CONFIG)):
                    try:
                        return Workspace(os.path.join(self.workspace.root, folder)).project
                    except BadConfig as error:
                        raise Unanswered(str(error)) from None
                folder = os.path.dirname(folder)
        return self.workspace.project

    def _locks(self, project: str, resource: str | None = None) -> list[Lock]:
        """Every lock that is held now. Raises Unanswered."""
        locks: list[Lock] = []
        cursor = None
        while True:
            filters = query(project_key=project, resource=resource, limit=PAGE, cursor=cursor)
            page = self._call("GET", f"/locks{filters}").json
            locks += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return locks
            if time.monotonic() > self._deadline:
                raise Unanswered("it has more locks than it tells in time")

    def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        accepted: tuple[int, ...] = (),
    ) -> Answer:
        """`accepted`: statuses that are an answer too. Raises Unanswered."""
        if not self.workspace.is_trusted:
            raise Unanswered(str(Untrusted(self.workspace.url)))
        headers = {"X-Coord-Session": self.session} if method == "GET" else {}
        if self.workspace.token:
            headers["Authorization"] = f"Bearer {self.workspace.token}"
        timeout = max(MIN_TIMEOUT_S, self._deadline - time.monotonic())
        try:
            answer = call(self.workspace.url, method, BASE + path, body, headers, timeout)
        except (Away, BadUrl) as error:
            raise Unanswered(str(error)) from None
        payload = answer.json
        if not isinstance(payload, dict) or not answer.is_coords:
            url = self.workspace.url
            raise Unanswered(f"something that is not coord answers {answer.status} at {url}")
        if not answer.ok and answer.status not in accepted:
            raise Unanswered(f"coord answers {answer.status}: {payload.get('detail')}")
        return answer


_STAGED = ("diff", "--cached", "--name-only", "--no-renames", "-z")


def are_related(one: str, other: str) -> bool:
    """Whether two names belong to one session: `HOST/agent` and its subagent `HOST/agent/id`."""
    short, long = sorted((one, other), key=len)
    return short == long or ("/" in short and long.startswith(f"{short}/"))


def covers(resource: str, file: str) -> bool:
    """Whether a lock on this resource covers this file. The server's own rule, for paths without
    `..` on the file's side."""
    path = resource.replace("\\", "/")
    tree = path == "**" or path.endswith(("/", "/**"))
    steps: list[str] = []
    for step in (path[:-2] if tree and path.endswith("**") else path).split("/"):
        if step == ".." and steps and steps[-1] != "..":
            steps.pop()
        elif step not in ("", "."):
            steps.append(step)
    key = "/".join(steps)
    if key and path.startswith("/"):
        return False  # outside of the checkout
    return not key or key == file or (tree and file.startswith(f"{key}/"))


def _is_on(lock: Lock, file: str) -> bool:
    """Where case does not count, git may spell a file otherwise than who claimed it first."""
    resource = str(lock["resource"])
    if FOLDS_CASE:
        resource, file = resource.casefold(), file.casefold()
    return covers(resource, file)


def _names(output: bytes) -> list[str]:
    names = output.decode("utf-8", "surrogateescape").split("\0")
    return [unicodedata.normalize("NFC", name) for name in names if name]


def _commit_refusal(held: dict[str, Lock], count: int) -> str:
    shown = list(held.items())[:MAX_SHOWN]
    lines = [f"  {_held(file, lock)}" for file, lock in shown]
    if len(held) > len(shown):
        lines.append(f"  and {len(held) - len(shown)} more")
    file, lock = shown[0]
    ask = command("send", file, "When are you done?", to=lock["session_id"])
    return "\n".join(
        [
            (
                f"coord: not committed. Other sessions hold {len(held)} of the {count} files of"
                " this commit:"
            ),
            *lines,
            f"Wait until it is released (coord status), or ask: {ask}",
            f"Or commit the rest without it: git restore --staged -- {quote(file)}",
            "If its holder has agreed to this commit: COORD_GUARD=off git commit ...",
        ]
    )


def _held(file: str, lock: Lock) -> str:
    """The lock, by the name of the file that is asked about."""
    is_same = lock["resource"] == file
    return banner.lock(
        {**lock, "resource": file if is_same else f"{file} (within {lock['resource']})"}
    )


def _push_refusal(lock: Lock) -> str:
    ask = command("send", PUSH, "When are you done?", to=lock["session_id"])
    return "\n".join(
        [
            f"coord: not pushed. Another session pushes, or wants nobody to: {banner.lock(lock)}",
            f"Try again when it is released (coord status), or ask: {ask}",
            "If its holder has agreed to this push: COORD_GUARD=off git push ...",
        ]
    )


def is_off() -> bool:
    return os.environ.get("COORD_GUARD", "").strip().lower() in ("0", "off", "false", "no")


def _is_trial(path: str) -> bool:
    """Notes that the guard was asked. A repository may ship the variable: the file is one that is
    not there yet, in a folder that only its user sees, as trials have it."""
    folder, name = os.path.split(path)
    if name != TRIAL_FILE or not os.path.basename(folder).startswith(TRIAL_FOLDER):
        return False
    try:
        in_folder(path, _note_trial)
    except FileExistsError:
        pass  # a hook may ask twice
    except OSError:
        return False
    return True


def _note_trial(name: str, folder: int | None) -> None:
    status = os.fstat(folder) if folder is not None else None
    if status is not None and not (is_own(status) and stat.S_IMODE(status.st_mode) == 0o700):
        raise UnsafeFile(f"{name} is in a folder of others")
    os.close(create_in(name, folder))


def check(hook: str, folder: str | None = None) -> tuple[int, str]:
    """The exit code of a git hook, and what it prints. Never raises."""
    if _is_trial(os.environ.get(TRIAL, "")):
        return REFUSAL_CODE, "coord: a trial of the guard, by coord guard status or coord doctor."
    if is_off():
        return 0, ""
    action = "commit" if hook == "pre-commit" else "push"
    try:
        guard = Guard(enter(folder))
        refusal = guard.pre_commit() if hook == "pre-commit" else guard.pre_push()
    except (Unanswered, BadConfig) as error:
        return (
            0,
            (
                f"coord: could not ask whether another session is in the way; the {action} goes on:"
                f" {error}"
            ),
        )
    except Exception as error:
        return 0, f"coord: the guard failed; the {action} goes on: {type(error).__name__}: {error}"
    said = "\n".join(filter(None, (printable(guard.workspace.disobeyed), refusal)))
    return REFUSAL_CODE if refusal else 0, said
