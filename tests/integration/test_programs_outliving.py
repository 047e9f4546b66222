"""Programs that outlive the pool that began them: what the next one knows of them, and what it can do about them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pointsman.model.command import Finish
from pointsman.model.effect import StartProgram
from pointsman.model.ids import JobId
from pointsman.model.job import JobStatus
from pointsman.programs.argv import Executable, launch_of
from pointsman.programs.keeping import Keeper, launch_file
from pointsman.programs.outcome import LOST, UNKNOWN
from pointsman.programs.policy import ProgramPolicy
from pointsman.programs.supervisor.record import ITSELF, decode_ended
from pointsman.programs.workspace import PREFIX, WorkspaceInUse, Workspaces
from programs.stand_in import Engine, effect, eventually, running
from servers.disk import small_disk

FAR_OFF = 60


@pytest.fixture
def policy(tmp_path: Path) -> Iterator[ProgramPolicy]:
    """Supervisors that a test leaves are ended with it."""
    work = tmp_path / "work"
    work.mkdir()
    yield ProgramPolicy(work_directory=work, workers=2, grace_ms=300)
    for pid in supervisors_in(work):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def supervisors_in(work: Path) -> list[int]:
    """Processes that hold open what lies in a directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if any(os.readlink(each).startswith(f"{work}/") for each in (process / "fd").iterdir()):
                found.append(int(process.name))
    return found


def lives(pid: int) -> bool:
    """Whether a process runs; a zombie that waits for init does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Gate:
    """Programs that say who they are and their supervisor's number, and end when they are let."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir()
        os.mkfifo(directory / "gate")
        self._gate = os.open(directory / "gate", os.O_RDWR)

    def job(self, then: str = "echo let through; exit 3", **fields: Any) -> StartProgram:
        script = f'echo $$ $PPID > "$1/$2.new"; mv "$1/$2.new" "$1/$2"; read -r _ < "$1/gate"; {then}'
        made = effect(None, script=script, **fields)
        return replace(made, arguments=(str(self.directory), made.job))

    def numbers(self, job: StartProgram) -> tuple[int, int]:
        """The program's process and its supervisor, once it runs."""
        note = self.directory / job.job
        eventually(note.exists)
        program, supervisor = note.read_text().split()
        return int(program), int(supervisor)

    def open(self, count: int = 1000) -> None:
        """Let so many of them through, also those that are yet to come."""
        os.write(self._gate, b"\n" * count)

    def close(self) -> None:
        os.close(self._gate)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    gate = Gate(tmp_path / "gate")
    yield gate
    gate.close()


def leave(policy: ProgramPolicy, gate: Gate, *jobs: StartProgram) -> list[tuple[int, int]]:
    """Have them begun by a pool that leaves them running; their processes."""
    engine = Engine()
    with running(policy, engine, leave=True) as pool:
        for job in jobs:
            pool.start(job)
        numbers = [gate.numbers(job) for job in jobs]
    assert engine.finishes() == []
    return numbers


def take_up(policy: ProgramPolicy, *jobs: StartProgram, then: Callable[[], None] = lambda: None) -> list[Finish]:
    """What the next pool says of them."""
    engine = Engine()
    with running(policy, engine) as pool:
        for job in jobs:
            pool.adopt(job)
        then()
        finishes = {finish.job: finish for finish in engine.wait_for_finishes(len(jobs))}
        assert pool.failed is None
        directory = pool._workspaces.root
        eventually(lambda: list(directory.iterdir()) == [])
    assert engine.begun() == [], "what runs already is not begun again"
    return [finishes[job.job] for job in jobs]


def test_a_program_that_goes_on_is_taken_up_and_its_outcome_is_whole(policy: ProgramPolicy, gate: Gate) -> None:
    job = gate.job("echo out; echo err >&2; exit 3")
    leave(policy, gate, job)
    (finish,) = take_up(policy, job, then=gate.open)
    assert (finish.status, finish.error) == (JobStatus.FAILED, "exit code 3")
    assert finish.description is not None
    assert dict(finish.description) | {"duration_ms": 0} == {
        "exitCode": 3,
        "stdout": "out\n",
        "stderr": "err\n",
        "duration_ms": 0,
    }


