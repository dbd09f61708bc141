"""Several nodes start at once and each runs `flask db upgrade`: one migrates, the others wait and
find it done.
"""

from pathlib import Path

import pytest

from tests.service import START_S, running, start_migration

NODES = 3


@pytest.mark.parametrize("round_", range(3))
def test_three_migrations_at_once_all_succeed(
    empty_database: str, tmp_path: Path, round_: int
) -> None:
    nodes = [start_migration(empty_database) for _ in range(NODES)]
    output = [node.communicate(timeout=START_S)[0] for node in nodes]
    assert [node.returncode for node in nodes] == [0] * NODES, "\n".join(output)
    if round_ == 0:
        with running(tmp_path / "service", empty_database, migrated=False) as service:
            assert service.call("GET", "/health").status == 200
