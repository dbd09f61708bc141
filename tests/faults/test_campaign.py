"""The campaign of `make faults`, in short: the ten worst faults, and builds of coord that break one
promise on purpose, which its checks must find.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from campaign import report
from campaign.faults import FAULTS
from campaign.phase import Fault, run
from campaign.sabotage import SABOTAGES
from campaign.worlds import World, mariadb_world, world_of
from tests.databases import MariaDB

SHORT_S = 1.5
CALM_S = 0.5
PROMISED_S = 1.0  # within which a waiter whose way is open is woken
LONG_ENOUGH_S = 4.0  # for a waiter whose wake-up is lost to be noticed

WORST = {
    "sqlite": ["every write delivered twice", "workers killed", "another process writes"],
    "mariadb": [
        "workers killed",
        "rolling upgrade",
        "database killed",
        "black hole",
        "reply lost after commit",
        "connections killed",
        "jitter, 0.3 to 1.9 s",
    ],
}
FOUND = {
    "guards off": "conflicting grants",
    "nobody woken": "lost wake-up",
    "acknowledged rollback": "acknowledged, and not",
    "events skipped": "events never came",
    "late answers": "answered too late",
}


def fault_of(kind: str, name: str) -> Fault:
    return next(fault for fault in FAULTS[kind] if fault.name == name)


@pytest.fixture(scope="module")
def sqlite() -> Iterator[World]:
    with world_of("sqlite") as world:
        yield world


@pytest.fixture(scope="module")
def mariadb(breakable: MariaDB) -> Iterator[World]:
    with (
        tempfile.TemporaryDirectory(prefix="coord-campaign-") as folder,
        mariadb_world(Path(folder), breakable) as world,
    ):
        yield world


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, names in WORST.items() for name in names]
)
def test_what_coord_promises_is_kept_while_it_is_broken(
    request: pytest.FixtureRequest, kind: str, name: str
) -> None:
    result = run(request.getfixturevalue(kind), fault_of(kind, name), SHORT_S, CALM_S)
    assert result.held, "\n".join([report.line(result), *result.violations[:20]])


@pytest.mark.parametrize("name", SABOTAGES)
def test_a_build_that_breaks_a_promise_is_found(name: str) -> None:
    with world_of("sqlite", f"campaign.sabotage:app('{name}')") as world:
        result = run(world, fault_of("sqlite", "nothing"), LONG_ENOUGH_S, lost_s=PROMISED_S)
    assert any(FOUND[name] in violation for violation in result.violations), result.violations
