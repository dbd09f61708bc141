"""The git hooks, with real git and the real service: a commit of what another session holds is
refused, and failing never is.
"""

from __future__ import annotations

import subprocess
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from coord.areas.locks.resources import canonical
from coord.client.setup.guard import check, git_hooks
from tests.client.setup.conftest import CLOSED, Repository
from tests.service import Service

OTHER = "web-2/agent"


def hold(
    service: Service, repository: Repository, resource: str, session: str = OTHER, **more: Any
) -> str:
    body = {
        "project_key": repository.project,
        "session_id": session,
        "resource": resource,
        "description": "new model",
        **more,
    }
    answer = service.call("POST", "/locks", body)
    assert answer.status == 201, answer
    return str(answer.json["id"])


def commit(
    repository: Repository, *files: str, folder: Path | str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Changes the files and commits them."""
    top = Path(folder or repository.folder)
    for name in files:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(uuid.uuid4().hex)
    repository.git("add", "--", *files, folder=top)
    return repository.run("git", "commit", "-q", "-m", "Change", folder=top, **environment)


def push(repository: Repository, **environment: str) -> subprocess.CompletedProcess[str]:
    return repository.run("git", "push", "-q", "origin", "main", **environment)


@pytest.fixture
def with_origin(set_up: Repository) -> Repository:
    origin = set_up.folder.parent / "origin.git"
    set_up.git("init", "-q", "--bare", str(origin))
    set_up.git("remote", "add", "origin", str(origin))
    return set_up


# --- commits --------------------------------------------------------------------------------------


def test_a_commit_of_what_another_session_holds_is_refused_with_who_why_and_until_when(
    set_up: Repository, service: Service
) -> None:
    hold(service, set_up, "src/app.py")
    done = commit(set_up, "src/app.py", "README")
    assert done.returncode == 1
    assert "1 of the 2 files" in done.stderr
    assert f"src/app.py: {OTHER} (new model), until 20" in done.stderr
    assert f"coord send --to={OTHER} -- src/app.py" in done.stderr
    assert "--no-verify" not in done.stderr
    assert set_up.git("log", "--format=%s").split() == ["First"]


@pytest.mark.parametrize("resource", ["src/", "/", "src/**", "./src//app ü.py", "src\\app ü.py"])
def test_a_tree_and_another_spelling_hold_the_file_too(
    set_up: Repository, service: Service, resource: str
) -> None:
    hold(service, set_up, resource)
    assert commit(set_up, "src/app ü.py").returncode == 1


def test_a_file_that_is_removed_or_renamed_is_held_too(
    set_up: Repository, service: Service
) -> None:
    assert commit(set_up, "a.py", "b.py").returncode == 0
    hold(service, set_up, "a.py")
    hold(service, set_up, "b.py")
    set_up.git("mv", "a.py", "c.py")
    set_up.git("rm", "-q", "b.py")
    done = set_up.run("git", "commit", "-q", "-m", "Change")
    assert done.returncode == 1
    assert "2 of the 3 files" in done.stderr


def test_other_files_names_of_other_things_and_other_projects_are_in_nobodys_way(
    set_up: Repository, service: Service
) -> None:
    hold(service, set_up, "src/app.pyc")
    hold(service, set_up, "lib/")
    hold(service, set_up, "git push")
    service.call(
        "POST", "/locks", {"project_key": "other", "session_id": OTHER, "resource": "src/app.py"}
    )
    assert commit(set_up, "src/app.py").returncode == 0


@pytest.mark.parametrize(
    ("holder", "environment"),
    [
        pytest.param("web-1/ann", {"COORD_SESSION": "web-1/ann"}, id="the user"),
        pytest.param(
            "web-1/claude-abcd1111",
            {"CLAUDE_CODE_SESSION_ID": "0123abcd-1111"},
            id="the session that runs git",
        ),
        pytest.param(
            "web-1/claude-abcd1111/a1",
            {"CLAUDE_CODE_SESSION_ID": "0123abcd-1111"},
            id="a subagent of it",
        ),
        pytest.param("web-1/boss", {"COORD_SESSION": "web-1/boss/a1"}, id="its parent"),
    ],
)
def test_what_the_session_itself_or_its_family_holds_is_fine(
    set_up: Repository, service: Service, holder: str, environment: dict[str, str]
) -> None:
    hold(service, set_up, "a.py", holder)
    done = commit(set_up, "a.py", **environment)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("one", "other"),
    [("web-1", "web-1/ann"), ("web-1/ann", "web-1/anna"), ("web-1/a/x", "web-1/a/y")],
)
def test_names_that_merely_begin_alike_are_no_family(one: str, other: str) -> None:
    assert not check.are_related(one, other)
    assert not check.are_related(other, one)


def test_when_the_holder_has_agreed_a_person_commits_all_the_same(
    set_up: Repository, service: Service
) -> None:
    hold(service, set_up, "a.py")
    assert commit(set_up, "a.py", COORD_GUARD="off").returncode == 0


def test_a_merge_of_what_others_have_committed_is_no_change_of_it(
    set_up: Repository, service: Service
) -> None:
    set_up.git("switch", "-q", "-c", "theirs")
    commit(set_up, "a.py", "b.py")
    set_up.git("switch", "-q", "main")
    assert commit(set_up, "b.py").returncode == 0
    hold(service, set_up, "a.py")
    set_up.run("git", "merge", "-q", "theirs")
    (set_up.folder / "b.py").write_text("both")
    set_up.git("add", "b.py")
    done = set_up.run("git", "commit", "-q", "-m", "Merge")
    assert done.returncode == 0, done.stderr


def test_a_worktree_is_guarded_too(set_up: Repository, service: Service) -> None:
    worktree = set_up.folder.parent / "worktree"
    set_up.git("worktree", "add", "-q", str(worktree))
    hold(service, set_up, "src/app.py")
    assert commit(set_up, "src/app.py", folder=worktree).returncode == 1
    # the other is still staged
    assert commit(set_up, "src/other.py", folder=worktree).returncode == 1
    set_up.git("restore", "--staged", "--", "src/app.py", folder=worktree)
    assert (
        set_up.run("git", "commit", "-q", "-m", "Change", folder=worktree / "src").returncode == 0
    )


def test_a_part_with_a_project_of_its_own_is_asked_about_there(
    set_up: Repository, service: Service
) -> None:
    own = Repository(set_up.folder / "part", set_up.home)
    own.write(".coord.toml", f'project = "{own.project}"\n')
    hold(service, own, "part/a.py")
    hold(service, set_up, "part/b.py")
    done = commit(set_up, "part/a.py", "part/b.py")
    assert done.returncode == 1
    assert "1 of the 2 files" in done.stderr
    assert "part/a.py: " in done.stderr


def test_only_what_this_commit_takes_counts(set_up: Repository, service: Service) -> None:
    commit(set_up, "a.py", "b.py")
    hold(service, set_up, "a.py")
    for name in ("a.py", "b.py"):
        (set_up.folder / name).write_text("changed")
    set_up.git("add", "a.py")
    assert set_up.run("git", "commit", "-q", "-m", "One", "b.py").returncode == 0
    set_up.git("restore", "--staged", "a.py")
    assert set_up.run("git", "commit", "-q", "-a", "-m", "All").returncode == 1


def test_when_coord_is_away_the_commit_goes_on_and_one_line_says_why(set_up: Repository) -> None:
    done = commit(set_up, "a.py", COORD_URL=CLOSED)
    assert done.returncode == 0
    assert done.stderr.startswith("coord: could not ask")
    assert done.stderr.count("\n") == 1


def test_a_server_that_hangs_costs_a_commit_little_more_than_its_deadline(
    set_up: Repository, hanging: str
) -> None:
    began = time.monotonic()
    done = commit(set_up, "a.py", COORD_URL=hanging, PATIENCE="1")
    assert done.returncode == 0
    assert "timed out" in done.stderr
    # what Python and git need on a busy machine
    assert time.monotonic() - began < check.DEADLINE_S + 5


def test_without_coord_on_the_machine_git_works_as_ever(set_up: Repository) -> None:
    done = commit(set_up, "a.py", PATH="/usr/bin:/bin")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_broken_setting_stops_no_commit(set_up: Repository) -> None:
    set_up.write(".coord.toml", "url = ")
    done = commit(set_up, "a.py")
    assert done.returncode == 0
    assert ".coord.toml is not TOML" in done.stderr


@pytest.mark.parametrize(
    "resource",
    [
        "src/a.py",
        "src/",
        "src",
        "./src/./a.py",
        "src//a.py",
        "/",
        "**",
        "a.py",
        "x/../src/a.py",
        "..",
        "/src/a.py",
        "src/a",
        "SRC/a.py",
        "s/**",
    ],
)
def test_it_judges_a_files_lock_as_the_server_does(resource: str) -> None:
    assert check.covers(resource, "src/a.py") == canonical(resource).overlaps(canonical("src/a.py"))


def test_where_case_does_not_count_a_file_may_be_spelt_otherwise_in_git(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock = {"resource": "Src/New.py", "session_id": "other", "stale": False}
    assert not check._is_on(lock, "src/new.py")
    monkeypatch.setattr(check, "FOLDS_CASE", True)
    assert check._is_on(lock, "src/new.py")
    assert not check._is_on(lock, "src/old.py")


# --- pushes ---------------------------------------------------------------------------------------


def test_a_push_while_another_session_holds_it_is_refused(
    with_origin: Repository, service: Service
) -> None:
    lock = hold(service, with_origin, "git push")
    done = push(with_origin)
    assert done.returncode == 1
    assert f"git push: {OTHER} (new model), until 20" in done.stderr
    assert service.call("DELETE", f"/locks/{lock}?session_id={OTHER}").status == 200
    assert push(with_origin).returncode == 0


def test_a_push_is_claimed_for_a_moment_so_that_others_meet_it(
    with_origin: Repository, service: Service
) -> None:
    assert push(with_origin).returncode == 0
    (lock,) = service.call("GET", f"/locks?project_key={with_origin.project}").json["items"]
    assert (lock["resource"], lock["session_id"]) == (
        "git push",
        with_origin.coord("whoami", "-q").stdout.strip(),
    )
    assert lock["ttl_hours"] * 3600 == pytest.approx(check.PUSH_TTL_S)
    assert push(with_origin, COORD_SESSION="web-1/bob").returncode == 1
    assert push(with_origin).returncode == 0


def test_a_session_that_holds_it_already_pushes_under_its_own_lock(
    with_origin: Repository, service: Service
) -> None:
    lock = hold(service, with_origin, "git push", "web-1/claude-abcd1111/a1", ttl_hours=1)
    assert push(with_origin, CLAUDE_CODE_SESSION_ID="0123abcd-1111").returncode == 0
    held = service.call("GET", f"/locks?project_key={with_origin.project}").json["items"]
    assert [(each["id"], each["ttl_hours"]) for each in held] == [(lock, 1)]


def test_when_coord_is_away_the_push_goes_on_and_nothing_is_queued(with_origin: Repository) -> None:
    done = push(with_origin, COORD_URL=CLOSED)
    assert done.returncode == 0
    assert "the push goes on" in done.stderr
    assert not (with_origin.folder / ".claude" / "coord-queue.jsonl").exists()


# --- the hooks themselves -------------------------------------------------------------------------


def installed(repository: Repository) -> str:
    done = repository.coord("guard", "install", "--yes")
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def hook(repository: Repository, name: str, content: str, mode: int = 0o755) -> Path:
    path = repository.write(name, content)
    path.chmod(mode)
    return path


def test_an_existing_hook_runs_too_gets_its_input_and_comes_back_as_it_was(
    with_origin: Repository, service: Service
) -> None:
    assert with_origin.coord("guard", "remove", "--yes").returncode == 0
    assert with_origin.coord("guard", "status").returncode == 1
    theirs = "#!/bin/sh\nset -e\ncat > pushed\nexit 0\n"
    path = hook(with_origin, ".git/hooks/pre-push", theirs)
    installed(with_origin)
    assert with_origin.coord("guard", "status").returncode == 0
    assert push(with_origin).returncode == 0
    assert with_origin.read("pushed").startswith("refs/heads/main ")
    assert push(with_origin, COORD_SESSION="web-1/bob").returncode == 1
    assert with_origin.coord("guard", "remove", "--yes").returncode == 0
    assert path.read_text() == theirs
    assert not (with_origin.folder / ".git/hooks/pre-commit").exists()


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        pytest.param(
            "#!/usr/bin/env bash\n# File generated by pre-commit: https://pre-commit.com\n",
            0o755,
            ".pre-commit-config.yaml",
            id="pre-commit",
        ),
        pytest.param("#!/bin/sh\nlefthook run pre-commit\n", 0o755, "lefthook.yml", id="lefthook"),
        pytest.param("#!/usr/bin/env python3\n", 0o755, "not a shell script", id="Python"),
        pytest.param("#!/bin/sh\nmake lint\n", 0o644, "not executable", id="not executable"),
        pytest.param("#!/bin/sh\r\nmake\r\n", 0o755, "as on Windows (CR LF)", id="CR LF"),
    ],
)
def test_a_hook_that_is_not_ours_to_change_stays_and_a_note_says_what_to_add(
    repository: Repository, content: str, mode: int, said: str
) -> None:
    path = hook(repository, ".git/hooks/pre-commit", content, mode)
    result = installed(repository)
    assert said in result
    assert git_hooks.command("pre-commit") in result
    assert path.read_bytes() == content.encode()
    assert "coord guard pre-push" in repository.read(".git/hooks/pre-push")


def test_a_guard_whose_lines_end_as_on_windows_is_said_to_be_off_and_why(
    repository: Repository,
) -> None:
    installed(repository)
    path = repository.folder / ".git/hooks/pre-commit"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    done = repository.coord("guard", "status")
    assert done.returncode == 1
    assert "save it with LF" in done.stdout
    assert "save it with LF" in repository.coord("doctor").stdout
    assert "No such file" not in done.stdout + done.stderr


def test_a_guard_that_names_a_shell_which_is_not_there_is_said_to_be_so(
    repository: Repository,
) -> None:
    installed(repository)
    path = repository.folder / ".git/hooks/pre-commit"
    path.write_text(path.read_text().replace("#!/bin/sh", "#!/nowhere/bash"))
    done = repository.coord("guard", "status")
    assert done.returncode != 0
    assert "names a program that is not there (#!/nowhere/bash)" in done.stderr


def test_a_hook_that_is_a_link_is_not_followed(repository: Repository) -> None:
    hook(repository, "scripts/pre-commit", "#!/bin/sh\n")
    (repository.folder / ".git/hooks/pre-commit").symlink_to("../../scripts/pre-commit")
    assert "it is a link to ../../scripts/pre-commit" in installed(repository)
    assert repository.read("scripts/pre-commit") == "#!/bin/sh\n"


def test_hooks_that_the_repository_keeps_elsewhere_are_put_there(repository: Repository) -> None:
    repository.git("config", "core.hooksPath", ".githooks")
    installed(repository)
    assert "coord guard pre-commit" in repository.read(".githooks/pre-commit")
    assert repository.coord("guard", "status").returncode == 0
    assert repository.coord("guard", "remove", "--yes").returncode == 0
    assert not (repository.folder / ".githooks/pre-commit").exists()


def test_hooks_that_other_repositories_use_too_are_left_alone(
    repository: Repository, tmp_path: Path
) -> None:
    repository.git("config", "core.hooksPath", str(tmp_path / "everywhere"))
    assert "which other repositories use too" in installed(repository)
    assert not (tmp_path / "everywhere").exists()


def test_with_husky_a_note_says_where_the_line_goes(repository: Repository) -> None:
    repository.git("config", "core.hooksPath", ".husky/_")
    hook(repository, ".husky/_/pre-commit", "#!/usr/bin/env sh\n")
    assert "into the file of that name in .husky/" in installed(repository)


def test_outside_of_git_there_is_nothing_to_guard(tmp_path: Path, home: Path) -> None:
    folder = Repository(tmp_path / "notes", home)
    done = folder.coord("guard", "install", "--yes")
    assert done.returncode == 1
    assert "no git repository here" in done.stderr
