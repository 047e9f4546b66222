"""Loops in configurations: which are told, which are none, and how many entities have to be looked at for that."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pointsman.cli.check_loops import LISTED, loop_warnings, loops
from pointsman.core.loops import Loop, TooMany, in_words
from pointsman.settings import Configuration, load_configuration

Load = Callable[..., Configuration]
Definition = dict[str, Any]

NAMES = ["OK", "ALARM", "FAULT"]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads a file of these objects. Without rules of its own, `t/ID` has the state of the object ID as its payload."""

    def loaded(*objects: Definition, **more: Any) -> Configuration:
        states = [{"id": number, "name": name} for number, name in enumerate(NAMES)]
        file = {"states": states, "intake": [reads("t/+", "{1}", "$")], "objects": objects, **more}
        path = tmp_path / "f.yaml"
        path.write_text(json.dumps(file))  # JSON is YAML
        return load_configuration(path, {"POINTSMAN_NODE__ID": "node-1"})

    return loaded


def reads(topic: str, entity: str, state: str, **names: str) -> Definition:
    """An intake rule."""
    return {"topic": topic, "entity": entity, "state": state, "map": names}


def obj(id_: str, *triggers: Definition, **operations: tuple[str, str]) -> Definition:
    """An object with operations, each a topic and a message."""
    made = [{"id": name, "type": "mqtt", "topic": topic, "message": message} for name, (topic, message) in operations.items()]
    return {"id": id_, "triggers": list(triggers), "operations": made}


def on(states: list[str] | str, operation: str, **clauses: Any) -> Definition:
    """A trigger."""
    return {"to": states, "operation": operation, **clauses}


def told(found: list[Loop]) -> list[str]:
    """Each loop as `a one → b two`, first what comes first in the alphabet."""
    ways = [[f"{step.entity.id} {step.operation}" for step in loop.steps] for loop in found]
    return sorted(" → ".join([*way[way.index(min(way)) :], *way[: way.index(min(way))]]) for way in ways)


SELF = "t/{{id}}"
RESET, ALARM = {"reset": (SELF, "OK")}, {"alarm": (SELF, "ALARM")}
TO_AND_FRO = {**RESET, **ALARM}
EXECUTE = "pointsman/objects/{}/operations/{}/execute"

LOOPS = {
    "two operations hand the state to and fro": (
        ["a alarm → a reset"],
        [obj("a", on("ALARM", "reset"), on("OK", "alarm"), **TO_AND_FRO)],
    ),
    "an echo of every state chases itself": (["a one"], [obj("a", on(NAMES, "one"), one=(SELF, "{{state.name}}"))]),
    "the state before is set again": (["a one"], [obj("a", on(NAMES, "one"), one=(SELF, "{{previous.id}}"))]),
    "a message that is not known may say anything": (["a one"], [obj("a", on(NAMES, "one"), one=(SELF, "{{payload}}"))]),
    "one operation takes back what another sets again": (
        ["a alarm"],
        [obj("a", on("ALARM", "reset"), on("ALARM", "alarm"), **TO_AND_FRO)],
    ),
    "two objects mirror each other": (
        ["a one → b two"],
        [
            obj("a", on(NAMES, "one"), one=("t/b", "{{state.name}}")),
            obj("b", on(NAMES, "two"), two=("t/a", "{{state.name}}")),
        ],
    ),
    "on Pointsman's own topic": (
        ["a one"],
        [obj("a", on(NAMES, "one"), one=("pointsman/objects/{{id}}/state", '{"state": "{{payload.x}}", "x": 1}'))],
    ),
    "an operation asks for itself": (["a one"], [obj("a", on("OK", "one"), one=(EXECUTE.format("{{id}}", "one"), ""))]),
    "a request brings the argument that is needed": (
        ["a one → b two"],
        [
            obj("a", on(NAMES, "one"), one=(EXECUTE.format("b", "two"), '{"s": "{{state.id}}"}')),
            obj("b", two=("t/a", "{{args.s}}")),
        ],
    ),
    "properties say whom": (
        ["a one → b two"],
        [
            {**obj("a", on(NAMES, "one"), one=("t/{{properties.peer}}", "{{state.name}}")), "properties": {"peer": "b"}},
            {**obj("b", on(NAMES, "two"), two=("t/{{properties.peer}}", "{{state.name}}")), "properties": {"peer": "a"}},
        ],
    ),
    "a device names whom": (["a one"], [obj("a", on(NAMES, "one"), one=("t/{{payload}}", "{{state.name}}"))]),
    "what is not known hands the state to and fro": (
        ["a one → a two"],
        [obj("a", on("OK", "one"), on("ALARM", "two"), one=(SELF, "{{payload}}"), two=(SELF, "{{payload}}"))],
    ),
    "the end of an id is known": (
        ["a-lamp one"],
        [
            obj("a-lamp", on(NAMES, "one"), one=("t/{{payload}}-lamp", "{{state.name}}")),
            obj("b-horn", on(NAMES, "one"), one=("t/{{payload}}-bell", "{{state.name}}")),
        ],
    ),
    "the beginning of an id is known": (
        ["lamp-a one"],
        [
            obj("lamp-a", on(NAMES, "one"), one=("t/lamp-{{payload}}", "{{state.name}}")),
            obj("horn-b", on(NAMES, "one"), one=("t/bell-{{payload}}", "{{state.name}}")),
        ],
    ),
    "hold, repetition, rest and condition may agree": (
        ["a alarm → a reset"],
        [
            obj(
                "a",
                on("ALARM", "reset", **{"for": "1s"}, cooldown="1m"),
                on("OK", "alarm", every="1s", when="payload.x > 3"),
                **TO_AND_FRO,
            )
        ],
    ),
}


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_is_told(load: Load, name: str) -> None:
    expected, objects = LOOPS[name]
    assert told(loops(load(*objects))) == expected


