"""What a call that waited needs to be safe to send twice and late: an id, and the time at which it
was decided.
"""

from __future__ import annotations

from coord.client.percent import quote
from coord.client.queue.call import BASE, CREATES, Call
from coord.client.queue.times import decided_at, timestamp


def with_id(call: Call, seed: str) -> Call:
    """The call with an id where it is a create that a shell client queued without one.

    The same `seed` always gives the same id: it names the very line that the call stands in.
    """
    field = CREATES.get(call.route) if call.method == "POST" else None
    if field is None or (call.body or {}).get(field):
        return call
    import uuid

    body = {**(call.body or {}), field: str(uuid.uuid5(uuid.NAMESPACE_URL, f"coord-queue:{seed}"))}
    return Call(call.method, call.path, body, call.ts)


def with_observed_at(call: Call) -> Call:
    """The call with the time at which it was decided, where that keeps it from undoing something
    newer.

    A line without a time stays as it is. Only queued calls get one: a call that coord answers at
    once is judged by coord's clock, since those of workstations differ.
    """
    kind = call.route[len(BASE) :]
    takes_time = {
        "POST": kind == "/locks",
        "PUT": kind.startswith("/components"),
        "PATCH": kind.startswith(("/locks/", "/work-items/", "/workflows/")),
        "DELETE": kind.startswith(("/locks", "/components/")),
    }
    return _add_time(call) if takes_time.get(call.method) else call


def _add_time(call: Call) -> Call:
    at = decided_at(call.ts)
    if not at or call.parameters.get("observed_at"):
        return call
    if call.method == "DELETE" and not call.body:
        mark = "&" if "?" in call.path else "?"
        return Call(
            call.method, f"{call.path}{mark}observed_at={quote(timestamp(at))}", call.body, call.ts
        )
    return Call(
        call.method, call.path, {**(call.body or {}), "observed_at": timestamp(at)}, call.ts
    )


class EarlierCalls:
    """What the calls that stand before it in the queue mean for the time of the next one.

    The end of a session has the time at which it was decided, so that a session that has come back
    stays. But coord sees a session when its calls arrive, also those that have waited: behind such
    a call the end goes without a time, or it would be older than that call.

    What was queued later was decided later, whatever the clock said: one that was put back far
    would make the later of two changes of one thing the older one.
    """

    def __init__(self) -> None:
        self._sessions: set[str | None] = set()
        self._latest: dict[str, float] = {}

    def add(self, call: Call) -> None:
        self._sessions.add(call.session)
        at = decided_at(call.ts)
        if at is not None:
            thing = _thing(call)
            self._latest[thing] = max(at, self._latest.get(thing, at))

    def timed(self, call: Call) -> Call:
        """The call as it is sent, with the time at which it was decided where it needs one."""
        timed = with_observed_at(self._not_before(call))
        ends = call.method == "DELETE" and call.route == f"{BASE}/sessions"
        return _add_time(timed) if ends and call.session not in self._sessions else timed

    def _not_before(self, call: Call) -> Call:
        """With the time of an earlier call about the same thing, when its own is before that."""
        at, latest = decided_at(call.ts), self._latest.get(_thing(call))
        if at is None or latest is None or at >= latest:
            return call
        bare = without_observed_at(call) or call
        return Call(bare.method, bare.path, bare.body, timestamp(latest))


def _thing(call: Call) -> str:
    """What the call is about, by its path there."""
    parameters = call.parameters
    if call.route == f"{BASE}/components":
        names = (parameters.get("project_key"), parameters.get("component"))
        return "/".join((call.route, *(quote(str(name)) for name in names)))
    if call.method == "POST" and call.route in CREATES:
        return f"{call.route}/{parameters.get(CREATES[call.route])}"
    return call.route


def without_observed_at(call: Call) -> Call | None:
    """The call without the time that `with_observed_at` gave it; None when it has none of that
    kind.
    """
    at = decided_at(call.ts)
    if not at:
        return None
    added = timestamp(at)
    if call.body and call.body.get("observed_at") == added:
        body = {name: value for name, value in call.body.items() if name != "observed_at"}
        return Call(call.method, call.path, body, call.ts)
    route, _, query = call.path.partition("?")
    pairs = query.split("&")
    kept = [pair for pair in pairs if pair != f"observed_at={quote(added)}"]
    if kept == pairs:
        return None
    return Call(call.method, f"{route}?{'&'.join(kept)}" if kept else route, call.body, call.ts)