def test_a_program_that_ended_while_nobody_was_there_has_left_its_outcome(policy: ProgramPolicy, gate: Gate) -> None:
    job = gate.job("kill -9 $$")
    ((_, supervisor),) = leave(policy, gate, job)
    gate.open()
    eventually(lambda: not lives(supervisor))
    (finish,) = take_up(policy, job)
    assert (finish.status, finish.error) == (JobStatus.FAILED, "ended by SIGKILL")


def test_time_limit_grace_and_output_limit_hold_though_nobody_is_there(policy: ProgramPolicy, gate: Gate) -> None:
    job = gate.job(f"trap '' TERM; yes & while :; do sleep {FAR_OFF}; done", timeout_ms=1500, output_limit=1000)
    ((program, supervisor),) = leave(policy, gate, job)
    gate.open()
    eventually(lambda: not lives(supervisor))
    assert not lives(program)
    (finish,) = take_up(policy, job)
    assert (finish.status, finish.error) == (JobStatus.TIMED_OUT, "expected it to end within 1500 ms; it was ended")
    assert finish.description is not None
    assert (finish.description["signal"], finish.description["truncated"]) == ("SIGKILL", True)
    assert len(str(finish.description["stdout"])) < 1100


def test_what_was_taken_up_can_be_cancelled(policy: ProgramPolicy, gate: Gate) -> None:
    first, second = gate.job(), gate.job()
    leave(policy, gate, first, second)
    engine = Engine()
    with running(policy, engine) as pool:
        pool.adopt(first)
        pool.adopt(second)
        assert pool.cancel(first.job)
        (finish,) = engine.wait_for_finishes(1)
        assert (finish.job, finish.status, finish.error) == (first.job, JobStatus.CANCELLED, "cancelled while it ran")
        assert not pool.cancel(first.job)
        gate.open()
        assert [finish.status for finish in engine.wait_for_finishes(2)] == [JobStatus.CANCELLED, JobStatus.FAILED]


def test_a_pool_that_ends_what_runs_ends_what_it_has_taken_up_too(policy: ProgramPolicy, gate: Gate) -> None:
    job = gate.job()
    ((program, _),) = leave(policy, gate, job)
    engine = Engine()
    with running(policy, engine) as pool:
        pool.adopt(job)
        eventually(lambda: pool._caretaker._followed != {})
        pool.stop(0)
        (finish,) = engine.finishes()
    assert (finish.status, finish.error) == (JobStatus.INTERRUPTED, "the worker was stopped while it ran")
    assert not lives(program)


def test_what_is_taken_up_may_be_left_again_and_again(policy: ProgramPolicy, gate: Gate) -> None:
    job = gate.job()
    leave(policy, gate, job)
    for _ in range(3):
        engine = Engine()
        with running(policy, engine, leave=True) as pool:
            pool.adopt(job)
        assert engine.finishes() == []
    assert take_up(policy, job, then=gate.open)[0].error == "exit code 3"


def test_a_job_that_is_taken_up_twice_has_one_end(policy: ProgramPolicy, gate: Gate) -> None:
    job = gate.job()
    leave(policy, gate, job)
    engine = Engine()
    with running(policy, engine) as pool:
        pool.adopt(job)
        pool.adopt(job)
        pool.start(job)
        gate.open()
        engine.wait_for_finishes(1)
        pool.start(other := effect("/bin/true"))
        engine.wait_for_finishes(2)
    assert [finish.job for finish in engine.finishes()] == [job.job, other.job]
    assert engine.begun() == [other.job]


