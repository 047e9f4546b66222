"""Due times are kept on the clock that never jumps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pointsman.engine.timers import SET_BACK, Timers
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


@given(st.integers(0, 10**9))
def test_what_goes_by_the_clock_follows_it_when_it_is_set_ahead(jump: int) -> None:
    clock = BentClock()
    timers = Timers(clock)
    timers.set(TimerId("t"), clock.wall + 5_000, by_clock=True)
    clock.pass_time(1_000)
    clock.wall += jump
    assert timers.due(1) == (["t"] if jump >= 4_000 else [])
    assert timers.wait(10.0) == (10.0 if jump >= 4_000 else (4_000 - jump) / 1000)


@given(st.integers(1, 10**9), st.integers(1, 5))
def test_what_goes_by_the_clock_waits_for_it_when_it_is_set_back_and_is_looked_at_once(jump: int, limit: int) -> None:
    clock = BentClock()
    timers = Timers(clock)
    due = [clock.wall + 1_000 * n for n in range(1, 8)]
    for each in due:
        timers.set(TimerId(str(each)), each, by_clock=True)
    timers.set(TimerId("steady"), clock.wall + 8_000)
    clock.wall -= jump
    found: list[TimerId] = []
    for _ in range(20):
        assert (timers.wait(1.0) == 0) is (len(found) < 7 and jump > SET_BACK * 1000)
        found += timers.due(limit)
    assert found == (list(map(str, due)) if jump > SET_BACK * 1000 else [])
    for each in found:
        timers.set(each, int(each), by_clock=True)
    assert timers.due(9) == [], "nothing is early"
    clock.pass_time(8_000)
    assert timers.due(9) == ["steady", *[str(each) for each in due if each <= clock.wall]]
    assert len(timers) == 7 - len([each for each in due if each <= clock.wall])


def test_a_clock_that_is_corrected_by_little_and_little_is_noticed_once_it_adds_up() -> None:
    clock = BentClock()
    timers = Timers(clock)
    timers.set(TimerId("t"), clock.wall + 10**9, by_clock=True)
    found = []
    for step in range(1, 63):
        clock.wall -= 1_000
        if timers.due(1):
            found.append(step)
    assert found == [61]
