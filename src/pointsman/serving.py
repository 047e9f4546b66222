"""From a worker's parts to its HTTP API. Part of the composition root; what it needs is loaded on its thread, if it is on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from structlog.typing import FilteringBoundLogger

from pointsman import __version__
from pointsman.clock import Uuid7
from pointsman.engine.engine import Engine
from pointsman.engine.ports import Clock, Intake
from pointsman.http.listening import Listening, Place
from pointsman.http.live.pulse import Pulse
from pointsman.mqtt.topics import Topics
from pointsman.settings import Configuration
from pointsman.store.opening import open_reader
from pointsman.store.reads.reader import Reader
from pointsman.wiring import message_reader, trigger_bounds

if TYPE_CHECKING:
    from pointsman.http.server import Server


class Api:
    """The API of one worker: `run` is its thread's function. Get it from `open_api`."""

    def __init__(self, place: Place, reader: Reader, pulse: Pulse, build: Callable[[], Server]) -> None:
        self._place, self._reader, self._pulse, self._build = place, reader, pulse, build
        self._server: Server | None = None
        self._stopped = False
        self.address = place.address
        """Where it is, as a URL."""

    def run(self) -> None:
        """Until `stop`. It is built here: that takes longer than all the rest of a start, which does not wait for it."""
        self._server = server = self._build()
        if not self._stopped:
            server.run()

    def stop(self) -> None:
        """Answer what is under way, and take nothing more. Safe from any thread."""
        self._stopped = True
        self._pulse.end()
        if self._server is not None:
            self._server.stop()

    def close(self) -> None:
        """Let go of the address and of the store."""
        with suppress(OSError):
            self._place.close()
        self._reader.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of the worker that the API stands beside."""

    engine: Engine
    intake: Intake
    clock: Clock
    log: FilteringBoundLogger
    health: Callable[[], Mapping[str, Any]]
    pulse: Pulse


def open_api(configuration: Configuration, parts: Parts) -> Api | None:
    """The API, its address taken; None when it is off. The store has to be open. Raises Unavailable when that cannot be."""
    http = configuration.settings.http
    if http.listen == "off":
        return None
    place = Place(Listening(address=http.listen, cert_file=http.cert_file, key_file=http.key_file, proxies=http.proxies))
    try:
        reader = open_reader(configuration.settings.store.url)
    except BaseException:
        place.close()
        raise
    started = parts.clock.now()
    return Api(place, reader, parts.pulse, lambda: _server(configuration, parts, reader, place, started))


def _server(configuration: Configuration, parts: Parts, reader: Reader, place: Place, started: int) -> Server:
    from pointsman.http.app import build_app
    from pointsman.http.server import Server
    from pointsman.http.services import Options, Services

    http = configuration.settings.http
    services = Services(
        intake=parts.intake,
        reader=reader,
        catalog=lambda: parts.engine.catalog,
        clock=parts.clock,
        new_id=Uuid7(),
        log=parts.log,
        health=parts.health,
        about={"version": __version__, "node": configuration.settings.node.id, "started": started},
        pulse=parts.pulse,
        options=Options(session_ms=http.session, max_body=http.max_body, https=http.cert_file is not None, proxies=http.proxies),
        **_answers(configuration, parts.engine, reader, parts.clock),
    )
    return Server(build_app(services), place)


def _answers(configuration: Configuration, engine: Engine, reader: Reader, clock: Clock) -> dict[str, Any]:
    """What the API knows by asking the core, which it may not do itself."""
    from pointsman.explaining import Explainer, Knowledge
    from pointsman.mqtt.asyncapi import asyncapi_document
    from pointsman.supposing import Simulator

    settings, interpret = configuration.settings, message_reader(configuration)
    topics = Topics(settings.mqtt.base_topic, settings.node.id)
    return {
        "explaining": Explainer(reader, lambda: Knowledge(engine.catalog, interpret.entities), _moment),
        "simulate": Simulator(reader, lambda: engine.catalog, trigger_bounds(settings), interpret, clock),
        "messages": lambda: asyncapi_document(__version__, topics),
    }


def _moment(at: int) -> str:
    """A time in ms as ISO 8601 has it, in UTC."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
