"""The page's files: what is served, under which policy, and that the libraries are those that were
recorded.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from coord.area import Area, areas
from tests.conftest import Agent
from tests.service import ROOT
from tests.web.conftest import assert_error, web, web_app
from tools.vendor import differences

__all__ = ["web", "web_app"]

STATIC = ROOT / "coord" / "areas" / "board" / "static"
SCRIPTS = sorted((ROOT / "coord" / "areas").glob("*/static/*.js"))


def policy_of(answer: Any) -> dict[str, str]:
    parts = (
        each.strip().partition(" ") for each in answer.headers["Content-Security-Policy"].split(";")
    )
    return {name: value for name, _, value in parts}


def test_the_policy_allows_nothing_from_elsewhere_and_nothing_unsafe(web: Agent) -> None:
    answer = web.client.get("/")
    policy = policy_of(answer)
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert "unsafe" not in str(policy)
    assert "http" not in str(policy)
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_the_page_has_no_script_or_style_of_its_own_text(web: Agent) -> None:
    page = web.client.get("/").text
    assert re.findall(r"<script[^>]*>([^<]+)</script>", page) == []
    assert "<style" not in page
    assert " style=" not in page


def test_everything_that_the_page_links_is_there(web: Agent) -> None:
    linked = re.findall(r'(?:src|href)="([^"]+)"', web.client.get("/").text)
    assert "page/locks/board.js" in linked
    for address in linked:
        answer = web.client.get(f"/{address}")
        assert answer.status_code == 200, address
        answer.close()


def test_an_area_is_on_the_page_by_its_own_field_alone(web: Agent) -> None:
    with web.client.application.app_context():
        with_part: list[Area] = [area for area in areas() if area.board is not None]
    for path in STATIC.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        for area in with_part:
            assert f"/{area.name}/board.js" not in text
    assert len(with_part) > 4


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/page/board/board.js", "text/javascript"),
        ("/page/board/vendor/preact.js", "text/javascript"),
        ("/page/board/board.css", "text/css"),
        ("/page/board/icon.svg", "image/svg+xml"),
        ("/favicon.ico", "image/svg+xml"),
        ("/page/board/vendor/LICENSE-preact.txt", "text/plain"),
    ],
)
def test_a_file_has_its_type_and_is_asked_for_again(web: Agent, path: str, kind: str) -> None:
    answer = web.client.get(path)
    assert (answer.status_code, answer.mimetype, answer.headers["Cache-Control"]) == (
        200,
        kind,
        "no-cache",
    )
    answer.close()
    again = web.client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    again.close()
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        "/page/board/../routes.py",
        "/page/board/..%2Froutes.py",
        "/page/board/%2e%2e/routes.py",
        "/page/board/%2Fetc%2Fpasswd",
        "/page/board/vendor/versions.json",
        "/page/board/vendor",
        "/page/locks/__init__.py",
        "/page/status/board.js",
        "/page/nobody/board.js",
    ],
)
def test_nothing_else_is_served(web: Agent, path: str) -> None:
    assert_error(web.client.get(path), 404, "not_found")


def test_the_libraries_are_those_that_were_recorded() -> None:
    assert differences() == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: f"{path.parent.parent.name}/{path.name}")
def test_no_script_makes_markup_or_code_of_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert (
        re.findall(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new"
            r" Function|javascript:",
            text,
        )
        == []
    )
    assert re.findall(r"\bstyle=", text) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: f"{path.parent.parent.name}/{path.name}")
def test_an_area_imports_only_the_kit_of_the_page(path: Path) -> None:
    imported = re.findall(r'from "([^"]+)"', path.read_text(encoding="utf-8"))
    if path.parent == STATIC:
        assert all(each.startswith("./") for each in imported)
    else:
        assert all(each == "../board/kit.js" or each.startswith("./") for each in imported)
