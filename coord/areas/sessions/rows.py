"""What the sessions area is called with, and its rows: dicts whose keys are checked."""

from datetime import datetime
from typing import Any, NotRequired, TypedDict

REPORTED_STATES = ("working", "idle", "rate_limited")
"""What a session reports of itself. The other states coord sees by itself."""

STATES = (
    "alive", *REPORTED_STATES, "waiting_for_lock", "waiting_for_human",
    "silent", "gone", "ended",
)  # fmt: skip


class SessionFields(TypedDict):
    """What a session says of itself."""

    project_key: str | None
    agent: str | None
    task: str | None
    ttl_minutes: float | None


class Heartbeat(TypedDict):
    """A heartbeat: what is left out keeps its value.

    `state`: one of REPORTED_STATES; None: it reports none. `waiting_for`: what of a human; None: it
    is at work.
    """

    session_id: str
    project_key: NotRequired[str | None]
    agent: NotRequired[str | None]
    task: NotRequired[str | None]
    ttl_minutes: NotRequired[float | None]
    state: NotRequired[str | None]
    waiting_for: NotRequired[str | None]
    handover: NotRequired[str | None]


class CheckinCall(Heartbeat):
    """A check-in: a heartbeat that asks for what changed since the revision `after`, in `max_bytes`
    at most.
    """

    after: int | None
    max_bytes: int


class ListSessions(TypedDict):
    """A call that lists sessions; None: any."""

    name: str | None
    project_key: str | None
    state: list[str] | None
    cursor: str | None
    limit: int


class EndCall(TypedDict):
    """A call that ends a session; `observed_at`: when that was decided, None: now. `handover`: left
    out, the note stays that there is."""

    session_id: str
    handover: NotRequired[str | None]
    observed_at: datetime | None


class SessionRow(SessionFields):
    """A session as it is stored, see presence.Session, and the database's time."""

    revision: int
    session_id: str
    started_at: datetime
    last_seen_at: datetime
    expires_at: datetime | None
    ended_at: datetime | None
    final_state: str | None
    waiting_for: str | None
    waiting_since: datetime | None
    reported_state: str | None
    reported_since: datetime | None
    handover: str | None
    handover_at: datetime | None
    handed_to: str | None
    waits_for_lock: bool
    now: datetime


class SessionAnswer(SessionRow):
    """A session as it is answered; `state_since`: None where coord saw the state by itself."""

    state: str
    state_since: datetime | None


class ChangeRow(TypedDict):
    """What another session has changed: an entry of the journal, and in `what`, in few words, what
    it is about.
    """

    revision: int
    at: datetime
    type: str
    project_key: str | None
    session_id: str | None
    subject_kind: str
    subject_id: str
    data: dict[str, Any]
    what: str
