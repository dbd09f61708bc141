"""`coord doctor`: whether coord works here, check by check, each as it is for the hooks and not as one would expect it to be."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from coord import __version__
from coord.client import API
from coord.client.locked import remove
from coord.client.place import CONFIG, FOLDER, SHORT, BadConfig, Place, host, session
from coord.client.queue import BASE, Queue, seconds_of
from coord.client.setup import blocks, config_file, git, git_guard, hooks, instructions, settings_json
from coord.client.setup.plan import Refused
from coord.client.setup.repository_setup import LOCAL, MCP, SHARED, plan_for
from coord.client.wire import Answer, Away, BadUrl, call, query

OK, WARNING, PROBLEM = "ok", "warning", "problem"
TIMEOUT_S = 3.0
SLOW_S = 0.5  # of an answer: a hook gives coord a second
SKEW_WARNING_S, SKEW_PROBLEM_S = 2.0, 300.0  # the server refuses what was seen more than five minutes from now
HOOK_SLOW_S = 1.0
MANAGED = {"darwin": "/Library/Application Support/ClaudeCode", "win32": "C:\\Program Files\\ClaudeCode"}

Settings = dict[str, Any]


@dataclass(frozen=True)
class Check:
    """What was found. `todo`: what to do about it, when it is not ok."""

    name: str
    state: str
    said: str
    todo: str = ""


def diagnose(folder: str | None = None, *, url: str | None = None, project: str | None = None) -> Iterator[Check]:
    """Every check, in order, each as soon as it is made. Never raises; what depends on a failed check is left out. `url` and `project`:
    others than those of the place."""
    yield from _program()
    try:
        place = Place(folder)
    except BadConfig as error:
        yield Check("settings", PROBLEM, str(error), "Mend it: until then the hooks do nothing here.")
        return
    place.url, place.project = (url or place.url).rstrip("/"), project or place.project
    given = {"COORD_URL": url, "COORD_PROJECT": project}
    doctor = Doctor(place, folder or os.getcwd(), {name: value for name, value in given.items() if value})
    for part in (doctor.place_checks, doctor.server_checks, doctor.hook_checks, doctor.queue_checks, doctor.other_checks):
        try:
            yield from part()
        except Exception as error:
            yield Check(
                part.__name__.partition("_")[0], PROBLEM, f"the check itself failed: {type(error).__name__}: {error}", "Report this."
            )


def _program() -> Iterator[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Check("python", OK, f"Python {version} ({sys.executable})")
    found = shutil.which("coord", path=hook_path())
    if found is None:
        yield Check(
            "program",
            PROBLEM,
            f"coord {__version__} runs, but hooks do not find a `coord`: it is neither on PATH nor in ~/.local/bin",
            "Install it: curl -fsS SERVER/client/install.sh | sh",
        )
    else:
        yield Check("program", OK, f"coord {__version__}; hooks run {found}")
    for name, what in (("COORD_HOOKS", "hooks"), ("COORD_GUARD", "git guard")):
        if os.environ.get(name, "").lower() in ("0", "off", "false", "no"):
            yield Check("environment", WARNING, f"{name} turns the {what} off for all that is started from here", f"unset {name}")
    if os.environ.get("COORD_SESSION"):
        yield Check(
            "environment",
            WARNING,
            f"COORD_SESSION gives every session that is started from here the same name, {os.environ['COORD_SESSION']}: they share their locks",
            "unset COORD_SESSION, unless there is only one.",
        )


def hook_path() -> str:
    """Where a hook looks for `coord`; see hooks.COMMAND."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), os.path.join(os.path.expanduser("~"), ".local", "bin")])


