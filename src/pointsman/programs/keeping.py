"""The worker's end of its keeper, which forks a supervisor for each program. The only module that names subprocess.

Knows: argv, policy, workspace, record. Must not know: jobs, what supervisors do.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from pointsman.errors import PointsmanError
from pointsman.programs.argv import Launch
from pointsman.programs.policy import ProgramPolicy
from pointsman.programs.supervisor.record import Task, encode_task
from pointsman.programs.workspace import Place, Workspaces

SOURCE = Path(__file__).resolve().parents[2]
"""Where the package lies."""
SERVE = "import sys; sys.path.append(sys.argv[1]); from pointsman.programs.supervisor.keeper import main; main(int(sys.argv[2]))"
PATIENCE = 5.0
"""Seconds that the keeper has to end when the worker does; it does so at once."""


class CannotStart(PointsmanError):
    """The program was not started. The message says why and what to do."""


def launch_file(launch: Launch, policy: ProgramPolicy) -> bytes:
    """What a supervisor is to run, as it reads it."""
    task = Task(
        file=os.fsencode(launch.file),
        argv=[os.fsencode(argument) for argument in launch.argv],
        environment={os.fsencode(name): os.fsencode(value) for name, value in launch.environment.items()},
        timeout_ms=launch.timeout_ms,
        grace_ms=policy.grace_ms,
        output_limit=launch.output_limit,
        memory=policy.max_memory_bytes,
        cpu_seconds=policy.max_cpu_seconds,
        files=policy.max_open_files,
        processes=policy.max_processes,
    )
    return encode_task(task)


class Keeper:
    """Started when the first program is, and again when somebody has killed it. Safe from any thread."""

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, place: Place) -> None:
        """Have a supervisor forked for what lies in `place`: it is there once this returns, or was. Raises CannotStart."""
        with self._lock:
            answer = self._ask(place)
            # A keeper that was killed may have forked or not; while nobody has taken the launch, another may.
            if not answer and not place.launched:
                answer = self._ask(place)
        if answer.startswith(b"!"):
            reason = os.strerror(int(answer[1:]))
            raise CannotStart(f"expected room for another process, found none ({reason}); see TasksMax= and programs.workers")
        if not answer and not place.launched:
            raise CannotStart("expected a keeper to start the program, found that it ended at once; see the machine's memory")

    def stop(self) -> None:
        """End it; supervisors go on."""
        with self._lock:
            self._forget(PATIENCE)

    def _ask(self, place: Place) -> bytes:
        """The keeper's answer; nothing when it has ended meanwhile."""
        process = self._process or self._serve()
        if process.stdin is None or process.stdout is None:
            return b""
        try:
            process.stdin.write(os.fsencode(place.root) + b"\0")
            answer = process.stdout.readline().strip()
        except BrokenPipeError:
            answer = b""
        if not answer:
            self._forget(PATIENCE)
        return answer

    def _serve(self) -> subprocess.Popen[bytes]:
        lock = self._workspaces.lock
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", SERVE, str(SOURCE), str(lock)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                cwd="/",
                env={},
                pass_fds=(lock,),
                start_new_session=True,
            )
        except OSError as error:
            raise CannotStart(f"expected to start {sys.executable}, found: {error.strerror}; see TasksMax=") from error
        return self._process

    def _forget(self, patience: float) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
