"""What happens to the processes of coord, on any database."""

import contextlib
import itertools
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

from campaign.phase import Fault
from campaign.worlds import World
from tests.service import Service, until

EVERY_S = 0.7
KILLED_BY_GUNICORN_S = 60.0  # how long a stopped worker may live, and delay an answer


@contextlib.contextmanager
def _nothing(world: World, seconds: float) -> Iterator[str]:
    yield "nothing is broken"


@contextlib.contextmanager
def _delivered_twice(world: World, seconds: float) -> Iterator[str]:
    yield "each write came twice, the second time late"


@contextlib.contextmanager
def regularly(act: Callable[[], None], every_s: float = EVERY_S) -> Iterator[None]:
    """Acts again and again until it is over; raises what went wrong."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def repeat() -> None:
        try:
            while not stop.is_set():
                act()
                stop.wait(every_s)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    if failures:
        raise failures[0]


@contextlib.contextmanager
def _workers_killed(world: World, seconds: float) -> Iterator[str]:
    """kill -9 of one worker after the other, a node at a time."""
    turn = itertools.cycle(world.services)
    counts = {service.port: len(service.workers()) for service in world.services}

    def kill() -> None:
        service = next(turn)
        service.kill_worker()
        until(lambda: len(service.workers()) == counts[service.port], 20, "a new worker")

    kill()
    with regularly(kill):
        yield "kill -9 of a worker, again and again"


@contextlib.contextmanager
def _master_killed(world: World, seconds: float) -> Iterator[str]:
    service = world.services[-1]
    workers = service.workers()
    service.kill_master()
    until(lambda: not any(_is_alive(pid) for pid in workers), 20, "its workers to be gone")
    try:
        yield "its workers ended by themselves"
    finally:
        service.start(port=service.port)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@contextlib.contextmanager
def _worker_stopped(world: World, seconds: float) -> Iterator[str]:
    (worker, *_) = world.services[-1].workers()
    os.kill(worker, signal.SIGSTOP)
    try:
        yield "SIGSTOP of a worker"
    finally:
        os.kill(worker, signal.SIGCONT)


@contextlib.contextmanager
def _reloads(world: World, seconds: float) -> Iterator[str]:
    turn = itertools.cycle(world.services)
    next(turn).reload()
    with regularly(lambda: next(turn).reload()):
        yield "HUP, again and again"


@contextlib.contextmanager
def _a_node_at_a_time(world: World, seconds: float) -> Iterator[str]:
    """As for an upgrade: each node of coord is stopped, and started again."""

    def restart(service: Service) -> None:
        service.stop()
        time.sleep(seconds / 4)
        service.start(port=service.port)

    for service in world.services:
        restart(service)
    count = len(world.services)
    yield f"{count} restart{'s' if count > 1 else ''}"


FAULTS = [
    Fault("nothing", _nothing, hinders=False),
    Fault("every write delivered twice", _delivered_twice, twice=True, hinders=False),
    Fault("workers killed", _workers_killed),
    Fault("master killed", _master_killed),
    Fault("worker stopped", _worker_stopped, within_s=KILLED_BY_GUNICORN_S),
    Fault("reloads", _reloads),
    Fault("a node at a time", _a_node_at_a_time),
]
