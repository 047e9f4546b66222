"""Properties that are set: who may, what is a change, what it runs, and where the new value is seen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.decide import decide
from pointsman.core.limits import Bounds, Buckets, Limit
from pointsman.core.property import same_json
from pointsman.core.world import Decision, World
from pointsman.model.catalog import Catalog, build_catalog
from pointsman.model.command import Execute, RejectReason, SetProperty
from pointsman.model.effect import Answer, Publish, ReplyTo, StartProgram
from pointsman.model.entity import Class, Entity
from pointsman.model.expression import parse_expression
from pointsman.model.ids import MQTT_USER, ClassId, EntityRef, OperationId, UserId
from pointsman.model.job import Job, JobStatus
from pointsman.model.json import Json
from pointsman.model.operation import Operation
from pointsman.model.state import Retained
from pointsman.model.write import AddAudit, AddJob, CountReject, SaveProperty
from unit.world import ALARM, NOW, OK, PUMP, PUMPS, STATES, counting, in_state, mqtt, obj, program, report, trigger

REPLY = ReplyTo(topic="answers/ann", correlation=b"7")
TELL = mqtt("tell", message='{"{{args.property}}": "{{args.value}}", "was": "{{args.previous}}"}', on_property=True)
OTHER = mqtt("other", message="{{properties.Setpoint}}")


def plant(*operations: Operation, **more: Any) -> Catalog:
    """Pumps with a ReadWrite property of their class, and two of their own that are only read."""
    pump = Class(
        id=ClassId("pump"),
        name="Pump",
        operations=operations or (TELL, OTHER),
        properties={"Setpoint": 20, "Mode": "auto"},
        writable=frozenset({"Setpoint", "Mode"}),
        **more,
    )
    own = {"Serial Number": "A-17", "Temperature": None}
    return build_catalog(
        states=STATES, classes=[pump], entities=[Entity(ref=ref, name=ref.id, class_id=pump.id, properties=own) for ref in PUMPS]
    )


def set_(value: Json, name: str = "Setpoint", entity: EntityRef = PUMP, **more: Any) -> SetProperty:
    """A request of Ann's."""
    return SetProperty(entity=entity, name=name, value=value, **{"by": UserId("ann"), "login": "Ann", **more})


def reported(value: Json, name: str = "Setpoint", **more: Any) -> SetProperty:
    """The device says so."""
    return set_(value, name, by=MQTT_USER, login=MQTT_USER, reported=True, **more)


class Line:
    """A world to which commands come one after the other."""

    def __init__(self, catalog: Catalog | None = None) -> None:
        self.world = World(catalog or plant())
        self._ids = counting()

    def tell(self, command: Any, at: int = NOW) -> Decision:
        decision = decide(self.world, command, at, self._ids)
        self.world.fold(decision)
        return decision

    @property
    def values(self) -> dict[str, Json]:
        resolved = self.world.catalog.entity(PUMP)
        assert resolved is not None
        return dict(self.world.standing.properties_of(resolved))


def jobs(decision: Decision) -> list[Job]:
    return [write.job for write in decision.writes if isinstance(write, AddJob)]


def saved(decision: Decision) -> list[SaveProperty]:
    return [write for write in decision.writes if isinstance(write, SaveProperty)]


def refused(decision: Decision) -> RejectReason:
    [row] = decision.writes
    assert isinstance(row, CountReject)
    return row.reason


def test_a_value_that_is_set_is_kept_audited_and_runs_each_operation_that_asks_for_it() -> None:
    line = Line()
    decision = line.tell(set_(21.5))
    assert saved(decision) == [SaveProperty(entity=PUMP, name="Setpoint", value=21.5, at=NOW, by=UserId("ann"))]
    [audit] = [write for write in decision.writes if isinstance(write, AddAudit)]
    assert (audit.actor, audit.action, audit.subject) == ("ann", "property.set", "object pump-1: Setpoint")
    assert (audit.before, audit.after) == ("20", "21.5")
    [job] = jobs(decision)
    assert (job.operation_id, job.user_id, job.process_meta, job.status) == ("tell", "ann", None, JobStatus.QUEUED)
    assert job.args == {"property": "Setpoint", "value": 21.5, "previous": 20}
    assert json.loads(str(job.description["message"])) == {"Setpoint": "21.5", "was": "20"}
    assert any(isinstance(effect, Publish) and effect.job == job.id for effect in decision.effects)
    assert line.values["Setpoint"] == 21.5


