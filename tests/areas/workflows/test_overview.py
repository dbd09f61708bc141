"""What /status and /metrics say about workflows and work items, and what the API document does."""

import pytest

from tests.areas.workflows.conftest import WORKFLOW_KEYS, Make
from tests.conftest import Agent


@pytest.fixture
def scene(workflow: Make, item: Make) -> None:
    """Two open workflows of the shop with items, one that is over, and one of the bank."""
    shop = workflow(name="open", status="active")["id"]
    base = item("base", workflow_id=shop)["id"]
    item("waits", workflow_id=shop, depends_on=[base])
    for status in ("in_progress", "blocked", "completed", "cancelled"):
        item(status, workflow_id=shop, status=status)
    workflow(name="planned")
    over = workflow(name="over", status="cancelled")["id"]
    item("left over", workflow_id=over)
    item("theirs", workflow_id=workflow(name="bank", project_key="bank", status="blocked")["id"])


@pytest.mark.usefixtures("scene")
def test_the_overview_lists_open_workflows_newest_first_and_counts(client: Agent) -> None:
    status = client.get("/status", project_key="shop").json
    assert [each["name"] for each in status["active_workflows"]] == ["planned", "open"]
    assert list(status["active_workflows"][0]) == WORKFLOW_KEYS
    assert status["active_workflows"][1]["progress"]["total"] == 6
    counts = {
        "active_workflows": 2,
        "work_items_pending": 3,
        "work_items_in_progress": 1,
        "work_items_ready": 2,
    }
    assert {name: status["counts"][name] for name in counts} == counts
    everything = client.get("/status", session_id="host/a").json
    assert [workflow["name"] for workflow in everything["active_workflows"]] == [
        "bank",
        "planned",
        "open",
    ]
    assert everything["counts"]["work_items_ready"] == 3


def test_the_overview_is_bounded_and_its_counts_are_exact(client: Agent, workflow: Make) -> None:
    for n in range(53):
        workflow(name=str(n))
    status = client.get("/status").json
    assert [each["name"] for each in status["active_workflows"]] == [
        str(n) for n in range(52, 2, -1)
    ]
    assert status["counts"]["active_workflows"] == 53


@pytest.mark.usefixtures("scene")
def test_the_metrics_count_what_is_unfinished(client: Agent) -> None:
    text = client.get("/metrics").get_data(as_text=True)
    for line in (
        "coord_workflows_active 3.0",
        "coord_work_items_ready 3.0",
        'coord_work_items{status="pending"} 4.0',
        'coord_work_items{status="in_progress"} 1.0',
        'coord_work_items{status="blocked"} 1.0',
    ):
        assert f"\n{line}\n" in text


def test_the_api_document_has_both_families(client: Agent) -> None:
    paths = client.get("/openapi.json").json["paths"]
    tags = {
        path: {tag for method in methods.values() if "tags" in method for tag in method["tags"]}
        for path, methods in paths.items()
    }
    assert {path: found for path, found in tags.items() if "/work" in path} == {
        "/api/coord/workflows": {"workflows"},
        "/api/coord/workflows/{workflow_id}": {"workflows"},
        "/api/coord/work-items": {"work items"},
        "/api/coord/work-items/claim": {"work items"},
        "/api/coord/work-items/{item_id}": {"work items"},
    }
