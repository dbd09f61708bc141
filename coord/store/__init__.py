"""How things are stored: tables, statements, reading, changes and the journal. It imports nothing
else of coord.

This is its face: whoever uses it imports from here. `journal` is the module of the journal,
`moments` tells which part of it is of which time, `engine` has the connections, `sqlite` what only
that database needs.
"""

from coord.store import bell, deadline, engine, faults, journal, moments, sqlite
from coord.store.change import Answer, Change, Decision, Follower, Step
from coord.store.event_types import event_types
from coord.store.faults import GuardFailed
from coord.store.functions import earlier, microseconds, now, plus, unindexed
from coord.store.journal import Event, JournalEntry, JournalHead
from coord.store.mariadb import READ_ONLY
from coord.store.ranges import PRIMARY, Range, along, first_of, more_than, one_of
from coord.store.reader import Reader, Row, Rows, read
from coord.store.retention import Retention
from coord.store.sql_text import DATABASES, as_sql
from coord.store.statements import Prepared, Statement
from coord.store.tables import (
    TABLE_OPTIONS,
    Base,
    Id,
    Json,
    LongText,
    Revision,
    Timestamp,
    database,
)
from coord.store.transactions import run, transact, transact_optimistically

__all__ = [
    "DATABASES",
    "PRIMARY",
    "READ_ONLY",
    "TABLE_OPTIONS",
    "Answer",
    "Base",
    "Change",
    "Decision",
    "Event",
    "Follower",
    "GuardFailed",
    "Id",
    "JournalEntry",
    "JournalHead",
    "Json",
    "LongText",
    "Prepared",
    "Range",
    "Reader",
    "Retention",
    "Revision",
    "Row",
    "Rows",
    "Statement",
    "Step",
    "Timestamp",
    "along",
    "as_sql",
    "bell",
    "database",
    "deadline",
    "earlier",
    "engine",
    "event_types",
    "faults",
    "first_of",
    "journal",
    "microseconds",
    "moments",
    "more_than",
    "now",
    "one_of",
    "plus",
    "read",
    "run",
    "sqlite",
    "transact",
    "transact_optimistically",
    "unindexed",
]
