"""A service's database after busy months: what the board is measured with."""

import datetime as dt

import sqlalchemy as sa

from tests.long_history import serial

LOCKS = 5_000
SESSIONS = 1_000
MESSAGES = 20_000
JOURNAL = 1_000_000
BARS = 20_000  # locks of the last day that were released
DAY_S = 86_400


class _Sql:
    """How the two databases spell the same."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def serial(self, count: int) -> str:
        return serial(count, is_mariadb=self.kind == "mariadb")

    def concat(self, *parts: str) -> str:
        return f"CONCAT({', '.join(parts)})" if self.kind == "mariadb" else " || ".join(parts)

    def id(self, number: str, prefix: str) -> str:
        """A UUID for each number, and another for each prefix of eight digits."""
        hexed = (
            f"LPAD(HEX({number}), 12, '0')"
            if self.kind == "mariadb"
            else f"printf('%012x', {number})"
        )
        return self.concat(f"'{prefix}-0000-4000-8000-'", hexed)

    def later(self, start: dt.datetime, seconds: str) -> str:
        """The start and as many seconds."""
        if self.kind == "mariadb":
            return f"DATE_ADD('{_text(start)}', INTERVAL {seconds} SECOND)"
        return (
            f"strftime('%Y-%m-%d %H:%M:%S', '{start:%Y-%m-%d %H:%M:%S}',"
            f" ({seconds}) || ' seconds') || '.000000'"
        )


def _text(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"


def fill(url: str, kind: str, scale: float) -> None:
    """A share of all numbers above; the day ends now, and nothing expires before tomorrow."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in _statements(_Sql(kind), scale):
            escaped = statement.replace("%", "%%") if kind == "mariadb" else statement
            connection.exec_driver_sql(escaped)
    if kind == "mariadb":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE TABLE locks, messages, sessions, journal")
    engine.dispose()


def _statements(sql: _Sql, scale: float) -> list[str]:
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    day = now - dt.timedelta(seconds=DAY_S)
    tomorrow, soon = (f"'{_text(now + dt.timedelta(hours=hours))}'" for hours in (24, 2))
    locks, sessions, messages, journal, bars = (
        int(count * scale) for count in (LOCKS, SESSIONS, MESSAGES, JOURNAL, BARS)
    )
    step = max(1, (journal - locks) // max(1, bars))
    at = sql.later(day, f"n * {DAY_S / journal!r}")
    begun = sql.later(day, f"n * {step * DAY_S / journal!r}")
    over = sql.later(day, f"n * {step * DAY_S / journal!r} + 240")
    session, holder = (
        sql.concat("'host-'", f"(n % {count})", "'/agent'") for count in (sessions, 40)
    )
    name = sql.concat("'src/package_'", "(n % 50)", "'/module_'", "n", "'.py'")
    project = sql.concat("'project-'", "(n % 8)")
    lock = (
        "INSERT INTO locks (revision, id, project_key, resource, resource_key, tree, session_id,"
        " description, mode, ttl_hours, fencing_token, acquired_at, last_activity_at, stale_at,"
        " expires_at, released_at, released_by, release_reason, digest) SELECT"
    )
    data = sql.concat('\'{"resource": "\'', name, "'\"}'")
    return [
        (
            f"{lock} {journal - locks} + n, {sql.id('n', '00000001')}, {project}, {name}, {name},"
            f" 0, {session}, 'A reason of usual length', 'exclusive', 24, n, '{_text(now)}',"
            f" '{_text(now)}', {soon}, {tomorrow}, NULL, NULL, NULL, '' FROM {sql.serial(locks)}"
        ),
        (
            f"{lock} n * {step}, {sql.id('n', '00000002')}, {project}, {name}, {name}, 0, {holder},"
            f" NULL, 'exclusive', 24, n, {begun}, {begun}, {over}, {tomorrow}, {over}, {holder},"
            f" 'released', '' FROM {sql.serial(bars - 1)}"
        ),
        (
            "INSERT INTO sessions (revision, session_id, project_key, agent, task, started_at,"
            f" last_seen_at, expires_at) SELECT n, {session}, {project}, 'agent',"
            f" 'A task of usual length', '{_text(day)}', '{_text(now)}', {tomorrow}"
            f" FROM {sql.serial(sessions)}"
        ),
        (
            "INSERT INTO messages (revision, id, thread_id, project_key, from_session, to_session,"
            " subject, body, size, importance, requires_ack, created_at, read_at, read_count,"
            f" digest) SELECT n, {sql.id('n', '00000003')}, {sql.id('n', '00000003')}, {project},"
            f" {session}, {holder}, 'A subject of usual length', 'Text', 4, CASE WHEN n % 400 = 0"
            f" THEN 'urgent' ELSE 'normal' END, 0, '{_text(now)}', CASE WHEN n % 50 = 0 THEN NULL"
            f" ELSE '{_text(now)}' END, 0, '' FROM {sql.serial(messages)}"
        ),
        (
            "INSERT INTO journal (revision, at, type, project_key, session_id, subject_kind,"
            f" subject_id, data) SELECT n, {at}, 'lock.claimed', {project}, {session}, 'lock',"
            f" {sql.id('n', '00000004')}, {data} FROM {sql.serial(journal)}"
        ),
        f"UPDATE journal_head SET revision = {journal + 1}",
    ]
