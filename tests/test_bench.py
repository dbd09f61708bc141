"""What the benchmarks compare with is there to compare with."""

import http.client
import json

from bench import cpu, cycles, reference, service


def test_the_baseline_is_served_as_coord_is() -> None:
    with service.database("sqlite") as url:
        cycles.prepare_baseline(url)
        with service.serving(url, service.BASELINE, COORD_WORKERS="1") as (port, _):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("POST", "/baseline/0")
            answer = connection.getresponse()
            assert (answer.status, answer.read().strip()) == (200, b'{"row":0}')
            connection.close()


def test_what_costs_more_than_it_did_is_named() -> None:
    was = {"claim": 4.0, "release": 3.0, "gone": 1.0}
    assert reference.grown({"claim": 4.3, "release": 3.1, "new": 9.0}, was) == {"claim": 4.3 / 4.0}


def test_the_reference_is_of_the_calls_that_are_measured() -> None:
    kept = json.loads(reference.REFERENCE.read_text())
    assert set(kept) == {"sqlite", "mariadb"}
    for calls in kept.values():
        assert calls[cpu.BASELINE] == 1.0
    assert set(kept["sqlite"]) < set(kept["mariadb"])
