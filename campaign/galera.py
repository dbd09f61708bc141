"""What is broken in a Galera cluster of three nodes, which is written through two of them all the
time.
"""

import contextlib
import shutil
import signal
import time
from collections.abc import Iterator

from campaign import processes
from campaign.phase import Fault
from campaign.processes import regularly
from campaign.shows import slower_or_unavailable, unavailable
from campaign.worlds import World
from tests.galera import Node
from tests.service import until

FIRST, SECOND, LAST = 0, 1, 2  # coord writes through the first two
FEW = 2  # changes that a node has not applied yet, before it asks the others to wait
STANDS_S = 1.5  # less long than the others take it for dead
NOTICED_S = 20.0  # by the others, that a node is gone: 3 to 9 s


def _await_size(node: Node, size: int, seconds: float) -> None:
    until(
        lambda: node.ready() and node.status("wsrep_cluster_size") == str(size),
        seconds,
        f"a cluster of {size}",
    )


@contextlib.contextmanager
def _node_killed(world: World, seconds: float) -> Iterator[str]:
    """The one that half of coord's calls go to."""
    world.cluster.kill(FIRST)
    try:
        yield "kill -9 of a node that was written through"
    finally:
        world.cluster.rejoin(FIRST)


@contextlib.contextmanager
def _majority_lost(world: World, seconds: float) -> Iterator[str]:
    world.cluster.kill(SECOND, LAST)
    try:
        yield ""
    finally:
        world.cluster.rejoin(SECOND, LAST)


@contextlib.contextmanager
def _full_copy(world: World, seconds: float) -> Iterator[str]:
    """A node comes back without its data, and is given a copy by another."""
    node = world.cluster.nodes[LAST]
    world.cluster.kill(LAST)
    # one that comes back as somebody else before it is given up costs the others their majority
    _await_size(world.cluster.nodes[FIRST], 2, NOTICED_S)
    shutil.rmtree(node.data)
    world.cluster.rejoin(LAST)
    yield "a node was given a full copy"


@contextlib.contextmanager
def _node_stopped(world: World, seconds: float) -> Iterator[str]:
    """SIGSTOP, for longer than the others wait for it."""
    node = world.cluster.nodes[FIRST]
    node.signal(signal.SIGSTOP)
    try:
        yield ""
    finally:
        node.signal(signal.SIGCONT)
        world.cluster.wait()


def _isolate(node: Node, *, isolated: bool) -> None:
    """Galera's own switch: the node hears nothing of the group, nor the group of it."""
    node.run(f"SET GLOBAL wsrep_provider_options = 'gmcast.isolate={int(isolated)}'")


@contextlib.contextmanager
def _node_isolated(world: World, seconds: float) -> Iterator[str]:
    node, others = world.cluster.nodes[FIRST], world.cluster.nodes[LAST]
    _isolate(node, isolated=True)
    try:
        until(lambda: not node.ready(), NOTICED_S, "the node to notice")
        _await_size(others, 2, NOTICED_S)
        yield "a node was alone, and knew it"
    finally:
        _isolate(node, isolated=False)
        world.cluster.wait()


@contextlib.contextmanager
def _node_isolated_repeatedly(world: World, seconds: float) -> Iterator[str]:
    """For so short a time that the others may or may not give it up."""
    node = world.cluster.nodes[FIRST]

    def isolate() -> None:
        _isolate(node, isolated=True)
        time.sleep(1)
        _isolate(node, isolated=False)

    try:
        with regularly(isolate, 1.0):
            yield "a node was alone for a second, again and again"
    finally:
        _isolate(node, isolated=False)
        world.cluster.wait()


@contextlib.contextmanager
def _desync(world: World, seconds: float) -> Iterator[str]:
    """As for a backup: a node may lag."""
    node = world.cluster.nodes[SECOND]
    node.run("SET GLOBAL wsrep_desync = ON")
    try:
        assert node.status("wsrep_local_state_comment") == "Donor/Desynced"
        yield "a node that was written through was desynced"
    finally:
        node.run("SET GLOBAL wsrep_desync = OFF")


@contextlib.contextmanager
def _flow_control(world: World, seconds: float) -> Iterator[str]:
    """A node that nobody writes through is slow to apply what the others commit, so it makes them
    wait: it runs for a tenth of the time.
    """
    slow, node = world.cluster.nodes[LAST], world.cluster.nodes[FIRST]
    slow.run(f"SET GLOBAL wsrep_provider_options = 'gcs.fc_limit={FEW}; gcs.fc_factor=0.1'")
    asked = _pauses_asked_for(node)

    def run_for_a_moment() -> None:
        slow.signal(signal.SIGSTOP)
        time.sleep(STANDS_S)
        slow.signal(signal.SIGCONT)

    try:
        with regularly(run_for_a_moment, STANDS_S / 10):
            until(lambda: _pauses_asked_for(node) > asked, NOTICED_S, "a node to ask for a pause")
            yield "a slow node made the others pause their commits, again and again"
    finally:
        slow.run("SET GLOBAL wsrep_provider_options = 'gcs.fc_limit=16; gcs.fc_factor=1.0'")


def _pauses_asked_for(node: Node) -> int:
    return int(node.status("wsrep_flow_control_recv"))


FAULTS = [
    *(
        fault
        for fault in processes.FAULTS
        if fault.name in ("nothing", "workers killed", "a node at a time")
    ),
    Fault("node killed", _node_killed),
    Fault("node stopped", _node_stopped, unavailable, at_least_s=8.0),
    Fault("node isolated", _node_isolated),
    Fault("node isolated repeatedly", _node_isolated_repeatedly),
    Fault("majority lost", _majority_lost, unavailable, at_least_s=6.0),
    Fault("full copy", _full_copy),
    Fault("node desynced", _desync),
    Fault("flow control", _flow_control, slower_or_unavailable),
]
