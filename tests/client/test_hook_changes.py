"""What a command changes, and which locks follow: `coord hook` as a process of its own against the
real service, in real checkouts.
"""

import importlib.util
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.client.conftest import needs_links
from tests.client.test_hook import Repository, Session, locks
from tests.service import ROOT, Service, environment


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "shop")
    for file in ("src/app.py", "src/util.py", "README.md"):
        (repository.folder / file).parent.mkdir(exist_ok=True)
        (repository.folder / file).write_text("x\n")
    git(repository.folder, "add", ".")
    git(repository.folder, "commit", "-qm", "first")
    return repository


@pytest.fixture
def one(repository: Repository, service: Service) -> Session:
    return Session(repository, service.url)


@pytest.fixture
def two(repository: Repository, service: Service) -> Session:
    return Session(repository, service.url)


def git(folder: Path, *args: str) -> None:
    named = ["-c", "user.name=x", "-c", "user.email=x@y", "-c", "protocol.file.allow=always"]
    subprocess.run(
        ["git", *named, *args],
        cwd=folder,
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )


def claim(
    service: Service, repository: Repository, session: str, resource: str, **more: Any
) -> None:
    body = {"project_key": repository.project, "session_id": session, "resource": resource, **more}
    assert service.call("POST", "/locks", body).status == 201


def reason(answer: dict[str, Any]) -> str:
    assert answer.get("permissionDecision") == "deny", answer
    return str(answer["permissionDecisionReason"])


# --- files that stand in a command ----------------------------------------------------------------


@needs_links
@pytest.mark.parametrize(
    ("command", "claimed"),
    [
        ("rm link", ["link"]),
        ("mv link docs.md", ["docs.md", "link"]),
        ("ln -sfn src/util.py link", ["link"]),
        ("cp -P folder/../link other", ["other"]),
        ("git checkout -- link", ["link"]),
        ("rm -r folder", ["folder"]),
        ("sed -i s/x/y/ link", ["link"]),
        ("sed -i --follow-symlinks s/x/y/ link", ["src/app.py"]),
        ("echo > link", ["src/app.py"]),
        ("rm folder/app.py", ["src/app.py"]),
    ],
)
def test_a_command_that_replaces_a_link_leaves_what_it_points_to_alone(
    command: str, claimed: list[str], one: Session, repository: Repository, service: Service
) -> None:
    (repository.folder / "link").symlink_to("src/app.py")
    (repository.folder / "folder").symlink_to("src")
    assert one.before(command) == {}
    assert sorted(locks(service, repository)) == claimed


@pytest.mark.parametrize(
    "command",
    [
        "sed -i s/a/b/ src/app.py",
        "rm src/app.py; echo > x\ud800",  # half a letter, as JavaScript lets through
        'f() { rm "$1"; }; f src/app.py',
        "cd src && sed -i s/a/b/ app.py",
        "mv src/app.py src/old.py",
        "rm src/app.py",
        "cp README.md src/app.py",
        "echo x | tee src/app.py",
        "echo x > src/app.py",
        "cat >> src/app.py <<'EOF'\nx\nEOF",
        "dd if=/dev/null of=src/app.py",
        "black src/app.py",
        "black src",
        "git checkout -- src/app.py",
        "git rm src/app.py",
        "for f in src/*.py; do sed -i s/a/b/ $f; done",
        "python3 - <<'EOF'\np = 'src/app.py'\nopen(p, 'w').write('x')\nEOF",
        "sudo sed -i s/a/b/ src/app.py",
        "rm -rf src",
        "sed -i s/a/b/ $(git ls-files)",
    ],
)
def test_a_command_that_changes_a_held_file_is_denied_with_who_holds_it(
    one: Session, two: Session, service: Service, repository: Repository, command: str
) -> None:
    one.edits("src/app.py")
    denial = reason(two.before(command))
    assert one.name in denial
    assert "src/app.py" in denial
    assert f"in project {repository.project}" in denial
    assert set(locks(service, repository).values()) == {one.name}


def test_what_a_command_changes_is_held_like_an_edit(
    one: Session, two: Session, service: Service, repository: Repository
) -> None:
    one.before("sed -i s/a/b/ src/app.py README.md")
    one.after("sed -i s/a/b/ src/app.py README.md")
    assert locks(service, repository) == {"src/app.py": one.name, "README.md": one.name}
    assert one.name in reason(two.edits("README.md"))


