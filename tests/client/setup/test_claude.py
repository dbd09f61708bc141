"""What the real Claude Code makes of what `coord init` writes: the hooks, the instructions, the
plugin.
"""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.setup.conftest import Repository
from tests.e2e import agents
from tests.e2e.claude import Claude, ModelStub, Use, model_stub
from tests.service import Service

pytestmark = pytest.mark.skipif(
    agents.missing("claude") is not None, reason=agents.missing("claude") or ""
)

TOLD = "other sessions work here too"  # the heading of the block


@pytest.fixture(scope="module")
def model() -> Iterator[ModelStub]:
    with model_stub() as model:
        yield model


@pytest.fixture
def claude(repository: Repository, model: ModelStub) -> Claude:
    """As the owner of the repository's home has it."""
    return Claude(
        repository.home,
        model,
        **{name: repository.environment[name] for name in ("PATH", "USER", "COORD_HOST")},
    )


def write(repository: Repository, name: str) -> Use:
    return Use("Write", file_path=str(repository.folder / name), content="x")


def test_after_init_an_edit_is_claimed(
    repository: Repository, claude: Claude, service: Service
) -> None:
    repository.init("--url", service.url, "--project", repository.project)
    session_id = str(uuid.uuid4())
    with claude.open(repository.folder, session_id=session_id) as session:
        session.ask("Fix it", write(repository, "a.py"))
        (lock,) = service.call("GET", f"/locks?project_key={repository.project}").json["items"]
        assert (lock["resource"], lock["session_id"]) == ("a.py", f"web-1/claude-{session_id[-8:]}")
    assert session.failed_hooks == []
    assert service.call("GET", f"/locks?project_key={repository.project}").json["items"] == []


def test_a_teammate_without_coord_notices_nothing(
    repository: Repository, claude: Claude, service: Service
) -> None:
    repository.init("--url", service.url)
    claude.environment["PATH"] = "/usr/bin:/bin"
    with claude.open(repository.folder) as session:
        session.ask("Fix it", write(repository, "a.py"), Use("Bash", command="exit 3"))
    assert repository.read("a.py") == "x"
    assert session.failed_hooks == []
    assert "not found" not in "".join(asked.shown for asked in session.asked) + session.said()
    assert "hook" not in session.asked[-1].news


@pytest.mark.parametrize("below", [False, True], ids=["at the top", "in a folder below"])
@pytest.mark.parametrize(
    ("there", "options"),
    [
        pytest.param([], (), id="neither file"),
        pytest.param(["AGENTS.md"], (), id="only AGENTS.md"),
        pytest.param(["CLAUDE.md"], (), id="only CLAUDE.md"),
        pytest.param(["AGENTS.md", "CLAUDE.md"], (), id="both"),
        pytest.param(["CLAUDE.md"], ("--local",), id="for oneself"),
    ],
)
def test_the_instructions_reach_the_model_once(
    repository: Repository,
    claude: Claude,
    service: Service,
    there: list[str],
    options: tuple[str, ...],
    below: bool,
) -> None:
    for name in there:
        repository.write(name, f"Read {name} too.\n")
    repository.init("--url", service.url, *options)
    repository.write("src/a.py")
    session = claude.run(repository.folder / "src" if below else repository.folder, "Hello")
    assert session.asked[0].shown.count(TOLD) == 1
    assert f"Read {there[-1] if there else 'CLAUDE.md'} too." in session.asked[0].shown or not there


def test_a_claude_md_that_imports_agents_md_needs_no_block(
    repository: Repository, claude: Claude, service: Service
) -> None:
    repository.write("AGENTS.md", "Read AGENTS.md too.\n")
    repository.write("CLAUDE.md", "@AGENTS.md\n")
    repository.init("--url", service.url)
    shown = claude.run(repository.folder, "Hello").asked[0].shown
    assert (shown.count(TOLD), shown.count("Read AGENTS.md too.")) == (1, 1)


# --- the plugin -----------------------------------------------------------------------------------


@pytest.fixture
def plugin(repository: Repository, service: Service, tmp_path: Path) -> Path:
    folder = tmp_path / "plugins" / "coord"
    repository.init("--url", service.url, "--plugin", str(folder))
    return folder


def test_the_plugin_is_one_to_claude_code(plugin: Path, claude: Claude) -> None:
    result = claude.validate_plugin(plugin)
    assert result.code == 0, result.out
    # warnings of the market or the plugin; those of Anthropic's catalogue do not count
    assert "Validation passed with" not in result.out, result.out


def test_the_plugin_claims_edits_and_brings_the_server(
    plugin: Path, claude: Claude, repository: Repository, service: Service
) -> None:
    repository.write(".coord.toml", f'url = "{service.url}"\nproject = "{repository.project}"\n')
    with claude.open(repository.folder, "--plugin-dir", str(plugin)) as session:
        session.ask("Fix it", write(repository, "a.py"))
        assert [
            lock["resource"]
            for lock in service.call("GET", f"/locks?project_key={repository.project}").json[
                "items"
            ]
        ] == ["a.py"]
    assert session.failed_hooks == []
    begin = next(message for message in session.messages if message.get("subtype") == "init")
    assert {"name": "plugin:coord:coord", "status": "connected"}.items() <= begin["mcp_servers"][
        0
    ].items()
    assert "coord:coord" in begin["skills"]


def test_beside_the_hooks_of_the_repository_those_of_the_plugin_rest(
    plugin: Path, claude: Claude, repository: Repository, service: Service
) -> None:
    repository.init("--url", service.url, "--project", repository.project)
    with claude.open(repository.folder, "--plugin-dir", str(plugin)) as session:
        session.ask("Hello")
    assert session.asked[0].shown.count("=== coord: you are") == 1


def test_the_plugin_can_be_installed_from_its_folder(
    plugin: Path, claude: Claude, repository: Repository, service: Service
) -> None:
    for arguments in (("marketplace", "add", str(plugin)), ("install", "coord@coord")):
        done = claude.command("plugin", *arguments)
        assert done.code == 0, done.out
    repository.write(".coord.toml", f'url = "{service.url}"\nproject = "{repository.project}"\n')
    with claude.open(repository.folder) as session:
        session.ask("Fix it", write(repository, "a.py"))
        assert [
            lock["resource"]
            for lock in service.call("GET", f"/locks?project_key={repository.project}").json[
                "items"
            ]
        ] == ["a.py"]
    assert "as the plugin that" in repository.coord("doctor").stdout


def test_the_plugin_is_brought_up_to_date_and_taken_away(
    plugin: Path, repository: Repository, service: Service
) -> None:
    assert "Nothing to change" in repository.init("--url", service.url, "--plugin", str(plugin))
    repository.init("--url", "http://coord.example:8001", "--plugin", str(plugin))
    assert "http://coord.example:8001/mcp" in (plugin / ".mcp.json").read_text()
    repository.init("--url", "http://coord.example:8001", "--plugin", str(plugin), "--undo")
    assert not plugin.exists()


def test_the_folder_of_another_plugin_is_left_alone(repository: Repository) -> None:
    repository.write("other/.claude-plugin/plugin.json", '{"name": "other"}')
    done = repository.coord("init", "--yes", "--plugin", "other")
    assert done.returncode == 1
    assert "holds another plugin (other)" in done.stderr
