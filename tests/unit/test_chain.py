"""Chains of causes: what led to a change led to its jobs and to what they publish, and an echo of a job's id leads back to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.chain import Recent
from pointsman.core.decide import decide
from pointsman.core.world import Decision, World
from pointsman.model.command import Execute, Finish, TimerDue
from pointsman.model.effect import Publish
from pointsman.model.ids import MQTT_USER, JobId, OperationId
from pointsman.model.job import Job, JobStatus
from pointsman.model.lineage import Lineage
from pointsman.model.write import AddChange, AddJob
from unit.world import ALARM, FAULT, NOW, OK, PUMP, counting, job, mqtt, plant, program, report, trigger

CAUSE = Lineage(JobId("root"), JobId("before"), 3)


class Line:
    """A world to which commands come one after the other."""

    def __init__(self, **more: Any) -> None:
        triggers = (trigger("open-valve", ALARM, **more), trigger("diagnose", FAULT))
        self.world = World(plant(operations=(mqtt(message="{{job.id}}"), program()), triggers=triggers))
        self._ids = counting()

    def tell(self, command: Any, at: int = NOW) -> Decision:
        decision = decide(self.world, command, at, self._ids)
        self.world.fold(decision)
        return decision


def made(decision: Decision) -> Job:
    [added] = [write.job for write in decision.writes if isinstance(write, AddJob)]
    return added


def test_what_led_to_a_report_led_to_the_change_the_job_and_what_it_publishes() -> None:
    decision = Line().tell(replace(report(ALARM), lineage=CAUSE))
    [change] = [write.change for write in decision.writes if isinstance(write, AddChange)]
    [published] = [effect for effect in decision.effects if isinstance(effect, Publish)]
    assert (change.lineage, made(decision).lineage, published.lineage) == (CAUSE, CAUSE, CAUSE)
    said = made(decision).to_json()
    assert (said["root_id"], said["caused_by"], said["hop"]) == ("root", "before", 3)


def test_a_hold_keeps_what_led_to_it() -> None:
    line = Line(hold_ms=1_000)
    line.tell(replace(report(ALARM), lineage=CAUSE))
    [timer] = line.world.timers.values()
    assert made(line.tell(TimerDue(timer.id), NOW + 1_000)).lineage == CAUSE


@pytest.mark.parametrize("operation", ["open-valve", "diagnose"])
def test_a_request_that_a_message_of_ours_led_to_belongs_to_its_chain(operation: str) -> None:
    request = Execute(entity=PUMP, operation=OperationId(operation), user=MQTT_USER, login=MQTT_USER, lineage=CAUSE)
    assert made(Line().tell(request)).lineage == CAUSE
    assert made(Line().tell(replace(request, lineage=None))).lineage is None


def test_an_echo_of_a_job_leads_back_to_it_and_through_it_to_the_first_of_the_chain() -> None:
    line = Line()
    first = made(line.tell(report(ALARM)))
    second = made(line.tell(replace(report(FAULT), echoes=(first.id,))))
    assert second.lineage == Lineage(first.id, first.id, 1)
    third = made(line.tell(replace(report(ALARM), echoes=(JobId("unknown"), second.id))))
    assert third.lineage == Lineage(first.id, second.id, 2)
    fourth = made(line.tell(replace(report(FAULT), echoes=(third.id, first.id, second.id))))
    assert fourth.lineage == Lineage(first.id, third.id, 3), "the one furthest down the chain counts"


def test_an_echo_is_recognised_after_the_job_has_ended() -> None:
    line = Line()
    first = made(line.tell(report(ALARM)))
    line.tell(Finish(job=first.id, status=JobStatus.SUCCEEDED))
    assert made(line.tell(replace(report(FAULT), echoes=(first.id,)))).lineage == Lineage(first.id, first.id, 1)


def test_an_id_that_is_no_recent_job_says_nothing() -> None:
    assert made(Line().tell(replace(report(ALARM), echoes=(JobId("unknown"),)))).lineage is None


def test_what_the_properties_say_goes_before_an_echo() -> None:
    line = Line()
    first = made(line.tell(report(ALARM)))
    assert made(line.tell(replace(report(FAULT), lineage=CAUSE, echoes=(first.id,)))).lineage == CAUSE


def test_a_job_that_was_not_carried_out_leads_to_nothing() -> None:
    line = Line()
    line.world.catalog = plant(operations=(mqtt(message="{{properties.none}}"), program()))
    failed = made(line.tell(report(ALARM)))
    assert failed.status is JobStatus.FAILED
    assert line.world.standing.recent.lineage_of([failed.id]) is None


@given(st.integers(1, 5), st.lists(st.integers(0, 20), max_size=60))
def test_the_last_jobs_are_remembered_and_no_more(size: int, numbers: list[int]) -> None:
    recent = Recent(size)
    for number in numbers:
        recent.put(job(str(number)))
    kept = list(dict.fromkeys(numbers[::-1]))
    assert len(recent) <= size
    known = [number for number in range(21) if recent.lineage_of([JobId(str(number))]) is not None]
    assert len(known) == len(recent) == min(size, len(kept))
    if len(set(numbers)) == len(numbers):
        assert set(known) == set(numbers[-size:])


def test_a_state_that_nothing_of_ours_led_to_begins_a_chain() -> None:
    decision = Line().tell(report(ALARM))
    said = made(decision).to_json()
    assert (said["root_id"], said["caused_by"], said["hop"]) == (said["id"], None, 0)
    assert Line().tell(report(OK)).effects == ()