def test_a_rule_may_put_the_id_of_an_entity_together(load: Load) -> None:
    relay = obj("a-relay", on(NAMES, "one"), one=("stat/a/POWER", "{{state.name}}"))
    assert told(loops(load(relay, intake=[reads("stat/+/+", "{1}-relay", "$")]))) == ["a-relay one"]
    assert told(loops(load(relay, intake=[reads("stat/+/+", "{1}-lamp", "$")]))) == []


def test_a_map_says_what_is_read(load: Load) -> None:
    plain = obj("a", on("ALARM", "reset"), on("OK", "alarm"), **TO_AND_FRO)
    assert told(loops(load(plain, intake=[reads("t/+", "{1}", "$", OK="ALARM")]))) == []
    crossed = obj("a", on("ALARM", "alarm"), on("OK", "reset"), **TO_AND_FRO)
    assert told(loops(load(crossed, intake=[reads("t/+", "{1}", "$", OK="ALARM", ALARM="OK")]))) == ["a alarm → a reset"]


def test_the_announcements_of_jobs_are_read_as_well(load: Load) -> None:
    program = {"id": "one", "type": "program", "command": ["/bin/true"]}
    watched = {**obj("a", on("ALARM", "one")), "operations": [program]}
    statuses = reads("pointsman/jobs/+", "a", "$.status", queued="ALARM", succeeded="OK")
    assert told(loops(load(watched, intake=[statuses]))) == ["a one"]
    assert told(loops(load(watched, intake=[statuses], mqtt={"announce": "none"}))) == []
    assert told(loops(load(watched, intake=[statuses], mqtt={"announce": "final"}))) == []
    meant = {**watched, "operations": [{**program, "allow_loop": True}]}
    assert told(loops(load(meant, intake=[statuses]))) == []


