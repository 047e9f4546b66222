"""The engine keeps schedules and properties: through restarts, a store that fails, and a clock that is set."""

from __future__ import annotations

import pytest

from pointsman.core.schedule import MOST
from pointsman.model.catalog import Catalog, build_catalog
from pointsman.model.command import Execute, SetProperty
from pointsman.model.delivery import Subscribed
from pointsman.model.entity import Entity
from pointsman.model.ids import MQTT_USER, OperationId, TimerId
from pointsman.model.schedule import Missed, Schedule
from pointsman.model.timer import Timer, TimerKind
from pointsman.model.write import SaveTimer
from unit.engine_rig import Rig
from unit.in_memory import Fault
from unit.world import NOW, PUMP, mqtt

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
FIRST = (NOW // MINUTE + 1) * MINUTE
"""The first full minute."""


def minutely(missed: Missed = Missed.ALL, every: int = MINUTE) -> Catalog:
    """A pump that is asked each minute, and tells when its property is set."""
    schedule = Schedule(source=f"every {every} ms", every_ms=every, missed=missed)
    ask = mqtt("ask", message="{{args.scheduled}}", schedules=(schedule,))
    tell = mqtt("tell", message="{{properties.p}}", on_property=True)
    pump = Entity(ref=PUMP, name="Pump", operations=(ask, tell), properties={"p": 0}, writable=frozenset({"p"}))
    return build_catalog(entities=[pump])


def passes(rig: Rig, ms: int) -> None:
    """So much time passes, on every clock, a second at a time."""
    for _ in range(0, ms, SECOND):
        rig.clock.at += SECOND
        rig.clock.seconds += SECOND / 1000
        rig.settle()


def asked(rig: Rig) -> list[str]:
    return [str(job.description["message"]) for job in rig.jobs if job.operation_id == "ask"]


def restarted(rig: Rig, at: int, catalog: Catalog | None = None) -> Rig:
    """Another worker on the same store."""
    after = Rig(rig.store, catalog=catalog or minutely())
    after.clock.at = at
    after.settle(Subscribed(()))
    return after


def test_a_schedule_is_armed_at_the_first_start_and_runs_on_without_drifting() -> None:
    rig = Rig(catalog=minutely())
    rig.settle()
    assert [timer.due for timer in rig.rows.timers.values()] == [FIRST]
    passes(rig, 5 * MINUTE)
    assert asked(rig) == [str(FIRST + n * MINUTE) for n in range(5)]
    assert [timer.due for timer in rig.rows.timers.values()] == [FIRST + 5 * MINUTE]


def test_after_a_restart_what_was_missed_is_made_up_for_and_nothing_is_armed_twice() -> None:
    rig = Rig(catalog=minutely())
    passes(rig, 2 * MINUTE)
    after = restarted(rig, rig.clock.at + 10 * MINUTE)
    passes(after, 2 * MINUTE)
    assert asked(after) == [str(FIRST + n * MINUTE) for n in range(14)]
    assert len(after.rows.timers) == 1


@pytest.mark.parametrize(("missed", "count"), [(Missed.SKIP, 0), (Missed.ONCE, 1), (Missed.ALL, MOST)])
def test_what_was_missed_in_a_long_absence_is_bounded(missed: Missed, count: int) -> None:
    rig = Rig(catalog=minutely(missed))
    rig.settle()
    after = restarted(rig, FIRST + 30 * 24 * HOUR + 30 * SECOND, minutely(missed))
    assert len(asked(after)) == count
    assert all(timer.due > after.clock.at for timer in after.rows.timers.values())


def test_a_store_that_fails_at_any_step_makes_no_run_double_and_loses_none() -> None:
    for fault in (Fault.BEGIN, Fault.READ, Fault.APPLY, Fault.COMMIT, Fault.AMBIGUOUS):
        rig = Rig(catalog=minutely())
        rig.store.faults.append(fault)
        rig.settle()
        rig.clock.at, rig.clock.seconds = FIRST, (FIRST - NOW) / 1000
        rig.store.faults.append(fault)
        rig.settle()
        passes(rig, MINUTE)
        assert asked(rig) == [str(FIRST), str(FIRST + MINUTE)], fault
        assert len(rig.rows.timers) == 1


def test_a_schedule_that_is_no_longer_configured_leaves_no_row() -> None:
    rig = Rig(catalog=minutely())
    rig.settle()
    after = restarted(rig, rig.clock.at, build_catalog(entities=[Entity(ref=PUMP, name="Pump")]))
    assert after.rows.timers == {}
    passes(after, 2 * MINUTE)
    assert asked(after) == []


def test_a_worker_without_schedules_writes_nothing_when_it_starts() -> None:
    rig = Rig()
    rig.settle()
    assert [writes for writes in rig.store.commits if writes] == []


@pytest.mark.parametrize("back", [10 * SECOND, 30 * MINUTE, 2 * HOUR])
def test_a_clock_that_is_set_back_makes_nothing_run_early_or_twice(back: int) -> None:
    rig = Rig(catalog=minutely())
    passes(rig, 3 * MINUTE)
    done = asked(rig)
    rig.clock.at -= back
    passes(rig, back - SECOND)
    assert asked(rig) == done
    passes(rig, MINUTE + SECOND)
    assert asked(rig) == [*done, str(FIRST + 3 * MINUTE)]


def test_a_clock_that_was_a_year_ahead_is_followed_back() -> None:
    rig = Rig(catalog=minutely())
    passes(rig, 3 * MINUTE)
    rig.clock.at -= 365 * 24 * HOUR
    before = len(asked(rig))
    passes(rig, 3 * MINUTE)
    assert len(asked(rig)) == before + 3


def test_a_clock_that_is_set_ahead_is_followed_at_once() -> None:
    rig = Rig(catalog=minutely(Missed.SKIP, HOUR))
    rig.settle(Subscribed(()))
    [timer] = rig.rows.timers.values()
    rig.clock.at = timer.due + SECOND
    rig.settle()
    assert asked(rig) == [str(timer.due)]


def test_a_start_leaves_timers_alone_that_no_schedule_set() -> None:
    rig = Rig(catalog=minutely())
    rig.settle()
    hold = Timer(id=TimerId("hold"), due=NOW + HOUR, kind=TimerKind.HOLD, entity=PUMP, subject="t")
    rig.rows.timers[hold.id] = hold
    kept = dict(rig.rows.timers)
    assert restarted(rig, rig.clock.at).rows.timers == kept


def test_a_property_that_is_set_is_remembered_after_a_restart() -> None:
    rig = Rig(catalog=minutely())
    rig.settle(SetProperty(entity=PUMP, name="p", value=[1, {"a": None}], by=MQTT_USER, login=MQTT_USER))
    after = restarted(rig, rig.clock.at)
    after.settle(Execute(entity=PUMP, operation=OperationId("tell"), user=MQTT_USER, login=MQTT_USER))
    assert [job.description["message"] for job in after.jobs] == 2 * ['[1,{"a":null}]']
    again = SetProperty(entity=PUMP, name="p", value=[1, {"a": None}], by=MQTT_USER, login=MQTT_USER)
    after.settle(again)
    assert len(after.jobs) == 2, "it has that value already"


def test_a_batch_of_values_is_decided_one_after_the_other() -> None:
    rig = Rig(catalog=minutely())
    rig.settle()
    before = len(rig.store.commits)
    for value in (1, 2, 2, 1):
        rig.feed(SetProperty(entity=PUMP, name="p", value=value, by=MQTT_USER, login=MQTT_USER))
    rig.step()
    assert len(rig.store.commits) == before + 1
    assert [(job.args["previous"], job.args["value"]) for job in rig.jobs] == [(0, 1), (1, 2), (2, 1)]
    assert rig.rows.properties[PUMP] == {"p": 1}
    assert not [write for write in rig.store.commits[-1] if isinstance(write, SaveTimer)]
