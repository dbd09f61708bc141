"""A service on each node of a Galera cluster: all are written through at once, and nodes die.
Nobody holds what another holds.

COORD_TEST_ROUNDS says how often there is a race (40 unless set).
"""

import contextlib
import itertools
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from coord.app import create_app
from coord.store import database
from tests.faults import calls
from tests.faults.calls import Call, claim
from tests.faults.test_races import SESSIONS, Racers, all_claim, statuses, winner_of
from tests.galera import SIZE, Cluster
from tests.service import Answer, Caller, Service, migrate, running, until

DATABASE = "coord"
ROUNDS = int(os.environ.get("COORD_TEST_ROUNDS", "40"))
WRITERS = 6
NOTICED_S = 20  # a dead node holds up all commits until the others have given it up: 3 to 9 s


@dataclass
class World:
    """A cluster, and a service at each node: `services[n]` knows `cluster.nodes[n]` only.

    A test that kills a node lets it rejoin.
    """

    cluster: Cluster
    services: list[Service]

    def rows(self, node: int, query: str) -> list[tuple[Any, ...]]:
        """What a node itself has."""
        with (
            contextlib.closing(self.cluster.nodes[node].admin(DATABASE)) as admin,
            admin.cursor() as cursor,
        ):
            cursor.execute(query)
            return list(cursor.fetchall())

    def revisions(self, node: int) -> list[int]:
        return [
            revision
            for (revision,) in self.rows(node, "SELECT revision FROM journal ORDER BY revision")
        ]

    @contextlib.contextmanager
    def without(self, *nodes: int) -> Iterator[None]:
        self.cluster.kill(*nodes)
        try:
            yield
        finally:
            self.cluster.rejoin(*nodes)


@pytest.fixture(scope="module")
def one_world(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with contextlib.ExitStack() as stack:
        cluster.create_database(DATABASE)
        migrate(cluster.url(DATABASE))
        cluster.sync()
        started = [
            running(tmp_path_factory.mktemp("service"), cluster.url(DATABASE, node), migrated=False)
            for node in range(SIZE)
        ]
        yield World(cluster, [stack.enter_context(service) for service in started])


@pytest.fixture
def world(one_world: World) -> World:
    """All is well before each test, also when the one before has failed."""
    for service in one_world.services:
        until(partial(calls.works, service), calls.BACK_WITHIN_S, "each service to work")
    return one_world


class ClusterRacers(Racers):
    """Twelve sessions, four at each service."""

    def __init__(self, services: list[Service], stack: contextlib.ExitStack) -> None:
        self.services = [services[number % SIZE] for number in range(SESSIONS)]
        self._callers = [stack.enter_context(service.caller()) for service in self.services]
        self._pool = stack.enter_context(ThreadPoolExecutor(SESSIONS))

    def release(self, answers: list[Answer]) -> None:
        """Each that was granted something releases it where it got it."""
        for service, answer in zip(self.services, answers, strict=True):
            if answer.status == 201:
                lock = answer.json
                assert (
                    service.call(
                        "DELETE", f"/locks/{lock['id']}?session_id={lock['session_id']}"
                    ).status
                    == 200
                )


@pytest.fixture
def racers(world: World) -> Iterator[ClusterRacers]:
    with contextlib.ExitStack() as stack:
        yield ClusterRacers(world.services, stack)


@dataclass
class Exchange:
    """What a writer asked, where, and what it was told when."""

    service: int
    call: Call
    answer: Answer
    began: float
    ended: float


@dataclass
class Writers:
    """Six that call without a pause, two at each service, until they are stopped."""

    exchanges: list[Exchange] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def write(self, number: int, caller: Caller, next_call: Callable[[int], Call]) -> None:
        while not self._stopped.is_set():
            call, began = next_call(number), time.monotonic()
            answer = caller.call(call.method, call.path, call.body)
            self.exchanges.append(Exchange(number % SIZE, call, answer, began, time.monotonic()))

    def stop(self) -> None:
        self._stopped.set()

    def granted(self, service: int, since: float = 0) -> list[Exchange]:
        return [
            exchange
            for exchange in list(self.exchanges)
            if (exchange.service, exchange.answer.status) == (service, 201)
            and exchange.began >= since
        ]

    def assert_sound(self, *, killed: bool = False) -> None:
        """Each was told in time who has it; where a node was killed, perhaps to come again."""
        for exchange in self.exchanges:
            assert exchange.answer.seconds < calls.ANSWER_WITHIN_S, exchange
            if exchange.answer.status not in (201, 409):
                assert killed, exchange
                calls.assert_unavailable(exchange.answer, exchange.call)


@contextlib.contextmanager
def writing(world: World, next_call: Callable[[int], Call]) -> Iterator[Writers]:
    """Stops them in the end, and raises what went wrong with one of them."""
    writers = Writers()
    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(WRITERS))
        callers = [
            stack.enter_context(world.services[number % SIZE].caller()) for number in range(WRITERS)
        ]
        ends = [
            pool.submit(writers.write, number, caller, next_call)
            for number, caller in enumerate(callers)
        ]
        stack.callback(lambda: [end.result() for end in ends])
        stack.callback(writers.stop)
        yield writers


