"""Whether a caller is still there, by the state of its connection."""

import socket
import struct
from collections.abc import Iterator

import pytest

from coord.live import ClientHungUp, hang_up
from coord.live.callers import CallerSocket
from tests.service import until

RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # of SO_LINGER: on, for no time


@pytest.fixture
def connected() -> Iterator[tuple[CallerSocket, socket.socket]]:
    """The service's end of a connection and its caller's."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        caller = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
    with caller, CallerSocket(accepted.detach()) as connection:
        yield connection, caller


def is_there(connection: CallerSocket) -> bool:
    try:
        hang_up.check_there({"gunicorn.socket": connection, "SERVER_PROTOCOL": "HTTP/1.1"})
    except ClientHungUp:
        return False
    return True


def test_who_has_closed_its_connection_is_gone(
    connected: tuple[CallerSocket, socket.socket],
) -> None:
    connection, caller = connected
    assert is_there(connection)
    caller.close()
    until(lambda: not is_there(connection), 30, "gone")


def test_who_has_only_said_all_is_there(connected: tuple[CallerSocket, socket.socket]) -> None:
    connection, caller = connected
    caller.shutdown(socket.SHUT_WR)
    until(lambda: connection.collect() == b"", 30, "the end")
    assert is_there(connection)
    assert is_there(connection)
    assert caller.recv(100) == hang_up.STILL_HERE, "it is asked once"


def test_where_the_system_tells_no_state_everybody_is_there(
    connected: tuple[CallerSocket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, caller = connected
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    caller.close()
    until(lambda: not is_there(connection), 30, "gone")
    monkeypatch.setattr(hang_up, "_TCP_INFO", None)
    assert is_there(connection)
