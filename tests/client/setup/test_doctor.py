"""`coord doctor` against the real service, and against everything that can be wrong."""

from __future__ import annotations

import datetime as dt
import http.server
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config import default
from coord import __version__
from coord.client.setup import hooks
from coord.client.setup.doctor.variables import OWN, SERVER, USERS
from tests.client.recording import shell_time
from tests.client.setup.conftest import CLOSED, Repository
from tests.service import ROOT, Service, running
from tests.test_documents import code, rows

SETTINGS = ".claude/settings.json"
Checks = dict[str, list[dict[str, str]]]


def doctor(
    repository: Repository, *arguments: str, code: int | None = None, **environment: str
) -> Checks:
    """Its checks by their names."""
    done = repository.coord("doctor", "--json", *arguments, **environment)
    report = json.loads(done.stdout)
    assert done.returncode == (0 if report["ok"] else 1), done.stderr
    assert code is None or done.returncode == code, report
    found: Checks = {}
    for check in report["checks"]:
        found.setdefault(check["name"], []).append(check)
    return found


def states(checks: Checks) -> set[str]:
    return {check["state"] for listed in checks.values() for check in listed}


def the_only(checks: Checks, name: str) -> dict[str, str]:
    (check,) = checks[name]
    return check


class Stub:
    """Answers as it is told to: a status and a body for each path, or what a function
    makes of it.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = stub.answers.get(
                    self.path.partition("?")[0], (404, b"<html>not here</html>")
                )
                content = body() if callable(body) else body
                sent = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}
        )
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def stub() -> Iterator[Stub]:
    made = Stub()
    yield made
    made.close()


def coord_like(
    stub: Stub,
    ahead: float = 0.0,
    client: tuple[int, Any] = (404, {"error": "not_found", "detail": "No."}),
    version: str = __version__,
) -> None:
    """A server that says what coord would, with another clock or of another version."""

    def status() -> dict[str, str]:
        at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=ahead)
        return {"generated_at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}

    stub.answers = {
        "/livez": (200, {"status": "ok"}),
        "/health": (
            200,
            {"status": "ok", "database": "connected", "migrations": "current", "version": version},
        ),
        "/client": client,
        "/api/coord/status": (200, status),
        "/api/coord/locks": (200, {"items": [], "next_cursor": None}),
    }


# --- all is well ----------------------------------------------------------------------------------


def test_after_init_all_is_well(set_up: Repository) -> None:
    checks = doctor(set_up, code=0)
    assert states(checks) == {"ok"}
    assert set(checks) == {
        "python",
        "program",
        "folder",
        "project",
        "session",
        "settings",
        "server",
        "versions",
        "access",
        "database",
        "clock",
        "hooks",
        "hooks fire",
        "queue",
        "instructions",
        "git guard",
        "mcp",
    }


def test_it_leaves_nothing_behind(set_up: Repository, service: Service) -> None:
    before = set_up.tree()
    doctor(set_up, code=0)
    after = set_up.tree()
    assert after == before
    for path in ("locks", "sessions"):
        assert service.call("GET", f"/{path}?project_key={set_up.project}").json["items"] == []


def test_it_says_what_was_derived_and_from_where(set_up: Repository) -> None:
    checks = doctor(set_up)
    assert checks["project"][0]["message"] == f"{set_up.project} (from .coord.toml)"
    assert checks["session"][0]["message"].startswith("web-1/ann-")
    assert str(set_up.home / ".local" / "state" / "coord") in checks["queue"][0]["message"]
    checks = doctor(set_up, COORD_PROJECT="other", CLAUDE_CODE_SESSION_ID="0123abcd-1")
    assert checks["project"][0]["message"] == "other (from COORD_PROJECT)"
    assert checks["session"][0]["message"].startswith("web-1/claude-123abcd1 (from Claude Code)")


def test_people_see_a_line_for_each_check_and_what_to_do(set_up: Repository) -> None:
    done = set_up.coord("doctor", COORD_URL=CLOSED)
    assert done.returncode == 1
    assert "ok       project: " in done.stdout
    assert (
        f"PROBLEM  server: {CLOSED} does not answer: connection refused (from COORD_URL)\n        "
        " -> Start it" in done.stdout
    )
    assert done.stdout.rstrip().endswith("1 problem, 1 warning.")
    quiet = set_up.coord("doctor", "--quiet", COORD_URL=CLOSED)
    assert "ok       " not in quiet.stdout
    assert "PROBLEM" in quiet.stdout


# --- the server -----------------------------------------------------------------------------------


def test_something_else_that_listens_there_is_told_from_coord(
    set_up: Repository, stub: Stub
) -> None:
    check = the_only(doctor(set_up, code=1, COORD_URL=stub.url), "server")
    assert (check["state"], "answers 404, and is not coord" in check["message"]) == (
        "problem",
        True,
    )


def test_a_server_that_hangs_is_told_in_time(set_up: Repository, hanging: str) -> None:
    began = time.monotonic()
    check = the_only(doctor(set_up, code=1, COORD_URL=hanging), "server")
    assert "timed out" in check["message"]
    assert time.monotonic() - began < 20


def test_an_address_that_is_none(set_up: Repository) -> None:
    assert (
        "is not the address"
        in the_only(doctor(set_up, code=1, COORD_URL="coord:8001"), "server")["message"]
    )


@pytest.mark.parametrize(
    ("client", "version", "state", "said"),
    [
        pytest.param(
            (404, {"error": "not_found"}),
            "0.0.1",
            "warning",
            "server 0.0.1; it does not say",
            id="a server from before",
        ),
        pytest.param(
            (404, {"error": "not_found"}), __version__, "ok", "does not say", id="the same version"
        ),
        pytest.param(
            (200, {"version": "9.0.0", "api": 9, "oldest_api": 1}),
            "9.0.0",
            "ok",
            "understand each other",
            id="a newer one that serves us",
        ),
        pytest.param(
            (200, {"version": "9.0.0", "api": 9, "oldest_api": 2}),
            "9.0.0",
            "problem",
            "too old for the server",
            id="one that does not",
        ),
        pytest.param(
            (200, {"version": "0.0.1", "api": 0, "oldest_api": 0}),
            "0.0.1",
            "problem",
            "older than this client",
            id="an older contract",
        ),
    ],
)
def test_versions_must_match(
    set_up: Repository, stub: Stub, client: tuple[int, Any], version: str, state: str, said: str
) -> None:
    coord_like(stub, client=client, version=version)
    check = the_only(doctor(set_up, COORD_URL=stub.url), "versions")
    assert (check["state"], said in check["message"]) == (state, True), check


@pytest.mark.parametrize(
    ("ahead", "state", "said"),
    [
        (0.0, "ok", "ms"),
        (10.0, "warning", "behind the server's"),
        (-10.0, "warning", "ahead of the server's"),
        (400.0, "problem", "7 min behind"),
    ],
)
def test_a_skewed_clock(
    set_up: Repository, stub: Stub, ahead: float, state: str, said: str
) -> None:
    coord_like(stub, ahead)
    check = the_only(doctor(set_up, COORD_URL=stub.url), "clock")
    assert (check["state"], said in check["message"]) == (state, True), check


def test_a_database_that_is_away(set_up: Repository, stub: Stub) -> None:
    coord_like(stub)
    away = {"detail": "Database unavailable. Retry after 30 seconds.", "retry_after": 30}
    stub.answers["/api/coord/status"] = (503, away)
    stub.answers["/health"] = (
        503,
        {"status": "degraded", "database": "disconnected", "reason": "the database is read-only"},
    )
    checks = doctor(set_up, code=1, COORD_URL=stub.url)
    assert (
        "its database does not: the database is read-only"
        in the_only(checks, "database")["message"]
    )
    assert checks["hooks fire"][0]["state"] == "warning"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that wants a token."""
    folder = tmp_path_factory.mktemp("guarded")
    with running(folder, f"sqlite:///{folder}/coord.db", TOKEN="right-4711") as service:
        yield service


