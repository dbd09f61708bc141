"""How things are stored: tables, statements, reading, changes and the journal. It imports nothing
else of coord.

This is its face: whoever uses it imports from here. `journal` is the module of the journal,
`engine` that of the connections.
"""

from coord.store import bell, deadline, engine, faults, journal
from coord.store.change import Answer, Change, Decision, Step
from coord.store.faults import GuardFailed
from coord.store.functions import earlier, microseconds, now, plus, unindexed
from coord.store.journal import Event, JournalEntry, JournalHead
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
    "TABLE_OPTIONS",
    "Answer",
    "Base",
    "Change",
    "Decision",
    "Event",
    "GuardFailed",
    "Id",
    "JournalEntry",
    "JournalHead",
    "Json",
    "LongText",
    "Prepared",
    "Reader",
    "Retention",
    "Revision",
    "Row",
    "Rows",
    "Statement",
    "Step",
    "Timestamp",
    "as_sql",
    "bell",
    "database",
    "deadline",
    "earlier",
    "engine",
    "faults",
    "journal",
    "microseconds",
    "now",
    "plus",
    "read",
    "run",
    "transact",
    "transact_optimistically",
    "unindexed",
]
