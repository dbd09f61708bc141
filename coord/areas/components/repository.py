"""Every SQL statement of the components area. Functions read, and return a Change or an answer; none of them commits.

All time but `observed_at` is the database's. A component's `observed_at` (`retired_at`, once it is retired) only grows, so what was found
to be late stays late. Everything else that a decision rests on is guarded by `changed_revision`, which each change and each return from
retirement moves.
"""

from datetime import datetime
from functools import lru_cache
from typing import Any, NoReturn

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.components.errors import Superseded
from coord.areas.components.models import Component, Observation
from coord.errors import Invalid, NotFound
from coord.observed_at import decided_at, is_superseded, new_observed_at, not_superseded, refuse_skew
from coord.store import Answer, Change, Decision, Event, JournalHead, Prepared, Reader, Row, Rows, Timestamp, journal, now
from coord.web import iso

CONTENT = ("state", "version", "notes")
NOTHING_KNOWN = {"state": "unknown", "version": None, "notes": None}
MAX_RECENT = 50  # the contract's bound for lists in /status

_components = Component.__table__
_history = Observation.__table__
_head = JournalHead.__table__
_c = _components.c
_h = _history.c

_named = sa.and_(_c.project_key == param("project", type_=sa.String), _c.component == param("name", type_=sa.String))
_named_in_history = sa.and_(_h.project_key == param("project", type_=sa.String), _h.component == param("name", type_=sa.String))

_SEEN = Prepared(sa.select(*_c, now().label("now")).select_from(_head.outerjoin(_components, _named)).where(_head.c.id == 1))
"""One row always; `revision` is null when there is no such component."""

_BY_NAME = Prepared(sa.select(*_c).where(_named))

_state = param("new_state", type_=sa.String)
_unchanged = sa.and_(_named, _c.changed_revision == param("seen_revision", type_=sa.BigInteger))

_first_values = {
    "revision": _head.c.revision,
    "project_key": param("project", type_=sa.String),
    "component": param("name", type_=sa.String),
    "state": _state,
    "version": param("new_version", type_=sa.String),
    "notes": param("new_notes", type_=sa.Text),
    "updated_by": param("by", type_=sa.String),
    "updated_at": _head.c.at,
    "observed_at": sa.func.coalesce(new_observed_at, _head.c.at, type_=Timestamp),
    "state_since": sa.func.coalesce(new_observed_at, _head.c.at, type_=Timestamp),
    "changed_revision": _head.c.revision,
}
_CREATE = Prepared(
    sa.insert(_components).from_select(list(_first_values), sa.select(*_first_values.values()).select_from(_head).where(_head.c.id == 1))
)