@pytest.mark.parametrize(
    ("token", "said"),
    [(None, "it needs a token, and none is set"), ("wrong-4712", "is not accepted")],
)
def test_a_missing_and_a_wrong_token(
    set_up: Repository, guarded: Service, token: str | None, said: str
) -> None:
    environment = {"COORD_URL": guarded.url} | ({"COORD_TOKEN": token} if token else {})
    checks = doctor(set_up, code=1, **environment)
    assert said in the_only(checks, "access")["message"]
    assert "4711" not in json.dumps(checks)
    assert "4712" not in json.dumps(checks)


def test_the_right_token(set_up: Repository, guarded: Service, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("right-4711\n")
    checks = doctor(set_up, COORD_URL=guarded.url, COORD_TOKEN_FILE=str(tmp_path / "token"))
    assert the_only(checks, "access")["message"] == "the token is accepted"
    assert the_only(checks, "hooks fire")["state"] == "ok"
    assert "4711" not in json.dumps(checks)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a user's folder from others by itself")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o600])
def test_a_token_file_that_others_can_open_is_said(
    set_up: Repository, tmp_path: Path, mode: int
) -> None:
    file = tmp_path / "my token"
    file.write_text("right-4711\n")
    file.chmod(mode)
    checks = doctor(set_up, COORD_TOKEN_FILE=str(file))
    if mode == 0o600:
        assert "token" not in checks
        return
    check = the_only(checks, "token")
    assert (check["state"], check["fix"]) == ("warning", f"chmod 600 '{file}'")


# --- the hooks ------------------------------------------------------------------------------------


def edited(change: Callable[[dict[str, Any]], Any]) -> Callable[[Repository], None]:
    def edit(repository: Repository) -> None:
        settings = repository.json(SETTINGS)
        change(settings)
        repository.write(SETTINGS, json.dumps(settings))

    return edit


def ours(settings: dict[str, Any], event: str) -> dict[str, Any]:
    hook: dict[str, Any] = settings["hooks"][event][0]["hooks"][0]
    return hook


@pytest.mark.parametrize(
    ("edit", "state", "said"),
    [
        pytest.param(edited(lambda s: s.clear()), "problem", "no hooks of coord's here", id="none"),
        pytest.param(
            edited(lambda s: s["hooks"].pop("SessionEnd")),
            "problem",
            "these are missing: SessionEnd",
            id="one is missing",
        ),
        pytest.param(
            edited(lambda s: ours(s, "PreToolUse").update(timeout=1)),
            "warning",
            "of another version: PreToolUse",
            id="an old one",
        ),
        pytest.param(
            edited(lambda s: s.update(disableAllHooks=True)),
            "problem",
            "disableAllHooks",
            id="all are turned off",
        ),
        pytest.param(
            lambda repository: repository.write(SETTINGS, "{"),
            "problem",
            "is not JSON",
            id="broken settings",
        ),
    ],
)
def test_hooks_that_are_missing_old_or_turned_off(
    set_up: Repository, edit: Callable[[Repository], None], state: str, said: str
) -> None:
    edit(set_up)
    found = doctor(set_up)["hooks"]
    assert any(check["state"] == state and said in check["message"] for check in found), found


def test_a_hook_that_refuses_has_fired(set_up: Repository, service: Service) -> None:
    lock = {"project_key": set_up.project, "session_id": "web-2/agent", "resource": "/"}
    assert service.call("POST", "/locks", lock).status == 201
    assert "an edit was refused" in the_only(doctor(set_up, code=0), "hooks fire")["message"]


def test_in_a_folder_below_it_says_that_claude_code_finds_no_hooks_there(
    set_up: Repository,
) -> None:
    below = set_up.write("src/a.py").parent
    done = set_up.run("coord", "doctor", folder=below)
    assert done.returncode == 0
    assert f"a session of Claude Code that is started in {below} has no hooks" in done.stdout
    assert "has no hooks" not in set_up.coord("doctor").stdout


def test_instructions_that_are_missing_old_or_unread_are_warned_of(set_up: Repository) -> None:
    set_up.write("AGENTS.md", set_up.read("AGENTS.md").replace("Denied?", "Refused?"))
    assert (
        "of another version, or for another server: AGENTS.md"
        in the_only(doctor(set_up), "instructions")["message"]
    )
    set_up.init()
    assert the_only(doctor(set_up), "instructions")["message"] == "in AGENTS.md"
    set_up.write("CLAUDE.md", "# Claude Code reads this one now\n")
    assert "CLAUDE.md" in the_only(doctor(set_up), "instructions")["message"]
    (set_up.folder / "CLAUDE.md").unlink()
    (set_up.folder / "AGENTS.md").unlink()
    assert "no file tells agents about coord" in the_only(doctor(set_up), "instructions")["message"]
    set_up.init("--local")
    assert the_only(doctor(set_up), "instructions")["message"] == "in CLAUDE.local.md"


def test_hooks_in_the_users_own_settings_count(set_up: Repository) -> None:
    (set_up.home / ".claude").mkdir()
    os.replace(set_up.folder / SETTINGS, set_up.home / ".claude" / "settings.json")
    checks = doctor(set_up, code=0)
    assert the_only(checks, "hooks")["message"] == "all 12 in ~/.claude/settings.json"
    assert the_only(checks, "hooks fire")["state"] == "ok"


def test_a_plugin_counts(set_up: Repository) -> None:
    set_up.write(SETTINGS, json.dumps({"enabledPlugins": {"coord@coord": True}}))
    (set_up.folder / "AGENTS.md").unlink()
    checks = doctor(set_up, code=0)
    assert "as the plugin" in the_only(checks, "hooks")["message"]
    assert the_only(checks, "hooks fire")["state"] == "ok"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        pytest.param(
            "true # coord hook",
            "coord got no claim: it printed nothing",
            id="one that does nothing",
        ),
        pytest.param(
            "echo oh no >&2; exit 3; coord hook",
            "exit code 3), but coord got no claim: oh no",
            id="one that fails",
        ),
        pytest.param(
            hooks.COMMAND.replace("coord hook", "/gone/coord hook"),
            "coord got no claim",
            id="one that is gone",
        ),
    ],
)
def test_a_hook_that_does_not_fire_is_found_by_trying_it(
    set_up: Repository, command: str, said: str
) -> None:
    edited(lambda settings: ours(settings, "PreToolUse").update(command=command))(set_up)
    check = the_only(doctor(set_up, "--run-hooks", code=1), "hooks fire")
    assert (check["state"], said in check["message"]) == ("problem", True), check


