"""A test that failed beside others is run once more; what fails again, what is about safety, and
what is more than an accident stays red.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.service import ROOT

ONCE = """
import pathlib
def test_it():
    seen = pathlib.Path(__file__ + ".seen")
    was_there = seen.exists()
    seen.touch()
    assert was_there
"""
ALWAYS = "def test_it():\n    assert False\n"


def look(folder: Path, **files: str) -> subprocess.CompletedProcess[str]:
    """What comes of a file of tests in each of these areas."""
    for area, content in files.items():
        path = folder / "tests" / area / f"test_{area}.py"
        path.parent.mkdir(parents=True)
        path.write_text(content)
    return subprocess.run(
        [
            *(sys.executable, "-m", "tools.second_look"),
            *("--import-mode", "importlib", "--rootdir", str(folder), "tests"),
        ],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_passes_alone_is_named_as_flaky(tmp_path: Path) -> None:
    looked = look(tmp_path, web=ONCE, live="def test_it():\n    pass\n")
    assert looked.returncode == 0, looked.stdout
    assert looked.stdout.endswith("FLAKY tests/web/test_web.py::test_it\n")


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"web": ALWAYS}, id="it fails again"),
        pytest.param({"web": ONCE, "live": ALWAYS}, id="another fails again"),
        pytest.param({"security": ONCE}, id="it is about safety"),
        pytest.param({f"{name}": ONCE for name in "abcd"}, id="many fail"),
        pytest.param({"web": "import nothing_of_this_name\n"}, id="it cannot be read"),
    ],
)
def test_what_may_be_a_fault_stays_red(tmp_path: Path, files: dict[str, str]) -> None:
    looked = look(tmp_path, **files)
    assert looked.returncode != 0
    assert "FLAKY" not in looked.stdout