def test_of_several_files_none_is_held_when_one_is_another_s(
    one: Session, two: Session, service: Service, repository: Repository
) -> None:
    one.edits("README.md")
    reason(two.before("rm src/app.py src/util.py README.md && git push"))
    assert locks(service, repository) == {"README.md": one.name}


@pytest.mark.parametrize(
    "command",
    [
        "sed -n 1p src/app.py",
        "cat src/app.py",
        "ls src > /dev/null",
        "black --check src",
        "git diff",
    ],
)
def test_a_command_that_only_reads_is_not_held_up(one: Session, two: Session, command: str) -> None:
    one.edits("src/app.py")
    assert two.before(command) == {}


def test_powershell_is_read_by_its_own_rules(one: Session, two: Session) -> None:
    one.edits("src/app.py")
    answer = two.fires(
        "PreToolUse",
        tool_name="PowerShell",
        tool_input={"command": r"Set-Content -Path src\app.py -Value x"},
        tool_use_id="toolu_p",
    )
    assert one.name in reason(answer)


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("mcp__filesystem__write_file", {"path": "src/app.py"}),
        ("mcp__filesystem__edit_file", {"path": "src/app.py", "edits": [{"oldText": "a"}]}),
        ("mcp__filesystem__move_file", {"source": "src/app.py", "destination": "src/x.py"}),
        ("mcp__serena__replace_symbol_body", {"relative_path": "src/app.py"}),
        ("mcp__ide__save", {"file_path": "src/app.py"}),
    ],
)
def test_a_tool_of_an_mcp_server_that_writes_is_an_edit(
    one: Session, two: Session, repository: Repository, tool: str, given: dict[str, Any]
) -> None:
    repository.config('[hook]\nedit_tools = ["mcp__ide__save"]\n')
    one.edits("src/app.py")
    event = {"tool_name": tool, "tool_input": given, "tool_use_id": "toolu_m"}
    assert one.name in reason(two.fires("PreToolUse", **event))


@pytest.mark.parametrize("spelt", ["{uri}", "file://localhost{path}"])
def test_a_tool_may_name_a_file_by_its_uri(
    one: Session, two: Session, repository: Repository, spelt: str
) -> None:
    uri = (repository.folder / "größe 1.py").as_uri()
    one.edits("größe 1.py")
    given = {"uri": spelt.format(uri=uri, path=uri[len("file://") :])}
    event = {"tool_name": "mcp__ide__edit_file", "tool_input": given, "tool_use_id": "toolu_m"}
    assert one.name in reason(two.fires("PreToolUse", **event))


def test_a_tool_of_an_mcp_server_that_reads_is_none(one: Session, two: Session) -> None:
    one.edits("src/app.py")
    event = {"tool_name": "mcp__filesystem__read_file", "tool_input": {"path": "src/app.py"}}
    assert two.fires("PreToolUse", **event, tool_use_id="toolu_m") == {}


# --- whatever is in a checkout --------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        "git reset --hard",
        "git stash -u",
        "git checkout .",
        "git restore .",
        "git clean -fd",
        "git switch main",
        "git rebase main",
        "git merge main",
        "git pull",
        "git apply x.patch",
        "git commit -am x",
        "git add -A && git commit -m x",
        "cd src && git stash",
    ],
)
def test_a_command_on_the_whole_checkout_is_denied_with_who_holds_which_file_in_it(
    one: Session, two: Session, service: Service, repository: Repository, command: str
) -> None:
    one.edits("src/app.py")
    denial = reason(two.before(command))
    assert f"src/app.py is held by {one.name}" in denial
    assert set(locks(service, repository)) == {"src/app.py"}


def test_also_where_the_holder_came_to_the_checkout_by_another_way(
    one: Session, two: Session, repository: Repository, tmp_path: Path
) -> None:
    spelt = tmp_path / "by-a-link"
    if os.name == "nt":
        spelt = Path(str(repository.folder).swapcase())
    else:
        spelt.symlink_to(repository.folder)
    one.edits(str(spelt / "src" / "app.py"))
    assert f"src/app.py is held by {one.name}" in reason(two.before("git stash"))


def test_it_passes_where_nobody_else_holds_anything_and_keeps_others_out_while_it_runs(
    one: Session, two: Session, service: Service, repository: Repository
) -> None:
    one.edits("src/app.py")
    assert one.before("git stash") == {}
    assert one.name in reason(two.edits("README.md"))
    assert one.edits("README.md") == {}
    one.after("git stash")
    assert two.edits("src/util.py") == {}
    assert set(locks(service, repository)) == {"src/app.py", "README.md", "src/util.py"}


