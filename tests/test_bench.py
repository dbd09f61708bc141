"""What the benchmarks compare with is there to compare with."""

import http.client
import json

from bench import compare, contenders, cpu, cycles, load, reference, service


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


def test_each_call_of_the_comparison_is_answered() -> None:
    ours = next(
        contender for contender in contenders.CONTENDERS if contender.name == "coord, SQLite"
    )
    with ours.start() as run:
        connection = load.Connection(run.port)
        for cycle in {**ours.loads, **run.more_loads}.values():
            for nth in range(2):
                assert all(seconds > 0 for seconds in cycle(connection, 0, nth))
        connection.close()


def test_the_table_has_a_part_for_each_load_and_number_of_clients() -> None:
    rows = [
        compare.Row(name, "message", clients, 1234.5, 1.25, 9.75, 800, database_us)
        for clients in (1, 8)
        for name, database_us in (("coord", 400.0), ("another", 0.0))
    ]
    table = compare.table(rows).splitlines()
    assert table[1] == "**message, 1 client**"
    assert table[8] == "**message, 8 clients**"
    assert table[5] == "| coord | 1,234 | 1.2 | 9.8 | 800 | 400 |"
    assert table[6] == "| another | 1,234 | 1.2 | 9.8 | 800 |  |"
