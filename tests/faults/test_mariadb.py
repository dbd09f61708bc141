"""MariaDB dies, hangs, hides, fills up or refuses: every call is answered 503 within 5 s, and all
is well again soon after it is back.
"""

import contextlib
import signal
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pymysql
import pytest
from pymysql.connections import Connection
from pymysql.constants import ER
from pymysql.cursors import Cursor

from tests.databases import PASSWORD, USER
from tests.faults import calls
from tests.faults.calls import Call, claim
from tests.faults.conftest import World
from tests.faults.proxy import Proxy
from tests.service import Answer, Service, running, until


@contextlib.contextmanager
def killed(world: World) -> Iterator[None]:
    world.server.kill()
    try:
        yield
    finally:
        world.server.start()


@contextlib.contextmanager
def stopped(world: World) -> Iterator[None]:
    world.server.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        world.server.signal(signal.SIGCONT)


@contextlib.contextmanager
def refusing(world: World) -> Iterator[None]:
    world.proxy.refuse()
    try:
        yield
    finally:
        world.proxy.forward()


@contextlib.contextmanager
def black_hole(world: World) -> Iterator[None]:
    world.proxy.swallow()
    try:
        yield
    finally:
        world.proxy.forward()


@contextlib.contextmanager
def answers_lost(world: World) -> Iterator[None]:
    world.proxy.swallow(questions=False)
    try:
        yield
    finally:
        world.proxy.forward()


@contextlib.contextmanager
def half_closed(world: World) -> Iterator[None]:
    world.proxy.half_close()
    try:
        yield
    finally:
        world.proxy.forward()


@contextlib.contextmanager
def dripping(world: World) -> Iterator[None]:
    """A byte in each half second: no pause is long, and no answer ever complete."""
    world.proxy.drip(0.5)
    try:
        yield
    finally:
        world.proxy.forward()


@contextlib.contextmanager
def slow(world: World, seconds: float, up_to: float | None = None) -> Iterator[None]:
    world.proxy.slow(seconds, up_to)
    try:
        yield
    finally:
        world.proxy.forward()


@contextlib.contextmanager
def firewall(world: World) -> Iterator[None]:
    world.proxy.ignore()
    try:
        yield
    finally:
        world.proxy.forward()


@contextlib.contextmanager
def out_of_connections(world: World) -> Iterator[None]:
    """Somebody else has them all; those of the service were closed, as a restarted node or an
    operator does.
    """
    hogs: list[Connection[Cursor]] = []
    with contextlib.closing(world.server.admin()) as admin, admin.cursor() as cursor:
        cursor.execute("SET GLOBAL max_connections = 10")
        try:
            until(
                lambda: hog(world, hogs) and not cut_off(cursor, hogs),
                20,
                "all connections to be taken",
            )
            yield
        finally:
            cursor.execute("SET GLOBAL max_connections = 151")
            for each in hogs:
                each.close()


def hog(world: World, hogs: "list[Connection[Cursor]]") -> bool:
    """Takes all connections that are left."""
    while True:
        try:
            hogs.append(
                pymysql.connect(
                    host="127.0.0.1",
                    port=world.server.port,
                    user=USER,
                    password=PASSWORD,
                    ssl_disabled=True,
                )
            )
        except pymysql.err.OperationalError as error:
            if error.args[0] != ER.CON_COUNT_ERROR:
                raise
            return True


def thread_of(connection: "Connection[Cursor]") -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT CONNECTION_ID()")
        (number,) = cursor.fetchone() or (0,)
        return int(number)


def cut_off(cursor: Cursor, hogs: "list[Connection[Cursor]]") -> bool:
    """Closes those that the service has.

    Whether it had any: it may be faster than the hog to take what is free.
    """
    cursor.execute("SELECT id FROM information_schema.processlist WHERE user = %s", (USER,))
    others = {connection for (connection,) in cursor.fetchall()} - {
        thread_of(each) for each in hogs
    }
    for connection in others:
        kill(cursor, connection)
    return bool(others)


