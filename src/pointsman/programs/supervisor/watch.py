"""Watches a program until it and its pipes are done, or until there is no more time for them, and clears away what is left of it.

Knows: record, capture. Must not know: how it was started, where its outcome goes. Three things that waiting for a process alone
does not give: the end of a whole process group, a deadline on pipes that somebody keeps open, and no moment in which a signal
could reach a process that merely got the same number (the leader is reaped last).
"""

from __future__ import annotations

import os
import select
import signal
import time

from pointsman.programs.capture import Capture
from pointsman.programs.supervisor.record import CANCEL, CANCELLED, ITSELF, STOPPED, TIMED_OUT, Task
from pointsman.programs.supervisor.spawn import Process

LINGER = 0.5
"""Seconds for which what a program leaves running may still write to its pipes; then its group is killed and they are closed."""
REAP = 2.0
"""Seconds to wait for a killed process; one that hangs in the kernel may never end."""
CHUNK = 65_536
"""Bytes that are read at once: a pipe's capacity."""
LONGEST_WAIT = 3600.0
"""Seconds that one wait lasts at most: poll(2) takes no more than 2³¹ ms."""

RUNNING, LEFT, ENDING = (
    "running",
    "left",
    "ending"
    """Phases: it runs, and may until its time limit · it has ended, and what it
left running holds its pipes · it was told to end, and its grace runs.""",
)


class Watch:
    """One program under watch."""

    def __init__(self, process: Process, task: Task, deadline: float, orders: int, wake: int) -> None:
        """`deadline` is on the monotonic clock. `orders` is the pipe of orders; `wake` gives the numbers of signals that came."""
        self.reason = ITSELF
        """Why it ended."""
        self.stdout = Capture(task.output_limit)
        self.stderr = Capture(task.output_limit)
        self._process = process
        self._grace = task.grace_ms / 1000
        self._orders = orders
        self._wake = wake
        self._phase = RUNNING
        self._due = deadline
        self._exited = False
        self._reading = {process.stdout: self.stdout, process.stderr: self.stderr}
        self._ordered: bytes = b""

    def until_done(self) -> None:
        """Watch. What the program prints is read as it comes, whether it is kept or not."""
        poller = select.poll()
        for descriptor in (*self._reading, self._orders, self._wake):
            poller.register(descriptor, select.POLLIN)
        while not self._done():
            for descriptor, _ in poller.poll(1000 * min(max(self._due - time.monotonic(), 0), LONGEST_WAIT) + 1):
                if descriptor in self._reading:
                    self._read(poller, descriptor)
                elif descriptor == self._orders:
                    self._ordered = self._ordered or os.read(descriptor, CHUNK)
                elif signal.SIGTERM in os.read(descriptor, CHUNK):
                    self._ordered = self._ordered or b"SIGTERM"

    def clear_away(self) -> int | None:
        """End what is left of the group, close the pipes, reap. Gives the exit code, or minus the signal that ended it; None
        when it did not end in time.

        The leader is not reaped before, so that its number, which is the group's too, cannot be anybody else's.
        """
        self._signal_group(signal.SIGKILL)
        os.close(self._process.stdout)
        os.close(self._process.stderr)
        until = time.monotonic() + REAP
        poller = select.poll()
        poller.register(self._wake, select.POLLIN)
        while True:
            pid, status = os.waitpid(self._process.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            left = until - time.monotonic()
            if left <= 0:
                return None
            if poller.poll(1000 * left + 1):
                os.read(self._wake, CHUNK)

    def _read(self, poller: select.poll, descriptor: int) -> None:
        try:
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return
        if data:
            self._reading[descriptor].add(data)
        else:
            poller.unregister(descriptor)
            del self._reading[descriptor]

    def _done(self) -> bool:
        """Take the next step, if it is time for one; True after the last."""
        self._exited = self._exited or _has_exited(self._process.pid)
        if self._exited and not self._reading:
            return True
        now = time.monotonic()
        if self._phase != RUNNING:
            return now >= self._due
        if self._exited:
            self._phase, self._due = LEFT, now + LINGER
        elif self._ordered:
            self._tell_to_end(CANCELLED if self._ordered[:1] == CANCEL else STOPPED, now)
        elif now >= self._due:
            self._tell_to_end(TIMED_OUT, now)
        return False

    def _tell_to_end(self, reason: str, now: float) -> None:
        """The whole group at once; whoever is still there after the grace is killed by `clear_away`."""
        self._signal_group(signal.SIGTERM)
        self.reason, self._phase, self._due = reason, ENDING, now + self._grace

    def _signal_group(self, number: signal.Signals) -> None:
        try:  # noqa: SIM105 contextlib costs more than all that is imported here
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):
            pass


def _has_exited(pid: int) -> bool:
    """Whether it has ended; it stays a zombie, so that its number stays its own."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