# MariaDB assigns from left to right: what looks at the old value of a column comes before the new one.
_REVIVE = Prepared(
    sa.update(_components)
    .where(_unchanged, _c.retired_at.is_not(None))
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

_CHANGE = Prepared(
    sa.update(_components)
    .where(_unchanged, _c.retired_at.is_(None), not_superseded(_c.observed_at))
    .ordered_values(
        (_c.previous_state, sa.case((_c.state != _state, _c.state), else_=_c.previous_state)),
        (_c.state_since, sa.case((_c.state != _state, decided_at(_c.observed_at)), else_=_c.state_since)),
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
    .where(_unchanged, _c.retired_at.is_(None), sa.or_(new_observed_at.is_(None), _c.observed_at < new_observed_at))
    .values(updated_by=param("by"), updated_at=journal.moment, observed_at=decided_at(_c.observed_at))
)

_RETIRE = Prepared(
    sa.update(_components)
    .where(_unchanged, _c.retired_at.is_(None), not_superseded(_c.observed_at))
    .values(retired_at=decided_at(_c.observed_at), retired_by=param("by"))
)

_KEEP = Prepared(
    sa.insert(_history).from_select(
        list(_h.keys()), sa.select(_c.changed_revision, *(_c[name] for name in _h.keys()[1:-2]), sa.false(), sa.false()).where(_named)
    )
)
"""Takes the component into its history as the change has left it."""

_KEEP_RETIREMENT = Prepared(
    sa.insert(_history).from_select(
        list(_h.keys()),
        sa.select(
            journal.revision,
            *(_c[name] for name in ("project_key", "component", *CONTENT)),
            *(_c.retired_by, journal.moment, _c.retired_at, sa.false(), sa.true()),
        ).where(_named),
    )
)

_BEFORE = Prepared(
    sa.select(*(_h[name] for name in CONTENT))
    .where(_named_in_history, _h.observed_at <= new_observed_at)
    .order_by(_h.observed_at.desc(), _h.revision.desc())
    .limit(1)
)


def _same(sent: tuple[str, ...]) -> sa.ColumnElement[bool]:
    """The rows of the history that say what is sent, seen at the same moment."""
    equal = (_h[name].is_not_distinct_from(param(f"new_{name}", type_=_h[name].type)) for name in sent)
    return sa.and_(_named_in_history, _h.observed_at == new_observed_at, _h.retired == sa.false(), *equal)


@lru_cache
def _find_kept(sent: tuple[str, ...]) -> Prepared:
    return Prepared(sa.select(_h.revision).where(_same(sent)).limit(1))


@lru_cache
def _insert_late(sent: tuple[str, ...]) -> Prepared:
    """Takes a late observation into the history, unless it is there."""
    kept = sa.exists(sa.select(_h.revision).where(_same(sent))).correlate(_head)
    values = {
        "revision": _head.c.revision,
        "project_key": param("project", type_=sa.String),
        "component": param("name", type_=sa.String),
        "state": _state,
        "version": param("new_version", type_=sa.String),
        "notes": param("new_notes", type_=sa.Text),
        "updated_by": param("by", type_=sa.String),
        "updated_at": _head.c.at,
        "observed_at": new_observed_at,
        "superseded": sa.true(),
    }
    select = sa.select(*values.values()).select_from(_head).where(_head.c.id == 1, ~kept)
    return Prepared(sa.insert(_history).from_select(list(values), select))


# --- what is seen ----------------------------------------------------------------------------------------------------------------


def get(db: Reader, project_key: str, component: str) -> Row:
    """The component as it is now. Raises NotFound, also when it is retired."""
    row = db.row(_BY_NAME, project=project_key, name=component)
    if row is None:
        raise _unknown(project_key, component)
    if row["retired_at"] is not None:
        by = f" by '{row['retired_by']}'" if row["retired_by"] else ""
        raise NotFound(f"'{component}' of '{project_key}' was retired at {iso(row['retired_at'])}{by}. Its history is still there.")
    return row


def _unknown(project_key: str, component: str) -> NotFound:
    return NotFound(f"There is no component '{component}' in the project '{project_key}'. All are listed at /api/coord/components.")


def find(db: Reader, args: Row, after: int | None, limit: int) -> Rows:
    """`limit + 1` components at most, those that became known last first, and before the revision `after`."""
    query = sa.select(*_c).where(_c.retired_at.is_(None)).order_by(_c.revision.desc()).limit(limit + 1)
    for name in ("project_key", "component", "state"):
        if args[name] is not None:
            query = query.where(_c[name] == args[name])
    if after is not None:
        query = query.where(_c.revision < after)
    return db.rows(query)


def history(db: Reader, project_key: str, component: str, after: int | None, limit: int) -> Rows:
    """`limit + 1` observations at most, newest first, older than the revision `after`. Raises NotFound for a component never seen."""
    query = sa.select(*_h).where(_named_in_history).order_by(_h.revision.desc()).limit(limit + 1)
    if after is not None:
        query = query.where(_h.revision < after)
    rows = db.rows(query, project=project_key, name=component)
    if not rows and after is None:
        raise _unknown(project_key, component)
    return rows


def recent(db: Reader, project_key: str | None) -> Rows:
    """The components that changed last, newest first."""
    query = sa.select(*_c).where(_c.retired_at.is_(None)).order_by(_c.changed_revision.desc()).limit(MAX_RECENT)
    if project_key is not None:
        query = query.where(_c.project_key == project_key)
    return db.rows(query)


def count_by_state(db: Reader, project_key: str | None) -> dict[str, int]:
    """How many components are in each state, exactly."""
    query = sa.select(_c.state, sa.func.count().label("number")).where(_c.retired_at.is_(None)).group_by(_c.state)
    if project_key is not None:
        query = query.where(_c.project_key == project_key)
    return {row["state"]: int(row["number"]) for row in db.rows(query)}


# --- what is changed -------------------------------------------------------------------------------------------------------------


def put(db: Reader, wanted: Row) -> Decision[tuple[Row, bool]]:
    """Takes in what was seen of a component. `(component, created)`.

    Raises Invalid and Superseded. May be repeated: an observation with its `observed_at` that is stored already changes nothing.
    """
    seen = db.row(_SEEN, project=wanted["project_key"], name=wanted["component"]) or {}
    observed = wanted["observed_at"]
    refuse_skew(observed, seen["now"])
    if seen["revision"] is None:
        return _appear(_CREATE, wanted)
    if _is_late(observed, seen):
        return _keep_late(db, wanted, seen)
    if seen["retired_at"] is not None:
        if observed == seen["retired_at"] and _is_kept(db, wanted):
            raise Superseded(seen)  # a replay of what was seen before it was retired in the same moment
        return _appear(_REVIVE, wanted, seen_revision=seen["changed_revision"])
    changed = [name for name in CONTENT if name in wanted and wanted[name] != seen[name]]
    if observed == seen["observed_at"] and (not changed or _is_kept(db, wanted)):
        return Answer((seen, False))
    return update(wanted, seen, changed)


def retire(db: Reader, project_key: str, component: str, by: str | None, observed: datetime | None) -> Decision[Row]:
    """Takes the component out of all lists. Raises NotFound, Invalid and Superseded. May be repeated: it is the same again."""
    seen = db.row(_SEEN, project=project_key, name=component) or {}
    if seen["revision"] is None:
        raise _unknown(project_key, component)
    if seen["retired_at"] is not None:
        return Answer(seen)
    refuse_skew(observed, seen["now"])
    if _is_late(observed, seen):
        raise Superseded(seen)
    change: Change[Row] = Change()
    names: Row = {"project": project_key, "name": component}
    change.add(_RETIRE, {**names, "seen_revision": seen["changed_revision"], "new_observed_at": observed, "by": by}, expect=1)
    change.add(_KEEP_RETIREMENT, names, expect=1)
    change.record(_event("component.retired", seen, by, previous_state=seen["previous_state"]))
    change.answer_with(lambda rows: rows[0], _BY_NAME, names)
    return change


def _is_late(observed: datetime | None, seen: Row) -> bool:
    return is_superseded(observed, seen["retired_at"] or seen["observed_at"])


def _appear(statement: Prepared, wanted: Row, **guard: Any) -> Change[tuple[Row, bool]]:
    """The component is new, or comes back as new."""
    if "state" not in wanted:
        raise Invalid({"state": ["Needed for a component that is new (or retired)."]})
    content = {name: wanted.get(name) for name in CONTENT}
    change: Change[tuple[Row, bool]] = Change()
    change.add(statement, {**_values(wanted, content), **guard}, expect=1)
    change.add(_KEEP, _names(wanted), expect=1)
    changed = [name for name in CONTENT if content[name] is not None]
    change.record(_event("component.changed", {**wanted, **content}, wanted["updated_by"], previous_state=None, changed=changed))
    return _answer(change, wanted, created=True)


def update(wanted: Row, seen: Row, changed: list[str]) -> Change[tuple[Row, bool]]:
    """Changes what is different, or confirms that nothing is."""
    content = {name: wanted.get(name, seen[name]) for name in CONTENT}
    previous = seen["state"] if "state" in changed else seen["previous_state"]
    change: Change[tuple[Row, bool]] = Change()
    if changed:
        change.add(_CHANGE, {**_values(wanted, content), "seen_revision": seen["changed_revision"]}, expect=1)
        change.add(_KEEP, _names(wanted), expect=1)
    else:
        values = {"by": wanted["updated_by"], "new_observed_at": wanted["observed_at"]}
        change.add(_CONFIRM, {**_names(wanted), **values, "seen_revision": seen["changed_revision"]}, expect=1)
    kind = "component.changed" if changed else "component.confirmed"
    change.record(_event(kind, {**wanted, **content}, wanted["updated_by"], previous_state=previous, changed=changed))
    return _answer(change, wanted, created=False)


def _keep_late(db: Reader, wanted: Row, seen: Row) -> Change[tuple[Row, bool]]:
    """Keeps a late observation in the history, once. What it leaves out is filled in with what was known of that time."""
    if _is_kept(db, wanted):
        raise Superseded(seen)
    then = db.row(_BEFORE, **_names(wanted), new_observed_at=wanted["observed_at"]) or NOTHING_KNOWN
    content = {name: wanted.get(name, then[name]) for name in CONTENT}
    change: Change[tuple[Row, bool]] = Change()
    change.add(_insert_late(_sent(wanted)), _values(wanted, content), expect=1)
    change.record(_event("component.superseded", {**wanted, **content}, wanted["updated_by"], observed_at=iso(wanted["observed_at"])))
    change.answer_with(_refuse_late, _BY_NAME, _names(wanted))
    return change


def _refuse_late(rows: Rows) -> NoReturn:
    """Raised once the change is committed: the observation is refused as the current one, and kept in the history."""
    raise Superseded(rows[0])


def _is_kept(db: Reader, wanted: Row) -> bool:
    """Whether the history has this observation: what is sent, seen at the same moment."""
    return db.row(_find_kept(_sent(wanted)), **_values(wanted, wanted)) is not None


def _sent(wanted: Row) -> tuple[str, ...]:
    return tuple(name for name in CONTENT if name in wanted)


def _names(wanted: Row) -> Row:
    return {"project": wanted["project_key"], "name": wanted["component"]}


def _values(wanted: Row, content: Row) -> Row:
    sent = {f"new_{name}": content.get(name) for name in CONTENT}
    return {**_names(wanted), **sent, "by": wanted["updated_by"], "new_observed_at": wanted["observed_at"]}


def _answer(change: Change[tuple[Row, bool]], wanted: Row, *, created: bool) -> Change[tuple[Row, bool]]:
    change.answer_with(lambda rows: (rows[0], created), _BY_NAME, _names(wanted))
    return change


def _event(kind: str, component: Row, by: str | None, **more: Any) -> Event:
    name = f"{component['project_key']}/{component['component']}"
    data = {"component": component["component"], "state": component["state"], "version": component["version"], **more}
    return Event(kind, "component", name, component["project_key"], by, data)
