"""What programs may do on this worker: a value, made from the settings by the composition root.

Knows: the standard library. Must not know: where settings come from, files, processes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DIRECTORIES = tuple(
    Path(each)
    for each in (
        "/bin",
        "/usr/bin",
        "/usr/local/bin",
        "/usr/local/lib/pointsman",
        "/usr/lib/pointsman",
        "/etc/pointsman/programs",
        "/opt",
    )
)
"""From where programs may run when the settings name no directories."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramPolicy:
    """What programs may do.

    Raises ValueError, saying what was expected, for a number that makes no sense.
    """

    enabled: bool = True
    """Whether programs and scripts run at all."""
    directories: tuple[Path, ...] = DIRECTORIES
    """Where programs, and the interpreters of scripts, must lie: these and all below them, as far as they exist."""
    interpreter: str = "/bin/sh"
    """What runs a script whose first line names no interpreter."""
    workers: int = 4
    """How many programs run at once."""
    queue: int = 1000
    """How many more may wait here for their turn."""
    leave_on_stop: bool = True
    """Whether programs go on when the worker is stopped, to be taken up at its next start; else they are ended."""
    grace_ms: int = 5000
    """How long a program that was told to end (SIGTERM) has for it, in ms, before it is killed."""
    allow_option_like_arguments: bool = True
    """Whether an argument may begin with `-`. Without it, no value from a message can become an option of a program, and neither
    can the author of an operation write one."""
    work_directory: Path | None = None
    """Where the worker's directory lies, and in it one for each job; None: the system's directory for temporary files."""
    max_memory_bytes: int | None = None
    """Limit of the address space of each process (RLIMIT_AS)."""
    max_cpu_seconds: int | None = None
    """Limit of the CPU time of each process (RLIMIT_CPU): SIGXCPU then, SIGKILL a second later."""
    max_open_files: int | None = None
    """Limit of the open files of each process (RLIMIT_NOFILE)."""
    max_processes: int | None = None
    """Limit of the processes of the worker's user, its own included (RLIMIT_NPROC); root has none."""

    def __post_init__(self) -> None:
        for name, least in (("workers", 1), ("queue", 1), ("grace_ms", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"programs.{name}: expected {least} or more, found {getattr(self, name)}")
        for name in ("max_memory_bytes", "max_cpu_seconds", "max_open_files", "max_processes"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"programs.{name}: expected 1 or more, or nothing for no limit, found {value}")
