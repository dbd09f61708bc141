"""Whether calls stay as fast with years of history stored: each call's median beside that of an
empty database, and the query plans.
"""

import io
import json
import statistics
import time
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from flask import Flask

from bench import service
from coord.app import create_app
from coord.store import database, reader

LOCKS = 1_000_000
MESSAGES = 1_000_000
CHANGES = 100_000
WARM_UP = 25  # rounds: after them the small database's lists fill a page as well
PROJECTS = 100
SESSIONS = 200

BASE = "/api/coord"


def serial(kind: str, count: int) -> str:
    """A table `s` with one column `n`, from 1 to the count."""
    if kind == "mariadb":
        return f"(SELECT seq AS n FROM seq_1_to_{count}) s"
    return (
        f"(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) SELECT"
        " n FROM s) s"
    )


def fill(app: Flask, kind: str, scale: float) -> None:
    """History, of the projects and sessions that the calls are about as well: locks released,
    messages read, changes of components.
    """
    past = "'2026-01-01 00:00:00.000000'"

    def concat(*parts: str) -> str:
        return f"CONCAT({', '.join(parts)})" if kind == "mariadb" else " || ".join(parts)

    hexed = "LPAD(HEX(n), 12, '0')" if kind == "mariadb" else "printf('%012x', n)"
    project, session = concat("'p'", f"n % {PROJECTS}"), concat("'host/'", f"n % {SESSIONS}")
    other = concat("'host/'", f"(n + 1) % {SESSIONS}")
    identity = concat("'00000000-0000-4000-8000-'", hexed)
    micros = "LPAD(n % 1000000, 6, '0')" if kind == "mariadb" else "printf('%06d', n % 1000000)"
    released = concat("'2026-01-01 00:00:00.'", micros)
    locks, messages, changes = (int(count * scale) for count in (LOCKS, MESSAGES, CHANGES))
    name = concat("'src/file'", "n % 5000", "'.py'")
    component = concat("'component'", "n % 200")
    statements = [
        (
            "INSERT INTO locks (revision, id, project_key, resource, resource_key, tree,"
            " session_id, mode, ttl_hours, fencing_token, acquired_at, last_activity_at, stale_at,"
            f" expires_at, released_at, released_by, release_reason, digest) SELECT n, {identity},"
            f" {project}, {name}, {name}, 0, {session}, 'exclusive', 2, n, {past}, {past}, {past},"
            f" {released}, {released}, {session}, 'released', '' FROM {serial(kind, locks)}"
        ),
        (
            "INSERT INTO messages (revision, id, thread_id, project_key, from_session, to_session,"
            " subject, body, size, importance, requires_ack, created_at, read_at, read_count,"
            f" digest) SELECT n, {identity}, {identity}, {project}, {session}, CASE WHEN n % 20 = 0"
            f" THEN NULL ELSE {other} END, 'subject', 'body', 4, 'normal', 0, {released}, CASE WHEN"
            f" n % 20 = 0 THEN NULL ELSE {released} END, 0, '' FROM {serial(kind, messages)}"
        ),
        (
            "INSERT INTO component_history (revision, project_key, component, state, updated_by,"
            f" updated_at, observed_at, superseded) SELECT n, {project}, {component}, 'built',"
            f" {session}, {past}, {past}, 0 FROM {serial(kind, changes)}"
        ),
        (
            "INSERT INTO journal (revision, at, type, project_key, session_id, subject_kind,"
            f" subject_id, data) SELECT n, {past}, 'lock.claimed', {project}, {session}, 'lock',"
            f" {identity}, '{{}}' FROM {serial(kind, locks)}"
        ),
        f"UPDATE journal_head SET revision = {max(locks, messages, changes) + 1}",
    ]
    with app.app_context():
        raw = sa.create_engine(database.engine.url)
        with raw.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(
                    statement.replace("%", "%%") if kind == "mariadb" else statement
                )
        if (
            kind == "mariadb"
        ):  # which gathers statistics by itself, in time; SQLite does not, and must do without
            with raw.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql(
                    "ANALYZE TABLE locks, messages, message_reads, component_history, journal"
                )
        raw.dispose()


