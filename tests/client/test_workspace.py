"""Where a call is made from: checkouts of every kind, their names, settings and who wins, and where
calls wait.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from coord.client import paths, tokens
from coord.client import workspace as module
from coord.client.host_name import host
from coord.client.queue import new_id
from coord.client.session_name import session_name
from coord.client.workspace import BadConfig, Repository, Workspace, enter, repository
from tests.client.conftest import WINDOWS, needs_links

QUEUE = Path(".claude", "coord-queue.jsonl")
NAMELESS = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}
WHO = dict.fromkeys(
    ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"), "somebody"
)


def git(folder: Path, *args: str) -> None:
    subprocess.run(
        ["git", "-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main", *args],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **NAMELESS, **WHO},
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one commit."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    folder = tmp_path_factory.mktemp("git") / "shop"
    folder.mkdir()
    git(folder, "init")
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text("")
    git(folder, "add", ".")
    git(folder, "commit", "-m", "first")
    return folder


@pytest.fixture
def shop(template: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    shutil.copytree(template, folder)
    return folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))  # on Windows
    return folder


# --- checkouts ------------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", [".", "src", "src/does/not/exist", ".git"])
def test_a_plain_checkout(shop: Path, inside: str) -> None:
    found = Workspace(str(shop / inside))
    assert (found.root, found.home, found.project) == (str(shop), str(shop), "shop")
    assert found.shell_queues == [str(shop / QUEUE)]


@pytest.mark.parametrize("where", ["../other", ".claude/worktrees/x"])
def test_a_worktree_counts_from_its_own_top_and_queues_in_the_main_checkout(
    shop: Path, where: str
) -> None:
    git(shop, "worktree", "add", where, "-b", "other")
    worktree = (shop / where).resolve()
    found = Workspace(str(worktree / "src"))
    assert (found.root, found.home, found.project) == (str(worktree), str(shop), "shop")
    assert found.shell_queues == [str(shop / QUEUE), str(worktree / QUEUE)]
    assert found.repository is not None
    assert found.repository.common == str(shop / ".git")


def test_a_worktree_that_git_of_windows_or_of_the_wsl_beside_made_is_known_in_the_other(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(shop, "worktree", "add", "../other")
    written = (shop / ".git" / "worktrees" / "other").as_posix()
    if os.name == "nt":
        named = f"/mnt/{written[0].lower()}{written[2:]}"
    else:
        named = f"C:{written}"
        (tmp_path / "mnt").mkdir()
        (tmp_path / "mnt" / "c").symlink_to("/")
        monkeypatch.setattr(paths, "MOUNTS", str(tmp_path / "mnt"))
    (tmp_path / "other" / ".git").write_text(f"gitdir: {named}\n")
    found = Workspace(str(tmp_path / "other"))
    assert found.project == "shop"
    assert os.path.samefile(found.home, shop)


def test_however_git_spelt_the_main_checkout_it_is_one(shop: Path, tmp_path: Path) -> None:
    """On Windows `c:`, an 8.3 name, a junction or a drive of `subst`; elsewhere a link."""
    git(shop, "worktree", "add", "../other")
    spelt = tmp_path / "by-a-link"
    if os.name == "nt":
        spelt = Path(str(shop).swapcase())
    else:
        spelt.symlink_to(shop)
    (tmp_path / "other" / ".git").write_text(f"gitdir: {spelt}/.git/worktrees/other\n")
    found, main = Workspace(str(tmp_path / "other")), Workspace(str(shop))
    assert found.repository is not None
    assert main.repository is not None
    assert found.repository.common == main.repository.common
    assert found.state_folder == main.state_folder


@pytest.mark.parametrize("blank", [" ", "\r", "\t \r\n"], ids=repr)
def test_a_blank_behind_a_variable_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blank: str
) -> None:
    """cmd's `set COORD_SESSION=me && claude`, and files with Windows' line ends that sh reads."""
    for name, value in {"PROJECT": "shop", "SESSION": "web-1/me", "URL": "http://h:1"}.items():
        monkeypatch.setenv(f"COORD_{name}", value + blank)
    found = enter(str(tmp_path))
    assert (found.project, found.url, session_name()) == ("shop", "http://h:1", "web-1/me")


def test_a_worktree_whose_main_checkout_is_gone_is_one_by_itself(
    shop: Path, tmp_path: Path
) -> None:
    git(shop, "worktree", "add", "../other")
    for path in shop.rglob("*"):
        path.chmod(0o700)  # Windows removes nothing that may only be read
    shutil.rmtree(shop)
    found = Workspace(str(tmp_path / "other"))
    assert (found.root, found.home, found.project) == (
        str(tmp_path / "other"),
        str(tmp_path / "other"),
        "other",
    )


@pytest.mark.parametrize(("bare", "project"), [("shop.git", "shop"), (".bare", "work")])
def test_worktrees_of_a_bare_repository_queue_in_its_git_folder(
    template: Path, tmp_path: Path, bare: str, project: str
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    git(work, "clone", "--bare", str(template), bare)
    git(work / bare, "remote", "remove", "origin")
    git(work / bare, "worktree", "add", "../main", "main")
    found = Workspace(str(work / "main"))
    assert (found.root, found.home, found.project) == (
        str(work / "main"),
        str(work / bare),
        project,
    )
    git(work / bare, "worktree", "add", "../other", "-b", "other")
    assert Workspace(str(work / "other")).state_folder == found.state_folder
    assert Workspace(str(work / "other")).project == project


def test_a_submodule_is_a_repository_of_its_own(shop: Path, template: Path) -> None:
    git(shop, "submodule", "add", str(template), "lib/sub")
    found = Workspace(str(shop / "lib" / "sub" / "src"))
    assert (found.root, found.home) == (str(shop / "lib" / "sub"), str(shop / "lib" / "sub"))
    assert found.project == "shop"  # where it was cloned from, not what its folder is called
    git(shop / "lib" / "sub", "worktree", "add", str(shop.parent / "of-sub"))
    assert Workspace(str(shop.parent / "of-sub")).home == str(shop / "lib" / "sub")


def test_a_git_folder_that_is_elsewhere(shop: Path, tmp_path: Path) -> None:
    git(shop, "init", "--separate-git-dir", str(tmp_path / "elsewhere"))
    found = Workspace(str(shop))
    assert (found.root, found.home, found.project) == (str(shop), str(shop), "shop")


@needs_links
def test_a_checkout_reached_through_a_link_is_the_same(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(shop)
    assert Workspace(str(tmp_path / "link" / "src")).root == str(shop)


def test_a_git_file_that_says_nothing_is_a_checkout_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / ".git").write_bytes(b"\xff\x00nonsense")
    assert Workspace(str(tmp_path / "x")).root == str(tmp_path / "x")


def test_outside_of_any_repository_calls_wait_at_home(tmp_path: Path, home: Path) -> None:
    (tmp_path / "loose").mkdir()
    found = Workspace(str(tmp_path / "loose"))
    assert (found.repository, found.root, found.home, found.project) == (
        None,
        str(tmp_path / "loose"),
        str(home),
        "loose",
    )
    assert found.shell_queues == [str(home / QUEUE), str(tmp_path / "loose" / QUEUE)]


def test_outside_of_any_with_settings_the_folder_of_the_settings_is_the_project(
    tmp_path: Path,
) -> None:
    (tmp_path / "loose" / "deep").mkdir(parents=True)
    (tmp_path / "loose" / ".coord.toml").write_text('project = "mine"')
    found = Workspace(str(tmp_path / "loose" / "deep"))
    assert (found.root, found.home, found.project) == (
        str(tmp_path / "loose"),
        str(tmp_path / "loose"),
        "mine",
    )


@pytest.mark.parametrize("name", [".hg", ".jj", ".sl", ".svn"])
def test_a_checkout_that_is_not_git_s_is_one_project_from_any_folder_in_it(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "Shop" / name).mkdir(parents=True)
    (tmp_path / "Shop" / "src" / "deep").mkdir(parents=True)
    found = Workspace(str(tmp_path / "Shop" / "src" / "deep"))
    top = str(tmp_path / "Shop")
    assert (found.root, found.home, found.project) == (top, top, "Shop")


@pytest.mark.parametrize("beside_git", [False, True])
def test_all_workspaces_of_a_repository_of_jujutsu_s_are_one_project(
    tmp_path: Path, beside_git: bool
) -> None:
    shop, feature = tmp_path / "shop", tmp_path / "feature"
    git = shop / ".git" if beside_git else shop / ".jj" / "repo" / "store" / "git"
    git.mkdir(parents=True)
    store = shop / ".jj" / "repo" / "store"
    store.mkdir(parents=True, exist_ok=True)
    (store / "git_target").write_text("../../../.git" if beside_git else "git")
    (feature / ".jj").mkdir(parents=True)
    (feature / "src").mkdir()
    (feature / ".jj" / "repo").write_text("../../shop/.jj/repo")
    for folder in (shop, feature / "src"):
        found = Workspace(str(folder))
        assert (found.home, found.project) == (str(shop), "shop")
    (git / "config").write_text('[remote "origin"]\nurl = git@github.com:Acme/API.git\n')
    assert {Workspace(str(folder)).project for folder in (shop, feature)} == {"acme/api"}


def test_the_root_of_the_file_system_has_a_project_too() -> None:
    assert Workspace("/").project == "default"


def test_a_folder_that_was_deleted_under_the_process(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> str:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(os, "getcwd", gone)
    monkeypatch.setenv("PWD", str(shop / "src" / "gone"))
    assert Workspace().root == str(shop)
    monkeypatch.delenv("PWD")
    assert Workspace().root == os.environ["HOME"]


# --- names of repositories ------------------------------------------------------------------------

ORIGINS = {
    "https://github.com/team/shop.git": "shop",
    "https://github.com/team/shop": "shop",
    "https://github.com/team/shop/": "shop",
    "https://github.com/team/shop.git/": "shop",
    "https://user:token@host.example:8443/team/shop.git": "shop",
    "git@github.com:team/shop.git": "shop",
    "git@github.com:shop.git": "shop",
    "host:shop": "shop",
    "ssh://git@host.example:2222/team/shop.git": "shop",
    "/srv/git/shop.git": "shop",
    "/home/me/shop/.git": "shop",
    "../shop": "shop",
    "file:///srv/shop.git": "shop",
    r"C:\\Users\\me\\shop": "shop",
    r"\\\\server\\share\\shop.git": "shop",
    "C:/Users/me/shop.git": "shop",
    '"https://host.example/team/shop#1.git"': "shop#1",
    "https://github.com/team/shop.github.io": "shop.github.io",
    "https://github.com/team/Shop App.git": "Shop App",
}


@pytest.mark.parametrize(("origin", "name"), ORIGINS.items(), ids=ORIGINS.keys())
def test_a_repository_is_called_after_where_it_was_cloned_from(
    tmp_path: Path, origin: str, name: str
) -> None:
    common = tmp_path / "folder" / ".git"
    common.mkdir(parents=True)
    (common / "config").write_text(
        '[core]\n\turl = no\n[remote "upstream"]\n\turl = no\n[remote "origin"]\n\tfetch ='
        f" x\n\turl = {origin}\n"
    )
    assert Repository(str(tmp_path / "folder"), str(common), str(common)).name == name


@pytest.mark.parametrize(
    ("origin", "project"),
    [
        ("https://github.com/acme/api.git", "acme/api"),
        ("git@github.com:work/api", "work/api"),
        ("git@github.com:Work/API.git", "work/api"),
        ("https://Host.example/API", "api"),
        ("/srv/git/Work/API.git", "API"),
        ("ssh://git@host.example:2222/team/api.git", "team/api"),
        ("https://gitlab.example/group/part/api.git", "part/api"),
        ("https://dev.azure.com/org/shop/_git/api", "shop/api"),
        ("git@ssh.dev.azure.com:v3/org/shop/api", "shop/api"),
        ("[git@host.example:2222]:acme/api.git", "acme/api"),
        ("[host.example:2222]:api.git", "api"),
        ("git@[::1]:acme/api.git", "acme/api"),
        ("ssh://git@[::1]:22/acme/api.git/", "acme/api"),
        ("g@h:acme/api", "acme/api"),
        ("host:api", "api"),
        ("/srv/git/api.git", "api"),
        ("file:///srv/git/api.git", "api"),
        ("C:/Users/me/api", "api"),
        ("../api", "api"),
    ],
)
def test_a_project_is_called_by_owner_and_name_where_it_was_cloned_from_a_server(
    tmp_path: Path, origin: str, project: str
) -> None:
    (tmp_path / "folder" / ".git").mkdir(parents=True)
    (tmp_path / "folder" / ".git" / "config").write_text(f'[remote "origin"]\n\turl = {origin}\n')
    assert Workspace(str(tmp_path / "folder")).project == project


@pytest.mark.parametrize(
    "config",
    [
        '[Remote "origin"] URL=host:shop',
        '[remote "origin"]\r\nurl = host:shop\r\n[x]\r\n',
        '[remote "origin"]\nurl=host:shop\nurl=host:other\n',
    ],
)
def test_however_the_settings_of_git_are_written(tmp_path: Path, config: str) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text(config)
    found = repository(str(tmp_path))
    assert found is not None
    assert found.name == "shop"


@pytest.mark.parametrize(
    "config", ["", '[remote "origin"]\nurl =\n', '[remotes "x"]\nurl = host:no\n', "\x00\xff"]
)
def test_without_an_origin_after_its_folder(tmp_path: Path, config: str) -> None:
    (tmp_path / "shop" / ".git").mkdir(parents=True)
    (tmp_path / "shop" / ".git" / "config").write_text(config, encoding="latin-1")
    assert Workspace(str(tmp_path / "shop")).project == "shop"


@pytest.mark.parametrize(
    ("config", "project"),
    [
        ('[remote "upstream"]\nurl = git@host:acme/api\n', "acme/api"),
        ('[remote "Origin"]\nurl = git@host:acme/api\n', "acme/api"),
        ('[remote "hub"]\nurl = h:acme/api\n[remote "me"]\nurl = h:me/api\n', "acme/api"),
        ('[remote "me"]\nurl = h:me/api\n[remote "origin"]\nurl = git@h:acme/api\n', "acme/api"),
        ('[remote "hub"]\nfetch = x\n[remote "origin"]\nurl = git@h:acme/api\n', "acme/api"),
    ],
)
def test_a_remote_of_another_name_is_where_it_was_cloned_from(
    tmp_path: Path, config: str, project: str
) -> None:
    (tmp_path / "folder" / ".git").mkdir(parents=True)
    (tmp_path / "folder" / ".git" / "config").write_text(config.replace("h:", "hub:"))
    assert Workspace(str(tmp_path / "folder")).project == project


@pytest.mark.parametrize(
    ("address", "project"),
    [
        ("gh:api", "acme/api"),
        ("w:acme/api", "acme/api"),
        ("work/api", "acme/api"),
        ("https://mirror.example/acme/api", "acme/api"),
        ("ghost:api", "api"),
    ],
)
def test_an_address_that_the_user_has_shortened_is_the_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, project: str
) -> None:
    (tmp_path / "folder" / ".git").mkdir(parents=True)
    (tmp_path / "folder" / ".git" / "config").write_text(
        f'[remote "origin"]\nurl = {address}\n[url "https://host.example/"]\ninsteadOf = w:\n'
    )
    (tmp_path / "users").write_text(
        '[url "git@host.example:acme/"]\n\tinsteadOf = gh:\n\tinsteadOf = work/\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "users"))
    assert Workspace(str(tmp_path / "folder")).project == project


# --- settings -------------------------------------------------------------------------------------


def test_the_nearest_settings_within_the_checkout_count(shop: Path) -> None:
    (shop.parent / ".coord.toml").write_text('project = "outside"')
    assert Workspace(str(shop)).project == "shop"
    (shop / ".coord.toml").write_text('project = "top"\nurl = "http://coord:1/"')
    (shop / "src" / ".coord.toml").write_text('project = "part"')
    found = Workspace(str(shop / "src"))
    assert (found.project, found.root, found.file) == (
        "part",
        str(shop),
        str(shop / "src" / ".coord.toml"),
    )
    assert (Workspace(str(shop)).project, Workspace(str(shop)).url) == ("top", "http://coord:1")


def test_a_worktree_without_settings_has_those_of_its_main_checkout(shop: Path) -> None:
    git(shop, "worktree", "add", "../other")
    (shop / ".coord.toml").write_text('project = "main"')
    assert Workspace(str(shop.parent / "other")).project == "main"
    (shop.parent / "other" / ".coord.toml").write_text('project = "own"')
    assert Workspace(str(shop.parent / "other")).project == "own"


def test_the_environment_wins(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shop / ".coord.toml").write_text('project = "file"\nurl = "http://file"')
    for name, value in {
        "PROJECT": "env",
        "URL": " http://env/ ",
        "TOKEN": "t\n",
        "HOST": "web-1.example",
        "SESSION": "me",
    }.items():
        monkeypatch.setenv(f"COORD_{name}", value)
    found = Workspace(str(shop))
    assert (found.project, found.own_project, found.url, found.token) == (
        "env",
        "file",
        "http://env",
        "t",
    )
    assert (host(), session_name("0123456789")) == ("web-1", "me")


def test_an_empty_variable_is_none(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PROJECT", "URL", "TOKEN", "TOKEN_FILE", "HOST", "SESSION"):
        monkeypatch.setenv(f"COORD_{name}", "")
    git(shop, "worktree", "add", "../other")
    found = Workspace(str(shop.parent / "other"))
    assert (found.project, found.url, found.token, len(found.shell_queues)) == (
        "shop",
        "http://127.0.0.1:8001",
        None,
        2,
    )


@pytest.mark.skipif(WINDOWS, reason="is about XDG")
def test_state_is_the_user_s_own_for_each_repository_and_server(
    shop: Path, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_STATE_HOME")
    folder = Workspace(str(shop)).state_folder
    assert Path(folder).parent == home / ".local" / "state" / "coord"
    assert Workspace(str(shop / "src")).state_folder == folder
    assert Workspace(str(shop), url="http://other.example").state_folder != folder
    assert Workspace(str(tmp_path)).state_folder != folder
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert Path(Workspace(str(shop)).state_folder).parent == tmp_path / "state" / "coord"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert Workspace(str(shop)).state_folder == folder


@pytest.mark.parametrize(
    "content", [b"project = ", b"project", b"\xff", b"[[", b'project = "a"\nproject = "b"']
)
def test_settings_that_are_none_say_which_file_to_mend(shop: Path, content: bytes) -> None:
    (shop / ".coord.toml").write_bytes(content)
    with pytest.raises(BadConfig, match=r"\.coord\.toml is not TOML"):
        Workspace(str(shop))


def test_a_name_is_never_longer_than_coord_takes(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop / ".coord.toml").write_text(f'project = "{"x" * 300}"')
    assert len(Workspace(str(shop)).project) == 100
    monkeypatch.setenv("COORD_SESSION", "s" * 300)
    assert len(session_name()) == len(session_name(agent="a")) == 200


# --- the token ------------------------------------------------------------------------------------

FOREIGN = "http://coord.example:8001"


@pytest.fixture
def token(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's token, in the user's own settings."""
    config = Path(os.environ["APPDATA"]) if WINDOWS else home / ".config"
    file = config / "coord" / "token"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    file.parent.mkdir(parents=True)
    file.write_text(" secret \nmore\n")
    return file


