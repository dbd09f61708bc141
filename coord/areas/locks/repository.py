"""Every SQL statement of the locks area. Functions read, and return a Change or an answer; none of them commits.

All time is the database's. Who holds what is judged twice: by the look that a decision is made upon, and by the guards of the change,
which run after it took the journal's head, so nothing can be granted in between.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord import presence
from coord.areas.locks import line
from coord.areas.locks.errors import LockLost, NotHolder, Superseded
from coord.areas.locks.models import Lock, LockAlias
from coord.areas.locks.overlap import by_index, meets, values_of
from coord.areas.locks.resources import Resource, canonical
from coord.errors import NotFound
from coord.ids import digest, must_match, new_id
from coord.observed_at import is_superseded, new_observed_at, not_superseded, refuse_skew
from coord.store import (
    Answer,
    Change,
    Decision,
    Event,
    Prepared,
    Reader,
    Row,
    Rows,
    Statement,
    Timestamp,
    earlier,
    journal,
    microseconds,
    now,
    plus,
    unindexed,
)

_locks = Lock.__table__
_aliases = LockAlias.__table__
_head = journal.JournalHead.__table__
_c = _locks.c

HELD_INDEX = "ix_locks_held"
MAX_NOTED = 100  # expired locks noted by one change

_shown = [*_c, now().label("now")]


def _unexpired(at: Any) -> sa.ColumnElement[bool]:
    return sa.or_(_c.expires_at.is_(None), _c.expires_at > at)


def held(at: Any) -> sa.ColumnElement[bool]:
    return sa.and_(_c.released_at.is_(None), _unexpired(at))


def stale_at(session: sa.ColumnElement[str]) -> sa.ColumnElement[datetime]:
    """When a lock that shows activity now turns stale: after the stale time, or at once when its session breaks its promise."""
    return earlier(plus(journal.moment, param("stale_us", type_=sa.BigInteger)), presence.promise(session))


_NOW = Prepared(sa.select(now().label("now")))
_EXPIRED = Prepared(by_index(sa.select(*_c).where(_c.released_at.is_(None), _c.expires_at <= now()).limit(MAX_NOTED), _locks, HELD_INDEX))
_HELD_BY = Prepared(sa.select(*_shown).where(_c.session_id == param("session_id"), held(now())))
_BY_ID = Prepared(sa.select(*_shown).where(_c.id == param("id")))
_BY_ID_INSIDE = Prepared(sa.select(*_c, journal.moment.label("now")).where(_c.id == param("id")))
_GRANTED = Prepared(sa.select(journal.revision.label("revision"), journal.moment.label("at")))


@lru_cache(maxsize=256)
def _meeting(depth: int, tree: bool) -> Prepared:
    """All rows not yet released, expired ones too, that a claim of the resource would meet; in no order."""
    query = sa.select(*_shown).where(_c.released_at.is_(None), _c.project_key == param("project_key"), meets(_c, depth, tree))
    return Prepared(by_index(query, _locks, HELD_INDEX))


@lru_cache(maxsize=256)
def _grant(depth: int, tree: bool) -> Prepared:
    """Inserts the lock unless something stands against it: another session's overlapping lock, the caller's own of this very name, or
    others in front in the line than those that were seen."""
    session = param("session_id", type_=sa.String)
    exclusive = sa.or_(param("mode", type_=sa.String) == "exclusive", _c.mode == "exclusive")
    same = sa.and_(_c.resource_key == param("key", type_=sa.String), _c.tree == param("tree", type_=sa.Boolean))
    against = by_index(sa.select(sa.literal_column("1")).select_from(_locks), _locks, HELD_INDEX).where(
        _c.released_at.is_(None),  # an expired one too: `claim` notes its end first, so the journal has it
        _c.project_key == param("project_key", type_=sa.String),
        meets(_c, depth, tree),
        sa.or_(sa.and_(_c.session_id != session, exclusive), sa.and_(_c.session_id == session, same)),
    )
    nobody_else = line.against(depth, tree) == param("ahead", type_=sa.BigInteger)
    token = journal.revision - param("back", type_=sa.BigInteger)
    values: dict[str, Any] = {
        "revision": token,
        "id": param("id", type_=sa.String),
        "project_key": param("project_key", type_=sa.String),
        "resource": param("resource", type_=sa.String),
        "resource_key": param("key", type_=sa.String),
        "tree": param("tree", type_=sa.Boolean),
        "session_id": session,
        "description": param("description", type_=sa.String),
        "mode": param("mode", type_=sa.String),
        "ttl_hours": param("ttl_hours", type_=sa.Float),
        "fencing_token": token,
        "acquired_at": journal.moment,
        "decided_at": new_observed_at,
        "last_activity_at": journal.moment,
        "stale_at": stale_at(session),
        "expires_at": plus(journal.moment, param("ttl_us", type_=sa.BigInteger)),
        "digest": param("digest", type_=sa.String),
    }
    return Prepared(sa.insert(_locks).from_select(list(values), sa.select(*values.values()).where(~against.exists(), nobody_else)))


_EXPIRE = Prepared(
    sa.update(_locks)
    .where(_c.id == param("lock_id"), _c.released_at.is_(None), _c.expires_at <= journal.moment)
    .values(released_at=_c.expires_at, release_reason="expired")
)

_TAKE_OVER = Prepared(
    sa.update(_locks)
    .where(_c.id == param("lock_id"), held(journal.moment), _c.stale_at <= journal.moment)
    .values(released_at=journal.moment, released_by=param("by"), release_reason="stale")
)


def _releasing(*guards: sa.ColumnElement[bool]) -> Prepared:
    return Prepared(
        sa.update(_locks)
        .where(_c.id == param("lock_id"), _c.session_id == param("by"), held(journal.moment), *guards)
        .values(released_at=journal.moment, released_by=param("by"), release_reason=param("reason"))
    )


_RELEASE = _releasing()
_RELEASE_OBSERVED = _releasing(not_superseded(_c.decided_at))
"""Of a lock whose `acquired_at`, which does not change, was looked at where it counts."""

_STILL_HELD = Prepared(
    sa.update(_locks).where(_c.id == param("lock_id"), _c.session_id == param("by"), held(journal.moment)).values(id=_c.id)
)
"""Touches one row while the session holds the lock: a guard."""

_RECORD_OF_LOCK = journal.recording(
    _c.id == param("subject_id", type_=sa.String),
    project_key=_c.project_key,
    data=sa.func.json_object("resource", _c.resource, "mode", _c.mode, "description", _c.description, type_=sa.String),
)

_decided = sa.func.coalesce(new_observed_at, journal.moment, type_=Timestamp)

_RENEW = Prepared(
    sa.update(_locks)
    .where(_c.id == param("lock_id"), _c.session_id == param("by"), held(journal.moment))
    .values(
        ttl_hours=param("new_ttl_hours"),
        description=param("new_description"),
        decided_at=sa.case((sa.func.coalesce(_c.decided_at, _c.acquired_at) > _decided, _c.decided_at), else_=_decided),
        last_activity_at=journal.moment,
        stale_at=stale_at(param("by", type_=sa.String)),
        expires_at=plus(journal.moment, param("ttl_us", type_=sa.BigInteger)),
    )
)


_ALIAS = Prepared(sa.insert(_aliases))
_BY_ALIAS = Prepared(
    sa.select(*_shown, _aliases.c.digest.label("alias_digest"))
    .join(_aliases, _aliases.c.lock_id == _c.id)
    .where(_aliases.c.id == param("id"))
)
_NO_ALIAS = Prepared(
    sa.update(_head).where(_head.c.id == 1, ~sa.exists().where(_aliases.c.id == param("alias", type_=sa.String))).values(id=_head.c.id)
)
"""Touches one row when the id is not an alias: a guard."""


@lru_cache(maxsize=256)
def _upgrade(depth: int, tree: bool) -> Prepared:
    """Makes the caller's shared lock exclusive, with a new token, unless another session's overlaps it. MariaDB reads the table that it
    updates only through a derived table."""
    other = _locks.alias("other")
    o = other.c
    derived = (
        by_index(sa.select(o.id), other, HELD_INDEX)
        .where(
            o.released_at.is_(None),
            sa.or_(o.expires_at.is_(None), o.expires_at > journal.moment),
            o.project_key == param("project_key", type_=sa.String),
            meets(o, depth, tree),
            o.session_id != param("by", type_=sa.String),
        )
        .subquery("against")
    )
    return Prepared(
        sa.update(_locks)
        .where(
            _c.id == param("lock_id"),
            _c.session_id == param("by", type_=sa.String),
            held(journal.moment),
            ~sa.exists(sa.select(derived.c.id)),
        )
        .values(mode="exclusive", fencing_token=journal.revision - param("back", type_=sa.BigInteger))
    )


# --- what is seen ----------------------------------------------------------------------------------------------------------------


def shown(row: Row) -> Row:
    """A row as it is answered. An expired lock counts as released when it expired, whether or not a later claim has noted it."""
    at: datetime = row["now"]
    expired = row["released_at"] is None and row["expires_at"] is not None and row["expires_at"] <= at
    if expired:
        return {**row, "released_at": row["expires_at"], "release_reason": "expired", "stale": False}
    return {**row, "stale": row["released_at"] is None and row["stale_at"] <= at}


def _is(row: Row, resource: Resource) -> bool:
    return (row["resource_key"], bool(row["tree"])) == (resource.key, resource.tree)


def get(db: Reader, lock_id: str) -> Row:
    """The lock, held or not. Raises NotFound."""
    row = db.row(_BY_ID, id=lock_id)
    if row is None:
        raise NotFound(f"There is no lock {lock_id}. Held locks are listed at /api/coord/locks.")
    return shown(row)


def find(db: Reader, args: Row, after: int | None, limit: int) -> Rows:
    """`limit + 1` locks at most, newest first, older than the revision `after`."""
    query = sa.select(*_shown).limit(limit + 1)
    if args["state"] == "active":
        query = _held_ones(query, args["session_id"]).order_by(unindexed(_c.revision).desc())
    else:
        query = query.order_by(_c.revision.desc())
    if args["state"] == "released":
        query = query.where(sa.or_(_c.released_at.is_not(None), _c.expires_at <= now()))
    for name in ("project_key", "session_id"):
        if args[name] is not None:
            query = query.where(_c[name] == args[name])
    values: Row = {}
    if args["resource"] is not None:
        resource = canonical(args["resource"])
        query = query.where(meets(_c, len(resource.above), resource.tree))
        values = values_of(resource)
    if args["stale"] is not None:
        stale = sa.and_(held(now()), _c.stale_at <= now())
        query = query.where(stale if args["stale"] else ~stale)
    if after is not None:
        query = query.where(_c.revision < after)
    return [shown(row) for row in db.rows(query, **values)]


def _held_ones(query: sa.Select[Any], session_id: str | None) -> sa.Select[Any]:
    """Those held now. There are few of them beside the released ones, so they are read by the index that sets them apart, then sorted."""
    index = "ix_locks_held" if session_id is None else "ix_locks_holder"
    return query.where(held(now())).with_hint(_locks, f"FORCE INDEX ({index})", "mariadb")


def count(db: Reader, project_key: str | None, *, stale: bool = False) -> int:
    """How many locks are held, exactly."""
    query = _held_ones(sa.select(sa.func.count()).select_from(_locks), None)
    if project_key is not None:
        query = query.where(_c.project_key == project_key)
    if stale:
        query = query.where(_c.stale_at <= now())
    return int(db.value(query))


# --- what is changed -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Granted:
    """A claim was granted. `created`: at least one of its locks is new."""

    locks: Rows
    created: bool


@dataclass(frozen=True)
class Blocked:
    """A claim was not granted: `conflicts` are the locks in its way, `ahead` the rows in the line that go first.

    `behind`: the locks that those ahead wait for, where there are no conflicts. `now`: when this was so.
    """

    conflicts: Rows
    ahead: Rows
    behind: Rows
    now: datetime


@dataclass(frozen=True)
class OutOfLine:
    """The claim's place in the line is gone: its process was taken for dead."""