class Doctor:
    """The checks that need to know the place. `overrides`: what the hooks cannot know from it. `usable`: coord answers, lets us in and has its
    database. `has_plugin`: coord's plugin is turned on."""

    def __init__(self, place: Place, started_in: str, overrides: dict[str, str]) -> None:
        self.place = place
        self.started_in = started_in
        self.overrides = overrides
        self.usable = False
        self.has_plugin = False

    # --- the place -----------------------------------------------------------------------------------------------------------------

    def place_checks(self) -> Iterator[Check]:
        place = self.place
        kind = "worktree" if place.repository and place.repository.top != place.repository.main else "repository"
        yield Check("folder", OK, f"{kind if place.repository else 'no repository; folder'} {place.root}")
        yield Check("project", OK, f"{place.project} ({_source('COORD_PROJECT', place.config.get('project'), 'from its name')})")
        name = "Claude Code" if os.environ.get("CLAUDE_CODE_SESSION_ID") else "the user's name"
        name = "COORD_SESSION" if os.environ.get("COORD_SESSION") else name
        yield Check("session", OK, f"{session()} (from {name}); a session of Claude Code: {host()}/claude-<first {SHORT} of its id>")
        wrong = config_file.problems(place.config)
        if place.config:
            if wrong:
                yield Check("settings", WARNING, f"{CONFIG}: {' '.join(wrong)}", "Mend it: what is not known has no effect.")
            else:
                yield Check("settings", OK, f"{CONFIG} is valid")
        elif os.path.exists(os.path.join(place.root, CONFIG)):
            yield Check("settings", OK, f"{CONFIG} sets nothing")
        else:
            yield Check("settings", WARNING, f"there is no {CONFIG}, so others may mean another server or project", "coord init")
        yield from self._patterns()

    def _patterns(self) -> Iterator[Check]:
        from coord.client.commands import BadPattern, resources

        try:
            resources("true", self.place.config)
        except BadPattern as error:
            yield Check("settings", PROBLEM, str(error), "Mend it: until then no command is claimed.")

    # --- the server ----------------------------------------------------------------------------------------------------------------

    def server_checks(self) -> Iterator[Check]:
        place = self.place
        where = f"{place.url} ({_source('COORD_URL', place.config.get('url'), 'the default')})"
        began = time.monotonic()
        try:
            live = self._call("/livez")
        except BadUrl as error:
            yield Check("server", PROBLEM, str(error), "Mend the address.")
            return
        except Away as away:
            todo = "Start it, or name the right one: COORD_URL, or url in .coord.toml. Until then calls wait in the queue."
            yield Check("server", PROBLEM, f"{away} ({_source('COORD_URL', place.config.get('url'), 'the default address')})", todo)
            return
        took = time.monotonic() - began
        told = live.json
        if live.status == 200 and told == {"status": "ok"}:
            state = WARNING if took > SLOW_S else OK
            todo = "The hooks give up after a second and work without locks. Look at the network." if took > SLOW_S else ""
            yield Check("server", state, f"{where} answers in {took * 1000:.0f} ms", todo)
        elif live.status == 403 and live.is_coords:
            yield Check("server", PROBLEM, f"{where} refuses calls from here: {told.get('detail')}", "Ask its operator.")
            return
        else:
            yield Check(
                "server", PROBLEM, f"{where} answers {live.status}, and is not coord", "Name the right address: url in .coord.toml."
            )
            return
        yield from self._version()
        yield from self._access()
        if self.usable:
            yield from self._clock()

    def _version(self) -> Iterator[Check]:
        told = self._call("/client").json or {}
        api, oldest = told.get("api"), told.get("oldest_api")
        if not isinstance(api, int) or not isinstance(oldest, int):
            theirs = _health(self.place.url).get("version")
            said = f"client {__version__}, server {theirs or 'unknown'}; it does not say which clients it serves"
            yield Check("versions", OK, said) if theirs == __version__ else Check("versions", WARNING, said, "Update the server.")
        elif oldest > API:
            said = f"this client (contract {API}) is too old for the server (contracts {oldest} to {api})"
            yield Check("versions", PROBLEM, said, f"Update the client: curl -fsS {self.place.url}/client/install.sh | sh")
        elif api < API:
            said = f"the server (contract {api}) is older than this client (contract {API})"
            yield Check("versions", PROBLEM, said, "Update the server, or use its client.")
        elif told.get("version") != __version__:
            yield Check("versions", OK, f"client {__version__}, server {told.get('version')}: they understand each other (contract {API})")
        else:
            yield Check("versions", OK, f"client and server {__version__}")

    def _access(self) -> Iterator[Check]:
        try:
            answer = self._call(f"{BASE}/status{query(project_key=self.place.project)}")
        except Away as away:
            health = _health(self.place.url)
            reason = health.get("reason") or health.get("migrations") or away
            yield Check(
                "database",
                PROBLEM,
                f"the server works, its database does not: {reason}",
                "Tell the operator. Until then calls wait in the queue.",
            )
            return
        if answer.status in (401, 403):
            if not self.place.is_trusted:
                said = "your token was not sent, since only this repository's .coord.toml names this server"
                yield Check("access", PROBLEM, said, f"If it is your team's: coord trust {self.place.url}")
                return
            sent = "the token that was sent is not accepted" if self.place.token else "it wants a token, and none is set"
            said = f"{sent}: {(answer.json or {}).get('detail')}"
            yield Check("access", PROBLEM, said, "Put it in ~/.config/coord/token, or set COORD_TOKEN_FILE; the operator has the token.")
            return
        if not answer.ok:
            yield Check("access", PROBLEM, f"it answers {answer.status}: {(answer.json or {}).get('detail')}", "Tell the operator.")
            return
        self.usable = True
        yield Check("access", OK, "the token is accepted" if self.place.token else "no token is needed")
        health = _health(self.place.url)
        said = f"{health.get('database')}, migrations {health.get('migrations')}"
        if health.get("status") == "ok":
            yield Check("database", OK, said)
        else:
            yield Check("database", PROBLEM, f"{said}: {health.get('reason')}", "Tell the operator.")

    def _clock(self) -> Iterator[Check]:
        """The best of three: the less time a call took, the less it matters when in that time the server looked at its clock."""
        best: tuple[float, float] | None = None
        for _ in range(3):
            began = time.time()
            answer = self._call(f"{BASE}/status{query(project_key=self.place.project)}")
            ended = time.time()
            theirs = seconds_of(str((answer.json or {}).get("generated_at") or ""))
            if theirs is not None and (best is None or ended - began < best[1]):
                best = (theirs - (began + ended) / 2, ended - began)
        if best is None:
            yield Check("clock", WARNING, "the server does not say what time it is")
            return
        ahead, took = best
        which = "behind" if ahead > 0 else "ahead of"
        said = f"this machine's clock is {_duration(abs(ahead))} {which} the server's (to within {_duration(took / 2)})"
        sure = abs(ahead) - took / 2
        if sure > SKEW_PROBLEM_S:
            todo = "Set the clock (NTP). The server refuses what was seen in its future, and takes the rest for old."
            yield Check("clock", PROBLEM, said, todo)
        elif sure > SKEW_WARNING_S:
            yield Check("clock", WARNING, said, "Set the clock (NTP): queued reports of component states may count as older than they are.")
        else:
            yield Check("clock", OK, said)

    def _call(self, path: str, method: str = "GET", body: object = None) -> Answer:
        headers = {"Authorization": f"Bearer {self.place.token}"} if self.place.token else {}
        return call(self.place.url, method, path, body, headers, TIMEOUT_S)

    # --- the hooks -----------------------------------------------------------------------------------------------------------------

    def hook_checks(self) -> Iterator[Check]:
        settings: dict[str, Settings] = {}
        for path in self._settings_files():
            try:
                settings[path] = _json_file(path)
            except ValueError as error:
                yield Check("hooks", PROBLEM, f"{path} is not JSON: {error}", "Mend it: Claude Code leaves out the whole file.")
        yield from _turned_off(settings)
        plugin = [path for path, told in settings.items() if _has_plugin(told)]
        found = {path: hooks_found for path, told in settings.items() if (hooks_found := settings_json.found(told))}
        if not found and not plugin:
            yield Check("hooks", PROBLEM, "Claude Code has no hooks of coord's here, so nothing is claimed", "coord init")
            return
        if plugin:
            rests = ", and rests where the settings have hooks of coord's, as here" if found else ""
            yield Check("hooks", OK, f"as the plugin that {_short(plugin[0])} turns on{rests}")
        if found:
            yield _compared(found)
        here = os.path.realpath(self.started_in)
        own = os.path.join(self.place.root, FOLDER) + os.sep
        if here != self.place.root and all(path.startswith(own) for path in found) and not plugin:
            said = f"a session of Claude Code that is started in {here} has no hooks: it reads {FOLDER}/{SHARED} of the folder that it is started in"
            yield Check("hooks", WARNING, said, f"Start it in {self.place.root}, or install coord as a plugin: coord init --plugin DIR")
        self.has_plugin = bool(plugin)
        commands = [str(each["command"]) for told in found.values() for each in _commands(told.get("PreToolUse", []))]
        if not self.usable:
            yield Check("hooks fire", WARNING, "not tried, since the server cannot be used")
            return
        for command in dict.fromkeys(commands) or ([hooks.PLUGIN_COMMAND] if plugin else []):
            yield from self._fire(command)

    def _settings_files(self) -> list[str]:
        home = os.environ.get("CLAUDE_CONFIG_DIR") or os.path.join(os.path.expanduser("~"), FOLDER)
        here = os.path.join(self.place.root, FOLDER)
        managed = MANAGED.get(sys.platform, "/etc/claude-code")
        return [
            os.path.join(managed, "managed-settings.json"),
            os.path.join(home, SHARED),
            os.path.join(here, SHARED),
            os.path.join(here, LOCAL),
        ]

    def _fire(self, command: str) -> Iterator[Check]:
        """Runs the command of the settings as Claude Code would before an edit, and looks whether coord got the claim."""
        shell = shutil.which("sh") or shutil.which("bash")
        if shell is None:
            yield Check("hooks fire", WARNING, "not tried, since there is no sh here", "Run it in Git Bash.")
            return
        claude_session, resource = str(uuid.uuid4()), f"coord-doctor-{uuid.uuid4().hex[:8]}.tmp"
        with tempfile.TemporaryDirectory(prefix="coord-doctor-") as scratch:
            ran = _run_hook(
                [shell, "-c", command], self._event(claude_session, resource), self._environment(claude_session, scratch), self.place.root
            )
            try:
                check = self._fired(ran, claude_session, resource)
            finally:
                self._clean_up(claude_session, resource)
        yield check

    def _event(self, claude_session: str, resource: str) -> dict[str, Any]:
        path = os.path.join(self.place.root, resource)
        return {
            "session_id": claude_session,
            "cwd": self.place.root,
            "transcript_path": "",
            "permission_mode": "default",
            "hook_event_name": "PreToolUse",
            "tool_name": "Write",
            "tool_input": {"file_path": path, "content": ""},
            "tool_use_id": "toolu_coord_doctor",
        }

    def _environment(self, claude_session: str, scratch: str) -> dict[str, str]:
        """As Claude Code gives it to hooks; with a queue of its own, so that this leaves no call behind."""
        kept = {name: value for name, value in os.environ.items() if name not in ("COORD_SESSION", "COORD_HOOKS")}
        own = {"CLAUDE_PROJECT_DIR": self.place.root, "CLAUDE_CODE_SESSION_ID": claude_session}
        return {**kept, **own, "COORD_QUEUE": os.path.join(scratch, "coord-queue.jsonl"), **self.overrides}

    def _fired(self, ran: Ran, claude_session: str, resource: str) -> Check:
        took = f"{ran.seconds * 1000:.0f} ms"
        if any(claude_session[:SHORT] in lock["session_id"] for lock in self._claims(resource)):
            if ran.code:
                return Check("hooks fire", PROBLEM, f"the claim arrived, but the hook ended with {ran.code}", "coord init")
            if ran.seconds > HOOK_SLOW_S:
                return Check(
                    "hooks fire", WARNING, f"an edit was claimed, but that took {took}", "Every edit waits for it. Is this machine busy?"
                )
            return Check("hooks fire", OK, f"an edit was claimed by the very command of the settings, in {took}, and released again")
        if _denies(ran.answer):
            return Check("hooks fire", OK, f"an edit was refused, since another session holds all of the project, in {took}")
        why = ran.said or "it said nothing"
        todo = "Run it by hand: coord hook --help. What failed in a hook stands in .claude/coord-hook.log."
        return Check("hooks fire", PROBLEM, f"the hook ran ({took}, exit code {ran.code}), but coord got no claim: {why}", todo)

    def _claims(self, resource: str) -> list[dict[str, Any]]:
        answer = self._call(f"{BASE}/locks{query(project_key=self.place.project, resource=resource)}")
        listed: list[dict[str, Any]] = (answer.json or {}).get("items", [])
        return [lock for lock in listed if lock["resource"] == resource]

    def _clean_up(self, claude_session: str, resource: str) -> None:
        """Whatever the made-up session left: it never was."""
        try:
            for lock in self._claims(resource):
                if claude_session[:SHORT] in lock["session_id"]:
                    self._call(f"{BASE}/sessions{query(session_id=lock['session_id'])}", "DELETE")
        except Away:
            return  # its claim ends by itself

    # --- the queue -----------------------------------------------------------------------------------------------------------------

    def queue_checks(self) -> Iterator[Check]:
        for path in self.place.queues:
            yield from _queue_checks(path)
        name = os.path.relpath(self.place.queue, self.place.home)
        in_checkout = self.place.repository is not None and self.place.home in (self.place.repository.top, self.place.repository.main)
        if in_checkout and not name.startswith("..") and not _is_ignored(self.place.home, name):
            yield Check("queue", WARNING, "git does not ignore the queue, so it may be committed", "coord init")

    # --- what else -----------------------------------------------------------------------------------------------------------------

    def other_checks(self) -> Iterator[Check]:
        yield self._instructions()
        if self.place.repository is not None:
            yield self._guard()
        yield from self._mcp()

    def _instructions(self) -> Check:
        """Whether agents read of coord, in whichever file they read here."""
        plan = plan_for(self.place)
        url = str(self.place.config.get("url") or self.place.url).rstrip("/")
        files = [os.path.join(self.place.root, name) for name in (instructions.AGENTS, instructions.CLAUDE, instructions.LOCAL)]
        try:
            have = [file for file in files if blocks.has(plan, file, blocks.MARKDOWN)]
            if files[-1] in have:
                instructions.add_local(plan, self.place.root, url)
            else:
                instructions.add(plan, self.place.root, url)
        except Refused as refused:
            return Check("instructions", WARNING, str(refused))
        todo = ", ".join(plan.shown(change.path) for change in plan.changes)
        if not have and self.has_plugin:
            return Check("instructions", OK, "in the plugin's skill")
        if not have:
            return Check("instructions", WARNING, "no file tells agents of coord; what the hooks say they see all the same", "coord init")
        if todo:
            return Check("instructions", WARNING, f"not as this version has them, or for another server: {todo}", "coord init")
        return Check("instructions", OK, f"in {', '.join(map(plan.shown, have))}")

    def _guard(self) -> Check:
        try:
            states = git_guard.status(self.place)
        except (Refused, git.GitFailed) as error:
            return Check("git guard", WARNING, str(error))
        said = "; ".join(f"{hook} {state}" for hook, state in states.items())
        if any(state == "old" for state in states.values()) or any("not executable" in state for state in states.values()):
            return Check("git guard", WARNING, said, "coord guard install")
        on = all(state == "on" for state in states.values())
        return Check("git guard", OK, said if on else f"{said} (if people or other tools commit here: coord guard install)")

    def _mcp(self) -> Iterator[Check]:
        try:
            entry = _json_file(os.path.join(self.place.root, MCP)).get("mcpServers", {}).get(settings_json.SERVER)
        except (ValueError, AttributeError):
            yield Check("mcp", WARNING, f"{MCP} is not as Claude Code needs it", "Mend it.")
            return
        if not isinstance(entry, dict):
            yield Check("mcp", OK, f"not in {MCP} (the commands do the same; if you want it: coord init --mcp)")
        elif entry.get("url") != f"{self.place.url}/mcp":
            todo = "coord init --mcp" if "COORD_URL" not in os.environ else "unset COORD_URL, unless it is meant so."
            yield Check("mcp", WARNING, f"{MCP} leads to {entry.get('url')}, the rest to {self.place.url}", todo)
        elif not self.usable:
            yield Check("mcp", WARNING, "not tried, since the server cannot be used")
        else:
            answer = self._call("/mcp", "POST", {"jsonrpc": "2.0", "id": 1, "method": "ping"})
            told = answer.json or {}
            if answer.ok and "result" in told:
                yield Check("mcp", OK, f"{entry['url']} answers")
            else:
                yield Check("mcp", WARNING, f"{entry['url']} answers {answer.status}", "Update the server.")


