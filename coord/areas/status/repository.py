"""Puts the overview together: the database's time, and each area's part."""

from collections.abc import Iterable
from typing import Any

from coord.area import Area, HookFailed, Scope, call_hook
from coord.store import Reader, journal
from coord.web import iso


def overview(db: Reader, areas: Iterable[Area], scope: Scope) -> dict[str, Any]:
    """Every area's fields, ready to be sent, and all counts in one.

    An area whose hook fails is named in `failed_areas`; only its own part is missing.
    """
    fields: dict[str, Any] = {"generated_at": iso(journal.head(db).now)}
    counts: dict[str, Any] = {}
    failed: list[str] = []
    for area in areas:
        if area.status is None:
            continue
        try:
            values = call_hook(area.name, "status.read", area.status.read, db, scope)
        except HookFailed:
            failed.append(area.name)
            continue
        fields.update(area.status.schema.dump(values))
        counts.update(values.get("counts", {}))
    return {**fields, "counts": counts, "failed_areas": failed}
