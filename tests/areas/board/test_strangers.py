"""Areas that are not part of coord, on the board: one that works, and one that does not and takes
nothing else with it.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.areas.board.conftest import Opened, claim
from tests.service import ROOT, Service, environment, running

Open = Callable[..., Opened]

BROKEN = """
from pathlib import Path
from coord.area import Area, BoardPart
from coord.web import Blueprint

area = Area(name="broken", blueprint=Blueprint("broken", __name__, url_prefix="/broken"), board=BoardPart(Path(__file__).parent / "static"))
"""  # noqa: E501 (as it is shown)
BROKEN_MODULE = """
import { addToBoard } from "../board/kit.js";
addToBoard({
  area: "broken",
  panels: [{ name: "broken", title: "Broken", column: 3, component: () => { throw new Error("a bug of its own"); } }],
  troubles: () => { throw new Error("another"); },
});
"""  # noqa: E501 (as it is shown)
NEVER_RUNS = "import { nothingOfTheKind } from '../board/kit.js';"


def package(folder: Path, name: str, module: str) -> None:
    (folder / name / "static").mkdir(parents=True)
    (folder / name / "__init__.py").write_text(BROKEN.replace("broken", name))
    (folder / name / "static" / "board.js").write_text(
        module.replace('area: "broken"', f'area: "{name}"')
    )


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    package(folder, "failing", BROKEN_MODULE)
    package(folder, "unloadable", NEVER_RUNS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "PYTHONPATH", os.pathsep.join([str(ROOT / "examples" / "coord-recipes"), str(folder)])
        )
        settings = {"AREAS": "coord_recipes failing unloadable"}
        url = f"sqlite:///{folder}/coord.db"
        upgrade = [sys.executable, "-m", "flask", "db", "upgrade"]
        subprocess.run(
            upgrade,
            cwd=ROOT,
            env=environment(DATABASE_URL=url, **settings),
            check=True,
            capture_output=True,
        )
        with running(folder / "run", url, migrated=False, **settings) as started:
            yield started


def test_a_strangers_panel_is_live_and_its_events_read_as_it_says(
    service: Service, open_page: Open
) -> None:
    page = open_page().go()
    recipe = {
        "project_key": "shop",
        "session_id": "web-1/agent",
        "title": "Build <b>offline</b>",
        "text": "make wheels",
    }
    service.call("POST", "/recipes", recipe)
    page.get_by_label("Recipes", exact=True).get_by_text("Build <b>offline</b>").wait_for()
    page.get_by_label("Latest changes", exact=True).get_by_text("wrote the recipe").wait_for()


def test_a_broken_one_is_said_and_the_rest_works(service: Service, open_page: Open) -> None:
    claim(service, "src/app.py")
    page = open_page().go()
    page.get_by_role("link", name="app.py").first.wait_for()
    page.get_by_text("“Broken” cannot be drawn: a bug of its own").wait_for()
    troubles = page.locator(".troubles")
    troubles.get_by_text("The panel “failing” failed: another").wait_for()
    troubles.get_by_text("The panel “unloadable” could not be loaded").wait_for()
