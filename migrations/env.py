"""How migrations run: one at a time, on a connection of their own without the short timeouts of the
service.

Several nodes may run `flask db upgrade` at once: the first migrates, the others wait and find it
done.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import context
from flask import current_app
from sqlalchemy.engine import Connection

from coord.store.mariadb import arguments as mariadb_arguments
from coord.store.tables import database

log = logging.getLogger("coord.migrations")
WAIT_S = 300


def migration_engine() -> sa.Engine:
    url = database.engine.url
    if url.get_backend_name() == "sqlite":
        return sa.create_engine(url, poolclass=sa.NullPool, connect_args={"timeout": WAIT_S})
    arguments = {
        **mariadb_arguments(url),
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
        raise RuntimeError(
            f"Another migration has been running for {WAIT_S} s. Reader at it before you start this"
            " one again."
        )
    try:
        yield
        connection.commit()
    finally:
        connection.scalar(sa.select(sa.func.release_lock(name)))


def run() -> None:
    config = current_app.extensions["migrate"]
    with migration_engine().connect() as connection, alone(connection):
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            include_name=lambda name, kind, parents: (
                kind != "table" or name in database.metadata.tables
            ),
            **config.configure_args,
        )
        context.run_migrations()


if context.is_offline_mode():
    raise RuntimeError(
        "coord's migrations run on a live database; `flask db upgrade --sql` is not supported."
    )
run()
