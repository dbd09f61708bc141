"""What contenders are asked, each in its own words: functions that make one cycle of calls."""

import json

from bench import cycles
from bench.load import Connection, Cycle, base64_of, timed

BASE = "/api/coord"


def component(connection: Connection, client: int, nth: int) -> list[float]:
    report = {
        "project_key": "shop",
        "component": f"api{client}",
        "state": "built" if nth % 2 else "building",
        "updated_by": f"host/{client}",
    }
    status = 200 if nth else None
    return [timed(connection, "PUT", f"{BASE}/components", report, expect=status)[0]]


def message(connection: Connection, client: int, nth: int) -> list[float]:
    message = {
        "project_key": "shop",
        "from_session": f"host/{client}",
        "to_session": f"host/{client + 1}",
        "subject": "hello",
        "body": "the orders are migrated " * 4,
    }
    return [timed(connection, "POST", f"{BASE}/messages", message, expect=201)[0]]


def work_items(port: int) -> Cycle:
    """One is made, the next one claimed and completed; all in one workflow."""
    connection = Connection(port)
    workflow = {"project_key": "shop", "name": "bench", "created_by": "host/0"}
    _, answer = timed(connection, "POST", f"{BASE}/workflows", workflow, expect=201)
    connection.close()
    own = {"project_key": "shop", "workflow_id": json.loads(answer)["id"]}

    def call(connection: Connection, client: int, nth: int) -> list[float]:
        item = {**own, "title": f"step {nth} of {client}"}
        made, _ = timed(connection, "POST", f"{BASE}/work-items", item, expect=201)
        mine = {**own, "session_id": f"host/{client}"}
        claimed, answer = timed(connection, "POST", f"{BASE}/work-items/claim", mine, expect=200)
        one = f"{BASE}/work-items/{json.loads(answer)['id']}"
        ended = {"status": "completed", "session_id": f"host/{client}"}
        completed, _ = timed(connection, "PATCH", one, ended, expect=200)
        return [made, claimed, completed]

    return call


def get(target: str) -> Cycle:
    def call(connection: Connection, client: int, nth: int) -> list[float]:
        return [timed(connection, "GET", target.format(client=client), expect=200)[0]]

    return call


def check_in(connection: Connection, client: int, nth: int) -> list[float]:
    asked = {"session_id": f"host/{client}", "project_key": "shop", "ttl_minutes": 60}
    return [timed(connection, "POST", f"{BASE}/sessions/checkin", asked, expect=200)[0]]


def lease(connection: Connection, client: int, nth: int) -> list[float]:
    resource = f"src/{client}/file{nth % cycles.RESOURCES}.py"
    body = {"resource": resource, "agent_id": f"host-{client}", "note": "bench"}
    acquired, _ = timed(connection, "POST", "/leases/acquire", body, expect=200)
    released, _ = timed(
        connection,
        "POST",
        "/leases/release",
        {"resource": resource, "agent_id": f"host-{client}"},
        expect=200,
    )
    return [acquired, released]


def note(connection: Connection, client: int, nth: int) -> list[float]:
    note = {
        "channel": f"@host-{client + 1}",
        "agent_id": f"host-{client}",
        "body": "the orders are migrated " * 4,
    }
    return [timed(connection, "POST", "/messages", note, expect=200)[0]]


def heartbeat(connection: Connection, client: int, nth: int) -> list[float]:
    asked = {"agent_id": f"host-{client}"}
    return [timed(connection, "POST", "/agents/heartbeat", asked, expect=200)[0]]


def key(connection: Connection, client: int, nth: int) -> list[float]:
    """A key that must not be there yet is put, and deleted: a lock as etcd's users write it."""
    key = base64_of(f"src/{client}/file{nth % cycles.RESOURCES}.py")
    put = {
        "compare": [{"key": key, "target": "CREATE", "create_revision": "0"}],
        "success": [{"request_put": {"key": key, "value": base64_of(f"host/{client}")}}],
    }
    claimed, answer = timed(connection, "POST", "/v3/kv/txn", put, expect=200)
    if not json.loads(answer).get("succeeded"):
        raise RuntimeError("etcd refused a key that nobody holds")
    released, _ = timed(connection, "POST", "/v3/kv/deleterange", {"key": key}, expect=200)
    return [claimed, released]
