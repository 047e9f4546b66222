"""The program's process: forked and executed by a supervisor, in a session of its own, with its limits, on a tether.

Knows: record. Must not know: deadlines, output. A supervisor has one thread, so its own code may run between fork and exec, which
`subprocess` warns of in a process with threads: limits hold from the program's first instruction on.

**The tether** is a pipe that only the supervisor can write to, and never does. The program holds its other end, which is told
(fcntl(2), F_SETOWN, F_SETSIG, O_ASYNC) to send SIGKILL to the program's process group when something happens on it. What
happens is that the supervisor ends, by whatever cause, and the kernel closes the pipe: so no program is left without its
supervisor. It takes no library, no polling and nobody else who lives on, and reaches the whole group, which prctl(2)'s
PR_SET_PDEATHSIG does not. What made itself a session of its own has escaped, as it has from every other signal; a program that
closes all descriptors, as those do that want to be daemons, has too.
"""

from __future__ import annotations

import fcntl
import os
import resource
import select
import signal

from pointsman.programs.supervisor.record import DIRECTORY, EXECUTION, INPUT, LIMITS, PROCESS, Task

TETHER = 64
"""From which number on the program's end gets its descriptor: clear of those that shells hand out."""


class CannotStart(Exception):
    """The program does not run."""

    def __init__(self, what: str, number: int) -> None:
        super().__init__(what, number)
        self.what = what
        """LIMITS, …"""
        self.number = number
        """The errno."""


class Process:
    """A program that runs: its number, which is its group's and its session's too, and our ends of its pipes."""

    __slots__ = ("pid", "stderr", "stdout", "tether")

    def __init__(self, pid: int, stdout: int, stderr: int, tether: int) -> None:
        self.pid = pid
        self.stdout = stdout
        self.stderr = stderr
        self.tether = tether


def spawn(task: Task, stdin: str, directory: str) -> Process:
    """Run the program. Raises CannotStart."""
    try:
        pipes = [os.pipe() for _ in range(4)]
    except OSError as error:
        raise CannotStart(PROCESS, error.errno or 0) from error
    (out, out_end), (err, err_end), (held, tether), (fault, fault_end) = pipes
    try:
        pid = os.fork()
    except OSError as error:
        raise CannotStart(PROCESS, error.errno or 0) from error
    if pid == 0:
        _become(task, stdin, directory, out_end, err_end, held, fault_end)
    for descriptor in (out_end, err_end, held, fault_end):
        os.close(descriptor)
    _await_exec(pid, fault)
    os.set_blocking(out, False)
    os.set_blocking(err, False)
    return Process(pid, out, err, tether)


def _await_exec(pid: int, fault: int) -> None:
    """The pipe is closed by exec, or says what went wrong before it."""
    said = os.read(fault, 100)
    os.close(fault)
    if said:
        os.waitpid(pid, 0)
        what, number = said.decode().split()
        raise CannotStart(what, int(number))


def _become(task: Task, stdin: str, directory: str, out: int, err: int, held: int, fault: int) -> None:
    """What the forked process does until it is the program. Never returns."""
    what = PROCESS
    try:
        os.setsid()
        _tie(held)
        what = DIRECTORY
        os.chdir(directory)
        what = INPUT
        os.dup2(os.open(stdin, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        what = LIMITS
        _limit(task)
        what = EXECUTION
        # exec puts back to their defaults those that are handled, not those that Python ignores.
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.execve(task.file, task.argv, task.environment)  # noqa: S606 never through a shell
    except OSError as error:
        os.write(fault, f"{what} {error.errno or 0}".encode())
    except BaseException:  # noqa: BLE001 two of us must never go on
        os.write(fault, f"{what} 0".encode())
    finally:
        os._exit(127)


def _tie(held: int) -> None:
    """Put this process, and its group to come, on the tether."""
    try:
        end = fcntl.fcntl(held, fcntl.F_DUPFD, TETHER)
    except OSError:  # fewer descriptors than that are allowed
        end = held
    os.set_inheritable(end, True)
    fcntl.fcntl(end, fcntl.F_SETOWN, -os.getpid())
    fcntl.fcntl(end, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(end, fcntl.F_SETFL, fcntl.fcntl(end, fcntl.F_GETFL) | os.O_ASYNC)
    poller = select.poll()
    poller.register(end, select.POLLIN)
    if poller.poll(0):  # the supervisor ended before the tether could tell us
        os._exit(127)


def _limit(task: Task) -> None:
    """Set the limits; no higher than they are, where they cannot be raised."""
    wanted = (
        (resource.RLIMIT_AS, task.memory, 0),
        (resource.RLIMIT_CPU, task.cpu_seconds, 1),
        (resource.RLIMIT_NOFILE, task.files, 0),
        (resource.RLIMIT_NPROC, task.processes, 0),
    )
    for what, limit, more in wanted:
        if limit is None:
            continue
        ceiling = resource.getrlimit(what)[1]
        hard = limit + more if ceiling == resource.RLIM_INFINITY else min(limit + more, ceiling)
        resource.setrlimit(what, (min(limit, hard), hard))
