"""PUT /components and PUT /components/<project_key>/<component>."""

from typing import Any

import pytest

from tests.areas.components.reports import put, put_rest, states
from tests.conftest import Agent, Clock

FIELDS = [
    "project_key",
    "component",
    "state",
    "version",
    "notes",
    "updated_by",
    "updated_at",
    "observed_at",
    "previous_state",
    "state_since",
]


def test_a_new_component_is_created(client: Agent) -> None:
    answer = put(client, "building", version="1.0", notes="first try")
    assert answer.status_code == 201
    component = answer.json
    assert list(component) == FIELDS
    assert (component["project_key"], component["component"], component["state"]) == (
        "shop",
        "api",
        "building",
    )
    assert (component["version"], component["notes"], component["updated_by"]) == (
        "1.0",
        "first try",
        "host/a",
    )
    assert component["previous_state"] is None
    assert component["updated_at"] == component["observed_at"] == component["state_since"]
    assert component["updated_at"].endswith("Z")
    assert len(component["updated_at"]) == len("2026-01-05T10:00:00.000000Z")


def test_what_was_left_out_is_null(client: Agent) -> None:
    component = put(client).json
    assert list(component) == FIELDS
    assert component["version"] is None
    assert component["notes"] is None


def test_a_change_answers_200_and_remembers_the_state_before(client: Agent, clock: Clock) -> None:
    first = put(client, "building").json
    clock.move(minutes=3)
    answer = put(client, "built", by="host/b")
    assert answer.status_code == 200
    assert (answer.json["state"], answer.json["previous_state"], answer.json["updated_by"]) == (
        "built",
        "building",
        "host/b",
    )
    assert answer.json["state_since"] == answer.json["updated_at"] > first["updated_at"]


def test_the_path_form_is_the_same(client: Agent) -> None:
    created = client.put("/components/shop/api", state="building", updated_by="host/a")
    assert (created.status_code, created.json["project_key"], created.json["component"]) == (
        201,
        "shop",
        "api",
    )
    assert put(client, "built").status_code == 200
    changed = client.put("/components/shop/api", state="deployed", updated_by="host/a")
    assert (changed.status_code, changed.json["previous_state"]) == (200, "built")
    assert client.get("/components/shop/api").json == changed.json


def test_the_path_form_takes_a_body_that_repeats_the_names(client: Agent) -> None:
    body = {"project_key": "shop", "component": "api", "state": "built", "updated_by": "host/a"}
    assert client.put("/components/shop/api", **body).status_code == 201


@pytest.mark.parametrize(
    ("said", "field"),
    [({"project_key": "other"}, "project_key"), ({"component": "Api"}, "component")],
    ids=["project_key", "component"],
)
def test_a_body_that_contradicts_the_path_is_refused(
    client: Agent, said: dict[str, str], field: str
) -> None:
    answer = client.put("/components/shop/api", state="built", updated_by="host/a", **said)
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
    assert client.get("/components").json["items"] == []


def test_a_field_left_out_keeps_its_value(client: Agent) -> None:
    put(client, version="1.0", notes="slow")
    changed = put(client, "deployed").json
    assert (changed["state"], changed["version"], changed["notes"]) == ("deployed", "1.0", "slow")
    changed = put_rest(client, version="1.1").json
    assert (changed["state"], changed["version"], changed["notes"]) == ("deployed", "1.1", "slow")


@pytest.mark.parametrize("field", ["version", "notes"])
def test_null_clears_a_field(client: Agent, field: str) -> None:
    put(client, version="1.0", notes="slow")
    cleared: dict[str, Any] = {field: None}
    changed = put_rest(client, **cleared)
    assert changed.status_code == 200
    assert {name for name in ("version", "notes") if changed.json[name] is None} == {field}


def test_an_empty_text_is_kept_and_is_not_null(client: Agent) -> None:
    assert put(client, notes="").json["notes"] == ""
    assert states(client) == [("built", False)]
    assert put_rest(client, notes=None).json["notes"] is None
    assert states(client) == [("built", False), ("built", False)]


def test_state_is_needed_for_a_new_component_only(client: Agent) -> None:
    refused = put_rest(client, version="1.0")
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["state"])
    assert client.get("/components").json["items"] == []
    put(client)
    assert put_rest(client, version="1.0").status_code == 200


@pytest.mark.parametrize(
    "state",
    ["building", "built", "deploying", "deployed", "degraded", "unknown", "on fire", "Ünknown"],
)
def test_states_are_free_text(client: Agent, state: str) -> None:
    assert put(client, state).json["state"] == state


