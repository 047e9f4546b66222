"""What is not told as a loop comes to rest: the finder against the real decisions, on small plants made at random."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.core.loops import Announcing, Listener, OwnReports, OwnRequests, find_loops
from pointsman.model.catalog import Catalog, build_catalog
from pointsman.model.entity import Class, Entity
from pointsman.model.ids import ClassId, OwnerType, TriggerId
from pointsman.model.job import JobStatus
from pointsman.model.operation import Operation
from pointsman.model.rule import IntakeRule
from pointsman.model.topic import TopicFilter
from pointsman.model.trigger import StateTrigger
from pointsman.mqtt.publisher import Announced, Outgoing
from unit.closed_plant import ClosedPlant
from unit.world import ALARM, FAULT, OK, STATES, link, mqtt, obj, program, rule, trigger

LIMIT = 500
"""So many messages are taken at most. Without a loop three entities of three states were never seen to need more than a tenth."""
ENTITIES = (obj("a"), obj("b"), link("l"))
NAMES = ("one", "two")
TOPICS = (
    *["t/{{id}}"] * 4,
    "t/a",
    "t/b",
    *["t/{{properties.peer}}"] * 2,
    "t/{{name}}",
    "t/{{payload.to}}",
    "t/{{state.name}}",
    "u/{{previous.id}}",
    "pointsman/objects/{{id}}/state",
    "pointsman/links/{{properties.peer}}/state",
    "pointsman/objects/b/operations/{{payload.run}}/execute",
    "pointsman/objects/{{properties.peer}}/operations/one/execute",
)
MESSAGES = (
    "OK",
    "ALARM",
    "FAULT",
    "3",
    "{{state.name}}",
    "{{previous.name}}",
    "{{payload}}",
    "{{args.next}}",
    "{{timestamp}}",
    "",
    '{"state": "OK"}',
    '{"state": 3, "at": {{timestamp}}, "next": 4}',
    '{"state": "{{payload.next}}", "job": "{{job.id}}", "to": "b"}',
    '{"state": {{payload.next}}, "next": "OK"}',
    '{"state": "{{state.id}}"}',
    '{"state": "OK", "{{payload.key}}": "ALARM", "key": "state"}',
    '{"on": true, "state": "{{properties.tells}}"}',
)
OUTSIDE = (
    *["t/a", "t/b", "t/l"] * 3,
    "pointsman/objects/a/state",
    "pointsman/links/l/state",
    *[f"pointsman/{owner}/operations/{name}/execute" for owner in ("objects/a", "objects/b", "links/l") for name in NAMES],
)
PAYLOADS = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["OK", "ALARM", "FAULT"]),
        "next": st.sampled_from(["OK", "ALARM", "FAULT", 3, True, {"state": "OK"}]),
        "to": st.sampled_from(["a", "b", "l", "nobody"]),
        "run": st.sampled_from(NAMES),
        "key": st.sampled_from(["state", "other"]),
    }
).map(json.dumps)
SOME = st.frozensets(st.sampled_from([state.id for state in STATES]), min_size=1, max_size=2)
CLAUSES = st.fixed_dictionaries(
    {}, optional={"from_states": SOME, "not_from": SOME, "not_to": SOME, "enabled": st.booleans(), "hold_ms": st.just(1000)}
)
TRIGGERS = st.tuples(
    st.sampled_from(NAMES), st.lists(st.sampled_from(STATES), max_size=2, unique=True), st.just({}) | st.just({}) | CLAUSES
)
RULES = st.one_of(
    st.builds(
        lambda entity, path, names: rule("t/+", entity, path, map=names),
        st.sampled_from(["{1}", "{1}", "a", "b"]),
        st.sampled_from(["$", "$.state"]),
        st.sampled_from([{}, {}, {"OK": "ALARM"}, {"true": "FAULT", "ALARM": "OK"}]),
    ),
    st.builds(lambda entity: rule("u/#", entity, "$.on", map={"true": "ALARM"}), st.sampled_from(["a", "l"])),
    st.builds(
        lambda entity, names: rule("pointsman/jobs/+", entity, "$.status", map=names),
        st.sampled_from(["{1}", "b"]),
        st.sampled_from([{"queued": "ALARM"}, {"queued": "ALARM", "succeeded": "OK"}]),
    ),
)


@dataclass(frozen=True)
class Plant:
    """A catalog, its rules, and what is announced."""

    catalog: Catalog
    rules: tuple[IntakeRule, ...]
    announced: Announced = Announced.NONE

    @property
    def has_loops(self) -> bool:
        statuses = tuple(each for each in JobStatus if each.final or self.announced is Announced.ALL)
        announcing = None if self.announced is Announced.NONE else Announcing("pointsman/jobs/", statuses)
        return bool(find_loops(self.catalog, listeners(self.rules), announcing))


def listeners(rules: Sequence[IntakeRule]) -> list[Listener]:
    """The rules, and Pointsman's own topics."""
    own: list[Listener] = []
    for kind in OwnerType:
        own.append(OwnReports(TopicFilter(f"pointsman/{kind.plural}/+/state"), kind))
        own.append(OwnRequests(TopicFilter(f"pointsman/{kind.plural}/+/operations/+/execute"), kind))
    return [*rules, *own]


def operations(name: str) -> st.SearchStrategy[Operation]:
    texts = st.tuples(st.sampled_from(TOPICS), st.sampled_from(MESSAGES))
    return st.builds(lambda pair: mqtt(name, *pair), texts) | st.just(program(name))