def claim(db: Reader, claims: Rows, terms: Row, wait: tuple[str, int] | None = None) -> Decision[Granted | Blocked | OutOfLine]:
    """Grants all the claims or none; renews those that the caller holds already: Granted, Blocked or OutOfLine.

    `wait`: the id and the place of the waiting claim that this is a try of. Raises IdConflict. May be repeated: with an id it grants
    nothing twice.
    """
    if terms["id"] is not None:
        repeated = _repeated(db, claims)
        if repeated:
            return _granted_before(db, repeated, wait)
    standing = line.of_wait(db, wait[0]) if wait is not None else []
    if wait is not None and not standing:
        return Answer(OutOfLine())
    change: Change[Granted | Blocked | OutOfLine] = Change()
    way = _Way(terms, wait[1] if wait is not None else line.LAST_PLACE)
    ids = [_claim_one(db, change, each, terms, way) for each in claims]
    if way.blocked or way.ahead:
        return Answer(way.shut(db))
    if standing:
        line.grant_ends(change, standing)
    elif not change.steps:
        return grant(way.grants, terms, way)
    _grant_all(change, way.grants, terms, way)
    change.answer_with(lambda rows: Granted(_in_order(rows, ids), bool(way.grants)), *_reading(ids))
    return change


def _granted_before(db: Reader, locks: Rows, wait: tuple[str, int] | None) -> Decision[Granted | Blocked | OutOfLine]:
    """The same claim, sent twice, was granted to the other call: this one has nothing to wait for any more."""
    change: Change[Granted | Blocked | OutOfLine] = Change()
    line.remove(db, change, [wait[0]] if wait is not None else [], "repeated")
    granted = Granted(locks, False)
    change.answer_with(lambda _: granted)
    return change if change.steps else Answer(granted)


