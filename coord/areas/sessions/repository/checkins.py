"""Collects what a session should know at the start of a turn: each area's part, and what others
changed.
"""

from typing import cast

from coord.area import Area, CheckinPart, HookFailed, Scope, areas, call_hook
from coord.areas.sessions.checkin import Checkin, Row, Section
from coord.areas.sessions.repository import changes
from coord.areas.sessions.rows import ChangeRow, SessionAnswer
from coord.areas.sessions.schemas import ChangeSchema, SessionSchema
from coord.store import Reader, journal

_session = SessionSchema()
_change = ChangeSchema()


def collect_checkin(db: Reader, session: SessionAnswer, after: int | None) -> Checkin:
    """What the session should know now. Leaves out the part of an area whose hook fails, and says
    so.

    Where the journal stands is read first, so what comes meanwhile is shown next time.
    """
    head = journal.head(db)
    scope = Scope(session["project_key"], session["session_id"])
    sections: list[Section] = []
    failed: list[str] = []
    parts = [(area, area.checkin) for area in areas() if area.checkin is not None]
    for area, part in sorted(parts, key=lambda pair: pair[1].rank):
        try:
            sections.append(_section(db, area, part, scope))
        except HookFailed:
            failed.append(area.name)
    lost = after is not None and not head.trimmed <= after <= head.revision
    sections.append(_changes(db, scope, None if lost else after, head.revision))
    if after is not None and journal.head(db).trimmed > after:
        lost = True  # by retention, perhaps before the changes were read
    return Checkin(_session.dump(session), sections, head.revision, lost, tuple(failed))


def _section(db: Reader, area: Area, part: CheckinPart, scope: Scope) -> Section:
    """Raises HookFailed; each line is made here once, so that one that fails is found now."""
    rows, total = call_hook(area.name, "checkin.read", part.read, db, scope)
    items = part.schema.dump(rows, many=True)

    def line(item: Row) -> str:
        return call_hook(area.name, "checkin.line", part.line, item)

    for item in items:
        line(item)
    return Section(part.name, part.heading, items, total, line, part.texts, part.volatile)


def _changes(db: Reader, scope: Scope, after: int | None, until: int) -> Section:
    """What others changed after a revision (None: nothing is asked for)."""
    rows: list[ChangeRow] = []
    total = 0
    if after is not None:
        rows, total = changes.since(db, after, until, scope.project_key, str(scope.session_id))
    items = cast(list[Row], _change.dump(rows, many=True))
    return Section("changes", "changed by others", items, total, _change_line)


def _change_line(change: Row) -> str:
    return f"{change['at'][:19]}Z {change['session_id'] or '-'} {change['type']}: {change['what']}"