NONE = {
    "the state that it is in already": obj("a", on("ALARM", "alarm"), **ALARM),
    "a state on which nothing runs": obj("a", on("ALARM", "reset"), **RESET),
    "one message that may take back or set again, not both": obj("a", on("ALARM", "one"), one=(SELF, "{{payload}}")),
    "a trigger that is off": obj("a", on("ALARM", "reset"), on("OK", "alarm", enabled=False), **TO_AND_FRO),
    "a trigger not from there": obj("a", on("ALARM", "reset"), on("OK", "alarm", not_from="ALARM"), **TO_AND_FRO),
    "a trigger from elsewhere": obj("a", on("ALARM", "reset"), on("OK", "alarm", **{"from": "FAULT"}), **TO_AND_FRO),
    "a trigger not to there": obj("a", on("ALARM", "reset"), on(["OK", "FAULT"], "alarm", not_to="OK"), **TO_AND_FRO),
    "an argument that no trigger gives": obj("a", on(NAMES, "one"), one=(SELF, "{{args.state}}")),
    "a value that the message itself has not": obj("a", on(NAMES, "one"), one=(SELF, '"{{payload.x}}"')),
    "a job's id is no state": obj("a", on(NAMES, "one"), one=(SELF, "{{job.id}}")),
    "a time is no state": obj("a", on(NAMES, "one"), one=(SELF, "{{timestamp}}")),
    "no state begins so": obj("a", on(NAMES, "one"), one=(SELF, "is {{payload}}")),
    "an object where the rule wants a text": obj("a", on(NAMES, "one"), one=(SELF, '{"state": "{{payload}}"}')),
    "nobody is called as a job is": obj("a", on(NAMES, "one"), one=("t/{{job.id}}", "{{payload}}")),
    "a level too many": obj("a", on(NAMES, "one"), one=("t/a/{{payload}}", "{{state.name}}")),
    "a macro is one level": obj("a", on(NAMES, "one"), one=("{{payload}}", "{{state.name}}")),
    "somebody else": obj("a", on(NAMES, "one"), one=("t/b", "{{state.name}}")),
    "a name that is no level": {**obj("a", on(NAMES, "one"), one=("t/{{name}}", "{{state.name}}")), "name": "a/b"},
    "a name that is nobody's": {**obj("a", on(NAMES, "one"), one=("t/{{name}}", "{{state.name}}")), "name": "A"},
    "a link that is an object": obj("a", on(NAMES, "one"), one=("pointsman/links/{{id}}/state", "{{state.name}}")),
    "some link where there are only objects": obj(
        "a", on(NAMES, "one"), one=("pointsman/links/{{payload}}/state", "{{state.name}}")
    ),
    "a request that is not taken": obj("a", on(NAMES, "one"), one=(EXECUTE.format("a", "one"), "now")),
    "a request for what it does not have": obj("a", on(NAMES, "one"), one=(EXECUTE.format("a", "{{id}}"), "")),
    "a request without what is needed": obj("a", one=(EXECUTE.format("a", "one"), '{"x": "{{args.y}}"}')),
}


@pytest.mark.parametrize("name", NONE)
def test_what_cannot_go_on_is_not_told(load: Load, name: str) -> None:
    assert told(loops(load(NONE[name]))) == []


def test_a_loop_through_an_operation_that_allows_it_is_not_told(load: Load) -> None:
    both = obj("a", on("ALARM", "reset"), on("OK", "alarm"), **TO_AND_FRO)
    assert told(loops(load(both))) == ["a alarm → a reset"]
    both["operations"][0]["allow_loop"] = True
    assert told(loops(load(both))) == []


def test_an_object_s_own_operation_goes_before_its_class_s(load: Load) -> None:
    pump = {**obj("pump", on(NAMES, "one"), one=(SELF, "{{state.name}}")), "id": "pump"}
    quiet = {**obj("b", one=("quiet", "x")), "class": "pump"}
    [loop] = loops(load({"id": "a", "class": "pump"}, quiet, classes=[pump]))
    assert (told([loop]), loop.alike, loop.steps[0].owner) == (["a one"], 0, "class pump")


def test_a_name_that_is_no_level_of_a_topic_is_published_on_none(load: Load) -> None:
    named = obj("a", on(NAMES, "one"), one=("t/{{name}}", "{{state.name}}"))
    for name, expected in (("b", ["a one"]), ("b/c", [])):
        assert told(loops(load({**named, "name": name}, intake=[reads("t/+", "a", "$")]))) == expected


def test_entities_of_a_class_whose_messages_differ_are_told_apart(load: Load) -> None:
    tells, alarm = '["{{properties.tells}}"]', '["ALARM"]'
    pump = obj("pump", on("ALARM", "one"), on("OK", "two"), one=(SELF, tells), two=(SELF, alarm))
    objects = [{"id": name.lower(), "class": "pump", "properties": {"tells": name}} for name in NAMES]
    [loop] = loops(load(*objects, classes=[pump], intake=[reads("t/+", "{1}", "$[0]")]))
    assert (told([loop]), loop.alike) == (["ok one → ok two"], 0)


# Many entities


def fleet(topic: str, count: int) -> tuple[list[Definition], Definition]:
    """Objects of a class that sets the state of `topic` to and fro; `next` is the number of the next one."""
    told = '{"state": "OK", "who": "{{name}} {{properties.nr}} {{id}}"}'
    pump = obj("pump", on("ALARM", "one"), on("OK", "two"), one=(topic, told), two=(topic, '{"state": "ALARM"}'))
    numbers = range(count)
    objects = [{"id": f"p{nr}", "class": "pump", "properties": {"nr": nr, "next": (nr + 1) % count}} for nr in numbers]
    return objects, {"classes": [pump], "intake": [reads("t/+", "{1}", "$.state")]}


