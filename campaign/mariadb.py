"""What is broken in MariaDB, and on the way to it."""

import contextlib
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pymysql
from pymysql.constants import ER

from campaign.phase import Fault
from campaign.processes import regularly
from campaign.shows import slower, slower_or_unavailable, unavailable
from campaign.worlds import World
from tests.databases import PASSWORD, USER, MariaDB
from tests.disks import disks_missing, fill, small_disk
from tests.faults.proxy import Proxy

Inflict = Callable[[World, float], AbstractContextManager[str]]

ROOM = 32 << 20  # bytes: what a server that starts takes besides its files
TIMES_OUT_S = 3.0  # an answer of the database is waited for less long
LATER = "9999"  # a migration that coord does not know
EXPAND = (
    "ALTER TABLE locks ADD COLUMN of_later VARCHAR(20) NULL",
    "ALTER TABLE locks ADD INDEX ix_locks_of_later (of_later)",
    "CREATE TABLE later (id INTEGER PRIMARY KEY)",
)
CONTRACT = ("DROP TABLE later", "ALTER TABLE locks DROP INDEX ix_locks_of_later, DROP of_later")
LOCK_HEAD = "SELECT revision FROM journal_head WHERE id = 1 FOR UPDATE"


def _on_the_way(break_it: Callable[[Proxy], None]) -> Inflict:
    """Something that the proxy does."""

    @contextlib.contextmanager
    def inflict(world: World, seconds: float) -> Iterator[str]:
        break_it(world.proxy)
        try:
            yield ""
        finally:
            world.proxy.forward()

    return inflict


def _again_and_again(
    act: Callable[[World], None], every_s: float, description: str = ""
) -> Inflict:
    @contextlib.contextmanager
    def inflict(world: World, seconds: float) -> Iterator[str]:
        try:
            with regularly(lambda: act(world), every_s):
                yield description
        finally:
            world.proxy.forward()

    return inflict


def _flap(world: World) -> None:
    world.proxy.refuse()
    time.sleep(0.3)
    world.proxy.forward()


@contextlib.contextmanager
def _stopped(world: World, seconds: float) -> Iterator[str]:
    world.server.signal(signal.SIGSTOP)
    try:
        yield ""
    finally:
        world.server.signal(signal.SIGCONT)


@contextlib.contextmanager
def _killed(world: World, seconds: float) -> Iterator[str]:
    world.server.kill()
    try:
        yield ""
    finally:
        world.server.start()


@contextlib.contextmanager
def _restarted(world: World, seconds: float) -> Iterator[str]:
    world.server.stop()
    world.server.start()
    yield ""


@contextlib.contextmanager
def _disk_full(world: World, seconds: float) -> Iterator[str]:
    """The server's data on a disk of its own, on which nothing is left. MariaDB goes on in what is
    left inside of its files; then it refuses changes, or ends itself, and an operator starts it.
    """
    server, aside = world.server, world.folder / "data aside"
    server.stop()
    server.data.rename(aside)
    with small_disk(server.data, str(_size_of(aside) + ROOM)):
        shutil.copytree(aside, server.data, dirs_exist_ok=True)
        server.start()
        filler = fill(server.data)
        try:
            yield f"{shutil.disk_usage(server.data).free} bytes were left"
        finally:
            filler.unlink()
            if server.has_ended():
                server.start()
            world.await_recovery()
            server.stop()
            shutil.rmtree(aside)
            shutil.copytree(server.data, aside)
    server.data.rmdir()
    aside.rename(server.data)
    server.start()


def _size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _global(name: str, broken: str, sound: str) -> Inflict:
    """A setting of the server."""

    @contextlib.contextmanager
    def inflict(world: World, seconds: float) -> Iterator[str]:
        world.server.run(f"SET GLOBAL {name} = {broken}")
        try:
            yield ""
        finally:
            world.server.run(f"SET GLOBAL {name} = {sound}")

    return inflict


