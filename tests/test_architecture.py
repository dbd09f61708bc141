"""Who may import whom. The reasons are in docs/design.md, "Layers"."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CODE = ("coord", "config")
EVERY_FOLDER = (*CODE, "bench", "campaign", "examples", "migrations", "tests", "tools")
MAX_MODULES_BESIDE_PACKAGES = 11
MAX_FUNCTION_LINES = 45
MAX_FILE_LINES = 400
MAX_ANY_ANSWERS = 15

LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"errors", "layout", "metric_files", "store"}),
    frozenset({"ids"}),
    frozenset({"web", "live"}),
    frozenset({"observed_at", "area"}),
    frozenset({"areas", "plugins", "upkeep"}),
    frozenset({"app", "serving"}),
    frozenset({"server", "testing"}),
)
"""Each room of the server imports only from rooms of the layers before its own, or where FURTHER
says so.
"""

FURTHER = {
    "ids": {"errors"},
    "web": {"errors", "store.faults", "coord"},
    "serving": {"live"},
}


@dataclass(frozen=True)
class Import:
    """`module` names what is imported, as far as it is a module: `coord.store` for `from
    coord.store import read`.
    """

    importer: str
    module: str
    line: int
    for_types_only: bool = False


def modules() -> dict[str, Path]:
    found = {}
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports_of(name: str, path: Path) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for each in node.body
        for inner in ast.walk(each)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(name, alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # an installed coord has that folder under another name
            own = name.startswith("config.")
            assert node.level == 0 or own, f"{path}:{node.lineno}: say the whole name"
            base = f"config.{node.module}" if node.level else str(node.module)
            for alias in node.names:
                full = f"{base}.{alias.name}"
                module = full if full in MODULES else base
                yield Import(name, module, node.lineno, id(node) in typing_only)


IMPORTS = [each for name, path in MODULES.items() for each in imports_of(name, path)]


def room(module: str) -> str | None:
    """The room of the server that a module is in: the first name below `coord`."""
    parts = module.split(".")
    return parts[1] if parts[0] == "coord" and len(parts) > 1 and parts[1] != "client" else None


def layer(name: str) -> int:
    found = [number for number, names in enumerate(LAYERS) if name in names]
    assert found, f"coord.{name} is in no layer: put it into LAYERS, and say why in docs/design.md"
    return found[0]


def said(found: list[Import]) -> list[str]:
    return [f"{each.importer}:{each.line} imports {each.module}" for each in found]


def test_no_room_imports_one_above_or_beside_it() -> None:
    wrong = []
    for each in IMPORTS:
        here, there = room(each.importer), room(each.module)
        if here is None or there is None or here == there:
            continue
        if layer(there) >= layer(here) and there not in FURTHER.get(here, set()):
            wrong.append(each)
    assert said(wrong) == []


def test_the_settings_import_nothing_of_coord() -> None:
    wrong = [
        each
        for each in IMPORTS
        if each.importer.startswith("config") and each.module.split(".")[0] == "coord"
    ]
    assert said(wrong) == []


def test_coord_takes_its_settings_from_one_place() -> None:
    importers = {
        each.importer
        for each in IMPORTS
        if each.importer.startswith("coord") and each.module.split(".")[0] == "config"
    }
    assert importers == {"coord.layout"}


def test_the_store_imports_nothing_else_of_coord() -> None:
    wrong = [
        each
        for each in IMPORTS
        if each.importer.startswith("coord.store")
        and each.module.split(".")[0] in ("coord", "config")
        and not each.module.startswith("coord.store")
    ]
    assert said(wrong) == []


def test_the_web_uses_only_the_faults_of_the_store() -> None:
    wrong = [
        each
        for each in IMPORTS
        if each.importer.startswith("coord.web")
        and each.module.startswith("coord.store")
        and each.module != "coord.store.faults"
    ]
    assert said(wrong) == []


def test_the_client_imports_nothing_of_the_server_nor_the_server_of_the_client() -> None:
    wrong = []
    for each in IMPORTS:
        from_client, to_client = (
            each.importer.startswith("coord.client"),
            each.module.startswith("coord.client"),
        )
        inside = each.module.startswith(("coord.", "config"))
        if inside and from_client != to_client:
            wrong.append(each)
    assert said(wrong) == []


def test_programs_that_the_client_starts_get_a_standard_input() -> None:
    """A process without a console may have one that is no handle any more, and on Windows none can
    be started beside it whose output goes elsewhere: https://github.com/python/cpython/issues/74015
    """
    wrong = []
    for name, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("subprocess."):
                given = {keyword.arg for keyword in node.keywords}
                redirects = given & {"stdout", "stderr", "capture_output"}
                if name.startswith("coord.client") and redirects and not given & {"stdin", "input"}:
                    wrong.append(f"{name}:{node.lineno}")
    assert wrong == []


def test_no_area_imports_another_and_nobody_imports_an_area() -> None:
    wrong = []
    for each in IMPORTS:
        if each.module.startswith("coord.areas."):
            area = ".".join(each.module.split(".")[:3])
            if each.importer != area and not each.importer.startswith(area + "."):
                wrong.append(each)
    assert said(wrong) == []


FACES = ("coord.store", "coord.web", "coord.live", "coord.area")


@pytest.mark.parametrize("face", FACES)
def test_whoever_is_outside_a_package_imports_it_by_its_face(face: str) -> None:
    wrong = [
        each
        for each in IMPORTS
        if not each.importer.startswith(face)
        and each.module.startswith(face + ".")
        and not MODULES_OF_FACES.get(each.module, False)
        and not each.importer.startswith(("coord.web", "coord.live"))
    ]
    assert said(wrong) == []


def faces() -> dict[str, bool]:
    """Modules that a face offers as such, so that `from coord.store import journal` is an import by
    the face.
    """
    offered: dict[str, bool] = {}
    for face in FACES:
        tree = ast.parse(
            (ROOT / face.replace(".", "/") / "__init__.py").read_text(encoding="utf-8")
        )
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
                names = [ast.literal_eval(element) for element in node.value.elts]
                offered |= {f"{face}.{name}": True for name in names}
    return offered


MODULES_OF_FACES = faces()


def test_no_imports_go_round_in_a_circle() -> None:
    """Imports inside functions count too; those that only a type checker sees do not."""
    graph: dict[str, set[str]] = {name: set() for name in MODULES}
    for each in IMPORTS:
        if each.module in MODULES and each.module != each.importer and not each.for_types_only:
            graph[each.importer].add(each.module)
    assert circle_in(graph) is None


def circle_in(graph: dict[str, set[str]]) -> list[str] | None:
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str] | None:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return None
        for each in sorted(graph[name]):
            found = visit(each, [*path, name])
            if found:
                return found
        done.add(name)
        return None

    return next((found for name in sorted(graph) if (found := visit(name, []))), None)


def test_a_circle_is_found_where_there_is_one() -> None:
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]


def test_few_modules_stand_beside_the_packages() -> None:
    assert (
        len([path for path in (ROOT / "coord").glob("*.py") if path.stem != "__init__"])
        <= MAX_MODULES_BESIDE_PACKAGES
    )


def functions(path: Path) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path.relative_to(ROOT)}:{node.name}", node


def test_functions_stay_short() -> None:
    lengths = {
        name: (node.end_lineno or node.lineno) - node.lineno + 1
        for path in MODULES.values()
        for name, node in functions(path)
    }
    assert {name: lines for name, lines in lengths.items() if lines > MAX_FUNCTION_LINES} == {}


def test_files_stay_short() -> None:
    lengths = {
        name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in MODULES.items()
    }
    assert {name: lines for name, lines in lengths.items() if lines > MAX_FILE_LINES} == {}


def module_names(module: ast.Module) -> Iterator[str]:
    """What a module defines or imports at its top."""
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in getattr(node, "targets", None) or [getattr(node, "target", None)]:
                if isinstance(target, ast.Name):
                    yield target.id


def local_names(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> set[str]:
    """What a function takes or assigns, but for what it says is not its own."""
    shared = {
        name
        for node in ast.walk(function)
        if isinstance(node, ast.Global | ast.Nonlocal)
        for name in node.names
    }
    taken = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
    assigned = {
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return taken | assigned - shared


FIXTURES = "coord.testing"  # pytest hands a fixture to another by its name


def test_no_local_name_hides_one_of_its_module() -> None:
    hidden = set()
    for name, path in MODULES.items():
        module = ast.parse(path.read_text(encoding="utf-8"))
        ours = set(module_names(module))
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                hidden |= {f"{name}:{node.lineno} {our}" for our in local_names(node) & ours}
    assert {each for each in hidden if not each.startswith(FIXTURES)} == set()


def test_what_the_checkers_are_told_to_overlook_has_a_reason() -> None:
    exemption = re.compile(r"# (type: ignore|(ruff: )?noqa)")
    reasoned = re.compile(r"# (type: ignore\[[\w, -]+\]  # \w|(ruff: )?noqa: [A-Z0-9, ]+ \(.+\)$)")
    assert [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in EVERY_FOLDER
        for path in sorted((ROOT / folder).rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if exemption.search(line) and not reasoned.search(line)
    ] == []


def test_client_and_server_frame_others_text_alike() -> None:
    """Neither may import the other, and the client runs on its own: so each has the module."""
    own, handed_out = (
        (ROOT / "coord" / side / "others_text.py").read_text() for side in ("web", "client")
    )
    assert own == handed_out


def test_few_functions_leave_open_what_they_answer() -> None:
    names = [
        name
        for path in MODULES.values()
        for name, node in functions(path)
        if node.returns is not None and ast.unparse(node.returns) == "Any"
    ]
    assert len(names) <= MAX_ANY_ANSWERS, names
