"""What a lock is called."""

import os
import subprocess
import sys

import pytest

from tests.client.cli.conftest import Person


def names(me: Person, *args: str) -> list[str]:
    result = me("lock", *args, "--json")
    assert result.code == 0, result
    return [lock["resource"] for lock in result.json.get("items", [result.json])]


def test_a_file_is_named_from_the_top_of_the_checkout_wherever_one_is(me: Person) -> None:
    assert names(me, "src/app.py") == ["src/app.py"]
    assert names(me.inside("src"), "app.py") == ["src/app.py"]
    assert names(me.inside("src"), "../src/app.py") == ["src/app.py"]
    assert names(me, str(me.folder / "src" / "app.py")) == ["src/app.py"]


def test_a_file_that_does_not_exist_yet_is_known_by_its_slash(me: Person) -> None:
    assert names(me.inside("src"), "new/model.py") == ["src/new/model.py"]


@pytest.mark.skipif(sys.platform == "win32", reason="names of files are UTF-16 there")
def test_a_file_s_name_that_is_no_utf_8_is_called_as_agents_call_it(me: Person) -> None:
    result = me.process("lock", "src/caf\udce9.py")
    assert (result.code, result.err) == (0, "")
    held = me("locks", "--json").json["items"]
    assert [lock["resource"] for lock in held] == ["src/caf\ufffd.py"]


def test_a_folder_is_a_tree(me: Person) -> None:
    assert names(me, "src") == ["src/"]
    assert names(me.inside("src"), ".") == ["src/"]
    assert names(me, "src/**") == ["src/"]


def test_the_top_of_the_checkout_is_the_whole_project(me: Person) -> None:
    assert names(me, ".") == ["/"]
    me("unlock", "--all")
    assert names(me, "/") == ["/"]


@pytest.mark.parametrize(
    "name", ["git push", "ssh web-1", "https://shop.example/admin", "deploy", "db/prod migration"]
)
def test_other_text_stays_as_it_is(me: Person, name: str) -> None:
    assert names(me.inside("src"), name) == [name]


def test_as_is_takes_a_file_as_it_stands_and_file_takes_any_word_for_one(me: Person) -> None:
    assert names(me.inside("src"), "app.py", "--as-is") == ["app.py"]
    assert names(me.inside("src"), "-f", "new.py") == ["src/new.py"]


@pytest.mark.parametrize("name", ["new.py", ".env.local", "requirements.in", "Makefile.am"])
def test_a_new_file_in_a_folder_is_named_as_the_hooks_name_it(me: Person, name: str) -> None:
    assert names(me.inside("src"), name) == [f"src/{name}"]


@pytest.mark.parametrize("name", ["web-1.example.com", "v1.4", "deploy"])
def test_what_has_a_dot_and_is_no_file_stays_as_it_is(me: Person, name: str) -> None:
    assert names(me.inside("src"), name) == [name]


@pytest.mark.parametrize("name", ["src/*.py", "*.py", "src/[ab].py"])
def test_a_pattern_is_refused_with_what_to_do_instead(me: Person, name: str) -> None:
    result = me("lock", name)
    assert result.code == 2
    assert "is a pattern" in result.err
    assert "coord lock src/" in result.err


def test_a_blank_name_is_refused(me: Person) -> None:
    result = me("lock", "   ")
    assert (result.code, "blank" in result.err) == (2, True)


def test_a_submodule_is_an_entry_of_the_checkout_around_it(me: Person) -> None:
    sub = me.folder.parent / "sub"
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@y", "-c", "protocol.file.allow=always"]
    for folder in (sub, me.folder):
        subprocess.run([*git, "init", "-q", folder], check=True)
    (sub / "x.py").write_text("x")
    subprocess.run([*git, "-C", sub, "add", "."], check=True)
    subprocess.run([*git, "-C", sub, "commit", "-qm", "x"], check=True)
    add = ["submodule", "--quiet", "add", str(sub), "vendor/lib"]
    subprocess.run([*git, "-C", me.folder, *add], check=True)
    for name in ("vendor/lib", "vendor/lib/"):
        report = me("lock", name, "--json").json
        assert report["resource"].rstrip("/") == "vendor/lib"
        assert report["project_key"] == me.project


def test_a_lock_is_released_under_the_name_it_was_claimed_by(me: Person) -> None:
    me.inside("src")("lock", "app.py")
    assert me("unlock", "src/app.py").out == "released src/app.py\n"
    me("lock", "src")
    assert me.inside("src")("renew", ".").code == 0
    assert me.inside("src")("locks", "app.py", "--json").json["items"][0]["resource"] == "src/"
    assert me("unlock", "src/").code == 0


def test_files_of_another_repository_are_of_its_project(
    me: Person, tmp_path: os.PathLike[str]
) -> None:
    them = me.folder.parent / "billing"
    (them / ".git").mkdir(parents=True)
    mine = me.as_(me.session)
    mine.variables["COORD_PROJECT"] = ""
    (me.folder / ".coord.toml").write_text(f'project = "{me.project}"\n')
    (them / ".coord.toml").write_text(f'project = "{me.project}-billing"\n')
    lock = mine("lock", "../billing/api.py", "--json").json
    assert (lock["project_key"], lock["resource"]) == (f"{me.project}-billing", "api.py")
    result = mine("lock", "../billing/api.py", "src/app.py")
    assert result.code == 2
    assert "different projects" in result.err
    assert mine("unlock", "../billing/api.py").code == 0
