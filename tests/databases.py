"""Databases for tests: a SQLite file each, and a private MariaDB server on a free port, never one
that is already running.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pymysql

USER = "coord"
PASSWORD = "for-tests-only"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def mariadb_missing() -> str | None:
    """What is missing to run MariaDB here; None when nothing is."""
    for program in ("mariadbd", "mariadb-install-db"):
        if shutil.which(program) is None and not Path("/usr/sbin", program).exists():
            return f"{program} is not installed (Debian: apt-get install mariadb-server)"
    return None


class MariaDB:
    """A private server in a folder of its own.

    Everything done to it here happens to nobody else.
    """

    def __init__(
        self, folder: Path, port: int | None = None, options: tuple[str, ...] = ()
    ) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.options = options
        self.environment: dict[str, str] = {}  # that it is started in, beside this process's own
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def temporary(self) -> Path:
        """Its own: a server that starts deletes what others keep in the common one."""
        return self.folder / "tmp"

    def install(self) -> None:
        self.temporary.mkdir(parents=True, exist_ok=True)
        command = [
            "mariadb-install-db",
            "--no-defaults",
            f"--datadir={self.data}",
            "--auth-root-authentication-method=normal",
        ]
        done = subprocess.run(
            [*command, "--skip-test-db", f"--tmpdir={self.temporary}", *self._as_user()],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(
                f"mariadb-install-db failed: {done.stdout[-2000:]}{done.stderr[-2000:]}"
            )

    def _as_user(self) -> list[str]:
        return ["--user=root"] if os.geteuid() == 0 else []

    def command(self, *more: str) -> list[str]:
        return [
            shutil.which("mariadbd") or "/usr/sbin/mariadbd",
            "--no-defaults",
            f"--datadir={self.data}",
            f"--tmpdir={self.temporary}",
            f"--socket={self.folder / 's.sock'}",
            f"--pid-file={self.folder / 'pid'}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            "--innodb-buffer-pool-size=128M",
            "--skip-name-resolve",
            *self._as_user(),
            *self.options,
            *more,
        ]

    def start(self, *more: str) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(*more), stdout=log, stderr=log, env=os.environ | self.environment
            )
        self.wait()

    def wait(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not self._answers():
            if time.monotonic() > deadline or (self.process and self.process.poll() is not None):
                raise RuntimeError(
                    f"MariaDB did not start: {(self.folder / 'log').read_text()[-2000:]}"
                )
            time.sleep(0.05)

    def _answers(self) -> bool:
        """A node that joins a cluster listens before it does, and hangs up on those who come."""
        if not self._listens():
            return False
        try:
            self.admin().close()
        except pymysql.err.OperationalError:
            return False
        return True

    def _listens(self) -> bool:
        """Asked with a socket of our own: PyMySQL leaves its open when it cannot connect, and
        pytest complains.
        """
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.folder / "s.sock")) == 0

    def admin(self, database: str | None = None) -> "pymysql.Connection[pymysql.cursors.Cursor]":
        return pymysql.connect(
            unix_socket=str(self.folder / "s.sock"),
            user="root",
            database=database,
            autocommit=True,
            connect_timeout=5,
            ssl_disabled=True,
        )

    def run(self, *statements: str) -> None:
        with contextlib.closing(self.admin()) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def create_database(self, name: str) -> str:
        """A database and the least that coord's user needs there; answers its URL."""
        self.run(
            f"CREATE DATABASE `{name}`",
            f"CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{PASSWORD}'",
            "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES ON "
            + f"`{name}`.* TO '{USER}'@'%'",
        )
        return self.url(name)

    def url(self, name: str, port: int | None = None) -> str:
        return f"mariadb+pymysql://{USER}:{PASSWORD}@127.0.0.1:{port or self.port}/{name}"

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def has_ended(self) -> bool:
        """Whether it has ended by itself."""
        return self.process is None or self.process.poll() is not None

    def kill(self) -> None:
        """kill -9, as a crash would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGCONT)
                self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
            self.process = None


@contextlib.contextmanager
def private_mariadb(folder: Path, options: tuple[str, ...] = ()) -> Iterator[MariaDB]:
    server = MariaDB(folder, options=options)
    server.install()
    try:
        server.start()
        yield server
    finally:
        server.stop()
