"""`flask journal restored`: what to run after a backup was restored."""

import sqlalchemy as sa
from flask.cli import AppGroup

from coord.areas.events.repository import RESTORED
from coord.store import Change, Decision, Event, JournalHead, Prepared, Reader, run, transact

# revisions: more than were given out since any backup; 9 million restores stay below 2^53
GAP = 1_000_000_000

_head = JournalHead.__table__

# MariaDB assigns from left to right, SQLite all at once: `trimmed` comes before what it is made of
# changes.
_SKIP = Prepared(
    sa.update(_head)
    .where(_head.c.id == 1)
    .ordered_values(
        (_head.c.trimmed, _head.c.revision + GAP), (_head.c.revision, _head.c.revision + GAP)
    )
)

commands = AppGroup("journal", help="Look after the journal of changes.")


@commands.command()
def restored() -> None:
    """Say that the database was restored from a backup.

    Revisions and fencing tokens that were given out after the backup are never given out again, and
    whoever follows the journal from before gets 410 `cursor_gone`, and so begins with the current
    state.
    """
    run(_SKIP, {})
    transact(record_restored)


def record_restored(db: Reader) -> Decision[None]:
    change: Change[None] = Change()
    change.record(Event(RESTORED, "journal", "restored", data={"skipped": GAP}))
    return change
