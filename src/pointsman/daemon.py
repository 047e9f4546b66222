"""The composition root: settings → adapters → engine → threads; start, supervise, stop.

The only file that knows all parts. It holds no rule of the domain. Threads: `engine` (the single writer), `mqtt` (the
connection), the program pool's own, and the caller's, which supervises them: when one dies, the worker goes down with a clear
last word, and the service manager starts it again.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from types import FrameType

from pydantic_core import to_json
from structlog.typing import FilteringBoundLogger

from pointsman import __version__
from pointsman.beginning import audited, open_worker_store
from pointsman.clock import SystemClock, Uuid7
from pointsman.engine.engine import Engine, Retention
from pointsman.engine.inbox import Inbox
from pointsman.errors import StoreUnavailable
from pointsman.http.live.pulse import Pulse
from pointsman.model.ids import JobId
from pointsman.model.job import JobStatus
from pointsman.model.write import STOPPED
from pointsman.mqtt.intake import Reader
from pointsman.mqtt.publisher import Announced, MqttPublisher, Outgoing
from pointsman.mqtt.session import Session
from pointsman.mqtt.topics import Topics
from pointsman.observe.health import Vitals, health_file, in_words, resident_memory, verdict, write_health
from pointsman.observe.notify import Notifier
from pointsman.programs.pool import Pool
from pointsman.serving import Parts, open_api
from pointsman.settings import Configuration, Settings
from pointsman.settings.define import define
from pointsman.wiring import connection_options, message_reader, program_policy, trigger_bounds, work_directory, worker_key

ROUND = 1.0
"""Seconds between two looks at the threads."""
HEALTH_EVERY = 10.0
"""Seconds between two writes of the health file; the topic is told of every change, and each minute."""
FLUSH = 5.0
"""Seconds that are given to what is under way, at each step of stopping."""


class Worker:
    """All parts of one worker. `start`, then `supervise` until it is told to stop, then `stop`."""

    def __init__(self, configuration: Configuration, log: FilteringBoundLogger, environ: Mapping[str, str]) -> None:
        """Opens the store. Raises StoreUnavailable or ConfigurationError."""
        settings = self._settings = configuration.settings
        self._log, self._started = log, time.time_ns() // 1_000_000
        self._notifier = Notifier(environ)
        self._health_file = health_file(settings.node.health_file, settings.node.id, settings.store.url, environ)
        self._clock, self.inbox = SystemClock(), Inbox()
        self.store, recorded, last_id = open_worker_store(configuration, log, self._clock.now())
        self._new_id = Uuid7(after=last_id)
        self.topics = Topics(settings.mqtt.base_topic, settings.node.id)
        reader = message_reader(configuration)
        self.session = Session(
            connection_options(settings, configuration.rules),
            will=Outgoing(topic=self.topics.status, payload=b"offline", qos=1, retain=True),
            birth=self._birth,
            filters=reader.filters,
            recorded=recorded,
            intake=self.inbox,
            log=log,
        )
        self.pool = _pool(settings, environ, self.inbox)
        pulse = Pulse()
        self.engine = self._engine(configuration, reader, pulse)
        parts = Parts(
            engine=self.engine,
            intake=self.inbox,
            clock=self._clock,
            log=log,
            health=lambda: verdict(self._vitals()),
            pulse=pulse,
        )
        self._api = open_api(configuration, parts)
        self._threads: dict[str, threading.Thread] = {}
        self._failed: dict[str, BaseException] = {}
        self._told_at = self._written_at = 0.0
        self._told: tuple[bool, Sequence[str]] | None = None

    def _engine(self, configuration: Configuration, reader: Reader, pulse: Pulse) -> Engine:
        settings = self._settings
        return Engine(
            inbox=self.inbox,
            store=self.store,
            interpret=reader,
            define=define,
            catalog=configuration.catalog,
            publisher=MqttPublisher(self.session, self.topics, Announced(settings.mqtt.announce)),
            programs=self.pool,
            clock=self._clock,
            new_id=self._new_id,
            log=self._log,
            limit=settings.engine.batch,
            window=settings.mqtt.receive_maximum,
            retention=Retention(settings.store.keep, settings.store.keep_jobs),
            bounds=trigger_bounds(settings),
            followers=pulse,
        )

    # Starting and stopping

    def start(self) -> None:
        """Start the threads, in the order in which they need each other. Raises PointsmanError."""
        self.engine.load()
        self.pool.open(self._running)
        self._spawn("engine", lambda: self.engine.run(time.sleep))
        self._spawn("mqtt", self.session.run)
        if self._api is not None:
            self._spawn("http", self._api.run)
            self._log.info("listening", address=self._api.address)
        self._notifier.ready("started")
        self._log.info("started", version=__version__, node=self._settings.node.id, store=self.store.describe())
        self._warn()

    def _warn(self) -> None:
        for warning in self.store.warnings:
            self._log.warning("store", warning=warning)
        if not self._settings.mqtt.tls.verify:
            self._log.warning("mqtt.tls.verify is off: whoever is on the way to the broker can read and forge everything")

    def stop(self) -> None:
        """Stop in order: take nothing more, let what is under way end, make it durable, say goodbye."""
        self._notifier.stopping()
        self._log.info("stopping")
        self.session.deafen()
        if self._api is not None:
            self._api.stop()
            self._join("http", FLUSH)
        self.pool.stop(self._settings.programs.grace)
        until = time.monotonic() + FLUSH
        while not self.session.idle and time.monotonic() < until and self._alive("mqtt"):
            time.sleep(0.02)
        self.engine.stop()
        self._join("engine", 2 * FLUSH)
        self.session.stop(FLUSH)
        self._join("mqtt", 2 * FLUSH)
        self.pool.close()
        if self._api is not None:
            self._api.close()
        if not self._alive("engine"):
            self._say_goodbye()
            self.store.close()
        self._health_file.unlink(missing_ok=True)
        self._log.info("stopped")

    def _running(self, jobs: Collection[JobId]) -> Collection[JobId]:
        """Which of these jobs the store calls running."""
        with self.store.begin() as unit:
            return [job.id for job in unit.jobs(jobs).values() if job.status is JobStatus.RUNNING]

    def _say_goodbye(self) -> None:
        """Let the audit say when the worker stopped. A store that is out of reach does without."""
        if self.engine.store_fault is not None:
            return
        at = self._clock.now()
        with contextlib.suppress(StoreUnavailable), self.store.begin() as unit:
            unit.apply([audited(STOPPED, self._settings.node.id, self._new_id(at), at)])

    def _spawn(self, name: str, function: Callable[[], None]) -> None:
        def body() -> None:
            try:
                function()
            except BaseException as fault:  # noqa: BLE001 whatever ends a thread is the supervisor's last word
                self._failed[name] = fault

        thread = threading.Thread(target=body, name=name, daemon=True)
        self._threads[name] = thread
        thread.start()

    def _join(self, name: str, seconds: float) -> None:
        thread = self._threads.get(name)
        if thread is not None:
            thread.join(seconds)

    def _alive(self, name: str) -> bool:
        thread = self._threads.get(name)
        return thread is not None and thread.is_alive()

    # Supervising

    def supervise(self, stop: threading.Event) -> int:
        """Until `stop` is set (exit code 0) or a thread dies (1)."""
        while not stop.wait(ROUND):
            dead = next((name for name, thread in self._threads.items() if not thread.is_alive()), None)
            if dead is None and self.pool.failed is not None:
                dead, self._failed["programs"] = "programs", self.pool.failed
            if dead is not None:
                self._log.critical("a thread died: the worker goes down", thread=dead, exc_info=self._failed.get(dead))
                return 1
            self._tell()
        return 0

    def _tell(self) -> None:
        """Tell every outlet how the worker stands."""
        health, now = verdict(self._vitals()), time.monotonic()
        news = (health["ready"], health["problems"]) != self._told
        if news or now - self._written_at >= HEALTH_EVERY:
            self._written_at = now
            self._write_health(health)
        if news or now - self._told_at >= 60:
            self._told_at, self._told = now, (health["ready"], health["problems"])
            self.session.send(Outgoing(topic=self.topics.health, payload=to_json(health), retain=True))
        if health["alive"]:
            self._notifier.alive(in_words(health))
        else:
            self._notifier.status(in_words(health))

    def _vitals(self) -> Vitals:
        now = time.monotonic()
        return Vitals(
            engine_age=now - self.engine.heartbeat,
            mqtt_age=now - self.session.heartbeat,
            broker_fault=self.session.fault,
            store_fault=self.engine.store_fault,
            queue=len(self.inbox),
            dropped=self.session.dropped,
            memory=resident_memory(),
            counts=self.engine.tally.as_json(),
        )

    def _write_health(self, health: Mapping[str, object]) -> None:
        try:
            write_health(self._health_file, health)
        except OSError as fault:
            self._log.warning("cannot write the health file", path=str(self._health_file), fault=str(fault))

    def _birth(self) -> Sequence[Outgoing]:
        info = {
            "version": __version__,
            "node": self._settings.node.id,
            "started": self._started,
            "store": self.store.describe(),
        }
        return (
            Outgoing(topic=self.topics.status, payload=b"online", qos=1, retain=True),
            Outgoing(topic=self.topics.info, payload=to_json(info), qos=1, retain=True, content_type="application/json"),
        )


def _pool(settings: Settings, environ: Mapping[str, str], inbox: Inbox) -> Pool:
    policy = replace(program_policy(settings), work_directory=work_directory(settings, environ))
    return Pool(policy, inbox, worker_key(settings))


def run(configuration: Configuration, log: FilteringBoundLogger, environ: Mapping[str, str]) -> int:
    """Run a worker until SIGTERM or SIGINT. Gives the exit code. Raises PointsmanError when it cannot start."""
    stop = threading.Event()
    for warning in configuration.warnings:
        log.warning("configuration", warning=str(warning))
    with _on_signals(stop):
        worker = Worker(configuration, log, environ)
        try:
            worker.start()
            return worker.supervise(stop)
        finally:
            worker.stop()


@contextlib.contextmanager
def _on_signals(stop: threading.Event) -> Iterator[None]:
    """SIGTERM and SIGINT set `stop`; a second one ends the process at once, as it would without us."""

    def ask(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
