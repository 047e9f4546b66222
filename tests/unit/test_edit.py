"""Edits of definitions: what may be edited and what not, and what follows at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from pointsman.engine.engine import SETTLE
from pointsman.model.command import EditCatalog, Execute, SetProperty
from pointsman.model.definition import Definition, Kind, Origin
from pointsman.model.ids import EntityRef, OperationId, UserId
from pointsman.model.job import JobStatus
from pointsman.model.timer import TimerKind
from unit.engine_rig import Rig, says
from unit.in_memory import Fault
from unit.world import NOW, delivery, obj

ANN = UserId("ann")
SETTLE_MS = round(SETTLE * 1000)
"""After a start timers wait for so long."""
VALVE = {"id": "open", "type": "1", "parameters": {"topic": "valve/{{id}}", "message": "{{state.name}}"}}
ON_ALARM = {"states": [3], "type": "operation", "payload": {"operation": "open"}}
TANK = {"name": "Tank", "operations": [VALVE], "triggers": [ON_ALARM]}


class Edited(Rig):
    """An engine whose catalog is edited. `answers` are those to the edits, in order."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.answers: list[Mapping[str, Any]] = []

    def command(self, kind: str, id_: str, document: Mapping[str, Any] | None, **more: Any) -> EditCatalog:
        return EditCatalog(kind=Kind(kind), id=id_, document=document, by=ANN, reply=self.answers.append, **more)

    def edit(self, kind: str, id_: str, document: Mapping[str, Any] | None, **more: Any) -> Mapping[str, Any]:
        """Make one, and give the answer."""
        self.settle(self.command(kind, id_, document, **more))
        return self.answers[-1]

    def made(self, kind: str, id_: str, document: Mapping[str, Any]) -> None:
        assert "error" not in self.edit(kind, id_, document)

    @property
    def topics(self) -> list[str]:
        return [str(job.description.get("topic")) for job in self.jobs]

    def timers(self, kind: TimerKind, entity: EntityRef) -> list[str]:
        return [each.subject for each in self.rows.timers.values() if each.kind is kind and each.entity == entity]


@pytest.fixture
def rig() -> Edited:
    rig = Edited()
    rig.rows.definitions.update(
        {
            (kind, id_): Definition(kind=kind, id=id_, origin=Origin.FILE, document={})
            for kind, id_ in [(Kind.CLASS, "pump"), (Kind.OBJECT, "pump-1"), (Kind.LINK, "pipe-1"), (Kind.STATE, "1")]
        }
    )
    return rig


def test_a_new_object_is_there_for_the_next_message_and_after_a_restart(rig: Edited) -> None:
    rig.made("class", "tank", TANK)
    assert rig.edit("object", "t1", {"class_id": "tank"}) == {"id": "t1", "version": 1}
    rig.settle(delivery("plant/t1/state", "3", 7))
    assert rig.topics == ["valve/t1"]
    again = Edited(rig.store)
    again.settle(delivery("plant/t1/state", "1", 8), delivery("plant/t1/state", "3", 9))
    assert again.topics == ["valve/t1", "valve/t1"]


def test_edits_and_messages_of_one_batch_take_effect_in_their_order(rig: Edited) -> None:
    other = {**VALVE, "parameters": {"topic": "other/{{id}}", "message": "m"}}
    rig.settle(
        rig.command("class", "tank", TANK),
        rig.command("object", "t1", {"class_id": "tank"}),
        delivery("plant/t1/state", "3", 1),
        rig.command("class", "tank", {**TANK, "operations": [other]}, expected=1),
        delivery("plant/t1/state", "1", 2),
        delivery("plant/t1/state", "3", 3),
        rig.command("object", "t1", None),
        delivery("plant/t1/state", "1", 4),
    )
    assert rig.topics == ["valve/t1", "other/t1"]
    assert [answer.get("reason") for answer in rig.answers] == [None, None, None, None]
    assert rig.rows.rejects == {("unknown_entity", "plant/t1/state"): 1}, "the last one came too late"
    assert obj("t1") not in rig.rows.states