# --- parts -----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ran:
    """How a command went. `answer`: what it wrote to standard output; `said`: the begin of that and of its errors, for people."""

    code: int
    said: str
    seconds: float
    answer: bytes = b""


def _run_hook(command: list[str], event: dict[str, Any], environment: dict[str, str], folder: str) -> Ran:
    limit = next(each.timeout for each in hooks.EVENTS if each.name == event["hook_event_name"])
    began = time.monotonic()
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, input=json.dumps(event).encode(), capture_output=True, timeout=limit, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Ran(
            -1,
            f"{type(error).__name__}: it did not end in {limit} s" if isinstance(error, subprocess.TimeoutExpired) else str(error),
            time.monotonic() - began,
        )
    said = (done.stderr + done.stdout).decode("utf-8", "replace").strip()
    return Ran(done.returncode, said[:500], time.monotonic() - began, done.stdout)


def _source(variable: str, setting: object, otherwise: str) -> str:
    return f"from {variable}" if os.environ.get(variable) else f"from {CONFIG}" if setting else otherwise


def _health(url: str) -> dict[str, Any]:
    """What /health says, also when that is an error."""
    import urllib.error
    import urllib.request

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/health", timeout=TIMEOUT_S + 3) as answer:
            content = answer.read()
    except urllib.error.HTTPError as error:
        with error:
            content = error.read()
    except OSError:
        return {}
    try:
        told = json.loads(content)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _json_file(path: str) -> dict[str, Any]:
    """Nothing when there is none. Raises ValueError."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            told = json.load(file)
    except OSError:
        return {}
    if not isinstance(told, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 as json.load says it of what is no JSON
    return told


def _turned_off(settings: dict[str, Settings]) -> Iterator[Check]:
    for path, told in settings.items():
        if told.get("disableAllHooks") is True:
            yield Check("hooks", PROBLEM, f"{_short(path)} has disableAllHooks: Claude Code runs none", f"Remove it from {_short(path)}.")
        if told.get("allowManagedHooksOnly") is True and os.path.basename(path).startswith("managed"):
            yield Check("hooks", PROBLEM, f"{path} allows no hooks but its own (allowManagedHooksOnly)", "Ask who manages this machine.")


def _has_plugin(settings: Settings) -> bool:
    enabled = settings.get("enabledPlugins")
    return isinstance(enabled, dict) and any(name.partition("@")[0] == "coord" and value for name, value in enabled.items())


def _commands(groups: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for group in groups:
        yield from (hook for hook in group["hooks"] if hooks.is_ours(hook))


def _compared(found: dict[str, dict[str, list[dict[str, Any]]]]) -> Check:
    """The hooks of all settings files together against what this version has."""
    names = ", ".join(map(_short, found))
    missing, old = [], []
    for event in hooks.EVENTS:
        groups = [group for told in found.values() for group in told.get(event.name, [])]
        if not groups:
            missing.append(event.name)
        elif hooks.group(event) not in groups:
            old.append(event.name)
    if missing:
        return Check("hooks", PROBLEM, f"in {names}, but these are missing: {', '.join(missing)}", "coord init")
    if old:
        return Check("hooks", WARNING, f"in {names}, but these are not as this version has them: {', '.join(old)}", "coord init")
    return Check("hooks", OK, f"all {len(hooks.EVENTS)} in {names}")


def _queue_checks(path: str) -> Iterator[Check]:
    queue = Queue(path)
    try:
        _try_writing(path)
        waiting, refused = queue.waiting(), queue.rejected()
    except OSError as error:
        yield Check(
            "queue",
            PROBLEM,
            f"{path} cannot be written: {error.strerror}",
            "Calls are lost while the server is away. Mend its permissions.",
        )
        return
    count = "1 call waits" if len(waiting) == 1 else f"{len(waiting)} calls wait"
    said = f"{path} can be written; {count}" + (f", the oldest since {waiting[0].ts}" if waiting else "")
    yield Check("queue", WARNING if waiting else OK, said, "coord sync" if waiting else "")
    if refused:
        count = "1 of the calls that had waited was" if len(refused) == 1 else f"{len(refused)} of the calls that had waited were"
        yield Check("queue", WARNING, f"{count} refused ({queue.rejected_path})", "coord queue --rejected")


def _try_writing(path: str) -> None:
    """Whether the queue could be appended to, without doing it. Raises OSError."""
    folder = os.path.dirname(path)
    while not os.path.isdir(folder):
        if os.path.exists(folder):
            raise NotADirectoryError(20, f"{folder} is not a folder")
        folder = os.path.dirname(folder)
    handle, trial = tempfile.mkstemp(dir=folder, prefix="coord-doctor-")
    os.close(handle)
    remove(trial)
    if os.path.exists(path):
        with open(path, "ab"):
            pass


def _denies(answer: bytes) -> bool:
    """Whether a hook refuses the edit."""
    try:
        return bool(json.loads(answer)["hookSpecificOutput"]["permissionDecision"] == "deny")
    except (ValueError, KeyError, TypeError):
        return False


def _is_ignored(folder: str, name: str) -> bool:
    try:
        git.run(folder, "check-ignore", "--quiet", "--no-index", name)
    except git.GitFailed:
        return False
    return True


def _short(path: str) -> str:
    home = os.path.expanduser("~")
    return f"~{path[len(home) :]}" if path.startswith(home + os.sep) else path


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
