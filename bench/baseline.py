"""The baseline: a bare Flask view with one statement, durable, under the same gunicorn settings.

Two of its calls stand for a cycle.
"""

import os
import sqlite3
import threading
from typing import Any

import pymysql
from flask import Flask
from sqlalchemy.engine import URL, make_url

from config import default
from coord import upkeep


def create_app() -> Flask:
    """The app, for the database of COORD_DATABASE_URL."""
    app = Flask(__name__)
    app.config.update(default.load(os.environ))  # the worker reads its limits there
    # gunicorn's settings are coord's, and start the upkeep of all areas: here of none
    app.extensions["coord.areas"] = []
    upkeep.install(app)
    url = make_url(os.environ["COORD_DATABASE_URL"])
    local = threading.local()

    @app.post("/baseline/<int:row>")
    def one_statement(row: int) -> Any:
        if not hasattr(local, "cursor"):
            connect = _sqlite if url.get_backend_name() == "sqlite" else _mariadb
            local.cursor = connect(url)
        local.cursor.execute(f"UPDATE baseline SET n = n + 1 WHERE id = {row:d}")
        return {"row": row}

    return app


def _mariadb(url: URL) -> Any:
    connection = pymysql.connect(
        host=url.host,
        port=url.port or 3306,
        user=url.username,
        password=url.password or "",
        database=url.database,
        autocommit=True,
        ssl_disabled=True,
    )
    return connection.cursor()


def _sqlite(url: URL) -> Any:
    connection = sqlite3.connect(url.database or "", isolation_level=None, timeout=10)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection.cursor()
