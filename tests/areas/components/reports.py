"""What the tests of the components area share."""

from typing import Any

from tests.conftest import Agent


def put(
    client: Agent,
    state: str | None = "built",
    component: str = "api",
    by: str = "host/a",
    **more: Any,
) -> Any:
    """A report by `by`."""
    return put_rest(client, component, by, state=state, **more)


def put_rest(client: Agent, component: str = "api", by: str = "host/a", **more: Any) -> Any:
    """A report by `by` that leaves the state out."""
    return client.put(
        "/components", **{"project_key": "shop", "component": component, "updated_by": by, **more}
    )


def states(client: Agent, component: str = "api") -> list[tuple[str, bool]]:
    """The states in the component's history, newest first, and whether each came too late."""
    items = client.get(f"/components/shop/{component}/history").json["items"]
    return [(item["state"], item["superseded"]) for item in items if not item["retired"]]
