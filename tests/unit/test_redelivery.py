"""Redeliveries: each message is applied once, whatever happens to acknowledgements, connections and the worker."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from pointsman.engine.redelivery import DIGEST_BYTES, REMEMBERED, Redeliveries, digest_of
from pointsman.model.delivery import Delivery
from pointsman.model.write import RememberDelivery
from pointsman.mqtt.options import Address, ConnectionOptions
from unit.world import delivery

WINDOW = 3
"""How many messages the broker has unacknowledged at most."""
SIZE = 2 * WINDOW
"""How many are remembered."""


def admitted(redeliveries: Redeliveries, *deliveries: Delivery) -> list[bool]:
    return [redeliveries.admit(each) is not None for each in deliveries]


def test_what_is_admitted_is_remembered_by_identifier_and_digest() -> None:
    message = delivery("t", "ON", 7)
    assert Redeliveries(SIZE).admit(message) == RememberDelivery(7, digest_of(message))
    assert len(digest_of(message)) == DIGEST_BYTES


def test_a_redelivery_of_what_was_applied_is_not_admitted() -> None:
    message = delivery("t", "ON", 7)
    assert admitted(Redeliveries(SIZE), message, message._replace(dup=True)) == [True, False]


def test_a_redelivery_of_what_never_arrived_is_admitted() -> None:
    assert admitted(Redeliveries(SIZE), delivery("t", "ON", 7, dup=True)) == [True]


def test_identical_payloads_under_different_identifiers_are_different_messages() -> None:
    messages = [delivery("t", "ON", number, dup=number > 1) for number in (1, 2, 3)]
    assert admitted(Redeliveries(SIZE), *messages) == [True, True, True]


def test_an_identifier_that_comes_again_without_dup_is_a_new_message() -> None:
    assert admitted(Redeliveries(SIZE), delivery("t", "ON", 7), delivery("t", "ON", 7)) == [True, True]


def test_the_same_identifier_with_another_topic_or_payload_is_another_message() -> None:
    other = [delivery("t", "OFF", 7, dup=True), delivery("u", "ON", 7, dup=True), delivery("tO", "N", 7, dup=True)]
    assert admitted(Redeliveries(SIZE), delivery("t", "ON", 7), *other) == [True, True, True, True]


def test_without_the_session_nothing_from_before_is_compared() -> None:
    redeliveries = Redeliveries(SIZE)
    assert redeliveries.admit(delivery("t", "ON", 1))
    redeliveries.forget()
    assert redeliveries.admit(delivery("t", "ON", 1, dup=True))


def test_what_the_store_has_is_recognised_after_a_restart() -> None:
    message = delivery("t", "ON", 7)
    redeliveries = Redeliveries(SIZE)
    redeliveries.admit(delivery("t", "OFF", 8))
    redeliveries.load([(7, digest_of(message))])
    assert admitted(redeliveries, message._replace(dup=True), delivery("t", "OFF", 8, dup=True)) == [False, True]


def test_so_many_are_remembered_and_no_more() -> None:
    redeliveries = Redeliveries(SIZE)
    messages = [delivery("t", "ON", number) for number in range(1, SIZE + 2)]
    admitted(redeliveries, *messages)
    again = [message._replace(dup=True) for message in reversed(messages)]
    assert admitted(redeliveries, *again[:-1]) == [False] * SIZE
    assert redeliveries.admit(again[-1])


def test_by_default_more_are_remembered_than_can_come_again_and_fewer_than_there_are_identifiers() -> None:
    """What waits in the queue comes again when the connection breaks, and the window of the next connection stands behind it."""
    options = ConnectionOptions(address=Address(host="localhost", port=1883, tls=False), client_id="worker")
    assert options.max_waiting + 2 * options.receive_maximum < REMEMBERED < 65_535


def test_the_same_message_remembered_twice_is_forgotten_once_at_a_time() -> None:
    """A transaction whose outcome was unknown may leave a delivery in the store twice."""
    twice = delivery("t", "ON", 7)
    redeliveries = Redeliveries(2)
    redeliveries.load([(7, digest_of(twice)), (7, digest_of(twice))])
    redeliveries.admit(delivery("t", "OFF", 8))
    assert redeliveries.admit(twice._replace(dup=True)) is None


@dataclass
class Broker:
    """A session: it hands out identifiers in turn, has at most WINDOW messages unacknowledged, and sends those again in order,
    with DUP, on the next connection. Messages are numbered; whoever receives one only sees identifier and payload."""

    first_id: int
    last_id: int
    waiting: deque[tuple[int, bytes]] = field(default_factory=deque)
    unacknowledged: dict[int, tuple[int, bytes]] = field(default_factory=dict)
    on_the_way: deque[tuple[Delivery, int]] = field(default_factory=deque)
    connection: int = 1

    def __post_init__(self) -> None:
        self.next_id = self.first_id

    def send(self) -> None:
        while self.waiting and len(self.unacknowledged) < WINDOW:
            number, payload = self.waiting.popleft()
            self.unacknowledged[self.next_id] = number, payload
            self.on_the_way.append((delivery("t", payload, self.next_id, connection=self.connection), number))
            self.next_id = 1 if self.next_id == self.last_id else self.next_id + 1

    def acknowledged(self, packet_id: int) -> None:
        self.unacknowledged.pop(packet_id, None)

    def reconnect(self) -> None:
        self.connection += 1
        self.on_the_way.clear()
        for packet_id, (number, payload) in self.unacknowledged.items():
            again = delivery("t", payload, packet_id, connection=self.connection, dup=True)
            self.on_the_way.append((again, number))

    def lose_the_session(self) -> set[int]:
        """What the worker had not taken in by now will never come."""
        lost = {number for number, _ in self.unacknowledged.values()}
        self.unacknowledged.clear()
        self.next_id = 1
        self.reconnect()
        return lost


class Worker:
    """Applies what it received in batches; what is committed survives a crash, all else does not."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.redeliveries = Redeliveries(SIZE)
        self.received: deque[tuple[Delivery, int]] = deque()
        self.acks: deque[Delivery] = deque()
        self.stored: deque[tuple[int, bytes]] = deque(maxlen=SIZE)
        self.applied: Counter[int] = Counter()

    def receive(self, count: int) -> None:
        for _ in range(min(count, len(self.broker.on_the_way))):
            self.received.append(self.broker.on_the_way.popleft())

    def apply(self, count: int) -> None:
        """One batch: admitted, committed, and then acknowledged."""
        for _ in range(min(count, len(self.received))):
            message, number = self.received.popleft()
            remember = self.redeliveries.admit(message)
            if remember is not None:
                self.stored.append((remember.packet_id, remember.digest))
                self.applied[number] += 1
            self.acks.append(message)

    def acknowledge(self, count: int) -> None:
        """So many acknowledgements arrive, in order; those for another connection are never sent."""
        for _ in range(min(count, len(self.acks))):
            message = self.acks.popleft()
            if message.connection == self.broker.connection:
                self.broker.acknowledged(message.packet_id)

    def crash(self) -> None:
        self.received.clear()
        self.acks.clear()
        self.redeliveries = Redeliveries(SIZE)
        self.redeliveries.load(self.stored)

    def forget(self) -> None:
        """The session is gone: what came on it is applied, and then nothing of it is remembered."""
        self.apply(len(self.received))
        self.acks.clear()
        self.redeliveries.forget()
        self.stored.clear()


