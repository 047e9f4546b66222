"""A small disk, to be filled up: what is full there is full for nobody else.

A tmpfs, so only root can have one, on Linux.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.absence import missing


@contextmanager
def small_disk(place: Path, kibibytes: int) -> Iterator[Path]:
    """Mount a disk of this size on the directory `place`, and take it away afterwards, whoever still uses it."""
    options = f"size={kibibytes}k,mode=0700"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "pointsman-test", place],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        missing("A small disk", f"run the tests as root, where `mount` is allowed; it said: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)
