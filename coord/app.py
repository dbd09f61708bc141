"""The app factory: config, extensions, access, areas, error handlers."""

import logging
import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

import click
import pymysql
import sqlalchemy as sa
from flask import Flask, Request
from flask import request as current_request
from flask_migrate import Migrate
from werkzeug.routing import MapAdapter

from coord import __version__, plugins, upkeep
from coord.errors import CoordError
from coord.layout import MIGRATIONS, default
from coord.live import ClientHungUp, activity, callers, hang_up, waiting
from coord.plugins import BadArea
from coord.store import database, deadline, engine, faults, journal
from coord.web import (
    BASE_PATH,
    MAX_BODY_BYTES,
    access,
    answers,
    negotiation,
    openapi,
    paths,
    rates,
    telemetry,
)

__all__ = ["BadArea", "BadSetting", "Service", "create_app"]

log = logging.getLogger(__name__)

BadSetting = default.BadSetting


class Service(Flask):
    """Flask without what it works out at each call and coord has no use for."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """None of coord's functions is asynchronous."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """No route of coord's depends on the host, which `access.guard` judges."""
        if request is None:
            return super().create_url_adapter(None)
        environ = request.environ
        path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
        return MapAdapter(
            self.url_map,
            server_name=environ.get("HTTP_HOST") or environ["SERVER_NAME"],
            script_name=environ.get("SCRIPT_NAME") or "/",
            subdomain="",
            url_scheme=environ["wsgi.url_scheme"],
            path_info=path or "/",
            default_method=environ["REQUEST_METHOD"],
            query_args=environ.get("QUERY_STRING"),
        )

    def wsgi_app(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """A call has one deadline, which a call inside it (a tool of MCP) shares."""
        check_there = partial(hang_up.check_there, environ)
        owns_deadline = deadline.begin(callers.seconds_in_line(environ), check_there)
        try:
            return super().wsgi_app(environ, start_response)
        finally:
            if owns_deadline:
                deadline.end()


def create_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """The service as a WSGI app.

    `settings` go before the environment's. Opens no connection and starts no thread. Raises
    BadSetting and BadArea, each with what to do.
    """
    app = Service("coord", root_path=str(Path(__file__).parent), static_folder=None)
    app.config.from_mapping(default.load(os.environ))
    app.config.from_mapping(settings or {})
    app.config["TOKENS"] = default.tokens_of(app.config)
    # a chunked body is cut there, and known by it
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES + 1
    app.json = answers.CompactJson(app)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    paths.install(app)
    telemetry.install(app)
    for name, suggestion in default.misspelt(os.environ).items():
        log.warning("%s is not a setting and does nothing. Did you mean %s?", name, suggestion)
    access.install(app)
    app.before_request(_note_token)
    negotiation.install(app)
    _database(app)
    _areas(app)
    activity.install(app)
    rates.install(app)
    upkeep.install(app)
    waiting.install(app)
    app.register_error_handler(CoordError, answers.coord_error)
    app.register_error_handler(ClientHungUp, answers.client_hung_up)
    for kind in (
        sa.exc.SQLAlchemyError,
        pymysql.err.MySQLError,
        sqlite3.Error,
        faults.GivenUp,
        faults.GuardFailed,
    ):
        app.register_error_handler(kind, answers.database_error)
    app.register_error_handler(Exception, answers.unexpected_error)
    return app


def _note_token() -> None:
    """After access has judged it."""
    journal.made_with.set(current_request.environ.get("coord.token_name"))


def _database(app: Flask) -> None:
    configured = app.config["DATABASE_URL"] or default.default_database_url()
    url = engine.normalized(configured)
    if (url.database or "") not in configured:
        log.warning(
            "COORD_DATABASE_URL has a relative path: the database is the file %s. Four slashes make"
            " it absolute: sqlite:////path/coord.db",
            url.database,
        )
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine.options(url, app.config["DATABASE_POOL"])
    database.init_app(app)
    with app.app_context():
        engine.prepare(database.engine, app.config["DATABASE_FAILOVER"])


def _areas(app: Flask) -> None:
    areas = plugins.find(default.BUILT_IN_AREAS, app.config["AREAS"])
    app.extensions["coord.areas"] = areas
    api = openapi.api_of(app, __version__)
    for area in areas:
        prefix = area.blueprint.url_prefix or ""
        api.register_blueprint(
            area.blueprint, url_prefix=(prefix if area.at_root else BASE_PATH + prefix) or None
        )
        if area.commands is not None:
            app.cli.add_command(area.commands)
    _migrations(app, [area.migrations for area in areas if area.migrations is not None])


def _migrations(app: Flask, further: list[Path]) -> None:
    """Flask-Migrate over coord's history and those of areas that bring their own; `flask db
    upgrade` means all of them.
    """
    migrate = Migrate(
        app, database, directory=str(MIGRATIONS), compare_type=True, render_as_batch=False
    )
    folders = [str(MIGRATIONS / "versions"), *map(str, further)]

    def configure(config: Any) -> object:
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", "\n".join(folders))
        return config

    migrate.configure(configure)
    migrations = cast(click.Group, app.cli.commands["db"])
    for parameter in migrations.commands["upgrade"].params:
        if parameter.name == "revision":
            parameter.default = "heads"
