"""From the settings to what each adapter wants to know. Light: the command line uses it without the daemon."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from pointsman.core.limits import Bounds, Limit
from pointsman.model.rule import IntakeRule
from pointsman.model.state import Retained
from pointsman.mqtt.intake import Reader
from pointsman.mqtt.options import ConnectionOptions, Tls, Version, parse_address
from pointsman.mqtt.topics import Topics
from pointsman.programs.policy import ProgramPolicy
from pointsman.settings import Configuration, Settings


def connection_options(settings: Settings, rules: Sequence[IntakeRule] = ()) -> ConnectionOptions:
    """What the settings say of the broker. Retained messages are asked for unless nothing that is listened to takes them."""
    policies = {settings.mqtt.retained, *[rule.retained for rule in rules if rule.retained is not None]}
    mqtt = settings.mqtt
    address = parse_address(mqtt.url)
    tls = mqtt.tls
    return ConnectionOptions(
        address=address,
        client_id=mqtt.client_id,
        username=mqtt.username,
        password=mqtt.password.get_secret_value() if mqtt.password else None,
        tls=Tls(ca_file=tls.ca_file, cert_file=tls.cert_file, key_file=tls.key_file, verify=tls.verify) if address.tls else None,
        version=Version(mqtt.version),
        keepalive=max(5, mqtt.keepalive // 1000),
        session_expiry=mqtt.session_expiry // 1000,
        receive_maximum=mqtt.receive_maximum,
        window=mqtt.window,
        reconnect=(mqtt.reconnect_min / 1000, mqtt.reconnect_max / 1000),
        replay_retained=policies != {Retained.IGNORE},
        max_waiting=settings.engine.queue,
    )


def message_reader(configuration: Configuration) -> Reader:
    """What reads messages."""
    mqtt = configuration.settings.mqtt
    topics = Topics(mqtt.base_topic, configuration.settings.node.id)
    rules, replies = configuration.rules, configuration.replies
    return Reader(topics, rules, replies=replies, retained=mqtt.retained, max_payload=mqtt.max_payload)


def program_policy(settings: Settings) -> ProgramPolicy:
    """What the settings say of programs."""
    programs = settings.programs
    return ProgramPolicy(
        enabled=programs.enabled,
        directories=tuple(programs.directories),
        allow_option_like_arguments=programs.allow_option_like_arguments,
        interpreter=programs.interpreter,
        workers=programs.workers,
        queue=programs.queue,
        leave_on_stop=programs.on_stop == "leave",
        grace_ms=programs.grace,
        work_directory=programs.work_directory,
        max_memory_bytes=programs.max_memory,
        max_cpu_seconds=None if programs.max_cpu is None else max(1, programs.max_cpu // 1000),
        max_open_files=programs.max_open_files,
        max_processes=programs.max_processes,
    )


def work_directory(settings: Settings, environ: Mapping[str, str]) -> Path | None:
    """Where the directories of programs lie: a place that outlives the worker, since programs do, if there is one.

    A service's /tmp may be its own, and goes when it is stopped (systemd's PrivateTmp=); its state directory does not.
    """
    if settings.programs.work_directory is not None:
        return settings.programs.work_directory
    if (file := _store_file(settings)) is not None:
        return file.parent
    state = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    return Path(state) if state and os.path.isdir(state) else None


def worker_key(settings: Settings) -> str:
    """What tells this worker from every other of this machine, and is the same at each start, also with a new password."""
    url = urlsplit(settings.store.url)
    store = str(_store_file(settings) or url.netloc.rpartition("@")[2] + url.path)
    return hashlib.sha256("\0".join((settings.node.id, store)).encode()).hexdigest()[:12]


def _store_file(settings: Settings) -> Path | None:
    name = settings.store.url.removeprefix("sqlite:///")
    return None if name == settings.store.url else Path(os.path.realpath(name))


def trigger_bounds(settings: Settings) -> Bounds:
    """What the settings say of loops and storms."""
    engine = settings.engine
    rate = Limit(engine.burst, engine.refill) if engine.burst else None
    return Bounds(rate=rate, max_hops=engine.max_hops, pause_ms=engine.quarantine)
