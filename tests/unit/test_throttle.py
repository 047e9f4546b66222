"""Whoever guesses passwords is slowed down, and nobody else for long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.http.access.throttle import Pace, Throttle, address_key

PACE = Pace(free=3, longest=60.0, regained=10.0)


def guess(throttle: Throttle, seconds: float, start: float = 0.0) -> int:
    """How many tries somebody gets in that time who tries whenever it is possible."""
    now, tries = start, 0
    while now < start + seconds:
        wait = throttle.wait("ann", now)
        if wait:
            now += wait
            continue
        throttle.take("ann", now)
        tries += 1
    return tries


def test_some_tries_are_free_and_then_the_wait_doubles() -> None:
    throttle, now, waits = Throttle(PACE), 0.0, []
    for _ in range(8):
        throttle.take("ann", now)
        waits.append(throttle.wait("ann", now))
    assert waits == [0, 0, 1, 2, 4, 8, 16, 32]
    assert throttle.wait("bob", now) == 0


def test_no_wait_is_longer_than_the_longest() -> None:
    throttle = Throttle(PACE)
    for _ in range(5_000):
        throttle.take("ann", 0.0)
    assert throttle.wait("ann", 0.0) == 60.0
    assert throttle.wait("ann", 60.0) == 0.0


def test_a_day_of_guessing_is_a_few_thousand_guesses() -> None:
    assert guess(Throttle(PACE), 86_400.0) < 86_400 / PACE.regained + 20


@given(st.lists(st.floats(0, 100), max_size=60))
def test_many_at_once_get_no_more_than_one_after_the_other(pauses: list[float]) -> None:
    """A try is counted before its outcome is known."""
    throttle, now, taken = Throttle(PACE), 0.0, 0
    for pause in pauses:
        now += pause
        if throttle.wait("ann", now) == 0:
            throttle.take("ann", now)
            taken += 1
    assert taken <= PACE.free + now / PACE.regained + _doublings(now)


def _doublings(seconds: float) -> int:
    """So many waits, each twice as long, fit in."""
    count, total = 0, 0.0
    while total <= seconds:
        total += 2.0**count
        count += 1
    return count


def test_the_right_password_makes_good_for_mistakes() -> None:
    throttle = Throttle(PACE)
    for _ in range(5):
        throttle.take("ann", 0.0)
    throttle.forgive("ann")
    assert throttle.wait("ann", 0.0) == 0


def test_a_right_password_takes_nothing_and_leaves_what_failed_before() -> None:
    throttle = Throttle(PACE)
    for _ in range(50):
        throttle.take("office", 0.0)
        throttle.give_back("office")
    assert throttle.wait("office", 0.0) == 0
    for _ in range(2):
        throttle.take("office", 0.0)
    throttle.take("office", 0.0)
    throttle.give_back("office")
    assert throttle.wait("office", 0.0) == 0
    throttle.take("office", 0.0)
    assert throttle.wait("office", 0.0) > 0
    throttle.give_back("nobody")


def test_it_remembers_no_more_than_so_many_and_the_latest() -> None:
    throttle = Throttle(PACE, remembered=100)
    for n in range(1_000):
        for _ in range(3):
            throttle.take(f"login-{n}", 0.0)
    assert len(throttle) == 100
    assert throttle.wait("login-999", 0.0) > 0
    assert throttle.wait("login-0", 0.0) == 0


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("fe80::1%eth0", "fe80::1%eth1", True),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        (None, "192.0.2.1", False),
        ("no address", "192.0.2.1", False),
    ],
)
def test_of_ipv6_the_network_is_counted(one: str | None, other: str, alike: bool) -> None:
    assert (address_key(one) == address_key(other)) is alike