def test_the_token_is_in_the_user_s_settings(shop: Path, token: Path) -> None:
    assert Workspace(str(shop)).token == "secret"


def test_a_token_of_the_environment_wins_over_a_file_over_the_user_s(
    shop: Path, home: Path, token: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "other").write_text("other")
    monkeypatch.setenv("COORD_TOKEN_FILE", "~/other")
    assert Workspace(str(shop)).token == "other"
    monkeypatch.setenv("COORD_TOKEN", "mine")
    assert Workspace(str(shop)).token == "mine"


def test_a_server_that_only_the_repository_names_gets_no_token(shop: Path, token: Path) -> None:
    (shop / ".coord.toml").write_text(f'url = "{FOREIGN}"')
    found = Workspace(str(shop))
    assert (found.url, found.token, found.is_trusted) == (FOREIGN, None, False)


def test_a_server_that_the_user_names_gets_it(
    shop: Path, token: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop / ".coord.toml").write_text(f'url = "{FOREIGN}"')
    assert Workspace(str(shop), url=FOREIGN).token == "secret"
    monkeypatch.setenv("COORD_URL", FOREIGN)
    assert Workspace(str(shop)).token == "secret"


@pytest.mark.parametrize("url", [FOREIGN, f"{FOREIGN}/", "HTTP://COORD.example:8001"])
def test_a_server_that_the_user_trusts_gets_it_however_it_is_spelt(
    shop: Path, token: Path, url: str
) -> None:
    (shop / ".coord.toml").write_text(f'url = "{url}"')
    assert tokens.trust(FOREIGN)
    assert not tokens.trust(FOREIGN)
    assert Workspace(str(shop)).token == "secret"
    assert tokens.distrust(url)
    assert not tokens.distrust(url)
    assert Workspace(str(shop)).token is None


