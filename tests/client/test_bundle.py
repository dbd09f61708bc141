"""coord.pyz: one file, always the same, for every Python from 3.9 on, of nothing but Python's
sources.
"""

import ast
import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from coord.areas.client import bundle
from coord.client import API
from coord.web import API as SERVED
from tests.client import pythons
from tests.service import ROOT

CLIENT = ROOT / "coord" / "client"
# named in coord/client/__init__.py
HEAVY = {"typing", "dataclasses", "http.client", "subprocess", "pathlib"}
OF_PYTHON = sys.stdlib_module_names | {"msvcrt"}


@pytest.fixture(scope="module")
def pyz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("pyz") / "coord.pyz"
    file.write_bytes(bundle.build())
    return file


@pytest.fixture(scope="module")
def members(pyz: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(pyz) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_same_sources_give_the_same_bytes_in_any_process_and_folder(
    pyz: Path, tmp_path: Path
) -> None:
    program = (
        "import sys; from coord.areas.client import bundle; sys.stdout.buffer.write(bundle.build())"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    built = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=True,
    )
    assert hashlib.sha256(built.stdout).digest() == hashlib.sha256(pyz.read_bytes()).digest()


def test_it_holds_the_client_and_its_packages_with_their_licences_and_nothing_of_the_server(
    members: dict[str, bytes],
) -> None:
    assert {name.partition("/")[0] for name in members} == {
        "__main__.py",
        "coord",
        "click",
        "colorama",
        "tomli",
        "licences",
    }
    assert {name.split("/")[1] for name in members if name.startswith("coord/")} == {
        "__init__.py",
        "client",
    }
    assert {
        name.split("/")[1].partition("-")[0] for name in members if name.startswith("licences/")
    } == {"click", "colorama", "tomli"}
    assert all(
        b"opyright" in text for name, text in members.items() if name.startswith("licences/")
    )
    assert list(members) == sorted(members)


def test_it_holds_no_compiled_code(members: dict[str, bytes]) -> None:
    """tomli is installed with compiled modules beside its sources; those would run on one system
    only.
    """
    assert [name for name in members if name.endswith((".so", ".pyd", ".pyc", ".dylib"))] == []
    assert all(b"\x00" not in content for name, content in members.items() if name.endswith(".py"))
    assert "tomli/_parser.py" in members


def test_its_syntax_is_that_of_python_3_9(members: dict[str, bytes]) -> None:
    for name, source in members.items():
        if name.endswith(".py"):
            ast.parse(source, name, feature_version=pythons.OLDEST)


def test_client_and_server_speak_the_same_api() -> None:
    assert API == SERVED


# --- it runs --------------------------------------------------------------------------------------

IMPORT_ALL = """
import importlib, json, pkgutil, sys
sys.path.insert(0, sys.argv[1])
import coord.client
for module in pkgutil.walk_packages(coord.client.__path__, "coord.client."):
    if module.name != "coord.client.__main__":
        importlib.import_module(module.name)
import tomli
assert tomli.loads("a = [1, 2.5, 'x']\\n[b]\\nc = 1979-05-27T07:32:00Z")["a"] == [1, 2.5, "x"]
print(json.dumps({name: getattr(module, "__file__", None) for name, module in sys.modules.items()}))
"""


def test_python_3_9_is_among_those_that_it_is_tried_on() -> None:
    if not any(pythons.version(kind) == pythons.OLDEST for kind in pythons.found()):
        pytest.skip("there is no Python 3.9 here: install Debian 12's pypy3, or python3.9")


@pytest.mark.parametrize("python", pythons.NEW_ENOUGH)
def test_every_module_of_it_runs_alone_on(python: str, pyz: Path) -> None:
    """Without site-packages, and with warnings as errors: what Python will take away is
    not used.
    """
    done = subprocess.run(
        [python, "-I", "-S", "-W", "error", "-c", IMPORT_ALL, pyz], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    modules = json.loads(done.stdout)
    assert {
        name.partition(".")[0]
        for name, file in modules.items()
        if file and file.startswith(str(pyz))
    } == {"coord", "click", "tomli"}
    assert [file for file in modules.values() if file and "site-packages" in file] == []


@pytest.mark.parametrize("python", pythons.NEW_ENOUGH)
def test_it_is_a_command_on(python: str, pyz: Path, tmp_path: Path) -> None:
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "COORD_URL": "http://127.0.0.1:1",
    }
    for command in (["--help"], ["install", "--help"], ["whoami"]):
        done = subprocess.run(
            [python, pyz, *command], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, ""), command
        assert "coord" in done.stdout or tmp_path.name in done.stdout


@pytest.mark.parametrize(
    "python",
    pythons.OLD
    or [pytest.param("", marks=pytest.mark.skip("there is no Python that is too old here"))],
)
def test_an_older_python_is_told_so(python: str, pyz: Path) -> None:
    done = subprocess.run([python, pyz, "--help"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("coord needs Python 3.9 or later, and this is ")


# --- what it imports ------------------------------------------------------------------------------


def imports(file: Path, *, lazy: bool) -> Iterator[str]:
    """The modules that a file names, as absolute names; without `lazy` only those that are imported
    with it, not inside of functions.
    """
    nodes: list[ast.AST] = [ast.parse(file.read_text(encoding="utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            yield str(node.module)
            if str(node.module).startswith("coord"):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
        checked = (
            isinstance(node, ast.If)
            and isinstance(node.test, ast.Name)
            and node.test.id == "TYPE_CHECKING"
        )
        if not checked and (lazy or not isinstance(node, ast.FunctionDef)):
            nodes += ast.iter_child_nodes(node)


@pytest.mark.parametrize(
    "file", sorted(CLIENT.rglob("*.py")), ids=lambda file: file.relative_to(CLIENT).as_posix()
)
def test_a_module_of_the_client_imports_only_the_client_python_and_what_is_bundled(
    file: Path,
) -> None:
    for name in imports(file, lazy=True):
        allowed = name.startswith("coord.client") or name in ("coord", "coord.__version__")
        assert allowed or name.partition(".")[0] in OF_PYTHON | {"click", "tomli"}, name


def test_nothing_but_the_command_line_uses_click() -> None:
    """Everything else works where there is only Python, and starts fast."""
    with_click = {
        file.relative_to(CLIENT).parts[0]
        for file in CLIENT.rglob("*.py")
        if "click" in imports(file, lazy=False)
    }
    assert with_click <= {"cli", "install.py", "setup"}


def test_what_a_hook_imports_is_light() -> None:
    seen: set[str] = set()
    to_see = ["coord.client.__main__", "coord.client.hook"]
    while to_see:
        module = to_see.pop()
        seen.add(module)
        path = ROOT / module.replace(".", "/")
        for file in filter(Path.is_file, (path.with_suffix(".py"), path / "__init__.py")):
            to_see += [name for name in imports(file, lazy=False) if name not in seen]
    assert (
        seen & (HEAVY | {"click", "tomli", "tomllib", "argparse", "re2", "urllib", "ssl"}) == set()
    )


def test_a_zip_that_was_cut_short_is_no_client(pyz: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.pyz"
    cut.write_bytes(pyz.read_bytes()[:-100])
    assert subprocess.run([sys.executable, cut, "--help"], capture_output=True).returncode != 0
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(cut.read_bytes()))
