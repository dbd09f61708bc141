"""The offline queue: writes that could not be sent, kept in a file until coord has answered each
of them exactly once.

The file is `.claude/coord-queue.jsonl`, one call per line: `{"ts", "method", "path", "body"}`; shell
clients write it too. It only grows until every call in it is answered, and is then removed. How far
it is answered is recorded beside it, in `coord-queue.state.json`. So there is no moment at which a
killed process loses a call, and a call that was sent by a process that died before it could record
that is sent again, with the same `id`, which makes the two one. Calls that coord refused (4xx) go to
`coord-queue.rejected.jsonl` with the answer; how many of them were reported is recorded in
`coord-queue.reported.json`.

A shell client takes no lock, and removes the file when its own loop has come to the end. So the file
has a second name from its first line on, `coord-queue.kept.1.jsonl`: what is removed under one name
is still there under the other, and so is what a shell adds to a file that it opened before it was
removed. The next file is `kept.2`. A kept file is removed a minute after all of it was answered.

There are two locks: one for the files, held for moments, and one for the process that replays, held
while calls are on their way. A process that only queues never waits for the network. docs/design.md
argues why nothing is lost or sent twice.
"""

from coord.client.queue.call import BASE, CREATES, Call, unquote
from coord.client.queue.queue import Queue, QueueFull, ReplayResult
from coord.client.queue.times import decided_at, new_id, seconds_of, timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.queue.queue import Position

__all__ = [
    "BASE",
    "CREATES",
    "Call",
    "Position",
    "Queue",
    "QueueFull",
    "ReplayResult",
    "decided_at",
    "new_id",
    "seconds_of",
    "timestamp",
    "unquote",
]
