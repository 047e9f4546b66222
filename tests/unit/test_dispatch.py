"""Handing over: what waits in the store goes before what is new, in order, and a port never gets more than it has room for."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.engine.dispatch import INTERRUPTED, PAGE
from pointsman.model.command import AddResult, Cancel, Execute, Finish
from pointsman.model.conduct import Conduct, Mode
from pointsman.model.delivery import Delivery, Subscribed
from pointsman.model.effect import Dispatch, Publish, StartProgram
from pointsman.model.ids import JobId, OperationId, UserId
from pointsman.model.job import CustomResult, Job, JobStatus
from unit.engine_rig import Rig
from unit.in_memory import MANY, MemoryStore
from unit.world import NOW, PUMP, counting, delivery, job, mqtt, plant, program

OPERATIONS: dict[type[Dispatch], str] = {Publish: "open-valve", StartProgram: "diagnose"}
KINDS = st.sampled_from(list(OPERATIONS))


def asks(kind: type[Dispatch]) -> Execute:
    """A request for an operation that the port of this kind carries out."""
    return Execute(entity=PUMP, operation=OperationId(OPERATIONS[kind]), user=UserId("ann"), login="Ann")


def dispatch(kind: type[Dispatch], id_: JobId) -> Dispatch:
    if kind is Publish:
        return Publish(job=id_, topic="t", message="m", qos=1, retain=False)
    return StartProgram(
        job=id_, entity=PUMP, path="/bin/true", script=None, arguments=(), environment={}, stdin="", timeout_ms=1, output_limit=1
    )


def left(kinds: Sequence[type[Dispatch]], status: JobStatus = JobStatus.QUEUED) -> MemoryStore:
    """A store with jobs that a worker before this one has left in this status."""
    store, new_id = MemoryStore(), counting()
    for kind in kinds:
        id_ = JobId(new_id(NOW - 1000))
        store.rows.jobs[id_] = job(id_, status), dispatch(kind, id_)
    return store


def ids(store: MemoryStore, kind: type[Dispatch]) -> list[JobId]:
    """The jobs of a kind, as they are stored, in the order of their ids."""
    return [id_ for id_, (_, each) in sorted(store.rows.jobs.items()) if isinstance(each, kind)]


def handed(rig: Rig, kind: type[Dispatch]) -> list[JobId]:
    return [effect.job for effect in rig.ports.effects if isinstance(effect, kind)]


@pytest.mark.parametrize("kind", OPERATIONS)
def test_jobs_that_were_left_are_handed_over_before_new_ones_and_in_order(kind: type[Dispatch]) -> None:
    rig = Rig(store := left([kind] * 5), new_id=counting(100))
    rig.settle(asks(kind))
    assert handed(rig, kind) == ids(store, kind)
    assert len(handed(rig, kind)) == 6


def test_jobs_that_were_left_are_handed_over_though_nothing_comes() -> None:
    rig = Rig(left([Publish, StartProgram]))
    rig.settle()
    assert len(rig.ports.handed_over) == 2


def test_a_message_of_which_nobody_knows_is_interrupted_and_never_published_again() -> None:
    rig = Rig(left([Publish] * 3, JobStatus.RUNNING), new_id=counting(100))
    rig.settle(asks(Publish))
    assert [(each.status, each.error) for each in rig.jobs[:3]] == [(JobStatus.INTERRUPTED, INTERRUPTED)] * 3
    assert handed(rig, Publish) == [rig.jobs[3].id]
    announced = [effect for effect in rig.ports.effects if isinstance(effect, Job)]
    assert announced[:3] == rig.jobs[:3]


def test_a_program_that_a_worker_before_began_is_taken_up_and_never_run_again() -> None:
    rig = Rig(left([StartProgram] * 3, JobStatus.RUNNING), new_id=counting(100))
    rig.settle(asks(StartProgram))
    assert rig.ports.adopted == [each.id for each in rig.jobs[:3]]
    assert handed(rig, StartProgram) == [rig.jobs[3].id]
    assert [each.status for each in rig.jobs] == [JobStatus.RUNNING] * 3 + [JobStatus.QUEUED]
    rig.ports.end(2)
    rig.settle()
    rig.ports.end(1, JobStatus.INTERRUPTED)
    rig.settle()
    assert [each.status for each in rig.jobs[:3]] == [JobStatus.SUCCEEDED] * 2 + [JobStatus.INTERRUPTED]


def test_the_port_is_told_what_is_settled_once_it_is_durable() -> None:
    rig = Rig(left([StartProgram, Publish]))
    rig.settle()
    rig.ports.begin()
    rig.settle()
    assert rig.ports.settled == []
    rig.ports.end()
    rig.ports.settle()
    rig.settle()
    assert sorted(rig.ports.settled) == [each.id for each in rig.jobs]


def test_what_this_worker_runs_is_not_taken_for_interrupted() -> None:
    """Jobs that wait for room make the store be read again and again, while others run."""
    rig = Rig(left([StartProgram] * 6), programs=2)
    rig.settle()
    for _ in range(6):
        rig.ports.begin()
        rig.settle(asks(Publish))
        assert all(each.status is not JobStatus.INTERRUPTED for each in rig.jobs)
        rig.ports.end(1)
        rig.settle()
    assert [each.status for each in rig.jobs[:6]] == [JobStatus.SUCCEEDED] * 6


def test_a_program_that_does_not_end_keeps_no_other_waiting() -> None:
    """While there is room for others, that is: a pool need not be empty before it is filled again."""
    rig = Rig(left([StartProgram] * 20), programs=4)
    rig.settle()
    for _ in range(20):
        rig.ports.end(but_the_first=1)
        rig.settle()
    assert len(handed(rig, StartProgram)) == 20


def test_many_jobs_of_one_kind_do_not_hide_those_of_the_other() -> None:
    rig = Rig(left([Publish] * (2 * PAGE + 7) + [StartProgram] * 3), publishes=1)
    rig.settle()
    assert len(handed(rig, StartProgram)) == 3


def test_exactly_a_page_of_jobs_is_handed_over_and_then_no_more_is_looked_for() -> None:
    rig = Rig(left([Publish] * PAGE))
    rig.settle()
    assert len(handed(rig, Publish)) == PAGE
    commits = len(rig.store.commits)
    rig.settle()
    assert len(rig.store.commits) == commits


WAVES = st.lists(st.tuples(st.lists(KINDS, max_size=6), st.integers(0, 4), st.integers(0, 4)), max_size=5)


@given(st.lists(KINDS, max_size=12), WAVES, st.integers(1, 5), st.integers(1, 5))
def test_everything_is_handed_over_once_in_order_and_never_more_than_there_is_room_for(
    before: list[type[Dispatch]],
    waves: list[tuple[list[type[Dispatch]], int, int]],
    publishes: int,
    programs: int,
) -> None:
    """The ports witness that there is room, and that a job is still queued when it is handed over."""
    rig = Rig(store := left(before), new_id=counting(100), publishes=publishes, programs=programs, limit=3)
    for kinds, settled, ended in waves:
        rig.settle(*[asks(kind) for kind in kinds])
        rig.ports.settle(settled)
        rig.ports.begin(ended)
        rig.settle()
        rig.ports.end(ended)
        rig.settle()
    for _ in range(len(rig.jobs) + 1):
        if not all(each.status.final for each in rig.jobs):
            rig.ports.settle()
            rig.ports.end()
            rig.settle()
    assert [each.status for each in rig.jobs] == [JobStatus.SUCCEEDED] * len(rig.jobs)
    for kind in OPERATIONS:
        assert handed(rig, kind) == sorted(handed(rig, kind))
    assert sorted(rig.ports.handed_over) == sorted(rig.rows.jobs)
    assert not ids(store, Publish)
    assert not ids(store, StartProgram)


def test_a_job_that_was_left_is_announced_with_the_results_it_has() -> None:
    store = left([Publish])
    (id_,) = store.rows.jobs
    store.rows.results["r"] = id_, CustomResult(payload=1, by=UserId("ann"), timestamp=NOW)
    rig = Rig(store, new_id=counting(100))
    rig.settle()
    rig.ports.settle()
    rig.settle()
    (announced,) = [effect for effect in rig.ports.effects if isinstance(effect, Job)]
    assert (announced.status, len(announced.results)) == (JobStatus.SUCCEEDED, 1)


def test_a_result_of_a_job_that_waits_in_the_store_is_not_lost_when_it_is_carried_out() -> None:
    rig = Rig(left([Publish] * 2), new_id=counting(100), publishes=1)
    rig.settle()
    waiting = rig.jobs[1].id
    rig.settle(AddResult(job=waiting, payload=1, by=UserId("ann")))
    for _ in range(2):
        rig.ports.settle()
        rig.settle()
    assert (rig.rows.job(waiting).status, len(rig.rows.job(waiting).results)) == (JobStatus.SUCCEEDED, 1)


def test_while_publishing_lags_nothing_more_is_acknowledged_and_then_all_in_order() -> None:
    """The broker slows down with us; see `Dispatcher.acknowledge`."""
    rig = Rig(publishes=4)
    messages = [delivery("plant/pump-1/state", "34"[number % 2], number) for number in range(1, 9)]
    for message in messages:
        rig.settle(message)
    held_back = rig.ports.of(Delivery)
    assert held_back == messages[: len(held_back)]
    assert len(held_back) < 4
    assert len(rig.rows.changes) == 8, "what has come is durable all the same"
    for _ in range(8):
        rig.ports.settle()
        rig.settle()
    assert rig.ports.of(Delivery) == messages


def test_without_anything_to_publish_every_message_is_acknowledged_at_once() -> None:
    rig = Rig(publishes=1)
    rig.settle(*[delivery("plant/pump-1/state", "1", number) for number in range(1, MANY)])
    assert len(rig.ports.of(Delivery)) == MANY - 1


# Jobs that wait, and are called off

IN_TURN = plant(operations=(mqtt(conduct=Conduct(mode=Mode.QUEUED)), program(conduct=Conduct(mode=Mode.QUEUED))), triggers=())


@pytest.mark.parametrize("kind", OPERATIONS)
def test_a_job_that_waits_for_its_turn_is_handed_over_when_it_has_it_and_not_before(kind: type[Dispatch]) -> None:
    rig = Rig(catalog=IN_TURN)
    rig.settle(*[asks(kind)] * 3)
    for turn in (1, 2, 3):
        assert handed(rig, kind) == [job.id for job in rig.jobs][:turn]
        rig.ports.settle()
        rig.ports.end()
        rig.settle()
    assert handed(rig, kind) == [job.id for job in rig.jobs]
    assert all(job.status is JobStatus.SUCCEEDED for job in rig.jobs)


@pytest.mark.parametrize("kind", OPERATIONS)
def test_after_a_restart_who_waits_for_its_turn_still_does(kind: type[Dispatch]) -> None:
    before = Rig(catalog=IN_TURN)
    before.settle(*[asks(kind)] * 3)
    rig = Rig(before.store, catalog=IN_TURN, new_id=counting(100))
    rig.settle()
    first, second, third = (job.id for job in rig.jobs)
    assert handed(rig, kind) == [first]
    for following in (second, third):
        rig.ports.settle()
        rig.ports.end()
        rig.settle()
        assert handed(rig, kind)[-1] == following


@pytest.mark.parametrize("kind", OPERATIONS)
def test_a_job_that_is_tried_again_goes_to_the_port_once_more_and_those_in_its_hands_do_not(kind: type[Dispatch]) -> None:
    conduct = Conduct(retries=1, backoff_ms=1_000)
    rig = Rig(catalog=plant(operations=(mqtt(conduct=conduct), program(conduct=conduct)), triggers=()))
    rig.settle(*[asks(kind)] * 3)
    first = rig.jobs[0].id
    rig.settle(Finish(job=first, status=JobStatus.FAILED, error="no"))
    rig.ports.forget(first)
    assert len(handed(rig, kind)) == 3
    rig.settle(Subscribed(()))
    rig.pass_time(2_000)
    rig.settle()
    assert [*handed(rig, kind)] == [*ids(rig.store, kind), first]


@pytest.mark.parametrize("kind", OPERATIONS)
def test_a_job_that_is_called_off_in_the_batch_that_reads_it_is_not_handed_over(kind: type[Dispatch]) -> None:
    rig = Rig(left([kind] * 2), new_id=counting(100))
    first, second = ids(rig.store, kind)
    rig.settle(Cancel(job=first, user=UserId("ann")))
    assert handed(rig, kind) == [second]
    assert [job.status for job in rig.jobs] == [JobStatus.CANCELLED, JobStatus.QUEUED]


@pytest.mark.parametrize("kind", OPERATIONS)
def test_a_job_that_is_called_off_is_taken_back_from_its_port(kind: type[Dispatch]) -> None:
    rig = Rig(catalog=plant(triggers=()))
    rig.settle(asks(kind))
    rig.settle(Cancel(job=rig.jobs[0].id, user=UserId("ann")))
    assert rig.jobs[0].status is JobStatus.CANCELLED
    assert rig.ports.room(kind) == MANY
