"""A reload (HUP) under load: nobody notices, and nothing is left behind."""

import contextlib
import shutil
import tempfile
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.disks import disks_missing, small_disk
from tests.faults.calls import Call, claim
from tests.service import Service, running, until

SESSIONS = 8
RELOADS = 3


@pytest.fixture
def few_letters() -> Iterator[Path]:
    """A folder whose path leaves room for that of a bell."""
    with tempfile.TemporaryDirectory(prefix="c-") as folder:
        yield Path(folder)


def counted(service: Service) -> float:
    """How often the home of the health check was called, as the metrics say."""
    lines = service.call("GET", "/metrics").body.decode().splitlines()
    return sum(
        float(line.rpartition(" ")[2])
        for line in lines
        if line.startswith("coord_requests_total") and 'route="/livez"' in line
    )


def test_a_reload_leaves_no_folder_and_sets_no_counter_back(
    tmp_path: Path, few_letters: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = few_letters
    monkeypatch.setenv("TMPDIR", str(temporary))
    with running(tmp_path / "service", f"sqlite:///{tmp_path}/coord.db", METRICS_DIR="") as service:
        before = sorted(temporary.iterdir())
        for _ in range(50):
            service.call("GET", "/livez")
        for number in range(RELOADS):
            service.reload()
            assert counted(service) >= 50 + number
        assert sorted(temporary.iterdir()) == before
        assert counted(service) >= 50 + RELOADS
    assert sorted(temporary.iterdir()) == []


def test_the_metrics_of_workers_that_have_ended_are_added_up_and_no_longer_kept(
    tmp_path: Path,
) -> None:
    with running(tmp_path / "service", f"sqlite:///{tmp_path}/coord.db") as service:
        for _ in range(50):
            service.call("GET", "/livez")
        before = metrics_of(service)
        for _ in range(RELOADS):
            service.kill_worker()
            until(lambda: service.workers() and service.call("GET", "/livez"), 30, "a new worker")
        after = metrics_of(service)
        assert {name for name in before if after.get(name, 0) < before[name]} == set()
        owners = {file.stem.rpartition("_")[2] for file in service.folder.glob("metrics/*")}
        assert owners == {"ended", *map(str, [service.master, *service.workers()])}


def test_a_folder_of_metrics_that_is_tidied_away_is_missed_by_no_call_and_made_by_a_reload(
    tmp_path: Path,
) -> None:
    with running(tmp_path / "service", f"sqlite:///{tmp_path}/coord.db") as service:
        shutil.rmtree(service.folder / "metrics")
        without = service.call("GET", "/metrics")
        assert without.status == 200
        assert "coord_database_up 1.0" in without.body.decode()
        assert "coord_requests_total" not in without.body.decode()
        service.kill_worker()
        until(service.workers, 30, "a new worker")
        assert service.call("GET", "/livez").status == 200
        service.reload()
        assert counted(service) >= 1


def metrics_of(service: Service) -> dict[str, float]:
    """All that coord counts by itself, without what it reads from its database."""
    lines = service.call("GET", "/metrics").body.decode().splitlines()
    rows = [line.rpartition(" ") for line in lines if line.startswith("coord_request")]
    return {name: float(value) for name, _, value in rows}


def test_a_reload_needs_room_for_no_file(
    tmp_path: Path, few_letters: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = disks_missing()
    if missing:
        pytest.skip(missing)
    monkeypatch.setenv("TMPDIR", str(few_letters))
    with (
        small_disk(few_letters, "4m", files=40),
        running(tmp_path / "service", f"sqlite:///{tmp_path}/coord.db", METRICS_DIR="") as service,
    ):
        with contextlib.suppress(OSError):
            for number in range(40):
                (few_letters / str(number)).touch()
        service.reload()
        assert service.call("GET", "/livez").status == 200
        assert service.call("GET", "/metrics").status == 200


def test_claims_of_one_resource_are_never_503_while_a_service_on_sqlite_reloads(
    tmp_path: Path,
) -> None:
    """For a while two processes write to the file, and overtake each other."""
    with (
        running(tmp_path / "service", f"sqlite:///{tmp_path}/coord.db") as service,
        ThreadPoolExecutor(SESSIONS) as pool,
    ):
        stop = threading.Event()
        loads = [
            pool.submit(claim_and_release, service, f"host/{number}", stop)
            for number in range(SESSIONS)
        ]
        for _ in range(RELOADS):
            service.reload()
        stop.set()
        seen = [status for load in loads for status in load.result(60)]
    assert len(seen) > SESSIONS
    assert set(seen) <= {200, 201, 409}


def claim_and_release(service: Service, session: str, stop: threading.Event) -> list[int]:
    seen = []
    while not stop.is_set():
        call = claim("contested", session, id=str(uuid.uuid4()))
        answer = service.call(call.method, call.path, call.body)
        seen.append(answer.status)
        if answer.status == 201:
            release = Call("DELETE", f"/locks/{answer.json['id']}?session_id={session}")
            seen.append(service.call(release.method, release.path).status)
    return seen


def test_a_reload_reads_the_tokens_again_and_a_broken_file_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("the-first-one\n")

    def status(service: Service, token: str) -> int:
        return service.call("GET", "/locks", Authorization=f"Bearer {token}").status

    url = f"sqlite:///{tmp_path}/coord.db"
    with running(tmp_path / "service", url, TOKEN_FILE=str(file)) as service:
        file.write_text("the-first-one\nnewer:the-second-one\n")
        service.reload()
        assert status(service, "the-first-one") == status(service, "the-second-one") == 200
        file.write_text("newer:the-second-one\n")
        service.reload()
        assert (status(service, "the-first-one"), status(service, "the-second-one")) == (403, 200)
        for broken in (" \n", None):
            file.unlink() if broken is None else file.write_text(broken)
            service.reload()
            assert status(service, "the-second-one") == 200
            assert status(service, "") == 403
        assert "The tokens stay as they were" in service.said()
