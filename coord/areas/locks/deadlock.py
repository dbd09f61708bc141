"""Deadlocks among sessions: a circle of those of whom each waits for the next."""

from coord.areas.locks import line, repository
from coord.store import Reader, Rows

LONGEST = 50  # sessions in a circle that is looked for


def cycle(db: Reader, wait_id: str) -> Rows | None:
    """The circle that this wait closes: what each session waits for, and whom; None when it closes none.

    Looked for after the wait has entered the line. Of those in a circle the one that entered last sees all the others, so one of them
    always finds it.
    """
    own = line.of_wait(db, wait_id)
    if not own or not _may_be_waited_for(db, own):
        return None
    return _search(db, own, own[0]["session_id"], own[0]["revision"], {own[0]["session_id"]})


def _may_be_waited_for(db: Reader, own: Rows) -> bool:
    """Whether the session has anything that others may wait for: a lock, or another place in the line. Most have not."""
    session_id = own[0]["session_id"]
    return bool(repository.of_session(db, session_id)) or len(line.of_session(db, session_id)) > len(own)


def _search(db: Reader, rows: Rows, goal: str, youngest: int, seen: set[str]) -> Rows | None:
    """A path from the session that these rows of the line belong to back to `goal`, over waits that are older than `youngest`."""
    for row, holder in _held_up_by(db, rows):
        step = {"session_id": row["session_id"], "resource": row["resource"], "waits_for": holder}
        if holder == goal:
            return [step]
        if holder in seen or len(seen) >= LONGEST:
            continue
        seen.add(holder)
        theirs = [each for each in line.of_session(db, holder) if each["revision"] < youngest]
        rest = _search(db, theirs, goal, youngest, seen) if theirs else None
        if rest is not None:
            return [step, *rest]
    return None


def _held_up_by(db: Reader, rows: Rows) -> list[tuple[dict[str, object], str]]:
    """Each row with each session that it waits for: holders of locks, and those in front of it in the line."""
    found: list[tuple[dict[str, object], str]] = []
    for row in rows:
        locks = repository.held_against(db, [row])
        front = line.ahead(db, line.resource_of(row), row, row["revision"])
        passed = repository.kept_out(db, front, row["session_id"])
        front = [each for each in front if each["wait_id"] not in passed]
        found += [(row, str(each["session_id"])) for each in (*locks, *front)]
    return found