def test_entities_that_behave_alike_are_looked_at_once_and_told_once(load: Load) -> None:
    objects, more = fleet("t/{{id}}", 50)
    [loop] = loops(load(*objects, **more), most=1)
    assert (told([loop]), loop.alike) == (["p0 one → p0 two"], 49)
    assert in_words(loop).endswith(" (49 more like it)")


def test_one_that_another_s_message_names_is_looked_at_by_itself(load: Load) -> None:
    objects, more = fleet("t/{{id}}", 9)
    horn = obj("horn", on("OK", "blow"), blow=("t/p7", '{"state": "OK"}'))
    found = loops(load(*objects, horn, **more))
    assert [(loop.steps[0].entity.id, loop.alike) for loop in found] == [("p7", 8)]


def test_a_long_way_round_is_told_in_short(load: Load) -> None:
    objects, more = fleet("t/p{{properties.next}}", 11)
    [loop] = loops(load(*objects, **more))
    assert len(loop.steps) == 22  # eleven is odd: twice round, until it is the same operation again
    assert "; after 16 more steps trigger class pump, trigger " in in_words(loop)


def test_a_chain_of_which_the_first_is_never_taken_back_holds_nobody_up(load: Load) -> None:
    """Each takes the next one's alarm back and sets its own again; but nobody does so for the first."""
    pump = obj("pump", on("ALARM", "again"), on("ALARM", "next"), again=(SELF, "ALARM"), next=("t/p{{properties.next}}", "OK"))
    chain = [{"id": f"p{nr}", "class": "pump", "properties": {"next": nr + 1}} for nr in range(40)]
    assert loops(load(*chain, classes=[pump])) == []
    chain[-1]["properties"] = {"next": 0}
    assert loops(load(*chain, classes=[pump])) != []


def test_no_more_entities_are_looked_at_one_by_one_than_is_allowed(load: Load) -> None:
    objects, more = fleet("t/p{{properties.next}}", 30)
    ring = load(*objects, **more)
    with pytest.raises(TooMany):
        loops(ring, most=29)
    assert loops(ring, most=30)


# Words


def test_the_way_names_each_entity_and_what_reads_the_message(load: Load) -> None:
    one = (EXECUTE.format("b", "two"), '{"x": "a", "y": "{{state.name}}"}')
    asks = obj("a", on(NAMES, "one", id="always"), one=one)
    [loop] = loops(load(asks, obj("b", two=("pointsman/objects/{{args.x}}/state", "{{args.y}}"))))
    assert in_words(loop) == (
        "object a: one publishes pointsman/objects/b/operations/two/execute, which Pointsman takes as a request; "
        "that runs two of object b, which publishes pointsman/objects/…/state, which Pointsman reads as a report; "
        "trigger always then runs one of object a"
    )


def test_a_loop_is_told_with_the_place_of_its_first_operation(load: Load, tmp_path: Path) -> None:
    """In whichever file it stands."""
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "pump.yaml").write_text(
        "classes:\n"
        "  - id: pump\n"
        "    operations:\n"
        "      - {id: quiet, type: mqtt, topic: quiet, message: x}\n"
        "      - {id: echo, type: mqtt, topic: 't/{{id}}', message: '{{state.name}}'}\n"
        "    triggers: [{to: [OK, ALARM], operation: echo}]\n"
    )
    [warning] = loop_warnings(load({"id": "a", "class": "pump"}), tmp_path / "f.yaml")
    assert warning == (
        f"{tmp_path}/conf.d/pump.yaml:5:9: expected operations that do not set each other off, found a loop: object a: echo "
        "publishes t/a, which the intake rule for t/+ reads; trigger class pump, trigger 1 then runs echo; if it is meant, set "
        "allow_loop in one of them"
    )


def test_of_many_loops_the_first_are_told_and_the_others_counted(load: Load, tmp_path: Path) -> None:
    objects = [obj(f"o{number}", on(NAMES, "one"), one=(SELF, "{{state.name}}")) for number in range(LISTED + 3)]
    warnings = list(loop_warnings(load(*objects), tmp_path / "f.yaml"))
    assert (len(warnings), warnings[-1]) == (LISTED + 1, "… and 3 more loops")
