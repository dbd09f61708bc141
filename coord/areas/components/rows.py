"""What the components area is called with, and its rows: dicts whose keys are checked."""

from datetime import datetime
from typing import NotRequired, TypedDict


class Content(TypedDict):
    """What is known of a component."""

    state: str
    version: str | None
    notes: str | None


class Report(TypedDict):
    """What a session saw of a component: what is left out keeps its value."""

    project_key: str
    component: str
    state: NotRequired[str]
    version: NotRequired[str | None]
    notes: NotRequired[str | None]
    updated_by: str
    observed_at: datetime | None


class ListComponents(TypedDict):
    """A call that lists components; None: any."""

    project_key: str | None
    component: str | None
    state: str | None
    cursor: str | None
    limit: int


class RetireCall(TypedDict):
    """A call that retires a component; `observed_at`: when it was seen to be gone, None: now."""

    session_id: str | None
    updated_by: str | None
    observed_at: datetime | None


class PageCall(TypedDict):
    """A call that asks for a page."""

    cursor: str | None
    limit: int


class ComponentRow(Content):
    """A component as it is stored; see models.Component."""

    revision: int
    project_key: str
    component: str
    updated_by: str
    updated_at: datetime
    observed_at: datetime
    previous_state: str | None
    state_since: datetime
    changed_revision: int
    retired_at: datetime | None
    retired_by: str | None


class ObservationRow(Content):
    """An entry of a component's history; see models.Observation."""

    revision: int
    project_key: str
    component: str
    updated_by: str | None
    updated_at: datetime
    observed_at: datetime
    superseded: bool
    retired: bool
