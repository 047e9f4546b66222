"""Jobs that are called off, and a pool that is stopped."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from pointsman.model.command import Begin, Finish
from pointsman.model.effect import StartProgram
from pointsman.model.ids import JobId
from pointsman.model.job import JobStatus
from pointsman.programs.policy import ProgramPolicy
from pointsman.programs.pool import Pool
from programs.stand_in import Engine, effect, eventually, running

FAR_OFF = "60"


@pytest.fixture
def policy(tmp_path: Path) -> ProgramPolicy:
    return ProgramPolicy(work_directory=tmp_path, workers=1, grace_ms=300)


def the_finish(engine: Engine, job: StartProgram) -> Finish:
    (finish,) = [finish for finish in engine.finishes() if finish.job == job.job]
    return finish


def saying(tmp_path: Path, then: str, first: str = ":") -> tuple[StartProgram, Path]:
    """A job whose program does something first, says that it runs, and goes on."""
    note = tmp_path / "runs"
    return effect(None, script=f"{first}; echo started; touch {note}; {then}"), note


def test_a_running_program_is_cancelled(policy: ProgramPolicy, tmp_path: Path) -> None:
    engine = Engine()
    with running(policy, engine) as pool:
        job, note = saying(tmp_path, f"sleep {FAR_OFF}")
        pool.start(job)
        eventually(note.exists)
        assert pool.cancel(job.job)
        engine.wait_for_finishes(1)
    finish = the_finish(engine, job)
    assert (finish.status, finish.error) == (JobStatus.CANCELLED, "cancelled while it ran")
    assert finish.description is not None
    assert (finish.description["stdout"], finish.description["signal"]) == ("started\n", "SIGTERM")


def test_a_cancelled_program_that_ignores_it_is_killed(policy: ProgramPolicy, tmp_path: Path) -> None:
    engine = Engine()
    with running(policy, engine) as pool:
        job, note = saying(tmp_path, "while :; do sleep 0.02; done", first="trap '' TERM")
        pool.start(job)
        eventually(note.exists)
        pool.cancel(job.job)
        engine.wait_for_finishes(1)
    finish = the_finish(engine, job)
    assert finish.status is JobStatus.CANCELLED
    assert finish.description is not None
    assert finish.description["signal"] == "SIGKILL"


def test_a_waiting_job_is_cancelled_and_never_begins(policy: ProgramPolicy) -> None:
    engine = Engine()
    with running(policy, engine) as pool:
        pool.start(ahead := effect("/bin/sleep", FAR_OFF))
        pool.start(waiting := effect("/bin/true"))
        engine.wait_until(lambda: len(engine.begun()) == 1)
        assert pool.cancel(waiting.job)
        finish = the_finish(engine, waiting)
        assert (finish.status, finish.error) == (JobStatus.CANCELLED, "cancelled before it ran")
        pool.cancel(ahead.job)
        engine.wait_for_finishes(2)
        pool.start(effect("/bin/true"))
        engine.wait_for_finishes(3)
    assert waiting.job not in engine.begun()


def test_a_job_is_cancelled_while_the_engine_has_not_said_whether_it_may_begin(policy: ProgramPolicy) -> None:
    engine = Engine(go=lambda _: None)
    with running(policy, engine) as pool:
        pool.start(job := effect("/bin/true"))
        engine.wait_until(lambda: len(engine.begun()) == 1)
        assert pool.cancel(job.job)
        engine.wait_for_finishes(1)
        begin = engine.items[0]
        assert isinstance(begin, Begin)
        begin.reply({"go": True})  # too late, and it harms nobody
    finish = the_finish(engine, job)
    assert (finish.status, finish.description) == (JobStatus.CANCELLED, None)


def test_what_is_not_here_cannot_be_cancelled(policy: ProgramPolicy) -> None:
    engine = Engine()
    with running(policy, engine) as pool:
        pool.start(job := effect("/bin/true"))
        engine.wait_for_finishes(1)
        assert not pool.cancel(job.job)
        assert not pool.cancel(JobId("nobody's"))
    assert len(engine.finishes()) == 1


@pytest.mark.parametrize("grace_ms", [20_000, 10_000_000_000], ids=["seconds", "more than poll takes"])
def test_stopping_lets_what_runs_end_within_the_grace(policy: ProgramPolicy, tmp_path: Path, grace_ms: int) -> None:
    engine = Engine()
    with running(policy, engine) as pool:
        job, note = saying(tmp_path, "sleep 0.3; echo ended")
        pool.start(job)
        eventually(note.exists)
        pool.stop(grace_ms)
        finish = the_finish(engine, job)
    assert finish.status is JobStatus.SUCCEEDED
    assert finish.description is not None
    assert finish.description["stdout"] == "started\nended\n"


def test_stopping_ends_what_runs_longer_as_interrupted(policy: ProgramPolicy, tmp_path: Path) -> None:
    engine = Engine()
    with running(policy, engine) as pool:
        job, note = saying(tmp_path, f"sleep {FAR_OFF} & wait", first="trap 'echo asked; exit 0' TERM")
        pool.start(job)
        eventually(note.exists)
        pool.stop(100)
    finish = the_finish(engine, job)
    assert (finish.status, finish.error) == (JobStatus.INTERRUPTED, "the worker was stopped while it ran")
    assert finish.description is not None
    assert finish.description["stdout"] == "started\nasked\n"


def test_stopping_forgets_what_waits_and_takes_nothing_more(policy: ProgramPolicy, tmp_path: Path) -> None:
    engine = Engine()
    with running(policy, engine) as pool:
        job, note = saying(tmp_path, "sleep 0.2")
        pool.start(job)
        eventually(note.exists)
        waiting = [effect("/bin/true") for _ in range(3)]
        for each in waiting:
            pool.start(each)
        pool.stop(20_000)
        pool.start(effect("/bin/true"))
        assert not pool.cancel(waiting[0].job)
        assert pool.room() == 1001
    assert engine.begun() == [job.job]
    assert [finish.job for finish in engine.finishes()] == [job.job]


def test_a_job_that_the_engine_lets_begin_while_the_pool_stops_is_not_run_and_says_so(policy: ProgramPolicy) -> None:
    """The store calls it running by then: without a Finish it would after the restart look as if it may have run."""
    engine = Engine(go=lambda _: None)
    with running(policy, engine) as pool:
        pool.start(job := effect("/bin/true"))
        engine.wait_until(lambda: len(engine.begun()) == 1)
        stopping = threading.Thread(target=pool.stop, args=(20_000,))
        stopping.start()
        eventually(lambda: pool._stopping)
        begin = engine.items[0]
        assert isinstance(begin, Begin)
        begin.reply({"go": True})
        stopping.join()
    finish = the_finish(engine, job)
    assert finish.status is JobStatus.INTERRUPTED
    assert finish.error == "the worker was stopped before the program started: it did not run"
    assert finish.description is None


def test_a_job_that_the_engine_never_answers_is_left_to_the_store(policy: ProgramPolicy) -> None:
    engine = Engine(go=lambda _: None)
    with running(policy, engine) as pool:
        pool.start(effect("/bin/true"))
        engine.wait_until(lambda: len(engine.begun()) == 1)
        pool.stop(100)
    assert engine.finishes() == []


def test_a_pool_that_is_closed_leaves_no_thread_no_process_and_no_directory_and_may_be_stopped_again(
    policy: ProgramPolicy,
) -> None:
    before, others = set(threading.enumerate()), children()
    engine = Engine()
    pool = engine.pool = Pool(policy, engine)
    pool.open()
    assert {thread.name for thread in set(threading.enumerate()) - before} == {"programs", "program-1"}
    pool.start(effect(None, script="echo $PPID"))
    (finish,) = engine.wait_for_finishes(1)
    assert finish.description is not None
    supervisor = int(str(finish.description["stdout"]))
    pool.stop(0)
    pool.stop(0)
    pool.close()
    pool.close()
    assert set(threading.enumerate()) <= before
    eventually(lambda: not Path(f"/proc/{supervisor}").exists())
    assert children() <= others
    assert policy.work_directory is not None
    assert list(policy.work_directory.iterdir()) == []


def children() -> set[str]:
    """Processes of this one: the keeper of a pool that is at work, among others."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
