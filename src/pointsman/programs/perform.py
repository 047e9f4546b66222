"""One job: refuse it or find what to run, ask the engine to let it begin, have it run, say how it ended.

Knows: everything here but the pool. Must not know: threads, turns.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from pointsman.model.command import Finish
from pointsman.model.effect import StartProgram
from pointsman.model.job import JobStatus
from pointsman.programs.argv import Executable, Refusal, launch_of, refusal_of
from pointsman.programs.control import Control
from pointsman.programs.following import Following
from pointsman.programs.keeping import CannotStart, Keeper, launch_file
from pointsman.programs.outcome import Ending
from pointsman.programs.paths import find_program
from pointsman.programs.policy import ProgramPolicy
from pointsman.programs.scripts import find_interpreter, write_script
from pointsman.programs.supervisor.record import STOP
from pointsman.programs.workspace import NoWorkspace, Place, Workspaces

CANCELLED_BEFORE = "cancelled before it ran"
STOPPED_BEFORE = "the worker was stopped before the program started: it did not run"


@dataclass(frozen=True, slots=True)
class Means:
    """What programs are run with."""

    policy: ProgramPolicy
    workspaces: Workspaces
    keeper: Keeper


def perform(
    effect: StartProgram, means: Means, control: Control, *, begin: Callable[[], None], started: Callable[[], None]
) -> Finish | None:
    """Carry out a job. Calls `begin` before anything is executed, to have the engine asked, and `started` once the program runs.

    None: the job stays as the store has it. Either nothing was run, because the engine said no or because the worker stops; or
    the program was left running.
    """
    found = refusal_of(effect, means.policy) or _find(effect, means.policy)
    if isinstance(found, Refusal):
        return Finish(job=effect.job, status=JobStatus.FAILED, error=found.reason)
    try:
        place = means.workspaces.new(effect.job)
    except NoWorkspace as fault:
        return Finish(job=effect.job, status=JobStatus.FAILED, error=str(fault))
    try:
        _prepare(effect, found, place, means.policy)
        go = None
        if control.end is None and control.leave_at is None:
            begin()
            go = control.wait_for_answer()
        if go and control.end is None:
            means.keeper.start(place)
            return _follow(effect, place, control, started)
        finish = _not_run(effect, go, control)
    except (NoWorkspace, CannotStart) as fault:
        finish = Finish(job=effect.job, status=JobStatus.FAILED, error=str(fault))
    means.workspaces.remove(effect.job)
    return finish


def _find(effect: StartProgram, policy: ProgramPolicy) -> Executable | Refusal:
    if effect.script is not None:
        return find_interpreter(effect.script, policy)
    path = effect.path or ""
    file = find_program(path, policy)
    return file if isinstance(file, Refusal) else Executable(file, (path,))


def _prepare(effect: StartProgram, executable: Executable, place: Place, policy: ProgramPolicy) -> None:
    if effect.script is not None:
        try:
            write_script(effect.script, place.script)
        except OSError as error:
            raise CannotStart(f"the script could not be written to {place.root}: {error.strerror}; see to its disk") from error
        executable = Executable(executable.file, (*executable.argv, str(place.script)))
    launch = launch_of(effect, executable, place.work)
    place.prepare(launch_file(launch, policy), launch.stdin)


def _not_run(effect: StartProgram, go: bool | None, control: Control) -> Finish | None:
    end = control.end
    if go is False or end is None:
        return None
    if end.ending is Ending.CANCELLED:
        return Finish(job=effect.job, status=JobStatus.CANCELLED, error=CANCELLED_BEFORE)
    # Once the engine has let it begin, the store calls it running; only a Finish can say otherwise.
    return Finish(job=effect.job, status=JobStatus.INTERRUPTED, error=STOPPED_BEFORE) if go else None


def _follow(effect: StartProgram, place: Place, control: Control, started: Callable[[], None]) -> Finish | None:
    """Wait for the program's end; None when it shall be left running. A defect of ours ends it: nobody else would know of it."""
    try:
        with closing(Following(effect, place, control, started)) as following:
            return following.finish() if _has_ended(following) else None
    except BaseException:
        place.order(STOP)
        raise


def _has_ended(following: Following) -> bool:
    """Wait until it has, or until it shall be left."""
    if following.look():
        return True
    bell = following.control.bell
    poller = select.poll()
    poller.register(bell, select.POLLIN)
    poller.register(following, select.POLLIN)
    while following.control.leave_at is None:
        patience = following.patience()
        poller.poll(None if patience is None else 1000 * patience + 1)
        bell.hush()
        if following.look():
            return True
    return False
