"""A private Galera cluster of three MariaDB servers, for tests that write through all of them and
kill some.

with tempfile.TemporaryDirectory() as folder, private_cluster(Path(folder)) as cluster:
    cluster.create_database("coord")
    urls = [cluster.url("coord", node) for node in range(SIZE)]
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pymysql
from pymysql.constants import ER

from tests.databases import MariaDB, mariadb_missing
from tests.service import until

PROVIDER = Path("/usr/lib/galera/libgalera_smm.so")
PROGRAMS = ("rsync", "socat", "lsof", "setsid")
SIZE = 3
# 4 s by what it missed, 5 s by a full copy, 12 s when the others have not yet noticed that it died
JOINS_IN_S = 60

SAME_FOR_ALL = (
    "--wsrep-on=ON",
    f"--wsrep-provider={PROVIDER}",
    "--wsrep-sst-method=rsync",
    "--wsrep-slave-threads=4",
    "--wsrep-node-address=127.0.0.1",
    "--binlog-format=ROW",
    "--innodb-autoinc-lock-mode=2",
)


def galera_missing() -> str | None:
    """What is missing to run a cluster here; None when nothing is."""
    if not PROVIDER.exists():
        return f"{PROVIDER} is not there (Debian: apt-get install galera-4)"
    for program in PROGRAMS:
        if shutil.which(program) is None:
            return f"{program} is not installed"
    return mariadb_missing()


class Node(MariaDB):
    """One server of a cluster. Its ports stay its own while it is down."""

    def __init__(self, folder: Path) -> None:
        self._kept = contextlib.ExitStack()
        super().__init__(folder, port=self._keep_port())
        self.group_port, self._copy_port, self._catch_up_port = (
            self._keep_port() for _ in range(3)
        )

    def _keep_port(self) -> int:
        """A port that the system gives to nobody while it is bound here.

        Who names it and sets SO_REUSEADDR, as servers do, may listen on it.
        """
        keeper = self._kept.enter_context(socket.socket())
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(("127.0.0.1", 0))
        port: int = keeper.getsockname()[1]
        return port

    def belong_to(self, members: str) -> None:
        """Sets the options of a member. `members`: the group addresses of all."""
        provider = {
            "base_port": self.group_port,
            "gmcast.listen_addr": f"tcp://127.0.0.1:{self.group_port}",
            "ist.recv_addr": f"127.0.0.1:{self._catch_up_port}",
            "evs.suspect_timeout": "PT3S",
            "evs.inactive_timeout": "PT6S",
            "gcache.size": "32M",
        }
        self.options = (
            *SAME_FOR_ALL,
            f"--wsrep-cluster-address=gcomm://{members}",
            f"--wsrep-sst-receive-address=127.0.0.1:{self._copy_port}",
            "--wsrep-provider-options="
            + ";".join(f"{name}={value}" for name, value in provider.items()),
        )

    def command(self, *more: str) -> list[str]:
        """In a process group of its own, so that its copying scripts go with it."""
        return ["setsid", *super().command(*more)]

    def found(self) -> None:
        """Starts the cluster, with this node alone."""
        self.install()
        self.start("--wsrep-new-cluster")
        until(self.synced, JOINS_IN_S, "the first node to be ready")

    def join(self) -> None:
        """Starts it as a member: with a full copy, or with what it missed when it was one
        before.
        """
        new = not self.data.exists()
        self._take_copies()
        self.start(*([] if new else [f"--wsrep-start-position={self._position()}"]))

    def found_again(self) -> None:
        """Starts the cluster from this node, after all of it has died: none of them knows then that
        it is the last, so a person must say so.
        """
        state = self.data / "grastate.dat"
        output = state.read_text()
        assert "safe_to_bootstrap: 0" in output
        state.write_text(output.replace("safe_to_bootstrap: 0", "safe_to_bootstrap: 1"))
        self.start("--wsrep-new-cluster", f"--wsrep-start-position={self._position()}")
        until(self.synced, JOINS_IN_S, "the first node to be ready")

    def last_change(self) -> int:
        """The number of the last change that its files have."""
        return int(self._position().rpartition(":")[2])

    def _take_copies(self) -> None:
        """root's rsync daemon writes them as nobody."""
        self.temporary.mkdir(parents=True, exist_ok=True)
        self.data.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            for path in (self.data, *self.data.rglob("*")):
                shutil.chown(path, "nobody")

    def _position(self) -> str:
        """The last transaction that it has, which after a kill -9 only its files know."""
        done = subprocess.run(
            self.command("--wsrep-recover"), capture_output=True, text=True, timeout=JOINS_IN_S
        )
        match = re.search(r"Recovered position: *(\S+)", done.stderr)
        assert match is not None, done.stderr[-2000:]
        return match[1]

    def status(self, name: str) -> str:
        with contextlib.closing(self.admin()) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW STATUS LIKE %s", (name,))
            row = cursor.fetchone()
            return str(row[1]) if row else ""

    def ready(self) -> bool:
        """Whether it answers queries: not while it has lost its cluster."""
        return self.status("wsrep_ready") == "ON"

    def synced(self) -> bool:
        return self.ready() and self.status("wsrep_local_state_comment") == "Synced"

    def sync(self) -> None:
        """Returns when it has all that was committed on any node before."""
        until(self._has_all, JOINS_IN_S, "a node to have what the others have")

    def _has_all(self) -> bool:
        """False when it has not got there after the 15 s that a question waits for it, or has just
        found out that it is out of the cluster.
        """
        try:
            self.run("SET SESSION wsrep_sync_wait = 1", "SELECT COUNT(*) FROM mysql.db")
        except pymysql.err.OperationalError as error:
            if error.args[0] not in (ER.LOCK_WAIT_TIMEOUT, ER.UNKNOWN_COM_ERROR):
                raise
            return False
        return True

    def kill(self) -> None:
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        super().kill()

    def close(self) -> None:
        """kill -9: an orderly stop of a member waits for the others."""
        if self.process is not None:
            self.kill()
        self._kept.close()