def test_what_was_taken_up_counts_but_waits_for_no_turn(policy: ProgramPolicy, gate: Gate) -> None:
    taken = [gate.job(entity=str(number)) for number in range(3)]
    for job in taken:
        leave(policy, gate, job)
    engine = Engine()
    with running(policy, engine) as pool:
        free = pool.room()
        for job in taken:
            pool.adopt(job)
        assert pool.room() == free - 3
        pool.start(waiting := effect("/bin/true"))
        eventually(lambda: len(pool._caretaker._followed) == 3)
        assert engine.begun() == [], "more than the machine is trusted with would run"
        gate.open()
        engine.wait_for_finishes(4)
        assert engine.begun() == [waiting.job]
        assert pool.room() == free


def test_a_job_of_which_nothing_is_left_has_an_unknown_outcome(policy: ProgramPolicy, gate: Gate) -> None:
    """The worker was killed between the engine's word and the supervisor, or somebody removed the directory."""
    job, begun = gate.job(), gate.job()
    engine = Engine(go=lambda _: None)
    with running(policy, engine, leave=True) as pool:
        pool.start(begun)
        engine.wait_until(lambda: engine.begun() == [begun.job])
        copy = shutil.copytree(
            pool._workspaces.root, policy.work_directory / "copy", ignore=shutil.ignore_patterns("life", "orders")
        )  # type: ignore[operator]
    copy.rename(copy.with_name(f"{PREFIX}worker"))
    finishes = take_up(policy, job, begun)
    assert [(finish.status, finish.error) for finish in finishes] == [(JobStatus.INTERRUPTED, UNKNOWN)] * 2


@pytest.mark.parametrize("outcome", [b"", b"1 itself 0 5 0 100 0\nshort", b"99 itself 0 5 0 0 0\n", b"\xff\x00"])
def test_an_outcome_that_cannot_be_read_is_unknown_and_says_so(policy: ProgramPolicy, gate: Gate, outcome: bytes) -> None:
    job = gate.job()
    ((_, supervisor),) = leave(policy, gate, job)
    gate.open()
    eventually(lambda: not lives(supervisor))
    assert policy.work_directory is not None
    (file,) = policy.work_directory.glob("*/*/outcome")
    file.write_bytes(outcome)
    (finish,) = take_up(policy, job)
    assert finish.status is JobStatus.INTERRUPTED
    assert (finish.error or "").startswith(f"{UNKNOWN} (expected an outcome")


def test_an_outcome_is_kept_until_the_engine_says_that_it_is_durable(policy: ProgramPolicy) -> None:
    engine = Engine()
    engine.durable = False
    with running(policy, engine) as pool:
        pool.start(job := effect("/bin/echo", "once"))
        (finish,) = engine.wait_for_finishes(1)
    for _ in range(2):
        engine = Engine()
        engine.durable = False
        with running(policy, engine) as pool:
            pool.adopt(job)
            assert engine.wait_for_finishes(1) == [finish], "the worker was killed before its commit, say"
    assert take_up(policy, job) == [finish]


def test_what_the_store_does_not_call_running_is_swept_and_what_goes_on_is_ended(policy: ProgramPolicy, gate: Gate) -> None:
    """A store that was put back, or a worker that was killed between its commit and the removal."""
    ended, goes_on, ours = gate.job("exit 0"), gate.job(), gate.job()
    ((_, supervisor),) = leave(policy, gate, ended)
    gate.open(1)
    eventually(lambda: not lives(supervisor))
    ((program, supervisor), _) = leave(policy, gate, goes_on, ours)
    asked: list[set[JobId]] = []
    engine = Engine()
    with running(policy, engine, leave=True, ours=lambda jobs: asked.append(set(jobs)) or [ours.job]) as pool:  # type: ignore[func-returns-value]
        assert asked == [{ended.job, goes_on.job, ours.job}]
        eventually(lambda: not lives(supervisor))
        assert not lives(program)
        assert set(pool._workspaces.jobs()) == {goes_on.job, ours.job}
    with running(policy, engine, leave=True, ours=lambda _: [ours.job]) as pool:
        assert pool._workspaces.jobs() == [ours.job]
    assert take_up(policy, ours, then=gate.open)[0].error == "exit code 3"


