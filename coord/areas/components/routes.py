"""HTTP of the components area."""

from typing import cast

from flask.typing import ResponseReturnValue

from coord.areas.components import repository
from coord.areas.components.errors import Superseded
from coord.areas.components.rows import ComponentRow, ListComponents, PageCall, Report, RetireCall
from coord.areas.components.schemas import (
    ComponentList,
    ComponentObservationList,
    ComponentSchema,
    ComponentsQuery,
    NamesSchema,
    PutComponentSchema,
    PutNamedComponentSchema,
    RetireComponentSchema,
)
from coord.errors import Invalid, NotFound
from coord.store import read, transact
from coord.web import Blueprint, PageQuery, Query, cursor_key, paginate

NEW = "New, or known anew after it was retired."
STORED = "What is stored now."
_names = NamesSchema()

blp = Blueprint(
    "components",
    __name__,
    url_prefix="/components",
    description="What state each part of a project is in.",
)


@blp.route("", methods=["PUT"])
@blp.arguments(PutComponentSchema)
@blp.response(200, ComponentSchema, description=STORED)
@blp.alt_response(201, schema=ComponentSchema, description=NEW)
@blp.raises(Superseded)
def put(report: Report) -> tuple[ComponentRow, int]:
    """Report what is seen of a component."""
    component, created = transact(repository.put, report)
    return component, 201 if created else 200


@blp.route("/<name:project_key>/<name:component>", methods=["PUT"])
@blp.arguments(PutNamedComponentSchema)
@blp.response(200, ComponentSchema, description=STORED)
@blp.alt_response(201, schema=ComponentSchema, description=NEW)
@blp.raises(Superseded)
def put_named(
    body: dict[str, object], project_key: str, component: str
) -> tuple[ComponentRow, int]:
    """Report what is seen of the component that the path names."""
    names = _checked_names(body, project_key=project_key, component=component)
    stored, created = transact(repository.put, cast(Report, {**body, **names}))
    return stored, 201 if created else 200


@blp.route("", methods=["GET"])
@blp.arguments(ComponentsQuery)
@blp.response(200, ComponentList)
def find(query: ListComponents) -> ResponseReturnValue:
    """List components as they are now: the one that became known last comes first."""
    after = cursor_key("components", query["cursor"])
    rows = read(repository.find, query, after[0] if after else None, query["limit"])
    return paginate("components", rows, query["limit"], lambda row: [row["revision"]])


@blp.route("/<name:project_key>/<name:component>", methods=["GET"])
@blp.arguments(Query)
@blp.response(200, ComponentSchema)
@blp.raises(NotFound)
def get(query: dict[str, object], project_key: str, component: str) -> ComponentRow:
    """One component as it is now."""
    return read(repository.get, project_key, component)


@blp.route("/<name:project_key>/<name:component>/history", methods=["GET"])
@blp.arguments(PageQuery)
@blp.response(200, ComponentObservationList)
@blp.raises(NotFound)
def history(query: PageCall, project_key: str, component: str) -> ResponseReturnValue:
    """Every change of a component and what was reported too late, newest first.

    A retired component's stays.
    """
    after = cursor_key("component_history", query["cursor"])
    rows = read(
        repository.history, project_key, component, after[0] if after else None, query["limit"]
    )
    return paginate("component_history", rows, query["limit"], lambda row: [row["revision"]])


@blp.route("/<name:project_key>/<name:component>", methods=["DELETE"])
@blp.arguments(RetireComponentSchema)
@blp.response(200, ComponentSchema, description="The component as it was last.")
@blp.raises(NotFound, Superseded)
def retire(query: RetireCall, project_key: str, component: str) -> ComponentRow:
    """Retire a component: it is no longer listed.

    Repeating it is fine; a later report makes it known anew.
    """
    by = query["updated_by"] or query["session_id"]
    return transact(repository.retire, project_key, component, by, query["observed_at"])


def _checked_names(body: dict[str, object], **path: str) -> dict[str, str]:
    """The names in the path; a body may repeat them. Raises Invalid when it says otherwise."""
    errors: dict[str, list[str]] = {
        name: [f"The path says '{value}', the body '{body[name]}'. Leave it out of the body."]
        for name, value in path.items()
        if body[name] not in (None, value)
    }
    errors = errors or _names.validate(path)
    if errors:
        raise Invalid(errors)
    return path
