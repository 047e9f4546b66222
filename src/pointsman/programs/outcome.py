"""What became of a program, and how a job says it.

Knows: model. Must not know: processes, files. Pure.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass
from enum import Enum

from pointsman.model.command import Finish
from pointsman.model.ids import JobId
from pointsman.model.job import JobStatus
from pointsman.model.json import Json


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
