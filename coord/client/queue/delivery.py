"""Sending a call that has waited, and what its answer means."""

from __future__ import annotations

from coord.client.queue.call import BASE, Call
from coord.client.queue.late import without_observed_at
from coord.client.wire import Away

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from coord.client.answer import Answer


def deliver(send: Callable[[Call], Answer], call: Call) -> Answer:
    """The answer to a call that has waited. Raises Away, also when it is not coord that answers, or
    when it lets none of our calls in.

    A coord that does not know, or does not believe, when the call was decided gets it without that.
    """
    answer = _send_checked(send, call)
    if answer.status == 422 and "observed_at" in answer.errors:
        bare = without_observed_at(call)
        if bare is not None:
            return _send_checked(send, bare)
    return answer


def _send_checked(send: Callable[[Call], Answer], call: Call) -> Answer:
    answer = send(call)
    if not answer.is_coords:
        raise Away(f"something that is not coord answers {answer.status} at its address")
    if answer.status == 403 and answer.error == "forbidden":
        raise Away(f"coord refuses all calls from here: {answer.detail}")
    return answer


def is_already_done(call: Call, answer: Answer) -> bool:
    """Whether a refusal says that there is nothing to do.

    What the call takes back is not there, or was claimed again since; what it sets was set by its
    first try.
    """
    if call.method == "DELETE" and answer.status == 404:
        return True
    if answer.status != 409 or answer.error != "superseded":
        return False
    if call.method == "DELETE":
        return call.route.startswith((f"{BASE}/locks", f"{BASE}/sessions"))
    current = next((value for value in answer.fields.values() if isinstance(value, dict)), {})
    return all(
        current.get(name) == value
        for name, value in (call.body or {}).items()
        if name in current and name != "observed_at"
    )
