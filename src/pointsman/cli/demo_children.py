"""Processes that the demo starts and that must not outlive it. Knows nothing of what they are."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

LEASH = """
import ctypes, os, signal, sys
parent = int(sys.argv[1])
prctl = getattr(ctypes.CDLL(None), "prctl", None)
if prctl:
    prctl(1, signal.SIGTERM)
if os.getppid() == parent:
    os.execv(sys.argv[2], sys.argv[2:])
"""
"""Becomes the program, which Linux then ends when its parent is gone, even by SIGKILL (PR_SET_PDEATHSIG, prctl(2)).

Not when it has changed its user since, as Mosquitto does when root starts it.
"""


class Child:
    """A process in a session of its own: Ctrl-C on the terminal reaches only the demo, which ends its children in order."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        directory: Path,
        environment: Mapping[str, str] | None = None,
        grace: float = 15.0,
    ) -> None:
        """Start it, its output in a log of its own. `command` begins with a path; it has `grace` seconds to end when told to."""
        self.name = name
        self._log = directory / f"{name}.log"
        self._grace = grace
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", LEASH, str(os.getpid()), *command],
                cwd=directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def ended(self) -> bool:
        """Whether it is gone."""
        return self._process.poll() is not None

    @property
    def log(self) -> str:
        """The end of what it printed."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-2000:].strip()

    def stop(self) -> None:
        """End it: SIGTERM, and SIGKILL when that does not help."""
        if not self.ended:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(self._grace)
        if not self.ended:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