def test_another_worktree_is_not_held_up_by_it(
    one: Session, service: Service, repository: Repository, tmp_path: Path
) -> None:
    git(repository.folder, "worktree", "add", "-q", "../other")
    one.edits("src/app.py")
    elsewhere = Session(repository, service.url)
    event = {"tool_name": "Bash", "tool_input": {"command": "git stash"}, "tool_use_id": "toolu_w"}
    assert elsewhere.fires("PreToolUse", cwd=str(tmp_path / "other"), **event) == {}
    assert one.edits("src/util.py") == {}


def test_a_session_of_another_machine_is_not_in_its_way(
    one: Session, service: Service, repository: Repository
) -> None:
    claim(service, repository, "db-1/claude-11111111", "src/app.py")
    assert one.before("git pull") == {}
    claim(service, repository, "ann", "src/util.py")
    assert "src/util.py is held by ann" in reason(one.before("git pull", "toolu_2"))


@pytest.mark.parametrize(
    "command",
    [
        "git checkout -b topic",
        "git stash list",
        "git clean -n",
        "git fetch",
        "git reset --soft HEAD",
    ],
)
def test_what_changes_no_file_is_not_held_up(one: Session, two: Session, command: str) -> None:
    one.edits("src/app.py")
    assert two.before(command) == {}


def test_a_checkout_of_mercurial_is_one_project_from_any_folder_in_it(
    service: Service, tmp_path: Path
) -> None:
    checkout = Repository(tmp_path / f"p{uuid.uuid4().hex[:12]}")
    checkout.project = checkout.folder.name
    (checkout.folder / ".git").rename(checkout.folder / ".hg")
    (checkout.folder / ".coord.toml").unlink()
    (checkout.folder / "src").mkdir()
    one, two = Session(checkout, service.url), Session(checkout, service.url)
    below = {"cwd": str(checkout.folder / "src"), "tool_use_id": "toolu_h"}
    edit = {"tool_name": "Edit", "tool_input": {"file_path": str(checkout.folder / "src/app.py")}}
    update = {"tool_name": "Bash", "tool_input": {"command": "hg update"}}
    assert one.fires("PreToolUse", **edit, **below) == {}
    assert locks(service, checkout) == {"src/app.py": one.name}
    assert one.name in reason(two.edits("src/app.py"))
    assert one.name in reason(two.fires("PreToolUse", **update, **below))


def test_a_target_of_a_makefile_that_changes_a_held_file_is_denied(
    one: Session, two: Session, repository: Repository
) -> None:
    (repository.folder / "Makefile").write_text("all:\n\tcp README.md src/app.py\n")
    one.edits("src/app.py")
    assert one.name in reason(two.before("make"))
    assert two.before("make -n", "toolu_2") == {}


# --- whose project --------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["cd ../lib && git push", "git -C ../lib push"])
def test_a_push_of_another_repository_is_locked_in_its_project(
    one: Session, service: Service, repository: Repository, command: str
) -> None:
    lib = Repository(repository.folder.parent / "lib")
    one.before(command)
    assert locks(service, repository) == {}
    assert locks(service, lib) == {"git push": one.name}


def test_git_s_own_ignored_and_generated_files_are_not_claimed(
    one: Session, service: Service, repository: Repository
) -> None:
    (repository.folder / ".gitignore").write_text("*.log\n/local/\n!keep.log\n")
    for file in (
        ".git/config",
        "x.log",
        "src/deep/y.log",
        "local/a.py",
        "node_modules/x/index.js",
        "build/out.js",
    ):
        assert one.edits(file) == {}
    one.before("rm -rf build node_modules && echo x > local/b")
    assert locks(service, repository) == {}
    one.edits("keep.log")
    assert locks(service, repository) == {"keep.log": one.name}


def test_what_git_tracks_is_claimed_wherever_it_is(
    one: Session, service: Service, repository: Repository
) -> None:
    (repository.folder / "build").mkdir()
    (repository.folder / "build" / "make.py").write_text("x")
    git(repository.folder, "add", "-f", "build/make.py")
    one.edits("build/make.py")
    assert locks(service, repository) == {"build/make.py": one.name}