@pytest.mark.parametrize("fault", [Fault.READ, Fault.APPLY, Fault.COMMIT, Fault.AMBIGUOUS])
def test_an_edit_whose_commit_fails_is_not_in_force_before_it_is_durable(rig: Edited, fault: Fault) -> None:
    rig.store.faults.append(fault)
    rig.feed(rig.command("object", "t1", {"name": "T"}), says("3", 1))
    assert rig.step() is False
    assert rig.engine.catalog.find("t1") is None
    assert rig.answers == []
    rig.settle()
    assert rig.engine.catalog.find("t1") is not None
    assert rig.answers == [{"id": "t1", "version": 1}]
    assert [(each.action, each.subject) for each in rig.rows.audits.values() if each.actor == ANN] == [
        ("catalog.set", "object t1")
    ]


def test_each_edit_is_one_version_more_and_is_audited_with_before_and_after(rig: Edited) -> None:
    rig.edit("object", "t1", {"name": "A", "tags": ["x"]})
    rig.pass_time(5)
    assert rig.edit("object", "t1", {"name": "B"}, expected=1) == {"id": "t1", "version": 2}
    assert rig.edit("object", "t1", {"name": "B"}) == {"id": "t1", "version": 2}, "what is the same is no edit"
    rig.edit("object", "t1", None, expected=2)
    told = [(each.action, each.subject, each.before, each.after) for each in rig.rows.audits.values()]
    first, second = '{"name":"A","tags":["x"]}', '{"name":"B"}'
    assert told == [
        ("catalog.set", "object t1", None, first),
        ("catalog.set", "object t1", first, second),
        ("catalog.remove", "object t1", second, None),
    ]
    assert {each.actor for each in rig.rows.audits.values()} == {"ann"}
    assert (Kind.OBJECT, "t1") not in rig.rows.definitions


def test_who_made_it_and_when_stay_as_they_were(rig: Edited) -> None:
    rig.edit("script", "s", {"text": "a"})
    rig.pass_time(5)
    rig.settle(EditCatalog(kind=Kind.SCRIPT, id="s", document={"text": "b"}, by=UserId("bob")))
    kept = rig.rows.definitions[Kind.SCRIPT, "s"]
    assert (kept.owner, kept.created, kept.updated, kept.version) == ("ann", NOW, NOW + 5, 2)