@dataclass
class _Way:
    """What a claim meets on its way, resource by resource."""

    terms: Row
    place: int
    grants: Rows = field(default_factory=list)
    freed: set[str] = field(default_factory=set)
    blocked: Rows = field(default_factory=list)
    ahead: Rows = field(default_factory=list)
    passed: dict[str, int] = field(default_factory=dict)

    @property
    def waited(self) -> Row:
        """What the event of a grant says besides."""
        return {"waited": True} if self.place != line.LAST_PLACE else {}

    def shut(self, db: Reader) -> Blocked:
        conflicts = list({row["id"]: row for row in self.blocked}.values())
        ahead = list({(row["wait_id"], row["nth"]): row for row in self.ahead}.values())
        behind = [] if conflicts else held_against(db, ahead[:1])
        met = conflicts or behind
        return Blocked(conflicts, ahead, behind, met[0]["now"] if met else db.value(_NOW))


def _claim_one(db: Reader, change: Change[Any], each: Row, terms: Row, way: _Way) -> str:
    """Adds what is to be done for one of the resources; the id that its lock has or will have."""
    own = _clear(db, change, each["canonical"], terms, way)
    if own is None:
        _pass_by(db, change, each, terms, way)
        way.grants.append(each)
        return str(each["id"])
    if terms["id"] is not None and each["id"] != own["id"]:
        change.add(_ALIAS, {"id": each["id"], "lock_id": own["id"], "digest": each["digest"]})
    _renew(
        change,
        own,
        {name: terms[name] for name in ("ttl_hours", "description", "observed_at") if terms[name] is not None},
        terms["stale_us"],
        **way.waited,
    )
    if terms["mode"] == "exclusive" and own["mode"] == "shared":
        _make_exclusive(change, own, each["canonical"], way)
    return str(own["id"])


