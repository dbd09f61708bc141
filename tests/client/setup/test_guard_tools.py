"""The git guard beside the tools that manage hooks, each of them the real one, in worktrees and in
submodules.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from coord.client.setup.guard import git_hooks
from tests.client.setup.conftest import Repository
from tests.client.setup.test_guard import commit, hold, installed
from tests.service import Service

NPM_PACKAGES = ("husky@9.1.7", "lefthook@2.0.4")
PRE_COMMIT = Path(sys.executable).with_name("pre-commit")
CONFIG = """
repos:
  - repo: local
    hooks:
      - id: coord
        name: coord
        entry: sh -c 'command -v coord >/dev/null && coord guard pre-commit || [ $? -ne 9 ]'
        language: system
        always_run: true
        pass_filenames: false
"""


@pytest.fixture(scope="session")
def npm_tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that husky and lefthook are in."""
    folder = tmp_path_factory.mktemp("npm")
    command = [
        "npm",
        "install",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
        *NPM_PACKAGES,
    ]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"npm cannot be run: {error}")
    if done.returncode:
        pytest.skip(f"npm has no husky and lefthook here: {done.stderr[-200:]}")
    return folder / "node_modules" / ".bin"


@pytest.fixture
def shop(repository: Repository, service: Service, npm_tools: Path) -> Repository:
    """A repository that names the service, which its user trusts, with a first commit; the tools
    are on the PATH.
    """
    assert repository.coord("trust", "--", service.url).returncode == 0
    repository.environment["PATH"] = (
        f"{npm_tools}:{PRE_COMMIT.parent}:{repository.environment['PATH']}"
    )
    repository.write(".coord.toml", f'url = "{service.url}"\nproject = "{repository.project}"\n')
    repository.write("a.py")
    repository.git("add", ".")
    repository.git("commit", "-q", "-m", "First")
    return repository


def status(repository: Repository, folder: Path | None = None) -> dict[str, str]:
    states: dict[str, str] = json.loads(
        repository.run("coord", "guard", "status", "--json", folder=folder).stdout
    )
    return states


def refuses(repository: Repository, service: Service, folder: Path | None = None) -> bool:
    """Whether a commit of a file that another session holds is refused."""
    hold(service, repository, "held.py")
    ((folder or repository.folder) / "held.py").write_text("x")
    repository.git("add", "held.py", folder=folder)
    done = repository.run("git", "commit", "-q", "-m", "Change", folder=folder)
    return "not committed" in done.stderr and done.returncode == 1


def with_husky(repository: Repository) -> None:
    assert repository.run("husky").returncode == 0
    for hook in git_hooks.HOOKS:
        repository.write(f".husky/{hook}", git_hooks.command(hook) + "\n")


def with_lefthook(repository: Repository) -> None:
    line = "      run: coord guard {hook} || [ $? -ne 9 ]\n"
    commands = "".join(
        f"{hook}:\n  commands:\n    coord:\n{line.format(hook=hook)}" for hook in git_hooks.HOOKS
    )
    repository.write("lefthook.yml", commands)
    assert repository.run("lefthook", "install").returncode == 0


def with_pre_commit(repository: Repository) -> None:
    pushes = (
        CONFIG.replace("id: coord", "id: push")
        .replace("guard pre-commit", "guard pre-push")
        .partition("hooks:\n")[2]
    )
    repository.write(".pre-commit-config.yaml", f"{CONFIG}{pushes}        stages: [pre-push]\n")
    done = repository.run("pre-commit", "install", "-t", "pre-commit", "-t", "pre-push")
    assert done.returncode == 0, done.stderr


TOOLS = [
    pytest.param(with_husky, id="husky"),
    pytest.param(with_lefthook, id="lefthook"),
    pytest.param(with_pre_commit, id="pre-commit"),
]


@pytest.mark.parametrize("set_up_tool", TOOLS)
def test_the_status_is_on_where_a_tool_runs_the_guard_and_it_does(
    shop: Repository, service: Service, set_up_tool: Callable[[Repository], None]
) -> None:
    set_up_tool(shop)
    shop.write("a.py", "changed and not staged")
    assert status(shop) == {"pre-commit": "on", "pre-push": "on"}
    assert shop.read("a.py") == "changed and not staged"
    assert refuses(shop, service)


def test_the_status_is_on_where_nothing_was_changed(shop: Repository, service: Service) -> None:
    """lefthook runs nothing for a commit without files."""
    with_lefthook(shop)
    before = shop.git("status", "--porcelain")
    assert status(shop) == {"pre-commit": "on", "pre-push": "on"}
    assert shop.git("status", "--porcelain") == before
    assert refuses(shop, service)


