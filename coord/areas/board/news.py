"""The stream of a page: what has changed, a few times a second at most.

The watcher, which follows the journal for all that wait, knows the latest revision; what became of
the lists is read once for all streams.
"""

import time
from collections.abc import Callable, Iterator

from coord.areas.board.shared import BoardAnswer
from coord.errors import Stopping
from coord.live import ClientHungUp, Subscription
from coord.web import explain

HEARTBEAT_S = 15  # proxies close what is silent for longer, often after 60 s
PACE_S = 0.2  # a person sees no difference, and many changes become one
RECONNECT_WHEN_AWAY_MS = 30_000


def follow(
    subscription: Subscription, changes: Callable[[int], BoardAnswer | None]
) -> Iterator[bytes]:
    """`changes(after)`: what changed since a revision; None when that is to be read whole.

    Ends where it cannot go on, with a comment that says why.
    """
    yield b": from now on\n\n"
    sent = subscription.begins_at
    try:
        while True:
            is_new = sent < subscription.latest
            if not is_new and not subscription.wait(time.monotonic() + HEARTBEAT_S):
                yield b": nothing new\n\n"
            if sent < (latest := subscription.latest):
                yield _event(sent, answer := changes(sent), latest)
                sent = latest if answer is None else answer.cursor
                time.sleep(PACE_S)
    except ClientHungUp:
        return
    except Stopping:
        yield b": coord is restarting, connect again\n\n"
    except Exception as error:
        yield f"retry: {RECONNECT_WHEN_AWAY_MS}\n: {explain(error).detail}\n\n".encode()


def _event(after: int, answer: BoardAnswer | None, latest: int) -> bytes:
    if answer is None:
        return f"id: {latest}\n\n".encode()
    text = b"".join(answer.parts).rstrip()
    return b'id: %d\ndata: {"after":%d,"answer":%s}\n\n' % (answer.cursor, after, text)
