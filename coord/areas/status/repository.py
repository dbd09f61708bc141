"""Puts the overview together: the database's time, and each area's part."""

from collections.abc import Iterable
from typing import Any

from coord.area import Scope, StatusPart
from coord.store import Reader, journal
from coord.web import Schema, Time


def overview(db: Reader, parts: Iterable[StatusPart], scope: Scope) -> dict[str, Any]:
    """Every part's fields, ready to be sent, and all counts in one."""
    last = db.row(journal.HEAD)
    whole: dict[str, Any] = {"generated_at": Time().serialize("now", last or {})}
    counts: dict[str, Any] = {}
    for part in parts:
        read = part.read(db, scope)
        whole.update(Schema.from_dict(dict(part.fields))().dump(read))
        counts.update(read.get("counts", {}))
    return {**whole, "counts": counts}
