"""What the service answered, read so that nothing that it may hold is a surprise: any field may be
missing, or of another type.
"""

from __future__ import annotations

from coord.client.lean import loads_or_none

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

SERVER_HEADER = "x-coord-server"


class Answer:
    """What coord answered. `headers` by their lower-case names."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def json(self) -> Any:
        """The body; None when it is empty or not JSON."""
        return loads_or_none(self.body)

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of the object that the body is; none when it is not one."""
        body = self.json
        return body if isinstance(body, dict) else {}

    def rows(self, name: str = "items") -> list[dict[str, Any]]:
        """The objects with an id in a list of the body. Anything else in it is left out: a server
        of another version, or something that is not coord, may have put it there.
        """
        listed = self.fields.get(name)
        rows = listed if isinstance(listed, list) else ()
        return [row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)]

    @property
    def error(self) -> str | None:
        """The code of coord's error; None when the answer has none."""
        error = self.fields.get("error")
        return error if isinstance(error, str) else None

    @property
    def detail(self) -> str:
        """What coord says about an error; nothing when it says nothing."""
        detail = self.fields.get("detail")
        return detail if isinstance(detail, str) else ""

    @property
    def errors(self) -> dict[str, Any]:
        """The messages of a 422, by the field that they are about."""
        errors = self.fields.get("errors")
        return errors if isinstance(errors, dict) else {}

    @property
    def is_coords(self) -> bool:
        """Whether coord itself said so, and not something that listens at its address, or a proxy
        before it: it answers our header with one of its own, whatever else it says."""
        if SERVER_HEADER not in self.headers:
            return False
        return self.status in (204, 304) or (
            isinstance(self.json, dict) and (self.ok or self.error is not None)
        )