class Cluster:
    """Three nodes. Everything done to them here happens to nobody else."""

    def __init__(self, folder: Path) -> None:
        self.nodes = [Node(folder / f"node{number}") for number in range(SIZE)]
        members = ",".join(f"127.0.0.1:{node.group_port}" for node in self.nodes)
        for node in self.nodes:
            node.belong_to(members)

    def start(self) -> None:
        first, *others = self.nodes
        first.found()
        for node in others:
            node.join()
            self.wait()

    def up(self) -> list[Node]:
        return [node for node in self.nodes if node.process is not None]

    def wait(self) -> None:
        """Returns when all that are up are in one cluster and ready.

        One that was stopped believes in the cluster that it last knew until it hears of another, so
        how many they are does not tell: the number of the cluster's state does.
        """
        up = self.up()
        until(lambda: self._are_one(up), JOINS_IN_S, f"{len(up)} nodes to be in sync")

    def _are_one(self, nodes: list[Node]) -> bool:
        states = {node.status("wsrep_cluster_conf_id") for node in nodes}
        return len(states) == 1 and all(
            node.synced() and node.status("wsrep_cluster_size") == str(len(nodes)) for node in nodes
        )

    def sync(self) -> None:
        """Returns when each node that is up has all that was committed on any of them before."""
        for node in self.up():
            node.sync()

    def create_database(self, name: str) -> None:
        """A database on all nodes, and the least that coord's user needs there."""
        self.up()[0].create_database(name)
        self.sync()

    def url(self, database: str, node: int = 0) -> str:
        return self.nodes[node].url(database)

    def kill(self, *nodes: int) -> None:
        """kill -9, of all at once."""
        for node in nodes:
            self.nodes[node].kill()

    def rejoin(self, *nodes: int) -> None:
        """Starts nodes that were killed; returns when all that are up are in sync.

        Two of three must come together: one finds no majority.
        """
        with ThreadPoolExecutor(SIZE) as pool:
            list(pool.map(lambda node: self.nodes[node].join(), nodes))
        self.wait()

    def start_again(self) -> None:
        """Starts it when all nodes have died, as docs/scaling.md says: first the one that is
        furthest.
        """
        first = max(range(SIZE), key=lambda number: self.nodes[number].last_change())
        self.nodes[first].found_again()
        for number in set(range(SIZE)) - {first}:
            self.rejoin(number)

    def stop(self) -> None:
        for node in self.nodes:
            node.close()


@contextlib.contextmanager
def private_cluster(folder: Path) -> Iterator[Cluster]:
    cluster = Cluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