def test_refusals(rig: Edited) -> None:
    rig.made("class", "tank", TANK)
    rig.made("object", "t1", {"class_id": "tank", "discovery_id": "d"})
    rig.made("object", "t2", {})
    rig.made("link", "l", {"source": "t1", "target": "t2"})
    rig.made("state", "22", {"id": 22, "name": "Odd"})
    rig.made("script", "s", {"text": "x"})
    script = {"id": "run", "type": 2, "parameters": {"type": "scriptReference", "ref": "s"}}
    rig.made("class", "pc", {"operations": [script], "conditions": [{"state": 22}]})
    before = dict(rig.rows.definitions)
    cases: list[tuple[str, str, Mapping[str, Any] | None, Mapping[str, Any], str, str]] = [
        ("object", "pump-1", {}, {}, "from_file", "the configuration file defines object pump-1"),
        ("state", "1", None, {}, "from_file", "the configuration file defines state 1"),
        ("object", "t1", {}, {"expected": 0}, "exists", "there is a object t1 already"),
        ("object", "t1", {}, {"expected": 7}, "conflict", "expected version 7 of object t1, found 1"),
        ("object", "t9", {}, {"expected": 1}, "unknown_definition", "there is no object t9"),
        ("object", "t9", None, {}, "unknown_definition", "there is no object t9"),
        ("object", "l", {}, {}, "exists", "there is a link l already"),
        ("link", "pump-1", {"source": "t1", "target": "t2"}, {}, "exists", "there is a object pump-1 already"),
        ("object", "t9", {"discovery_id": "d"}, {}, "exists", "object t1 has the discovery_id 'd' already"),
        ("state", "23", {"name": "Odd"}, {}, "exists", "state 22 is called Odd"),
        ("state", "Odd", {}, {}, "exists", "state 22 is called Odd"),
        ("object", "t9", {"class_id": "tan"}, {}, "bad_definition", "class_id: expected the id of a class"),
        ("link", "l", {"source": "t1", "target": "t3"}, {}, "bad_definition", "target: expected the id of an object, found 't3'"),
        ("class", "tank", None, {}, "in_use", "object t1 is of it"),
        ("class", "tank", {"operations": [{**script, "id": "open"}]}, {}, "bad_definition", "expected operation open to stay"),
        (
            "class",
            "pc",
            {"operations": [{**script, "parameters": {"type": "scriptText", "text": "x"}}]},
            {},
            "bad_definition",
            "sta",
        ),
        ("script", "s", None, {}, "in_use", "operation run of class pc needs it"),
        ("state", "22", None, {}, "in_use", "a condition of class pc needs it"),
    ]
    for kind, id_, document, more, reason, words in cases:
        answer = rig.edit(kind, id_, document, **more)
        assert (answer["reason"], words in answer["error"]) == (reason, True), answer
    assert rig.answers[-len(cases) + 3]["version"] == 1
    assert rig.rows.definitions == before


def test_a_class_keeps_what_its_entities_rest_on(rig: Edited) -> None:
    rig.made("class", "tank", {"operations": [VALVE]})
    rig.made("object", "t1", {"class_id": "tank", "triggers": [ON_ALARM]})
    answer = rig.edit("class", "tank", {"name": "x"})
    assert (answer["reason"], answer["error"]) == ("in_use", "object t1, trigger 1 runs operation open")
    rig.settle(delivery("plant/t1/state", "3", 1))
    assert rig.topics == ["valve/t1"]


def test_with_an_object_go_its_links_and_all_that_was_known_of_both(rig: Edited) -> None:
    writable = [{"name": "p", "value": 1, "type_id": 3}]
    rig.made("object", "t1", {"properties": writable})
    rig.made("object", "t2", {})
    rig.made("link", "l", {"source": "t2", "target": "t1"})
    rig.settle(
        delivery("plant/t1/state", "3", 1),
        SetProperty(entity=obj("t1"), name="p", value=5, by=ANN, login="Ann"),
    )
    answer = rig.edit("object", "t1", None)
    assert answer["removed"] == [{"kind": "link", "id": "l"}, {"kind": "object", "id": "t1"}]
    assert {key for key in rig.rows.definitions if key[1] in ("t1", "l")} == set()
    assert (obj("t1") in rig.rows.states, obj("t1") in rig.rows.properties) == (False, False)
    rig.made("object", "t1", {"properties": writable})
    told: list[Mapping[str, Any]] = []
    rig.settle(SetProperty(entity=obj("t1"), name="p", value=1, by=ANN, login="Ann", reply=told.append))
    assert told == [{"property": "p", "value": 1, "changed": False, "jobs": []}], "its value from before is forgotten"
    assert len(rig.rows.changes) == 1, "its history stays"


def test_jobs_that_wait_end_with_their_object(rig: Edited) -> None:
    rig.made("object", "t1", {"operations": [{**VALVE, "mode": "queued"}]})
    run = Execute(entity=obj("t1"), operation=OperationId("open"), user=ANN, login="Ann")
    rig.settle(run, run)
    rig.edit("object", "t1", None)
    assert [(job.status, job.error) for job in rig.jobs] == [
        (JobStatus.QUEUED, None),
        (JobStatus.CANCELLED, "ann removed object t1"),
    ]


