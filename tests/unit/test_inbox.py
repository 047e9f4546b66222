"""The queue: in order, bounded batches, a wait that ends when it should."""

from __future__ import annotations

import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from pointsman.engine.inbox import BRISK, Inbox
from pointsman.model.command import Execute, Finish, ReportState
from pointsman.model.delivery import Delivery
from pointsman.model.effect import ReplyTo
from pointsman.model.ids import EntityId, EntityRef, JobId, OperationId, OwnerType, StateId, UserId
from pointsman.model.job import JobStatus
from unit.world import delivery

PATIENCE = 30.0


def numbered(number: int, source: int = 0) -> Delivery:
    return delivery(str(source), str(number), number)


@given(st.lists(st.sampled_from(["put", "wake", "take"]), max_size=40), st.integers(1, 5))
def test_what_is_put_is_taken_once_in_order_and_never_more_than_the_limit(steps: list[str], limit: int) -> None:
    inbox, put, taken = Inbox(), [], []
    for number, step in enumerate(steps):
        if step == "put":
            put.append(numbered(number))
            inbox.put(put[-1])
        elif step == "wake":
            inbox.wake()
        else:
            batch = inbox.take(limit, 0)
            assert len(batch) <= limit
            taken += batch
    while len(inbox):
        taken += inbox.take(limit, 0)
    assert taken == put


def test_an_empty_queue_gives_nothing_without_waiting() -> None:
    assert Inbox().take(10, 0) == []


def test_a_wait_ends_with_the_first_item_and_takes_what_is_there() -> None:
    inbox = Inbox()
    inbox.put(numbered(1))
    inbox.put(numbered(2))
    began = time.monotonic()
    assert inbox.take(10, PATIENCE) == [numbered(1), numbered(2)]
    assert time.monotonic() - began < PATIENCE


def test_waking_ends_a_wait_that_has_begun() -> None:
    inbox = Inbox()
    taken: list[object] = []
    waiter = threading.Thread(target=lambda: taken.append(inbox.take(10, 2 * PATIENCE)))
    waiter.start()
    inbox.wake()
    waiter.join(PATIENCE)
    assert not waiter.is_alive()
    assert taken == [[]]


def test_waking_hides_nothing_that_came_with_it() -> None:
    inbox = Inbox()
    inbox.wake()
    inbox.put(numbered(1))
    inbox.wake()
    inbox.put(numbered(2))
    assert inbox.take(10, 0) == [numbered(1), numbered(2)]


def test_many_threads_may_put_and_the_order_of_each_is_kept() -> None:
    inbox, sources, count = Inbox(), 4, 500

    def put(source: int) -> None:
        for number in range(count):
            inbox.put(numbered(number, source))

    threads = [threading.Thread(target=put, args=(source,)) for source in range(sources)]
    for thread in threads:
        thread.start()
    taken: list[Delivery] = []
    while len(taken) < sources * count:
        batch = inbox.take(7, PATIENCE)
        assert batch, "waited in vain"
        taken += [item for item in batch if isinstance(item, Delivery)]
    for thread in threads:
        thread.join()
    for source in range(sources):
        assert [item.packet_id for item in taken if item.topic == str(source)] == list(range(count))


@given(st.lists(st.booleans(), max_size=30), st.integers(1, 40))
def test_outcomes_go_before_what_came_in_and_each_kind_keeps_its_order(kinds: list[bool], limit: int) -> None:
    inbox = Inbox()
    outcomes = [
        Finish(job=JobId(str(number)), status=JobStatus.SUCCEEDED) for number, is_outcome in enumerate(kinds) if is_outcome
    ]
    arrivals = [numbered(number) for number, is_outcome in enumerate(kinds) if not is_outcome]
    left = (iter(outcomes), iter(arrivals))
    for is_outcome in kinds:
        inbox.put(next(left[0]) if is_outcome else next(left[1]))
    assert inbox.take(limit, 0) == [*outcomes, *arrivals][:limit]


PUMP = EntityRef(OwnerType.OBJECT, EntityId("p1"))


def nobody(_answer: object) -> None:
    raise AssertionError("nothing is answered here")


def asked(number: int, *, over_mqtt: bool = False) -> Execute:
    reply = ReplyTo(topic="answers", correlation=b"") if over_mqtt else nobody
    return Execute(entity=PUMP, operation=OperationId(str(number)), user=UserId("ann"), login="ann", reply=reply)


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(1, 60))
def test_what_somebody_waits_for_goes_before_the_messages_and_takes_few_of_them_along(kinds: list[bool], limit: int) -> None:
    inbox = Inbox()
    waited = [asked(number) for number, is_asked in enumerate(kinds) if is_asked]
    arrivals = [numbered(number) for number, is_asked in enumerate(kinds) if not is_asked]
    left = (iter(waited), iter(arrivals))
    for is_asked in kinds:
        inbox.put(next(left[0]) if is_asked else next(left[1]))
    first = inbox.take(limit, 0)
    most = max(1, limit // BRISK) if waited else limit
    few = arrivals[: max(0, most - len(waited))]
    assert first == [*waited, *few][:limit]
    rest: list[object] = []
    while len(inbox):
        rest += inbox.take(limit, 0)
    assert [each for each in (*first, *rest) if isinstance(each, Delivery)] == arrivals, "none is lost, and their order is kept"


def test_what_says_how_an_entity_is_keeps_its_place_whoever_says_it() -> None:
    inbox = Inbox()
    by_hand = ReportState(PUMP, StateId("3"), "", b"", by=UserId("ann"), reply=nobody)
    over_mqtt = asked(2, over_mqtt=True)
    for each in (numbered(1), by_hand, over_mqtt):
        inbox.put(each)
    assert inbox.take(10, 0) == [numbered(1), by_hand, over_mqtt]
