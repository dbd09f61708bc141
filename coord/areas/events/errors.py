"""Why the journal cannot be read from where the caller left off."""

from coord.errors import CoordError


class CursorGone(CoordError):
    """The journal no longer reaches back to this cursor: what lies between is unknown.

    Read the current state, then go on from `oldest`.
    """

    status, code = 410, "cursor_gone"

    def __init__(self, after: int, oldest: int, newest: int) -> None:
        self.is_ahead = after > newest
        if self.is_ahead:
            why = (
                f"The journal has only come to {newest}, so {after} is not a cursor of this one"
                " (was it restored from a backup?)."
            )
        else:
            why = f"What came after {after} is no longer kept; the journal begins after {oldest}."
        super().__init__(
            f"{why} Read the current state (/status), then go on with after={oldest}.",
            oldest=str(oldest),
        )