def test_the_server_that_nobody_need_name_is_trusted(shop: Path, token: Path) -> None:
    found = Workspace(str(shop))
    assert (found.url, found.is_trusted, found.token) == ("http://127.0.0.1:8001", True, "secret")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8002",
        "http://127.8.0.1:8001",
        "https://localhost:8001",
        "http://[::1]:8001",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example:80",
        "http://127.evil.example",
        "http://1.127.0.0",
        "http://evil/127.0.0.1",
    ],
)
def test_no_other_is_also_not_on_this_machine(url: str) -> None:
    assert not tokens.trusts(url)


@pytest.mark.parametrize(
    "content",
    [None, b"\xff", "naïve".encode(), b"a\x07b"],
    ids=["missing", "binary", "no-ascii", "bell"],
)
def test_a_token_that_cannot_be_one_says_so(
    shop: Path, home: Path, content: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COORD_TOKEN_FILE", str(home / "token"))
    if content is not None:
        (home / "token").write_bytes(content)
    with pytest.raises(BadConfig, match="token"):
        Workspace(str(shop))


def test_a_token_with_a_line_break_inside_is_refused(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COORD_TOKEN", "a\r\nX-Evil: 1")
    with pytest.raises(BadConfig, match="COORD_TOKEN holds characters"):
        Workspace(str(shop))


# --- who calls ------------------------------------------------------------------------------------


def test_a_session_is_named_after_its_host_and_who_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COORD_HOST", "web-1")
    monkeypatch.setenv("USER", "anna")
    assert session_name().startswith("web-1/anna")
    assert session_name("0198c2f4-7b1e-7c3d-9aa0-4242deadbeef") == "web-1/claude-deadbeef"
    assert session_name("0198c2f4-7b1e-7c3d-9aa0-4242deadbeef", "a1") == "web-1/claude-deadbeef/a1"
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "abcdefghijk")
    assert session_name() == "web-1/claude-defghijk"
    monkeypatch.setenv("COORD_SESSION", "me")
    assert session_name("0198c2f4", "a1") == "me/a1"


@pytest.mark.parametrize("apart_ms", [0, 1, 1000, 16_000, 65_535])
def test_sessions_that_start_at_nearly_the_same_time_have_two_names(apart_ms: int) -> None:
    """A UUIDv7 begins with its time: the first 8 letters are the same for 65 s."""
    first, second = new_id(), new_id()
    later = f"{int(first.replace('-', '')[:12], 16) + apart_ms:012x}"
    assert session_name(first) != session_name(f"{later[:8]}-{later[8:]}{second[13:]}")


def test_without_a_user_it_has_a_name_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USER", "USERNAME", "LOGNAME"):
        monkeypatch.delenv(name, raising=False)
    assert session_name().startswith(f"{host()}/user")
    assert host()


def test_nothing_heavy_is_loaded_for_it() -> None:
    heavy = (
        "typing",
        "dataclasses",
        "http.client",
        "subprocess",
        "pathlib",
        "uuid",
        "urllib",
        "socket",
        "ssl",
        "re",
        "datetime",
    )
    program = (
        f"import sys; sys.path.insert(0, {str(Path(module.__file__).parents[2])!r}); import"
        " coord.client.resource_names, coord.client.locked\n"
    )
    program += f"print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


# --- what editors write ---------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_settings_are_read_as_editors_on_windows_write_them(tmp_path: Path, encoding: str) -> None:
    (tmp_path / ".coord.toml").write_bytes(
        'project = "größe"\r\nurl = "http://coord.example:8001"\r\n'.encode(encoding)
    )
    workspace = Workspace(str(tmp_path))
    assert (workspace.project, workspace.url) == ("größe", "http://coord.example:8001")


@pytest.mark.parametrize(
    "content",
    ['project = "größe"'.encode("latin-1"), "project = 'x'".encode("utf-16-le")],
    ids=["latin-1", "no mark"],
)
def test_settings_in_another_encoding_say_how_to_save_them(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".coord.toml").write_bytes(content)
    with pytest.raises(BadConfig, match=r"\.coord\.toml is not TOML: it .* Save it as UTF-8\."):
        Workspace(str(tmp_path))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_token_file_is_read_as_editors_on_windows_write_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    (tmp_path / "token").write_bytes("right-4711\r\n".encode(encoding))
    monkeypatch.setenv("COORD_TOKEN_FILE", str(tmp_path / "token"))
    assert tokens.token() == "right-4711"


def test_a_comment_behind_the_address_of_a_clone_is_no_part_of_the_project(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text(
        '[remote "origin"]\n\turl = https://host/acme/api.git  # the fork\n'
    )
    assert Workspace(str(tmp_path)).project == "acme/api"
