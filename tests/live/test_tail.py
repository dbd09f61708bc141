"""The end of the journal in memory: whole from some revision on, and nothing of it made twice."""

import math

import pytest

from coord.live import tail
from coord.live.hang_up import Caller
from coord.live.places import MAX_REST_S, Places
from coord.live.tail import Tail
from coord.store import Row


def rows(*revisions: int) -> list[Row]:
    return [{"revision": revision} for revision in revisions]


def revisions_after(kept: Tail, revision: int) -> list[int] | None:
    seen = kept.seen.after(revision)
    return None if seen is None else [entry.row["revision"] for entry in seen.entries]


def test_it_tells_what_follows_a_revision_and_where_it_does_not_reach_back_so_far() -> None:
    kept = Tail()
    kept.begin_at(10)
    kept.add(rows(11, 12))
    kept.add(rows(15))  # what was rolled back left a gap
    assert revisions_after(kept, 9) is None
    assert revisions_after(kept, 10) == [11, 12, 15]
    assert revisions_after(kept, 13) == [15]
    ahead = kept.seen.after(20)
    assert ahead is not None
    assert (ahead.entries, ahead.upto) == ((), 20)


def test_only_the_newest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "MAX_ENTRIES", 2)
    kept = Tail()
    kept.begin_at(0)
    kept.add(rows(1, 2, 3))
    assert revisions_after(kept, 0) is None
    assert revisions_after(kept, 1) == [2, 3]


def test_what_is_some_time_old_is_forgotten_even_when_nothing_follows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = Tail()
    kept.begin_at(0)
    kept.add(rows(1, 2))
    monkeypatch.setattr(tail, "KEPT_S", -math.inf)
    kept.add([])
    assert not kept.seen.entries
    assert revisions_after(kept, 1) is None
    assert revisions_after(kept, 2) == []


def test_what_was_known_before_an_outage_is_not_told_after_it() -> None:
    kept = Tail()
    kept.begin_at(0)
    kept.add(rows(1, 2))
    kept.begin_at(2)
    assert revisions_after(kept, 1) is None
    assert revisions_after(kept, 2) == []


def test_an_entry_is_made_once_for_all_who_are_told_of_it() -> None:
    kept = Tail()
    kept.add(rows(1))
    (entry,) = kept.seen.entries
    made: list[Row] = []

    def make(row: Row) -> bytes:
        made.append(row)
        return b"1"

    assert [entry.encoded(make) for _ in range(3)] == [b"1"] * 3
    assert len(made) == 1


def test_the_more_streams_a_peer_has_the_less_often_each_is_told_something() -> None:
    def stream(peer: str) -> Caller:
        return Caller(None, streams=True, answers_interim=True, peer=peer, session="")

    places = Places(1000, 80, 0)
    many, one = stream("10.0.0.1"), stream("10.0.0.2")
    places.take(one)
    rests = []
    for _ in range(300):
        places.take(many)
        rests.append(places.rest_of(many))
    assert rests == sorted(rests)
    assert (rests[0], rests[-1]) == (places.rest_of(one), MAX_REST_S)
    for _ in range(300):
        places.give_back(many)
    assert places.rest_of(many) == 0