def test_another_server_and_project_can_be_named(set_up: Repository, service: Service) -> None:
    done = set_up.coord("--url", service.url, "--project", "another", "doctor", COORD_URL=CLOSED)
    assert done.returncode == 0, done.stdout
    assert "project: another" in done.stdout


def test_every_command_that_settings_have_is_tried(set_up: Repository) -> None:
    set_up.write(
        ".claude/settings.local.json",
        set_up.read(SETTINGS).replace("&& coord hook", "&& false coord hook"),
    )
    tried = doctor(set_up, "--run-hooks", code=1)["hooks fire"]
    assert sorted(check["state"] for check in tried) == ["ok", "problem"]


@pytest.mark.parametrize("name", ["settings.json", "settings.local.json"])
@pytest.mark.parametrize(
    "command",
    ["touch ran; coord hook", "touch ran # coord hook", f"{hooks.COMMAND}\ntouch ran"],
)
def test_what_else_a_repository_s_settings_would_run_is_not_run(
    set_up: Repository, name: str, command: str
) -> None:
    settings = set_up.json(SETTINGS)
    ours(settings, "PreToolUse").update(command=command)
    set_up.write(f".claude/{name}", json.dumps(settings))
    checks = doctor(set_up)["hooks fire"]
    assert "not tried" in checks[-1]["message"]
    assert "coord doctor --run-hooks" in checks[-1]["fix"]
    assert not (set_up.folder / "ran").exists()


