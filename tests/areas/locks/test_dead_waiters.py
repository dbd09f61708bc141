"""Waiters that no call is behind any more are in nobody's way."""

import uuid
from typing import Any

import pytest
from flask import Flask

from coord import upkeep
from coord.areas.locks import repository, waiting_claims
from coord.areas.locks.terms import ClaimTerms, terms_of
from coord.live import processes
from coord.store import deadline, faults, read, transact
from tests.conftest import Agent, Clock


def claim(client: Agent, session: str, resource: str) -> Any:
    return client.post("/locks", project_key="shop", session_id=session, resource=resource)


def terms_of_src(session: str) -> ClaimTerms:
    body: dict[str, Any] = {
        "project_key": "shop",
        "session_id": session,
        "resource": "src/",
        "resources": None,
        "id": None,
        "wait": 60,
    }
    body |= {
        "mode": "exclusive",
        "description": None,
        "ttl_hours": None,
        "keep_terms": False,
        "take_over_stale": None,
        "observed_at": None,
    }
    return terms_of(body, default_ttl_hours=2, stale_us=1)


def begin_to_wait(app: Flask, session: str) -> None:
    """A waiter of this process that no call is behind."""
    with app.test_request_context():
        terms = terms_of_src(session)
        transact(lambda db: repository.waiters.add(terms, str(uuid.uuid4()), 60_000_000))
        assert read(repository.waiters.count) == 1


def be_there(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_renewed_at", {})
    with app.test_request_context():
        processes.renew_lease()


def ends(journal_rows: Any) -> list[Any]:
    return [(row["type"], row["data"].get("reason")) for row in journal_rows()]


def test_a_wait_whose_process_has_died_holds_nobody_up(
    app: Flask, client: Agent, journal_rows: Any
) -> None:
    claim(client, "host/a", "src/a.py")
    begin_to_wait(app, "host/dead")
    with app.test_request_context():
        processes.end_lease()
    assert client.get("/locks/waiters").json["items"] == []
    assert claim(client, "host/b", "src/b.py").status_code == 201
    assert ends(journal_rows)[-2:] == [("lock.wait_ended", "died"), ("lock.claimed", None)]


def test_a_wait_that_began_after_its_call_was_given_up_holds_nobody_up(
    app: Flask, client: Agent, journal_rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database stood still, and went on with what it was sent before."""
    be_there(app, monkeypatch)
    begin_to_wait(app, "host/given-up")
    assert claim(client, "host/b", "src/b.py").status_code == 201
    begin_to_wait(app, "host/given-up")
    upkeep.run_once(app)
    assert ends(journal_rows).count(("lock.wait_ended", "died")) == 2
    assert claim(client, "host/c", "src/c.py").status_code == 201


def test_a_process_that_died_before_the_clock_was_set_back_holds_nobody_up(
    app: Flask, client: Agent, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    be_there(app, monkeypatch)
    monkeypatch.setattr(waiting_claims, "has_call", lambda waiter_id: True)
    begin_to_wait(app, "host/dead")
    clock.move(days=-1)
    assert claim(client, "host/b", "src/b.py").status_code == 409
    monkeypatch.setattr(processes, "LEASE_US", 0)  # its time is over, by whoever's clock
    assert claim(client, "host/b", "src/b.py").status_code == 201


def test_of_processes_that_have_ended_nothing_is_kept(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    be_there(app, monkeypatch)
    with app.test_request_context():
        assert read(processes.alive) == {processes.own_id()}
        processes.end_lease()
        assert read(processes.alive) == set()
    assert processes.own_id() not in processes._leases


def test_a_call_waits_for_another_s_word_no_longer_than_it_may_take() -> None:
    """Where the row of this process is held, those who are about to wait come one by one."""
    with processes._renewing, deadline.at_most(0.6), pytest.raises(faults.TooSlow):
        processes.renew_lease()