def each_its_own(number: int) -> Call:
    return claim(f"{uuid.uuid4()}", f"host/{number}")


def overlap(one: str, other: str) -> bool:
    return (
        one == other
        or (one.endswith("/") and other.startswith(one))
        or (other.endswith("/") and one.startswith(other))
    )


def conflicting(names: list[str]) -> list[tuple[str, str]]:
    return [pair for pair in itertools.combinations(names, 2) if overlap(*pair)]


def test_a_migration_through_one_node_reaches_all_and_another_finds_it_done(world: World) -> None:
    for node, service in enumerate(world.services):
        migrate(world.cluster.url(DATABASE, node))
        assert service.call("GET", "/health").json["migrations"] == "current"


def test_the_server_repeats_no_refused_statement_of_the_service(world: World) -> None:
    assert world.rows(0, "SELECT @@global.wsrep_retry_autocommit") == [(1,)]
    app = create_app({"DATABASE_URL": world.cluster.url(DATABASE)})
    with app.app_context(), database.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT @@session.wsrep_retry_autocommit")) == 0
        connection.invalidate()


def test_of_twelve_that_claim_a_resource_through_three_nodes_one_gets_it(
    racers: ClusterRacers,
) -> None:
    tokens = []
    for _ in range(ROUNDS):
        answers = racers.race(all_claim("contested"))
        assert statuses(answers) == {201: 1, 409: 11}
        tokens.append(winner_of(answers).json["fencing_token"])
        racers.release(answers)
    assert tokens == sorted(set(tokens))


def test_of_twelve_that_claim_a_tree_and_what_is_in_it_through_three_nodes_no_two_get_what_overlaps(
    racers: ClusterRacers,
) -> None:
    names = [
        "src/",
        "src/a",
        "src/a",
        "src/b",
        "src/b/",
        "src/b/c",
        "src/",
        "src/b/c",
        "src/d/",
        "src/d/e",
        "src/",
        "src/d/e",
    ]
    shots = [claim(name, f"host/{number}") for number, name in enumerate(names)]
    for turn in range(ROUNDS):
        answers = racers.race(shots[turn % SESSIONS :] + shots[: turn % SESSIONS])
        assert set(statuses(answers)) <= {201, 409}
        assert statuses(answers)[201] >= 1
        assert (
            conflicting([answer.json["resource"] for answer in answers if answer.status == 201])
            == []
        )
        racers.release(answers)


def test_of_twelve_that_claim_the_last_ready_item_through_three_nodes_one_gets_it(
    world: World, racers: ClusterRacers
) -> None:
    first = world.services[0]
    workflow = calls.made(
        first,
        Call("POST", "/workflows", {"project_key": "races", "name": "w", "created_by": "host/a"}),
    )["id"]
    shots = [
        Call("POST", "/work-items/claim", {"session_id": f"host/{number}", "workflow_id": workflow})
        for number in range(SESSIONS)
    ]
    for _ in range(ROUNDS):
        item = calls.made(
            first, Call("POST", "/work-items", {"workflow_id": workflow, "title": "the last"})
        )
        world.cluster.sync()
        answers = racers.race(shots)
        assert statuses(answers) == {200: 1, 204: 11}
        assert winner_of(answers, 200).json["id"] == item["id"]


