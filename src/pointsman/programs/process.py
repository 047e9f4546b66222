"""One process, from exec to the end of its group. The only module that names subprocess.

Knows: argv, policy, control, capture, outcome. Must not know: jobs, scripts, the engine. Three things that `subprocess` alone
does not give: the end of a whole process group, a deadline on pipes that somebody keeps open, and no moment in which a signal
could reach a process that merely got the same number (the leader is reaped last).
"""

from __future__ import annotations

import errno
import os
import resource
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from typing import IO

from pointsman.errors import PointsmanError
from pointsman.programs.argv import Launch
from pointsman.programs.capture import Capture
from pointsman.programs.control import Control
from pointsman.programs.outcome import Ending, Outcome
from pointsman.programs.policy import ProgramPolicy

LINGER = 0.5
"""Seconds for which what a program leaves running may still write to its pipes; then its group is killed and they are closed."""
REAP = 2.0
"""Seconds to wait for a killed process; one that hangs in the kernel may never end."""
CHUNK = 65_536
"""Bytes that are written or read at once: a pipe's capacity."""
TICK = 0.05
"""Seconds between two looks whether the process has ended, where the kernel has no pidfd (before Linux 5.3)."""
LONGEST_WAIT = 3600.0
"""Seconds that one wait lasts at most: epoll takes no more than 2³¹ ms."""


class CannotStart(PointsmanError):
    """The program was not started, or was ended at once for want of its limits. The message says why and what to do."""


def run(launch: Launch, policy: ProgramPolicy, control: Control, started: Callable[[], None]) -> Outcome:
    """Run a program to its end, whatever it does: at most its time limit, the grace and a few seconds.

    Calls `started` once it runs. Its group is ended with it: what a program leaves behind goes on only if it made itself a
    session of its own (setsid). Raises CannotStart.
    """
    begun = time.monotonic()
    process = _spawn(launch)
    try:
        _limit(process.pid, policy)
        started()
        watch = _Watch(process, launch, begun + launch.timeout_ms / 1000, policy.grace_ms / 1000, control)
        watch.until_done()
    finally:
        code = _clear_away(process)
    return Outcome(
        ending=watch.ending,
        code=code,
        stdout=watch.stdout.text(),
        stderr=watch.stderr.text(),
        truncated=bool(watch.stdout.dropped or watch.stderr.dropped),
        timeout_ms=launch.timeout_ms,
        duration_ms=round((time.monotonic() - begun) * 1000),
    )


def _spawn(launch: Launch) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            [argument.encode() for argument in launch.argv],
            executable=launch.file,
            env={name.encode(): value.encode() for name, value in launch.environment.items()},
            cwd=launch.directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            umask=0o077,
            start_new_session=True,
        )
    except OSError as error:
        raise CannotStart(_start_fault(launch, error)) from error


def _start_fault(launch: Launch, error: OSError) -> str:
    match error.errno:
        case errno.ENOEXEC:
            return f"expected a program of this machine, found something else in {launch.file}; a script must begin with #!"
        case errno.ENOENT if error.filename != launch.directory:
            return (
                f"expected the interpreter of {launch.file}, named in its first line, found none; install it or correct the line"
            )
        case errno.EACCES:
            return (
                f"expected to be allowed to run {launch.file} ({error.strerror}); see its mode, and whether it is mounted noexec"
            )
        case errno.E2BIG:
            return (
                "expected less in arguments and variables together, found more than the system takes; use standard input instead"
            )
    return f"{launch.file} could not be started: {error.strerror}"


def _limit(pid: int, policy: ProgramPolicy) -> None:
    """Set the policy's limits. Not before exec, since running our code between fork and exec may deadlock when there are threads.

    The process has run for some 0.1 ms by then; what it starts later inherits them. Raises CannotStart.
    """
    wanted = (
        (resource.RLIMIT_AS, policy.max_memory_bytes, 0),
        (resource.RLIMIT_CPU, policy.max_cpu_seconds, 1),
        (resource.RLIMIT_NOFILE, policy.max_open_files, 0),
        (resource.RLIMIT_NPROC, policy.max_processes, 0),
    )
    for what, limit, more in wanted:
        if limit is None:
            continue
        try:
            ceiling = resource.prlimit(pid, what)[1]
            hard = limit + more if ceiling == resource.RLIM_INFINITY else min(limit + more, ceiling)
            resource.prlimit(pid, what, (min(limit, hard), hard))
        except OSError as error:
            raise CannotStart(f"its limits could not be set ({error.strerror}); give it none, or allow prlimit(2)") from error


