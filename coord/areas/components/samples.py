"""The commonest write of the components area, made of example values: for `flask coord sql`."""

from datetime import UTC, datetime

from coord.areas.components import repository
from coord.areas.components.rows import ComponentRow, Report
from coord.store import Change

_AT = datetime(2026, 1, 5, 10, tzinfo=UTC)


def put_component() -> Change[tuple[ComponentRow, bool]]:
    """A report that changes the state of a component that is known."""
    report: Report = {
        "project_key": "shop",
        "component": "api",
        "state": "deployed",
        "version": "1.4.2",
        "updated_by": "web-1/agent",
        "observed_at": None,
    }
    stored: ComponentRow = {
        "revision": 40,
        "project_key": "shop",
        "component": "api",
        "state": "building",
        "version": "1.4.1",
        "notes": None,
        "updated_by": "web-1/agent",
        "updated_at": _AT,
        "observed_at": _AT,
        "previous_state": None,
        "state_since": _AT,
        "changed_revision": 41,
        "retired_at": None,
        "retired_by": None,
    }
    return repository.change_content(report, stored, ["state", "version"])
