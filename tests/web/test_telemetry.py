"""What the service says of itself: a log line for each call, and the figures that Prometheus
scrapes.
"""

import json
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pythonjsonlogger.json import JsonFormatter

from coord.app import create_app
from coord.web.telemetry import CallRecord, log
from tests.conftest import Agent, make_app
from tests.service import Service
from tests.web.conftest import NOWHERE

Samples = dict[str, dict[tuple[tuple[str, str], ...], float]]


def parsed(text: str) -> Samples:
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation, family.name
        for sample in family.samples:
            labels = found.setdefault(sample.name, {})
            key = tuple(sorted(sample.labels.items()))
            assert key not in labels, f"{sample.name} {key} twice"
            labels[key] = sample.value
    return found


def calls(samples: Samples, method: str, route: str, status: int) -> float:
    return samples.get("coord_requests_total", {}).get(
        (("method", method), ("route", route), ("status", str(status))), 0
    )


def scrape(web: Agent) -> Samples:
    answer = web.get("/metrics")
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    return parsed(answer.get_data(as_text=True))


def test_each_call_is_counted_by_its_route_and_timed(web: Agent) -> None:
    before = scrape(web)
    web.get("/locks/00000000-0000-0000-0000-000000000007")
    web.get("/locks/00000000-0000-0000-0000-000000000008")
    after = scrape(web)
    counted = ("GET", "/api/coord/locks/<uuid:lock_id>", 404)
    assert calls(after, *counted) - calls(before, *counted) == 2
    timed = (("route", "/api/coord/locks/<uuid:lock_id>"),)
    assert (
        after["coord_request_seconds_count"][timed]
        - before.get("coord_request_seconds_count", {}).get(timed, 0)
        == 2
    )


def test_what_callers_make_up_makes_no_new_series(web: Agent) -> None:
    web.client.open("/livez", method="PROPFIND")
    before = scrape(web)
    for number in range(5):
        web.client.open("/livez", method=f"METHOD{number}")
        web.client.get(f"/nowhere/{number}")
    after = scrape(web)
    known = set(before["coord_requests_total"]) | {
        (("method", "GET"), ("route", "(none)"), ("status", "404"))
    }
    assert set(after["coord_requests_total"]) - known <= {
        (("method", "GET"), ("route", "/metrics"), ("status", "200"))
    }


def test_the_gauges_of_the_areas_are_the_stored_numbers(client: Agent) -> None:
    for number in range(3):
        client.post("/locks", project_key="shop", session_id="a", resource=f"r{number}")
    samples = scrape(client)
    assert samples["coord_database_up"] == {(): 1}
    assert samples["coord_locks_active"] == {(): 3}


def test_without_a_database_the_figures_say_so() -> None:
    web = Agent(create_app({"DATABASE_URL": NOWHERE}).test_client())
    assert scrape(web)["coord_database_up"] == {(): 0}


def test_every_workers_figures_are_added_up(service: Service) -> None:
    before = parsed(service.call("GET", "/metrics").body.decode())
    for _ in range(5):
        service.call("GET", "/livez")
    after = parsed(service.call("GET", "/metrics").body.decode())
    assert calls(after, "GET", "/livez", 200) - calls(before, "GET", "/livez", 200) == 5
    assert after["coord_database_up"] == {(): 1}


def service_handler() -> logging.Handler:
    """The one that writes the service's log; pytest has its own beside it."""
    return next(
        handler
        for handler in logging.getLogger("coord").handlers
        if isinstance(handler.formatter, JsonFormatter)
    )


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """The log lines of the test, as they are written."""
    written = service_handler()
    found: list[dict[str, Any]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(json.loads(written.format(record)))

    keep = Keep()
    for filter in written.filters:
        keep.addFilter(filter)
    logging.getLogger("coord").addHandler(keep)
    yield found
    logging.getLogger("coord").removeHandler(keep)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/livez", 200),
        ("GET", "/api/coord/locks", 200),
        ("POST", "/api/coord/locks", 400),
        ("DELETE", "/nowhere", 404),
        ("PUT", "/livez", 405),
    ],
)
def test_each_call_writes_one_line(
    web: Agent, lines: list[dict[str, Any]], method: str, path: str, status: int
) -> None:
    answer = web.client.open(path, method=method, headers={"X-Request-Id": "mine-1"})
    (line,) = lines
    assert answer.status_code == status
    assert {
        name: line[name] for name in ("method", "path", "status", "request_id", "peer", "level")
    } == {
        **{
            "method": method,
            "path": path,
            "status": status,
            "request_id": "mine-1",
            "peer": "127.0.0.1",
            "level": "INFO",
        }
    }
    assert 0 <= line["ms"] < 5000
    assert line["timestamp"].endswith("+00:00")


def test_a_line_is_one_line_whatever_the_path(web: Agent, lines: list[dict[str, Any]]) -> None:
    for path in (
        '/a%0a{"level":"x"}',
        "/api/coord/components/x%2Fy/%E2%80%A8",
        "/%1b[31m",
        "/%F0%9F%98%80",
    ):
        web.client.get(path)
    assert [line["path"] for line in lines] == [
        '/a\n{"level":"x"}',
        "/api/coord/components/x%2Fy/\u2028",
        "/\x1b[31m",
        "/\U0001f600",
    ]
    record = logging.makeLogRecord({"msg": "a\nb\u2028", "path": "x\ny"})
    assert len(service_handler().format(record).split("\n")) == 1


def test_a_line_that_is_read_in_a_terminal_moves_nothing_there(
    web: Agent, lines: list[dict[str, Any]]
) -> None:
    moving = "\x9b31m\x7f\u202e\u2067\U000e0041"
    web.client.get("/" + quote(moving))
    assert [line["path"] for line in lines] == ["/" + moving]
    for record in (CallRecord({"path": moving}), logging.makeLogRecord({"msg": moving})):
        written = service_handler().format(record)
        assert all(char.isprintable() for char in written), ascii(written)
        assert moving in json.loads(written).values()


def test_what_goes_wrong_names_the_call_it_went_wrong_in(lines: list[dict[str, Any]]) -> None:
    web = Agent(create_app({"DATABASE_URL": NOWHERE}).test_client())
    assert web.get("/locks").status_code == 503
    told, called = lines
    assert told["request_id"] == called["request_id"]
    assert told["level"] in ("WARNING", "ERROR")
    assert "Database unavailable" in told["message"]
    assert told["reason"]


def test_the_least_level_is_a_setting(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    make_app(f"sqlite:///{tmp_path}/coord.db", LOG_LEVEL="warning")
    try:
        assert not log.isEnabledFor(logging.INFO)
    finally:
        logging.getLogger("coord").setLevel(logging.INFO)


def test_the_service_writes_json_and_nothing_else(service: Service) -> None:
    answer = service.call("GET", "/locks", **{"X-Request-Id": "find-me"})
    assert answer.headers["X-Request-Id"] == "find-me"
    (line,) = [line for line in service.log() if line.get("request_id") == "find-me"]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/api/coord/locks", 200)
