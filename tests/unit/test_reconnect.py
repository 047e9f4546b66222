"""Connecting again: pauses that grow, chance in them, the version of MQTT, and another client with our name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.mqtt.options import Version
from pointsman.mqtt.reconnect import LASTING, PERMANENT, SHORT, SILENT, TAKEN_OVER, UNSUPPORTED_VERSION, Reconnecting

UNAVAILABLE = 0x88


def reconnecting(wanted: Version = Version.AUTO, first: float = 1.0, longest: float = 60.0, chance: float = 1.0) -> Reconnecting:
    return Reconnecting(wanted, first, longest, lambda: chance)


def version(one: Reconnecting) -> Version:
    return one.version


def pauses(one: Reconnecting, count: int) -> list[float]:
    return [one.pause() for _ in range(count)]


# Pauses


def test_the_first_attempt_is_made_at_once_and_pauses_double_up_to_the_longest() -> None:
    assert pauses(reconnecting(), 9) == [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]


@given(
    st.floats(0.01, 10.0),
    st.floats(10.0, 600.0),
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20),
    st.integers(1, 20),
)
def test_half_of_each_pause_is_chance(first: float, longest: float, chances: list[float], count: int) -> None:
    drawn = iter(chances * count)
    one = Reconnecting(Version.V5, first, longest, lambda: next(drawn))
    assert one.pause() == 0.0
    for attempt in range(count):
        whole = min(first * 2**attempt, longest)
        assert whole / 2 <= one.pause() <= whole


def test_a_connection_that_lasted_makes_the_pauses_begin_anew() -> None:
    one = reconnecting()
    pauses(one, 7)
    one.accepted()
    assert not one.ended(LASTING, None)
    assert pauses(one, 2) == [1.0, 2.0]


def test_a_connection_that_did_not_last_lets_them_grow_on() -> None:
    one = reconnecting()
    pauses(one, 4)
    one.accepted()
    one.ended(LASTING - 0.1, None)
    assert one.pause() == 8.0


@pytest.mark.parametrize("code", sorted(PERMANENT))
def test_what_another_attempt_will_not_change_makes_the_longest_pause(code: int) -> None:
    one = reconnecting()
    pauses(one, 2)
    assert not one.refused(code)
    assert one.pause() == 60.0


def test_a_broker_that_is_only_busy_is_tried_again_as_usual() -> None:
    one = reconnecting()
    pauses(one, 2)
    assert not one.refused(UNAVAILABLE)
    assert one.pause() == 2.0


# The version


def test_a_broker_that_does_not_know_mqtt_5_is_asked_again_at_once_with_3_1_1() -> None:
    one = reconnecting()
    pauses(one, 5)
    assert version(one) is Version.V5
    assert one.refused(UNSUPPORTED_VERSION)
    assert version(one) is Version.V311
    assert one.pause() == 0.0
    assert not one.refused(UNSUPPORTED_VERSION)


@pytest.mark.parametrize("wanted", [Version.V5, Version.V311])
def test_a_version_that_was_asked_for_is_kept(wanted: Version) -> None:
    one = reconnecting(wanted)
    assert not one.refused(UNSUPPORTED_VERSION)
    assert not any(one.silent() for _ in range(3 * SILENT))
    assert version(one) is wanted


def test_connections_closed_without_a_word_make_a_broker_that_does_not_know_mqtt_5() -> None:
    one = reconnecting()
    assert [one.silent() for _ in range(SILENT)] == [False] * (SILENT - 1) + [True]
    assert version(one) is Version.V311


@pytest.mark.parametrize("word", ["accepted", "refused"])
def test_a_broker_that_has_said_anything_was_not_silent(word: str) -> None:
    one = reconnecting()
    for _ in range(3):
        for _ in range(SILENT - 1):
            assert not one.silent()
        if word == "accepted":
            one.accepted()
        else:
            one.refused(UNAVAILABLE)
    assert version(one) is Version.V5


def test_a_broker_that_is_silent_with_3_1_1_too_is_asked_for_mqtt_5_again() -> None:
    """A proxy whose broker is down closes every connection: once it is back, MQTT 5 must not have been given up for good."""
    one = reconnecting()
    for _ in range(3):
        assert [one.silent() for _ in range(SILENT)] == [False] * (SILENT - 1) + [True]
        assert version(one) is Version.V311
        assert one.silent()
        assert version(one) is Version.V5


def test_whatever_the_version_a_silent_broker_is_asked_less_and_less_often() -> None:
    one = reconnecting(longest=8.0)
    asked = []
    for _ in range(3 * SILENT):
        asked.append(one.pause())
        one.silent()
    assert asked == [0.0, 1.0, 2.0, 4.0, *[8.0] * (3 * SILENT - 4)]


def test_a_broker_that_said_it_does_not_know_mqtt_5_is_not_asked_for_it_again() -> None:
    one = reconnecting()
    assert one.refused(UNSUPPORTED_VERSION)
    one.accepted()
    assert not any(one.silent() for _ in range(3 * SILENT))
    assert version(one) is Version.V311


# Another client with the same name


def test_a_session_that_was_taken_over_backs_off_however_long_it_stood() -> None:
    one = reconnecting()
    pauses(one, 2)
    assert one.ended(1000.0, TAKEN_OVER)
    assert one.pause() == 60.0


def test_connections_that_end_soon_in_a_row_look_like_another_client() -> None:
    """Brokers before MQTT 5 do not say that a session was taken over."""
    one = reconnecting()
    assert [one.ended(1.0, None) for _ in range(SHORT + 3)] == [False] * (SHORT - 1) + [True] + [False] * 3


def test_one_that_lasted_in_between_does_not() -> None:
    one = reconnecting()
    assert not any(one.ended(stood, None) for stood in [1.0, 1.0, LASTING] * 3)
