"""The threads that carry out jobs, as the engine's `ProgramPool`.

Knows: model, engine.ports, and the parts of this package. Must not know: how a program is run, the engine's inside.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection

from pointsman.engine.ports import Intake
from pointsman.model.command import Begin, Finish
from pointsman.model.effect import StartProgram
from pointsman.model.ids import JobId
from pointsman.model.job import JobStatus
from pointsman.programs.caretaker import Caretaker
from pointsman.programs.control import Bell, Control, End
from pointsman.programs.keeping import Keeper
from pointsman.programs.outcome import Ending
from pointsman.programs.perform import CANCELLED_BEFORE, Means, perform
from pointsman.programs.policy import ProgramPolicy
from pointsman.programs.supervisor.record import STOP
from pointsman.programs.supervisor.watch import LINGER, REAP
from pointsman.programs.turns import Turns
from pointsman.programs.workspace import Workspaces

DEFECT = "a defect of the worker: whether the program ran, and how it ended, is unknown; the log has the details"


class Pool:
    """Runs at most `policy.workers` programs at once: fair by entity, and in order within each (`turns.py`).

    Every job that was started or adopted here gets one Finish, but for those that the engine does not let begin, those that still
    wait when the pool is stopped, and those that are left running then: these stay in the store as they are, and in the worker's
    directory is what the next start needs to know of them. A job's directory goes when the engine says that it is settled.
    """

    def __init__(self, policy: ProgramPolicy, intake: Intake, key: str = "worker") -> None:
        """`key` is this worker's own, and the same at each start: by it programs that were left running are found again."""
        self._policy = policy
        self._intake = intake
        self._workspaces = Workspaces(policy.work_directory, key)
        self._means = Means(policy, self._workspaces, Keeper(self._workspaces))
        self._caretaker = Caretaker(self._workspaces, self._end)
        self._changed = threading.Condition()
        """Guards all that follows; notified when a job may be taken, when one has ended, and when the pool stops."""
        self._turns = Turns()
        self._controls: dict[JobId, Control] = {}
        """Of each job that a thread has in hand."""
        self._unsettled: set[JobId] = set()
        """Jobs that have ended here, and whose end is not known to be durable."""
        self._settled: set[JobId] = set()
        """Jobs that are settled though a thread has them in hand: somebody else has said how they ended."""
        self._threads: list[threading.Thread] = []
        self._stopping = False
        self.failed: BaseException | None = None
        """The defect that ended a thread: whoever supervises the worker should end it, saying so."""

    def open(self, running: Callable[[Collection[JobId]], Collection[JobId]] = lambda jobs: jobs) -> None:
        """Start the threads; jobs given to `start` and `adopt` wait until then.

        `running` tells which of these jobs the store calls running: what others left behind is ended and removed. Raises
        ConfigurationError without a usable work directory, WorkspaceInUse, and whatever `running` raises.
        """
        self._workspaces.open()
        self._sweep(running)
        self._spawn("programs", self._caretaker.run)
        for number in range(1, self._policy.workers + 1):
            self._spawn(f"program-{number}", self._work)

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

    def adopt(self, effect: StartProgram) -> None:
        """Take up a job's program that a worker before this one had begun; its Finish says how it ended, or that nobody knows."""
        with self._changed:
            if self._stopping or not self._turns.adopt(effect):
                return
            control = self._controls[effect.job] = Control(self._caretaker.bell)
        self._caretaker.adopt(effect, control)

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

    def settled(self, job: JobId) -> None:
        """The job's end is durable: nobody will ask for its outcome any more. Any job's, of whatever kind."""
        with self._changed:
            if job in self._controls:
                self._settled.add(job)
                return
            if job not in self._unsettled:
                return
            self._unsettled.remove(job)
        self._caretaker.remove(job)

    def stop(self, grace_ms: int) -> None:
        """Forget what waits, and leave what runs to its supervisors, or end it, as the policy says.

        To be ended, it has `grace_ms` to end by itself, and the policy's grace; what was ended is reported as interrupted, so the
        engine should still run. Returns after at most both and some three seconds. May be called again.
        """
        at = time.monotonic() + grace_ms / 1000
        until = at + self._policy.grace_ms / 1000 + LINGER + REAP + 0.5
        with self._changed:
            self._stopping = True
            self._turns.forget_waiting()
            for control in self._controls.values():
                if self._policy.leave_on_stop:
                    control.leave(at)
                else:
                    control.request_end(End(at, Ending.STOPPED))
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._controls, max(until - time.monotonic(), 0))

    def close(self) -> None:
        """End the threads and the keeper, and let the directory go. After `stop`, and once the engine says nothing more."""
        self._caretaker.close()
        until = time.monotonic() + REAP
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0))
        self._means.keeper.stop()
        self._workspaces.close()

    def _sweep(self, running: Callable[[Collection[JobId]], Collection[JobId]]) -> None:
        left = self._workspaces.jobs()
        keep = set(running(left)) if left else set()
        for job in left:
            if job in keep:
                continue
            place = self._workspaces.place(job)
            if place.lives():
                place.order(STOP)  # its directory goes at the next start
            else:
                self._workspaces.remove(job)

    def _spawn(self, name: str, function: Callable[[], None]) -> None:
        def body() -> None:
            try:
                function()
            except BaseException as defect:
                self.failed = self.failed or defect
                raise

        thread = threading.Thread(target=body, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        """A thread's life."""
        bell = Bell()
        try:
            while (effect := self._next(bell)) is not None:
                self._carry_out(effect)
        finally:
            bell.close()

    def _next(self, bell: Bell) -> StartProgram | None:
        """Wait for a job to carry out; None when the pool stops."""
        with self._changed:
            while not self._stopping:
                # Those that were adopted count, or there would soon be more than the machine was trusted with.
                if self._turns.taken < self._policy.workers and (effect := self._turns.take()) is not None:
                    self._controls[effect.job] = Control(bell)
                    return effect
                self._changed.wait()
            return None

    def _carry_out(self, effect: StartProgram) -> None:
        finish: Finish | None = Finish(job=effect.job, status=JobStatus.INTERRUPTED, error=DEFECT)
        try:
            finish = perform(
                effect,
                self._means,
                self._controls[effect.job],
                begin=lambda: self._intake.put(Begin(job=effect.job, reply=self._controls[effect.job].answer)),
                started=lambda: self._started(effect.job),
            )
        finally:
            self._end(effect.job, finish)

    def _started(self, job: JobId) -> None:
        with self._changed:
            self._turns.started(job)
            self._changed.notify()

    def _end(self, job: JobId, finish: Finish | None) -> None:
        """A thread has a job no longer in hand."""
        # The place is free before the engine reads the Finish, or it would see no room for the next and not look again.
        with self._changed:
            self._turns.ended(job)
            del self._controls[job]
            settled = job in self._settled
            self._settled.discard(job)
            if finish is not None and not settled:
                self._unsettled.add(job)
            self._changed.notify_all()
        if settled:
            self._caretaker.remove(job)
        if finish is not None:
            self._intake.put(finish)
