"""The pool: Begin before anything runs, order within an entity, fairness, cancelling, stopping, and that nothing leaks."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from pointsman.engine.ports import ProgramPool
from pointsman.errors import ConfigurationError
from pointsman.model.command import Begin, Finish
from pointsman.model.effect import StartProgram
from pointsman.model.ids import JobId
from pointsman.model.job import JobStatus
from pointsman.programs.policy import ProgramPolicy
from pointsman.programs.pool import Pool
from programs.stand_in import Engine, effect, eventually, running


@pytest.fixture
def make_policy(tmp_path: Path) -> Callable[..., ProgramPolicy]:
    work = tmp_path / "work"
    work.mkdir()

    def make(workers: int = 1, queue: int = 1000, grace_ms: int = 300) -> ProgramPolicy:
        return ProgramPolicy(work_directory=work, workers=workers, queue=queue, grace_ms=grace_ms)

    return make


MakePolicy = Callable[..., ProgramPolicy]


class Gate:
    """A program that says that it runs, and ends when it is let."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def job(self, entity: str = "pump-1") -> StartProgram:
        script = 'touch "$1/$POINTSMAN_JOB_ID.runs"; while ! [ -e "$1/open" ]; do sleep 0.02; done; echo let through'
        job = effect(None, str(self.directory), script=script, entity=entity)
        job.environment["POINTSMAN_JOB_ID"] = job.job  # type: ignore[index]
        return job

    def wait_until_runs(self, *jobs: StartProgram) -> None:
        eventually(lambda: all((self.directory / f"{job.job}.runs").exists() for job in jobs))

    def has_run(self, job: StartProgram) -> bool:
        return (self.directory / f"{job.job}.runs").exists()

    def open(self) -> None:
        (self.directory / "open").touch()


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    directory = tmp_path / "gate"
    directory.mkdir()
    return Gate(directory)


def outcomes(engine: Engine) -> dict[JobId, JobStatus]:
    return {finish.job: finish.status for finish in engine.finishes()}


def test_it_is_what_the_engine_asks_for(make_policy: MakePolicy) -> None:
    pool: ProgramPool = Pool(make_policy(), Engine())
    assert pool.room() == 1001


def test_before_it_is_opened_it_has_no_thread_and_no_directory_and_jobs_wait(make_policy: MakePolicy) -> None:
    engine, policy, before = Engine(), make_policy(), threading.active_count()
    pool = Pool(policy, engine)
    pool.start(job := effect("/bin/true"))
    assert threading.active_count() == before
    assert policy.work_directory is not None
    assert list(policy.work_directory.iterdir()) == []
    pool.open()
    engine.wait_for_finishes(1)
    pool.stop(0)
    pool.close()
    assert outcomes(engine) == {job.job: JobStatus.SUCCEEDED}
    assert threading.active_count() == before


def test_begin_is_put_first_and_nothing_runs_before_its_answer(make_policy: MakePolicy, gate: Gate) -> None:
    engine = Engine(go=lambda _: None)
    gate.open()
    with running(make_policy(), engine) as pool:
        pool.start(job := gate.job())
        engine.wait_until(lambda: engine.begun() == [job.job])
        (begin,) = engine.items
        assert not gate.has_run(job)
        assert isinstance(begin, Begin)
        begin.reply({"go": True})
        (finish,) = engine.wait_for_finishes(1)
    assert finish.status is JobStatus.SUCCEEDED
    assert gate.has_run(job)


def test_a_job_that_the_engine_does_not_let_begin_is_not_run_and_not_finished(make_policy: MakePolicy, gate: Gate) -> None:
    refused, other = gate.job(), gate.job()
    engine = Engine(go=lambda job: job != refused.job)
    gate.open()
    with running(make_policy(), engine) as pool:
        pool.start(refused)
        pool.start(other)
        engine.wait_for_finishes(1)
        assert pool.room() == 1001
    assert outcomes(engine) == {other.job: JobStatus.SUCCEEDED}
    assert not gate.has_run(refused)


