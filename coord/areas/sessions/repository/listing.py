"""Sessions as they are listed, and how many there are."""

from collections.abc import Sequence
from functools import lru_cache
from typing import cast

import sqlalchemy as sa
from sqlalchemy import bindparam as param

from coord.areas.sessions.repository.states import (
    Waiters,
    ages,
    as_answered,
    by_name,
    columns,
    conditions,
    is_there,
    ranges,
    waiters_of_areas,
    waiting_sessions,
)
from coord.areas.sessions.rows import REPORTED_STATES, STATES, SessionAnswer, SessionRow
from coord.live import Session, presence
from coord.store import Prepared, Range, Reader, along, first_of

_sessions = Session.__table__
_c = _sessions.c

NOT_ENDED = frozenset(STATES) - {"ended"}
FEW_WAITERS = 400  # past that many, a walk along the list soon meets enough of them


@lru_cache(maxsize=128)
def _listing(states: frozenset[str], waiters: Waiters, in_project: bool, paged: bool) -> Prepared:
    common: list[sa.ColumnElement[bool]] = []
    if in_project:
        common.append(_c.project_key == param("project_key"))
    if paged:
        common.append(_c.revision < param("after"))
    by_state = ranges(waiters, in_project=in_project)
    parts = [part for state in sorted(states) for part in by_state[state]]
    narrowed = [Range([*part.conditions, *common], part.index) for part in parts]
    most = param("most", type_=sa.Integer)
    shown = columns(waiters)
    return Prepared(
        first_of(_sessions, narrowed, ["revision"], most, newest_first=True, columns=shown)
    )


def _parts(states: Sequence[str] | None) -> frozenset[str]:
    """The keys of `ranges` that hold the states; None: of those that are there. All states but
    `ended` are read as two ranges.
    """
    if not states:
        return frozenset({"there"})
    wanted = frozenset(states)
    return wanted - NOT_ENDED | {"there", "noted"} if wanted >= NOT_ENDED else wanted


def find(
    db: Reader,
    name: str | None,
    project_key: str | None,
    states: Sequence[str] | None,
    after: int | None,
    limit: int,
    silent_after_us: int,
) -> list[SessionAnswer]:
    """`limit + 1` sessions at most, the one that announced itself last first, older than the
    revision `after`.
    """
    if name is not None:
        return _find_by_name(db, name, project_key, states, after, silent_after_us)
    waiters, parts = waiters_of_areas(), _parts(states)
    rows: list[SessionRow] = []
    if "waiting_for_lock" in parts:
        waiting = _waiting_names(db, waiters)
        if len(waiting) <= FEW_WAITERS:
            parts -= {"waiting_for_lock"}
            rows += _waiting(db, waiters, waiting, project_key, after)
    answers = [as_answered(row, silent_after_us) for row in rows]
    sessions = [session for session in answers if session["state"] == "waiting_for_lock"]
    if parts:
        listing = _listing(parts, waiters, project_key is not None, after is not None)
        values = {"project_key": project_key, "after": after, **ages(silent_after_us)}
        rows = cast(list[SessionRow], db.rows(listing, most=limit + 1, **values))
        sessions += [as_answered(row, silent_after_us) for row in rows]
    return sorted(sessions, key=lambda session: -session["revision"])[: limit + 1]


def _find_by_name(
    db: Reader,
    name: str,
    project_key: str | None,
    states: Sequence[str] | None,
    after: int | None,
    silent_after_us: int,
) -> list[SessionAnswer]:
    row = by_name(db, name)
    if row is None:
        return []
    session = as_answered(row, silent_after_us)
    fits = (
        (project_key is None or session["project_key"] == project_key)
        and (not states or session["state"] in states)
        and (after is None or session["revision"] < after)
    )
    return [session] if fits else []


@lru_cache(maxsize=8)
def _names(waiters: Waiters) -> Prepared:
    waiting = sa.union_all(*waiting_sessions(waiters)).subquery()
    most = param("most", type_=sa.Integer)
    return Prepared(sa.select(waiting.c.session_id).distinct().limit(most))


def _waiting_names(db: Reader, waiters: Waiters) -> list[str]:
    """The sessions that wait for a lock; of more than FEW_WAITERS, one more than that."""
    rows = db.rows(_names(waiters), most=FEW_WAITERS + 1) if waiters else []
    return [row["session_id"] for row in rows]


