"""Tables with much in them, of one busy project and of one beside it: what a filter finds there is
common, rare, elsewhere, or nothing.

`host/busy` did half of what was done in `shop`, and each of the others a little; `host/away` did
all that was done in `elsewhere`, on the very names that are busiest in `shop`.
"""

import datetime as dt
from collections.abc import Iterator

import sqlalchemy as sa
from flask import Flask

from coord.store import database

LONG_PAST = "'2026-01-01 00:00:00.000000'"
HOT_WORKFLOW = "00000000-0000-4000-8000-000000000001"
HOT_THREAD = "00000000-0000-4000-8000-000000000002"
PROCESS = "00000000-0000-4000-8000-000000000003"

# n runs from 1 to three halves of the rows; what is behind a colon is put in by `fill`.
IS_NEWEST = "(n > :rows - :live AND n <= :rows OR n > :rows * 1.5 - :live * 2 / 3)"
IN_SHOP = "n <= :rows"
PROJECT = f"CASE WHEN {IN_SHOP} THEN 'shop' ELSE 'elsewhere' END"
SESSION = (
    f"CASE WHEN {IN_SHOP} THEN CASE WHEN n % 2 THEN 'host/busy' ELSE 'host/' || n END"
    " ELSE 'host/away' END"
)
# what is held or waited for: nobody has more than some hundreds
HOLDER = f"CASE WHEN {IS_NEWEST} AND n % 20 > 1 THEN 'host/' || n ELSE {SESSION} END"
ID = "'00000000-0000-4000-9000-' || SUBSTR(1000000000000 + n, 2)"
NAME = "CASE WHEN n % 3 THEN 'src/hot.py' ELSE 'src/' || (n % 40) || '/f' || n || '.py' END"

TABLES: dict[str, dict[str, str]] = {
    "locks": {
        "revision": "n",
        "id": ID,
        "project_key": PROJECT,
        "resource": NAME,
        "resource_key": NAME,
        "tree": "0",
        "session_id": HOLDER,
        "mode": "'shared'",
        "ttl_hours": "0",
        "fencing_token": "n",
        "acquired_at": LONG_PAST,
        "last_activity_at": LONG_PAST,
        "stale_at": f"CASE WHEN n % 7 THEN :future ELSE {LONG_PAST} END",
        "released_at": f"CASE WHEN {IS_NEWEST} THEN NULL ELSE {LONG_PAST} END",
        "digest": "''",
    },
    "lock_waiters": {
        "revision": "n",
        "nth": "0",
        "waiter_id": ID,
        "process": f"'{PROCESS}'",
        "project_key": PROJECT,
        "resource": NAME,
        "resource_key": NAME,
        "tree": "0",
        "session_id": HOLDER,
        "mode": "'exclusive'",
        "since": LONG_PAST,
        "until": ":future",
    },
    "components": {
        "revision": "n",
        "project_key": "'p' || n",
        "component": "CASE WHEN n % 100 THEN 'c' || n ELSE 'web' END",
        "state": "CASE WHEN n % 2 THEN 'built' WHEN n % 5000 THEN 'failed' ELSE 'rare' END",
        "updated_by": SESSION,
        "updated_at": LONG_PAST,
        "observed_at": LONG_PAST,
        "state_since": LONG_PAST,
        "changed_revision": "n",
        "retired_at": f"CASE WHEN {IS_NEWEST} THEN {LONG_PAST} END",
    },
    "component_history": {
        "revision": "n",
        "project_key": PROJECT,
        "component": "CASE WHEN n % 2 THEN 'web' ELSE 'c' || n END",
        "state": "'built'",
        "updated_by": SESSION,
        "updated_at": LONG_PAST,
        "observed_at": LONG_PAST,
        "superseded": "0",
    },
    "workflows": {
        "revision": "n",
        "id": f"CASE n WHEN 1 THEN '{HOT_WORKFLOW}' ELSE {ID} END",
        "project_key": PROJECT,
        "name": "'w' || n",
        "status": "CASE WHEN n % 2 THEN 'completed' WHEN n % 5000 THEN 'active' ELSE 'blocked' END",
        "created_by": SESSION,
        "created_at": LONG_PAST,
        "updated_at": LONG_PAST,
        **{
            f"items_{status}": "0"
            for status in ("pending", "in_progress", "blocked", "completed", "cancelled")
        },
        "changed": "n",
        "digest": "''",
    },
    "work_items": {
        "revision": "n",
        "id": ID,
        "workflow_id": f"CASE WHEN {IN_SHOP} THEN '{HOT_WORKFLOW}' ELSE {ID} END",
        "project_key": PROJECT,
        "title": "'t' || n",
        "stage": (
            "CASE WHEN n % 2 THEN 'completed' WHEN n % 5000 = 0 THEN 'blocked'"
            f" WHEN {IS_NEWEST} THEN CASE WHEN n % 4 THEN 'ready' ELSE 'waiting' END"
            " ELSE 'in_progress' END"
        ),
        "rank": "-(n % 5)",
        "depends_on": "'[]'",
        "open_dependencies": "0",
        "assigned_to": SESSION,
        "created_at": LONG_PAST,
        "updated_at": LONG_PAST,
        "changed": "n",
        "digest": "''",
    },
    "messages": {
        "revision": "n",
        "id": ID,
        "thread_id": f"CASE WHEN n % 50 THEN {ID} ELSE '{HOT_THREAD}' END",
        "project_key": PROJECT,
        "from_session": SESSION,
        "to_session": (
            f"CASE WHEN n % 4 = 0 AND {IN_SHOP} THEN NULL WHEN n % 4 = 1 THEN 'host/' || (n % 1000)"
            f" WHEN n % 8 > 4 AND {IN_SHOP} THEN 'host/away' ELSE 'host/busy' END"
        ),
        "subject": "'s'",
        "body": "'b'",
        "size": "1",
        "importance": "'normal'",
        "requires_ack": "0",
        "created_at": f"CASE WHEN {IS_NEWEST} THEN :present ELSE {LONG_PAST} END",
        "read_at": f"CASE WHEN {IS_NEWEST} AND n % 10 < 2 THEN NULL ELSE {LONG_PAST} END",
        "read_count": "0",
        "digest": "''",
    },
    "sessions": {
        "revision": "n",
        "session_id": "'host/' || n",
        "project_key": PROJECT,
        "ttl_minutes": "60",
        "started_at": LONG_PAST,
        "last_seen_at": f"CASE WHEN n % 3 THEN :present ELSE {LONG_PAST} END",
        "expires_at": (
            f"CASE WHEN {IS_NEWEST} THEN CASE n % 9 WHEN 0 THEN {LONG_PAST} WHEN 4 THEN NULL"
            " WHEN 6 THEN NULL ELSE :future END END"
        ),
        "ended_at": f"CASE WHEN {IS_NEWEST} THEN NULL ELSE {LONG_PAST} END",
        "final_state": (
            f"CASE WHEN {IS_NEWEST} THEN NULL WHEN n % 1000 THEN 'ended' ELSE 'gone' END"
        ),
        "told_state": (
            "CASE (n - n % 20) % 80 WHEN 20 THEN 'working' WHEN 40 THEN 'idle'"
            " WHEN 60 THEN CASE WHEN n % 1000 < 100 THEN 'rate_limited' END END"
        ),
    },
    "journal": {
        "revision": "n",
        "at": LONG_PAST,
        "type": (
            f"CASE WHEN {IN_SHOP} THEN CASE WHEN n % 5000 = 0 THEN 'session.gone' WHEN n % 2 THEN"
            " 'lock.claimed' ELSE 'message.sent' END ELSE 'component.changed' END"
        ),
        "project_key": PROJECT,
        "session_id": SESSION,
        "subject_kind": (
            f"CASE WHEN {IN_SHOP} THEN CASE WHEN n % 5000 = 0 THEN 'session' WHEN n % 2 THEN 'lock'"
            " ELSE 'message' END ELSE 'component' END"
        ),
        "subject_id": f"CASE WHEN {IN_SHOP} THEN {ID} ELSE 'web' END",
        "data": """'{"resource":"src/hot.py"}'""",
    },
}


