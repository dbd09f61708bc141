"""The locks on the board: who holds what, and who waits for it."""

from pathlib import Path

from coord.area import MAX_BOARD_ITEMS, BoardList, BoardPart
from coord.areas.locks import repository
from coord.areas.locks.rows import LockRow, WaiterAnswer
from coord.areas.locks.schemas import LockSchema, WaiterSchema
from coord.store import Reader

MAX_WAITERS = 1_000


class BoardLockSchema(LockSchema):
    """A lock without what only its own page shows: five thousand of them are a third smaller."""

    class Meta(LockSchema.Meta):
        exclude = (
            "ttl_hours", "fencing_token", "expires_at",
            "released_at", "released_by", "release_reason",
        )  # fmt: skip


def _held(db: Reader) -> list[LockRow]:
    held = {
        "project_key": None,
        "session_id": None,
        "resource": None,
        "stale": None,
        "state": "active",
    }
    return repository.find(db, held, None, MAX_BOARD_ITEMS - 1)


def _waiters(db: Reader) -> list[WaiterAnswer]:
    return repository.find_waiters(
        db, {"project_key": None, "session_id": None, "resource": None}, None, MAX_WAITERS - 1
    )


board = BoardPart(
    folder=Path(__file__).parent / "static",
    spans=repository.spans,
    counts={"Conflicts": ("lock.refused", "lock.waiting", "lock.taken_over")},
    lists=(
        BoardList(
            "locks",
            BoardLockSchema,
            "id",
            frozenset({"lock"}),
            _held,
            changed=repository.held_among,
        ),
        BoardList("waiters", WaiterSchema, "id", frozenset({"lock", "waiter"}), _waiters),
    ),
)
