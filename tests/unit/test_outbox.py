"""The outbox: a window, an order, second tries, and a way round a message that the broker cuts the connection for."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.model.ids import JobId
from pointsman.mqtt.outbox import SOON, TRIES, Outbox
from pointsman.mqtt.publisher import Outgoing

LONG = 2 * SOON


def message(job: int | None, qos: int = 1) -> Outgoing:
    """What carries out a job, or (None) an announcement or an answer."""
    return Outgoing(topic="t", payload=b"", qos=qos, job=None if job is None else JobId(f"{job:03}"))


def jobs(count: int, first: int = 1) -> list[Outgoing]:
    return [message(number) for number in range(first, first + count)]


class Sender:
    """What the session does with an outbox: it publishes what may be published, under identifiers of its own."""

    def __init__(self, window: int = 10, backlog: int = 100, *, ids: Iterable[int] | None = None) -> None:
        self.outbox = Outbox(window, backlog)
        self.ids = iter(ids or itertools.count(1))
        self.sent: list[Outgoing] = []

    def add(self, *outgoing: Outgoing) -> None:
        for each in outgoing:
            self.outbox.add(each)

    def flush(self, now: float = 0.0) -> list[Outgoing]:
        """Publish all that may be published; what that was."""
        flushed: list[Outgoing] = []
        while (outgoing := self.outbox.next(now)) is not None:
            flushed.append(outgoing)
            self.outbox.sent(next(self.ids), outgoing)
            assert len(self.outbox.in_flight) <= self.outbox.window
        self.sent += flushed
        return flushed

    def settle(self, outgoing: Outgoing) -> None:
        """The broker answers."""
        (packet_id,) = [number for number, each in self.outbox.in_flight.items() if each is outgoing]
        assert self.outbox.settle(packet_id) is outgoing


# Window and room


def test_no_more_are_in_flight_than_the_window_holds() -> None:
    sender = Sender(window=3)
    sender.add(*(queued := jobs(5)))
    assert sender.flush() == queued[:3]
    sender.settle(queued[1])
    assert sender.flush() == [queued[3]]
    assert sender.flush() == []


@pytest.mark.parametrize(("receive_maximum", "window"), [(2, 2), (10, 10), (65_535, 10), (1, 1)])
def test_the_brokers_receive_maximum_bounds_the_window(receive_maximum: int, window: int) -> None:
    sender = Sender(window=10)
    sender.outbox.limit(receive_maximum)
    sender.add(*jobs(20))
    assert len(sender.flush()) == window


def test_the_receive_maximum_of_one_connection_does_not_bind_the_next() -> None:
    sender = Sender(window=10)
    sender.outbox.limit(2)
    sender.outbox.limit(65_535)
    sender.add(*jobs(20))
    assert len(sender.flush()) == 10


def test_room_is_what_the_backlog_leaves_wherever_a_message_is() -> None:
    sender = Sender(window=2, backlog=10)
    assert sender.outbox.room() == 10
    sender.add(*(queued := jobs(5)))
    assert sender.outbox.room() == 5
    sender.flush()
    assert sender.outbox.room() == 5, "in flight"
    sender.settle(queued[0])
    assert sender.outbox.retry(queued[0], 0.0)
    assert sender.outbox.room() == 5, "to be tried again"
    sender.settle(queued[1])
    assert sender.outbox.room() == 6, "done"


def test_it_is_busy_until_everything_is_answered() -> None:
    sender = Sender()
    assert not sender.outbox.busy
    sender.add(one := message(1))
    assert sender.outbox.busy
    sender.flush()
    assert sender.outbox.busy
    sender.settle(one)
    assert not sender.outbox.busy


def test_an_answer_of_the_broker_to_nothing_of_ours_is_nothing() -> None:
    assert Sender().outbox.settle(99) is None


# What carries out no job


def test_what_needs_no_answer_does_not_take_part_in_the_window() -> None:
    sender = Sender(window=1)
    sender.add(first := message(1), announced := message(None, qos=0), second := message(2))
    assert sender.flush() == [first, announced]
    sender.settle(first)
    assert sender.flush() == [second]


def test_an_answer_does_not_wait_until_no_job_does() -> None:
    sender = Sender(window=2)
    sender.add(*(queued := jobs(6)))
    sender.flush()
    sender.add(answer := message(None, qos=1), announced := message(None, qos=0))
    assert sender.flush() == [], "the window is full"
    sender.settle(queued[0])
    assert sender.flush() == [answer, announced]


def test_what_carries_out_no_job_is_forgotten_with_the_connection() -> None:
    sender = Sender(window=1)
    sender.add(message(None, qos=0), message(None, qos=1), message(None, qos=1))
    sender.flush()
    sender.outbox.broken(LONG, protocol=False)
    assert sender.flush() == []
    assert not sender.outbox.busy


def test_what_carries_out_no_job_is_held_within_bounds_the_newest_last() -> None:
    sender = Sender(backlog=5)
    announcements = [message(None, qos=0) for _ in range(9)]
    sender.add(*announcements)
    assert sender.flush() == announcements[-5:]


# Order


def test_a_break_keeps_the_order_of_what_was_in_flight_and_of_what_waits() -> None:
    sender = Sender(window=3)
    sender.add(*(queued := jobs(6)))
    sender.flush()
    sender.settle(queued[1])
    assert sender.outbox.broken(LONG, protocol=False) is None
    assert sender.flush() == [queued[0], queued[2], queued[3]]


def test_an_identifier_that_comes_round_while_one_waits_under_it_loses_neither() -> None:
    sender = Sender(ids=[7, 7, 8])
    sender.add(first := message(1), second := message(2))
    assert sender.flush() == [first, second, first]
    assert list(sender.outbox.in_flight.values()) == [second, first]


# Second tries


def test_a_message_that_is_refused_for_a_passing_reason_is_tried_again_after_pauses_that_grow() -> None:
    sender = Sender()
    sender.add(one := message(1))
    now, pauses = 100.0, []
    sender.flush(now)
    sender.settle(one)
    while sender.outbox.retry(one, now):
        pause = sender.outbox.due(now)
        assert pause is not None
        pauses.append(pause)
        assert sender.flush(now + pause - 0.01) == []
        now += pause
        assert sender.flush(now) == [one]
        assert sender.outbox.due(now) is None
        sender.settle(one)
    assert pauses == [1.0, 2.0, 4.0, 8.0]
    assert len(pauses) == TRIES - 1
    assert not sender.outbox.busy


def test_second_tries_go_before_what_waits_in_the_order_in_which_they_are_due() -> None:
    sender = Sender(window=3)
    sender.add(*(queued := jobs(4)))
    sender.flush()
    for outgoing in queued[:3]:
        sender.settle(outgoing)
        assert sender.outbox.retry(outgoing, 0.0)
    assert sender.flush(5.0) == queued[:3]


def test_when_the_next_try_is_overdue_it_is_due_now() -> None:
    outbox = Outbox(1, 1)
    assert outbox.due(0.0) is None
    outbox.retry(message(1), 0.0)
    assert outbox.due(50.0) == 0.0


# A message that breaks the connection


def test_after_a_connection_that_broke_soon_messages_go_one_at_a_time() -> None:
    sender = Sender(window=5)
    sender.add(*(queued := jobs(5)))
    sender.flush()
    assert sender.outbox.broken(SOON - 0.1, protocol=False) is None
    assert sender.flush() == [queued[0]]
    sender.settle(queued[0])
    assert sender.flush() == queued[1:]


def test_after_one_that_stood_for_long_they_go_together() -> None:
    sender = Sender(window=5)
    sender.add(*(queued := jobs(5)))
    sender.flush()
    sender.outbox.broken(SOON, protocol=False)
    assert sender.flush() == queued


def test_what_carries_out_no_job_proves_nothing_about_the_one_that_does() -> None:
    """Each connection begins with messages of that kind: that they got through says nothing."""
    sender = Sender(window=5)
    sender.add(*(queued := jobs(5)))
    sender.flush()
    sender.outbox.broken(0.1, protocol=False)
    birth = message(None, qos=1)
    sender.outbox.sent(next(sender.ids), birth)
    sender.settle(birth)
    assert sender.flush() == [queued[0]]


def test_a_message_that_the_broker_blames_alone_is_given_up_at_once() -> None:
    sender = Sender()
    sender.add(one := message(1))
    sender.flush()
    assert sender.outbox.broken(LONG, protocol=True) is one
    assert not sender.outbox.busy


def test_of_several_that_may_be_to_blame_none_is_given_up_unheard() -> None:
    sender = Sender()
    sender.add(*(queued := jobs(2)))
    sender.flush()
    assert sender.outbox.broken(LONG, protocol=True) is None
    assert sender.flush() == [queued[0]]


def test_a_message_alone_in_flight_at_each_break_is_given_up_in_the_end() -> None:
    sender = Sender()
    sender.add(one := message(1))
    breaks = 0
    while sender.outbox.busy:
        sender.flush()
        given_up = sender.outbox.broken(0.1, protocol=False)
        breaks += 1
    assert given_up is one
    assert breaks == TRIES


def test_connections_that_stood_for_long_are_held_against_no_message() -> None:
    sender = Sender()
    sender.add(one := message(1))
    for _ in range(3 * TRIES):
        assert sender.flush() == [one]
        assert sender.outbox.broken(LONG, protocol=False) is None


@given(
    st.integers(1, 12),
    st.sets(st.integers(0, 11), max_size=3),
    st.integers(1, 6),
    st.booleans(),
    st.data(),
)
def test_poison_is_given_up_and_all_others_get_through(
    count: int, poison: set[int], window: int, blamed: bool, data: st.DataObject
) -> None:
    """A broker that cuts the connection at certain messages, whose answers before that may or may not have come."""
    sender = Sender(window=window)
    sender.add(*(queued := jobs(count)))
    bad = {queued[index].job for index in poison if index < count}
    done: list[JobId | None] = []
    failed: list[JobId | None] = []
    for _ in range(200):
        if not sender.outbox.busy:
            break
        birth = message(None, qos=1)
        sender.outbox.sent(next(sender.ids), birth)
        sender.settle(birth)
        while flushed := sender.flush():
            cut = next((index for index, each in enumerate(flushed) if each.job in bad), None)
            heard = data.draw(st.integers(0, cut)) if cut is not None else len(flushed)
            for each in flushed[:heard]:
                sender.settle(each)
                done.append(each.job)
            if cut is not None:
                given_up = sender.outbox.broken(0.1, protocol=blamed)
                failed += [given_up.job] if given_up else []
                break
    assert sorted(map(str, failed)) == sorted(map(str, bad))
    assert sorted(map(str, done)) == sorted(str(each.job) for each in queued if each.job not in bad)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["job", "casual"]), st.integers(0, 2)),
        st.tuples(st.sampled_from(["flush", "settle", "retry", "pass time", "break soon", "break late", "break blamed"]), st.integers(0, 9)),
    ),
    max_size=60,
)  # fmt: skip


@given(STEPS, st.integers(1, 4), st.integers(1, 5))
def test_no_jobs_message_is_ever_lost_or_doubled(steps: list[tuple[str, int]], window: int, receive_maximum: int) -> None:
    """Each is waiting, in flight, to be tried again, done, or given up: always exactly one of these."""
    sender = Sender(window, backlog=200)
    sender.outbox.limit(receive_maximum)
    now, added, done = 0.0, list[Outgoing](), list[Outgoing]()

    def with_one_in_flight(number: int, then: Callable[[Outgoing], None]) -> None:
        if flying := [each for each in sender.outbox.in_flight.values() if each.job]:
            chosen = flying[number % len(flying)]
            sender.settle(chosen)
            then(chosen)

    def try_again(outgoing: Outgoing) -> None:
        if not sender.outbox.retry(outgoing, now):
            done.append(outgoing)

    for what, number in steps:
        match what:
            case "job":
                added.append(message(len(added) + 1, qos=number))
                sender.add(added[-1])
            case "casual":
                sender.add(message(None, qos=number))
            case "flush":
                sender.flush(now)
            case "settle":
                with_one_in_flight(number, done.append)
            case "retry":
                with_one_in_flight(number, try_again)
            case "pass time":
                now += number
            case _:
                given_up = sender.outbox.broken(0.1 if what == "break soon" else LONG, protocol=what == "break blamed")
                done += [given_up] if given_up else []
        assert sender.outbox.room() <= 200 - (len(added) - len(done))
    for _ in range(len(steps) + 2):
        now += 1000
        for each in list(sender.outbox.in_flight.values()):
            sender.settle(each)
            done += [each] if each.job else []
        sender.flush(now)
    assert sorted(str(each.job) for each in done) == sorted(str(each.job) for each in added)
    assert not sender.outbox.busy