def _pass_by(db: Reader, change: Change[Any], each: Row, terms: Row, way: _Way) -> None:
    """Judges those that stand in front: the dead are removed, and those who wait for the caller itself are passed by."""
    rows = line.ahead(db, each["canonical"], terms, way.place)
    gone = line.dead(db, rows)
    line.remove(db, change, sorted(gone - way.freed), "died")
    way.freed |= gone
    alive = [row for row in rows if row["wait_id"] not in gone]
    passed = kept_out(db, alive, terms["session_id"])
    way.ahead += [row for row in alive if row["wait_id"] not in passed]
    way.passed[each["id"]] = sum(row["revision"] for row in alive if row["wait_id"] in passed)
    for lock_id in sorted(set(passed.values())):
        change.add(_STILL_HELD, {"lock_id": lock_id, "by": terms["session_id"]}, expect=1)


def kept_out(db: Reader, rows: Rows, session_id: str) -> dict[str, str]:
    """Those in the line who wait for a lock of the session itself, and for which. It need not let them go first: passing them by holds up
    nobody who could go, and waiting for them would be waiting for itself."""
    held = db.rows(_HELD_BY, session_id=session_id) if rows else []
    found: dict[str, str] = {}
    for wait_id in {row["wait_id"] for row in rows} if held else set():
        waiting = line.of_wait(db, wait_id)
        reason = next((lock["id"] for lock in held if any(line.conflict(row, lock) for row in waiting)), None)
        if reason is not None:
            found[wait_id] = reason
    return found


