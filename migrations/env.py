"""How migrations run: one at a time, on a connection of their own without the short timeouts of the
service.

Several nodes may run `flask db upgrade` at once: the first migrates, the others wait and find it
done.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import click
import sqlalchemy as sa
from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationStep
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask import current_app
from sqlalchemy.engine import Connection

from coord.store import mariadb, sqlite
from coord.store.migration_progress import Interrupted, Progress, Steps
from coord.store.tables import database

WAIT_S = 300
MAX_SHOWN = 120  # characters of a statement that failed
MOVES = ("upgrade", "downgrade")  # alembic's functions for the commands that change tables


def migration_engine() -> sa.Engine:
    url = database.engine.url
    if url.get_backend_name() == "sqlite":
        if path := sqlite.path_of(url.database or ""):
            sqlite.create(path)
        return sa.create_engine(url, poolclass=sa.NullPool, connect_args={"timeout": WAIT_S})
    arguments = {
        **mariadb.arguments(url),
        "init_command": f"SET SESSION {mariadb.OWN}",
        "read_timeout": WAIT_S + 60,
        "write_timeout": 60,
        "connect_timeout": 10,
    }
    return sa.create_engine(url, poolclass=sa.NullPool, connect_args=arguments)


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """Nobody else migrates this database meanwhile.

    GET_LOCK holds on one node: in a cluster all migrate through the same.
    """
    if connection.dialect.name == "sqlite":
        driver = connection.connection.dbapi_connection
        assert driver is not None
        driver.isolation_level = None  # the driver would commit before each CREATE
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield
        connection.exec_driver_sql("COMMIT")
        return
    name = sa.func.concat("coord.migrate.", sa.func.database())
    if connection.scalar(sa.select(sa.func.get_lock(name, WAIT_S))) != 1:
        raise click.ClickException(
            f"Another migration has been running for {WAIT_S} s. Look at it before you start this"
            " one again."
        )
    yield
    connection.commit()


def tell(line: str) -> None:
    click.echo(f"coord: {line}", err=True)


def configure(connection: Connection) -> None:
    """Twice where tables are changed: alembic's own steps are known after the first time."""
    options = {
        "connection": connection,
        "target_metadata": database.metadata,
        "include_name": lambda name, kind, parents: (
            kind != "table" or name in database.metadata.tables
        ),
        **current_app.extensions["migrate"].configure_args,
    }
    context.configure(**options)
    steps: Steps = context.get_context().opts["fn"]
    move = steps.__name__
    if move not in MOVES:
        return
    if connection.dialect.name != "sqlite":
        steps = Progress(connection, "alembic_version").follow(steps, tell)
    context.configure(**options, fn=announced(steps, move))


def announced(steps: Steps, move: str) -> Steps:
    """The same steps, each printed before it is taken."""

    def announcing(heads: tuple[str, ...], migration: MigrationContext) -> Iterator[MigrationStep]:
        taken = 0
        for step in steps_from(heads, migration, steps, move):
            tell(" ".join(str(step).split()))
            yield step
            taken += 1
        if not taken:
            tell(f"nothing to migrate: the database is at {', '.join(sorted(heads)) or 'nothing'}")

    return announcing


def steps_from(
    heads: tuple[str, ...], migration: MigrationContext, steps: Steps, move: str
) -> Iterable[MigrationStep]:
    """Those from the migrations that this version knows. Of a newer one, whose database an older
    node also serves, and of an area that is no longer installed, it knows nothing."""
    script = migration.script
    assert script is not None
    unknown = [head for head in heads if not is_known(script, head)]
    known = tuple(head for head in heads if head not in unknown)
    shown = ", ".join(sorted(unknown))
    if unknown and move == "downgrade":
        raise click.ClickException(
            f"The database is at {shown}, which is of a newer version of coord, or of an area that"
            " is not installed here. Downgrade where it is known."
        )
    if not unknown or known:
        return steps(known, migration)
    tell(f"the database is newer ({shown}) than this version of coord, which works with it")
    return ()


def is_known(script: ScriptDirectory, revision: str) -> bool:
    try:
        return script.get_revision(revision) is not None
    except CommandError:
        return False


def run() -> None:
    """Raises ClickException, in a sentence."""
    try:
        with migration_engine().connect() as connection, alone(connection):
            configure(connection)
            context.run_migrations()
    except Interrupted as interrupted:
        raise click.ClickException(str(interrupted)) from None
    except sa.exc.DBAPIError as error:
        url = database.engine.url.render_as_string(hide_password=True)
        raise click.ClickException(
            f"{url} could not be migrated: {describe(error)} Once that is mended, the same command"
            " goes on from there."
        ) from None


def describe(error: sa.exc.DBAPIError) -> str:
    """What the database said, and to which statement."""
    message = " ".join(map(str, error.orig.args)) if error.orig else str(error)
    statement = " ".join((error.statement or "").split())
    return f"{message}{f' (at {statement[:MAX_SHOWN]})' if statement else ''}."


if context.is_offline_mode():
    raise RuntimeError(
        "coord's migrations run on a live database; `flask db upgrade --sql` is not supported."
    )
run()
