"""HTTP of the MCP area: one address, one message a call, one JSON answer."""

from collections.abc import Mapping
from typing import Any

from flask import Response, current_app, request
from flask.typing import ResponseReturnValue

from coord.areas.mcp import listing, protocol, tools
from coord.areas.mcp.errors import INVALID_PARAMS, RpcError
from coord.areas.mcp.protocol import RpcRequest
from coord.areas.mcp.schemas import ERROR, EXAMPLE, MESSAGE, RESULT, FromClientSchema
from coord.errors import Invalid
from coord.web import (
    PROJECT_HEADER,
    SESSION_HEADER,
    Blueprint,
    answers,
    load_parameters,
    sent_header,
    shortened,
    unknown_name,
)

blp = Blueprint(
    "mcp", __name__, description="The same for agents that speak the Model Context Protocol."
)

_HEADERS = {"session_id": SESSION_HEADER, "project_key": PROJECT_HEADER}
_from_client = FromClientSchema()


def _json(schema: Mapping[str, Any], description: str = "", **more: Any) -> dict[str, Any]:
    described = {"description": description} if description else {}
    return {**described, "content": {"application/json": {"schema": schema, **more}}}


_PARAMETERS = [
    {
        "in": "query",
        "name": "session_id",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    },
    {
        "in": "query",
        "name": "project_key",
        "schema": {"type": "string", "minLength": 1, "maxLength": 100},
    },
    "session",  # the header's component
]


@blp.route("/mcp", methods=["POST"])
@blp.doc(
    parameters=_PARAMETERS,
    requestBody={**_json(MESSAGE, example=EXAMPLE), "required": True},
    responses={
        200: _json(
            RESULT,
            "The answer to a request. What a tool's call refuses is a result with `isError` and the"
            " body of the call's error.",
        ),
        202: {"description": "A notification: taken, and nothing to say."},
        400: _json(ERROR, "Not a message, or one that contradicts itself."),
        404: _json(ERROR, "No such method."),
    },
)
def post() -> ResponseReturnValue:
    """Speak the Model Context Protocol: one JSON-RPC message a call.

    Version 2026-07-28, without a handshake and without sessions; `initialize` of the versions
    before is answered too. The tools are few; `session_id` and `project_key` may stand in the
    headers `X-Coord-Session` and `X-Coord-Project` or in the query, once for all calls.
    """
    from_query = load_parameters(_from_client)
    rpc = None
    try:
        rpc = protocol.read_request(request.headers)
        if rpc is None:
            return Response(status=202)
        return current_app.json.response(protocol.answer(rpc, _result(rpc, from_query)))
    except RpcError as error:
        if rpc is not None:
            error.id = rpc.id
        return answers.answer(error.status, error.body())


def _result(rpc: RpcRequest, from_query: Mapping[str, str]) -> dict[str, Any]:
    if rpc.method == "initialize":
        return protocol.initialize(rpc.params)
    if rpc.method == "server/discover":
        return protocol.cacheable(rpc, protocol.discover())
    if rpc.method == "tools/list":
        return protocol.cacheable(rpc, _list_tools(rpc))
    if rpc.method == "tools/call":
        return _call_tool(rpc, from_query)
    return {}  # ping


def _list_tools(rpc: RpcRequest) -> dict[str, Any]:
    if rpc.params.get("cursor") is not None:
        raise _wrong(rpc, "cursor: All tools are on one page; leave it out.")
    return {"tools": listing.describe(tools.offered().values())}


def _call_tool(rpc: RpcRequest, from_query: Mapping[str, str]) -> dict[str, Any]:
    name, arguments = rpc.params.get("name"), rpc.params.get("arguments")
    if not isinstance(name, str):
        raise _wrong(rpc, "name: Name the tool to call.")
    if not isinstance(arguments, dict | None):
        raise _wrong(rpc, "arguments: Must be an object.")
    offered = tools.offered().get(name)
    if offered is None:
        raise _wrong(rpc, f"{shortened(name)}: {unknown_name(name, tools.offered(), 'tool')}")
    try:
        from_client = {**_from_headers(), **from_query}
    except Invalid as refused:
        return tools.refused(refused)
    return tools.use(*offered, arguments or {}, from_client)


def _wrong(rpc: RpcRequest, message: str) -> RpcError:
    return RpcError(INVALID_PARAMS, message, status=400 if rpc.stateless else 200)


def _from_headers() -> dict[str, str]:
    """What the client's configuration says.

    An empty value says nothing; one that names a variable would be everybody's name.
    """
    sent = {name: sent_header(header) for name, header in _HEADERS.items()}
    for name, value in sent.items():
        if value and "${" in value:
            raise Invalid(
                {
                    _HEADERS[name]: [
                        f"The client sends {shortened(value)!r} as it stands: set the variable"
                        " where it is started."
                    ]
                }
            )
    return {name: value for name, value in sent.items() if value}
