"""How the service is called: blueprints, loading requests, pages of a list, answers, the API
document, access.

This is its face: whoever uses it imports from here.
"""

from coord.web import (
    access,
    answers,
    bounds,
    negotiation,
    openapi,
    paths,
    rates,
    refusals,
    telemetry,
)
from coord.web.access import own_url
from coord.web.answers import explain
from coord.web.blueprint import Blueprint
from coord.web.bounds import MAX_BODY_BYTES, JsonObject
from coord.web.fields import (
    Boolean,
    Choice,
    Integer,
    ListOf,
    Name,
    Number,
    ObservedAt,
    ProjectKey,
    SessionId,
    Text,
    Time,
    Uuid,
    iso,
)
from coord.web.long_answers import GIVE_WAY
from coord.web.names import SERVICE
from coord.web.negotiation import API, OLDEST_API
from coord.web.others_text import FRAME, NOTICE, framed, one_line
from coord.web.pages import cursor_key, page_of, paginate
from coord.web.paths import BASE_PATH
from coord.web.requests import (
    PROJECT_HEADER,
    SESSION_HEADER,
    NotAnObject,
    json_body,
    load,
    load_parameters,
    sent_header,
)
from coord.web.schemas import Body, PageQuery, Query, Schema, list_of, shortened, unknown_name
from coord.web.telemetry import REQUEST_ID

__all__ = [
    "API",
    "BASE_PATH",
    "FRAME",
    "GIVE_WAY",
    "MAX_BODY_BYTES",
    "NOTICE",
    "OLDEST_API",
    "PROJECT_HEADER",
    "REQUEST_ID",
    "SERVICE",
    "SESSION_HEADER",
    "Blueprint",
    "Body",
    "Boolean",
    "Choice",
    "Integer",
    "JsonObject",
    "ListOf",
    "Name",
    "NotAnObject",
    "Number",
    "ObservedAt",
    "PageQuery",
    "ProjectKey",
    "Query",
    "Schema",
    "SessionId",
    "Text",
    "Time",
    "Uuid",
    "access",
    "answers",
    "bounds",
    "cursor_key",
    "explain",
    "framed",
    "iso",
    "json_body",
    "list_of",
    "load",
    "load_parameters",
    "negotiation",
    "one_line",
    "openapi",
    "own_url",
    "page_of",
    "paginate",
    "paths",
    "rates",
    "refusals",
    "sent_header",
    "shortened",
    "telemetry",
    "unknown_name",
]
