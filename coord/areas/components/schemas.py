"""What the components area takes and answers."""

from typing import Any

import marshmallow as ma
from marshmallow import fields

from coord.areas.components.models import COMPONENT_LENGTH, STATE_LENGTH, VERSION_LENGTH
from coord.web import (
    Body,
    Name,
    ObservedAt,
    PageQuery,
    ProjectKey,
    Query,
    Schema,
    SessionId,
    Text,
    Time,
    list_of,
)

# a convention: any other text is a state too
STATES = ("building", "built", "deploying", "deployed", "degraded", "unknown")
MAX_NOTES = 20_000


def _component(**kwargs: Any) -> Text:
    return Name(
        max_length=COMPONENT_LENGTH,
        min_length=1,
        metadata={"description": "Free text: `api`, `web/front end`."},
        **kwargs,
    )


def _state(**kwargs: Any) -> Text:
    description = f"Free text; by convention {', '.join(f'`{state}`' for state in STATES)}."
    return Name(
        max_length=STATE_LENGTH, min_length=1, metadata={"description": description}, **kwargs
    )


def _observed_at() -> ObservedAt:
    return ObservedAt("What is older than the observation stored does not become current.")


class ComponentSchema(Schema):
    """A component as it is now."""

    project_key = ProjectKey(required=True)
    component = _component(required=True)
    state = _state(required=True)
    version = fields.String(required=True, allow_none=True)
    notes = fields.String(required=True, allow_none=True)
    updated_by = SessionId(required=True)
    updated_at = Time(required=True)
    observed_at = Time(required=True)
    previous_state = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The state before the last change of state."},
    )
    state_since = Time(
        required=True, metadata={"description": "When it was first seen in this state."}
    )


ComponentList = list_of(ComponentSchema)


class ComponentObservationSchema(Schema):
    """One entry of a component's history: what it was changed to, its retirement, or what was
    reported too late to change it.
    """

    project_key = ProjectKey(required=True)
    component = _component(required=True)
    state = _state(required=True)
    version = fields.String(required=True, allow_none=True)
    notes = fields.String(required=True, allow_none=True)
    updated_by = SessionId(required=True, allow_none=True)
    updated_at = Time(required=True, metadata={"description": "When it was stored."})
    observed_at = Time(required=True)
    superseded = fields.Boolean(
        required=True,
        metadata={"description": "Came after a newer observation and so never was current."},
    )
    retired = fields.Boolean(
        required=True,
        metadata={"description": "It was retired then, in the state that it was in last."},
    )


ComponentObservationList = list_of(ComponentObservationSchema)


class NamesSchema(Schema):
    """What names a component."""

    project_key = ProjectKey(required=True)
    component = _component(required=True)


class _ReportSchema(Body):
    """What is seen of a component. A field left out keeps its value."""

    state = _state()
    version = Name(
        max_length=VERSION_LENGTH, allow_none=True, metadata={"description": "`null` clears it."}
    )
    notes = Text(
        max_length=MAX_NOTES, allow_none=True, metadata={"description": "`null` clears them."}
    )
    updated_by = SessionId(
        load_default=None, metadata={"description": "Who reports it; left out: `session_id`."}
    )
    observed_at = _observed_at()

    @ma.post_load
    def reporter(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        data["updated_by"] = data["updated_by"] or data["session_id"]
        if data["updated_by"] is None:
            raise ma.ValidationError(
                {"updated_by": ["Name the session that reports this, here or as session_id."]}
            )
        return data


class PutComponentSchema(_ReportSchema):
    """What is seen of a component.

    A field left out keeps its value; `state` is needed for a new component.
    """

    example = {
        "project_key": "shop",
        "component": "web",
        "state": "deployed",
        "version": "1.4.2",
        "updated_by": "web-1/claude",
    }

    project_key = ProjectKey(required=True)
    component = _component(required=True)


class PutNamedComponentSchema(_ReportSchema):
    """What is seen of the component that the path names.

    A field left out keeps its value; `state` is needed for a new component.
    """

    example = {
        "state": "deployed",
        "version": "1.4.2",
        "notes": "Behind a flag.",
        "updated_by": "web-1/claude",
    }

    project_key = ProjectKey(load_default=None)
    component = _component(load_default=None)


class RetireComponentSchema(Query):
    """Who retires it, and when it was seen to be gone."""

    updated_by = SessionId(
        load_default=None, metadata={"description": "Who retires it; left out: `session_id`."}
    )
    observed_at = _observed_at()


class ComponentsQuery(PageQuery):
    """Which components to list."""

    project_key = ProjectKey(load_default=None)
    component = _component(load_default=None)
    state = _state(load_default=None)