@pytest.mark.parametrize(
    ("before", "after"),
    [(20, 20), (20, 20.0), ("a", "a"), (None, None), (True, True), ([1, {"a": [2.0]}], [1.0, {"a": [2]}]), ({}, {})],
)
def test_an_equal_value_does_nothing(before: Json, after: Json) -> None:
    line = Line()
    line.tell(set_(before))
    assert line.tell(set_(after)).writes == ()
    [answer] = line.tell(set_(after, reply=REPLY)).effects
    assert answer == Answer(to=REPLY, body={"property": "Setpoint", "value": after, "changed": False, "jobs": []})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (1, True),
        (0, False),
        (1, "1"),
        (None, False),
        ([1], [True]),
        ([1], [1, 1]),
        ({"a": 1}, {"a": True}),
        ({}, {"a": None}),
        ([], {}),
    ],
)
def test_values_that_json_tells_apart_are_a_change(before: Json, after: Json) -> None:
    line = Line()
    line.tell(set_(before))
    assert len(jobs(line.tell(set_(after)))) == 1
    assert len(jobs(line.tell(set_(before)))) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2, width=16) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=1), inner, max_size=2),
    max_leaves=6,
)


def canonical(value: Any) -> Any:
    """A value that Python compares as JSON does."""
    match value:
        case bool() | None:
            return ("word", str(value))
        case int() | float():
            return ("number", float(value))
        case str():
            return ("text", value)
        case list():
            return ("list", [canonical(each) for each in value])
        case _:
            return ("object", {name: canonical(each) for name, each in value.items()})


@given(JSON, JSON)
def test_values_are_the_same_when_they_are_the_same_json(left: Json, right: Json) -> None:
    assert same_json(left, right) is (canonical(left) == canonical(right))
    assert same_json(left, left)


def test_a_request_may_only_set_what_is_read_write() -> None:
    line = Line()
    assert refused(line.tell(set_("B", "Serial Number"))) is RejectReason.NOT_WRITABLE
    assert refused(line.tell(set_(1, "setpoint"))) is RejectReason.UNKNOWN_PROPERTY
    assert refused(line.tell(set_(1, entity=obj("ghost")))) is RejectReason.UNKNOWN_ENTITY
    decision = line.tell(set_("B", "Serial Number", reply=REPLY, topic="t"))
    [row], [answer] = decision.writes, decision.effects
    assert isinstance(row, CountReject)
    assert (row.topic, row.payload) == ("t", b'"B"')
    assert isinstance(answer, Answer)
    assert "not writable (type_id 3); those that are: Mode, Setpoint" in str(answer.body["error"])
    assert line.values == {"Setpoint": 20, "Mode": "auto", "Serial Number": "A-17", "Temperature": None}


def test_a_device_may_report_whatever_is_declared_but_what_is_only_read_runs_nothing_and_fills_no_audit() -> None:
    line = Line()
    decision = line.tell(reported(21, "Temperature"))
    assert [type(write) for write in decision.writes] == [SaveProperty]
    assert line.values["Temperature"] == 21
    assert [job.user_id for job in jobs(line.tell(reported(22)))] == ["mqtt"]
    assert refused(line.tell(reported(1, "ghost"))) is RejectReason.UNKNOWN_PROPERTY


