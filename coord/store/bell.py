"""A bell that reaches all worker processes of this node: rung after each commit, so that whoever
waits for one need not poll fast.

It only ever says "read the journal", and of what there is news, so that nobody reads for what
concerns nobody there. A ring that gets lost costs a moment (see live.waiting.POLL_S), never a
change: whoever waits also reads the journal from time to time, as it must for what other nodes
commit.
"""

import atexit
import contextlib
import logging
import os
import select
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Set as AbstractSet
from pathlib import Path

log = logging.getLogger(__name__)

folder: Path | None = None
"""Where the processes of this node find each other's bells; None: there is no other.

Set before the workers are forked.
"""

LOOK_EVERY_S = 1.0  # whether the bell is still where others look for it
PREFIX = "coord-bells-"
NEXT = "next"  # no bell, but what those lock that wait for their turn (node_turn.py)
RANDOM_LETTERS = 9  # that mkdtemp adds, with the slash
# of the 108 bytes that a UNIX socket's path may have (104 on macOS), without the name in the folder
MAX_FOLDER_PATH = 70


ANYTHING = frozenset({"*"})  # news of whatever kind
MAX_BYTES = 1000  # of one ring; what does not fit is rung as ANYTHING
# read at once: the queue may have been full (it holds 10 where the system's administrator has not
# changed that), and a ring been lost
MANY = 8


def share_folder() -> None:
    """Makes the folder, which this process removes at its end.

    May be repeated. Without one (a full disk) whoever waits polls.
    """
    global folder  # noqa: PLW0603 (one folder a node)
    if folder is not None:
        return
    try:
        if len(tempfile.gettempdir()) > MAX_FOLDER_PATH - len(PREFIX) - RANDOM_LETTERS:
            return  # too long for the path of a socket: whoever waits polls
        made = Path(tempfile.mkdtemp(prefix=PREFIX))
    except OSError as error:
        log.warning("no folder for bells: calls of other workers are seen by polling (%s)", error)
        return
    atexit.register(_remove, made, os.getpid())
    folder = made


def _remove(made: Path, owner: int) -> None:
    if os.getpid() == owner:  # a forked worker ends with its parent's handlers
        shutil.rmtree(made, ignore_errors=True)


_listeners: dict[str, "Listener"] = {}


