"""What worker and supervisor tell each other, by the files and pipes of a job's directory. Pure: values to bytes and back.

Knows: nothing. Worker and supervisor may be of different versions, since programs outlive an upgrade: each file begins with the
version of its format, and whoever finds one that it does not know says so. Plain classes, because `dataclasses` would be the
largest thing that a supervisor imports.
"""

from __future__ import annotations

VERSION = 1

LAUNCH = "launch"
"""What to run. The supervisor takes it away before it runs anything: so nothing is run twice, whatever happens to the worker."""
STDIN = "stdin"
"""What the program reads as its standard input; a file, so that nobody has to feed it and nobody keeps it in memory."""
SCRIPT = "script"
"""The script, when the program is one."""
WORK = "work"
"""Where the program runs, and its HOME; empty at first."""
LIFE = "life"
"""A pipe with a name that the supervisor holds open: whoever reads it is told when the program runs (`STARTED`), and finds its
end when there is no supervisor, or no more. The kernel closes it, whatever ends the supervisor."""
ORDERS = "orders"
"""A pipe with a name that the supervisor reads: CANCEL or STOP."""
OUTCOME = "outcome"
"""How it ended; it is there whole or not at all."""
DEFECT = "defect"
"""What went wrong in the supervisor itself, in words; the outcome is unknown then."""

STARTED = b"+"
CANCEL = b"c"
"""End the program: somebody called its job off."""
STOP = b"s"
"""End the program: the worker stops, and nothing shall be left."""

ITSELF, TIMED_OUT, CANCELLED, STOPPED, NOT_STARTED = "itself", "timed_out", "cancelled", "stopped", "not_started"
"""How an outcome says why the program ended."""
LIMITS, DIRECTORY, INPUT, EXECUTION, PROCESS = "limits", "directory", "input", "execution", "process"
"""What went wrong before a program that was not started."""


class NotUnderstood(Exception):
    """The bytes are not what was expected, or of another version."""


class Task:
    """What a supervisor runs, and what it may do. None: no limit."""

    __slots__ = (
        "argv",
        "cpu_seconds",
        "environment",
        "file",
        "files",
        "grace_ms",
        "memory",
        "output_limit",
        "processes",
        "timeout_ms",
    )

    def __init__(
        self,
        *,
        file: bytes,
        argv: list[bytes],
        environment: dict[bytes, bytes],
        timeout_ms: int,
        grace_ms: int,
        output_limit: int,
        memory: int | None,
        cpu_seconds: int | None,
        files: int | None,
        processes: int | None,
    ) -> None:
        self.file = file
        self.argv = argv
        self.environment = environment
        self.timeout_ms = timeout_ms
        self.grace_ms = grace_ms
        self.output_limit = output_limit
        self.memory = memory
        self.cpu_seconds = cpu_seconds
        self.files = files
        self.processes = processes


def encode_task(task: Task) -> bytes:
    """Fields parted by NUL, which no argument and no variable can have in it (execve(2))."""
    numbers = (task.timeout_ms, task.grace_ms, task.output_limit, task.memory, task.cpu_seconds, task.files, task.processes)
    fields = [b"%d" % VERSION, task.file, *[b"" if number is None else b"%d" % number for number in numbers]]
    fields += [b"%d" % len(task.argv), *task.argv, *[name + b"=" + value for name, value in task.environment.items()]]
    return b"\0".join(fields)


def decode_task(data: bytes) -> Task:
    """The way back. Raises NotUnderstood."""
    fields = data.split(b"\0")
    try:
        if int(fields[0]) != VERSION:
            raise NotUnderstood(f"expected a launch of version {VERSION}, found {fields[0]!r}")
        timeout, grace, limit = (int(field) for field in fields[2:5])
        memory, cpu, files, processes = (int(field) if field else None for field in fields[5:9])
        end = 10 + int(fields[9])
    except (ValueError, IndexError) as error:
        raise NotUnderstood(f"expected a launch, found something else ({error})") from error
    if not 10 < end <= len(fields):
        raise NotUnderstood(f"expected a launch with all its arguments, found {len(fields)} fields")
    return Task(
        file=fields[1],
        argv=fields[10:end],
        environment=dict(field.split(b"=", 1) for field in fields[end:]),
        timeout_ms=timeout,
        grace_ms=grace,
        output_limit=limit,
        memory=memory,
        cpu_seconds=cpu,
        files=files,
        processes=processes,
    )


class Ended:
    """How a program ended, as its supervisor leaves it."""

    __slots__ = ("code", "duration_ms", "reason", "stderr", "stdout", "truncated")

    def __init__(self, *, reason: str, code: int | None, duration_ms: int, truncated: bool, stdout: str, stderr: str) -> None:
        self.reason = reason
        """ITSELF, …"""
        self.code = code
        """The exit code, or minus the signal that ended it. None: it could not be ended. For NOT_STARTED, the errno."""
        self.duration_ms = duration_ms
        self.truncated = truncated
        self.stdout = stdout
        """For NOT_STARTED, what went wrong: LIMITS, …"""
        self.stderr = stderr


def encode_ended(ended: Ended) -> bytes:
    """One line of words, then both outputs as UTF-8."""
    out, err = ended.stdout.encode(), ended.stderr.encode()
    code = "-" if ended.code is None else str(ended.code)
    words = (VERSION, ended.reason, code, ended.duration_ms, int(ended.truncated), len(out), len(err))
    return b"".join((" ".join(map(str, words)).encode(), b"\n", out, err))


def decode_ended(data: bytes) -> Ended:
    """The way back. Raises NotUnderstood."""
    line, _, rest = data.partition(b"\n")
    try:
        version, reason, code, duration, truncated, out, err = line.decode("ascii").split(" ")
        if int(version) != VERSION:
            raise NotUnderstood(f"expected an outcome of version {VERSION}, found {version}")
        if int(out) + int(err) != len(rest):
            raise NotUnderstood(f"expected an outcome with {out} and {err} bytes of output, found {len(rest)}")
        return Ended(
            reason=reason,
            code=None if code == "-" else int(code),
            duration_ms=int(duration),
            truncated=truncated == "1",
            stdout=rest[: int(out)].decode(),
            stderr=rest[int(out) :].decode(),
        )
    except ValueError as error:
        raise NotUnderstood(f"expected an outcome, found something else ({error})") from error
