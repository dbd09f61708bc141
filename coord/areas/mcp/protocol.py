"""The Model Context Protocol as coord speaks it: reading a message, and what is answered without a
tool. Never touches the database.

Two ways of speaking share the address. Since 2026-07-28 each request says its version in
`params._meta` and repeats it, its method and its tool in headers; nothing is agreed upon
beforehand. Before, a client began with `initialize`. coord keeps nothing between two calls in
either case, and gives out no `Mcp-Session-Id`.
https://modelcontextprotocol.io/specification/2026-07-28/basic
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import Headers

from coord import __version__
from coord.areas.mcp.errors import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    UNSUPPORTED_VERSION,
    RpcError,
)
from coord.errors import BadJson, Invalid
from coord.web import NOTICE, NotAnObject, json_body, shortened, unknown_name

CURRENT = "2026-07-28"
WITH_HANDSHAKE = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")

_META = "io.modelcontextprotocol/"
_VERSION, _CAPABILITIES, _SERVER = (
    f"{_META}protocolVersion",
    f"{_META}clientCapabilities",
    f"{_META}serverInfo",
)

METHODS = {
    True: ("server/discover", "tools/list", "tools/call"),
    False: ("initialize", "ping", "tools/list", "tools/call"),
}
"""By whether the request is of the current, stateless kind."""

# a client may keep the list of tools this long: it changes with coord's version and its areas only
FRESH_MS = 300_000

INSTRUCTIONS = (
    "Other sessions change the same things at the same time. Call checkin at the start of a turn"
    " and read what it shows. Lock what another session could change too before you change it, and"
    " unlock it when you are done. A refusal says in `detail` what to do next. project_key is the"
    " slug that your team agreed on. Subagents need a session_id of their own. " + NOTICE
)


@dataclass(frozen=True)
class RpcRequest:
    """A request of JSON-RPC. `stateless`: of the current kind."""

    id: str | int
    method: str
    params: Mapping[str, Any]
    stateless: bool


def read_request(headers: Headers) -> RpcRequest | None:
    """The request in the body; None for a notification, which asks nothing.

    Raises RpcError, NotJson and TooLarge.
    """
    message = _message()
    if "id" not in message:
        version = headers.get("MCP-Protocol-Version")
        if version is not None and version != CURRENT:
            _check_older(version)
        return None
    if isinstance(message["id"], bool) or not isinstance(message["id"], str | int):
        raise RpcError(INVALID_REQUEST, "The id of a request is a string or a whole number.")
    try:
        return _parse(message, headers)
    except RpcError as error:
        error.id = message["id"]
        raise


def _message() -> dict[str, Any]:
    try:
        message = json_body()
    except NotAnObject:
        raise RpcError(
            INVALID_REQUEST,
            "The body must be one JSON-RPC message, an object: send the messages of a batch one by"
            " one.",
        ) from None
    except BadJson as bad:
        raise RpcError(PARSE_ERROR, bad.detail) from None
    except Invalid as twice:
        raise RpcError(INVALID_REQUEST, twice.detail) from None
    if message is None:
        raise RpcError(PARSE_ERROR, "The body is empty. Send a JSON-RPC message.")
    if message.get("jsonrpc") != "2.0":
        raise RpcError(INVALID_REQUEST, 'Not a JSON-RPC message: "jsonrpc" must be "2.0".')
    if not isinstance(message.get("method"), str):
        raise RpcError(
            INVALID_REQUEST, 'Neither a request nor a notification: "method" must be a string.'
        )
    if not isinstance(message.get("params"), dict | None):
        raise RpcError(INVALID_REQUEST, '"params" must be an object.')
    return message


def _parse(message: Mapping[str, Any], headers: Headers) -> RpcRequest:
    method, params = message["method"], message.get("params") or {}
    meta = params.get("_meta")
    if not isinstance(meta, dict):
        meta = {}
    version = headers.get("MCP-Protocol-Version")
    # some clients already name a version in the header then
    opens = method == "initialize" and _VERSION not in meta
    stateless = not opens and (
        _VERSION in meta or version == CURRENT or method == "server/discover"
    )
    if stateless:
        _check_stateless(method, params, meta, headers)
    elif version is not None and not opens:
        _check_older(version)
    if method not in METHODS[stateless]:
        hint = unknown_name(method, METHODS[stateless], "method")
        raise RpcError(
            METHOD_NOT_FOUND, f"{shortened(method)}: {hint}", status=404 if stateless else 200
        )
    return RpcRequest(message["id"], method, params, stateless)


def _check_stateless(
    method: str, params: Mapping[str, Any], meta: Mapping[str, Any], headers: Headers
) -> None:
    """In the order in which the specification would have it: what is missing, what contradicts
    itself, what is not spoken here.
    """
    missing = [name for name in (_VERSION, _CAPABILITIES) if name not in meta]
    if missing:
        raise RpcError(
            INVALID_PARAMS,
            f"Needed in params._meta of every request, but not given: {', '.join(missing)}.",
        )
    mirrored = {"MCP-Protocol-Version": meta[_VERSION], "Mcp-Method": method}
    if method == "tools/call" and "name" in params:
        mirrored["Mcp-Name"] = params["name"]
    for header, value in mirrored.items():
        if _plain(headers.get(header)) != value:
            raise RpcError(
                HEADER_MISMATCH,
                f"The header {header} must say the same as the body: {shortened(str(value))}.",
            )
    if meta[_VERSION] != CURRENT:
        data = {"supported": [CURRENT], "requested": meta[_VERSION]}
        raise RpcError(
            UNSUPPORTED_VERSION,
            f"Of the versions without a handshake, {CURRENT} is spoken here.",
            data=data,
        )


def _plain(value: str | None) -> str | None:
    """A header's value; what a header cannot hold comes as `=?base64?…?=`."""
    if value is None or not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    try:
        return base64.b64decode(value[len("=?base64?") : -len("?=")], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _check_older(version: str) -> None:
    if version not in WITH_HANDSHAKE:
        versions = ", ".join((*WITH_HANDSHAKE, CURRENT))
        raise RpcError(
            INVALID_REQUEST,
            f"Unsupported protocol version: {shortened(version)} in MCP-Protocol-Version. Spoken"
            f" here: {versions}.",
        )


def answer(rpc: RpcRequest, result: dict[str, Any]) -> dict[str, Any]:
    """The result as its kind of request wants it."""
    if rpc.stateless:
        result = {"resultType": "complete", **result, "_meta": {_SERVER: _server()}}
    return {"jsonrpc": "2.0", "id": rpc.id, "result": result}


def cacheable(rpc: RpcRequest, result: dict[str, Any]) -> dict[str, Any]:
    return {**result, "ttlMs": FRESH_MS, "cacheScope": "public"} if rpc.stateless else result


def discover() -> dict[str, Any]:
    return {
        "supportedVersions": [CURRENT],
        "capabilities": {"tools": {}},
        "instructions": INSTRUCTIONS,
    }


def initialize(params: Mapping[str, Any]) -> dict[str, Any]:
    """The older handshake, in the version that the client asks for, or the last that has one."""
    wanted = params.get("protocolVersion")
    if not isinstance(wanted, str):
        raise RpcError(INVALID_PARAMS, "protocolVersion: Needed, but not given.", status=200)
    version = wanted if wanted in WITH_HANDSHAKE else WITH_HANDSHAKE[-1]
    return {
        "protocolVersion": version,
        "capabilities": {"tools": {}},
        "serverInfo": _server(),
        "instructions": INSTRUCTIONS,
    }


def _server() -> dict[str, str]:
    return {"name": "coord", "version": __version__}