def held_against(db: Reader, rows: Rows) -> Rows:
    """The locks held that keep out any of these rows of the line."""
    found: dict[str, Row] = {}
    for row in rows:
        resource = line.resource_of(row)
        met = db.rows(_meeting(len(resource.above), resource.tree), project_key=row["project_key"], **values_of(resource))
        found |= {lock["id"]: lock for lock in map(shown, met) if lock["released_at"] is None and line.conflict(lock, row)}
    return sorted(found.values(), key=lambda lock: int(lock["revision"]))


def grant(claims: Rows, terms: Row, way: "_Way | None" = None) -> Change[Granted | Blocked | OutOfLine]:
    """The change that grants the claims when nothing stands against any of them, and answers without reading them back."""
    change: Change[Granted | Blocked | OutOfLine] = Change()
    _grant_all(change, claims, terms, way or _Way(terms, line.LAST_PLACE))
    change.answer_with(lambda rows: Granted([_granted(each, terms, **rows[0]) for each in claims], True), _GRANTED)
    return change


def _clear(db: Reader, change: Change[Any], resource: Resource, terms: Row, way: _Way) -> Row | None:
    """Notes what has expired and takes over what may be; adds the rest to `blocked`. The caller's own lock of this name, if it has one."""
    own: Row | None = None
    met = db.rows(_meeting(len(resource.above), resource.tree), project_key=terms["project_key"], **values_of(resource))
    for row in sorted(map(shown, met), key=lambda row: row["revision"]):
        if row["id"] in way.freed:
            continue
        if row["released_at"] is not None:
            way.freed.add(row["id"])
            _expire(change, row)
        elif row["session_id"] == terms["session_id"]:
            if _is(row, resource):
                own = row
        elif terms["mode"] == row["mode"] == "shared":
            continue
        elif row["stale"] and terms["take_over_stale"]:
            way.freed.add(row["id"])
            change.add(_TAKE_OVER, {"lock_id": row["id"], "by": terms["session_id"]}, expect=1)
            change.record(_event("lock.taken_over", row, terms["session_id"], holder=row["session_id"]))
        else:
            way.blocked.append(row)
    return own


def _expire(change: Change[Any], row: Row) -> None:
    change.add(_EXPIRE, {"lock_id": row["id"]}, expect=1)
    change.record(_event("lock.expired", row, None, holder=row["session_id"]))


