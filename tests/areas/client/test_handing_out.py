"""What the service hands out under /client, as whoever fetches it sees it.

That it installs: tests/e2e/test_install_sh.py.
"""

import hashlib
import io
import shlex
import subprocess
import zipfile
from typing import Any

import pytest
from flask import Flask

from config.parsing import networks
from coord import __version__
from coord.app import create_app

NOWHERE = "sqlite:////nonexistent/coord.db"  # none of it asks the database
PATHS = ("/client", "/client/coord.pyz", "/client/install.sh", "/client/install.ps1")


def make(**settings: Any) -> Flask:
    return create_app({"DATABASE_URL": NOWHERE, "TESTING": True, **settings})


@pytest.fixture(scope="module")
def app() -> Flask:
    return make()


@pytest.fixture(scope="module")
def behind_a_proxy() -> Flask:
    return make(TRUSTED_PROXIES=networks("127.0.0.1"), ALLOWED_HOSTS=("tools.example",))


def get(app: Flask, path: str, method: str = "GET", **headers: str) -> Any:
    headers.setdefault("Host", "coord-1:8001")
    return app.test_client().open(
        path,
        method=method,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def test_the_client_is_one_file(app: Flask) -> None:
    answer = get(app, "/client/coord.pyz")
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert answer.headers["Content-Disposition"] == "attachment; filename=coord.pyz"
    assert answer.data.startswith(b"#!/usr/bin/env python3\n")
    assert zipfile.ZipFile(io.BytesIO(answer.data)).testzip() is None


def test_what_is_said_of_it_is_so(app: Flask) -> None:
    answer = get(app, "/client").json
    content = get(app, "/client/coord.pyz").data
    assert answer == {
        "version": __version__,
        "api": 1,
        "oldest_api": 1,
        "python": "3.9",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "url": "http://coord-1:8001",
        "pyz": "http://coord-1:8001/client/coord.pyz",
        "install": [
            "curl -fsS http://coord-1:8001/client/install.sh | sh",
            "coord init --url http://coord-1:8001",
        ],
        "install_windows": [
            "irm 'http://coord-1:8001/client/install.ps1' | iex",
            "coord init --url 'http://coord-1:8001'",
        ],
    }


def test_who_has_it_already_is_told_so(app: Flask) -> None:
    first = get(app, "/client/coord.pyz")
    assert first.headers["ETag"] == f'"{get(app, "/client").json["sha256"]}"'
    again = get(app, "/client/coord.pyz", If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    assert get(app, "/client/coord.pyz", If_None_Match='"other"').status_code == 200


@pytest.mark.parametrize("path", PATHS[1:])
def test_a_proxy_asks_each_time_since_script_and_client_belong_together(
    app: Flask, path: str
) -> None:
    assert get(app, path).headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", PATHS)
def test_head_tells_the_size(app: Flask, path: str) -> None:
    answer = get(app, path, method="HEAD")
    assert (answer.status_code, answer.data) == (200, b"")
    assert int(answer.headers["Content-Length"]) == len(get(app, path).data) > 100


@pytest.mark.parametrize("path", PATHS[2:])
def test_a_script_can_be_read_before_it_is_run(app: Flask, path: str) -> None:
    answer = get(app, path)
    assert answer.content_type == "text/plain; charset=utf-8"
    assert "@" not in {line.strip()[:1] for line in answer.text.splitlines()}
    assert get(app, "/client").json["sha256"] in answer.text
    assert answer.text.isascii()  # Windows PowerShell and old terminals guess at the rest


# --- by what name it is called --------------------------------------------------------------------


def url_in(script: str) -> str:
    """The server's address, as a shell reads it there."""
    (line,) = (line for line in script.splitlines() if line.startswith("url="))
    done = subprocess.run(
        ["sh", "-c", f'{line}\nprintf %s "$url"'],
        capture_output=True,
        text=True,
        env={},
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize(
    "host",
    [
        "coord-1:8001",
        "10.1.2.3:8001",
        "localhost",
        "[::1]:8001",
        "[fe80::1]",
        "UPPER:8001",
        "a_b:1",
        "coord-1.:8001",
    ],
)
def test_the_script_knows_the_address_that_it_was_fetched_from(app: Flask, host: str) -> None:
    assert url_in(get(app, "/client/install.sh", Host=host).text) == f"http://{host}"
    assert f"'http://{host}'" in get(app, "/client/install.ps1", Host=host).text
    assert (
        shlex.split(get(app, "/client", Host=host).json["install"][0])[2]
        == f"http://{host}/client/install.sh"
    )


@pytest.mark.parametrize(
    "host",
    [
        "$(id)",
        "`id`",
        "a;id",
        "a b",
        "a'b",
        'a"b',
        "a\tb",
        "a&b",
        "a|b",
        "x:$(id)",
        "x:8001/$(id)",
        "x@y",
        "evil.example",
        "a\\b",
        "{a}",
    ],
)
@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host"])
def test_nothing_but_a_name_gets_into_a_script(
    behind_a_proxy: Flask, header: str, host: str
) -> None:
    for path in PATHS:
        answer = get(behind_a_proxy, path, **{header.replace("-", "_"): host})
        assert answer.status_code == 403
        assert answer.json["error"] == "forbidden"


def test_behind_a_proxy_it_is_the_proxys_address(behind_a_proxy: Flask) -> None:
    through = {
        "X_Forwarded_Host": "tools.example",
        "X_Forwarded_Proto": "https",
        "X_Forwarded_Prefix": "/team/coord",
    }
    assert (
        url_in(get(behind_a_proxy, "/client/install.sh", **through).text)
        == "https://tools.example/team/coord"
    )
    assert (
        get(behind_a_proxy, "/client", **through).json["pyz"]
        == "https://tools.example/team/coord/client/coord.pyz"
    )
    assert (
        get(behind_a_proxy, "/client", X_Forwarded_Prefix="/").json["url"] == "http://coord-1:8001"
    )


@pytest.mark.parametrize("prefix", ["/$(id)", "x", "/a b", "//x", "/a'", "/a/../`id`", "/a\\"])
def test_a_prefix_that_is_none_is_left_out(behind_a_proxy: Flask, prefix: str) -> None:
    assert (
        get(behind_a_proxy, "/client", X_Forwarded_Prefix=prefix).json["url"]
        == "http://coord-1:8001"
    )


def test_a_scheme_that_is_none_is_left_out(behind_a_proxy: Flask) -> None:
    assert (
        get(behind_a_proxy, "/client", X_Forwarded_Proto="javascript").json["url"]
        == "http://coord-1:8001"
    )


def test_who_is_no_proxy_is_not_believed(app: Flask) -> None:
    through = {
        "X_Forwarded_Host": "other",
        "X_Forwarded_Proto": "https",
        "X_Forwarded_Prefix": "/x",
    }
    assert get(app, "/client", **through).json["url"] == "http://coord-1:8001"


def test_mounted_below_a_path_it_says_so(app: Flask) -> None:
    answer = app.test_client().get(
        "/client", environ_overrides={"SCRIPT_NAME": "/coord"}, headers={"Host": "h:1"}
    )
    assert answer.json is not None
    assert answer.json["url"] == "http://h:1/coord"
