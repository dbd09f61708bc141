"""Claims that nobody works under any more are not sent."""

import time
import uuid
from typing import Any

import pytest

from coord.client.percent import quote
from coord.client.queue import BASE, Call, Queue, timestamp
from tests.client.recording import (
    ME,
    Recorder,
    claim,
    message,
    shell_adds,
)


def release(path: str, **named: Any) -> Call:
    return Call(
        "DELETE",
        f"{BASE}/{path}?{'&'.join(f'{key}={quote(str(value))}' for key, value in named.items())}",
    )


CLAIM = claim("a.py")
LOCK = str((CLAIM.body or {})["id"])
MOOT = {
    "by-id": release(f"locks/{LOCK}", session_id=ME),
    "by-id-in-capitals": release(f"locks/{LOCK.upper()}", session_id=ME),
    "by-name": release("locks", session_id=ME, project_key="p", resource="a.py"),
    "all": release("locks", session_id=ME, release_all="true"),
    "all-1": release("locks", session_id=ME, release_all="1"),
    "all-of-the-project": release("locks", session_id=ME, project_key="p", release_all="true"),
    "all-in-the-body": Call("DELETE", f"{BASE}/locks", {"session_id": ME, "release_all": True}),
    "the-end-of-the-session": release("sessions", session_id=ME),
}
NOT_MOOT = {
    "another-id": release(f"locks/{uuid.uuid4()}", session_id=ME),
    "another-session": release("locks", session_id="other", release_all="true"),
    "another-project": release("locks", session_id=ME, project_key="q", release_all="true"),
    "another-name": release("locks", session_id=ME, project_key="p", resource="b.py"),
    "by-name-of-another": release("locks", session_id="other", project_key="p", resource="a.py"),
    "the-end-of-another": release("sessions", session_id="other"),
    "a-component": Call("DELETE", f"{BASE}/components/p/a.py?session_id=a"),
}


@pytest.mark.parametrize("later", MOOT.values(), ids=MOOT.keys())
def test_a_claim_that_was_released_since_is_not_sent_but_the_release_is(
    queue: Queue, later: Call
) -> None:
    queue.append(CLAIM)
    queue.append(message("between"))
    queue.append(later)
    server = Recorder()
    done = queue.replay(server)
    assert [call.method for call in server.calls] == ["POST", "DELETE"]
    assert server.names[0] == "between"
    assert (done.sent, done.dropped, queue.is_empty) == (2, 1, True)


@pytest.mark.parametrize("later", NOT_MOOT.values(), ids=NOT_MOOT.keys())
def test_one_that_was_not_is_sent(queue: Queue, later: Call) -> None:
    queue.append(CLAIM)
    queue.append(later)
    done = queue.replay(Recorder())
    assert (done.sent, done.dropped) == (2, 0)


@pytest.mark.parametrize("earlier", MOOT.values(), ids=MOOT.keys())
def test_a_release_before_a_claim_does_not_concern_it(queue: Queue, earlier: Call) -> None:
    queue.append(earlier)
    queue.append(CLAIM)
    assert queue.replay(Recorder()).dropped == 0


def test_a_release_by_a_shell_counts_too(queue: Queue) -> None:
    queue.append(CLAIM)
    shell_adds(queue, MOOT["by-id"].line().decode())
    done = queue.replay(Recorder())
    assert (done.sent, done.dropped) == (1, 1)


@pytest.mark.parametrize(
    ("names", "moot"), [(["a", "b"], True), (["a"], False), ([], False)], ids=str
)
def test_a_claim_of_several_resources_matters_while_one_of_them_is_not_released(
    queue: Queue, names: list[str], moot: bool
) -> None:
    queue.append(
        Call(
            "POST", f"{BASE}/locks", {"project_key": "p", "session_id": ME, "resources": ["a", "b"]}
        )
    )
    for name in names:
        queue.append(release("locks", session_id=ME, project_key="p", resource=name))
    assert queue.replay(Recorder()).dropped == moot


@pytest.mark.parametrize(
    ("age_h", "body", "ended"),
    [
        (2.1, {}, True),
        (1.9, {}, False),
        (0.6, {"ttl_hours": 0.5}, True),
        (0.4, {"ttl_hours": 0.5}, False),
        (9000.0, {"ttl_hours": 0}, False),
        (2.1, {"ttl_hours": None}, True),
        (1.9, {"ttl_hours": True}, False),
        (1.9, {"ttl_hours": "1"}, False),
    ],
)
def test_a_claim_whose_time_is_over_is_not_sent(
    queue: Queue, age_h: float, body: dict[str, Any], ended: bool
) -> None:
    call = claim("x", **body)
    call.ts = timestamp(time.time() - age_h * 3600)
    queue.append(call)
    done = queue.replay(Recorder())
    assert (done.dropped, done.sent) == (int(ended), int(not ended))
