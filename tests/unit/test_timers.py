"""Due times are kept on the clock that never jumps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pointsman.engine.timers import Timers
from pointsman.model.ids import TimerId


class BentClock:
    """A clock whose wall time jumps as it is told."""

    def __init__(self) -> None:
        self.wall = 1_000_000
        self.steady = 50.0

    def now(self) -> int:
        return self.wall

    def monotonic(self) -> float:
        return self.steady

    def pass_time(self, ms: int) -> None:
        self.wall += ms
        self.steady += ms / 1000


@given(st.lists(st.integers(0, 10_000), max_size=20), st.integers(1, 5))
def test_timers_come_up_in_the_order_of_their_times_and_each_once(delays: list[int], limit: int) -> None:
    clock = BentClock()
    timers = Timers(clock)
    for number, delay in enumerate(delays):
        timers.set(TimerId(f"{delay:05}-{number:02}"), clock.wall + delay)
    clock.pass_time(10_000)
    found: list[TimerId] = []
    while due := timers.due(limit):
        assert len(due) <= limit
        found += due
    assert [each[:5] for each in found] == sorted(each[:5] for each in found)
    assert len(set(found)) == len(delays)


@given(st.integers(-(10**9), 10**9))
def test_a_wall_clock_that_jumps_makes_nothing_fire_early_or_late(jump: int) -> None:
    clock = BentClock()
    timers = Timers(clock)
    timers.set(TimerId("t"), clock.wall + 5_000)
    clock.wall += jump
    clock.pass_time(4_990)
    assert timers.due(1) == []
    clock.pass_time(20)
    assert timers.due(1) == ["t"]


def test_the_wait_ends_with_the_next_due_time_and_is_never_longer_than_asked() -> None:
    clock = BentClock()
    timers = Timers(clock)
    assert timers.wait(1.0) == 1.0
    timers.set(TimerId("t"), clock.wall + 250)
    assert timers.wait(1.0) == 0.25
    assert timers.wait(0.1) == 0.1
    clock.pass_time(500)
    assert timers.wait(1.0) == 0.0