def test_schedules_and_silence_are_set_and_ended_at_once(rig: Edited) -> None:
    ref = obj("t1")
    scheduled = {**VALVE, "schedule": {"every": "10s"}}
    rig.made("class", "tank", {"operations": [scheduled], "no_data": {"after": "5s", "state": 4}})
    rig.made("object", "t1", {"class_id": "tank"})
    assert (rig.timers(TimerKind.SCHEDULE, ref), rig.timers(TimerKind.SILENCE, ref)) == (["open"], [""])
    rig.edit("class", "tank", {"operations": [scheduled, {**scheduled, "id": "more"}], "no_data": {"after": "6s", "state": 4}})
    assert (rig.timers(TimerKind.SCHEDULE, ref), rig.timers(TimerKind.SILENCE, ref)) == (["open", "more"], [""])
    rig.pass_time(6_000)
    rig.settle()
    assert rig.rows.states[ref].state == "4"
    rig.pass_time(4_000)
    rig.settle()
    assert [job.operation_id for job in rig.jobs] == ["open", "more"]
    rig.edit("class", "tank", {"operations": [VALVE, {**VALVE, "id": "more"}]})
    assert [each.entity for each in rig.rows.timers.values() if each.entity == ref] == []
    rig.edit("object", "t1", {"operations": [{**scheduled, "id": "own"}]})
    assert rig.timers(TimerKind.SCHEDULE, ref) == ["own"]
    rig.edit("object", "t1", None)
    assert rig.rows.timers == {}


def test_a_hold_of_a_trigger_that_is_gone_ends_as_after_an_edit_of_the_file(rig: Edited) -> None:
    rig.made("class", "tank", {**TANK, "triggers": [{**ON_ALARM, "duration": 1000}]})
    rig.made("object", "t1", {"class_id": "tank"})
    rig.settle(delivery("plant/t1/state", "3", 1))
    rig.made("class", "tank", {"operations": [VALVE]})
    rig.pass_time(SETTLE_MS)
    rig.settle()
    assert rig.jobs == []
    ((_, later),) = rig.rows.traces.values()
    assert later.skipped == "gone"


def test_operations_heed_each_other_from_the_edit_on(rig: Edited) -> None:
    rig.made("object", "t1", {"operations": [VALVE]})
    run = Execute(entity=obj("t1"), operation=OperationId("open"), user=ANN, login="Ann")
    rig.settle(run)
    rig.made("object", "t1", {"operations": [{**VALVE, "mode": "single"}]})
    rig.settle(run)
    assert [job.status for job in rig.jobs] == [JobStatus.QUEUED, JobStatus.SUPPRESSED]
    rig.made("object", "t1", {"operations": [{**VALVE, "mode": "queued"}]})
    rig.settle(run)
    assert rig.jobs[-1].waits is not None
    rig.made("object", "t1", {"operations": [VALVE]})
    assert rig.jobs[-1].waits is None, "nobody has to wait any more"
    assert len(rig.ports.handed_over) == 2


def test_in_one_batch_a_job_that_has_just_begun_heeds_others_after_the_edit(rig: Edited) -> None:
    rig.made("object", "t1", {"operations": [VALVE]})
    run = Execute(entity=obj("t1"), operation=OperationId("open"), user=ANN, login="Ann")
    rig.settle(run, rig.command("object", "t1", {"operations": [{**VALVE, "mode": "single"}]}), run)
    assert [job.status for job in rig.jobs] == [JobStatus.QUEUED, JobStatus.SUPPRESSED]


def test_what_does_not_fit_any_more_at_a_start_is_kept_and_told(rig: Edited) -> None:
    rig.made("class", "tank", TANK)
    rig.made("object", "t1", {"class_id": "tank"})
    rig.made("object", "t2", {})
    del rig.rows.definitions[Kind.CLASS, "tank"]
    again = Edited(rig.store)
    assert again.engine.catalog.find("t1") is None
    assert again.engine.catalog.find("t2") is not None
    (told,) = [each for each in again.logged if each["level"] == "warning"]
    assert (told["definition"], "expected the id of a class" in told["fault"]) == ("object t1", True)
    assert (Kind.OBJECT, "t1") in rig.rows.definitions
    assert again.edit("object", "t1", {})["version"] == 2
    assert again.engine.catalog.find("t1") is not None


