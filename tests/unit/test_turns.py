"""Whose turn it is: in order within an entity, fair between entities."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from pointsman.model.effect import StartProgram
from pointsman.model.ids import JobId
from pointsman.programs.turns import Turns
from programs.stand_in import effect

Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "add", "take", "take", "started", "ended", "withdraw"]), st.integers(0, 5)), max_size=80
)


def job_of(entity: int | str) -> StartProgram:
    return effect("/bin/true", entity=str(entity))


@given(STEPS)
def test_an_entitys_jobs_start_in_order_and_none_is_lost_or_doubled(steps: list[Step]) -> None:
    turns = Turns()
    waiting: dict[str, list[JobId]] = defaultdict(list)
    starting: list[StartProgram] = []
    running: list[StartProgram] = []
    for what, number in steps:
        if what == "add":
            turns.add(job := job_of(number % 3))
            turns.add(job)
            waiting[job.entity.id].append(job.job)
        elif what == "take":
            free = [entity for entity in waiting if waiting[entity] and all(entity != job.entity.id for job in starting)]
            taken = turns.take()
            assert (taken is not None) == bool(free)
            if taken:
                assert taken.entity.id in free
                assert waiting[taken.entity.id].pop(0) == taken.job
                starting.append(taken)
        elif what == "started" and starting:
            running.append(starting.pop(number % len(starting)))
            turns.started(running[-1].job)
        elif what == "ended" and starting + running:
            ended = (starting + running)[number % len(starting + running)]
            (starting if ended in starting else running).remove(ended)
            turns.ended(ended.job)
        elif what == "withdraw" and (jobs := waiting[str(number % 3)]):
            withdrawn = jobs.pop(number % len(jobs))
            assert turns.withdraw(withdrawn)
            assert withdrawn not in turns
        assert len(turns) == sum(map(len, waiting.values())) + len(starting) + len(running)
    turns.forget_waiting()
    assert turns.take() is None
    assert len(turns) == len(starting) + len(running)


def drain(turns: Turns, workers: int) -> list[str]:
    """Which entity's turn it was, one after the other, with programs that each end when all workers are busy."""
    order: list[str] = []
    running: list[JobId] = []
    while len(turns):
        job = turns.take() if len(running) < workers else None
        if job is None:
            turns.ended(running.pop(0))
        else:
            order.append(str(job.entity.id))
            turns.started(job.job)
            running.append(job.job)
    return order


def test_entities_take_turns_however_many_jobs_each_has() -> None:
    turns = Turns()
    for entity, jobs in (("flood", 6), ("a", 2), ("b", 1)):
        for _ in range(jobs):
            turns.add(job_of(entity))
    assert drain(turns, workers=1) == ["flood", "a", "b", "flood", "a", "flood", "flood", "flood", "flood"]


def test_an_entity_that_has_all_workers_yields_the_next_that_is_free() -> None:
    turns = Turns()
    for _ in range(10):
        turns.add(job_of("flood"))
    busy = []
    for _ in range(3):
        job = turns.take()
        assert job is not None
        turns.started(job.job)
        busy.append(job.job)
    turns.add(job_of("late"))
    turns.ended(busy[0])
    taken = turns.take()
    assert taken is not None
    assert taken.entity.id == "late"


def test_while_one_job_is_starting_its_entitys_next_waits_and_others_do_not() -> None:
    turns = Turns()
    first, second, other = job_of("a"), job_of("a"), job_of("b")
    for job in (first, second, other):
        turns.add(job)
    assert turns.take() is first
    assert turns.take() is other
    assert turns.take() is None
    turns.started(first.job)
    assert turns.take() is second


def test_what_is_taken_cannot_be_withdrawn() -> None:
    turns = Turns()
    turns.add(job := job_of("a"))
    assert turns.take() is job
    assert not turns.withdraw(job.job)
    assert not turns.withdraw(JobId("nobody's"))


def test_what_was_adopted_is_taken_already_and_weighs_as_much_as_what_was_started() -> None:
    turns = Turns()
    running, first, second = effect(entity="a"), effect(entity="a"), effect(entity="b")
    assert turns.adopt(running)
    assert not turns.adopt(running)
    assert (len(turns), turns.taken, turns.take()) == (1, 1, None)
    turns.add(running)
    turns.add(first)
    turns.add(second)
    assert turns.take() == second, "the entity with fewer that run goes first"
    assert turns.take() == first, "and the other waits for nothing: what was adopted has started"
    for job in (running, second, first):
        turns.ended(job.job)
    assert (len(turns), turns.taken) == (0, 0)
