"""Open pages of the board without their browsers: the calls that live.js makes, when it makes them.

Forty browsers would use the processor that the service is measured on.
"""

import asyncio
import random
import re

from bench.load import request

SHARED_S = 0.2
SHARED_WHOLE_S = 10
WHOLE_EVERY_S = 30
WHOLE_COSTS = 30
API = "/api/coord"


class Page:
    """One reader: follows the stream, and reads everything now and then."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._cursor = 0

    async def live(self) -> None:
        followed = asyncio.create_task(self._follow())
        connection = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 24)
        loop = asyncio.get_running_loop()
        spread = random.uniform(0.5, 1)  # pages are opened at different times
        while not followed.done():
            began = loop.time()
            await self._read(connection, f"max_age={SHARED_WHOLE_S}")
            await self._read(connection, f"after={self._cursor}&max_age={SHARED_S}")
            pause = max(WHOLE_EVERY_S, WHOLE_COSTS * (loop.time() - began))
            await asyncio.wait([followed], timeout=spread * pause)
            spread = 1
        await followed

    async def _read(
        self, connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], query: str
    ) -> None:
        reader, writer = connection
        writer.write(request("GET", f"{API}/board?{query}"))
        head = await reader.readuntil(b"\r\n\r\n")
        match = re.search(rb"(?i)content-length: *(\d+)", head)
        if not head.startswith(b"HTTP/1.1 200") or match is None:
            raise RuntimeError(head.decode())
        body = await reader.readexactly(int(match[1]))
        cursor = re.search(rb'"cursor":(\d+)', body)
        if cursor is None:
            raise RuntimeError(body[:300].decode())
        self._cursor = int(cursor[1])

    async def _follow(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 24)
        writer.write(request("GET", f"{API}/board/stream"))
        while line := await reader.readline():
            if found := re.match(rb'data: \{"after":(\d+),"answer":.*?"cursor":(\d+)', line):
                after, cursor = map(int, found.groups())
                self._cursor = cursor if after <= self._cursor < cursor else self._cursor
        writer.close()
        raise RuntimeError("the stream ended")


def pages(port: int, count: int) -> None:
    """That many, until the process is killed."""

    async def all_of_them() -> None:
        await asyncio.gather(*(Page(port).live() for _ in range(count)))

    asyncio.run(all_of_them())
