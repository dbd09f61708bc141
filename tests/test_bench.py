"""What the benchmarks compare with is there to compare with."""

import http.client

from bench import cycles, service


def test_the_baseline_is_served_as_coord_is() -> None:
    with service.database("sqlite") as url:
        cycles.prepare_baseline(url)
        with service.serving(url, "bench.baseline:app", COORD_WORKERS="1") as (port, _):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("POST", "/baseline/0")
            answer = connection.getresponse()
            assert (answer.status, answer.read().strip()) == (200, b'{"row":0}')
            connection.close()