@contextlib.contextmanager
def read_only(world: World) -> Iterator[None]:
    world.server.run("SET GLOBAL read_only = 1")
    try:
        yield
    finally:
        world.server.run("SET GLOBAL read_only = 0")


@contextlib.contextmanager
def being_backed_up(world: World) -> Iterator[None]:
    """A backup that holds everybody's writes up for longer than a call may take."""
    with contextlib.closing(world.server.admin()) as admin, admin.cursor() as cursor:
        cursor.execute("FLUSH TABLES WITH READ LOCK")
        yield


Fault = Callable[[World], AbstractContextManager[None]]
AWAY: list[Fault] = [
    killed,
    stopped,
    refusing,
    black_hole,
    firewall,
    half_closed,
    dripping,
    out_of_connections,
]


def name_of(fault: Fault) -> str:
    return fault.__name__.replace("_", " ")


@pytest.mark.parametrize("fault", AWAY, ids=name_of)
def test_while_the_database_is_away_each_call_is_answered_503_and_then_the_service_works_again(
    world: World, fault: Fault
) -> None:
    every = [*calls.reads(world.service), *calls.writes(world.service)]
    with fault(world):
        answers = calls.one_by_one(world.service, every)
        calls.assert_all_unavailable(every, answers)
        calls.assert_most_at_once(answers)
        calls.assert_degraded(world.service)
        calls.assert_alive(world.service)
        assert "coord_database_up 0.0" in world.service.call("GET", "/metrics").body.decode()
    calls.assert_back(world.service)


@pytest.mark.parametrize("fault", [stopped, black_hole], ids=name_of)
def test_sixteen_calls_at_once_into_a_black_hole_are_all_answered_in_time(
    world: World, fault: Fault
) -> None:
    every = [*calls.reads(world.service), *calls.writes(world.service)][:16]
    # so that each worker has connections to lose
    calls.all_at_once(world.service, [Call("GET", "/status")] * 16)
    with fault(world):
        alive: list[Answer] = []
        asking = threading.Thread(
            target=lambda: alive.extend(world.service.call("GET", "/livez") for _ in range(20))
        )
        asking.start()
        answers = calls.all_at_once(world.service, every)
        asking.join()
    calls.assert_all_unavailable(every, answers)
    assert all(answer.status == 200 and answer.seconds < 1 for answer in alive)
    calls.assert_back(world.service)


@pytest.mark.parametrize("fault", [read_only, being_backed_up], ids=name_of)
def test_while_the_database_takes_no_writes_those_are_answered_503_and_reads_work(
    world: World, fault: Fault
) -> None:
    reads, writes = calls.reads(world.service), calls.writes(world.service)
    with fault(world):
        calls.assert_all_unavailable(writes, calls.all_at_once(world.service, writes))
        assert [answer.status for answer in calls.one_by_one(world.service, reads)] == [200] * len(
            reads
        )
        calls.assert_alive(world.service)
    calls.assert_back(world.service)


def assert_in_time(every: list[Call], answers: list[Answer]) -> None:
    for call, answer in zip(every, answers, strict=True):
        if answer.status >= 500:
            calls.assert_unavailable(answer, call)
        assert answer.seconds < calls.ANSWER_WITHIN_S, f"{call}: {answer}"


def that_wait_a_little(service: Service) -> list[Call]:
    """For a lock, for a journal that is to catch up, and for one another."""
    resource = f"busy {uuid.uuid4()}"
    calls.made(service, claim(resource))
    ahead = int(service.call("GET", "/events").json["next_cursor"]) + 1_000_000
    return [
        *[claim(resource, f"host/waits {number}", wait=0.1) for number in range(3)],
        Call("GET", f"/events?after={ahead}"),
        *[Call("GET", "/board?max_age=1")] * 6,
    ]


