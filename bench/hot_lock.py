"""One lock that many clients wait for in turn, beside etcd's."""

import json
import statistics

from bench import load, service

LOCKS = "/api/coord/locks"
CLIENTS = 8


def run(kind: str, seconds: float, rounds: int) -> dict[str, float]:
    """Cycles per second of clients that all want one lock, and p99 of the claim; beside etcd's
    where it is installed, in turn.
    """
    results_of: dict[str, list[load.Result]] = {}
    with service.database(kind) as url:
        service.migrate(url)
        for _ in range(rounds):
            with service.serving(url) as (port, _process):
                results_of.setdefault("coord", []).append(
                    load.run(port, claim_and_release, CLIENTS, seconds)
                )
            if service.etcd_missing() is None:
                with service.etcd() as (port, _pid):
                    results_of.setdefault("etcd", []).append(
                        load.run(port, lock_of_etcd, CLIENTS, seconds)
                    )
                    results_of.setdefault("etcd, with leases", []).append(
                        load.run(port, locking_with(leases(port, CLIENTS)), CLIENTS, seconds)
                    )
    figures: dict[str, float] = {}
    for name, results in results_of.items():
        figures[f"{name}: cycles/s"] = statistics.median(result.rate for result in results)
        figures[f"{name}: p50 ms"] = statistics.median(result.p50 for result in results)
        figures[f"{name}: p99 ms"] = statistics.median(result.p99 for result in results)
    if "etcd" in results_of:
        figures["ratio"] = statistics.median(
            own.rate / max(one.rate, other.rate)
            for own, one, other in zip(
                results_of["coord"],
                results_of["etcd"],
                results_of["etcd, with leases"],
                strict=True,
            )
        )
    return figures


def claim_and_release(connection: load.Connection, client: int, nth: int) -> list[float]:
    body = {"project_key": "shop", "session_id": f"host/{client}", "resource": "deploy", "wait": 10}
    claimed, lock = load.timed(connection, "POST", LOCKS, body, expect=201)
    load.timed(
        connection,
        "DELETE",
        f"{LOCKS}/{json.loads(lock)['id']}?session_id=host/{client}",
        expect=200,
    )
    return [claimed]


def lock_of_etcd(
    connection: load.Connection, client: int, nth: int, lease: str | None = None
) -> list[float]:
    """Without a lease of the caller's etcd makes one for each lock."""
    body = {"name": load.base64_of("deploy")} | ({"lease": lease} if lease else {})
    locked, answer = load.timed(connection, "POST", "/v3/lock/lock", body, expect=200)
    load.timed(
        connection, "POST", "/v3/lock/unlock", {"key": json.loads(answer)["key"]}, expect=200
    )
    return [locked]


def locking_with(lease_ids: list[str]) -> load.Cycle:
    return lambda connection, client, nth: lock_of_etcd(connection, client, nth, lease_ids[client])


def leases(port: int, count: int) -> list[str]:
    """That many leases of etcd, which outlive the run."""
    connection = load.Connection(port)
    answers = [
        load.timed(connection, "POST", "/v3/lease/grant", {"TTL": 600}, expect=200)[1]
        for _ in range(count)
    ]
    connection.close()
    return [json.loads(answer)["ID"] for answer in answers]
