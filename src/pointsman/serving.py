"""From a worker's parts to its HTTP API. Part of the composition root: it imports `http`, and that only when it is on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from structlog.typing import FilteringBoundLogger

from pointsman import __version__
from pointsman.clock import Uuid7
from pointsman.engine.engine import Engine
from pointsman.engine.ports import Clock, Intake
from pointsman.explaining import Explainer, Knowledge
from pointsman.mqtt.asyncapi import asyncapi_document
from pointsman.mqtt.topics import Topics
from pointsman.settings import Configuration
from pointsman.settings.schema import HttpSettings
from pointsman.store.opening import open_reader
from pointsman.store.reads.reader import Reader
from pointsman.supposing import Simulator
from pointsman.wiring import message_reader, trigger_bounds

if TYPE_CHECKING:
    from pointsman.http.live.pulse import Pulse
    from pointsman.http.server import Listening, Server
    from pointsman.http.services import Options


class Api:
    """The API of one worker: `run` is its thread's function. Get it from `open_api`."""

    def __init__(self, server: Server, reader: Reader, pulse: Pulse) -> None:
        self._server, self._reader, self._pulse = server, reader, pulse
        self.address = server.address
        """Where it is, as a URL."""

    def run(self) -> None:
        """Until `stop`."""
        self._server.run()

    def stop(self) -> None:
        """Answer what is under way, and take nothing more. Safe from any thread."""
        self._pulse.end()
        self._server.stop()

    def close(self) -> None:
        """Let go of the address and of the store."""
        with suppress(OSError):
            self._server.close()
        self._reader.close()


def open_api(
    configuration: Configuration,
    *,
    engine: Engine,
    intake: Intake,
    clock: Clock,
    log: FilteringBoundLogger,
    health: Callable[[], Mapping[str, Any]],
    pulse: Pulse,
) -> Api | None:
    """The API, its address taken; None when it is off. The store has to be open. Raises Unavailable when that cannot be."""
    settings, http = configuration.settings, configuration.settings.http
    if http.listen == "off":
        return None
    from pointsman.http.app import build_app
    from pointsman.http.server import Server
    from pointsman.http.services import Services

    reader, interpret = open_reader(settings.store.url), message_reader(configuration)
    topics = Topics(settings.mqtt.base_topic, settings.node.id)
    services = Services(
        intake=intake,
        reader=reader,
        catalog=lambda: engine.catalog,
        clock=clock,
        new_id=Uuid7(),
        log=log,
        health=health,
        about={"version": __version__, "node": settings.node.id, "started": clock.now()},
        explaining=Explainer(reader, lambda: Knowledge(engine.catalog, interpret.entities), _moment),
        simulate=Simulator(reader, lambda: engine.catalog, trigger_bounds(settings), interpret, clock),
        messages=lambda: asyncapi_document(__version__, topics),
        pulse=pulse,
        options=_options(http),
    )
    try:
        return Api(Server(build_app(services), _listening(http)), reader, pulse)
    except BaseException:
        reader.close()
        raise


def _options(http: HttpSettings) -> Options:
    from pointsman.http.services import Options

    return Options(session_ms=http.session, max_body=http.max_body, https=http.cert_file is not None, proxies=http.proxies)


def _listening(http: HttpSettings) -> Listening:
    from pointsman.http.server import Listening

    return Listening(address=http.listen, cert_file=http.cert_file, key_file=http.key_file, proxies=http.proxies)


def _moment(at: int) -> str:
    """A time in ms as ISO 8601 has it, in UTC."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
