"""Which stage an item is in, and which stages a filter means."""

from itertools import product

import pytest

from coord.areas.workflows import stages
from coord.areas.workflows.stages import (
    ALL_STAGES,
    ITEM_STATUSES,
    READY_STAGES,
    stage_of,
    stages_of,
    status_of,
)


@pytest.mark.parametrize(
    ("status", "open_dependencies", "suspended"),
    list(product(ITEM_STATUSES, (0, 1, 2), (False, True))),
)
def test_the_stage_tells_the_status_and_whether_it_is_ready(
    status: str, open_dependencies: int, suspended: bool
) -> None:
    stage = stage_of(status, open_dependencies, suspended=suspended)
    assert status_of(stage) == status
    assert (stage in READY_STAGES) is (status == "pending" and open_dependencies == 0)
    assert (stage == stages.READY) is (
        status == "pending" and open_dependencies == 0 and not suspended
    )


def test_every_stage_is_found_by_exactly_the_filters_that_mean_it() -> None:
    assert stages_of(None, None) == ALL_STAGES
    assert sorted((*stages_of(None, True), *stages_of(None, False))) == sorted(ALL_STAGES)
    for status in ITEM_STATUSES:
        assert {status_of(stage) for stage in stages_of([status], None)} == {status}
    assert stages_of(["completed"], True) == ()