def triggers(owner: str) -> st.SearchStrategy[tuple[StateTrigger, ...]]:
    def made(drawn: list[tuple[str, list[Any], dict[str, Any]]]) -> tuple[StateTrigger, ...]:
        found = [trigger(operation, *states, **more) for operation, states, more in drawn]
        return tuple(replace(each, id=TriggerId(f"{owner} {number}")) for number, each in enumerate(found))

    return st.lists(TRIGGERS, max_size=3).map(made)


@st.composite
def plants(draw: st.DrawFn) -> Plant:
    common = Class(
        id=ClassId("common"),
        name="Common",
        operations=tuple(draw(operations(name)) for name in NAMES),
        triggers=draw(triggers("class")),
    )
    entities = []
    for ref in ENTITIES:
        own = draw(st.booleans())
        entity = Entity(
            ref=ref,
            name=draw(st.sampled_from(["a", "b", "x/y"])),
            class_id=common.id,
            operations=(draw(operations("one")),) if own else (),
            triggers=draw(triggers(ref.id)) if own else (),
            properties={"peer": draw(st.sampled_from(["a", "b", "l"])), "tells": draw(st.sampled_from(["OK", "ALARM"]))},
        )
        entities.append(entity)
    catalog = build_catalog(states=STATES, classes=[common], entities=entities)
    return Plant(catalog, tuple(draw(st.lists(RULES, min_size=1, max_size=3))), draw(st.sampled_from(Announced)))


MESSAGES_FROM_OUTSIDE = st.lists(
    st.builds(
        lambda topic, payload: Outgoing(topic=topic, payload=payload.encode()),
        st.sampled_from(OUTSIDE),
        PAYLOADS | st.sampled_from(["OK", "ALARM", "FAULT"]),
    ),
    min_size=1,
    max_size=4,
)


def comes_to_rest(plant: Plant, outside: Sequence[Outgoing], order: Sequence[int] = (0,)) -> bool:
    closed = ClosedPlant(plant.catalog, plant.rules, plant.announced)
    for each in outside:
        closed.send(each)
    return closed.comes_to_rest(LIMIT, order)


@settings(max_examples=300)
@given(plants(), st.lists(MESSAGES_FROM_OUTSIDE, min_size=3, max_size=3), st.lists(st.integers(0, 5), min_size=1, max_size=4))
def test_without_a_loop_whatever_is_said_comes_to_rest_in_whatever_order_it_arrives(
    plant: Plant, outside: list[list[Outgoing]], order: list[int]
) -> None:
    if not plant.has_loops:
        assert all(comes_to_rest(plant, each, way) for each in outside for way in ([0], order))


# The plants of which the rule above is most easily wrong, as they are


def pump(*made: tuple[str, str, tuple[Any, ...]], **more: Any) -> Plant:
    """An object whose operations each publish a message on its own topic, in some states."""
    found = [mqtt(name, "t/{{id}}", message) for name, message, _ in made]
    fired = [trigger(name, *states) for name, _, states in made]
    entity = Entity(ref=obj("a"), name="a", operations=tuple(found), triggers=tuple(fired))
    return Plant(build_catalog(states=STATES, entities=[entity]), (rule("t/+", "{1}", "$"),), **more)


def says(*states: str) -> list[Outgoing]:
    return [Outgoing(topic="t/a", payload=state.encode()) for state in states]


def test_the_closed_plant_goes_round_where_there_is_a_loop() -> None:
    """Else the test above could not fail."""
    to_and_fro = pump(("reset", "OK", (ALARM,)), ("alarm", "ALARM", (OK,)))
    assert not comes_to_rest(to_and_fro, says("OK"))
    assert to_and_fro.has_loops


def test_the_same_state_again_is_no_change_and_no_loop() -> None:
    again = pump(("again", "ALARM", (ALARM,)))
    assert comes_to_rest(again, says("ALARM", "OK", "ALARM", "FAULT"))
    assert not again.has_loops


def test_an_echo_chases_itself_once_the_state_changes_twice_in_quick_succession() -> None:
    echo = pump(("echo", "{{state.name}}", ()))
    assert comes_to_rest(echo, says("ALARM"))
    assert not comes_to_rest(echo, says("ALARM", "OK"))
    assert echo.has_loops


def test_a_state_that_another_message_takes_back_begins_anew() -> None:
    taken_back = pump(("back", "OK", (ALARM,)), ("again", "ALARM", (ALARM,)))
    assert not comes_to_rest(taken_back, says("ALARM"))
    assert taken_back.has_loops


def test_one_message_cannot_both_go_on_and_take_the_state_back() -> None:
    either = pump(("either", "{{payload}}", (ALARM,)))
    assert comes_to_rest(either, says("ALARM", "OK", "ALARM"))
    assert not either.has_loops


def test_a_part_that_rests_does_not_hide_one_that_goes_on() -> None:
    """A state that is never left ends the way through it, not the ways beside it."""
    one = mqtt("one", "t/x", '{"state": "OK"}')
    both = [replace(trigger("one", OK, ALARM), id=TriggerId("1")), replace(trigger("two", FAULT, OK), id=TriggerId("2"))]
    entities = [
        Entity(ref=obj("a"), name="a", operations=(one,), triggers=(both[0],)),
        Entity(ref=obj("b"), name="b", operations=(one, mqtt("two", "pointsman/objects/b/state", "FAULT")), triggers=tuple(both)),
    ]
    rules = (rule("t/+", "a", "$.state", map={"OK": "ALARM"}), rule("t/+", "b", "$.state"))
    plant = Plant(build_catalog(states=STATES, entities=entities), rules)
    outside = [Outgoing(topic="t/x", payload=b'{"state": "OK"}')] * 2
    assert plant.has_loops
    assert not comes_to_rest(plant, [*outside, Outgoing(topic="pointsman/objects/b/state", payload=b"FAULT"), *outside])
