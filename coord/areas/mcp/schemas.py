"""What the MCP area takes and answers, for the API document; messages are read in `protocol`."""

from typing import Any

from coord.web import ProjectKey, Schema, SessionId

MESSAGE: dict[str, Any] = {
    "type": "object",
    "required": ["jsonrpc", "method"],
    "properties": {
        "jsonrpc": {"type": "string", "enum": ["2.0"]},
        "id": {"type": ["string", "integer"], "description": "Left out: a notification."},
        "method": {"type": "string"},
        "params": {"type": ["object", "null"]},
    },
}
EXAMPLE = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}

_ID = {"type": ["string", "integer", "null"]}
_ERROR = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {
        "code": {"type": "integer"},
        "message": {"type": "string"},
        "data": {"type": "object"},
    },
}
RESULT: dict[str, Any] = {
    "type": "object",
    "required": ["jsonrpc", "id"],
    "properties": {
        "jsonrpc": {"type": "string", "enum": ["2.0"]},
        "id": _ID,
        "result": {"type": "object"},
        "error": _ERROR,
    },
}
ERROR: dict[str, Any] = {**RESULT, "required": ["jsonrpc", "id", "error"]}


class FromClientSchema(Schema):
    """What a client that cannot set headers may say in the address."""

    session_id = SessionId()
    project_key = ProjectKey()
