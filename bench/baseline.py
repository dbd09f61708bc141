"""The baseline: a bare Flask view with one statement, durable, under the same gunicorn settings.

Two of its calls stand for a cycle.
"""

import os
import sqlite3
import threading
from typing import Any

import pymysql
from flask import Flask
from sqlalchemy.engine import make_url

from config import default
from coord import upkeep

app = Flask(__name__)
app.config.update(default.load(os.environ))  # the worker reads its limits there
app.extensions[
    "coord.areas"
] = []  # gunicorn's settings are coord's, and start the upkeep of all areas: here of none
upkeep.install(app)
_url = make_url(os.environ["COORD_DATABASE_URL"])
_local = threading.local()


def _mariadb() -> Any:
    connection = pymysql.connect(
        host=_url.host,
        port=_url.port or 3306,
        user=_url.username,
        password=_url.password or "",
        database=_url.database,
        autocommit=True,
        ssl_disabled=True,
    )
    return connection.cursor()


def _sqlite() -> Any:
    connection = sqlite3.connect(_url.database or "", isolation_level=None, timeout=10)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection.cursor()


def _cursor() -> Any:
    if not hasattr(_local, "cursor"):
        _local.cursor = _sqlite() if _url.get_backend_name() == "sqlite" else _mariadb()
    return _local.cursor


@app.post("/baseline/<int:row>")
def one_statement(row: int) -> Any:
    _cursor().execute(f"UPDATE baseline SET n = n + 1 WHERE id = {row:d}")
    return {"row": row}