def _grant_all(change: Change[Any], claims: Rows, terms: Row, way: _Way) -> None:
    """Adds the grants as the change's last events: each lock's revision and token are those of its event."""
    for each in claims:
        resource: Resource = each["canonical"]
        event = change.record(_event("lock.claimed", {**terms, **each}, terms["session_id"], **way.waited))
        if terms["id"] is not None:
            change.add(_NO_ALIAS, {"alias": each["id"]}, expect=1)
        change.add(
            _grant(len(resource.above), resource.tree),
            {
                **{name: terms[name] for name in ("project_key", "session_id", "description", "mode", "stale_us")},
                "id": each["id"],
                "resource": each["resource"],
                "tree": resource.tree,
                "ttl_hours": _ttl(terms),
                "ttl_us": microseconds(hours=_ttl(terms)) or None,
                "digest": each["digest"],
                "new_observed_at": terms["observed_at"],
                "place": way.place,
                "ahead": way.passed.get(each["id"], 0),
                **values_of(resource),
            },
            expect=1,
            event=event,
        )


def _granted(claim: Row, terms: Row, revision: int, at: datetime) -> Row:
    """The lock as it was just written; reading it back would cost as much as writing it."""
    nth = claim["nth_from_last"]
    ttl_us = microseconds(hours=_ttl(terms))
    return {
        **{name: terms[name] for name in ("project_key", "session_id", "description", "mode")},
        "id": claim["id"],
        "resource": claim["resource"],
        "ttl_hours": _ttl(terms),
        "fencing_token": revision - nth,
        "acquired_at": at,
        "last_activity_at": at,
        "expires_at": at + timedelta(microseconds=ttl_us) if ttl_us else None,
        "stale": False,
        **dict.fromkeys(("released_at", "released_by", "release_reason")),
    }


def _ttl(terms: Row) -> float:
    return float(terms["default_ttl_hours"] if terms["ttl_hours"] is None else terms["ttl_hours"])


def claims_of(wanted: Row) -> Rows:
    """The resources of a claim in key order, each name once, with the ids that their locks will have.

    Several resources under one id: each lock's id is derived from it and the name, so a repeated claim meets the same locks.
    """
    named = wanted["resources"] if wanted["resources"] is not None else [wanted["resource"]]
    content = {name: wanted[name] for name in ("project_key", "session_id", "description", "mode", "ttl_hours")}
    claims: dict[Resource, Row] = {}
    for resource in named:
        if wanted["id"] is None:
            lock_id = new_id()
        else:
            lock_id = wanted["id"] if wanted["resources"] is None else str(uuid.uuid5(uuid.UUID(wanted["id"]), resource))
        form = canonical(resource)
        fresh = {"id": lock_id, "resource": resource, "canonical": form, "digest": digest({**content, "resource": resource})}
        claims.setdefault(form, fresh)
    in_order = [claims[form] for form in sorted(claims, key=lambda form: (form.key, form.tree))]
    return [{**each, "nth_from_last": len(in_order) - nth} for nth, each in enumerate(in_order, 1)]


def _repeated(db: Reader, claims: Rows) -> Rows | None:
    """The locks that these very ids were granted as before, if they were."""
    stored = []
    for each in claims:
        row = db.row(_BY_ID, id=each["id"]) or db.row(_BY_ALIAS, id=each["id"])
        if row is not None:
            must_match({**row, "digest": row.get("alias_digest", row["digest"])}, each["digest"], "lock")
            stored.append(shown(row))
    return stored if len(stored) == len(claims) else None


def _make_exclusive(change: Change[Any], own: Row, resource: Resource, way: _Way) -> None:
    event = change.record(_event("lock.upgraded", {**own, "mode": "exclusive"}, own["session_id"], **way.waited))
    upgrade = _upgrade(len(resource.above), resource.tree)
    values: Row = {"project_key": own["project_key"], "lock_id": own["id"], "by": own["session_id"]}
    change.add(upgrade, {**values, **values_of(resource)}, expect=1, event=event)


