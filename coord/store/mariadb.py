"""How a MariaDB server is reached: its nodes in order, sockets that look at the deadline, and what
a connection is told first.
"""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, cast

import pymysql
from pymysql.connections import Connection
from pymysql.constants import CR
from sqlalchemy.engine import URL

from coord.store import addresses, deadline, faults

CONNECT_TIMEOUT_S = 1.0  # for TCP alone
ANSWER_TIMEOUT_S = 2.0  # from a question that was sent to the last byte of its answer
NODE_TIMEOUT_S = 1.0  # for all steps of connecting to a node while there are others to ask
RESTS_FOR_S = 10.0  # a node that failed is asked after the others for so long
# by how much an answer may overrun: setting a socket's timeout for each part of one costs more than
# it is worth
SLACK_S = 0.25

OWN = (
    "sql_mode='STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',"
    " sql_select_limit=18446744073709551615, sql_big_selects=1, sql_safe_updates=0,"
    " completion_type='NO_CHAIN', group_concat_max_len=1048576, max_sort_length=1024,"
    " unique_checks=1, foreign_key_checks=1, check_constraint_checks=1, wsrep_dirty_reads=0,"
    " sql_quote_show_create=1"
)
"""What an operator may have set otherwise for all users of the server: it would cut lists and texts
short, refuse changes of many rows, leave a transaction open behind each, tell twins apart no
longer, or show what a node knew that has lost its cluster.
"""

# The server gives up before the client does, and never keeps a lock for a client that has gone
# silent. wsrep_retry_autocommit=0: with Galera's default the server repeats a refused autocommit
# statement unseen, and the loser is told that it won. wsrep_sync_wait=1: in a cluster a read first
# waits for what was committed before it on any node (0.05 ms); without one it says nothing.
SESSION = (
    "SET SESSION time_zone='+00:00', innodb_lock_wait_timeout=1, lock_wait_timeout=2,"
    " max_statement_time=1.5, idle_write_transaction_timeout=3, idle_transaction_timeout=10,"
    " wait_timeout=600, innodb_snapshot_isolation=ON, wsrep_retry_autocommit=0, wsrep_sync_wait=1,"
    f" tx_isolation='READ-COMMITTED', {OWN}"
)

READ_ONLY = "(@@global.read_only OR @@global.innodb_read_only OR @@tx_read_only)"
"""Whether the server refuses changes, or the connection does since the server told it to."""


def arguments(url: URL) -> dict[str, Any]:
    """PyMySQL's arguments.

    TLS only when the URL asks for it: its set-up costs 30 ms a connection.
    """
    connect_arguments: dict[str, Any] = {
        "charset": "utf8mb4",
        "read_timeout": ANSWER_TIMEOUT_S,
        "write_timeout": ANSWER_TIMEOUT_S,
    }
    if not any(key.startswith("ssl") for key in url.query):
        connect_arguments["ssl_disabled"] = True
    return connect_arguments


class _Bounded(socket.socket):
    """PyMySQL's timeouts begin anew with each part of an answer, so a peer that drips has no limit.

    These do not. The system keeps them: with a timeout of Python's own each send and recv is two
    system calls, and between them all other threads may have their turn.
    """

    _until = 0.0
    _timeout: float | None = None

    def settimeout(self, value: float | None) -> None:
        self._timeout = value
        self._set_limit(value)

    def gettimeout(self) -> float | None:
        return self._timeout

    def _set_limit(self, seconds: float | None) -> None:
        microseconds = 0 if seconds is None else max(1, round(seconds * 1_000_000))
        limit = struct.pack("ll", *divmod(microseconds, 1_000_000))
        self.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        self.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)

    def connect(self, address: Any) -> None:
        """Not every system keeps its limit here."""
        super().settimeout(self._timeout)
        super().connect(address)
        super().settimeout(None)

    def allow(self, seconds: float) -> None:
        """What is read from now on must be there within so many seconds, and within the time of the
        call.
        """
        allowed = min(seconds, deadline.remaining())
        if allowed <= 0:
            raise TimeoutError("the time for this call is used up")
        self._until = time.monotonic() + allowed
        if self._timeout != allowed:
            self.settimeout(allowed)

    def sendall(self, *data: Any) -> None:
        self.allow(ANSWER_TIMEOUT_S)
        super().sendall(*data)

    def recv_into(self, *buffer: Any) -> int:
        remaining = self._until - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("timed out")
        if self._timeout is None or remaining < self._timeout - SLACK_S:
            self.settimeout(remaining)
        try:
            return super().recv_into(*buffer)
        except BlockingIOError:
            raise TimeoutError("timed out") from None


class _BoundedTls(_Bounded, ssl.SSLSocket):
    """The same over TLS: Python wraps a socket by making another of it, of this class, whose
    timeouts are Python's.
    """

    def _set_limit(self, seconds: float | None) -> None:
        ssl.SSLSocket.settimeout(self, seconds)


