"""A disk without room, and a log that nobody reads: answers go on, and no worker dies."""

import contextlib
import fcntl
import os
import uuid
from pathlib import Path

import pytest

from tests.disks import disks_missing, fill, small_disk
from tests.faults import calls
from tests.faults.calls import Call, claim
from tests.service import Service, migrate, running, until


@pytest.mark.parametrize("size", ["64k", "512k"], ids=["full from the start", "filled later"])
def test_a_full_disk_for_the_metrics_ends_no_worker(tmp_path: Path, size: str) -> None:
    missing = disks_missing()
    if missing:
        pytest.skip(missing)
    folder = tmp_path / "service"
    with (
        small_disk(folder / "metrics", size) as disk,
        running(folder, f"sqlite:///{tmp_path}/coord.db") as service,
    ):
        workers = service.workers()
        assert service.call("GET", "/livez").status == 200
        fill(disk)
        every = [
            *calls.reads(service),
            *calls.writes(service),
            Call("GET", "/openapi.json"),
            Call("GET", "/docs"),
            Call("GET", "/health"),
        ]
        every += [Call("PATCH", f"/nowhere/{number}") for number in range(5)]
        assert [
            answer.status for answer in calls.one_by_one(service, every) if answer.status >= 500
        ] == []
        assert [call("GET", "/livez").status for call in [service.call] * 3] == [200] * 3
        assert service.call("GET", "/metrics").status == 200
        assert service.workers() == workers


@pytest.mark.parametrize("stream", ["log", "errors"], ids=["coord's", "gunicorn's"])
def test_a_log_that_nobody_reads_stops_no_call(tmp_path: Path, stream: str) -> None:
    url = f"sqlite:///{tmp_path}/coord.db"
    migrate(url)
    service = Service(tmp_path / "service", {"DATABASE_URL": url, "LOG_LEVEL": "debug"})
    read_end, write_end = os.pipe()
    fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 4096)  # gunicorn says little
    try:
        service.start(**{stream: write_end})
        os.close(write_end)
        with service.caller(timeout=10) as caller:
            for _ in range(100):
                assert caller.call("GET", "/livez").status == 200
        assert calls.made(service, claim(f"{uuid.uuid4()}"))["id"]
        service.reload()
        os.set_blocking(read_end, False)
        drained(service, read_end)
        service.reload()
        until(
            lambda: "log lines were lost" in drained(service, read_end),
            10,
            "the log to say what it lost",
        )
    finally:
        service.stop()
        os.close(read_end)


def drained(service: Service, pipe: int) -> str:
    """What the log says once it is read again."""
    said = b""
    with contextlib.suppress(BlockingIOError):
        while chunk := os.read(pipe, 65536):
            said += chunk
    service.call("GET", "/livez")
    return said.decode()
