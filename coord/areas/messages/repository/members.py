"""IN lists of every length from a few prepared statements: the last member is repeated up to a
power of two.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import bindparam as param


def padded_size(members: Sequence[object]) -> int:
    """The next power of two."""
    return 1 << (len(members) - 1).bit_length()


def revision_params(size: int) -> list[sa.BindParameter[int]]:
    return [param(f"member_{at}", type_=sa.BigInteger) for at in range(size)]


def id_params(size: int) -> list[sa.BindParameter[str]]:
    return [param(f"member_{at}", type_=sa.String) for at in range(size)]


def padded_values(members: Sequence[object]) -> dict[str, object]:
    padded = [*members, *[members[-1]] * (padded_size(members) - len(members))]
    return {f"member_{at}": member for at, member in enumerate(padded)}
