"""How errors are shown in the API document: the code and the docstring of each."""

import inspect
from collections.abc import Sequence
from typing import Any

import marshmallow as ma

from coord.errors import BadJson, CoordError, Forbidden, Invalid, NotJson, TooLarge, Unavailable

ANY: Sequence[type[CoordError]] = (
    BadJson,
    Forbidden,
    TooLarge,
    NotJson,
    Invalid,
    CoordError,
    Unavailable,
)
"""What any call may answer."""


class ErrorSchema(ma.Schema):
    """Every error: a sentence to act on, a code for programs, and what else is known."""

    class Meta:
        unknown = ma.INCLUDE

    detail = ma.fields.String(
        required=True, metadata={"description": "What happened, why, and what to do next."}
    )
    error = ma.fields.String(required=True, metadata={"description": "The code, for programs."})


class InvalidSchema(ErrorSchema):
    """What is wrong with which field or parameter."""

    errors = ma.fields.Dict(
        keys=ma.fields.String(), values=ma.fields.List(ma.fields.String()), required=True
    )


class UnavailableSchema(ma.Schema):
    """The one body of every 503."""

    detail = ma.fields.String(required=True)
    retry_after = ma.fields.Integer(
        required=True, metadata={"description": "Seconds; the same as in the header."}
    )


def shared_errors() -> dict[str, dict[str, Any]]:
    """The answers that any call may give, for the API document, by name."""
    return {kind.__name__: error_response(kind) for kind in ANY}


def error_response(*kinds: type[CoordError]) -> dict[str, Any]:
    """How errors of one status are documented: the code and the docstring of each."""
    text = " ".join(f"`{kind.code}`: {inspect.cleandoc(kind.__doc__ or '')}" for kind in kinds)
    schema: type[ma.Schema] = ErrorSchema
    if kinds == (CoordError,):
        text = (
            "`internal`: a bug in coord; nothing was changed, and the log has it under the answer's"
            " `X-Request-Id`."
        )
    elif kinds == (Unavailable,):
        text, schema = inspect.cleandoc(Unavailable.__doc__ or ""), UnavailableSchema
    elif kinds == (Invalid,):
        schema = InvalidSchema
    return {"description": text, "content": {"application/json": {"schema": schema}}}
