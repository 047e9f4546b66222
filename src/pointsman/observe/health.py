"""The verdict on a worker's health: from how it stands to one answer, which every outlet shows alike.

The outlets are the topic `BASE/NODE/health`, the health file that `pointsman healthcheck` reads, and the service manager.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

STALE = 30.0
"""A thread whose loop did not come round for so many seconds makes no progress. The store's own time limits are shorter."""
STALE_MQTT = 90.0
"""The same for the connection's thread: looking up a name and a TLS handshake may block it."""
FILE_STALE = 30.0
"""A health file older than this, in seconds, is a worker's that is gone or stuck."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """How a worker stands. Ages are in seconds since the loop last came round."""

    engine_age: float
    mqtt_age: float
    broker_fault: str | None
    store_fault: str | None
    queue: int
    dropped: int
    memory: int
    """Resident, in bytes."""
    counts: Mapping[str, Any] = field(default_factory=dict)


def verdict(vitals: Vitals) -> dict[str, Any]:
    """`alive`: everything makes progress, so a restart would not help. `ready`: messages are taken and operations carried out."""
    problems = []
    if vitals.engine_age > STALE:
        problems.append(f"the engine has not come round for {vitals.engine_age:.0f} s")
    if vitals.mqtt_age > STALE_MQTT:
        problems.append(f"the connection's thread has not come round for {vitals.mqtt_age:.0f} s")
    alive = not problems
    problems += [fault for fault in (vitals.store_fault, vitals.broker_fault) if fault]
    return {
        "alive": alive,
        "ready": not problems,
        "problems": problems,
        "queue": vitals.queue,
        "dropped_qos0": vitals.dropped,
        "memory_bytes": vitals.memory,
        "counts": dict(vitals.counts),
    }


def in_words(health: Mapping[str, Any]) -> str:
    """The verdict in one line."""
    return "; ".join(health["problems"]) or "watching"


def resident_memory() -> int:
    """The memory that this process has in RAM, in bytes; 0 where it cannot be told."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def health_file(configured: str | None, node: str, store_url: str, environ: Mapping[str, str]) -> Path:
    """Where this worker's health file is: as configured, else in the run-time directory, under a name of its own."""
    if configured:
        return Path(configured)
    worker = hashlib.sha256("\0".join((node, store_url)).encode()).hexdigest()[:12]
    name = f"pointsman-{worker}.json"
    for variable in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"):
        directory = environ.get(variable)
        if directory and os.path.isdir(directory):
            return Path(directory) / name
    return Path(tempfile.gettempdir()) / f"pointsman-{os.getuid()}" / name


def write_health(path: Path, health: Mapping[str, Any]) -> None:
    """Replace the health file. Raises OSError; also when its directory is not ours alone, since others could then forge it."""
    if path.parent.name == f"pointsman-{os.getuid()}":
        path.parent.mkdir(mode=0o700, exist_ok=True)
        owner = path.parent.lstat()
        if owner.st_uid != os.getuid() or not stat.S_ISDIR(owner.st_mode):
            raise PermissionError(f"expected a directory of ours at {path.parent}, found somebody else's")
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(health), encoding="utf-8")
    temporary.replace(path)


def read_health(path: Path, now: float) -> dict[str, Any] | None:
    """The health that a worker wrote lately; None when there is none, or it is old. `now` is the time in seconds."""
    try:
        if now - path.stat().st_mtime > FILE_STALE:
            return None
        health: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return health
