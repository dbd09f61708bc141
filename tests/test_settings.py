"""What a setting that cannot be used does: it stops the start with one sentence that names it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.default import SETTINGS, BadSetting, load
from tests.service import ROOT, environment

NONSENSE = {
    "BIND": [
        "garbage",
        "127.0.0.1",
        ":8001",
        "127.0.0.1:",
        "127.0.0.1:http",
        "127.0.0.1:99999",
        "::1:8001",
        "two words:8001",
        "unix:",
        "fd://x",
        "http://127.0.0.1:8001",
    ],
    "DATABASE_URL": [
        "garbage",
        "postgresql://db/coord",
        "mariadb+pymysql://u:p@db:abc/coord",
        "mariadb+pymysql://u:p@db:3306",
        "mariadb+pymysql:///coord",
        "sqlite://",
        "sqlite:///:memory:",
    ],
    "DATABASE_FAILOVER": [
        *("db1:abc", "db1:3306:1", "http://db1", "db1:"),
        *("fd00::2", "[fd00::2", "[fd00::2]x", "[fd00::2]:", "[db1]:3306"),
    ],
    "DATABASE_POOL": ["x", "0", "501", "1.5"],
    "WORKERS": ["x", "0", "-1", "65"],
    "THREADS": ["x", "0", "1e3"],
    "ALLOWED_NETWORKS": ["x", "10.0.0.0/99", "10.0.0.1/8"],
    "ALLOWED_HOSTS": [
        "https://coord.example",
        "coord.example:8001",
        "*.example",
        "coord.example/x",
    ],
    "ALLOWED_ORIGINS": ["coord.example", "https://coord.example/path", "*"],
    "TRUSTED_PROXIES": ["x", "10.0.0.1/8"],
    "TOKEN": [" ", "a\x00b", "a\nb", "a\udcffb"],
    "TOKEN_FILE": ["/nowhere/tokens", "/", " ", "\t", "x" * 5000],
    "DEFAULT_TTL_HOURS": ["x", "-1", "nan", "inf"],
    "STALE_AFTER_HOURS": ["x", "0", "nan"],
    "BROADCAST_DAYS": ["x", "0"],
    "JOURNAL_DAYS": ["x", "-1"],
    "MESSAGE_DAYS": ["x", "-1"],
    "HISTORY_DAYS": ["x", "-1"],
    "SESSION_DAYS": ["x", "-1"],
    "LOCK_DAYS": ["x", "-1"],
    "PEER_CALLS": ["x", "-1"],
    "PEER_CONNECTIONS": ["x", "-1"],
    "PEER_WAITING": ["x", "-1"],
    "PEER_RATE": ["x", "-1", "nan"],
    "SESSION_WAITING": ["x", "-1"],
    "SESSION_RATE": ["x", "-1", "nan"],
    "LOG_LEVEL": ["loud", ""],
}
JUDGED_LATER = {"AREAS", "METRICS_DIR"}  # where they are used: see the starts below


def test_every_setting_is_tried_with_nonsense() -> None:
    assert set(NONSENSE) | JUDGED_LATER == {setting.name for setting in SETTINGS}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param(name, value, id=f"{name}={value!a}")
        for name, values in NONSENSE.items()
        for value in values
    ],
)
def test_nonsense_is_refused_with_the_name_of_its_variable(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=f"^COORD_{name}="):
        load({f"COORD_{name}": value})


def test_of_a_long_value_the_beginning_is_repeated() -> None:
    with pytest.raises(BadSetting, match=r"^COORD_LOG_LEVEL='loud") as refused:
        load({"COORD_LOG_LEVEL": "lou" + "d" * 100_000})
    assert len(str(refused.value)) < 600


def test_a_pipe_in_place_of_the_token_file_holds_no_start_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "tokens")
    with pytest.raises(BadSetting, match=r"^COORD_TOKEN_FILE=.* is not a regular file"):
        load({"COORD_TOKEN_FILE": str(tmp_path / "tokens")})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BIND", "0.0.0.0:8001"),
        ("BIND", "[::1]:8001"),
        ("BIND", "coord_1.example:8001"),
        ("BIND", "unix:/run/coord/coord.sock"),
        ("BIND", "fd://3"),
        ("DATABASE_URL", "mysql://u:p@db/coord"),
        ("DATABASE_URL", "mariadb+pymysql://u:p%40@db1.example:3306/coord?ssl_ca=/ca.pem"),
        ("DATABASE_URL", "mariadb+pymysql://u:p@/coord?unix_socket=/run/mysqld/mysqld.sock"),
        ("DATABASE_URL", "sqlite:////var/lib/coord/coord.db"),
        ("ALLOWED_HOSTS", "coord.example other.example"),
        ("ALLOWED_ORIGINS", "https://tools.example:8443"),
    ],
)
def test_what_is_meant_is_taken(name: str, value: str) -> None:
    assert load({f"COORD_{name}": value})[name]


@pytest.mark.parametrize("url", ["", "sqlite:////var/lib/coord/coord.db"])
def test_further_nodes_go_with_a_first_one_only(url: str) -> None:
    nodes = "db2, db3:3307, [fd00::2], [fd00::3]:3307"
    loaded = load(
        {"COORD_DATABASE_URL": "mariadb+pymysql://db1/coord", "COORD_DATABASE_FAILOVER": nodes}
    )
    assert loaded["DATABASE_FAILOVER"] == ("db2", "db3:3307", "[fd00::2]", "[fd00::3]:3307")
    with pytest.raises(BadSetting, match=r"^COORD_DATABASE_FAILOVER='db2 .* names none"):
        load({"COORD_DATABASE_URL": url, "COORD_DATABASE_FAILOVER": nodes})


@pytest.mark.parametrize("name", ["DATABASE_URL", "TOKEN"])
def test_a_refusal_does_not_repeat_a_secret(name: str) -> None:
    with pytest.raises(BadSetting) as refused:
        load({f"COORD_{name}": "mariadb://u:hunter2@db:abc/\x00"})
    assert "hunter2" not in str(refused.value)


GUNICORN = ("gunicorn", "-c", "config/gunicorn.py", "wsgi:app")
FLASK = ("flask", "db", "current")
SERVER = ("coord.server", "--no-migrate")


@pytest.mark.parametrize(
    ("command", "settings"),
    [
        pytest.param(GUNICORN, {"DATABASE_URL": "garbage"}, id="gunicorn"),
        pytest.param(GUNICORN, {"METRICS_DIR": "/dev/null"}, id="gunicorn, metrics"),
        pytest.param(GUNICORN, {"BIND": "fd://77"}, id="gunicorn, descriptor"),
        pytest.param(GUNICORN, {"AREAS": "no.such.area"}, id="gunicorn, area"),
        pytest.param(FLASK, {"DATABASE_URL": "garbage"}, id="flask"),
        pytest.param(FLASK, {"AREAS": "..."}, id="flask, area"),
        pytest.param(SERVER, {"THREADS": "many"}, id="coord-server"),
        pytest.param(SERVER, {"AREAS": "os"}, id="coord-server, area"),
    ],
)
def test_a_start_is_stopped_by_one_line(
    command: tuple[str, ...], settings: dict[str, str], tmp_path: Path
) -> None:
    default = {"DATABASE_URL": f"sqlite:///{tmp_path}/coord.db"}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=environment(**default | settings),
        capture_output=True,
        text=True,
        timeout=60,
    )
    (name,) = settings
    assert done.returncode == 1
    assert [line[: len(f"coord: COORD_{name}=")] for line in done.stderr.splitlines()] == [
        f"coord: COORD_{name}="
    ]


def test_a_relative_path_of_the_database_is_said_as_what_it_is(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flask", "db", "upgrade"],
        cwd=tmp_path,
        env=environment(DATABASE_URL="sqlite:///coord.db")
        | {"FLASK_APP": str(ROOT / "wsgi.py"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert f"the database is the file {tmp_path / 'coord.db'}" in done.stderr + done.stdout
    assert (tmp_path / "coord.db").exists()