def test_it_says_which_name_all_sessions_share(set_up: Repository) -> None:
    checks = doctor(set_up, COORD_SESSION="web-1/all")["environment"]
    assert any("the same name, web-1/all:" in check["message"] for check in checks), checks


def test_a_misspelt_variable_is_told_with_the_right_name(set_up: Repository) -> None:
    others = {"COORD_BIND": "127.0.0.1:1", "COORD_BINDS": "x", "COORD_COLOUR": "red"}
    checks = doctor(set_up, code=0, COORD_SESION="x", COORD_SERVER_URL="y", **others)
    assert [(check["message"].split()[0], check["fix"]) for check in checks["environment"]] == [
        ("COORD_SERVER_URL", "Did you mean COORD_URL? Else leave it."),
        ("COORD_SESION", "Did you mean COORD_SESSION? Else leave it."),
    ]


def test_every_variable_is_known() -> None:
    listed = rows(ROOT / "docs" / "cli.md", "Environment")
    documented = {name for cells in listed for name in code(cells[0]) if name[:6] == "COORD_"}
    internal = {"COORD_PYTHON", "COORD_COMPLETE"}
    assert {f"COORD_{name}" for name in (*USERS, *OWN)} == documented | internal
    assert [f"COORD_{name}" for name in SERVER] == [
        setting.variable for setting in default.SETTINGS
    ]


@pytest.mark.parametrize("name", ["lefthook.yml", ".mcp.json", ".gemini/settings.json"])
def test_a_link_to_a_device_is_no_file_of_the_repository(set_up: Repository, name: str) -> None:
    (set_up.folder / name).parent.mkdir(exist_ok=True)
    (set_up.folder / name).symlink_to("/dev/zero")
    doctor(set_up, code=0)


def test_a_session_that_turned_hooks_off_or_shares_a_name_is_warned(
    set_up: Repository, service: Service
) -> None:
    lock = {"project_key": set_up.project, "session_id": "web-1/boss", "resource": "kept"}
    assert service.call("POST", "/locks", lock).status == 201
    checks = doctor(set_up, code=0, COORD_HOOKS="off", COORD_SESSION="web-1/boss")
    assert {check["state"] for check in checks["environment"]} == {"warning"}
    assert len(checks["environment"]) == 2
    assert the_only(checks, "hooks fire")["state"] == "ok"
    assert len(service.call("GET", f"/locks?project_key={set_up.project}").json["items"]) == 1