def test_tokens_and_revisions_only_grow_when_all_nodes_are_written_through(world: World) -> None:
    with writing(world, each_its_own) as writers:
        until(lambda: len(writers.exchanges) >= 10 * ROUNDS, 60, "enough claims")
    writers.assert_sound()
    granted = [exchange for exchange in writers.exchanges if exchange.answer.status == 201]
    tokens = {each.answer.json["fencing_token"]: each for each in granted}
    assert len(tokens) == len(granted)
    latest_began = 0.0
    for _, each in sorted(tokens.items()):
        assert each.ended > latest_began, (
            "a claim that ended before another began has the larger token"
        )
        latest_began = max(latest_began, each.began)
    world.cluster.sync()
    journals = [world.revisions(node) for node in range(SIZE)]
    assert journals[0] == journals[1] == journals[2]
    assert set(tokens) <= set(journals[0])


def test_who_follows_the_journal_on_any_node_misses_nothing(world: World) -> None:
    def follow(node: int) -> int:
        before, looks = world.revisions(node), 0
        while not stopped.is_set():
            now = world.revisions(node)
            assert now[: len(before)] == before, (
                "a revision has appeared below one that was seen before"
            )
            before, looks = now, looks + 1
        return looks

    stopped = threading.Event()
    with ThreadPoolExecutor(SIZE) as pool, writing(world, each_its_own) as writers:
        followers = [pool.submit(follow, node) for node in range(SIZE)]
        try:
            until(lambda: len(writers.exchanges) >= 10 * ROUNDS, 60, "enough claims")
        finally:
            stopped.set()
        assert all(follower.result() > 10 for follower in followers)
    writers.assert_sound()


def test_while_a_node_dies_and_comes_back_no_claim_is_lost_or_granted_twice(world: World) -> None:
    run, turn = uuid.uuid4(), itertools.count()

    def next_call(number: int) -> Call:
        """Three sessions claim each name."""
        session = next(turn)
        return claim(f"{run} {session // 3}", f"host/{session}", ttl_hours=0)

    with writing(world, next_call) as writers:
        until(
            lambda: all(writers.granted(service) for service in range(SIZE)),
            10,
            "claims at all nodes",
        )
        with world.without(2):
            killed = time.monotonic()
            until(
                lambda: writers.granted(0, killed) and writers.granted(1, killed),
                NOTICED_S,
                "claims at the other two",
            )
            until(
                lambda: any(
                    each.service == 2 and each.began > killed for each in list(writers.exchanges)
                ),
                10,
                "a call at the dead one",
            )
        back = time.monotonic()
        until(
            lambda: all(writers.granted(service, back) for service in range(SIZE)),
            calls.BACK_WITHIN_S,
            "claims at all nodes again",
        )
    writers.assert_sound(killed=True)
    granted = {
        exchange.answer.json["id"]: exchange.answer.json["resource"]
        for exchange in writers.exchanges
        if exchange.answer.status == 201
    }
    assert len(set(granted.values())) == len(granted)
    world.cluster.sync()
    for node in range(SIZE):
        held = dict(
            world.rows(
                node,
                "SELECT id, resource FROM locks WHERE released_at IS NULL AND resource LIKE"
                f" '{run} %'",
            )
        )
        assert len(set(held.values())) == len(held)
        assert granted.items() <= {str(key): name for key, name in held.items()}.items()


def test_a_node_that_has_lost_the_majority_is_a_database_that_is_away(world: World) -> None:
    left = world.services[0]
    every = [*calls.reads(left), *calls.writes(left)]
    cut_off = calls.writes(left)
    with world.without(1, 2):
        calls.assert_all_unavailable(cut_off, calls.all_at_once(left, cut_off))
        until(lambda: not world.cluster.nodes[0].ready(), NOTICED_S, "the node to notice")
        for service in world.services:
            calls.assert_all_unavailable(every, calls.one_by_one(service, every))
            calls.assert_degraded(service)
            calls.assert_alive(service)
    for service in world.services:
        calls.assert_back(service)


