"""What JSON-RPC calls an error: a message that coord cannot make sense of.

What a tool's call answers is never one of these.
"""

from typing import Any

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
HEADER_MISMATCH = -32020
UNSUPPORTED_VERSION = -32022


class RpcError(Exception):
    """`status`: of the HTTP answer. `id`: of the request, where it could be read."""

    def __init__(self, code: int, message: str, *, status: int = 400, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.data = data
        self.id: str | int | None = None

    def body(self) -> dict[str, Any]:
        error = {"code": self.code, "message": self.message} | (
            {} if self.data is None else {"data": self.data}
        )
        return {"jsonrpc": "2.0", "id": self.id, "error": error}