def test_state_since_moves_with_the_state_only(client: Agent, clock: Clock) -> None:
    first = put(client, "deployed", version="1.0").json
    clock.move(minutes=5)
    second = put(client, "deployed", version="1.1").json
    assert second["state_since"] == first["state_since"]
    assert second["updated_at"] > first["updated_at"]
    assert second["previous_state"] is None
    clock.move(minutes=5)
    third = put(client, "degraded").json
    assert third["state_since"] == third["updated_at"]
    clock.move(minutes=5)
    fourth = put_rest(client, notes="looking into it").json
    assert (fourth["state_since"], fourth["previous_state"]) == (third["state_since"], "deployed")


def test_a_report_that_changes_nothing_confirms(
    client: Agent, clock: Clock, journal_rows: Any
) -> None:
    first = put(client, "deployed", version="1.0").json
    clock.move(minutes=5)
    second = put(client, "deployed", by="host/b", version="1.0")
    assert second.status_code == 200
    refreshed = {name for name in FIELDS if second.json[name] != first[name]}
    assert refreshed == {"updated_by", "updated_at", "observed_at"}
    assert states(client) == [("deployed", False)]
    assert [row["type"] for row in journal_rows()] == ["component.changed", "component.confirmed"]


def test_a_report_of_nothing_at_all_confirms_too(client: Agent, journal_rows: Any) -> None:
    put(client, "deployed", version="1.0")
    answer = put_rest(client, by="host/b")
    assert (answer.status_code, answer.json["state"], answer.json["updated_by"]) == (
        200,
        "deployed",
        "host/b",
    )
    assert journal_rows()[-1]["type"] == "component.confirmed"


@pytest.mark.parametrize("field", ["state", "version", "notes"])
def test_case_and_trailing_spaces_are_a_change(client: Agent, field: str) -> None:
    put(client, **{"state": "x", "version": "x", "notes": "x", field: "built"})
    for value in ("Built", "built ", "buílt"):
        assert put_rest(client, **{field: value}).json[field] == value
    assert len(states(client)) == 4


def test_the_journal_says_what_changed(client: Agent, journal_rows: Any) -> None:
    put(client, "building")
    put(client, "built", by="host/b", version="1.0")
    put_rest(client, notes="ok")
    first, second, third = journal_rows()
    assert (second["type"], second["project_key"], second["session_id"]) == (
        "component.changed",
        "shop",
        "host/b",
    )
    assert (second["subject_kind"], second["subject_id"]) == ("component", "shop/api")
    assert first["data"] == {
        "component": "api",
        "state": "building",
        "version": None,
        "previous_state": None,
        "changed": ["state"],
    }
    assert second["data"]["changed"] == ["state", "version"]
    assert (
        second["data"]["state"],
        second["data"]["previous_state"],
        second["data"]["version"],
    ) == ("built", "building", "1.0")
    assert (third["data"]["changed"], third["data"]["previous_state"]) == (["notes"], "building")


def test_session_id_stands_in_for_updated_by(client: Agent) -> None:
    body = {"project_key": "shop", "component": "api", "state": "built"}
    assert (
        client.put("/components", **body, session_id="host/body").json["updated_by"] == "host/body"
    )
    assert (
        client.call("PUT", "/components", body, query_string={"session_id": "host/query"}).json[
            "updated_by"
        ]
        == "host/query"
    )
    assert (
        client.call("PUT", "/components", body, headers={"X-Coord-Session": "host/header"}).json[
            "updated_by"
        ]
        == "host/header"
    )
    assert (
        client.put("/components", **body, updated_by=None, session_id="host/null").json[
            "updated_by"
        ]
        == "host/null"
    )


def test_updated_by_goes_before_session_id(client: Agent) -> None:
    assert put(client, session_id="host/b").json["updated_by"] == "host/a"


def test_somebody_must_report_it(client: Agent) -> None:
    answer = client.put("/components", project_key="shop", component="api", state="built")
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["updated_by"])


def test_long_texts_are_kept_whole(client: Agent) -> None:
    long = {
        "state": "ä" * 100,
        "version": "v" * 200,
        "notes": "\N{ROCKET}" * 20_000,
        "updated_by": "h" * 200,
    }
    answer = client.put("/components", project_key="p" * 100, component="\N{ROCKET}" * 200, **long)
    assert answer.status_code == 201
    assert {name: answer.json[name] for name in long} == long
    assert client.get("/components", project_key="p" * 100, component="\N{ROCKET}" * 200).json[
        "items"
    ] == [answer.json]