def _waiting(
    db: Reader, waiters: Waiters, waiting: Sequence[str], project_key: str | None, after: int | None
) -> list[SessionRow]:
    query = sa.select(*columns(waiters)).where(_c.session_id.in_(waiting), is_there)
    if project_key is not None:
        query = query.where(_c.project_key == project_key)
    if after is not None:
        query = query.where(_c.revision < after)
    return cast(list[SessionRow], db.rows(query)) if waiting else []


def find_for_board(db: Reader, limit: int, silent_after_us: int) -> list[SessionAnswer]:
    """`limit + 1` at most of all that have not ended, whoever waits for a lock among them: the page
    finds those by itself, since no event of a session says when that begins and ends.
    """
    listing = _listing(frozenset({"there", "noted"}), (), False, False)
    rows = db.rows(listing, most=limit + 1, **ages(silent_after_us))
    return [as_answered(row, silent_after_us) for row in cast(list[SessionRow], rows)]


def find_named(db: Reader, sessions: Sequence[str], silent_after_us: int) -> list[SessionAnswer]:
    """Those of the sessions that announced themselves and have not ended, for the board, in no
    order.
    """
    not_ended = sa.func.coalesce(_c.final_state, "") != "ended"
    rows = db.rows(sa.select(*columns(())).where(_c.session_id.in_(sessions), not_ended))
    return [as_answered(row, silent_after_us) for row in cast(list[SessionRow], rows)]


@lru_cache(maxsize=16)
def _counting(waiters: Waiters, in_project: bool) -> Prepared:
    """No row is read of a session that keeps its promise: those are counted as all the others."""
    scope = [_c.project_key == param("project_key", type_=sa.String)] if in_project else []
    parts = conditions(waiters)
    (waiting,), (silent,), (at_work,) = (
        parts[state] for state in ("waiting_for_human", "silent", "at_work")
    )
    missed, noted = parts["gone"]
    by_scope = presence.index_of_reported_states(in_project=in_project)

    def numbers(
        part: str, condition: sa.ColumnElement[bool], source: sa.FromClause
    ) -> sa.Select[tuple[object, ...]]:
        shown = (sa.literal(part).label("part"), _c.reported_state, sa.func.count().label("number"))
        query = sa.select(*shown).select_from(source).where(condition, *scope)
        return query.group_by(_c.reported_state)

    selects = [
        along(numbers(part, condition, _sessions), _sessions, index)
        for part, condition, index in (
            ("there", is_there, by_scope),
            ("silent", silent, "ix_sessions_due"),
            ("waiting_for_human", waiting, "ix_sessions_waiting"),
            ("missed", missed, "ix_sessions_due"),
            ("noted", noted, by_scope),
        )
    ]
    if waiters:
        waiting_for_locks = sa.union_all(*waiting_sessions(waiters)).subquery()
        once = sa.select(waiting_for_locks.c.session_id).distinct().subquery()
        source = once.join(_sessions, once.c.session_id == _c.session_id)
        waiting_for_lock = numbers("waiting_for_lock", at_work, source)
        selects.append(waiting_for_lock.prefix_with("STRAIGHT_JOIN", dialect="mariadb"))
    return Prepared(sa.union_all(*selects))


def count(db: Reader, project_key: str | None, silent_after_us: int) -> dict[str, int]:
    """How many sessions are in each state, but for those that ended, exactly."""
    values = {"project_key": project_key, **ages(silent_after_us)}
    rows = db.rows(_counting(waiters_of_areas(), project_key is not None), **values)
    of_part: dict[str, int] = {}
    at_work = dict.fromkeys((None, *REPORTED_STATES), 0)
    for row in rows:
        part, state = row["part"], row["reported_state"]
        of_part[part] = of_part.get(part, 0) + row["number"]
        if part != "noted":
            at_work[state] += row["number"] if part == "there" else -row["number"]
    return {
        "alive": at_work[None],
        **{state: at_work[state] for state in REPORTED_STATES},
        "waiting_for_lock": of_part.get("waiting_for_lock", 0),
        "waiting_for_human": of_part.get("waiting_for_human", 0),
        "silent": of_part.get("silent", 0),
        "gone": of_part.get("missed", 0) + of_part.get("noted", 0),
    }