def test_a_supervisor_that_is_killed_takes_its_program_with_it_and_the_outcome_is_unknown(
    policy: ProgramPolicy, gate: Gate
) -> None:
    job = gate.job("echo never")
    engine = Engine()
    with running(policy, engine) as pool:
        pool.start(job)
        program, supervisor = gate.numbers(job)
        os.kill(supervisor, signal.SIGKILL)
        (finish,) = engine.wait_for_finishes(1)
        assert (finish.status, finish.error) == (JobStatus.INTERRUPTED, LOST)
        eventually(lambda: not lives(program))


def test_also_while_no_worker_is_there_and_with_all_that_the_program_started(policy: ProgramPolicy, gate: Gate) -> None:
    note = gate.directory / "child"
    start = f"trap '' HUP TERM IO; (trap '' HUP TERM; echo started > {note}; sleep {FAR_OFF}) & wait"
    job = effect(None, str(gate.directory), "it", script=f'echo $$ $PPID > "$1/$2"; {start}')
    engine = Engine()
    with running(policy, engine, leave=True) as pool:
        pool.start(job)
        eventually(note.exists)
        program, supervisor = (int(word) for word in (gate.directory / "it").read_text().split())
    group = [program, *(int(pid) for pid in Path(f"/proc/{program}/task/{program}/children").read_text().split())]
    assert len(group) == 2
    os.kill(supervisor, signal.SIGKILL)
    eventually(lambda: not any(lives(pid) for pid in group))
    assert take_up(policy, job)[0].error == UNKNOWN


def test_a_supervisor_that_is_asked_to_end_ends_its_program_and_leaves_the_outcome(policy: ProgramPolicy, gate: Gate) -> None:
    """As the machine does when it is switched off."""
    job = gate.job("trap 'echo asked; exit 0' TERM; echo waits; sleep 60 & wait")
    ((program, supervisor),) = leave(policy, gate, job)
    gate.open()
    eventually(lambda: Path(f"/proc/{program}/task/{program}/children").read_text() != "")
    os.kill(supervisor, signal.SIGTERM)
    eventually(lambda: not lives(supervisor))
    (finish,) = take_up(policy, job)
    assert finish.status is JobStatus.INTERRUPTED
    assert finish.description is not None
    assert finish.description["stdout"] == "waits\nasked\n"


def test_the_keeper_may_be_killed_at_any_time(policy: ProgramPolicy, gate: Gate) -> None:
    first, second = gate.job(), gate.job()
    engine = Engine()
    with running(policy, engine) as pool:
        pool.start(first)
        gate.numbers(first)
        keeper = pool._means.keeper._process
        assert keeper is not None
        os.kill(keeper.pid, signal.SIGKILL)
        pool.start(second)
        gate.numbers(second)
        gate.open()
        assert [finish.error for finish in engine.wait_for_finishes(2)] == ["exit code 3"] * 2
    assert engine.begun() == [first.job, second.job]