def test_a_checkout_among_temporary_files_is_none_of_them(
    one: Session, service: Service, repository: Repository, tmp_path: Path
) -> None:
    folder = tmp_path / "scratch"
    folder.mkdir()
    git(repository.folder, "worktree", "add", "-q", str(folder / "other"))
    event = {"tool_name": "Write", "tool_use_id": "toolu_t", "cwd": str(repository.folder)}
    for file in ("other/src/app.py", "notes.txt"):
        given = {"file_path": str(folder / file)}
        told = {"session_id": one.session_id, "hook_event_name": "PreToolUse", **event}
        done = one.run(json.dumps({**told, "tool_input": given}).encode(), TMPDIR=str(folder))
        assert done.stdout == b""
    assert locks(service, repository) == {"src/app.py": one.name}


# --- giving back ----------------------------------------------------------------------------------


def test_a_command_that_was_not_allowed_gives_its_lock_back(
    one: Session, service: Service, repository: Repository
) -> None:
    one.before("git push")
    event = {"tool_name": "Bash", "tool_input": {"command": "git push"}, "reason": "no"}
    assert one.fires("PermissionDenied", tool_use_id="toolu_1", **event) == {}
    assert locks(service, repository) == {}


@pytest.mark.parametrize(
    ("event", "given"),
    [("Stop", {}), ("Notification", {"notification_type": "idle_prompt", "message": "waiting"})],
)
def test_a_session_that_does_nothing_holds_no_command_s_lock(
    one: Session, service: Service, repository: Repository, event: str, given: dict[str, str]
) -> None:
    one.changes("README.md")
    one.before("git push")
    assert one.fires(event, **given) == {}
    assert locks(service, repository) == {"README.md": one.name}


def test_of_two_pushes_of_one_session_the_last_to_end_gives_the_lock_back(
    one: Session, service: Service, repository: Repository
) -> None:
    one.before("git push a", "toolu_1")
    one.before("git push b", "toolu_2")
    one.after("git push a", "toolu_1")
    assert locks(service, repository) == {"git push": one.name}
    one.after("git push b", "toolu_2")
    assert locks(service, repository) == {}


def test_a_denied_command_is_offered_coord_run_and_that_is_not_denied(
    one: Session, two: Session, service: Service, repository: Repository
) -> None:
    one.before("git push")
    denial = reason(two.before("git push origin main", "toolu_2"))
    offered = "coord run --wait=60 'git push' -- git push origin main"
    assert offered in denial
    assert two.before(offered, "toolu_3") == {}
    assert locks(service, repository) == {"git push": one.name}


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("git push; echo 'a'", "coord run --wait=60 'git push' -- powershell -Command 'git push;"),
        ('git push; echo "a"', "coord run --wait=60 'git push' -- powershell -EncodedCommand Zw"),
    ],
)
def test_in_powershell_it_is_offered_what_powershell_runs(
    one: Session, two: Session, line: str, offered: str
) -> None:
    def before(session: Session, line: str) -> dict[str, Any]:
        given = {"command": line}
        return session.fires(
            "PreToolUse", tool_name="PowerShell", tool_input=given, tool_use_id="toolu_p"
        )

    one.before("git push")
    denial = reason(before(two, line))
    assert offered in denial
    command = denial[denial.index("coord run") : denial.index("; or ask:")]
    assert before(two, command) == {}


def test_a_hook_leaves_time_and_text_of_what_was_claimed_on_purpose(
    one: Session, service: Service, repository: Repository
) -> None:
    claim(service, repository, one.name, "git push", ttl_hours=8, description="release 1.4")
    claim(service, repository, one.name, "README.md", ttl_hours=0, description="mine")
    one.before("git push && sed -i s/a/b/ README.md")
    one.after("git push && sed -i s/a/b/ README.md")
    one.edits("README.md")
    rows = service.call("GET", f"/locks?project_key={repository.project}").json["items"]
    kept = {row["resource"]: (row["ttl_hours"], row["description"]) for row in rows}
    assert kept == {"git push": (8, "release 1.4"), "README.md": (0, "mine")}


# --- one session, several terminals ---------------------------------------------------------------


def test_a_session_in_two_terminals_ends_with_the_last_of_them(
    one: Session, service: Service, repository: Repository
) -> None:
    again = Session(repository, service.url, session_id=one.session_id)
    one.starts()
    again.starts("resume")
    one.edits("README.md")
    again.edits("src/app.py")
    one.ends()
    assert set(locks(service, repository)) == {"README.md", "src/app.py"}
    again.ends()
    assert locks(service, repository) == {}


