"""What can go wrong, as one sentence and one code each: `{"detail": …, "error": …}`."""

from typing import Any, ClassVar

RETRY_AFTER_S = 30  # the contract's figure when the database is away
RESTARTED_AFTER_S = 1  # another worker serves already, or will in a moment


class CoordError(Exception):
    """An answer that is not a success. A subclass's docstring becomes its text in the API document.

    `facts` are the further keys of the body (JSON-ready), `headers` those of the answer.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"

    def __init__(self, detail: str, *, headers: dict[str, str] | None = None, **facts: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts = facts
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        return {"detail": self.detail, "error": self.code, **self.facts}


class BadJson(CoordError):
    """The body is not JSON, or not an object."""

    status, code = 400, "bad_json"


class Forbidden(CoordError):
    """The caller's network, host, origin or token is not allowed."""

    status, code = 403, "forbidden"


class NotFound(CoordError):
    """There is no such object or path."""

    status, code = 404, "not_found"


class IdConflict(CoordError):
    """This id was used already, for something with other content."""

    status, code = 409, "id_conflict"


class Superseded(CoordError):
    """Something newer than the `observed_at` of the call is known, and stays; it is
    carried along.
    """

    status, code = 409, "superseded"


class TooLarge(CoordError):
    """The body is over 1 MiB."""

    status, code = 413, "too_large"


class NotJson(CoordError):
    """A write whose `Content-Type` is not JSON."""

    status, code = 415, "not_json"


class Invalid(CoordError):
    """A field or parameter has a value that cannot be; `errors` lists what is wrong with each."""

    status, code = 422, "invalid"

    def __init__(self, errors: dict[str, Any]) -> None:
        first = next(iter(errors), "")
        messages = errors.get(first)
        reason = messages[0] if isinstance(messages, list) and messages else "is not valid"
        more = f" ({len(errors) - 1} more in errors)" if len(errors) > 1 else ""
        super().__init__(f"{first}: {reason}{more}", errors=errors)


class TooMany(CoordError):
    """A limit was reached; `Retry-After` says when to come back."""

    status, code = 429, "too_many"


class Unavailable(CoordError):
    """The database cannot be used now.

    The same request may be sent again later: nothing is done twice.
    """

    status = 503

    def __init__(self, reason: str = "") -> None:
        super().__init__(
            f"Database unavailable. Retry after {RETRY_AFTER_S} seconds.",
            headers={"Retry-After": str(RETRY_AFTER_S)},
        )
        self.reason = reason  # for the log and /health; the body is fixed by the contract

    def body(self) -> dict[str, Any]:
        return {"detail": self.detail, "retry_after": RETRY_AFTER_S}


class Stopping(CoordError):
    """This worker is being stopped: the call that waited in it may be sent again at once, to
    another or to its successor.
    """

    status = 503

    def __init__(self) -> None:
        super().__init__(
            f"coord is restarting. Retry after {RESTARTED_AFTER_S} second.",
            headers={"Retry-After": str(RESTARTED_AFTER_S)},
        )

    def body(self) -> dict[str, Any]:
        return {"detail": self.detail, "retry_after": RESTARTED_AFTER_S}


class SchemaBehind(CoordError):
    """The database's tables are not those of this version: the operator runs `flask db upgrade`."""

    status, code = 500, "migration_missing"

    def __init__(self, reason: str = "") -> None:
        super().__init__(
            "The database schema is not the one this version needs. The operator must run: flask db"
            " upgrade"
        )
        self.reason = reason


class HeadBroken(CoordError):
    """The table journal_head has no row, or one that is behind the journal: somebody deleted it, or
    restored without it.

    No change can be made until the operator puts it right.
    """

    status, code = 500, "internal"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Nothing can be changed: {reason}. The operator puts it right: docs/operations.md,"
            " 'Backup and restore'."
        )
