"""A write to coord, as it is sent and as it stands in a line of the queue."""

from __future__ import annotations

import time

from coord.client.lean import dumps
from coord.client.queue.times import timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BASE = "/api/coord"
METHODS = ("POST", "PUT", "PATCH", "DELETE")
CREATES = {f"{BASE}/{name}": "id" for name in ("locks", "workflows", "work-items", "messages")}
CREATES[f"{BASE}/work-items/claim"] = "claim_id"
"""The field by which coord recognises each create when it is sent again."""


class Call:
    """A write. `ts`: when it was decided, UTC. `body`: None where it has none."""

    __slots__ = ("body", "method", "path", "ts")

    def __init__(
        self, method: str, path: str, body: dict[str, Any] | None = None, ts: str | None = None
    ) -> None:
        self.method = method
        self.path = path
        self.body = body
        self.ts = timestamp(time.time()) if ts is None else ts

    def line(self) -> bytes:
        fields = {"ts": self.ts, "method": self.method, "path": self.path, "body": self.body}
        return dumps(fields).encode("utf-8", "replace") + b"\n"

    @property
    def parameters(self) -> dict[str, Any]:
        """The fields of its query and its body."""
        fields: dict[str, Any] = {}
        for pair in self.path.partition("?")[2].split("&"):
            name, equals, value = pair.partition("=")
            if equals:
                fields[name] = unquote(value)
        return {**fields, **(self.body or {})}

    @property
    def route(self) -> str:
        return self.path.partition("?")[0]

    @property
    def session(self) -> str | None:
        parameters = self.parameters
        names = (
            parameters.get(field)
            for field in ("session_id", "from_session", "updated_by", "created_by")
        )
        return next((str(name) for name in names if name), None)


def unquote(text: str) -> str:
    """Percent-decoded, as a query is; what is not an escape stays as it is."""
    parts = text.replace("+", " ").split("%")
    decoded = parts[0].encode("utf-8", "replace")
    for part in parts[1:]:
        try:
            decoded += bytes([int(part[:2], 16)]) + part[2:].encode("utf-8", "replace")
        except ValueError:
            decoded += b"%" + part.encode("utf-8", "replace")
    return decoded.decode("utf-8", "replace")