SLOW = [(0.3, None), (0.7, None), (1.3, None), (1.9, None), (0.3, 1.9)]


@pytest.mark.parametrize(
    ("seconds", "up_to"), SLOW, ids=["0.3 s", "0.7 s", "1.3 s", "1.9 s", "0.3 to 1.9 s"]
)
def test_a_database_that_is_slow_keeps_nobody_waiting(
    world: World, seconds: float, up_to: float | None
) -> None:
    """First with connections that stand, then without: connecting is several answers by itself."""
    every = [
        *calls.reads(world.service),
        *calls.writes(world.service),
        *that_wait_a_little(world.service),
    ]
    with slow(world, seconds, up_to):
        assert_in_time(every, calls.all_at_once(world.service, every))
        world.proxy.cut_all()
        assert_in_time(every, calls.all_at_once(world.service, every))
        assert world.service.call("GET", "/health").seconds < calls.ANSWER_WITHIN_S
        assert world.service.call("GET", "/metrics").seconds < calls.ANSWER_WITHIN_S
    calls.assert_back(world.service)


@pytest.mark.parametrize("seconds", [0.25, 0.4], ids=["0.25 s", "0.4 s"])
def test_a_call_that_does_much_in_a_slow_database_is_done_in_portions(
    world: World, seconds: float
) -> None:
    """503 in time, what was done stays done, and repeating the call does the rest."""
    session = f"host/{uuid.uuid4()}"
    for at in range(0, 600, 100):
        batch = [f"{session} {number}" for number in range(at, at + 100)]
        calls.made(
            world.service,
            Call(
                "POST", "/locks", {"project_key": "many", "session_id": session, "resources": batch}
            ),
        )
    end = Call("DELETE", f"/sessions?session_id={session}")
    left = f"/locks?project_key=many&session_id={session}&limit=500"
    with slow(world, seconds):
        first = world.service.call(end.method, end.path)
        calls.assert_unavailable(first, end)
        until(lambda: ended(world, end), 60, "the session to have ended")
    assert world.service.call("GET", left).json["items"] == []
    calls.assert_back(world.service)


def ended(world: World, end: Call) -> bool:
    answer = world.service.call(end.method, end.path)
    assert_in_time([end], [answer])
    return answer.status == 200


def test_two_nodes_that_hang_before_the_one_that_works_cost_no_call_its_answer(
    world: World, tmp_path: Path
) -> None:
    with Proxy(world.server.port) as one, Proxy(world.server.port) as two:
        one.swallow()
        two.ignore()
        further = f"127.0.0.1:{two.port} 127.0.0.1:{world.server.port}"
        url = world.server.url("faults", one.port)
        with running(tmp_path, url, migrated=False, DATABASE_FAILOVER=further) as service:
            every = [Call("GET", "/status")] * 8
            answers = [*calls.one_by_one(service, every[:2]), *calls.all_at_once(service, every)]
            assert_in_time(every, answers[2:])
            assert answers[0].status == 200
            assert answers[0].seconds < calls.ANSWER_WITHIN_S
            until(
                lambda: calls.works(service),
                calls.BACK_WITHIN_S,
                "the service to work on the third node",
            )