def renew(db: Reader, lock_id: str, fields: Row, stale_us: int) -> Decision[Row]:
    """Counts as activity and starts the TTL anew. Raises NotFound, NotHolder, Invalid and LockLost. May be repeated."""
    lock = get(db, lock_id)
    refuse_skew(fields["observed_at"], lock["now"])
    if lock["released_at"] is not None:
        raise LockLost(lock)
    if lock["session_id"] != fields["session_id"]:
        raise NotHolder(lock)
    change: Change[Row] = Change()
    _renew(change, lock, fields, stale_us)
    change.answer_with(lambda rows: shown(rows[0]), *_reading([lock_id]))
    return change


def _renew(change: Change[Any], lock: Row, fields: Row, stale_us: int, **more: Any) -> None:
    ttl: float = {**lock, **fields}["ttl_hours"]
    change.add(
        _RENEW,
        {
            "lock_id": lock["id"],
            "by": lock["session_id"],
            "new_ttl_hours": ttl,
            "new_description": fields.get("description", lock["description"]),
            "ttl_us": microseconds(hours=ttl) or None,
            "stale_us": stale_us,
            "new_observed_at": fields.get("observed_at"),
        },
        expect=1,
    )
    change.record(_event("lock.renewed", {**lock, "ttl_hours": ttl}, lock["session_id"], **more))


def release_held(lock_id: str, session_id: str) -> Change[Row]:
    """The change that releases the caller's lock, when it holds it."""
    change: Change[Row] = Change()
    change.add(_RELEASE, {"lock_id": lock_id, "by": session_id, "reason": "released"}, expect=1)
    change.record(Event("lock.released", "lock", lock_id, session_id=session_id, statement=_RECORD_OF_LOCK))
    change.answer_with(lambda rows: shown(rows[0]), *_reading([lock_id]))
    return change


def release(db: Reader, lock_id: str, session_id: str, observed: datetime | None) -> Decision[Row]:
    """Releases the caller's lock, or anybody's that is stale. Raises NotFound, NotHolder, Invalid and Superseded. May be repeated: it is
    the same again.

    `observed`: when that was decided. Who names the id of a grant means this grant, whenever it was made: only being claimed again or
    renewed since counts as newer.
    """
    lock = get(db, lock_id)
    refuse_skew(observed, lock["now"])
    if lock["released_at"] is not None:
        return Answer(lock)
    change: Change[Row] = Change()
    _release(change, lock, session_id, observed, lock["decided_at"])
    change.answer_with(lambda rows: shown(rows[0]), *_reading([lock_id]))
    return change


def release_by_name(db: Reader, session_id: str, project_key: str, name: str, observed: datetime | None) -> Decision[Rows]:
    """Releases what the caller holds under this name, or what stands there stale. Raises NotHolder for another's live lock, Invalid and
    Superseded.

    May be repeated: a caller that held it and no longer does is told so (none released), whoever has it by now.
    """
    refuse_skew_now(db, observed)
    resource = canonical(name)
    met = db.rows(_meeting(len(resource.above), resource.tree), project_key=project_key, **values_of(resource))
    named = [row for row in map(shown, met) if _is(row, resource)]
    held = [row for row in named if row["released_at"] is None]
    locks = [row for row in held if row["session_id"] == session_id] or [row for row in held if row["stale"]]
    if not locks and held and not _held_before(db, session_id, project_key, resource):
        raise NotHolder(held[0])
    return _release_all(locks, session_id, observed)


def _held_before(db: Reader, session_id: str, project_key: str, resource: Resource) -> bool:
    query = (
        sa.select(_c.id)
        .where(_c.session_id == session_id, _c.project_key == project_key, _c.resource_key == resource.key, _c.tree == resource.tree)
        .limit(1)
    )
    return db.row(query) is not None


def of_session(db: Reader, session_id: str) -> Rows:
    """What the session holds."""
    return [shown(row) for row in db.rows(_HELD_BY, session_id=session_id)]