@pytest.mark.parametrize("answer", [{}, {"go": "yes"}, {"error": "unknown job"}])
def test_only_a_plain_yes_lets_a_program_run(make_policy: MakePolicy, gate: Gate, answer: dict[str, str]) -> None:
    engine = Engine(go=lambda _: None)
    with running(make_policy(), engine) as pool:
        pool.start(job := gate.job())
        engine.wait_until(lambda: len(engine.items) == 1)
        (begin,) = engine.items
        assert isinstance(begin, Begin)
        begin.reply(answer)
        eventually(lambda: pool.room() == 1001)
    assert not gate.has_run(job)
    assert engine.finishes() == []


def test_a_job_that_is_handed_over_twice_runs_once(make_policy: MakePolicy, gate: Gate) -> None:
    engine = Engine()
    with running(make_policy(workers=2), engine) as pool:
        job = gate.job()
        pool.start(job)
        gate.wait_until_runs(job)
        pool.start(job)
        gate.open()
        engine.wait_for_finishes(1)
        pool.start(last := gate.job())
        engine.wait_for_finishes(2)
    assert engine.begun() == [job.job, last.job]


@pytest.mark.parametrize("workers", [1, 4])
def test_jobs_of_one_entity_start_in_the_order_in_which_they_came(make_policy: MakePolicy, tmp_path: Path, workers: int) -> None:
    """The kernel's own count of starts, field 22 of /proc/PID/stat, would be too coarse: the order of Begin is looked at, and
    that a job's program runs before the next job begins."""
    entities = ("a", "b", "c")
    jobs = [effect("/bin/true", entity=entities[n % 3]) for n in range(60)]
    engine = Engine()
    with running(make_policy(workers=workers), engine) as pool:
        for job in jobs:
            pool.start(job)
        engine.wait_for_finishes(len(jobs))
    begun = engine.begun()
    for entity in entities:
        mine = [job.job for job in jobs if job.entity.id == entity]
        assert [job for job in begun if job in set(mine)] == mine


def test_an_entitys_next_job_begins_only_once_the_one_before_it_runs(make_policy: MakePolicy, gate: Gate) -> None:
    first, second = gate.job("a"), gate.job("a")
    engine = Engine(go=lambda job: None if job == first.job else True)
    gate.open()
    with running(make_policy(workers=3), engine) as pool:
        pool.start(first)
        pool.start(second)
        pool.start(other := gate.job("b"))
        engine.wait_for_finishes(1)
        assert outcomes(engine) == {other.job: JobStatus.SUCCEEDED}
        assert second.job not in engine.begun()
        begin = next(item for item in engine.items if isinstance(item, Begin) and item.job == first.job)
        begin.reply({"go": True})
        engine.wait_for_finishes(3)


def test_programs_of_one_entity_may_run_side_by_side(make_policy: MakePolicy, gate: Gate) -> None:
    engine = Engine()
    with running(make_policy(workers=2), engine) as pool:
        jobs = [gate.job("a"), gate.job("a")]
        for job in jobs:
            pool.start(job)
        gate.wait_until_runs(*jobs)
        gate.open()
        engine.wait_for_finishes(2)


def test_one_entitys_flood_does_not_keep_another_waiting(make_policy: MakePolicy, gate: Gate) -> None:
    engine = Engine()
    with running(make_policy(workers=2), engine) as pool:
        flood = [gate.job("flood") for _ in range(50)]
        for job in flood:
            pool.start(job)
        gate.wait_until_runs(*flood[:2])
        pool.start(late := gate.job("late"))
        gate.open()
        engine.wait_for_finishes(51)
    assert engine.begun().index(late.job) in (2, 3), "next, or side by side with the next of the flood"