class Nodes:
    """The servers that may be connected to, in the order of the settings; one that has just failed
    comes last.
    """

    def __init__(self, further: Sequence[str]) -> None:
        self._further = tuple(map(_host_and_port, further))
        self._failed_at: dict[tuple[str, int], float] = {}
        self._lock = threading.Lock()

    def connect(self, params: dict[str, Any]) -> "Connection[Any]":
        """The first that answers and accepts writes; the first that answers at all when
        none does.
        """
        if not self._further:
            return _connect(params)
        reserve: Connection[Any] | None = None
        last_error: Exception | None = None
        for node, limit in self._in_turn(params):
            try:
                with deadline.at_most(limit):
                    connection, writable = _ask({**params, "host": node[0], "port": node[1]})
            except (pymysql.err.MySQLError, faults.CannotConnect) as error:
                last_error = error
                self._note(node, failed=deadline.remaining() > 0)
                continue
            self._note(node, failed=not writable)
            if writable:
                if reserve is not None:
                    reserve.close()
                return connection
            if reserve is None:
                reserve = connection
            else:
                connection.close()
        if reserve is None:
            raise last_error or RuntimeError("no database node is configured")
        return reserve

    def _in_turn(self, params: dict[str, Any]) -> Iterator[tuple[tuple[str, int], float]]:
        nodes = [(str(params.get("host")), int(params.get("port") or 3306)), *self._further]
        since = time.monotonic() - RESTS_FOR_S
        with self._lock:
            nodes.sort(key=lambda node: self._failed_at.get(node, since) > since)
        for at, node in enumerate(nodes):
            yield node, NODE_TIMEOUT_S if at + 1 < len(nodes) else ANSWER_TIMEOUT_S

    def _note(self, node: tuple[str, int], *, failed: bool) -> None:
        with self._lock:
            if failed:
                self._failed_at[node] = time.monotonic()
            else:
                self._failed_at.pop(node, None)


def _host_and_port(node: str) -> tuple[str, int]:
    """`[::1]:3306` is an address of IPv6."""
    host, _, port = node.partition("]:" if node.startswith("[") else ":")
    return host.strip("[]"), int(port or 3306)


def _connect(params: dict[str, Any]) -> "Connection[Any]":
    deadline.check()
    try:
        return _log_in(params)
    except Exception as error:
        if faults.classify(error) is faults.BUG:
            raise faults.CannotConnect(str(error)) from error
        raise


def _log_in(params: dict[str, Any]) -> "Connection[Any]":
    try:
        connection: Any = pymysql.connect(**params, defer_connect=True)
    except OSError as error:  # a file of TLS that is missing, or is none
        raise pymysql.err.OperationalError(CR.CR_SSL_CONNECTION_ERROR, f"TLS: {error}") from error
    if connection.ssl:
        connection.ctx.sslsocket_class = _BoundedTls
    try:
        sock = _open_socket(params)
    except OSError as error:
        raise pymysql.err.OperationalError(
            CR.CR_CONN_HOST_ERROR, f"Can't connect to {params.get('host')!r} ({error})"
        ) from error
    connection.connect(sock)
    try:
        _execute(connection, SESSION)
    except BaseException:
        connection.close()
        raise
    return cast("Connection[Any]", connection)


def _open_socket(params: dict[str, Any]) -> socket.socket:
    """A connection to the first address of the server that answers."""
    path = params.get("unix_socket")
    places: list[addresses.Address] = [(socket.AF_UNIX, socket.SOCK_STREAM, 0, "", path)]
    if path is None:
        places = addresses.of(str(params.get("host")), int(params.get("port") or 3306))
    for at, (family, kind, protocol, _, address) in enumerate(places):
        opened = _Bounded(family, kind, protocol)
        try:
            opened.allow(CONNECT_TIMEOUT_S)
            opened.connect(address)
            if path is None:
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            opened.allow(ANSWER_TIMEOUT_S)  # for the greeting, which nobody asks for
        except OSError:
            opened.close()
            if at + 1 == len(places):
                raise
        else:
            return opened
    raise OSError("the host has no address")


def _ask(params: dict[str, Any]) -> tuple["Connection[Any]", bool]:
    """A connection, and whether its server takes writes."""
    connection = _connect(params)
    try:
        return connection, _accepts_writes(connection)
    except BaseException:
        connection.close()
        raise


def _accepts_writes(connection: Any) -> bool:
    (read_only,) = _execute(connection, f"SELECT {READ_ONLY}")[0]
    status = dict(
        _execute(
            connection, "SHOW STATUS WHERE Variable_name IN ('wsrep_ready', 'wsrep_cluster_size')"
        )
    )
    in_cluster = int(status.get("wsrep_cluster_size") or 0) > 0
    return not int(read_only) and (not in_cluster or status.get("wsrep_ready") == "ON")


def _execute(connection: Any, statement: str) -> Sequence[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        rows: Sequence[Any] = cursor.fetchall()
        return rows
