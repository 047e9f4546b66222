"""The same history with restarts at random moments gives the same jobs as without: nothing is known that is not in the store.

The engine runs on its ports in memory, on a clock that the test moves; a restart is a new engine on the same store.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.model.command import AddResult, Finish
from pointsman.model.conduct import Conduct, Expect, Mode
from pointsman.model.delivery import Subscribed
from pointsman.model.effect import Publish, StartProgram
from pointsman.model.ids import OperationId, UserId
from pointsman.model.job import JobStatus
from unit.engine_rig import Rig, execute, says
from unit.in_memory import MemoryStore
from unit.world import ALARM, FAULT, OK, counting, mqtt, plant, program, trigger

CATALOG = plant(
    operations=(
        mqtt("valve", message="{{state.name}} after {{previous.name}}", conduct=Conduct(mode=Mode.QUEUED, max=3)),
        mqtt("ask", message="?", conduct=Conduct(expect=Expect(4_000), retries=1, on_timeout=OperationId("call"))),
        mqtt("call", message="{{args.error}}"),
        program("check", conduct=Conduct(mode=Mode.SINGLE, retries=2, backoff_ms=1_500)),
    ),
    triggers=(
        trigger("valve", ALARM, hold_ms=3_000),
        trigger("valve", FAULT, every_ms=2_500),
        trigger("ask", FAULT, cooldown_ms=6_000),
        trigger("check", OK, ALARM, not_from=frozenset({FAULT.id})),
    ),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("says"), st.sampled_from([OK, ALARM, FAULT]), st.integers(1, 2)),
        st.tuples(st.just("pass"), st.integers(1, 4_000), st.none()),
        st.tuples(st.just("answer"), st.none(), st.none()),
        st.tuples(st.just("publish"), st.sampled_from([JobStatus.SUCCEEDED, JobStatus.FAILED]), st.none()),
        st.tuples(st.just("program"), st.sampled_from([JobStatus.SUCCEEDED, JobStatus.FAILED]), st.none()),
        st.tuples(st.just("execute"), st.sampled_from(["valve", "ask", "check"]), st.integers(1, 2)),
    ),
    max_size=40,
)


class Life:
    """An engine over several starts."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self._ids = counting()
        self._packet = 0
        self.rig = Rig(self.store, catalog=CATALOG, new_id=self._ids)
        self.rig.settle(Subscribed(()))

    def restart(self) -> None:
        """At once. What the ports had in hand, they are given again."""
        at = self.rig.clock.at
        self.rig = Rig(self.store, catalog=CATALOG, new_id=self._ids, at=at)
        self.rig.settle(Subscribed(()))

    def take(self, what: str, first: Any, second: Any) -> None:
        rig = self.rig
        match what:
            case "says":
                self._packet += 1
                rig.settle(says(first.id, self._packet, second))
            case "pass":
                for _ in range(0, first, 250):  # as an engine that is awake sees it: no timer is ever much too late
                    rig.pass_time(250)
                    rig.settle()
            case "publish" | "program":
                # Which one ends is the history's, and no matter of the order in which a port has them.
                kind = Publish if what == "publish" else StartProgram
                if held := rig.ports.held(kind):
                    rig.ports.forget(min(held))
                    rig.feed(Finish(job=min(held), status=first))
            case "execute":
                rig.settle(execute(first, second))
            case "answer":
                asked = next((job for job in rig.jobs if job.operation_id == "ask" and not job.status.final), None)
                if asked is not None:
                    rig.feed(AddResult(job=asked.id, payload="yes", by=UserId("mqtt"), answer=True))
        rig.settle()

    def told(self) -> list[Any]:
        """All that happened, but for the ids."""
        return sorted(
            [
                (
                    job.timestamp,
                    job.owner.id,
                    job.operation_id,
                    str(job.description),
                    job.status,
                    job.waits,
                    job.attempts,
                    job.finished,
                    str(job.ladder),
                )
                for job in self.rig.jobs
            ],
            key=str,
        )


@settings(max_examples=100)
@given(STEPS, st.data())
def test_the_same_history_with_restarts_at_random_moments_gives_the_same_jobs(steps: list[Any], data: st.DataObject) -> None:
    one, other = Life(), Life()
    for step in steps:
        one.take(*step)
        other.take(*step)
        if data.draw(st.booleans()):
            other.restart()
        assert one.told() == other.told()


def test_the_history_above_makes_jobs_that_hold_repeat_wait_and_are_tried_again() -> None:
    """So that the rule above is not about nothing."""
    life = Life()
    for step in (
        ("says", ALARM, 1),
        ("pass", 3_500, None),
        ("says", FAULT, 1),
        ("pass", 6_000, None),
        ("publish", JobStatus.FAILED, None),
        ("publish", JobStatus.SUCCEEDED, None),
        ("pass", 2_000, None),
        ("says", OK, 2),
        ("program", JobStatus.FAILED, None),
        ("says", ALARM, 2),
        ("pass", 6_000, None),
    ):
        life.take(*step)
        life.restart()
    seen = {(job.operation_id, job.waits) for job in life.rig.jobs}
    assert {operation for operation, _ in seen} >= {"valve", "ask", "check"}
    assert len([job for job in life.rig.jobs if job.operation_id == "valve"]) >= 3
    assert any(job.attempts > 1 or job.waits for job in life.rig.jobs)
    assert any(isinstance(effect, Publish) for effect in life.rig.ports.effects)
