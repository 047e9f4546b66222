"""The keeper: a small process that the worker starts once, and that forks a supervisor for each program that it is asked for.

Knows: supervise, record. Must not know: what is run. **Why a keeper**: forked from one, a supervisor shares most of its memory
with all others, has less than 1 MB of its own and is there in a millisecond; an interpreter for each program would have 3.6 MB
before it did anything, and take 14 ms of a fast processor (docs/decisions/0005). The worker itself cannot fork them: it has
threads, and descriptors that must not outlive it.

It reads job directories from standard input, each ended by NUL, and answers each on standard output with a line: the
supervisor's number, or `!` and an errno. It ends with the worker, when standard input ends; the supervisors go on. It holds the
lock of the worker's directory as long as it lives (workspace.py): so the next worker knows that no supervisor will come that it
was not told of.
"""

from __future__ import annotations

import gc
import os
import signal

from pointsman.programs.supervisor.record import LIFE, ORDERS
from pointsman.programs.supervisor.supervise import supervise

NAME = b"pointsman-prog"
"""What ps(1) calls a supervisor; at most 15 bytes."""


def main(lock: int) -> None:
    """Serve until standard input ends. `lock` is the descriptor of the worker's directory."""
    _handle_signals()
    os.umask(0o077)
    # What was made so far is left alone by the collector, and so stays shared.
    gc.collect()
    gc.freeze()
    gc.disable()
    waiting = b""
    while data := os.read(0, 65_536):
        *places, waiting = (waiting + data).split(b"\0")
        for place in places:
            os.write(1, _start(os.fsdecode(place), lock) + b"\n")


def _handle_signals() -> None:
    """Reap supervisors as they end, and end on SIGTERM. In a supervisor neither does anything but to wake it.

    It inherits the handlers: to set its own would cost each some pages of memory more.
    """
    keeper = os.getpid()

    def reap(*_: object) -> None:
        try:
            while os.getpid() == keeper and os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass

    def end(*_: object) -> None:
        if os.getpid() == keeper:
            os._exit(0)

    signal.signal(signal.SIGCHLD, reap)
    signal.signal(signal.SIGTERM, end)


def _start(place: str, lock: int) -> bytes:
    """Fork a supervisor. Its pipes are open before anybody hears of it, so that it is never taken for dead."""
    opened: list[int] = []
    try:
        for name in (LIFE, ORDERS):
            opened.append(os.open(f"{place}/{name}", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC))  # noqa: PERF401 all are closed
        pid = os.fork()
        if pid == 0:
            life, orders = opened
            _supervise(place, life, orders, lock)
        return b"%d" % pid
    except OSError as error:
        return b"!%d" % (error.errno or 0)
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _supervise(place: str, life: int, orders: int, lock: int) -> None:
    """The forked process's life. Never returns."""
    status = 1
    try:
        os.setsid()
        os.close(lock)
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nothing, standard, inheritable=False)
        os.close(nothing)
        _name()
        supervise(place, life, orders)
        status = 0
    finally:
        os._exit(status)


def _name() -> None:
    try:
        comm = os.open("/proc/self/comm", os.O_WRONLY)
        os.write(comm, NAME)
        os.close(comm)
    except OSError:
        pass