def test_room_is_what_may_still_wait_or_run(make_policy: MakePolicy, gate: Gate) -> None:
    engine = Engine()
    with running(make_policy(workers=1, queue=3), engine) as pool:
        rooms = []
        jobs = [gate.job() for _ in range(5)]
        for job in jobs:
            pool.start(job)
            rooms.append(pool.room())
        assert rooms == [3, 2, 1, 0, 0]
        gate.open()
        engine.wait_for_finishes(5)
        assert pool.room() == 4
    assert engine.begun() == [job.job for job in jobs]


def test_the_place_of_a_finished_job_is_free_before_the_engine_hears_of_it(make_policy: MakePolicy) -> None:
    """Else the engine would find no room for the next job, and nothing would make it look again."""
    rooms: list[int] = []

    class Looking(Engine):
        def put(self, item: object) -> None:
            if isinstance(item, Finish):
                rooms.append(pool.room())
            super().put(item)  # type: ignore[arg-type]

    engine = Looking()
    with running(make_policy(workers=1, queue=1), engine) as pool:
        pool.start(effect("/bin/true"))
        engine.wait_for_finishes(1)
        pool.start(effect("/no/such/program"))
        engine.wait_for_finishes(2)
    assert rooms == [2, 2]


def zombies_of(parent: int) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            state, its_parent, *_ = (process / "stat").read_text().rpartition(")")[2].split()
            if state == "Z" and int(its_parent) == parent:
                found.append(process.name)
    return found


def descriptors() -> set[tuple[str, str]]:
    """Every open descriptor with what it is of. What earlier tests left, and is closed meanwhile, does not hide a new one."""
    found: set[tuple[str, str]] = set()
    for number in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # the one of the listing itself
            found.add((number, os.readlink(f"/proc/self/fd/{number}")))
    return found


def test_two_hundred_programs_leave_no_zombie_no_descriptor_and_no_file(make_policy: MakePolicy) -> None:
    policy, engine = make_policy(workers=4), Engine()
    before = descriptors()
    with running(policy, engine) as pool:
        for number in range(200):
            script = None if number % 4 else f"cat; sleep 60 {'>/dev/null 2>&1' if number % 40 else ''} & exit 0"
            path = "/bin/cat" if script is None else None
            pool.start(effect(path, entity=str(number % 7), script=script, timeout_ms=20_000))
        engine.wait_for_finishes(200)
        assert pool.failed is None
        assert policy.work_directory is not None
        (directory,) = policy.work_directory.iterdir()
        eventually(lambda: list(directory.iterdir()) == [])
    assert set(outcomes(engine).values()) == {JobStatus.SUCCEEDED}
    assert len(engine.begun()) == len(outcomes(engine)) == 200
    assert descriptors() - before == set()
    assert list(policy.work_directory.iterdir()) == []
    assert zombies_of(os.getpid()) == []


def test_a_work_directory_that_cannot_be_used_is_said_at_once(tmp_path: Path) -> None:
    pool = Pool(ProgramPolicy(work_directory=tmp_path / "missing"), Engine())
    with pytest.raises(ConfigurationError, match=r"programs\.work_directory: expected a directory .* found .*missing"):
        pool.open()


class Broken(Exception):
    """A defect, for once on purpose."""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_defect_is_visible_and_its_job_is_finished_as_interrupted(
    make_policy: MakePolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise Broken

    engine = Engine()
    with running(make_policy(workers=2), engine) as pool:
        with monkeypatch.context() as patch:
            patch.setattr("pointsman.programs.following.Following.patience", fail)
            pool.start(broken := effect("/bin/sh", "-c", "trap 'exit 1' TERM; sleep 60 & wait", timeout_ms=60_000))
            engine.wait_for_finishes(1)
            eventually(lambda: pool.failed is not None)
        assert isinstance(pool.failed, Broken)
        pool.start(after := effect("/bin/true"))
        engine.wait_for_finishes(2)
    assert outcomes(engine) == {broken.job: JobStatus.INTERRUPTED, after.job: JobStatus.SUCCEEDED}
