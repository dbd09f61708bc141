"""The app factory: config, extensions, access, areas, error handlers."""

import logging
import os
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pymysql
import sqlalchemy as sa
from flask import Flask, request
from flask_migrate import Migrate

from coord import __version__, plugins, upkeep
from coord.errors import CoordError
from coord.layout import MIGRATIONS, default
from coord.live import activity, waiting
from coord.store import database, deadline, engine, faults
from coord.web import (
    BASE_PATH,
    MAX_BODY_BYTES,
    access,
    answers,
    negotiation,
    openapi,
    paths,
    telemetry,
)

log = logging.getLogger(__name__)


class Service(Flask):
    """Flask without what it asks at each call of each function: whether it is asynchronous.

    None of coord's is.
    """

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def create_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """The service as a WSGI app.

    `settings` go before the environment's. Opens no connection and starts no thread.
    """
    app = Service("coord", root_path=str(Path(__file__).parent), static_folder=None)
    app.config.from_mapping(default.load(os.environ))
    app.config.from_mapping(settings or {})
    app.config["TOKENS"] = default.tokens_of(app.config)
    app.config["MAX_CONTENT_LENGTH"] = (
        MAX_BODY_BYTES + 1
    )  # a chunked body is cut there, and known by it
    app.json = answers.Json(app)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.before_request(_begin_call)
    app.teardown_request(_end_call)
    paths.install(app)
    telemetry.install(app)
    for name, suggestion in default.misspelt(os.environ).items():
        log.warning("%s is not a setting and does nothing. Did you mean %s?", name, suggestion)
    access.install(app)
    negotiation.install(app)
    _database(app)
    _areas(app)
    activity.install(app)
    upkeep.install(app)
    waiting.install(app)
    app.register_error_handler(CoordError, answers.coord_error)
    app.register_error_handler(waiting.ClientHungUp, answers.client_hung_up)
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


def _begin_call() -> None:
    request.environ["coord.owns_deadline"] = deadline.begin()


def _end_call(error: BaseException | None) -> None:
    if request.environ.get("coord.owns_deadline"):
        deadline.end()


def _database(app: Flask) -> None:
    url = engine.normalized(app.config["DATABASE_URL"] or default.default_database_url())
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine.options(url, app.config["DATABASE_POOL"])
    database.init_app(app)
    with app.app_context():
        engine.prepare(database.engine, app.config["DATABASE_FAILOVER"])


def _areas(app: Flask) -> None:
    areas = plugins.find(default.BUILT_IN_AREAS, app.config["AREAS"])
    app.extensions["coord.areas"] = areas
    api = openapi.api_of(app, __version__)
    for each in areas:
        prefix = each.blueprint.url_prefix or ""
        api.register_blueprint(
            each.blueprint, url_prefix=(prefix if each.at_root else BASE_PATH + prefix) or None
        )
        if each.commands is not None:
            app.cli.add_command(each.commands)
    _migrations(app, [each.migrations for each in areas if each.migrations is not None])


def _migrations(app: Flask, further: list[Path]) -> None:
    """Flask-Migrate over coord's history and those of areas that bring their own; `flask db
    upgrade` means all of them.
    """
    migrate = Migrate(
        app, database, directory=str(MIGRATIONS), compare_type=True, render_as_batch=False
    )
    folders = [str(MIGRATIONS / "versions"), *map(str, further)]

    @migrate.configure  # type: ignore[untyped-decorator]
    def configure(config: Any) -> object:
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", "\n".join(folders))
        return config

    for parameter in app.cli.commands["db"].commands["upgrade"].params:  # type: ignore[attr-defined]
        if parameter.name == "revision":
            parameter.default = "heads"
