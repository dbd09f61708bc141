"""The numbers of /status are exact, also of what its lists have no room for."""

from tests.conftest import Agent, Clock

MANY = 60  # more than a list of /status shows


def test_what_does_not_fit_into_the_lists_is_counted(client: Agent, clock: Clock) -> None:
    for number in range(MANY):
        project = "shop" if number % 3 else "bank"
        in_project = {"project_key": project}
        for session, resource, more in (
            (f"s{number}", f"a{number}", {}),
            ("host/a", f"b{number}", {"ttl_hours": 2.5}),
        ):
            claim = {**in_project, "session_id": session, "resource": resource}
            assert client.post("/locks", **claim, **{"ttl_hours": 0, **more}).status_code == 201
        report = {**in_project, "component": f"c{number}", "updated_by": "host/a"}
        client.put("/components", **report, state="built" if number % 2 else "building")
        client.post("/workflows", **in_project, name="w", created_by="host/a", status="active")
        client.post("/messages", from_session="host/a", subject="s", body="b", **in_project)
        client.post("/sessions/heartbeat", session_id=f"t{number}", **in_project)
    for session, minutes in (("gone", 1), ("here", 600)):
        client.post(
            "/sessions/heartbeat", session_id=session, ttl_minutes=minutes, project_key="shop"
        )
    clock.move(hours=2, minutes=10)
    client.post("/sessions/heartbeat", session_id="t1", project_key="shop")

    def counts(**scope: str) -> dict[str, int]:
        numbers: dict[str, int] = client.get("/status", session_id="me", **scope).json["counts"]
        return numbers

    everywhere = counts()
    assert everywhere["active_locks"] == 2 * MANY
    assert everywhere["stale_locks"] == 2 * MANY
    assert (everywhere["components"], everywhere["components_building"]) == (MANY, MANY // 2)
    assert everywhere["active_workflows"] == MANY
    assert everywhere["unread_messages"] == MANY
    assert everywhere["sessions"] == MANY + 1
    assert everywhere["sessions_gone"] == 1
    clock.move(minutes=30)  # the locks of host/a have expired, and nobody has noted it
    of_bank = counts(project_key="bank")
    assert of_bank["active_locks"] == of_bank["stale_locks"] == MANY // 3
    assert counts()["active_locks"] == counts()["stale_locks"] == MANY
    assert counts(project_key="shop")["unread_messages"] == 2 * MANY // 3
    assert counts(project_key="shop")["sessions"] == 2 * MANY // 3 + 1