def _held(*statements: str, description: str = "") -> Inflict:
    """Statements of one session, which ends with the fault and so lets go of all that they hold."""

    @contextlib.contextmanager
    def inflict(world: World, seconds: float) -> Iterator[str]:
        with _admin(world) as cursor:
            cursor.execute("SET lock_wait_timeout = 20, innodb_lock_wait_timeout = 20")
            for statement in statements:
                cursor.execute(statement)
            yield description

    return inflict


@contextlib.contextmanager
def _admin(world: World) -> Iterator[Any]:
    name = world.services[0].database_url.rpartition("/")[2]
    with contextlib.closing(world.server.admin(name)) as admin, admin.cursor() as cursor:
        yield cursor


def _kill(world: World, target: str) -> None:
    """`target`: CONNECTION, each that coord has, or QUERY, each that is running in one."""
    with _admin(world) as cursor:
        cursor.execute(
            "SELECT id FROM information_schema.processlist WHERE user = %s AND id <>"
            " CONNECTION_ID() AND (%s = 'CONNECTION' OR command = 'Query')",
            (USER, target),
        )
        for (number,) in cursor.fetchall():
            with contextlib.suppress(pymysql.err.OperationalError):  # it has ended by itself
                cursor.execute(f"KILL {target} {number}")


def _killing(target: str, every_s: float) -> Inflict:
    @contextlib.contextmanager
    def inflict(world: World, seconds: float) -> Iterator[str]:
        with regularly(lambda: _kill(world, target), every_s):
            yield f"KILL {target} every {every_s:g} s"

    return inflict


@contextlib.contextmanager
def _out_of_connections(world: World, seconds: float) -> Iterator[str]:
    hogs: list[Any] = []
    server = world.server
    try:
        with _admin(world) as cursor:
            cursor.execute("SET GLOBAL max_connections = 10")
            while not (_take_all(server, hogs) and not _cut_others_off(cursor, hogs)):
                pass
        yield ""
    finally:
        server.run("SET GLOBAL max_connections = 151")
        for hog in hogs:
            hog.close()


def _take_all(server: MariaDB, hogs: list[Any]) -> bool:
    """Takes the connections that are left."""
    while True:
        try:
            hogs.append(
                pymysql.connect(
                    host="127.0.0.1",
                    port=server.port,
                    user=USER,
                    password=PASSWORD,
                    ssl_disabled=True,
                )
            )
        except pymysql.err.OperationalError as error:
            if error.args[0] != ER.CON_COUNT_ERROR:
                raise
            return True


def _cut_others_off(cursor: Any, hogs: list[Any]) -> bool:
    """Whether coord had any that could be cut."""
    cursor.execute("SELECT id FROM information_schema.processlist WHERE user = %s", (USER,))
    others = {number for (number,) in cursor.fetchall()} - {hog.thread_id() for hog in hogs}
    for number in others:
        with contextlib.suppress(pymysql.err.OperationalError):
            cursor.execute(f"KILL {number}")
    return bool(others)


@contextlib.contextmanager
def _altered(world: World, seconds: float) -> Iterator[str]:
    """An operator's ALTER that copies the tables of the locks, again and again."""

    def alter() -> None:
        with _admin(world) as cursor:
            cursor.execute("SET lock_wait_timeout = 5")
            for table in ("locks", "journal", "messages"):
                with contextlib.suppress(pymysql.err.OperationalError):  # it got no turn
                    cursor.execute(f"ALTER TABLE {table} FORCE, ALGORITHM=COPY")

    alter()
    with regularly(alter, 0.3):
        yield "three tables were copied, again and again"


def _backup(world: World) -> None:
    """The stages that mariabackup goes through."""
    with _admin(world) as cursor:
        cursor.execute("SET lock_wait_timeout = 10")
        for stage in ("START", "FLUSH", "BLOCK_DDL", "BLOCK_COMMIT"):
            cursor.execute(f"BACKUP STAGE {stage}")
        time.sleep(0.3)
        cursor.execute("BACKUP STAGE END")