def test_a_terminal_that_was_killed_does_not_keep_the_session_open(
    one: Session, service: Service, repository: Repository
) -> None:
    one.starts()
    one.changes("README.md")
    memory = repository.state(service.url) / "sessions"
    (file,) = (each for each in memory.iterdir() if "claude" in each.name)
    remembered = json.loads(file.read_text())
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    remembered["terminals"].append([ended.pid, "true", 0])
    file.write_text(json.dumps(remembered))
    one.ends()
    assert locks(service, repository) == {}


def test_clear_keeps_what_the_terminal_holds_and_its_messages(
    one: Session, two: Session, service: Service, repository: Repository
) -> None:
    one.starts()
    two.starts()
    one.changes("README.md")
    one.before("git push")
    one.fires("SessionEnd", reason="clear")
    assert locks(service, repository) == {"README.md": one.name}
    new = Session(repository, service.url)
    assert f"you are {one.name} in project" in new.starts("clear")
    assert new.edits("README.md") == {}
    assert one.name in reason(two.edits("README.md"))
    message = {"from_session": two.name, "to_session": one.name, "subject": "hello", "body": "x"}
    service.call("POST", "/messages", message)
    assert "hello" in new.prompts()
    new.ends()
    assert locks(service, repository) == {}


def test_a_subagent_works_under_a_tree_of_its_session(one: Session) -> None:
    one.edits("README.md")
    assert one.subagent().before("git stash") == {}


def test_a_session_waits_for_its_subagents_before_it_changes_the_checkout(one: Session) -> None:
    one.subagent().edits("README.md")
    assert "subagents of yours" in reason(one.before("git stash"))


def test_while_coord_is_away_commands_go_on(repository: Repository) -> None:
    session = Session(repository, "http://127.0.0.1:1")
    answer = session.before("git stash && rm README.md && git push")
    assert "permissionDecision" not in answer
    assert "coord is away" in answer["additionalContext"]


HEAVY = {
    "asyncio",
    "contextlib",
    "dataclasses",
    "email",
    "enum",
    "functools",
    "json",
    "pathlib",
    "re",
    "shlex",
    "socket",
    "subprocess",
    "tempfile",
    "threading",
    "typing",
    "urllib",
    "uuid",
}


def _folder_of(package: str) -> str:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent.parent)


@pytest.mark.parametrize("is_away", [False, True])
@pytest.mark.parametrize(
    "event",
    [
        {"hook_event_name": "SessionStart", "source": "startup"},
        {"hook_event_name": "UserPromptSubmit", "prompt": "Go on"},
        {
            "hook_event_name": "PreToolUse",
            "tool_name": "Edit",
            "tool_input": {"file_path": "README.md"},
        },
        {
            "hook_event_name": "PreToolUse",
            "tool_name": "Bash",
            "tool_input": {"command": "cd src && git push; sed -i s/a/b/ app.py"},
        },
        {"hook_event_name": "PostToolUse", "tool_name": "Read", "tool_input": {}},
        {"hook_event_name": "Stop"},
        {"hook_event_name": "SessionEnd", "reason": "exit"},
    ],
    ids=lambda event: f"{event['hook_event_name']} {event.get('tool_name', '')}".strip(),
)
def test_a_hook_loads_nothing_heavy(
    repository: Repository, service: Service, event: dict[str, Any], *, is_away: bool
) -> None:
    """Each of them costs every hook of every session milliseconds."""
    program = (
        "import sys; sys.path[:0] = sys.argv[1:]; from coord.client import hook; hook.main([]);"
        " print(*sys.modules, file=sys.stderr)"
    )
    # what reads .coord.toml before 3.11 is in the bundle, but not among coord's sources
    tomli = [] if sys.version_info >= (3, 11) else [_folder_of("tomli")]
    url = "http://127.0.0.1:1" if is_away else service.url
    for _ in range(2):  # the first one reads .coord.toml, and remembers it
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", program, str(ROOT), *tomli],
            input=json.dumps({"session_id": "x", "cwd": str(repository.folder), **event}).encode(),
            capture_output=True,
            env={**environment(), "COORD_URL": url},
        )
    loaded = set(done.stderr.decode().split())
    assert done.returncode == 0
    assert "coord.client.hook.events" in loaded
    assert HEAVY & loaded == set()
