"""Client and server say what they are; who is too old is refused before anything is done, and loses
nothing.
"""

from pathlib import Path
from typing import Any

import pytest

from coord import __version__
from coord.client import wire
from coord.client.answer import Answer
from coord.client.queue import Call, Queue
from coord.client.wire import CLIENT, Away
from coord.client.wire import call as over_the_wire
from coord.web import negotiation
from tests.conftest import Agent
from tests.service import Service
from tests.web.conftest import assert_error

LOCK = {"project_key": "negotiation", "session_id": "host/a", "resource": "x"}


@pytest.fixture
def api_2_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(negotiation, "API", 3)
    monkeypatch.setattr(negotiation, "OLDEST_API", 2)


@pytest.fixture(autouse=True)
def nobody_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(negotiation, "_counted", set())


def said(answer: Any) -> str | None:
    found: str | None = answer.headers.get("X-Coord-Server")
    return found


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/status", 200),
        ("GET", "/nowhere", 404),
        ("POST", "/locks", 422),
        ("GET", "/livez", 200),
    ],
)
def test_who_says_what_it_is_is_told_what_the_server_is(
    web: Agent, method: str, path: str, status: int
) -> None:
    body: Any = {} if method == "POST" else None
    answer = web.call(method, path, body, headers={"X-Coord-Client": CLIENT})
    assert (answer.status_code, said(answer)) == (status, f"{__version__}; api=1; oldest-api=1")
    assert said(web.call(method, path, body)) is None


@pytest.mark.parametrize(
    "header",
    [
        "",
        "x",
        "1; api=0",
        "0.1.0",
        "0.1.0; api=",
        "0.1.0; api=one",
        "0.1.0; api=0; api=9",
        "9" * 5000,
        "é; api=0",
    ],
)
def test_what_makes_no_sense_is_as_if_it_were_not_there(
    web: Agent, api_2_only: None, header: str
) -> None:
    assert web.call("GET", "/status", headers={"X-Coord-Client": header}).status_code == 200


def test_a_newer_client_is_served(web: Agent) -> None:
    assert (
        web.call("GET", "/status", headers={"X-Coord-Client": "99.0.0; api=9"}).status_code == 200
    )


def test_one_that_is_too_old_is_told_what_to_do_and_nothing_is_done(
    web: Agent, api_2_only: None
) -> None:
    old = {"X-Coord-Client": "0.1.0; api=1"}
    told = assert_error(web.call("POST", "/locks", LOCK, headers=old), 403, "client_too_old")
    assert told["oldest_api"] == 2
    assert told["detail"].startswith(
        f"This coord 0.1.0 speaks API 1, and the server (coord {__version__}) API 2 to 3. Run:"
        " coord upgrade."
    )
    assert web.get("/locks", project_key="negotiation").json["items"] == []
    assert web.call("GET", "/status", headers={"X-Coord-Client": "0.2.0; api=2"}).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/livez", "/health", "/client", "/client/coord.pyz", "/client/install.sh", "/openapi.json"],
)
def test_it_still_gets_the_newer_client(web: Agent, api_2_only: None, path: str) -> None:
    assert web.call("GET", path, headers={"X-Coord-Client": "0.1.0; api=1"}).status_code == 200


def test_what_it_queues_stays_until_a_newer_client_sends_it(
    web: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = Queue(str(tmp_path / "queue"))
    queue.append(
        Call("POST", "/api/coord/locks", {"id": "01a20ae8-99e0-752e-9b0c-898291981899", **LOCK})
    )
    api = 1

    def send(made: Call) -> Answer:
        answer = web.call(
            made.method,
            made.path.removeprefix("/api/coord"),
            made.body,
            headers={"X-Coord-Client": f"1.0.0; api={api}"},
        )
        headers = {name.lower(): value for name, value in answer.headers.items()}
        # as wire.call does, below against the real service
        if answer.status_code == 403 and answer.json["error"] == "client_too_old":
            raise Away(answer.json["detail"])
        return Answer(answer.status_code, headers, answer.data)

    monkeypatch.setattr(negotiation, "OLDEST_API", 2)
    refused = queue.replay(send)
    assert (refused.sent, refused.waiting, refused.rejected) == (0, 1, [])
    assert "coord upgrade" in str(refused.why)
    api = 2
    done = queue.replay(send)
    assert (done.sent, done.waiting, done.rejected) == (1, 0, [])
    web.delete("/locks", session_id="host/a", release_all="true")


def test_to_the_client_that_is_as_if_the_server_were_away(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the command line and the hooks queue a write and go on."""
    monkeypatch.setattr(wire, "CLIENT", "0.0.1; api=0")
    with pytest.raises(Away, match=r"API 0, and the server .* API 1\. Run: coord upgrade"):
        over_the_wire(service.url, "POST", "/api/coord/locks", LOCK)
    assert over_the_wire(service.url, "GET", "/client").json["oldest_api"] == 1


# --- who calls ------------------------------------------------------------------------------------


def test_the_log_has_the_version_of_a_client(service: Service) -> None:
    over_the_wire(service.url, "GET", "/livez", headers={"X-Request-Id": "with"})
    service.call("GET", "/livez", **{"X-Request-Id": "without"})
    calls = {
        line["request_id"]: line.get("client")
        for line in service.log()
        if line["message"] == "call"
    }
    assert (calls["with"], calls["without"]) == (__version__, None)


def test_calls_are_counted_by_the_version_of_their_client(service: Service) -> None:
    over_the_wire(service.url, "GET", "/livez")
    shown = service.call("GET", "/metrics").body.decode()
    assert f'coord_client_calls_total{{version="{__version__}"}}' in shown
    assert 'coord_client_calls_total{version="none"}' in shown


def test_versions_that_callers_make_up_do_not_fill_the_metrics() -> None:
    labels = {
        negotiation.label(negotiation.parse_client(f"9.9.{patch}; api=1")) for patch in range(1000)
    }
    assert len(labels) == negotiation.MAX_VERSIONS + 1
    assert "other" in labels
    assert negotiation.label(None) == "none"