def test_a_program_that_hooks_do_not_find_is_a_problem(set_up: Repository) -> None:
    (set_up.home / ".local" / "bin").mkdir(parents=True)
    os.replace(set_up.home / "bin" / "coord", set_up.home / ".local" / "bin" / "coord")
    launcher = str(set_up.home / ".local" / "bin" / "coord")
    assert json.loads(set_up.run(launcher, "doctor", "--json").stdout)["ok"]
    os.replace(launcher, set_up.home / "elsewhere")
    report = json.loads(set_up.run(str(set_up.home / "elsewhere"), "doctor", "--json").stdout)
    found = {check["name"]: check for check in report["checks"]}
    assert "hooks do not find a `coord`" in found["program"]["message"]
    assert found["hooks fire"]["state"] == "problem"


# --- settings, queue, git, MCP --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "state", "said"),
    [
        ('porject = "x"', "warning", "porject is not known; is project meant?"),
        (
            "[hook]\nlock_ttl_hour = 1",
            "warning",
            "hook.lock_ttl_hour is not known; is hook.lock_ttl_hours meant?",
        ),
        ("[hook]\nbanner_bytes = true", "warning", "hook.banner_bytes is of the wrong type"),
        (
            '[[hook.commands]]\npattern = "x"\nresorce = "y"',
            "problem",
            "needs a pattern and a resource",
        ),
        (
            '[[hook.commands]]\npattern = "("\nresource = "y"',
            "problem",
            "is not a regular expression",
        ),
        ("url = ", "problem", "is not TOML"),
        ("", "ok", "sets nothing"),
    ],
)
def test_settings_that_are_wrong(
    set_up: Repository, service: Service, settings: str, state: str, said: str
) -> None:
    set_up.write(".coord.toml", settings)
    found = doctor(set_up, COORD_URL=service.url, COORD_PROJECT=set_up.project)["settings"]
    assert any(check["state"] == state and said in check["message"] for check in found), found


def test_calls_that_wait_and_calls_that_were_refused_are_counted(set_up: Repository) -> None:
    call = {"ts": shell_time(), "method": "POST", "path": "/api/coord/messages", "body": {}}
    set_up.write(".claude/coord-queue.jsonl", f"{json.dumps(call)}\n" * 2)
    state = set_up.state
    state.mkdir(parents=True, exist_ok=True)
    (state / "queue.rejected.jsonl").write_text(
        f"{json.dumps({**call, 'status': 422, 'answer': {}})}\n"
    )
    before = set_up.tree()
    waiting, refused = doctor(set_up, code=0)["queue"]
    assert f"2 calls wait, the oldest since {call['ts']}" in waiting["message"]
    assert "1 queued call was refused" in refused["message"]
    assert {name: each for name, each in set_up.tree().items() if "queue.jsonl" in name} == {
        name: each for name, each in before.items() if "queue.jsonl" in name
    }


def test_a_queue_that_cannot_be_written_is_a_problem(set_up: Repository) -> None:
    set_up.write("file", "")
    checks = doctor(set_up, code=1, XDG_STATE_HOME=str(set_up.write("file")))
    assert "cannot be written" in checks["queue"][0]["message"]


def test_a_queue_that_git_would_commit_is_warned_of(set_up: Repository) -> None:
    (set_up.folder / ".gitignore").unlink()
    assert any(
        "git does not ignore .claude/coord-queue.jsonl" in check["message"]
        for check in doctor(set_up)["queue"]
    )


def test_an_old_guard_and_an_mcp_entry_that_leads_elsewhere_are_warned_of(
    set_up: Repository,
) -> None:
    path = set_up.folder / ".git/hooks/pre-push"
    path.write_text(path.read_text().replace("-ne 9", "-ne 8"))
    set_up.write(
        ".mcp.json", '{"mcpServers": {"coord": {"type": "http", "url": "http://old:8001/mcp"}}}'
    )
    checks = doctor(set_up, code=0)
    assert the_only(checks, "git guard")["state"] == "warning"
    assert "leads to http://old:8001/mcp" in the_only(checks, "mcp")["message"]
    set_up.init("--mcp", "--guard")
    checks = doctor(set_up, code=0)
    assert the_only(checks, "git guard")["state"] == "ok"
    assert the_only(checks, "mcp")["message"].endswith("/mcp answers")