def test_the_nodes_of_a_list_are_tried_in_its_order(world: World, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        first, second, third = [stack.enter_context(Proxy(world.server.port)) for _ in range(3)]
        further = f"127.0.0.1:{second.port} 127.0.0.1:{third.port}"
        url = world.server.url("faults", first.port)
        with running(tmp_path, url, migrated=False, DATABASE_FAILOVER=further) as service:
            assert calls.works(service)
            assert (first.lines > 0, second.lines, third.lines) == (True, 0, 0)
            first.refuse()
            until(lambda: calls.works(service), calls.BACK_WITHIN_S, "the second node to be used")
            assert (second.lines > 0, third.lines) == (True, 0)


def test_a_service_that_starts_while_the_database_is_away_works_once_it_is_there(
    world: World, tmp_path: Path
) -> None:
    with Proxy(world.server.port) as proxy:
        proxy.refuse()
        with running(tmp_path, world.server.url("faults", proxy.port), migrated=False) as service:
            calls.assert_unavailable(service.call("GET", "/status"), "GET /status")
            proxy.swallow()
            proxy.forward()
            calls.assert_back(service)


def test_a_table_that_is_full_is_a_503_until_there_is_room(world: World) -> None:
    """The error of a full disk, brought about by a table that may not grow."""
    every = [claim(f"{uuid.uuid4()}", description="x" * 20000) for _ in range(10)]
    world.server.run(
        "DELETE FROM faults.journal",
        # whose indexes are not as wide as InnoDB's
        "ALTER TABLE faults.journal DROP INDEX ix_journal_subject,"
        " ENGINE = MyISAM, MAX_ROWS = 1, AVG_ROW_LENGTH = 1",
    )
    try:
        answers = calls.one_by_one(world.service, every)
        fitted = sum(answer.status == 201 for answer in answers)
        assert fitted < 5
        calls.assert_all_unavailable(every[fitted:], answers[fitted:])
        assert world.service.call("GET", "/status").status == 200
    finally:
        world.server.run(
            "ALTER TABLE faults.journal ENGINE = InnoDB,"
            " ADD INDEX ix_journal_subject (subject_id, revision)"
        )
    calls.assert_back(world.service)


def test_a_server_that_cannot_make_temporary_files_is_a_503_until_it_can(world: World) -> None:
    """What does not fit into memory goes there, and here that is everything."""
    until_new = f"KILL USER {USER}"  # settings for all are told to those who connect
    world.server.run("SET GLOBAL tmp_memory_table_size = 0", until_new)
    every = [*calls.reads(world.service), *calls.writes(world.service)]
    away = world.server.temporary.rename(world.server.temporary.with_name("away"))
    try:
        answers = calls.one_by_one(world.service, every)
        assert 503 in {answer.status for answer in answers}
        assert_in_time(every, answers)
    finally:
        away.rename(world.server.temporary)
        world.server.run("SET GLOBAL tmp_memory_table_size = DEFAULT", until_new)
    calls.assert_back(world.service)


def test_sixty_writers_behind_a_held_row_leave_connections_to_read_with(world: World) -> None:
    reads = calls.reads(world.service)
    writers = [claim(f"behind {uuid.uuid4()}", f"host/{number}") for number in range(60)]
    with (
        ThreadPoolExecutor(1) as pool,
        contextlib.closing(world.server.admin("faults")) as admin,
        admin.cursor() as cursor,
    ):
        cursor.execute("BEGIN")
        cursor.execute("SELECT revision FROM journal_head WHERE id = 1 FOR UPDATE")
        writing = pool.submit(calls.all_at_once, world.service, writers)
        until(lambda: connections(world) >= 20, 10, "most writers to have a connection")
        answers = calls.one_by_one(world.service, reads)
        assert [answer.status for answer in answers] == [200] * len(reads)
        calls.assert_all_unavailable(writers, writing.result())
    calls.assert_back(world.service)


def test_a_database_that_lets_only_read_for_another_reason_is_degraded(world: World) -> None:
    kill_all = f"KILL USER {USER}"  # it is told to those who connect
    world.server.run("SET GLOBAL tx_read_only = 1", kill_all)
    try:
        calls.assert_degraded(world.service)
        write = claim("r")
        calls.assert_unavailable(world.service.call("POST", write.path, write.body), write)
    finally:
        world.server.run("SET GLOBAL tx_read_only = 0", kill_all)
    calls.assert_back(world.service)


def test_a_read_only_database_is_degraded(world: World) -> None:
    with read_only(world):
        calls.assert_degraded(world.service)
        health = world.service.call("GET", "/health").json
        assert health["reason"] == "the database is read-only"
    calls.assert_back(world.service)


def test_a_server_that_restarts_in_the_middle_of_queries(world: World) -> None:
    every = [
        *calls.reads(world.service)[:2],
        claim("restarted"),
        Call("PUT", "/components/faults/api", {"state": "x", "updated_by": "host/a"}),
    ]
    answers: list[Answer] = []
    asking = threading.Thread(
        target=lambda: answers.extend(calls.all_at_once(world.service, every))
    )
    with contextlib.closing(world.server.admin("faults")) as admin, admin.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'faults'"
        )
        cursor.execute(
            "LOCK TABLES " + ", ".join(f"`{table}` WRITE" for (table,) in cursor.fetchall())
        )
        asking.start()
        # more, when what comes due without a call waits there too; one less, when the two changes
        # come to one worker
        until(lambda: waiting(world) >= len(every) - 1, 5, "all calls to wait in the database")
        world.server.kill()
    world.server.start()
    asking.join()
    calls.assert_all_unavailable(every, answers)
    calls.assert_back(world.service)


