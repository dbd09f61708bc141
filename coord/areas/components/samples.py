"""The commonest write of the components area, made of example values: for `flask coord sql`."""

from coord.areas.components import repository
from coord.store import Change, Row


def put_component() -> Change[tuple[Row, bool]]:
    """A report that changes the state of a component that is known."""
    report = {
        "project_key": "shop",
        "component": "api",
        "state": "deployed",
        "version": "1.4.2",
        "updated_by": "web-1/agent",
        "observed_at": None,
    }
    stored = {"state": "building", "version": "1.4.1", "notes": None, "previous_state": None, "changed_revision": 41}
    return repository.update(report, stored, ["state", "version"])
