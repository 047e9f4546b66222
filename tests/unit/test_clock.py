"""Ids sort by the time of their making, whatever the clock does."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from pointsman.clock import SystemClock, Uuid7

TIMES = st.integers(0, 2**47)


@given(st.lists(TIMES, min_size=2, max_size=50))
def test_every_id_is_greater_than_all_before_it_however_the_clock_jumps(times: list[int]) -> None:
    new_id = Uuid7()
    made = [new_id(at) for at in times]
    assert made == sorted(set(made))


@given(TIMES, TIMES)
def test_after_a_restart_ids_go_on_from_the_last_one_even_when_the_clock_went_back(before: int, after: int) -> None:
    last = Uuid7()(before)
    assert Uuid7(after=last)(after) > last


@given(TIMES)
def test_an_id_is_a_uuid_of_version_7_that_tells_its_time(at: int) -> None:
    made = uuid.UUID(Uuid7()(at))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == max(at, 0) or at == 0


def test_more_ids_than_the_counter_holds_in_one_millisecond_borrow_from_the_next() -> None:
    new_id = Uuid7()
    new_id(5)
    new_id._counter = (1 << 26) - 1
    assert uuid.UUID(new_id(5)).int >> 80 == 6


def test_two_workers_do_not_make_the_same_id() -> None:
    assert len({Uuid7()(1) for _ in range(100)}) == 100


def test_the_monotonic_clock_does_not_go_back() -> None:
    clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()
    assert clock.now() > 1_700_000_000_000