def waiting(world: World) -> int:
    """How many of the service's connections are in the middle of a query."""
    return _connections(world, "command = 'Query'")


def connections(world: World) -> int:
    """How many the service has."""
    return _connections(world, "TRUE")


def _connections(world: World, condition: str) -> int:
    with contextlib.closing(world.server.admin()) as admin, admin.cursor() as cursor:
        cursor.execute(
            f"SELECT COUNT(*) FROM information_schema.processlist WHERE user = %s AND {condition}",
            (USER,),
        )
        (count,) = cursor.fetchone() or (0,)
        return int(count)


def kill(cursor: Cursor, connection: int) -> None:
    """Ends a connection, unless the service has closed it by itself in the meantime."""
    try:
        cursor.execute(f"KILL {connection}")
    except pymysql.err.OperationalError as error:
        if error.args[0] != ER.NO_SUCH_THREAD:
            raise


def test_connections_that_the_server_closed_while_they_were_idle_are_replaced_unseen(
    world: World,
) -> None:
    every = [*calls.reads(world.service), *calls.writes(world.service)]
    calls.all_at_once(world.service, [Call("GET", "/status")] * 16)
    with contextlib.closing(world.server.admin()) as admin, admin.cursor() as cursor:
        cursor.execute("SELECT id FROM information_schema.processlist WHERE user = %s", (USER,))
        for (connection,) in cursor.fetchall():
            kill(cursor, connection)
    answers = calls.one_by_one(world.service, every)
    assert [str(answer) for answer in answers if answer.status >= 400] == []


def test_a_claim_whose_answer_was_lost_may_be_sent_again(world: World) -> None:
    lost = claim(f"lost {uuid.uuid4()}", id=str(uuid.uuid4()))
    with answers_lost(world):
        assert lost.body is not None
        calls.assert_unavailable(world.service.call(lost.method, lost.path, lost.body), lost)
    calls.assert_back(world.service)
    again = world.service.call(lost.method, lost.path, lost.body)
    assert again.status in (200, 201)
    assert again.json["id"] == lost.body["id"]
    held = world.service.call(
        "GET",
        f"/locks?project_key={calls.PROJECT}&resource={lost.body['resource'].replace(' ', '%20')}",
    ).json["items"]
    assert [lock["id"] for lock in held] == [lost.body["id"]]


def test_a_database_that_is_away_is_named_in_the_log(world: World) -> None:
    with refusing(world):
        world.service.call("GET", "/status", **{"X-Request-Id": "who-is-away"})
    answer = [
        line
        for line in world.service.log()
        if line.get("request_id") == "who-is-away" and line["logger"] == "coord.web.answers"
    ]
    assert [line["level"] for line in answer] == ["WARNING"]
    assert "Can't connect" in answer[0]["reason"] or "Lost connection" in answer[0]["reason"]
    calls.assert_back(world.service)
