"""What the components area adds to /status and /metrics."""

from tests.areas.components.reports import put
from tests.conftest import Agent


def test_the_components_that_changed_last_come_first(client: Agent) -> None:
    put(client, "building", "api")
    put(client, "building", "web")
    put(client, "built", "api")
    put(client, "building", "web", by="host/b")
    status = client.get("/status").json
    assert [(item["component"], item["state"]) for item in status["recent_component_changes"]] == [
        ("api", "built"),
        ("web", "building"),
    ]
    assert status["recent_component_changes"][0] == client.get("/components/shop/api").json


def test_what_is_retired_or_late_does_not_show(client: Agent) -> None:
    put(client, component="api")
    web = put(client, component="web").json
    put(client, "late", "web", observed_at="2026-01-05T10:00:00Z")
    client.delete("/components/shop/api")
    status = client.get("/status").json
    assert status["recent_component_changes"] == [web]
    assert status["counts"]["components"] == 1


def test_a_project_sees_its_own(client: Agent) -> None:
    put(client, "degraded")
    put(client, "degraded", project_key="blog")
    status = client.get("/status", project_key="blog").json
    assert [item["project_key"] for item in status["recent_component_changes"]] == ["blog"]
    assert (status["counts"]["components"], status["counts"]["components_degraded"]) == (1, 1)
    assert client.get("/status", project_key="none").json["counts"]["components"] == 0


def test_the_list_is_bounded_and_the_counts_are_exact(client: Agent) -> None:
    for number in range(52):
        put(client, ("built", "degraded", "on fire", "Built")[number % 4], f"c{number}")
    status = client.get("/status").json
    assert [item["component"] for item in status["recent_component_changes"]] == [
        f"c{number}" for number in range(51, 1, -1)
    ]
    counts = {
        name: value for name, value in status["counts"].items() if name.startswith("components")
    }
    assert counts == {
        "components": 52,
        **{
            "components_building": 0,
            "components_built": 13,
            "components_deploying": 0,
            "components_deployed": 0,
        },
        **{"components_degraded": 13, "components_unknown": 0},
    }


def test_metrics_count_components_by_state(client: Agent) -> None:
    for component, state in (
        ("a", "deployed"),
        ("b", "deployed"),
        ("c", "degraded"),
        ("d", "on fire"),
        ("e", 'a"b'),
    ):
        put(client, state, component)
    lines = client.get("/metrics").text.splitlines()
    assert 'coord_components{state="deployed"} 2.0' in lines
    assert 'coord_components{state="degraded"} 1.0' in lines
    assert 'coord_components{state="building"} 0.0' in lines
    assert 'coord_components{state="other"} 2.0' in lines