def test_a_node_whose_majority_is_lost_for_good_goes_on_when_it_is_told_to(world: World) -> None:
    left, held = world.cluster.nodes[0], calls.made(world.services[0], claim(f"{uuid.uuid4()}"))
    with world.without(1, 2):
        until(lambda: not left.ready(), NOTICED_S, "the node to notice")
        left.run("SET GLOBAL wsrep_provider_options = 'pc.bootstrap=1'")
        until(partial(calls.works, world.services[0]), calls.BACK_WITHIN_S, "the service to work")
    for service in world.services:
        until(partial(calls.works, service), calls.BACK_WITHIN_S, "each service to work")
        found = service.call("GET", f"/locks/{held['id']}").json
        assert (found["fencing_token"], found["released_at"]) == (held["fencing_token"], None)


def test_when_all_nodes_have_died_the_one_that_is_furthest_begins_and_nothing_is_lost(
    world: World,
) -> None:
    with writing(world, each_its_own) as writers:
        until(
            lambda: all(writers.granted(service) for service in range(SIZE)),
            10,
            "claims at all nodes",
        )
        world.cluster.kill(*range(SIZE))
    world.cluster.start_again()
    for service in world.services:
        until(partial(calls.works, service), calls.BACK_WITHIN_S, "each service to work")
    granted = {
        exchange.answer.json["id"]
        for exchange in writers.exchanges
        if exchange.answer.status == 201
    }
    for node in range(SIZE):
        assert granted <= {str(lock) for (lock,) in world.rows(node, "SELECT id FROM locks")}


def test_a_service_whose_node_dies_goes_on_with_another_of_its_list(
    world: World, tmp_path: Path
) -> None:
    """Not always with the next: that one may not have been ready either while the cluster settled
    who belongs to it.
    """
    nodes = world.cluster.nodes
    world.cluster.create_database("listed")
    others = f"127.0.0.1:{nodes[2].port} 127.0.0.1:{nodes[0].port}"
    with running(tmp_path, world.cluster.url("listed", 1), DATABASE_FAILOVER=others) as service:
        assert calls.works(service)
        assert used(world, "listed") == {1}
        with world.without(1):
            until(
                partial(calls.works, service),
                NOTICED_S,
                "the service to work without its first node",
            )
        calls.assert_back(service)


def used(world: World, database: str) -> set[int]:
    """The nodes at which a database has connections."""
    query = f"SELECT COUNT(*) FROM information_schema.processlist WHERE db = '{database}'"
    return {
        number
        for number, node in enumerate(world.cluster.nodes)
        if node.process is not None and world.rows(number, query) != [(0,)]
    }


def test_what_was_answered_at_one_node_is_known_at_every_other_at_once(world: World) -> None:
    """A client goes to another service after each answer, as behind a load balancer or after a
    failover; none says that it knows nothing.
    """
    with contextlib.ExitStack() as stack:
        callers = itertools.cycle(
            [stack.enter_context(service.caller()) for service in world.services]
        )

        def call(method: str, path: str, body: Any = None) -> Answer:
            return next(callers).call(method, path, body)

        cursor = 0
        for number in range(ROUNDS):
            lock = call("POST", "/locks", claim(f"known {number}", "host/k").body)
            assert call("DELETE", f"/locks/{lock.json['id']}?session_id=host/k").status == 200
            call("POST", "/locks", claim(f"known {number}", "host/k").body)
            assert call("DELETE", "/locks?session_id=host/k&release_all=true").json["released"] == 1
            workflow = call(
                "POST", "/workflows", {"project_key": "p", "name": "w", "created_by": "host/k"}
            ).json["id"]
            assert (
                call(
                    "POST",
                    "/work-items",
                    {"workflow_id": workflow, "project_key": "p", "title": "t"},
                ).status
                == 201
            )
            message = {
                "from_session": "host/a",
                "to_session": "host/k",
                "subject": "s",
                "body": "b",
            }
            sent = call("POST", "/messages", message).json["id"]
            assert call("PUT", f"/messages/{sent}/read?session_id=host/k").status == 200
            cursor = page(next(callers), cursor)
            assert page(next(callers), cursor) >= cursor


def page(caller: Caller, after: int) -> int:
    """The cursor after the next page of the journal."""
    answer = caller.call("GET", f"/events?limit=500&after={after}")
    assert answer.status == 200, answer
    return int(answer.json["next_cursor"])