def fill(app: Flask, rows: int, live: int | None = None) -> None:
    """So many rows of `shop` in every table, and half as many of `elsewhere`. The newest of them,
    `live` of `shop` (by default 15 %) and two thirds as many of `elsewhere`, are not over: locks
    held, claims waiting, sessions that are there, messages unread.
    """
    with app.app_context():
        engine = sa.create_engine(database.engine.url)  # coord's own gives a statement two seconds
    with engine.begin() as connection:
        run = connection.execution_options(no_parameters=True).exec_driver_sql
        is_mariadb = connection.dialect.name == "mariadb"
        if is_mariadb:
            run("SET SESSION sql_mode = CONCAT(@@sql_mode, ',PIPES_AS_CONCAT')")
        current = rows * 15 // 100 if live is None else live
        for statement in statements(rows, current, is_mariadb=is_mariadb):
            run(statement)
    engine.dispose()


def serial(count: int, *, is_mariadb: bool) -> str:
    """A table with one column `n`, from 1 to the count."""
    if is_mariadb:
        return f"(SELECT seq AS n FROM seq_1_to_{count}) numbers"
    return (
        "(WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers"
        f" WHERE n < {count}) SELECT n FROM numbers) numbers"
    )


def statements(rows: int, live: int, *, is_mariadb: bool) -> Iterator[str]:
    count = rows + rows // 2
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    moments = {"present": now - dt.timedelta(minutes=5), "future": now + dt.timedelta(days=400)}
    texts = {f":{name}": f"'{at.isoformat(' ', 'microseconds')}'" for name, at in moments.items()}
    texts |= {":rows": str(rows), ":live": str(live)}
    for table, columns in TABLES.items():
        fitting = IS_NEWEST if table == "lock_waiters" else "n > 0"
        values = ", ".join(columns.values())
        statement = (
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM"
            f" {serial(count, is_mariadb=is_mariadb)}"
            f" WHERE {fitting}"
        )
        for name, text in texts.items():
            statement = statement.replace(name, text)
        yield statement
        if is_mariadb:  # SQLite has no statistics
            yield f"ANALYZE TABLE {table}"
    yield (
        "INSERT INTO processes (id, node, pid, alive_until) VALUES"
        f" ('{PROCESS}', '{PROCESS}', 1, {texts[':future']})"
    )
    yield f"UPDATE journal_head SET revision = {count}"
