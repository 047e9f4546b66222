"""One job: refuse it or find what to run, ask the engine to let it begin, run it, say how it ended.

Knows: everything here but the pool. Must not know: threads, turns.
"""

from __future__ import annotations

from collections.abc import Callable

from pointsman.model.command import Finish
from pointsman.model.effect import StartProgram
from pointsman.model.job import JobStatus
from pointsman.programs.argv import Executable, Launch, Refusal, launch_of, refusal_of
from pointsman.programs.control import Control
from pointsman.programs.outcome import Ending, finish_of
from pointsman.programs.paths import find_program
from pointsman.programs.policy import ProgramPolicy
from pointsman.programs.process import CannotStart, run
from pointsman.programs.scripts import find_interpreter, write_script
from pointsman.programs.workspace import NoWorkspace, Workspace, Workspaces

CANCELLED_BEFORE = "cancelled before it ran"
STOPPED_BEFORE = "the worker was stopped before the program started: it did not run"


def perform(
    effect: StartProgram,
    policy: ProgramPolicy,
    workspaces: Workspaces,
    control: Control,
    *,
    begin: Callable[[], None],
    started: Callable[[], None],
) -> Finish | None:
    """Carry out a job. Calls `begin` before anything is executed, to have the engine asked, and `started` once the program runs.

    None: nothing was run and the job stays as the store has it, because the engine said no or because the worker stops.
    """
    found = refusal_of(effect, policy) or _find(effect, policy)
    if isinstance(found, Refusal):
        return Finish(job=effect.job, status=JobStatus.FAILED, error=found.reason)
    try:
        with workspaces.workspace() as place:
            launch = launch_of(effect, _put_script(effect, found, place), place.directory)
            return _run(effect, launch, policy, control, begin, started)
    except (NoWorkspace, CannotStart) as fault:
        return Finish(job=effect.job, status=JobStatus.FAILED, error=str(fault))


def _find(effect: StartProgram, policy: ProgramPolicy) -> Executable | Refusal:
    if effect.script is not None:
        return find_interpreter(effect.script, policy)
    path = effect.path or ""
    file = find_program(path, policy)
    return file if isinstance(file, Refusal) else Executable(file, (path,))


def _put_script(effect: StartProgram, executable: Executable, place: Workspace) -> Executable:
    if effect.script is None:
        return executable
    try:
        write_script(effect.script, place.script)
    except OSError as error:
        raise CannotStart(
            f"the script could not be written to {place.script.parent}: {error.strerror}; see to its disk"
        ) from error
    return Executable(executable.file, (*executable.argv, str(place.script)))


def _run(
    effect: StartProgram,
    launch: Launch,
    policy: ProgramPolicy,
    control: Control,
    begin: Callable[[], None],
    started: Callable[[], None],
) -> Finish | None:
    go = None
    if control.end is None:
        begin()
        go = control.wait_for_answer()
    if go is False:
        return None
    end = control.end
    if end is None:
        return finish_of(effect.job, run(launch, policy, control, started))
    if end.ending is Ending.CANCELLED:
        return Finish(job=effect.job, status=JobStatus.CANCELLED, error=CANCELLED_BEFORE)
    # Once the engine has let it begin, the store calls it running; only a Finish can say otherwise.
    return Finish(job=effect.job, status=JobStatus.INTERRUPTED, error=STOPPED_BEFORE) if go else None
