"""The documents say what is so: nothing that coord has is missing from them, nothing in them is
missing from coord.
"""

import ast
import dataclasses
import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy.engine import make_url

from config.default import BUILT_IN_AREAS, SETTINGS
from coord.app import create_app
from coord.area import HOOKS, Area
from coord.errors import CoordError, Unavailable
from coord.store import database
from coord.web import BASE_PATH
from tests.conftest import Agent
from tests.databases import MariaDB
from tests.service import ROOT, Service, running

README, CHANGELOG = ROOT / "README.md", ROOT / "CHANGELOG.md"
PROTOCOL, OPERATIONS, DESIGN, ADDING = (
    ROOT / "docs" / name
    for name in ("PROTOCOL.md", "operations.md", "design.md", "adding-an-area.md")
)
CLI, INDEX = ROOT / "docs" / "cli.md", ROOT / "docs" / "README.md"
CONTRIBUTING, SECURITY = ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"
DOCUMENTS = (README, CHANGELOG, PROTOCOL, OPERATIONS, DESIGN, ADDING, INDEX, CONTRIBUTING, SECURITY)
DOCUMENT_COLUMNS = 110
PROTOCOL_BYTES = 12_900  # agents pay for each of them

Calls = set[tuple[str, str]]


def text(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def blocks(document: Path, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text(document), re.MULTILINE | re.DOTALL)


def rows(document: Path, heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    section = re.split(
        r"^#+ ", text(document).split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE
    )[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def code(cell: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


@pytest.fixture(scope="module")
def documented_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    app = create_app(
        {"DATABASE_URL": f"sqlite:///{tmp_path_factory.mktemp('db')}/coord.db", "TESTING": True}
    )
    with app.app_context():
        upgrade(revision="heads")
        database.metadata.create_all(database.engine)
    return app


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    folder = tmp_path / "service"
    folder.mkdir()
    with running(folder, f"sqlite:///{folder}/coord.db") as started:
        yield started


# --- settings -------------------------------------------------------------------------------------


def test_every_setting_is_in_the_readme_with_its_default_and_meaning() -> None:
    documented = {
        code(name)[0]: (code(default), meaning)
        for name, default, meaning in rows(README, "Settings")
    }
    assert list(documented) == [setting.variable for setting in SETTINGS]
    for setting in SETTINGS:
        default, meaning = documented[setting.variable]
        assert meaning == setting.meaning
        assert default in ([setting.default] if setting.default else [], []), setting.variable


def test_the_example_environment_has_every_setting_with_its_default() -> None:
    given = dict(
        re.findall(
            r"^#?(COORD_\w+)=(.*)$", text(ROOT / "config" / "coord.env.example"), re.MULTILINE
        )
    )
    defaults = {setting.variable: setting.default for setting in SETTINGS}
    assert given.keys() == defaults.keys()
    assert {name for name in given if given[name] != defaults[name]} == {
        "COORD_BIND",
        "COORD_DATABASE_URL",
    }


@pytest.mark.parametrize(
    "document",
    [*DOCUMENTS, *(ROOT / name for name in ("Dockerfile", "config/coord.service"))],
    ids=lambda path: path.name,
)
def test_no_setting_is_mentioned_that_does_not_exist(document: Path) -> None:
    known = {setting.variable for setting in SETTINGS} | {
        each for cells in rows(CLI, "Environment") for each in code(cells[0])
    }
    assert {
        name for name in re.findall(r"\bCOORD_[A-Z_]*[A-Z]", text(document)) if name not in known
    } == set()


# --- calls ----------------------------------------------------------------------------------------


def app_calls(app: Flask) -> Calls:
    """Method and path of every call, each variable of a path as `*`."""
    methods = {"GET", "POST", "PUT", "PATCH", "DELETE"}
    return {
        (method, re.sub(r"<[^>]*>", "*", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) & methods
    }


def test_every_call_is_in_the_api_document(documented_app: Flask) -> None:
    document = documented_app.test_client().get("/openapi.json").json or {}
    found = {
        (method.upper(), re.sub(r"{[^}]*}", "*", path))
        for path, item in document["paths"].items()
        for method in item
        if method != "parameters"
    }
    # scripts, styles and pictures of a page
    of_a_page = {("GET", "/docs/*"), ("GET", "/page/*/*"), ("GET", "/favicon.ico")}
    assert found == app_calls(documented_app) - of_a_page


YOUNG_CURL_OPTIONS = re.compile(
    r"curl [^|;`]*(--json|--url-query|--rate|--variable|--expand-\w+)\b"
)
"""Added after 7.76 of RHEL 9; Ubuntu 22.04 has 7.81."""


def test_curl_is_shown_with_options_that_old_systems_have() -> None:
    shown = [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("coord/areas/*/static/*.js"),
        *ROOT.glob("coord/**/*.py"),
    ]
    assert {
        path: options for path in shown if (options := YOUNG_CURL_OPTIONS.findall(text(path)))
    } == {}


def mentioned_calls(*documents: Path) -> Calls:
    """Calls that a document shows as `curl` or names as `METHOD /path`; ids and variables
    as `*`.
    """
    found: Calls = set()
    for each in documents:
        shown = [
            *blocks(each, "sh"),
            *blocks(each, "console"),
            *re.findall(r"`(curl [^`]*)`", text(each)),
        ]
        for command in (command for block in shown for command in re.split(r"\bcurl\b", block)[1:]):
            call = re.match(r"(?s)(.*?)(?:\$API|\$COORD|127\.0\.0\.1:8001)(/[^\s\"')?]*)", command)
            if call is not None:
                method = re.search(r"-X (\w+)", call[1])
                found.add(
                    (
                        method[1] if method else "POST" if " -d '{" in call[1] else "GET",
                        as_rule(call[2]),
                    )
                )
        found |= {
            (method, as_rule(path))
            for method, path in re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[^\s`?]*)", text(each))
        }
    return found


def as_rule(path: str) -> str:
    areas = "locks|components|workflows|work-items|messages|sessions|events|status"
    path = path if path.startswith("/api/") else re.sub(rf"^(?=/({areas})\b)", BASE_PATH, path)
    return re.sub(r"\$\w+|<[^>]*>", "*", path.replace("$PROJECT/api", "*/*").rstrip("/"))


def test_every_call_of_the_protocol_exists(documented_app: Flask) -> None:
    assert mentioned_calls(PROTOCOL, README, OPERATIONS) - app_calls(documented_app) == set()


def test_the_protocol_shows_every_call_that_changes_something(documented_app: Flask) -> None:
    assert {call for call in app_calls(documented_app) if call[0] != "GET"} - mentioned_calls(
        PROTOCOL
    ) == set()


# --- errors, events, metrics ----------------------------------------------------------------------


def subclasses(kind: type[CoordError]) -> set[type[CoordError]]:
    return {kind}.union(*(subclasses(subclass) for subclass in kind.__subclasses__()))


def test_every_error_is_in_the_protocol_and_no_other() -> None:
    for name in BUILT_IN_AREAS:
        importlib.import_module(name)
    known = {
        (str(kind.status), kind.code)
        for kind in subclasses(CoordError)
        if kind.__module__.startswith("coord.")
    }
    known -= {(str(Unavailable.status), Unavailable.code)}  # the one whose body has no code
    documented = {
        (status, each) for status, error, _ in rows(PROTOCOL, "Errors") for each in code(error)
    }
    assert documented == known


def recorded_types() -> set[str]:
    """Every event type in the areas' code: a string constant `<kind of thing>.<what happened>`."""
    constants: set[str] = set()
    for file in (ROOT / "coord" / "areas").rglob("*.py"):
        constants |= {
            node.value
            for node in ast.walk(ast.parse(text(file)))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
    kinds = "|".join(
        sorted(
            {
                value
                for value in constants
                if re.fullmatch("lock|component|workflow|work_item|message|session|journal", value)
            }
        )
    )
    return {value for value in constants if re.fullmatch(rf"({kinds})\.[a-z_]+", value)}


def test_every_event_type_is_in_the_design_and_no_other() -> None:
    documented = {
        each for cells in rows(DESIGN, "What the journal says") for each in code(cells[0])
    }
    assert documented == recorded_types()


def test_every_metric_is_in_the_operations_manual_and_no_other(service: Service) -> None:
    service.call("GET", "/status")
    shown = set(
        re.findall(
            r"^# TYPE (coord_\w+)", service.call("GET", "/metrics").body.decode(), re.MULTILINE
        )
    )
    assert {each for cells in rows(OPERATIONS, "Metrics") for each in code(cells[0])} == shown


# --- what can be tried ----------------------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text(document)):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", text(file), re.MULTILINE)
            assert anchor in {
                re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings
            }, target


@pytest.mark.parametrize(
    "document",
    [README, CHANGELOG, CONTRIBUTING, SECURITY, *sorted((ROOT / "docs").glob("*.md"))],
    ids=lambda path: path.name,
)
def test_prose_is_wrapped(document: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", text(document), flags=re.MULTILINE | re.DOTALL)
    # a row of a table is one line
    lines = [line for line in prose.splitlines() if not line.startswith(("|", "#"))]
    assert [line for line in lines if len(line) > DOCUMENT_COLUMNS] == []


def test_the_index_lists_every_document() -> None:
    listed = {
        (INDEX.parent / target).resolve() for target in re.findall(r"\]\(([^)]+)\)", text(INDEX))
    }
    assert listed == {*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")} - {INDEX}


def test_make_help_and_the_documents_name_the_commands_that_there_are() -> None:
    makefile = text(ROOT / "Makefile")
    targets = set(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split())
    helped = set(re.findall(r'@echo "make ([\w-]+)', makefile))
    # a part of check, and what everybody knows
    assert targets - helped == {"audit", "clean", "help"}
    for document in DOCUMENTS:
        shown = "\n".join([*blocks(document, "sh"), *re.findall(r"`(make [^`]+)`", text(document))])
        assert set(re.findall(r"^make ([\w-]+)", shown, re.MULTILINE)) - targets == set(), document


def test_the_workflow_runs_what_a_developer_runs_and_no_more() -> None:
    workflow = text(ROOT / ".github" / "workflows" / "ci.yml")
    assert re.findall(r"^ +(?:- )?run: (.*)$", workflow, re.MULTILINE) == [".ci/run"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_a_commit_is_checked_by_the_programs_that_make_check_uses() -> None:
    programs = set(
        re.findall(
            r"^ +entry: \.venv/bin/(\S+)", text(ROOT / ".pre-commit-config.yaml"), re.MULTILINE
        )
    )
    assert programs == {"ruff", "mypy"}
    for program in programs:
        assert f"$(BIN)/{program}" in text(ROOT / "Makefile")
        assert f"\n{program}==" in text(ROOT / "requirements-dev.txt")


def test_pytest_does_not_reach_the_image() -> None:
    dockerfile, pins = text(ROOT / "Dockerfile"), text(ROOT / "requirements-runtime.txt")
    assert set(re.findall(r"requirements[\w-]*\.txt", re.sub(r"(?m)^#.*$", "", dockerfile))) == {
        "requirements-runtime.txt"
    }
    assert "flask==" in pins
    assert "pytest" not in pins


def test_the_runtime_set_is_in_the_others_pin_by_pin() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^\S+==\S+", text(ROOT / name), re.MULTILINE))

    assert (
        pins("requirements-runtime.txt") < pins("requirements.txt") < pins("requirements-dev.txt")
    )


def masked(output: str) -> str:
    """Without what differs from one run to the next."""
    output = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", output)
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME", output)


def test_the_session_in_the_readme_prints_what_it_says(service: Service) -> None:
    said, *commands = re.split(r"^\$ ", blocks(README, "console")[0], flags=re.MULTILINE)
    assert not said
    variables = (word.partition("=") for word in shlex.split(commands.pop(0)))
    environment = os.environ | {
        name: value.replace("http://127.0.0.1:8001", service.url) for name, _, value in variables
    }
    for each in commands:
        command, _, printed = each.partition("\n")
        done = subprocess.run(
            ["bash", "-c", command], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert masked(done.stdout) == masked(printed), f"{command}\n{done.stdout}"


def test_what_the_protocol_tells_to_run_runs(service: Service, tmp_path: Path) -> None:
    already = len(service.log())
    script = "\n".join(blocks(PROTOCOL, "sh")).replace("http://127.0.0.1:8001", service.url)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    calls = [
        (line["status"], line["method"], line["path"])
        for line in service.log()[already:]
        if line["message"] == "call"
    ]
    assert [call for call in calls if call[0] not in (200, 201)] == []
    assert len(calls) > 15
    assert not (tmp_path / ".claude" / "coord-queue.jsonl").exists()
    assert [message["subject"] for message in service.call("GET", "/messages").json["items"]] == [
        "api is down",
        "src/app.py",
    ]


def test_the_protocol_is_short_and_served_with_the_address_by_which_it_was_asked(
    client: Agent,
) -> None:
    for host in ("127.0.0.1:8001", "coord-1:8001", "[::1]:9"):
        served = client.client.get("/llms.txt", headers={"Host": host})
        written = PROTOCOL.read_text(encoding="utf-8")
        assert served.text == written.replace("http://127.0.0.1:8001", f"http://{host}")
        assert f"COORD=http://{host};" in served.text
    assert len(PROTOCOL.read_bytes()) < PROTOCOL_BYTES


def test_the_privileges_in_the_operations_manual_are_enough(mariadb: MariaDB) -> None:
    # the tests' own user is called coord
    grants = blocks(OPERATIONS, "sql")[0].replace("'coord", "'documented")
    mariadb.run(*filter(str.strip, grants.split(";")))
    users = dict(re.findall(r"USER '(\w+)'@'%' IDENTIFIED BY '([^']+)'", grants))

    def app_as(user: str) -> Flask:
        url = make_url(mariadb.url("coord")).set(username=user, password=users[user])
        return create_app(
            {"DATABASE_URL": url.render_as_string(hide_password=False), "TESTING": True}
        )

    migrating, serving = app_as("documented_migrate"), app_as("documented")
    with migrating.app_context():
        upgrade(revision="heads")
        database.metadata.create_all(database.engine)
        database.engine.dispose()
    agent = Agent(serving.test_client())
    assert (
        agent.post("/locks", project_key="shop", session_id="host/a", resource="x").status_code
        == 201
    )
    assert agent.get("/health").json["status"] == "ok"
    with serving.app_context():
        with (
            pytest.raises(sa.exc.OperationalError, match="denied"),
            database.engine.connect() as connection,
        ):
            connection.execute(sa.text("CREATE TABLE t (id INT)"))
        database.engine.dispose()


def test_what_the_image_holds_is_enough(tmp_path: Path) -> None:
    for source, target in re.findall(
        r"^COPY (\S+) (\S+)$", text(ROOT / "Dockerfile"), re.MULTILINE
    ):
        goal = tmp_path / target if target != "./" else tmp_path / source
        goal.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / source).is_dir() else shutil.copy)(ROOT / source, goal)
    probe = (
        "import json; from wsgi import app; c = app.test_client();paths = '/livez /health /llms.txt"
        " /docs /openapi.json /client /client/coord.pyz /client/install.sh"
        " /client/install.ps1';paths += ' / /page/board/board.js"
        " /page/locks/board.js';print(json.dumps({p: c.get(p).status_code for p in paths.split()}))"
    )
    environment = {
        **os.environ,
        "COORD_DATABASE_URL": f"sqlite:///{tmp_path}/coord.db",
        "FLASK_APP": "wsgi.py",
        "COORD_LOG_LEVEL": "error",
    }
    for command in (["-m", "flask", "db", "upgrade"], ["-c", probe]):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout).values()) == {200}


def test_the_walk_through_quotes_the_example_as_it_is() -> None:
    folder = ROOT / "examples" / "coord-recipes"
    files = [text(file) for suffix in ("py", "toml", "js") for file in folder.rglob(f"*.{suffix}")]
    quoted = [*blocks(ADDING, "python"), *blocks(ADDING, "toml"), *blocks(ADDING, "js")]
    assert len(quoted) > 5
    for quote in quoted:
        for part in quote.split("...\n"):
            assert any(part.strip("\n") in file for file in files), part


def test_every_word_of_the_glossary_is_in_the_code() -> None:
    code_text = "\n".join(text(file) for file in (ROOT / "coord").rglob("*.py"))
    glossary = re.search(r"(?ms)^## Words$(.*?)^## ", text(DESIGN))
    assert glossary
    words = re.findall(r"\*\*(.+?)\*\*", glossary[1])
    assert 25 <= len(words) <= 40
    assert [
        word for word in words if not re.search(rf"(?i)(?<![a-z]){word}(?![a-z])", code_text)
    ] == []


def test_every_hook_is_documented_as_it_is_called() -> None:
    documented = {}
    for field, _, form in rows(ADDING, "The area"):
        for hook, parameters in re.findall(r"`(\w+)\(([^)]*)\)`", form):
            own = hook == code(field)[0]
            name = (
                hook
                if own
                else f"{code(field)[0].rstrip('s') if hook == 'call' else code(field)[0]}.{hook}"
            )
            documented["samples" if hook == "sample" else name] = tuple(
                filter(None, parameters.split(", "))
            )
    assert documented == dict(HOOKS)


def test_every_field_of_an_area_is_documented() -> None:
    documented = {code(cells[0])[0] for cells in rows(ADDING, "The area")}
    assert documented == {field.name for field in dataclasses.fields(Area)} - {"at_root"}
