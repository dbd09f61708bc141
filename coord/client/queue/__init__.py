"""The offline queue: writes that could not be sent, kept until coord has answered each of them
exactly once.

It is a folder of the user's own for each repository and server: `queue.jsonl` has one call per
line, `{"ts", "method", "path", "body"}`. The file only grows until every call in it is answered,
and is then removed. How far it is answered is recorded beside it, in `queue.progress.json`. So
there is no moment at which a killed process loses a call, and a call that was sent by a process
that died before it could record that is sent again, with the same `id`, which makes the two one.
Calls that coord refused (4xx) go to `queue.rejected.jsonl` with the answer; how many of them were
reported is recorded in `queue.reported.json`.

Shell clients write the same lines to `.claude/coord-queue.jsonl` in the checkout, take no lock, and
may remove that file at any moment. It is the one file of a repository that is replayed, and only
where it is safe (`shell_file`). Its lines are copied to the queue before they are sent
(`adoption`), and it is removed when all of them are answered.

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