def _claimed_at(lock: Row) -> datetime:
    """When its holder last said that it wants it."""
    at: datetime = lock["decided_at"] or lock["acquired_at"]
    return at


def claimed_by(locks: Rows, observed: datetime | None) -> Rows:
    """Those of the locks that were claimed by this time, and not again since."""
    return [lock for lock in locks if not is_superseded(observed, _claimed_at(lock))]


def refuse_skew_now(db: Reader, observed: datetime | None) -> None:
    """Raises Invalid for a time that the database's clock has not nearly reached."""
    if observed is not None:
        refuse_skew(observed, db.value(_NOW))


def release_each(change: Change[Any], locks: Rows, session_id: str, reason: str, observed: datetime | None) -> None:
    """Adds the release of each of these locks of the session, in the order of their ids."""
    for lock in sorted(locks, key=lambda row: str(row["id"])):
        values: Row = {"lock_id": lock["id"], "by": session_id, "reason": reason}
        if observed is None:
            change.add(_RELEASE, values, expect=1)
        else:
            change.add(_RELEASE_OBSERVED, {**values, "new_observed_at": observed}, expect=1)
        change.record(_event("lock.released", lock, session_id, **({} if reason == "released" else {"reason": reason})))


def note_expired(db: Reader) -> Decision[None]:
    """The change that notes which locks have expired, some at a time; None when there are none."""
    change: Change[None] = Change()
    for row in db.rows(_EXPIRED):
        _expire(change, row)
    return change if change.steps else Answer(None)


def release_all(db: Reader, session_id: str, project_key: str | None, observed: datetime | None) -> Decision[Rows]:
    """Releases everything that the session holds (in the project), but what it claimed after it decided this. Raises Invalid. May be
    repeated: then there is nothing to release."""
    refuse_skew_now(db, observed)
    query = _held_ones(sa.select(*_shown), session_id).where(_c.session_id == session_id).order_by(unindexed(_c.revision).desc())
    if project_key is not None:
        query = query.where(_c.project_key == project_key)
    return _release_all(claimed_by([shown(row) for row in db.rows(query)], observed), session_id, observed)


def _release_all(locks: Rows, session_id: str, observed: datetime | None) -> Decision[Rows]:
    if not locks:
        return Answer([])
    change: Change[Rows] = Change()
    for lock in sorted(locks, key=lambda row: str(row["id"])):
        _release(change, lock, session_id, observed, _claimed_at(lock))
    ids = [lock["id"] for lock in locks]
    change.answer_with(lambda rows: _in_order(rows, ids), *_reading(ids))
    return change


def _release(change: Change[Any], lock: Row, session_id: str, observed: datetime | None, newest: datetime | None) -> None:
    """`newest`: what the time of the decision, `observed`, is compared with."""
    if lock["session_id"] != session_id and not lock["stale"]:
        raise NotHolder(lock)
    if newest is not None and is_superseded(observed, newest):
        raise Superseded(lock, newest)
    if lock["session_id"] == session_id:
        release_each(change, [lock], session_id, "released", observed)
    else:
        change.add(_TAKE_OVER, {"lock_id": lock["id"], "by": session_id}, expect=1)
        change.record(_event("lock.released", lock, session_id, holder=lock["session_id"], reason="stale"))


def _reading(ids: list[str]) -> tuple[Statement, Row]:
    """The query that reads these locks inside the change, and its values."""
    if len(ids) == 1:
        return _BY_ID_INSIDE, {"id": ids[0]}
    return sa.select(*_c, journal.moment.label("now")).where(_c.id.in_(ids)), {}


def _in_order(rows: Rows, ids: Iterable[str]) -> Rows:
    by_id = {row["id"]: shown(row) for row in rows}
    return [by_id[each] for each in ids]


def _event(kind: str, lock: Row, session_id: str | None, **more: Any) -> Event:
    data = {name: lock[name] for name in ("resource", "mode", "description")}
    return Event(kind, "lock", lock["id"], lock["project_key"], session_id, {**data, **more})
