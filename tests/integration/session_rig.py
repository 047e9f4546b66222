"""A session at work, with a plain list for an intake: for tests of the session against a real broker."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import structlog
from structlog.typing import EventDict

from pointsman.engine.ports import Item
from pointsman.model.command import Finish
from pointsman.model.delivery import Delivery, SessionStarted, Subscribed
from pointsman.model.ids import JobId
from pointsman.mqtt.options import Address, ConnectionOptions
from pointsman.mqtt.publisher import Outgoing
from pointsman.mqtt.session import Session
from servers.relay import Address as Where

PATIENCE = 20.0
"""Seconds after which a test that waits has failed."""
T = TypeVar("T")


class Heard:
    """What the session put, in order; `backlog` is how long it says its queue is."""

    def __init__(self, withhold: Callable[[SessionStarted], object] | None = None) -> None:
        """`withhold` is given a lost session that is not forgotten yet; without it, it is forgotten at once."""
        self.items: list[Item] = []
        self.backlog = 0
        self._withhold = withhold
        self._changed = threading.Condition()

    def put(self, item: Item) -> None:
        if isinstance(item, SessionStarted) and item.forgotten is not None:
            if self._withhold is not None:
                self._withhold(item)
            else:
                item.forgotten()
            item = item._replace(forgotten=None)
        with self._changed:
            self.items.append(item)
            self._changed.notify_all()

    def __len__(self) -> int:
        return self.backlog

    def wait_until(self, condition: Callable[[], T]) -> T:
        """Wait until it holds; it is looked at whenever the session has put something."""
        with self._changed:
            found = self._changed.wait_for(condition, PATIENCE)
            assert found, f"waited in vain; so far: {self.items[-20:]}"
            return found

    def of(self, kind: type[T]) -> list[T]:
        return [item for item in list(self.items) if isinstance(item, kind)]

    def deliveries(self, count: int) -> list[Delivery]:
        """All deliveries, once there are so many."""
        return self.wait_until(lambda: found if len(found := self.of(Delivery)) >= count else [])

    def finishes(self, count: int) -> dict[JobId, Finish]:
        """All outcomes, once there are so many. No job has two."""
        found = self.wait_until(lambda: found if len(found := self.of(Finish)) >= count else [])
        by_job = {finish.job: finish for finish in found}
        assert len(by_job) == len(found), found
        return by_job


class Rig:
    """One session on its thread."""

    def __init__(
        self,
        where: Where,
        root: str,
        *filters: str,
        recorded: Sequence[str] = (),
        tls: Any = None,
        withhold: Callable[[SessionStarted], object] | None = None,
        **options: Any,
    ) -> None:
        self.root = root
        self.status = f"{root}/worker/state"
        self.heard = Heard(withhold)
        self.logged: list[EventDict] = []
        self.defects = 0
        """How often the next births raise."""
        address = Address(host=where.host, port=where.port, tls=tls is not None)
        given = ConnectionOptions(address=address, client_id=f"worker-{root[-8:]}", tls=tls, reconnect=(0.05, 0.2), keepalive=10)
        self.session = Session(
            replace(given, **options),
            will=Outgoing(topic=self.status, payload=b"offline", qos=1, retain=True),
            birth=self._birth,
            filters=filters or (f"{root}/in/#",),
            recorded=recorded,
            intake=self.heard,
            log=structlog.wrap_logger(
                structlog.PrintLogger(), processors=[self._keep], wrapper_class=structlog.make_filtering_bound_logger(0)
            ),
        )
        self._thread = threading.Thread(target=self.session.run, daemon=True)

    def start(self) -> Rig:
        """Start it, without waiting for anything."""
        self._thread.start()
        return self

    def ready(self, connection: int = 1) -> Rig:
        """Wait until the broker has granted its filters on that connection, or one after it."""

        def granted() -> bool:
            items = list(self.heard.items)
            made = [isinstance(item, SessionStarted) and item.connection >= connection for item in items]
            return True in made and any(isinstance(item, Subscribed) for item in items[made.index(True) :])

        self.heard.wait_until(granted)
        return self

    def stop(self) -> None:
        """Stop it in order."""
        self.session.stop(2.0)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def publish(self, topic: str, payload: bytes | str = b"", job: str | None = None, **fields: Any) -> None:
        """Publish what carries out a job, or (without one) what does not."""
        raw = payload.encode() if isinstance(payload, str) else payload
        given: dict[str, Any] = {"qos": 1, "job": None if job is None else JobId(job)} | fields
        self.session.send(Outgoing(topic=f"{self.root}/{topic}", payload=raw, **given))

    def acknowledge(self, connection: int, packet_id: int) -> None:
        """Acknowledge, and wait until the broker has taken it: it answers in order for a message that is published after it."""
        self.session.acknowledge(connection, packet_id)
        count = len(self.heard.of(Finish)) + 1
        self.publish("after", job=f"after-{count}")
        self.heard.finishes(count)

    @property
    def connections(self) -> list[SessionStarted]:
        return self.heard.of(SessionStarted)

    def wait_for_log(self, event: str) -> EventDict:
        """The first line of the log, so far or to come, that begins so."""
        found: list[EventDict] = []

        def look() -> bool:
            found[:] = [line for line in list(self.logged) if line["event"].startswith(event)][:1]
            return bool(found)

        self.heard.wait_until(look)
        return found[0]

    def _birth(self) -> list[Outgoing]:
        if self.defects:
            self.defects -= 1
            raise ZeroDivisionError("a defect in a callback")
        return [Outgoing(topic=self.status, payload=b"online", qos=1, retain=True)]

    def _keep(self, _logger: object, level: str, event: EventDict) -> EventDict:
        self.logged.append({**event, "level": level})
        with self.heard._changed:
            self.heard._changed.notify_all()
        raise structlog.DropEvent
