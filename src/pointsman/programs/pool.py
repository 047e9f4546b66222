"""The threads that carry out jobs, as the engine's `ProgramPool`.

Knows: model, engine.ports, and the parts of this package. Must not know: how a program is run, the engine's inside.
"""

from __future__ import annotations

import threading
import time

from pointsman.engine.ports import Intake
from pointsman.model.command import Begin, Finish
from pointsman.model.effect import StartProgram
from pointsman.model.ids import JobId
from pointsman.model.job import JobStatus
from pointsman.programs.control import Bell, Control, End
from pointsman.programs.outcome import Ending
from pointsman.programs.perform import CANCELLED_BEFORE, perform
from pointsman.programs.policy import ProgramPolicy
from pointsman.programs.process import LINGER, REAP
from pointsman.programs.turns import Turns
from pointsman.programs.workspace import Workspaces

DEFECT = "a defect of the worker: whether the program ran, and how it ended, is unknown; the log has the details"


class Pool:
    """Runs at most `policy.workers` programs at once: fair by entity, and in order within each (`turns.py`).

    Every job that was started here gets one Finish, but for those that the engine does not let begin and those that still wait
    when the pool is stopped: these stay queued in the store.
    """

    def __init__(self, policy: ProgramPolicy, intake: Intake) -> None:
        self._policy = policy
        self._intake = intake
        self._workspaces = Workspaces(policy.work_directory)
        self._changed = threading.Condition()
        """Guards all that follows; notified when a job may be taken, and when the pool stops."""
        self._turns = Turns()
        self._controls: dict[JobId, Control] = {}
        """Of each job that a thread has in hand."""
        self._threads: list[threading.Thread] = []
        self._stopping = False
        self.failed: BaseException | None = None
        """The defect that ended a thread: whoever supervises the worker should end it, saying so."""

    def open(self) -> None:
        """Start the threads; jobs given to `start` wait until then. Raises ConfigurationError without a usable work directory."""
        self._workspaces.open()
        for number in range(1, self._policy.workers + 1):
            thread = threading.Thread(target=self._work, name=f"program-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def room(self) -> int:
        """How many more programs it takes now, running or waiting."""
        with self._changed:
            return max(self._policy.workers + self._policy.queue - len(self._turns), 0)

    def start(self, effect: StartProgram) -> None:
        """Run a job's program when its turn comes. A job that is here already is not run twice.

        More than there is `room` for are taken all the same: to lose a job would be worse than to have one more wait.
        """
        with self._changed:
            if not self._stopping:
                self._turns.add(effect)
                self._changed.notify()

    def cancel(self, job: JobId) -> bool:
        """End a job that runs, or keep one that waits from running; its Finish says so. False when it is not here."""
        with self._changed:
            control = self._controls.get(job)
            if control is None and not self._turns.withdraw(job):
                return False
        if control is None:
            self._intake.put(Finish(job=job, status=JobStatus.CANCELLED, error=CANCELLED_BEFORE))
        else:
            control.request_end(End(time.monotonic(), Ending.CANCELLED))
        return True

    def stop(self, grace_ms: int) -> None:
        """Forget what waits, let what runs end within `grace_ms`, end the rest, and end the threads.

        Returns after at most `grace_ms`, the policy's grace and some three seconds. What was ended is reported as interrupted,
        so the engine should still run. May be called again.
        """
        at = time.monotonic() + grace_ms / 1000
        with self._changed:
            self._stopping = True
            self._turns.forget_waiting()
            for control in self._controls.values():
                control.request_end(End(at, Ending.STOPPED))
            self._changed.notify_all()
        until = at + self._policy.grace_ms / 1000 + LINGER + REAP + 0.5
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0))
        if not any(thread.is_alive() for thread in self._threads):
            self._workspaces.close()

    def _work(self) -> None:
        """A thread's life."""
        try:
            bell = Bell()
            try:
                while (effect := self._next(bell)) is not None:
                    self._carry_out(effect)
            finally:
                bell.close()
        except BaseException as defect:
            self.failed = self.failed or defect
            raise

    def _next(self, bell: Bell) -> StartProgram | None:
        """Wait for a job to carry out; None when the pool stops."""
        with self._changed:
            while not self._stopping:
                if (effect := self._turns.take()) is not None:
                    self._controls[effect.job] = Control(bell)
                    return effect
                self._changed.wait()
            return None

    def _carry_out(self, effect: StartProgram) -> None:
        control = self._controls[effect.job]
        finish: Finish | None = Finish(job=effect.job, status=JobStatus.INTERRUPTED, error=DEFECT)
        try:
            finish = perform(
                effect,
                self._policy,
                self._workspaces,
                control,
                begin=lambda: self._intake.put(Begin(job=effect.job, reply=control.answer)),
                started=lambda: self._started(effect.job),
            )
        finally:
            # The place is free before the engine reads the Finish, or it would see no room for the next and not look again.
            self._ended(effect.job)
            if finish is not None:
                self._intake.put(finish)

    def _started(self, job: JobId) -> None:
        with self._changed:
            self._turns.started(job)
            self._changed.notify()

    def _ended(self, job: JobId) -> None:
        with self._changed:
            self._turns.ended(job)
            del self._controls[job]
            self._changed.notify()