BAD = [
    pytest.param({"state": None}, "state", id="state-null"),
    pytest.param({"state": ""}, "state", id="state-empty"),
    pytest.param({"state": "s" * 101}, "state", id="state-long"),
    pytest.param({"state": 7}, "state", id="state-number"),
    pytest.param({"state": ["built"]}, "state", id="state-list"),
    pytest.param({"state": "a\x00b"}, "state", id="state-nul"),
    pytest.param({"version": 1.0}, "version", id="version-number"),
    pytest.param({"version": "v" * 201}, "version", id="version-long"),
    pytest.param({"version": "\ud800"}, "version", id="version-surrogate"),
    pytest.param({"notes": {}}, "notes", id="notes-object"),
    pytest.param({"notes": "n" * 20_001}, "notes", id="notes-long"),
    pytest.param({"updated_by": ""}, "updated_by", id="updated_by-empty"),
    pytest.param({"updated_by": "u" * 201}, "updated_by", id="updated_by-long"),
    pytest.param({"updated_by": True}, "updated_by", id="updated_by-flag"),
    pytest.param({"session_id": "s" * 201}, "session_id", id="session_id-long"),
    pytest.param({"observed_at": "yesterday"}, "observed_at", id="observed_at-word"),
    pytest.param({"observed_at": "2026-01-05T10:00:00"}, "observed_at", id="observed_at-naive"),
    pytest.param({"observed_at": "2026-01-05"}, "observed_at", id="observed_at-day"),
    pytest.param({"observed_at": 1763892000}, "observed_at", id="observed_at-number"),
    pytest.param(
        {"observed_at": "0001-01-01T00:00:00+14:00"}, "observed_at", id="observed_at-before-time"
    ),
    pytest.param({"observed_at": "9999-12-31T23:59:59Z"}, "observed_at", id="observed_at-far"),
    pytest.param({"previous_state": "built"}, "previous_state", id="previous_state-is-not-set"),
    pytest.param({"id": "0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c11"}, "id", id="no-id"),
    pytest.param({"stat": "built"}, "stat", id="typo"),
]


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        *BAD,
        pytest.param({"project_key": None}, "project_key", id="project_key-null"),
        pytest.param({"project_key": ""}, "project_key", id="project_key-empty"),
        pytest.param({"project_key": "p" * 101}, "project_key", id="project_key-long"),
        pytest.param({"component": 7}, "component", id="component-number"),
        pytest.param({"component": ""}, "component", id="component-empty"),
        pytest.param({"component": "c" * 201}, "component", id="component-long"),
    ],
)
def test_bad_input_is_named_and_changes_nothing(
    client: Agent, bad: dict[str, Any], field: str
) -> None:
    answer = put(client, **{"state": "built", **bad})
    assert (answer.status_code, answer.json["error"]) == (422, "invalid")
    assert list(answer.json["errors"]) == [field]
    assert client.get("/components").json["items"] == []


@pytest.mark.parametrize(("bad", "field"), BAD)
def test_bad_input_by_path_is_named_and_changes_nothing(
    client: Agent, bad: dict[str, Any], field: str
) -> None:
    answer = client.put("/components/shop/api", **{"state": "built", "updated_by": "host/a", **bad})
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
    assert client.get("/components").json["items"] == []


@pytest.mark.parametrize(("bad", "field"), BAD)
def test_bad_input_leaves_a_known_component_alone(
    client: Agent, journal_rows: Any, bad: dict[str, Any], field: str
) -> None:
    before = put(client, "deployed").json
    assert put(client, **{"state": "built", **bad}).status_code == 422
    assert client.get("/components/shop/api").json == before
    assert len(journal_rows()) == 1


def test_a_typo_is_answered_with_the_nearest_name(client: Agent) -> None:
    answer = client.put("/components/shop/api", status="built", updated_by="host/a")
    assert answer.json["errors"]["status"] == ["Unknown field. Did you mean 'state'?"]


def test_an_unknown_parameter_is_refused(client: Agent) -> None:
    answer = client.call(
        "PUT",
        "/components/shop/api",
        {"state": "built", "updated_by": "host/a"},
        query_string={"force": "1"},
    )
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["force"])


@pytest.mark.parametrize(
    ("data", "kind", "status", "error"),
    [
        pytest.param("{", "application/json", 400, "bad_json", id="not-json"),
        pytest.param("[]", "application/json", 400, "bad_json", id="not-an-object"),
        pytest.param(
            '{"state":"built"}', "application/x-www-form-urlencoded", 415, "not_json", id="form"
        ),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(
    client: Agent, data: str, kind: str, status: int, error: str
) -> None:
    for path in ("/components", "/components/shop/api"):
        answer = client.call("PUT", path, data=data, content_type=kind)
        assert (answer.status_code, answer.json["error"]) == (status, error)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_other_methods_name_what_is_possible(client: Agent, method: str) -> None:
    answer = client.call(method, "/components/shop/api", {})
    assert answer.status_code == 405
    assert "PUT" in answer.headers["Allow"]
