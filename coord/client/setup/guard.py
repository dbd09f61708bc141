"""What the git hooks ask: whether another session holds the files of a commit, and whether another one is pushing.

It says no only when coord says so. Whatever goes wrong (no server, no answer in time, an answer that is none) is said in one line, and git
goes on. What it does not do: a push is over after its hook is, so `git push` stays claimed for a moment longer, and a push that takes
longer than that is no longer covered; a commit claims nothing.
"""

from __future__ import annotations

import os
import time
import unicodedata
from typing import Any

from coord.client import banner
from coord.client.place import CONFIG, BadConfig, Place, session
from coord.client.queue import BASE, new_id
from coord.client.setup import git
from coord.client.setup.git_guard import REFUSED
from coord.client.wire import Answer, Away, BadUrl, call, query

DEADLINE_S = 1.5  # for all calls of a hook together: as long as people wait without wondering
PUSH_TTL_S = 60  # nobody is told when a push is over; most take seconds
PUSH = "git push"
MOST_SHOWN = 10


class Unasked(Exception):
    """coord could not be asked; the message says why."""


class Guard:
    """One commit or push of one session."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.session = session()
        self._deadline = time.monotonic() + DEADLINE_S

    def pre_commit(self) -> str:
        """Why this commit must not be made; nothing when it may. Raises Unasked."""
        files = self._staged()
        held: dict[str, dict[str, Any]] = {}
        for project in sorted({self._project(os.path.dirname(file)) for file in files}):
            locks = [lock for lock in self._locks(project) if not lock["stale"] and not are_family(lock["session_id"], self.session)]
            for file in files:
                found = next((lock for lock in locks if covers(str(lock["resource"]), file)), None)
                if found is not None and self._project(os.path.dirname(file)) == project:
                    held[file] = found
        if held:
            held = {file: lock for file, lock in held.items() if file not in self._merged_unchanged()}
        return _refused_commit(held, len(files)) if held else ""

    def pre_push(self) -> str:
        """Why this push must not be made; nothing when it may, and others are told of it. Raises Unasked."""
        found = [lock for lock in self._locks(self.place.project, resource=PUSH) if not lock["stale"]]
        if any(are_family(lock["session_id"], self.session) for lock in found):
            return ""
        if found:
            return _refused_push(found[0])
        claim = {
            "id": new_id(),
            "project_key": self.place.project,
            "session_id": self.session,
            "resource": PUSH,
            "description": f"a push, by the git hook; nobody needs it for longer than {PUSH_TTL_S} s",
            "ttl_hours": PUSH_TTL_S / 3600,
            "take_over_stale": True,
        }
        answer = self._call("POST", "/locks", claim, or_else=(409,))
        lock = answer.json.get("lock") if answer.status == 409 else None
        return _refused_push(lock) if lock and not are_family(lock["session_id"], self.session) else ""

    def _staged(self) -> list[str]:
        """The files that the commit changes, from the top of the checkout. Raises Unasked."""
        try:
            return _names(git.run(self.place.root, "diff", "--cached", "--name-only", "--no-renames", "-z"))
        except git.GitFailed as failed:
            raise Unasked(f"git does not say what is in the commit: {failed}") from None

    def _merged_unchanged(self) -> set[str]:
        """In a merge: the files that come from the other side as they are there. Their authors have committed them already."""
        try:
            git.run(self.place.root, "rev-parse", "--quiet", "--verify", "MERGE_HEAD")
            changed = set(_names(git.run(self.place.root, "diff", "--cached", "--name-only", "--no-renames", "-z", "MERGE_HEAD")))
        except git.GitFailed:
            return set()
        return set(self._staged()) - changed

    def _project(self, folder: str) -> str:
        """The project of a folder: a part of the checkout may have a `.coord.toml` of its own."""
        if "COORD_PROJECT" not in os.environ:
            while folder:
                if os.path.isfile(os.path.join(self.place.root, folder, CONFIG)):
                    try:
                        return Place(os.path.join(self.place.root, folder)).project
                    except BadConfig as error:
                        raise Unasked(str(error)) from None
                folder = os.path.dirname(folder)
        return self.place.project

    def _locks(self, project: str, resource: str | None = None) -> list[dict[str, Any]]:
        """Every lock that is held now. Raises Unasked."""
        found: list[dict[str, Any]] = []
        cursor = None
        while True:
            page = self._call("GET", f"/locks{query(project_key=project, resource=resource, limit=500, cursor=cursor)}").json
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None, or_else: tuple[int, ...] = ()) -> Answer:
        headers = {"X-Coord-Session": self.session} if method == "GET" else {}
        if self.place.token:
            headers["Authorization"] = f"Bearer {self.place.token}"
        left = max(0.05, self._deadline - time.monotonic())
        try:
            answer = call(self.place.url, method, BASE + path, body, headers, left)
        except (Away, BadUrl) as error:
            raise Unasked(str(error)) from None
        told = answer.json
        if not isinstance(told, dict) or not answer.is_coords:
            raise Unasked(f"something that is not coord answers {answer.status} at {self.place.url}")
        if not answer.ok and answer.status not in or_else:
            raise Unasked(f"coord answers {answer.status}: {told.get('detail')}")
        return answer


def are_family(one: str, other: str) -> bool:
    """Whether two names belong to one session: `HOST/agent` and its subagent `HOST/agent/id`."""
    short, long = sorted((one, other), key=len)
    return short == long or ("/" in short and long.startswith(f"{short}/"))


def covers(resource: str, file: str) -> bool:
    """Whether a lock on this resource is about this file. The server's own rule, for paths without `..` on the file's side."""
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


def _names(listed: bytes) -> list[str]:
    return [unicodedata.normalize("NFC", name) for name in listed.decode("utf-8", "surrogateescape").split("\0") if name]


def _refused_commit(held: dict[str, dict[str, Any]], count: int) -> str:
    shown = list(held.items())[:MOST_SHOWN]
    lines = [f"  {_printable(_held(file, lock))}" for file, lock in shown]
    if len(held) > len(shown):
        lines.append(f"  and {len(held) - len(shown)} more")
    file, lock = shown[0]
    holder = lock["session_id"]
    return "\n".join(
        [
            f"coord: not committed. Other sessions hold {len(held)} of the {count} files of this commit:",
            *lines,
            f'Wait until it is released (coord status), or ask: coord send --to {holder} "{_printable(file)}" "When are you done?"',
            f'Or commit the rest without it: git restore --staged -- "{_printable(file)}"',
            "If its holder has agreed to this commit: COORD_GUARD=off git commit ...",
        ]
    )


def _held(file: str, lock: dict[str, Any]) -> str:
    """The lock, by the name of the file that is asked about."""
    same = lock["resource"] == file
    return banner.lock({**lock, "resource": file if same else f"{file} (within {lock['resource']})"})


def _refused_push(lock: dict[str, Any]) -> str:
    return "\n".join(
        [
            f"coord: not pushed. Another session pushes, or wants nobody to: {banner.lock(lock)}",
            f'Try again when it is released (coord status), or ask: coord send --to {lock["session_id"]} "{PUSH}" "When are you done?"',
            "If its holder has agreed to this push: COORD_GUARD=off git push ...",
        ]
    )


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def is_off() -> bool:
    return os.environ.get("COORD_GUARD", "").lower() in ("0", "off", "false", "no")


def check(hook: str, folder: str | None = None) -> tuple[int, str]:
    """The exit code of a git hook, and what to say. Never raises."""
    if is_off():
        return 0, ""
    going = "commit" if hook == "pre-commit" else "push"
    try:
        guard = Guard(Place(folder))
        refused = guard.pre_commit() if hook == "pre-commit" else guard.pre_push()
    except (Unasked, BadConfig) as error:
        return 0, f"coord: nobody was asked whether another session is in the way, the {going} goes on: {error}"
    except Exception as error:
        return 0, f"coord: the guard failed, the {going} goes on: {type(error).__name__}: {error}"
    return (REFUSED, refused) if refused else (0, "")