STEPS = st.one_of(
    st.tuples(st.just("publish"), st.sampled_from([b"ON", b"OFF"])),
    st.tuples(st.sampled_from(["receive", "apply", "acknowledge"]), st.integers(1, 2 * WINDOW)),
    st.tuples(st.sampled_from(["reconnect", "crash", "lose"]), st.just(0)),
)


@given(st.lists(STEPS, max_size=60), st.integers(65_530, 65_535))
def test_every_message_is_applied_exactly_once(steps: list[tuple[str, bytes | int]], first_id: int) -> None:
    """Of two payloads only, so that identical ones stand under many identifiers; those run over their end on the way."""
    broker = Broker(first_id, 65_535)
    worker = Worker(broker)
    published, lost = 0, set[int]()
    for what, how in steps:
        match what, how:
            case "publish", bytes():
                broker.waiting.append((published, how))
                published += 1
                broker.send()
            case "receive", int():
                worker.receive(how)
            case "apply", int():
                worker.apply(how)
            case "acknowledge", int():
                worker.acknowledge(how)
                broker.send()
            case "reconnect", _:
                worker.acks = deque(message for message in worker.acks if message.connection != broker.connection)
                broker.reconnect()
            case "crash", _:
                worker.crash()
                broker.reconnect()
            case "lose", _:
                worker.forget()
                lost |= broker.lose_the_session() - worker.applied.keys()
    while broker.waiting or broker.unacknowledged or worker.received:
        broker.reconnect()
        worker.receive(len(broker.on_the_way))
        worker.apply(len(worker.received))
        worker.acknowledge(len(worker.acks))
        broker.send()
        worker.receive(len(broker.on_the_way))
        worker.apply(len(worker.received))
        worker.acknowledge(len(worker.acks))
        broker.send()
    assert worker.applied == Counter(number for number in range(published) if number not in lost)