def test_no_other_worker_comes_in_while_a_keeper_may_still_fork(policy: ProgramPolicy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else one that is killed could have a program begin that the next has given up for lost."""
    engine = Engine()
    with running(policy, engine) as pool:
        pool.start(effect("/bin/true"))
        engine.wait_for_finishes(1)
        os.close(pool._workspaces.lock)  # as when the worker is killed, and its keeper is slow to notice
        pool._workspaces.lock = -1
        following = Workspaces(policy.work_directory, "worker")
        with monkeypatch.context() as patch:
            patch.setattr("pointsman.programs.workspace.PATIENCE", 0.1)
            with pytest.raises(WorkspaceInUse):
                following.open()
        pool._means.keeper.stop()
        following.open()
        following.close()


def test_a_launch_is_taken_once(policy: ProgramPolicy, tmp_path: Path) -> None:
    """However often a keeper is asked for it, and by whom."""
    workspaces = Workspaces(policy.work_directory, "worker")
    workspaces.open()
    keeper = Keeper(workspaces)
    job = effect(None, script="")
    place = workspaces.new(job.job)
    note = tmp_path / "runs"
    launch = launch_of(job, Executable(Path("/bin/sh"), ("sh", "-c", f"echo run >> {note}")), place.work)
    place.prepare(launch_file(launch, policy), b"")
    for _ in range(5):
        keeper.start(place)
    eventually(lambda: not place.lives())
    assert decode_ended(place.outcome() or b"").reason == ITSELF
    assert note.read_text() == "run\n"
    keeper.stop()
    workspaces.remove(job.job)
    workspaces.close()


def test_a_supervisor_holds_nothing_of_the_worker_and_has_a_session_of_its_own(policy: ProgramPolicy, tmp_path: Path) -> None:
    with open(tmp_path / "canary", "w") as canary:
        os.set_inheritable(canary.fileno(), True)
        engine = Engine()
        with running(policy, engine) as pool:
            script = "read -r line < /proc/$PPID/stat; echo $line; tr '\\0' '\\n' < /proc/$PPID/environ; ls -l /proc/$PPID/fd"
            pool.start(effect(None, script=script))
            (finish,) = engine.wait_for_finishes(1)
    assert finish.description is not None
    stat, *listed = str(finish.description["stdout"]).splitlines()
    pid, _, _, _, group, session = stat.split()[:6]
    assert pid == group == session
    assert "(pointsman-prog)" in stat
    opened = [line.partition(" -> ")[2] for line in listed if " -> " in line]
    others = [each for each in opened if not each.startswith(("pipe:", "/dev/null")) and not each.endswith(("/life", "/orders"))]
    assert others == []
    assert len(opened) <= 12


def test_a_supervisor_loads_nothing_but_what_it_is_made_of(policy: ProgramPolicy) -> None:
    engine = Engine()
    with running(policy, engine) as pool:
        pool.start(effect("/bin/true"))
        engine.wait_for_finishes(1)
        keeper = pool._means.keeper._process
        assert keeper is not None
        mapped = Path(f"/proc/{keeper.pid}/maps").read_text()
    assert "pydantic" not in mapped
    program = (
        "import sys; sys.path.append(sys.argv[1]); import pointsman.programs.supervisor.keeper\n"
        "print('\\n'.join(name for name in sys.modules if name.startswith('pointsman')), *[name for name in "
        "('typing', 'dataclasses', 'json', 're', 'subprocess', 'threading', 'logging') if name in sys.modules])"
    )
    source = Path(__file__).resolve().parents[2] / "src"
    loaded = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, source],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    own = ("", ".keeper", ".record", ".spawn", ".supervise", ".watch")
    assert set(loaded) == {
        "pointsman",
        "pointsman.programs",
        "pointsman.programs.capture",
        *(f"pointsman.programs.supervisor{name}" for name in own),
    }


def test_an_outcome_waits_for_room_on_a_full_disk(policy: ProgramPolicy, gate: Gate) -> None:
    work = policy.work_directory
    assert work is not None
    with small_disk(work, 64):
        job = gate.job("head -c 20000 /dev/zero | tr '\\0' x; exit 3")  # more than what its end makes room for
        engine = Engine()
        with running(policy, engine) as pool:
            pool.start(job)
            gate.numbers(job)
            with suppress(OSError), (work / "ballast").open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(1024))
            gate.open()
            eventually(lambda: list(work.glob("*/*/outcome.new")) != [])
            time.sleep(0.1)
            assert engine.finishes() == [], "it would be unknown, though there will soon be room"
            (work / "ballast").unlink()
            (finish,) = engine.wait_for_finishes(1)
        assert finish.description is not None
        assert (finish.error, finish.description["stdout"]) == ("exit code 3", "x" * 20_000)