class Listener:
    """Waits for the bell and for connections that are hung up, in one system call.

    `wait` belongs to one thread.
    """

    def __init__(self) -> None:
        """Raises OSError when the process has no descriptor left."""
        self._poll = select.poll()
        self._wake_end, self._notify_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        for end in (self._wake_end, self._notify_end):
            end.setblocking(False)
        self._poll.register(self._wake_end, select.POLLIN)
        self._socket: socket.socket | None = None
        self._is_mute = False
        self._path = "" if folder is None else str(folder / f"{os.getpid()}-{id(self)}")
        self._hang_up()
        _listeners[self._path or str(id(self))] = self

    def _hang_up(self) -> None:
        """Puts the bell where others find it, again when somebody has tidied it away.

        Where that fails `wait` is a poll by time alone.
        """
        self._looked_at = time.monotonic()
        if not self._path or (self._socket is not None and os.path.exists(self._path)):
            return
        self._take_down()
        bound = None
        try:
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
            if os.stat(os.path.dirname(self._path)).st_uid != os.geteuid():
                return  # somebody else has taken the name
            bound = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            bound.setblocking(False)
            bound.bind(self._path)
            self._poll.register(bound, select.POLLIN)
        except OSError as error:
            if bound is not None:
                bound.close()
            if not self._is_mute:
                log.warning("no bell: commits of other workers are seen by polling (%s)", error)
            self._is_mute = True
        else:
            self._socket, self._is_mute = bound, False

    def _take_down(self) -> None:
        if self._socket is not None:
            self.unwatch(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def notify(self, message: bytes) -> None:
        """From any thread, and from a signal handler."""
        with contextlib.suppress(OSError):  # full: it is ringing already
            self._notify_end.send(message)

    def watch(self, connection: socket.socket) -> int:
        """From now on `wait` reports when the other end hangs up, where the system can tell.

        Returns the descriptor.
        """
        self._poll.register(connection, getattr(select, "POLLRDHUP", 0))
        return connection.fileno()

    def watch_for_reset(self, descriptor: int) -> None:
        """From now on `wait` reports this one when the connection breaks, no longer when the other
        end has only closed its side.
        """
        with contextlib.suppress(OSError):  # no longer watched
            self._poll.modify(descriptor, 0)

    def unwatch(self, descriptor: int) -> None:
        with contextlib.suppress(KeyError):
            self._poll.unregister(descriptor)

    def wait(self, seconds: float) -> tuple[set[int], AbstractSet[str]]:
        """Returns when the bell rings, somebody hangs up, or the time is up: the descriptors that
        were hung up, and of what there is news.
        """
        if time.monotonic() - self._looked_at > LOOK_EVERY_S:
            self._hang_up()
        ready = {descriptor for descriptor, _ in self._poll.poll(max(0, seconds) * 1000)}
        news: AbstractSet[str] = frozenset()
        for end in (self._wake_end, self._socket):
            if end is not None and end.fileno() in ready:
                ready.discard(end.fileno())
                news |= _read(end)
        return ready, news

    def close(self) -> None:
        _listeners.pop(self._path or str(id(self)), None)
        self._take_down()
        self._wake_end.close()
        self._notify_end.close()
        if self._path:
            with contextlib.suppress(OSError):
                os.unlink(self._path)


def _read(end: socket.socket) -> AbstractSet[str]:
    """Of what there is news, by all that was rung."""
    messages: list[bytes] = []
    with contextlib.suppress(BlockingIOError):
        while True:
            messages.append(end.recv(MAX_BYTES))
    if len(messages) >= MANY:
        return ANYTHING
    return frozenset(
        topic for message in messages for topic in message.decode("ascii", "replace").split()
    )


# a folder's time moves on in steps, of 10 ms at most: what comes within one does not show in it
TICK_NS = 100_000_000

_listing: tuple[tuple[str, int], list[str]] | None = None


def _names(where: Path) -> list[str]:
    """The bells in the folder.

    It is read again only when it has changed: four system calls less for each commit.
    """
    global _listing  # noqa: PLW0603 (one list a process)
    state = (str(where), os.stat(where).st_mtime_ns)
    listing = _listing
    if listing is not None and listing[0] == state:
        return listing[1]
    names = [name for name in os.listdir(where) if name != NEXT]
    if abs(time.time_ns() - state[1]) > TICK_NS:
        _listing = (state, names)
    return names


_sender: socket.socket | None = None
_sending = threading.Lock()


def ring(news: AbstractSet[str] = ANYTHING) -> None:
    """Tells every process of this node that there is something new, and of what kinds. Never waits
    and never fails.
    """
    message = " ".join(news).encode()
    if len(message) > MAX_BYTES:
        message = " ".join(ANYTHING).encode()
    for listener in list(_listeners.values()):
        listener.notify(message)
    if folder is not None:
        _ring_others(folder, message)


def _ring_others(where: Path, message: bytes) -> None:
    global _sender  # noqa: PLW0603 (one socket a process)
    try:
        names = _names(where)
    except OSError:
        return
    for name in names:
        path = str(where / name)
        if path in _listeners:
            continue
        with _sending:
            try:
                if _sender is None:
                    _sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                    _sender.setblocking(False)
                _sender.sendto(message, path)
            except ConnectionRefusedError:  # its process was killed
                with contextlib.suppress(OSError):
                    os.unlink(path)
            except OSError:
                # full: it is ringing already; or gone between the listing and now; or no descriptor
                # is left
                continue
