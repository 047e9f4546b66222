"""What became of a program, and how a job says it.

Knows: model, what a supervisor leaves (record). Must not know: processes, files. Pure.
"""

from __future__ import annotations

import errno
import os
import signal
from dataclasses import dataclass
from enum import Enum

from pointsman.model.command import Finish
from pointsman.model.ids import JobId
from pointsman.model.job import JobStatus
from pointsman.model.json import Json
from pointsman.programs.supervisor.record import (
    CANCELLED,
    DIRECTORY,
    EXECUTION,
    INPUT,
    ITSELF,
    LIMITS,
    NOT_STARTED,
    STOPPED,
    TIMED_OUT,
    Ended,
)

UNKNOWN = "the worker went down while the program ran: its outcome is unknown"
LOST = "the program's supervisor was killed, and the program with it: its outcome is unknown"


class Ending(Enum):
    """Why a program ended."""

    ITSELF = JobStatus.FAILED
    """It exited, or a signal that we did not send ended it. Exit code 0 makes the job succeed."""
    TIMED_OUT = JobStatus.TIMED_OUT
    """It was ended when its time was up."""
    CANCELLED = JobStatus.CANCELLED
    """It was ended because somebody called the job off."""
    STOPPED = JobStatus.INTERRUPTED
    """It was ended because the worker stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One run of a program."""

    ending: Ending
    code: int | None
    """As `Popen.returncode`: the exit code, or minus the signal that ended it. None: it could not be ended, even by SIGKILL."""
    stdout: str
    stderr: str
    truncated: bool
    """Whether some of its output is left out."""
    timeout_ms: int
    duration_ms: int


ENDINGS = {
    ITSELF: Ending.ITSELF,
    TIMED_OUT: Ending.TIMED_OUT,
    CANCELLED: Ending.CANCELLED,
    STOPPED: Ending.STOPPED,
}
"""By the words of a supervisor."""


def finish_of_ended(job: JobId, ended: Ended, *, file: str, timeout_ms: int) -> Finish:
    """How the job ended, from what its supervisor left. `file` is what was executed, for the error when it could not be."""
    if ended.reason == NOT_STARTED:
        return Finish(job=job, status=JobStatus.FAILED, error=_start_fault(file, ended.stdout, ended.code or 0))
    outcome = Outcome(
        ending=ENDINGS.get(ended.reason, Ending.STOPPED),
        code=ended.code,
        stdout=ended.stdout,
        stderr=ended.stderr,
        truncated=ended.truncated,
        timeout_ms=timeout_ms,
        duration_ms=ended.duration_ms,
    )
    return finish_of(job, outcome)


def finish_of(job: JobId, outcome: Outcome) -> Finish:
    """How the job ended (reference: *Job*, `description` of a program)."""
    succeeded = outcome.ending is Ending.ITSELF and outcome.code == 0
    return Finish(
        job=job,
        status=JobStatus.SUCCEEDED if succeeded else outcome.ending.value,
        error=None if succeeded else _error(outcome),
        description=_description(outcome),
    )


def _error(outcome: Outcome) -> str:
    unkillable = "" if outcome.code is not None else "; it did not end when it was killed, and may still run"
    match outcome.ending:
        case Ending.TIMED_OUT:
            return f"expected it to end within {outcome.timeout_ms} ms; it was ended{unkillable}"
        case Ending.CANCELLED:
            return f"cancelled while it ran{unkillable}"
        case Ending.STOPPED:
            return f"the worker was stopped while it ran{unkillable}"
        case Ending.ITSELF:
            name = _signal_name(outcome)
            return f"ended by {name}" if name else f"exit code {outcome.code}"


def _description(outcome: Outcome) -> dict[str, Json]:
    name = _signal_name(outcome)
    description: dict[str, Json] = {
        "exitCode": None if name else outcome.code,
        "stdout": outcome.stdout,
        "stderr": outcome.stderr,
        "duration_ms": outcome.duration_ms,
    }
    if name:
        description["signal"] = name
    if outcome.truncated:
        description["truncated"] = True
    return description


def _signal_name(outcome: Outcome) -> str | None:
    if outcome.code is None or outcome.code >= 0:
        return None
    try:
        return signal.Signals(-outcome.code).name
    except ValueError:
        return f"signal {-outcome.code}"


def _start_fault(file: str, what: str, number: int) -> str:
    reason = os.strerror(number)
    if what == LIMITS:
        return f"its limits could not be set ({reason}); give it none, or allow setrlimit(2)"
    if what in (DIRECTORY, INPUT):
        return f"its {what} could not be opened ({reason}); see to the worker's disk"
    match number:
        case errno.ENOEXEC:
            return f"expected a program of this machine, found something else in {file}; a script must begin with #!"
        case errno.ENOENT if what == EXECUTION:
            return f"expected the interpreter of {file}, named in its first line, found none; install it or correct the line"
        case errno.EACCES:
            return f"expected to be allowed to run {file} ({reason}); see its mode, and whether it is mounted noexec"
        case errno.E2BIG:
            return (
                "expected less in arguments and variables together, found more than the system takes; use standard input instead"
            )
    return f"{file} could not be started: {reason}"
