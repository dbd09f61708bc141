"""Reports of what was seen of a component."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NoReturn, cast, get_args

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.components.errors import Superseded
from coord.areas.components.models import Component, Observation
from coord.areas.components.repository.listing import (
    BY_NAME,
    BY_NAME_WITH_NOW,
    named,
    named_in_history,
)
from coord.areas.components.rows import ComponentRow, Content, Report
from coord.errors import Invalid
from coord.observed_at import (
    decided_at,
    is_superseded,
    new_observed_at,
    not_superseded,
    refuse_skew,
)
from coord.store import (
    Answer,
    Change,
    Decision,
    Event,
    JournalHead,
    Prepared,
    Reader,
    Rows,
    Timestamp,
    journal,
)
from coord.web import iso

ContentField = Literal["state", "version", "notes"]
CONTENT: tuple[ContentField, ...] = get_args(ContentField)
UNKNOWN: Content = {"state": "unknown", "version": None, "notes": None}

PutAnswer = tuple[ComponentRow, bool]
"""The component, and whether it was created."""

_components = Component.__table__
_history = Observation.__table__
_head = JournalHead.__table__
_c = _components.c
_h = _history.c

_state = param("new_state", type_=sa.String)
unchanged = sa.and_(named, _c.changed_revision == param("expected_revision", type_=sa.BigInteger))

_observed_or_now = sa.func.coalesce(new_observed_at, _head.c.at, type_=Timestamp)
_reported = {
    "revision": _head.c.revision,
    "project_key": param("project", type_=sa.String),
    "component": param("name", type_=sa.String),
    "state": _state,
    "version": param("new_version", type_=sa.String),
    "notes": param("new_notes", type_=sa.Text),
    "updated_by": param("by", type_=sa.String),
    "updated_at": _head.c.at,
}
_first_values = {
    **_reported,
    "observed_at": _observed_or_now,
    "state_since": _observed_or_now,
    "changed_revision": _head.c.revision,
}
_CREATE = Prepared(
    sa.insert(_components).from_select(
        list(_first_values),
        sa.select(*_first_values.values()).select_from(_head).where(_head.c.id == 1),
    )
)

# MariaDB assigns from left to right: what reads the old value of a column comes before the new one.
_REVIVE = Prepared(
    sa.update(_components)
    .where(unchanged, _c.retired_at.is_not(None))
    .ordered_values(
        (_c.revision, journal.revision),
        (_c.state, _state),
        (_c.version, param("new_version")),
        (_c.notes, param("new_notes")),
        (_c.updated_by, param("by")),
        (_c.updated_at, journal.moment),
        (_c.observed_at, decided_at(_c.retired_at)),
        (_c.previous_state, sa.null()),
        (_c.state_since, decided_at(_c.retired_at)),
        (_c.changed_revision, journal.revision),
        (_c.retired_at, sa.null()),
        (_c.retired_by, sa.null()),
    )
)

_state_changes = _c.state != _state
_CHANGE = Prepared(
    sa.update(_components)
    .where(unchanged, _c.retired_at.is_(None), not_superseded(_c.observed_at))
    .ordered_values(
        (_c.previous_state, sa.case((_state_changes, _c.state), else_=_c.previous_state)),
        (
            _c.state_since,
            sa.case((_state_changes, decided_at(_c.observed_at)), else_=_c.state_since),
        ),
        (_c.state, _state),
        (_c.version, param("new_version")),
        (_c.notes, param("new_notes")),
        (_c.updated_by, param("by")),
        (_c.updated_at, journal.moment),
        (_c.observed_at, decided_at(_c.observed_at)),
        (_c.changed_revision, journal.revision),
    )
)

_CONFIRM = Prepared(
    sa.update(_components)
    .where(
        unchanged,
        _c.retired_at.is_(None),
        sa.or_(new_observed_at.is_(None), _c.observed_at < new_observed_at),
    )
    .values(
        updated_by=param("by"),
        updated_at=journal.moment,
        observed_at=decided_at(_c.observed_at),
    )
)

_kept = {
    "revision": _c.changed_revision,
    **{name: _c[name] for name in ("project_key", "component", *CONTENT)},
    **{name: _c[name] for name in ("updated_by", "updated_at", "observed_at")},
    "superseded": sa.false(),
    "retired": sa.false(),
}
_KEEP = Prepared(
    sa.insert(_history).from_select(list(_kept), sa.select(*_kept.values()).where(named))
)
"""Takes the component into its history as the change has left it."""

_CONTENT_BEFORE = Prepared(
    sa.select(*(_h[name] for name in CONTENT))
    .where(named_in_history, _h.observed_at <= new_observed_at)
    .order_by(_h.observed_at.desc(), _h.revision.desc())
    .limit(1)
)


def _same(sent: tuple[str, ...]) -> sa.ColumnElement[bool]:
    """The rows of the history that say what is sent, seen at the same moment."""
    equal = (
        _h[name].is_not_distinct_from(param(f"new_{name}", type_=_h[name].type)) for name in sent
    )
    return sa.and_(
        named_in_history, _h.observed_at == new_observed_at, _h.retired == sa.false(), *equal
    )


@lru_cache
def _find_observation(sent: tuple[str, ...]) -> Prepared:
    return Prepared(sa.select(_h.revision).where(_same(sent)).limit(1))


@lru_cache
def _insert_late(sent: tuple[str, ...]) -> Prepared:
    """Takes a late observation into the history, unless it is there."""
    kept = sa.exists(sa.select(_h.revision).where(_same(sent))).correlate(_head)
    values = {**_reported, "observed_at": new_observed_at, "superseded": sa.true()}
    select = sa.select(*values.values()).select_from(_head).where(_head.c.id == 1, ~kept)
    return Prepared(sa.insert(_history).from_select(list(values), select))


def put(db: Reader, report: Report) -> Decision[PutAnswer]:
    """Takes in what was seen of a component.

    Raises Invalid and Superseded. May be repeated: an observation with its `observed_at` that is
    stored already changes nothing.
    """
    row = db.row(BY_NAME_WITH_NOW, **_names(report)) or {}
    observed_at = report["observed_at"]
    refuse_skew(observed_at, row["now"])
    if row["revision"] is None:
        return _create(_CREATE, report)
    stored = cast(ComponentRow, row)
    if is_report_superseded(observed_at, stored):
        return _keep_late(db, report, stored)
    if stored["retired_at"] is not None:
        if observed_at == stored["retired_at"] and _is_in_history(db, report):
            # a replay of what was seen before it was retired in the same moment
            raise Superseded(stored)
        return _create(_REVIVE, report, expected_revision=stored["changed_revision"])
    changed = [name for name in _sent(report) if report[name] != stored[name]]
    if observed_at == stored["observed_at"] and (not changed or _is_in_history(db, report)):
        return Answer((stored, False))
    return change_content(report, stored, changed)


def is_report_superseded(observed_at: datetime | None, stored: ComponentRow) -> bool:
    return is_superseded(observed_at, stored["retired_at"] or stored["observed_at"])


def _create(statement: Prepared, report: Report, **guard: int) -> Change[PutAnswer]:
    """The component is new, or comes back as new."""
    if "state" not in report:
        raise Invalid({"state": ["Needed for a component that is new (or retired)."]})
    content = _content(report, {**UNKNOWN, "state": report["state"]})
    change: Change[PutAnswer] = Change()
    change.add(statement, {**_values(report, content), **guard}, expect=1)
    change.add(_KEEP, _names(report), expect=1)
    changed = [name for name, value in content.items() if value is not None]
    change.record(
        _report_event("component.changed", report, content, previous_state=None, changed=changed)
    )
    return _answer(change, report, created=True)


def change_content(
    report: Report, stored: ComponentRow, changed: Sequence[str]
) -> Change[PutAnswer]:
    """Changes what is different, or confirms that nothing is."""
    content = _content(report, stored)
    guard = {"expected_revision": stored["changed_revision"]}
    change: Change[PutAnswer] = Change()
    if changed:
        change.add(_CHANGE, {**_values(report, content), **guard}, expect=1)
        change.add(_KEEP, _names(report), expect=1)
    else:
        values = {"by": report["updated_by"], "new_observed_at": report["observed_at"]}
        change.add(_CONFIRM, {**_names(report), **values, **guard}, expect=1)
    kind = "component.changed" if changed else "component.confirmed"
    previous = stored["state"] if "state" in changed else stored["previous_state"]
    change.record(_report_event(kind, report, content, previous_state=previous, changed=changed))
    return _answer(change, report, created=False)


def _keep_late(db: Reader, report: Report, stored: ComponentRow) -> Change[PutAnswer]:
    """Keeps a late observation in the history, once.

    What it leaves out is filled in with what was known of that time. Raises Superseded if it is
    there already.
    """
    if _is_in_history(db, report):
        raise Superseded(stored)
    before = db.row(_CONTENT_BEFORE, **_names(report), new_observed_at=report["observed_at"])
    content = _content(report, cast(Content, before or UNKNOWN))
    change: Change[PutAnswer] = Change()
    change.add(_insert_late(_sent(report)), _values(report, content), expect=1)
    observed_at = iso(cast(datetime, report["observed_at"]))
    change.record(_report_event("component.superseded", report, content, observed_at=observed_at))
    change.answer_with(_refuse_late, BY_NAME, _names(report))
    return change


def _refuse_late(rows: Rows) -> NoReturn:
    """Raised once the change is committed: the observation is refused as the current one, and kept
    in the history.
    """
    raise Superseded(cast(ComponentRow, rows[0]))


def _is_in_history(db: Reader, report: Report) -> bool:
    """Whether the history has this observation: what is sent, seen at the same moment."""
    return db.row(_find_observation(_sent(report)), **_values(report, report)) is not None


def _sent(report: Report) -> tuple[ContentField, ...]:
    return tuple(name for name in CONTENT if name in report)


def _content(report: Report, stored: Content) -> Content:
    """What is reported, filled in with what is stored."""
    return {
        "state": report.get("state", stored["state"]),
        "version": report.get("version", stored["version"]),
        "notes": report.get("notes", stored["notes"]),
    }


def _names(report: Report) -> dict[str, str]:
    return {"project": report["project_key"], "name": report["component"]}


def _values(report: Report, content: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **_names(report),
        **{f"new_{name}": content.get(name) for name in CONTENT},
        "by": report["updated_by"],
        "new_observed_at": report["observed_at"],
    }


def _answer(change: Change[PutAnswer], report: Report, *, created: bool) -> Change[PutAnswer]:
    change.answer_with(lambda rows: (cast(ComponentRow, rows[0]), created), BY_NAME, _names(report))
    return change


def _report_event(kind: str, report: Report, content: Content, **more: Any) -> Event:
    by = report["updated_by"]
    return component_event(kind, report["project_key"], report["component"], content, by, **more)


def component_event(
    kind: str, project_key: str, component: str, content: Content, by: str | None, **more: Any
) -> Event:
    data = {
        "component": component,
        "state": content["state"],
        "version": content["version"],
        **more,
    }
    return Event(kind, "component", f"{project_key}/{component}", project_key, by, data)
