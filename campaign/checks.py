"""What everybody was promised, beside what the journal and the tables say in the end.

Nothing here knows coord's code. The locks are checked by tests/faults/history.py.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from campaign.errands import Ledger
from campaign.followers import Follower
from tests.faults.history import Event
from tests.service import Service

CREATIONS = ("message.sent", "workflow.created", "work_item.created", "lock.claimed")
EXACTLY_ONCE = (*CREATIONS, "work_item.completed", "session.ended")


class Books:
    """The journal of a campaign's project, counted."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.events = list(events)
        self.counts = Counter((event.type, event.subject) for event in self.events)
        self.violations: list[str] = []

    def must_be_there(self, kind: str, promised: Iterable[str], *, once: bool = True) -> None:
        for subject in promised:
            count = self.counts[kind, subject]
            if count == 0:
                self.violations.append(f"acknowledged, and not in the journal: {kind} {subject}")
            elif count > 1 and once:
                self.violations.append(f"{count} times in the journal: {kind} {subject}")

    def must_be_once_at_most(self) -> None:
        for (kind, subject), count in self.counts.items():
            if kind in EXACTLY_ONCE and count > 1:
                self.violations.append(f"{count} times in the journal: {kind} {subject}")


def check_ledger(
    ledger: Ledger, events: list[Event], gone: list[str], service: Service
) -> list[str]:
    """What the errands were promised and is not so. `gone`: the sessions whose promise is over."""
    books = Books(events)
    books.must_be_once_at_most()
    books.must_be_there("message.sent", [*ledger.messages, *ledger.queued])
    books.must_be_there("message.read", ledger.read, once=False)
    books.must_be_there("work_item.created", ledger.items)
    books.must_be_there("work_item.claimed", ledger.claimed)
    books.must_be_there("work_item.completed", ledger.completed)
    books.must_be_there("session.ended", ledger.ended)
    # one that was noted gone before its check-in comes back with that, and is gone once more
    books.must_be_there("session.gone", gone, once=False)
    violations = [*ledger.problems, *books.violations]
    violations += _queued_in_order(ledger, events)
    violations += _items_are_whose_they_were_said_to_be(ledger, events)
    violations += _things_are_as_promised(ledger, service)
    return violations


def _queued_in_order(ledger: Ledger, events: list[Event]) -> list[str]:
    order = {message: at for at, message in enumerate(ledger.queued)}
    arrived = [event.subject for event in events if event.type == "message.sent"]
    places = [order[message] for message in arrived if message in order]
    return [] if places == sorted(places) else ["queued calls have overtaken each other"]


def _items_are_whose_they_were_said_to_be(ledger: Ledger, events: list[Event]) -> list[str]:
    by = {event.subject: event.session for event in events if event.type == "work_item.claimed"}
    return [
        f"item {item} was given to {session}, and the journal says to {by[item]}"
        for item, session in ledger.claimed.items()
        if item in by and by[item] != session
    ]


def _things_are_as_promised(ledger: Ledger, service: Service) -> list[str]:
    violations = []
    with service.caller() as caller:
        for message, subject in ledger.messages.items():
            answer = caller.call("GET", f"/messages/{message}")
            if answer.status != 200 or answer.json["subject"] != subject:
                violations.append(f"acknowledged, and not there: message {message}: {answer}")
        for item in ledger.completed:
            answer = caller.call("GET", f"/work-items/{item}")
            if answer.status != 200 or answer.json["status"] != "completed":
                violations.append(f"acknowledged, and not so: item {item} completed: {answer}")
    for component, states in ledger.states.items():
        violations += _history_has(component, states, service)
    return violations


def _history_has(component: str, states: list[str], service: Service) -> list[str]:
    """Each state that was acknowledged, in their order; the last one stands."""
    listed = [
        entry
        for entry in everything(service, f"/components?component={component}&limit=1")
        if entry["component"] == component
    ]
    if not listed or listed[0]["state"] != states[-1]:
        return [f"acknowledged, and not so: {component} is in {states[-1]}: {listed}"]
    history = everything(
        service, f"/components/{listed[0]['project_key']}/{component}/history?limit=500"
    )
    states_kept = [entry["state"] for entry in reversed(history) if entry["state"] in set(states)]
    in_order = [state for at, state in enumerate(states_kept) if state not in states_kept[:at]]
    return [] if in_order == states else [f"the history of {component} is not what was reported"]


def everything(service: Service, path: str) -> list[Any]:
    """The items of all pages."""
    items: list[Any] = []
    cursor = ""
    while True:
        answer = service.call("GET", f"{path}{cursor}")
        assert answer.status == 200, answer
        items += answer.json["items"]
        if not answer.json.get("next_cursor"):
            return items
        cursor = f"&cursor={answer.json['next_cursor']}"


def check_feed(follower: Follower, events: list[Event], end: int) -> list[str]:
    """Who follows sees each event once, in their order, and all of them up to the end."""
    seen, revisions = follower.feed, [event.revision for event in events]
    violations = list(follower.problems)
    if seen != sorted(set(seen)):
        violations.append(f"{follower.name}: events came twice, or out of their order")
    missing = sorted(revision for revision in set(revisions) - set(seen) if revision <= end)
    if missing:
        first = next(event for event in events if event.revision == missing[0])
        violations.append(
            f"{follower.name}: {len(missing)} of {len(revisions)} events never came, first {first}"
            f" (the last is {revisions[-1]})"
        )
    unknown = sorted(set(seen) - set(revisions))
    if unknown:
        violations.append(
            f"{follower.name}: {len(unknown)} events are not in the journal: {unknown[0]}"
        )
    return violations
