"""The outbox: a window, an order, second tries, and a way round a message that the broker cuts the connection for."""

from __future__ import annotations

import pytest

from pointsman.mqtt.outbox import TRIES, Outbox

# Window and room
from unit.sender import LONG, Sender, jobs, message


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
    busy = [sender.outbox.busy]
    sender.add(one := message(1))
    busy.append(sender.outbox.busy)
    sender.flush()
    busy.append(sender.outbox.busy)
    sender.settle(one)
    busy.append(sender.outbox.busy)
    assert busy == [False, True, True, False]


def test_an_answer_of_the_broker_to_nothing_of_ours_is_nothing() -> None:
    assert Sender().outbox.settle(99) is None


# What is called off


def test_a_message_whose_job_is_called_off_is_passed_over_and_the_others_keep_their_order() -> None:
    sender = Sender(window=1)
    first, second, third = jobs(3)
    sender.add(first, second, third)
    assert sender.flush() == [first]
    assert second.job is not None
    sender.outbox.withdraw(second.job)
    sender.settle(first)
    assert sender.flush() == [third]


def test_what_is_called_off_and_is_not_here_is_remembered_within_bounds() -> None:
    sender = Sender(backlog=5)
    for each in jobs(100):
        assert each.job is not None
        sender.outbox.withdraw(each.job)
    assert len(sender.outbox._withdrawn) == 5


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
