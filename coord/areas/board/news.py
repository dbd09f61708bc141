"""The stream of a page: what has changed, a few times a second at most.

The watcher, which follows the journal for all that wait, leaves the latest revision with each
stream; what became of the lists is read once for all of them.
"""

import time
from collections.abc import Callable, Iterator

from coord.areas.board.shared import Made
from coord.errors import Stopping
from coord.live import ClientHungUp, Subscription
from coord.store import Row
from coord.web import explain

HEARTBEAT_S = 15  # proxies close what is silent for longer, often after 60 s
PACE_S = 0.2  # a person sees no difference, and many changes become one
RECONNECT_WHEN_AWAY_MS = 30_000


class News:
    """What the watcher has seen since the stream began: revisions follow each other without a
    gap.
    """

    def __init__(self) -> None:
        self.told: int | None = None
        self.latest: int | None = None

    def notes(self, entry: Row) -> bool:
        if self.told is None:
            self.told = entry["revision"] - 1
        self.latest = entry["revision"]
        return True


def follow(
    news: News, subscription: Subscription, changes: Callable[[int], Made | None]
) -> Iterator[bytes]:
    """`changes(after)`: what changed since a revision; None when that is to be read whole.

    Ends where it cannot go on, with a comment that says why.
    """
    yield b": from now on\n\n"
    try:
        while True:
            if news.told == news.latest and not subscription.wait(time.monotonic() + HEARTBEAT_S):
                yield b": nothing new\n\n"
            if news.told is not None and news.latest is not None and news.told < news.latest:
                yield _told(news.told, made := changes(news.told), news.latest)
                news.told = news.latest if made is None else made.cursor
                time.sleep(PACE_S)
    except ClientHungUp:
        return
    except Stopping:
        yield b": coord is restarting, connect again\n\n"
    except Exception as error:
        yield f"retry: {RECONNECT_WHEN_AWAY_MS}\n: {explain(error).detail}\n\n".encode()


def _told(after: int, made: Made | None, latest: int) -> bytes:
    if made is None:
        return f"id: {latest}\n\n".encode()
    answer = b"".join(made.parts).rstrip()
    return b'id: %d\ndata: {"after":%d,"answer":%s}\n\n' % (made.cursor, after, answer)