def _clear_away(process: subprocess.Popen[bytes]) -> int | None:
    """End what is left of the group, close the pipes, reap. Gives the return code, None when it did not end in time.

    The leader is not reaped before, so that its number, which is the group's too, cannot be anybody else's.
    """
    _signal_group(process, signal.SIGKILL)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    try:
        return process.wait(REAP)
    except subprocess.TimeoutExpired:
        return None


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


class _Phase(Enum):
    RUNNING = "it runs, and may until its time limit"
    LEFT = "it has ended, and what it left running holds its pipes"
    ENDING = "it was told to end, and its grace runs"


class _Watch:
    """Feeds and reads a process until it has ended and its pipes are done, or until there is no more time for them."""

    def __init__(self, process: subprocess.Popen[bytes], launch: Launch, deadline: float, grace: float, control: Control) -> None:
        self.ending = Ending.ITSELF
        self.stdout = Capture(launch.output_limit)
        self.stderr = Capture(launch.output_limit)
        self._process = process
        self._grace = grace
        self._control = control
        self._phase = _Phase.RUNNING
        self._due = deadline
        self._exited = False
        self._reading = 0
        self._input = memoryview(launch.stdin)
        self._pidfd: int | None = None

    def until_done(self) -> None:
        """Watch."""
        with selectors.DefaultSelector() as selector:
            try:
                self._register(selector)
                while not self._done():
                    for key, _ in selector.select(self._patience()):
                        key.data()
            finally:
                if self._pidfd is not None:
                    os.close(self._pidfd)

    def _register(self, selector: selectors.BaseSelector) -> None:
        process = self._process
        for stream, capture in ((process.stdout, self.stdout), (process.stderr, self.stderr)):
            if stream is not None:
                os.set_blocking(stream.fileno(), False)
                self._reading += 1
                selector.register(stream, selectors.EVENT_READ, lambda s=stream, c=capture: self._read(selector, s, c))
        if (stdin := process.stdin) is not None:
            os.set_blocking(stdin.fileno(), False)
            selector.register(stdin, selectors.EVENT_WRITE, lambda: self._write(selector, stdin))
        bell = self._control.bell
        selector.register(bell, selectors.EVENT_READ, bell.hush)
        with suppress(OSError):
            self._pidfd = pidfd = os.pidfd_open(process.pid)
            selector.register(pidfd, selectors.EVENT_READ, lambda: selector.unregister(pidfd))

    def _read(self, selector: selectors.BaseSelector, stream: IO[bytes], capture: Capture) -> None:
        with suppress(BlockingIOError):
            if data := os.read(stream.fileno(), CHUNK):
                capture.add(data)
            else:
                selector.unregister(stream)
                self._reading -= 1

    def _write(self, selector: selectors.BaseSelector, stdin: IO[bytes]) -> None:
        try:
            self._input = self._input[os.write(stdin.fileno(), self._input[:CHUNK]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._input = memoryview(b"")
        if not self._input:
            selector.unregister(stdin)
            stdin.close()

    def _patience(self) -> float:
        longest = LONGEST_WAIT if self._exited or self._pidfd is not None else TICK
        end = self._control.end
        due = min(self._due, end.at) if end is not None and self._phase is _Phase.RUNNING else self._due
        return min(max(due - time.monotonic(), 0), longest)

    def _done(self) -> bool:
        """Take the next step, if it is time for one; True after the last."""
        self._exited = self._exited or _has_exited(self._process.pid)
        if self._exited and not self._reading:
            return True
        now = time.monotonic()
        if self._phase is not _Phase.RUNNING:
            return now >= self._due
        end = self._control.end
        if self._exited:
            self._phase, self._due = _Phase.LEFT, now + LINGER
        elif end is not None and now >= end.at:
            self._tell_to_end(end.ending, now)
        elif now >= self._due:
            self._tell_to_end(Ending.TIMED_OUT, now)
        return False

    def _tell_to_end(self, ending: Ending, now: float) -> None:
        """The whole group at once; whoever is still there after the grace is killed by `_clear_away`."""
        _signal_group(self._process, signal.SIGTERM)
        self.ending, self._phase, self._due = ending, _Phase.ENDING, now + self._grace


def _has_exited(pid: int) -> bool:
    """Whether it has ended; it stays a zombie, so that its number stays its own."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