@contextlib.contextmanager
def _rolling_upgrade(world: World, seconds: float) -> Iterator[str]:
    """The tables of a later version come under the running one, which restarts node by node, and
    go again: expand, migrate, contract.
    """
    with _admin(world) as cursor:
        cursor.execute("SELECT version_num FROM alembic_version")
        (now,) = cursor.fetchone()
        cursor.execute("SET lock_wait_timeout = 20")  # for their turn, under load
        for statement in EXPAND:
            cursor.execute(statement)
        cursor.execute("UPDATE alembic_version SET version_num = %s", (LATER,))
        try:
            for service in world.services:
                health = service.call("GET", "/health")
                assert (health.status, health.json["migrations"]) == (200, f"newer ({LATER})")
                service.stop()
                time.sleep(seconds / 4)
                service.start(port=service.port)
            yield "tables of a later version, and each node restarted"
        finally:
            cursor.execute("UPDATE alembic_version SET version_num = %s", (now,))
            for statement in CONTRACT:
                cursor.execute(statement)


FAULTS = [
    Fault("database stopped", _stopped, unavailable, at_least_s=TIMES_OUT_S),
    Fault("database killed", _killed, unavailable),
    Fault("database restarted", _restarted, unavailable),
    Fault("refused", _on_the_way(Proxy.refuse), unavailable),
    Fault("flapping", _again_and_again(_flap, 0.7), unavailable),
    Fault(
        "connections reset",
        _again_and_again(lambda world: world.proxy.cut_all(), 0.2, "all cut every 0.2 s"),
    ),
    Fault("black hole", _on_the_way(Proxy.swallow), unavailable, at_least_s=TIMES_OUT_S),
    Fault("firewall that drops", _on_the_way(Proxy.ignore), unavailable, at_least_s=TIMES_OUT_S),
    Fault("half-closed", _on_the_way(Proxy.half_close), unavailable),
    Fault("cut inside an answer", _on_the_way(lambda proxy: proxy.tear(0.05, 0.5)), unavailable),
    Fault("reply lost after commit", _on_the_way(lambda proxy: proxy.tear(0.05, 0.0)), unavailable),
    Fault(
        "slow, 0.3 s an answer", _on_the_way(lambda proxy: proxy.slow(0.3)), slower_or_unavailable
    ),
    Fault(
        "slow, 1.9 s an answer",
        _on_the_way(lambda proxy: proxy.slow(1.9)),
        slower_or_unavailable,
        at_least_s=TIMES_OUT_S,
    ),
    Fault(
        "jitter, 0.3 to 1.9 s",
        _on_the_way(lambda proxy: proxy.slow(0.3, 1.9)),
        slower_or_unavailable,
        at_least_s=TIMES_OUT_S,
    ),
    Fault(
        "trickle", _on_the_way(lambda proxy: proxy.drip(0.5)), unavailable, at_least_s=TIMES_OUT_S
    ),
    Fault("disk full", _disk_full, unavailable, at_least_s=8.0, missing=disks_missing),
    Fault("read-only", _global("read_only", "1", "0"), unavailable),
    Fault("out of connections", _out_of_connections, unavailable),
    Fault("connections killed", _killing("CONNECTION", 0.2)),
    Fault("queries killed", _killing("QUERY", 0.05)),
    Fault("the head row held", _held("BEGIN", LOCK_HEAD), unavailable),
    Fault("tables held", _held("LOCK TABLES locks WRITE, journal WRITE"), unavailable),
    Fault("FLUSH TABLES WITH READ LOCK", _held("FLUSH TABLES WITH READ LOCK"), unavailable),
    Fault("backup", _again_and_again(_backup, 0.5, "all backup stages, again and again")),
    Fault("ALTER of tables", _altered, slower),
    Fault("rolling upgrade", _rolling_upgrade),
    Fault(
        "an outage longer than every TTL", _on_the_way(Proxy.refuse), unavailable, at_least_s=6.0
    ),
]