@pytest.mark.parametrize(
    ("policy", "first", "then"),
    [
        (Retained.COMPARE, "kept", "run"),
        (Retained.BASELINE, "kept", "kept"),
        (Retained.IGNORE, "nothing", "nothing"),
        (Retained.FIRE, "run", "run"),
    ],
)
def test_a_retained_report_does_what_the_setting_says(policy: Retained, first: str, then: str) -> None:
    """As with states: the first is what is, not something that happened."""

    def what(decision: Decision) -> str:
        return "run" if jobs(decision) else "kept" if decision.writes else "nothing"

    line = Line()
    assert what(line.tell(reported(21, retained=policy))) == first
    assert what(line.tell(reported(22, retained=policy))) == then
    assert what(line.tell(reported(line.values["Setpoint"], retained=policy))) == "nothing"


def test_the_answer_names_the_jobs() -> None:
    line = Line(plant(TELL, mqtt("also", on_property=True)))
    decision = line.tell(set_(21, reply=REPLY))
    assert decision.effects[-1] == Answer(
        to=REPLY, body={"property": "Setpoint", "value": 21, "changed": True, "jobs": [job.id for job in jobs(decision)]}
    )
    assert [job.operation_id for job in jobs(decision)] == ["tell", "also"]


def test_the_value_is_seen_by_macros_by_conditions_and_on_standard_input() -> None:
    shown = mqtt("shown", message="{{properties.Setpoint}}", on_property=True)
    piped = program("piped", on_property=True)
    hot = trigger("shown", ALARM, when=parse_expression("properties.Setpoint > 25"))
    line = Line(plant(shown, piped, triggers=(hot,)))
    line.world.states[PUMP] = in_state(OK)
    decision = line.tell(set_(30))
    [message, _] = [job.description for job in jobs(decision)]
    assert message["message"] == "30", "the operations that a change runs see the new value"
    [start] = [effect for effect in decision.effects if isinstance(effect, StartProgram)]
    assert json.loads(start.stdin)["entity"]["properties"] == line.values
    assert json.loads(start.stdin)["args"] == {"property": "Setpoint", "value": 30, "previous": 20}
    asked = line.tell(Execute(entity=PUMP, operation=OperationId("shown"), user=UserId("ann"), login="Ann"))
    assert [job.description["message"] for job in jobs(asked)] == ["30"]
    assert [job.description["message"] for job in jobs(line.tell(report(ALARM)))] == ["30"], "the condition is true now"
    line.tell(set_(25))
    line.tell(report(OK))
    assert jobs(line.tell(report(ALARM))) == []


def test_a_value_of_one_entity_is_not_its_neighbours() -> None:
    line = Line()
    line.tell(set_(30))
    neighbour = line.world.catalog.entity(PUMPS[1])
    assert neighbour is not None
    assert line.world.standing.properties_of(neighbour)["Setpoint"] == 20


def test_a_value_of_a_property_that_is_no_longer_declared_is_not_seen() -> None:
    line = Line()
    line.world.standing.properties[PUMP] = {"gone": 1, "Mode": "manual"}
    assert line.values == {"Setpoint": 20, "Mode": "manual", "Serial Number": "A-17", "Temperature": None}


def test_a_property_that_chatters_runs_dry_with_one_job_that_says_so_and_is_kept_all_the_same() -> None:
    line = Line()
    line.world.standing.buckets = Buckets(Limit(burst=3, refill_ms=1_000))
    found = [[job.status for job in jobs(line.tell(reported(value), NOW))] for value in range(7)]
    assert found == [*3 * [[JobStatus.QUEUED]], [JobStatus.SUPPRESSED], [], [], []]
    assert line.values["Setpoint"] == 6
    assert len(jobs(line.tell(set_(1, "Mode", entity=PUMPS[1])))) == 1, "another entity is not concerned"
    assert [job.status for job in jobs(line.tell(reported(8), NOW + Bounds().pause_ms))] == [JobStatus.QUEUED]


def test_an_operation_that_cannot_be_carried_out_is_a_job_that_failed() -> None:
    line = Line(plant(mqtt("broken", topic="x/{{args.value}}", on_property=True)))
    [job] = jobs(line.tell(set_("a/b")))
    assert job.status is JobStatus.FAILED
    assert job.error is not None
    assert "expected one topic level" in job.error
