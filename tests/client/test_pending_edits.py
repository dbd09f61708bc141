"""A lock that was taken for an edit which then did not happen is given back, and no other one:
`coord hook` as a process of its own against the real service.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.client.test_hook import Repository, Session, locks
from tests.client.test_hook_changes import claim
from tests.service import Service

ENDS: list[Any] = [
    pytest.param("UserPromptSubmit", {"prompt": "No, leave it"}, id="the next prompt"),
    pytest.param("Stop", {}, id="the end of the turn"),
    pytest.param("Notification", {"notification_type": "idle_prompt"}, id="an idle prompt"),
    pytest.param("PermissionDenied", {"tool_use_id": "toolu_e"}, id="a permission denied"),
    pytest.param("PostToolUseFailure", {"tool_use_id": "toolu_e"}, id="a failed edit"),
]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "shop")
    for file in ("app.py", "util.py"):
        (repository.folder / file).write_text("x\n")
    return repository


@pytest.fixture
def one(repository: Repository, service: Service) -> Session:
    return Session(repository, service.url)


def asks(session: Session, path: str, use: str) -> None:
    """The tool is about to edit, and the person is asked."""
    given = {"file_path": str(session.repository.folder / path)}
    assert session.fires("PreToolUse", tool_name="Edit", tool_input=given, tool_use_id=use) == {}


def ends(session: Session, event: str, use: str) -> None:
    assert session.fires(event, tool_name="Edit", tool_input={}, tool_use_id=use) == {}


@pytest.mark.parametrize(("event", "given"), ENDS)
def test_a_file_that_was_not_edited_is_given_back(
    one: Session, service: Service, repository: Repository, event: str, given: dict[str, str]
) -> None:
    one.edits("app.py")
    one.edits("new.py")
    assert one.fires(event, **given) == {}
    assert locks(service, repository) == {}


@pytest.mark.parametrize(("event", "given"), ENDS)
def test_a_file_that_has_changed_is_kept_whether_or_not_the_edit_s_end_was_reported(
    one: Session, service: Service, repository: Repository, event: str, given: dict[str, str]
) -> None:
    asks(one, "app.py", "toolu_e")
    (repository.folder / "app.py").write_text("y\n")
    one.fires(event, **given)
    assert locks(service, repository) == {"app.py": one.name}


@pytest.mark.parametrize(("event", "given"), ENDS)
def test_a_file_that_the_session_edited_before_is_kept(
    one: Session, service: Service, repository: Repository, event: str, given: dict[str, str]
) -> None:
    one.changes("app.py")
    asks(one, "app.py", "toolu_e")
    one.fires(event, **given)
    assert locks(service, repository) == {"app.py": one.name}


@pytest.mark.parametrize("when", ["before the edit", "after it", "between two edits"])
@pytest.mark.parametrize(("event", "given"), ENDS)
def test_what_a_person_claimed_is_kept(
    one: Session,
    service: Service,
    repository: Repository,
    event: str,
    given: dict[str, str],
    when: str,
) -> None:
    body = {"project_key": repository.project, "session_id": one.name, "resource": "app.py"}
    if when != "before the edit":
        asks(one, "app.py", "toolu_e")
    assert service.call("POST", "/locks", body).status in (200, 201)
    if when != "after it":
        asks(one, "app.py", "toolu_e")
    one.fires(event, **given)
    assert locks(service, repository) == {"app.py": one.name}


def test_a_command_that_was_not_allowed_gives_its_files_back(
    one: Session, service: Service, repository: Repository
) -> None:
    one.before("sed -i s/x/y/ app.py util.py")
    one.before("sed -i s/x/y/ util.py", "toolu_2")
    (repository.folder / "util.py").write_text("y\n")
    one.after("sed -i s/x/y/ util.py", "toolu_2")
    one.prompts()
    assert locks(service, repository) == {"util.py": one.name}


def test_of_two_edits_of_a_file_the_last_to_end_decides(
    one: Session, service: Service, repository: Repository
) -> None:
    asks(one, "app.py", "toolu_1")
    asks(one, "app.py", "toolu_2")
    ends(one, "PostToolUseFailure", "toolu_1")
    assert locks(service, repository) == {"app.py": one.name}
    ends(one, "PostToolUseFailure", "toolu_2")
    assert locks(service, repository) == {}


def test_of_two_edits_of_a_file_one_that_happened_keeps_it(
    one: Session, service: Service, repository: Repository
) -> None:
    asks(one, "app.py", "toolu_1")
    asks(one, "app.py", "toolu_2")
    (repository.folder / "app.py").write_text("y\n")
    ends(one, "PostToolUse", "toolu_2")
    ends(one, "PostToolUseFailure", "toolu_1")
    one.prompts()
    assert locks(service, repository) == {"app.py": one.name}


def test_a_file_that_was_refused_twice_is_given_back(
    one: Session, service: Service, repository: Repository
) -> None:
    asks(one, "app.py", "toolu_1")
    asks(one, "app.py", "toolu_2")
    one.prompts()
    assert locks(service, repository) == {}


def test_of_a_call_that_edits_several_files_those_stay_that_changed(
    one: Session, service: Service, repository: Repository
) -> None:
    files = ["app.py", "util.py", "new.py"]
    patch = "\n".join(f"*** Update File: {file}" for file in files)
    told = {"tool_name": "apply_patch", "tool_input": {"command": f"*** Begin Patch\n{patch}"}}
    one.fires("PreToolUse", turn_id="t", tool_use_id="toolu_p", **told)
    assert set(locks(service, repository)) == set(files)
    (repository.folder / "new.py").write_text("y\n")
    one.fires("Stop", turn_id="t")
    assert set(locks(service, repository)) == {"new.py"}


@pytest.mark.parametrize("happens", [True, False])
def test_an_agent_that_gives_its_calls_no_id_gives_back_too(
    one: Session, service: Service, repository: Repository, happens: bool
) -> None:
    given = {"file_path": str(repository.folder / "app.py")}

    def fires(event: str, **more: Any) -> None:
        told = {"session_id": one.session_id, "cwd": str(repository.folder), **more}
        one.run(json.dumps({**told, "hook_event_name": event}).encode())

    fires("BeforeTool", tool_name="replace", tool_input=given)
    if happens:
        fires("AfterTool", tool_name="replace", tool_input=given)
    fires("BeforeAgent", prompt="Go on")
    assert len(locks(service, repository)) == happens


@pytest.mark.skipif(os.name == "nt", reason="there is no process 1")
def test_a_session_that_is_open_in_two_terminals_keeps_what_the_other_may_be_asked_about(
    one: Session, service: Service, repository: Repository
) -> None:
    one.starts()
    memory = repository.state(service.url) / "sessions"
    (file,) = (each for each in memory.iterdir() if "claude" in each.name)
    remembered = json.loads(file.read_text())
    remembered["terminals"].append([1, Path("/proc/1/comm").read_text().strip(), 0])
    file.write_text(json.dumps(remembered))
    one.edits("app.py")
    one.before("git push")
    one.prompts()
    assert set(locks(service, repository)) == {"app.py", "git push"}


def test_another_session_may_have_the_file_at_once(
    one: Session, service: Service, repository: Repository
) -> None:
    one.edits("app.py")
    one.prompts()
    claim(service, repository, "ann", "app.py")
    assert locks(service, repository) == {"app.py": "ann"}
