"""GET /components/<project_key>/<component>."""

from tests.areas.components.reports import put
from tests.conftest import Agent


def test_one_is_as_it_was_stored(client: Agent) -> None:
    put(client, component="web")
    stored = put(client, version="1.0").json
    answer = client.get("/components/shop/api")
    assert (answer.status_code, answer.json) == (200, stored)


def test_an_unknown_one_is_not_found(client: Agent) -> None:
    put(client)
    for path in ("/components/shop/web", "/components/blog/api", "/components/shop/API"):
        answer = client.get(path)
        assert (answer.status_code, answer.json["error"]) == (404, "not_found")
        assert "component" in answer.json["detail"]


def test_an_unknown_parameter_is_refused(client: Agent) -> None:
    put(client)
    assert client.get("/components/shop/api", verbose=1).status_code == 422
    assert client.get("/components/shop/api", session_id="host/a").status_code == 200