def test_a_state_may_be_renamed_and_whoever_called_it_by_its_name_means_the_same(rig: Edited) -> None:
    rig.made("state", "22", {"id": 22, "name": "Odd"})
    by_name = {
        "operations": [{**VALVE, "confirm": {"state": "Odd", "within": 5}}],
        "triggers": [{**ON_ALARM, "states": ["Odd", 3], "not_to": "Odd"}, {"type": "email", "states": [3]}],
        "conditions": [{"state": "Odd", "condition": {"when": "payload.odd"}}],
        "no_data": {"after": 9000, "state": "Odd"},
        "properties": [{"name": "p", "value": "Odd"}],
    }
    rig.made("class", "tank", by_name)
    rig.made("object", "t1", {"class_id": "tank"})
    before = rig.engine.catalog.entity(obj("t1"))
    rig.made("state", "22", {"id": 22, "name": "Weird"})
    again = Edited(rig.store)
    assert again.engine.catalog.entity(obj("t1")) == before
    changed = rig.rows.definitions[Kind.CLASS, "tank"]
    assert (changed.version, changed.document["no_data"]) == (2, {"after": 9000, "state": 22})
    assert changed.document["properties"] == by_name["properties"]
    assert [each.subject for each in rig.rows.audits.values()][-2:] == ["state 22", "class tank"]


# Users and groups

ADMIN = {"login": "admin", "permissions": ["manage-users"]}


def test_users_have_a_login_of_their_own_and_groups_that_there_are(rig: Edited) -> None:
    rig.made("user", "u1", ADMIN)
    assert rig.edit("user", "u2", {"login": "admin"})["reason"] == "exists"
    answer = rig.edit("user", "u2", {"login": "bob", "groups": ["g"]})
    assert (answer["reason"], answer["error"]) == ("in_use", "user u2 cannot be in group g: there is none")
    rig.made("group", "g", {"name": "G"})
    rig.made("user", "u2", {"login": "bob", "groups": ["g"]})
    assert rig.edit("group", "g", None)["error"] == "group g cannot be removed: user u2 is in it"


def test_somebody_can_always_manage_users(rig: Edited) -> None:
    rig.made("group", "g", {"permissions": ["manage-users"]})
    rig.made("user", "u1", {"login": "a", "groups": ["g"]})
    nobody = "nobody else has the permission manage-users"
    for kind, id_, document in [("user", "u1", None), ("user", "u1", {"login": "a"}), ("group", "g", {})]:
        answer = rig.edit(kind, id_, document)
        assert (answer["reason"], nobody in answer["error"]) == ("in_use", True), answer
    rig.made("user", "u2", ADMIN)
    assert "error" not in rig.edit("user", "u1", None)


def test_no_password_is_kept_but_its_digest_and_none_is_audited(rig: Edited) -> None:
    rig.settle(rig.command("user", "u1", {**ADMIN, "password": "hunter22"}, secret="scrypt-digest"))
    assert rig.rows.credentials == {"u1": "scrypt-digest"}
    assert rig.rows.definitions[Kind.USER, "u1"].document == ADMIN
    audited = json.dumps([(each.action, each.before, each.after) for each in rig.rows.audits.values()])
    assert ("hunter22" in audited, "digest" in audited, "password.set" in audited) == (False, False, True)
    assert rig.rows.dropped_keys == ["u1"], "what was given out for the old password is void"
    rig.made("user", "u2", {**ADMIN, "login": "b"})
    rig.edit("user", "u1", None)
    assert (rig.rows.credentials, rig.rows.dropped_keys) == ({}, ["u1", "u1"])