@pytest.mark.parametrize("set_up_tool", TOOLS)
def test_the_status_is_off_where_the_tool_does_not_run(
    shop: Repository, service: Service, set_up_tool: Callable[[Repository], None]
) -> None:
    set_up_tool(shop)
    shop.git("config", "core.hooksPath", "elsewhere")
    assert {state.partition(":")[0] for state in status(shop).values()} == {"off"}
    assert not refuses(shop, service)


def test_a_refusal_that_a_hook_ignores_is_no_guard(shop: Repository) -> None:
    hook = shop.write(".git/hooks/pre-commit", "#!/bin/sh\ncoord guard pre-commit || true\n")
    hook.chmod(0o755)
    assert status(shop)["pre-commit"] == "off: the hook asks coord, but goes on when it refuses"


def test_with_husky_a_worktree_without_its_folder_is_not_guarded(
    shop: Repository, service: Service, tmp_path: Path
) -> None:
    with_husky(shop)
    shop.git("add", ".husky")
    shop.git("commit", "-q", "-m", "husky")
    tree = tmp_path / "tree"
    shop.git("worktree", "add", "-q", str(tree))
    assert set(status(shop, tree).values()) == {
        "off: it is set up, but git does not run it in this checkout"
    }
    assert not refuses(shop, service, tree)


def test_a_worktree_shares_the_guard_of_its_repository(
    shop: Repository, service: Service, tmp_path: Path
) -> None:
    installed(shop)
    tree = tmp_path / "tree"
    shop.git("worktree", "add", "-q", str(tree))
    assert set(status(shop, tree).values()) == {"on"}
    assert refuses(shop, service, tree)


def with_submodule(shop: Repository, tmp_path: Path) -> Path:
    """Adds vendor/lib; answers its folder."""
    origin = Repository(tmp_path / "lib", shop.home)
    origin.git("init", "-q", "-b", "main")
    origin.git("commit", "-q", "--allow-empty", "-m", "First")
    local = ("-c", "protocol.file.allow=always")
    shop.git(*local, "submodule", "add", "-q", str(origin.folder), "vendor/lib")
    return shop.folder / "vendor" / "lib"


def test_a_submodule_has_a_guard_of_its_own(
    shop: Repository, service: Service, tmp_path: Path
) -> None:
    module = Repository(with_submodule(shop, tmp_path), shop.home)
    module.environment = shop.environment
    module.project = shop.project
    module.write(".coord.toml", shop.read(".coord.toml"))
    installed(module)
    assert set(status(module).values()) == {"on"}
    assert set(status(shop).values()) == {"off"}
    assert refuses(module, service)


def test_a_commit_of_a_submodule_s_pointer_meets_the_guard(
    shop: Repository, service: Service, tmp_path: Path
) -> None:
    module = with_submodule(shop, tmp_path)
    shop.git("commit", "-q", "-m", "Add lib")
    installed(shop)
    shop.git("commit", "-q", "--allow-empty", "-m", "Second", folder=module)
    body = {"project_key": shop.project, "session_id": "ann", "resource": "vendor/lib"}
    lock = service.call("POST", "/locks", body)
    assert lock.status == 201
    for command in (("commit", "-qam", "Move it"), ("commit", "-qm", "x", "--", "vendor/lib")):
        done = shop.run("git", *command)
        assert done.returncode == 1
        assert "vendor/lib: ann" in done.stderr
    service.call("DELETE", f"/locks/{lock.json['id']}?session_id=ann")
    assert shop.run("git", "commit", "-qam", "Move it").returncode == 0


@pytest.mark.parametrize("tool", ["pre-commit", "lefthook", "core.hooksPath"])
def test_remove_finds_the_hook_that_a_tool_has_moved(
    shop: Repository, service: Service, tool: str
) -> None:
    installed(shop)
    if tool == "pre-commit":
        shop.write(".pre-commit-config.yaml", "repos: []\n")
        assert shop.run("pre-commit", "install").returncode == 0
        assert status(shop)["pre-commit"] == "on"  # it runs the one that it moved
    elif tool == "lefthook":
        shop.write("lefthook.yml", "pre-commit:\n  commands:\n    nothing:\n      run: 'true'\n")
        assert shop.run("lefthook", "install").returncode == 0
    else:
        shop.git("config", "core.hooksPath", ".githooks")
    done = shop.coord("guard", "remove", "--yes")
    assert done.returncode == 0, done.stderr
    if tool == "core.hooksPath":
        shop.git("config", "--unset", "core.hooksPath")
    assert not refuses(shop, service)
    assert not [
        path
        for path in (shop.folder / ".git" / "hooks").glob("pre-*")
        if "coord guard" in path.read_text()
    ]


def test_remove_says_which_files_of_the_team_still_run_it(shop: Repository) -> None:
    with_husky(shop)
    done = shop.coord("guard", "remove", "--yes")
    assert ".husky/pre-commit runs coord guard. Take that out of it yourself" in done.stderr


def test_commit_still_works(shop: Repository) -> None:
    installed(shop)
    assert commit(shop, "b.py").returncode == 0