class Caller:
    """Calls an app in this process: what differs is only the database."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.memory: dict[str, Any] = {}

    def call(self, method: str, path: str, body: Any = None) -> tuple[float, Any]:
        """The seconds that the call took, and its answer."""
        route, _, query = path.partition("?")
        payload = b"" if body is None else json.dumps(body).encode()
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": BASE + route,
            "RAW_URI": BASE + path,
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "localhost",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": "application/json" if payload else "",
            "CONTENT_LENGTH": str(len(payload)),
            "wsgi.input": io.BytesIO(payload),
            "wsgi.url_scheme": "http",
            "wsgi.errors": io.StringIO(),
        }
        statuses: list[str] = []
        began = time.perf_counter()

        def start_response(status: str, headers: Any, info: Any = None, /) -> Any:
            statuses.append(status)

        answer = b"".join(self.app(environ, start_response))
        took = time.perf_counter() - began
        if statuses[0][0] not in "2" and not statuses[0].startswith("409"):
            raise RuntimeError(f"{method} {path}: {statuses[0]} {answer[:300]!r}")
        return took, json.loads(answer) if answer else None


def calls(caller: Caller, nth: int) -> Iterator[tuple[str, str, str, Any]]:
    """Every kind of call once: name, method, path, body.

    What earlier ones answered is in `caller.memory`.
    """
    memory = caller.memory
    me = "host/7"
    yield (
        "claim",
        "POST",
        "/locks",
        {"project_key": "p7", "session_id": me, "resource": f"src/file{nth}.py"},
    )
    yield (
        "claim of a held one",
        "POST",
        "/locks",
        {"project_key": "p7", "session_id": "host/8", "resource": f"src/file{nth}.py"},
    )
    lock = memory["claim"]["id"]
    yield "renew", "PATCH", f"/locks/{lock}", {"session_id": me}
    yield "lock by id", "GET", f"/locks/{lock}", None
    yield "locks of a project", "GET", "/locks?project_key=p7", None
    yield "locks of a session", "GET", f"/locks?session_id={me}", None
    yield "locks met", "GET", f"/locks?project_key=p7&resource=src/file{nth}.py", None
    yield "locks met by a tree", "GET", "/locks?project_key=p7&resource=src/", None
    yield "lock history", "GET", "/locks?state=all&limit=20", None
    yield "lock history of a project", "GET", "/locks?project_key=p7&state=released&limit=20", None
    yield "release", "DELETE", f"/locks/{lock}?session_id={me}", None
    yield "release all", "DELETE", f"/locks?session_id={me}&release_all=true", None
    yield (
        "component set",
        "PUT",
        "/components/p7/component7",
        {"state": f"s{nth}", "updated_by": me},
    )
    yield "component", "GET", "/components/p7/component7", None
    yield "components", "GET", "/components?project_key=p7", None
    yield "component history", "GET", "/components/p7/component7/history?limit=20", None
    yield (
        "workflow",
        "POST",
        "/workflows",
        {"project_key": "p7", "name": "w", "status": "active", "created_by": me},
    )
    item = {"workflow_id": memory["workflow"]["id"], "project_key": "p7", "title": "t"}
    yield "work item", "POST", "/work-items", item
    yield "work item claim", "POST", "/work-items/claim", {"session_id": me, "project_key": "p7"}
    yield (
        "work item done",
        "PATCH",
        f"/work-items/{memory['work item claim']['id']}",
        {"status": "completed"},
    )
    yield (
        "workflow done",
        "PATCH",
        f"/workflows/{memory['workflow']['id']}",
        {"status": "completed"},
    )
    yield (
        "message",
        "POST",
        "/messages",
        {
            "from_session": "host/8",
            "to_session": me,
            "subject": "s",
            "body": "b",
            "project_key": "p7",
        },
    )
    yield "inbox, unread", "GET", f"/messages?to_session={me}&unread_only=true", None
    yield (
        "inbox, unread, of a project",
        "GET",
        f"/messages?to_session={me}&unread_only=true&project_key=p7",
        None,
    )
    yield "inbox", "GET", f"/messages?to_session={me}&limit=20", None
    yield "thread", "GET", f"/messages?thread_id={memory['message']['id']}", None
    yield "message read", "PUT", f"/messages/{memory['message']['id']}/read?session_id={me}", None
    yield "messages read", "PUT", "/messages/read", {"session_id": me}
    yield "status", "GET", f"/status?project_key=p7&session_id={me}", None
    yield "status of all", "GET", "/status", None


def round_of(caller: Caller, nth: int) -> dict[str, float]:
    """The seconds of each call in one round.

    The small database gets what keeps its lists as long as the large one's pages.
    """
    times: dict[str, float] = {}
    for name, method, path, body in calls(caller, nth):
        times[name], caller.memory[name] = caller.call(method, path, body)
    return times


def plans(caller: Caller, kind: str) -> list[str]:
    """How the database would run every statement of a round: one line each, `call: table by index
    (rows)`.
    """
    seen: list[tuple[str, str]] = []
    current = [""]
    made = reader.Reader.cursor

    class Recorder:
        def __init__(self, cursor: Any) -> None:
            self._cursor = cursor

        def execute(self, sql: str, arguments: Any = ()) -> Any:
            if sql.startswith("SELECT"):
                seen.append(
                    (current[0], self._cursor.mogrify(sql, arguments) if kind == "mariadb" else sql)
                )
                values.append(arguments)
            return self._cursor.execute(sql, arguments)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._cursor, name)

    values: list[Any] = []
    reader.Reader.cursor = lambda db: Recorder(made(db))  # type: ignore[method-assign, assignment]
    try:
        for name, method, path, body in calls(caller, 1_000_000 + int(time.time()) % 1000):
            current[0] = name
            caller.memory[name] = caller.call(method, path, body)[1]
    finally:
        reader.Reader.cursor = made  # type: ignore[method-assign]
    lines = []
    with caller.app.app_context(), database.engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        assert driver is not None
        cursor = driver.cursor()
        for (name, sql), arguments in zip(seen, values, strict=True):
            if kind == "mariadb":
                cursor.execute(f"EXPLAIN {sql}")
                steps = [
                    f"{row[2]} {row[3]} by {row[5]} ({row[8]} rows)"
                    for row in cursor.fetchall()
                    if row[2]
                ]
            else:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}", arguments)
                steps = [
                    row[3] for row in cursor.fetchall() if row[3].startswith(("SCAN", "SEARCH"))
                ]
            lines.append(f"{name}: {'; '.join(steps) or 'no table'}")
    return list(dict.fromkeys(lines))


def run(
    kind: str, scale: float, rounds: int
) -> tuple[dict[str, tuple[float, float, float]], list[str]]:
    """Per call: median ms on the empty database, on the full one, and the ratio; and the full one's
    plans.
    """
    with service.database(kind) as small, service.database(kind) as large:
        callers = []
        for url in (small, large):
            service.migrate(url)
            callers.append(Caller(create_app({"DATABASE_URL": url, "LOG_LEVEL": "error"})))
        fill(callers[1].app, kind, scale)
        times: list[list[dict[str, float]]] = [[], []]
        for nth in range(rounds + WARM_UP):
            for which in (0, 1):
                took = round_of(callers[which], nth)
                if nth >= WARM_UP:
                    times[which].append(took)
        medians = [
            {name: 1000 * statistics.median(each[name] for each in one) for name in one[0]}
            for one in times
        ]
        table = {
            name: (medians[0][name], medians[1][name], medians[1][name] / medians[0][name])
            for name in medians[0]
        }
        return table, plans(callers[1], kind)
