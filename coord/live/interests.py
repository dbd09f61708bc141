"""What a waiting call is to be asked about."""

from collections.abc import Set as AbstractSet
from typing import NamedTuple

from coord.store import bell, journal


class Interest(NamedTuple):
    """`kinds`: the only kinds of subject that it is asked about; empty: all. `in_time`: topics that
    it need not be asked about at once, but before any later event. Many calls have the same.
    """

    kinds: frozenset[str]
    in_time: frozenset[str]

    def is_eager(self, news: AbstractSet[str]) -> bool:
        """Whether it is to be asked at once about what the bell was rung for."""
        return any(
            topic not in self.in_time
            and (not self.kinds or topic.partition("/")[0] in self.kinds or topic in bell.ANYTHING)
            for topic in news
        )


def interest_in(kinds: frozenset[str], in_time: frozenset[str]) -> Interest:
    """`in_time`: types of event."""
    topics = frozenset(journal.topic(kind, type_) for kind in kinds for type_ in in_time)
    return Interest(kinds, topics)
