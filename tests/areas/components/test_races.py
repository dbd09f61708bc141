"""Reports at the same moment: none is lost, none counts twice."""

import random
from collections import Counter
from typing import Any

from flask import Flask

from tests.areas.components.reports import put, put_rest, states
from tests.conftest import Agent, by_many

SESSIONS = 12


def test_one_of_many_creates_it_and_every_change_is_kept(
    app: Flask, client: Agent, journal_rows: Any
) -> None:
    for number in range(10):
        name = f"c{number}"
        answers = by_many(
            app, SESSIONS, lambda agent, nth, name: put(agent, f"s{nth}", name, f"host/{nth}"), name
        )
        assert Counter(answer.status_code for answer in answers) == {201: 1, 200: SESSIONS - 1}
        history = [state for state, _ in states(client, name)]
        assert sorted(history) == sorted(f"s{nth}" for nth in range(SESSIONS))
        current = client.get(f"/components/shop/{name}").json
        assert (current["state"], current["previous_state"]) == (history[0], history[1])
    assert [row["revision"] for row in journal_rows()] == list(range(1, 10 * SESSIONS + 1))


def test_the_journal_is_a_chain_of_states(app: Flask, client: Agent, journal_rows: Any) -> None:
    def report(agent: Agent, nth: int) -> list[int]:
        return [put(agent, f"s{nth}-{turn}", by=f"host/{nth}").status_code for turn in range(5)]

    statuses = Counter(status for answers in by_many(app, SESSIONS, report) for status in answers)
    assert statuses == {201: 1, 200: SESSIONS * 5 - 1}
    told = [row["data"] for row in journal_rows()]
    assert [each["previous_state"] for each in told] == [
        None,
        *(each["state"] for each in told[:-1]),
    ]
    assert [state for state, _ in states(client)] == [each["state"] for each in reversed(told)]


def test_the_newest_observation_wins_in_whatever_order_they_come(
    app: Flask, client: Agent, journal_rows: Any
) -> None:
    def report(agent: Agent, nth: int, name: str, order: list[int]) -> Any:
        return put(agent, f"s{order[nth]}", name, observed_at=f"2026-01-05T10:00:{order[nth]:02}Z")

    for number in range(10):
        name = f"c{number}"
        order = random.Random(number).sample(range(SESSIONS), SESSIONS)
        answers = by_many(app, SESSIONS, report, name, order)
        statuses = Counter(answer.status_code for answer in answers)
        assert statuses[201] == 1
        assert set(statuses) <= {200, 201, 409}
        current = client.get(f"/components/shop/{name}").json
        assert (current["state"], current["observed_at"]) == ("s11", "2026-01-05T10:00:11.000000Z")
        history = states(client, name)
        assert sorted(state for state, _ in history) == sorted(f"s{nth}" for nth in range(SESSIONS))
        assert sum(late for _, late in history) == statuses[409]
        applied = [int(state[1:]) for state, late in history if not late]
        assert applied == sorted(applied, reverse=True)
    assert len(journal_rows()) == 10 * SESSIONS


def test_one_observation_sent_many_times_counts_once(
    app: Flask, client: Agent, journal_rows: Any
) -> None:
    for number in range(10):
        answers = by_many(
            app,
            SESSIONS,
            lambda agent, _, name: put(agent, "s", name, observed_at="2026-01-05T10:00:00Z"),
            f"c{number}",
        )
        assert Counter(answer.status_code for answer in answers) == {201: 1, 200: SESSIONS - 1}
        assert len({answer.text for answer in answers}) == 1
    assert len(journal_rows()) == 10


def test_one_late_observation_sent_many_times_is_kept_once(
    app: Flask, client: Agent, journal_rows: Any
) -> None:
    for number in range(10):
        put(client, "deployed", f"c{number}")
        answers = by_many(
            app,
            SESSIONS,
            lambda agent, _, name: put(agent, "s", name, observed_at="2026-01-05T10:00:00Z"),
            f"c{number}",
        )
        assert Counter(answer.status_code for answer in answers) == {409: SESSIONS}
        assert states(client, f"c{number}") == [("s", True), ("deployed", False)]
    assert len(journal_rows()) == 20


def test_one_confirmation_sent_many_times_counts_once(
    app: Flask, client: Agent, journal_rows: Any
) -> None:
    for number in range(10):
        put(client, "s", f"c{number}", observed_at="2026-01-05T10:00:00Z")
        answers = by_many(
            app,
            SESSIONS,
            lambda agent, _, name: put(agent, "s", name, observed_at="2026-01-05T11:00:00Z"),
            f"c{number}",
        )
        assert Counter(answer.status_code for answer in answers) == {200: SESSIONS}
    assert [row["type"] for row in journal_rows()] == [
        "component.changed",
        "component.confirmed",
    ] * 10


def test_fields_of_different_sessions_are_all_kept(app: Flask, client: Agent) -> None:
    parts = [{"state": "deployed"}, {"version": "2.0"}, {"notes": "ok"}]
    for number in range(10):
        name = f"c{number}"
        put(client, "building", name)
        by_many(app, 3, lambda agent, nth, name: put_rest(agent, name, **parts[nth]), name)
        current = client.get(f"/components/shop/{name}").json
        assert (current["state"], current["version"], current["notes"]) == ("deployed", "2.0", "ok")
        assert len(states(client, name)) == 4


def test_one_of_many_retires_it(app: Flask, client: Agent, journal_rows: Any) -> None:
    def retire(agent: Agent, nth: int, path: str) -> Any:
        return agent.delete(path, session_id=f"host/{nth}")

    for number in range(10):
        put(client, component=f"c{number}")
        answers = by_many(app, SESSIONS, retire, f"/components/shop/c{number}")
        assert Counter(answer.status_code for answer in answers) == {200: SESSIONS}
        assert len({answer.text for answer in answers}) == 1
    assert [row["type"] for row in journal_rows()] == [
        "component.changed",
        "component.retired",
    ] * 10


def test_retiring_and_reporting_at_once_ends_as_the_last_of_them_said(
    app: Flask, client: Agent, journal_rows: Any
) -> None:
    def report_or_retire(agent: Agent, nth: int) -> int:
        answer = (
            put(agent, f"s{nth}")
            if nth % 2
            else agent.delete("/components/shop/api", session_id=f"host/{nth}")
        )
        return int(answer.status_code)

    for _ in range(10):
        put(client, "first")
        assert set(by_many(app, SESSIONS, report_or_retire)) <= {200, 201}
        found = client.get("/components/shop/api").status_code == 200
        assert found == (journal_rows()[-1]["type"] != "component.retired")
