"""Follows one program through its supervisor: hears that it runs and that it has ended, passes orders on, reads the outcome.

Knows: workspace, control, outcome, record. Must not know: who has started it, this worker or one before, threads.

**The sign of life** is the pipe `life` in the job's directory, which only the supervisor holds open. A number with a start time
and a boot id would say as much, but has to be looked at again and again, and what they mean is lost in another PID namespace; a
lock says it too, but wakes nobody. The pipe's end is told to whoever waits for it, at once; it cannot be anybody else's, after
a restart of the machine nobody holds it, and a sandbox that hides /proc does not hide it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from pointsman.model.command import Finish
from pointsman.model.effect import StartProgram
from pointsman.model.job import JobStatus
from pointsman.programs.control import Control
from pointsman.programs.outcome import LOST, UNKNOWN, Ending, finish_of_ended
from pointsman.programs.supervisor.record import CANCEL, STARTED, STOP, NotUnderstood, decode_ended
from pointsman.programs.supervisor.watch import LONGEST_WAIT
from pointsman.programs.workspace import Place


class Following:
    """One program that runs, or has ended."""

    def __init__(self, effect: StartProgram, place: Place, control: Control, started: Callable[[], None]) -> None:
        """Calls `started` once, when the program runs or never will. Where there is no directory it has ended, unknown how.

        Raises OSError when it cannot be told: to take a program for ended that runs would be worse.
        """
        self.effect = effect
        self.control = control
        self._place = place
        self._started: Callable[[], None] | None = started
        self._ordered = False
        self._seen = False
        """Whether a supervisor lived when we looked."""
        try:
            self._life = os.open(place.life, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            self._life = -1

    def fileno(self) -> int:
        """What to wait on; only after `look` has said that it has not ended."""
        return self._life

    def patience(self) -> float | None:
        """In how many seconds to look again though nothing is heard, at most LONGEST_WAIT; None: never."""
        end = self.control.end
        return None if end is None or self._ordered else min(max(end.at - time.monotonic(), 0), LONGEST_WAIT)

    def look(self) -> bool:
        """Take note of what has happened, and pass on what is due. True once the program has ended."""
        if self._has_ended():
            self._note_start()
            return True
        end = self.control.end
        if end is not None and not self._ordered and time.monotonic() >= end.at:
            self._ordered = True
            self._place.order(CANCEL if end.ending is Ending.CANCELLED else STOP)
        return False

    def finish(self) -> Finish:
        """How the job ended, once the program has."""
        job, defect = self.effect.job, self._place.defect()
        unknown = LOST if self._seen else UNKNOWN
        data = self._place.outcome()
        if data is not None:
            try:
                ended = decode_ended(data)
                file = self.effect.path or "the script's interpreter"
                return finish_of_ended(job, ended, file=file, timeout_ms=self.effect.timeout_ms)
            except NotUnderstood as fault:
                defect = str(fault)
        return Finish(job=job, status=JobStatus.INTERRUPTED, error=f"{unknown} ({defect})" if defect else unknown)

    def close(self) -> None:
        """Follow it no longer; it goes on."""
        if self._life >= 0:
            os.close(self._life)
            self._life = -1

    def _has_ended(self) -> bool:
        if self._life < 0:
            return True
        try:
            said = os.read(self._life, 100)
        except BlockingIOError:
            self._seen = True
            return False
        if STARTED in said:
            self._seen = True
            self._note_start()
        return not said

    def _note_start(self) -> None:
        if self._started is not None:
            started, self._started = self._started, None
            started()
