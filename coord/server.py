"""`coord-server`: brings the database up to date, then serves. For an installed coord, in one
command and from any folder.

In a checkout `flask db upgrade` and `gunicorn -c config/gunicorn.py wsgi:app` do the same.
"""

import sys
from pathlib import Path

import click
import sqlalchemy as sa
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import upgrade
from gunicorn.app.base import Application

from coord import __version__
from coord.layout import DOCS, GUNICORN
from coord.store import database


class Gunicorn(Application):
    """gunicorn with coord's settings alone: no options, no `gunicorn.conf.py`, no working directory
    on the import path.
    """

    def __init__(self) -> None:
        self._app: Flask | None = None
        super().__init__(prog="coord-server")

    def load_config(self) -> None:
        self.load_config_from_file(f"python:{GUNICORN}")

    def load(self) -> Flask:
        if self._app is None:
            # at import the metrics read their folder's name, which gunicorn's settings set
            from coord.app import BadArea, BadSetting, create_app

            try:
                self._app = create_app()
            except (BadArea, BadSetting) as refused:
                sys.exit(f"coord: {refused}")
        return self._app


@click.command(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f"Settings are COORD_… environment variables, explained in {DOCS / 'operations.md'}.",
)
@click.option(
    "--migrate/--no-migrate",
    default=True,
    help="Bring the database up to date first.  [default: migrate]",
)
@click.option(
    "--serve/--no-serve", default=True, help="Serve until told to stop.  [default: serve]"
)
@click.version_option(__version__, prog_name="coord-server")
def main(migrate: bool, serve: bool) -> None:
    """Serve coord on COORD_BIND (127.0.0.1:8001), with the database of COORD_DATABASE_URL.

    Without COORD_DATABASE_URL that is the SQLite file instance/coord.db in the working directory.
    """
    gunicorn = Gunicorn()
    if migrate:
        click.echo(f"coord-server: {migrated(gunicorn.load())}", err=True)
    if serve:
        gunicorn.run()


def migrated(app: Flask) -> str:
    """Migrates the database, and says what was done in one line.

    Leaves no connection open: the workers are forked later.
    """
    with app.app_context():
        shown = database.engine.url.render_as_string(hide_password=True)
        try:
            before = _revisions()
            upgrade(revision="heads")
            after = _revisions()
        except sa.exc.OperationalError as reason:
            raise click.ClickException(f"{shown} could not be migrated: {reason.orig}") from None
        finally:
            database.engine.dispose()
    if before == after:
        return f"{shown} is up to date ({after})"
    return f"{shown} was migrated from {before or 'empty'} to {after}"


def _revisions() -> str:
    url = database.engine.url
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return ""  # the service opens no file that is not there; the migration makes it
    with database.engine.connect() as connection:
        return ", ".join(sorted(MigrationContext.configure(connection).get_current_heads()))


if __name__ == "__main__":
    main()
