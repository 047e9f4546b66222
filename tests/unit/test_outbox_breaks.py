"""The outbox when connections break: whatever is to blame, no message is lost, and none keeps the others waiting for ever."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from pointsman.model.ids import JobId
from pointsman.mqtt.outbox import SOON, TRIES
from pointsman.mqtt.publisher import Outgoing
from unit.sender import LONG, Sender, jobs, message


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


KINDS = st.tuples(st.sampled_from(["job", "casual"]), st.integers(0, 2))
EVENTS = st.sampled_from(["flush", "settle", "retry", "pass time", "break soon", "break late", "break blamed"])
STEPS = st.lists(KINDS | st.tuples(EVENTS, st.integers(0, 9)), max_size=60)


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
