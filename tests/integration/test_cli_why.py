"""`explain` and `reasons` on a store that an engine filled: each reason why an operation ran, or did not."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from integration.plant_rig import PUMP, Plant
from pointsman.core.evidence import Answer
from pointsman.core.match import SkipReason
from pointsman.errors import NotFound
from pointsman.model.ids import OperationId, StateId, UserId
from pointsman.model.state import ManualState
from pointsman.model.write import SaveManual, SaveQuarantine
from unit.world import NOW


@pytest.fixture
def plant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Plant]:
    made = Plant(tmp_path, f"sqlite:///{tmp_path}/jobs.db", capsys)
    yield made
    made.close()


ALARMED = ("OK", "ALARM")
HELD = "states: ALARM, for: 10s"


def alarm(plant: Plant) -> None:
    for state in ALARMED:
        plant.says(state)


def alarm_and(after: int, state: str | None = None) -> Callable[[Plant], None]:
    def happens(plant: Plant) -> None:
        alarm(plant)
        plant.passes(after) if state is None else plant.says(state, after)

    return happens


def alarm_twice(plant: Plant) -> None:
    alarm(plant)
    alarm(plant)


def manual(plant: Plant) -> None:
    alarm(plant)
    state = ManualState(state=StateId("4"), reason="service", by=UserId("ann"), since=NOW)
    plant.writes(SaveManual(PUMP, state))


def quarantined(plant: Plant) -> None:
    plant.writes(SaveQuarantine(entity=PUMP, operation=OperationId("open"), until=NOW + 10**9, times=1))
    alarm(plant)


def rejected(plant: Plant) -> None:
    alarm(plant)
    plant.says("!", topic="plant/p1/state")
    plant.says("BROKEN", topic="pointsman/objects/p1/state")
    plant.says("BROKEN", topic="pointsman/objects/p2/state")


def rejected_later(plant: Plant) -> None:
    alarm(plant)
    plant.says("!", after=100_000)


def only_baseline(plant: Plant) -> None:
    """Snapshots only set what is known."""
    plant.reconfigure('state: "$.state"}', 'state: "$.state", retained: baseline}')
    plant.restart()


def found_otherwise(plant: Plant) -> None:
    only_baseline(plant)
    plant.says("OK")
    plant.says("ALARM", after=70_000, retain=True)
    plant.passes(70_000)


def retained(plant: Plant) -> None:
    plant.says("ALARM", retain=True)


CASES: list[tuple[str, str, Callable[[Plant], None], int, list[str], str]] = [
    ("it ran", "states: ALARM", alarm, 0, ["ran"], "OK → ALARM, t: fired: job "),
    ("it ran and was asked about later", "states: ALARM", alarm, 59_000, ["ran"], ": succeeded"),
    ("another state", "states: FAULT", alarm, 0, ["other_state"], "the new state is not among its states: FAULT"),
    ("switched off", "states: ALARM, enabled: false", alarm, 0, ["disabled"], "it is switched off"),
    ("another origin", "to: ALARM, from: FAULT", alarm, 0, ["other_origin"], "not among those it asks for: FAULT"),
    ("excluded", "not_from: OK", alarm, 0, ["excluded"], "it excludes the state that was left"),
    ("condition", 'states: ALARM, when: "payload.t > 30"', alarm, 0, ["condition"], "not true (payload.t is 12)"),
    ("fault", 'states: ALARM, when: "name > 1"', alarm, 0, ["condition_fault"], "(expected a number, found p1)"),
    (
        "hours",
        'states: ALARM, active: {from: "08:00", to: "09:00", zone: UTC}',
        alarm,
        0,
        ["outside_hours"],
        "(it was Tue 22:13 in UTC)",
    ),
    ("cooldown", "states: ALARM, cooldown: 1m", alarm_twice, 0, ["cooldown"], "resting after it had fired (58000 ms left)"),
    ("pending", HELD, alarm, 0, ["holding"], "which is still to come"),
    ("pending for long", HELD, alarm_and(9_999), 0, ["holding"], "which is still to come"),
    ("held", HELD, alarm_and(10_000), 0, ["ran"], "fired when its time had come: job "),
    ("reset", HELD, alarm_and(4_000, "OK"), -1, ["reset", "other_state"], "(6000 ms before its time, by the change "),
    ("late", f"{HELD}, late: skip", alarm_and(20_000), 0, ["late"], "while no worker ran (10000 ms late)"),
    ("again", "states: ALARM, every: 5s", alarm_and(5_000), 0, ["ran", "ran"], "fired again, as the state held: job "),
    ("no change", "states: ALARM", alarm_and(61_000, "ALARM"), 0, ["ran", "no_change"], "the same state reported again is none"),
    ("snapshot", "states: ALARM", retained, 0, ["snapshot"], "ALARM came as a retained snapshot"),
    ("snapshot of another state", "states: ALARM", found_otherwise, 0, ["other_state", "snapshot"], "ALARM came as a retained"),
    ("rejected later", "states: FAULT", rejected_later, -100_000, ["other_state"], "OK → ALARM"),
    ("never", "states: ALARM", lambda plant: None, 0, ["never_reported"], "no state of object p1 was ever reported"),
    ("before", "states: ALARM", alarm, -90_000, ["no_history"], "no change of object p1 up to then is known"),
    ("before, soon", "states: ALARM", alarm, -9_000, ["no_history", "other_state", "ran"], "not kept any more"),
    ("manual", "states: FAULT", manual, 0, ["manual", "other_state"], "FAULT was set by hand by ann (service)"),
    ("quarantine", "states: FAULT", quarantined, 0, ["quarantine", "other_state"], "triggers do not run it until "),
    (
        "rejected",
        "states: FAULT",
        rejected,
        0,
        ["other_state", "rejected", "rejected"],
        "1 message on plant/p1/state could not be taken (unparsable)",
    ),
]


@pytest.mark.parametrize(
    ("clauses", "happens", "after", "reasons", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_why_is_answered_with_every_reason_there_is(
    plant: Plant, clauses: str, happens: Callable[[Plant], None], after: int, reasons: list[str], words: str
) -> None:
    happens(plant.configure(clauses))
    found = plant.why(after=after)
    assert [each["reason"] for each in found] == reasons
    assert any(words in each["words"] for each in found), found


def test_every_reason_that_this_version_knows_is_asked_for_here() -> None:
    """Or below: what others decide, and what takes more than a few messages; a loop in tests/promises/test_loops.py."""
    covered = {reason for case in CASES for reason in case[4]}
    assert {*SkipReason, *Answer} - covered == {
        SkipReason.BUSY,
        SkipReason.GONE,
        SkipReason.LIMIT,
        SkipReason.LOOP,
        SkipReason.QUARANTINED,
        Answer.NO_TRIGGER,
        Answer.NOT_CONSIDERED,
        Answer.SUPPRESSED,
    }


def test_an_operation_that_was_triggered_too_often_says_so_with_the_job_that_says_so(plant: Plant) -> None:
    plant.configure("states: ALARM", burst=1)
    alarm_twice(plant)
    [quarantine, limit] = plant.why()
    assert (quarantine["reason"], limit["reason"]) == ("quarantine", "limit")
    [job] = [each for each in json.loads(plant.run("jobs", "list", "--json")) if each["status"] == "suppressed"]
    assert limit["job"] == job["id"]
    assert f"job {job['id']}: suppressed, triggered too often" in limit["words"]


def test_an_operation_that_is_quarantined_says_for_how_long_still(plant: Plant) -> None:
    plant.configure("states: ALARM", burst=1)
    alarm_twice(plant)
    plant.says("OK")
    plant.says("ALARM")
    [found] = [each for each in plant.why() if each["reason"] == "quarantined"]
    assert "its operation is quarantined for this entity (5" in found["words"]
    assert "ms left" in found["words"]
    assert found["job"] is None


def test_an_operation_that_does_not_run_beside_itself_names_the_job_that_is_at_it(plant: Plant) -> None:
    plant.configure("states: [ALARM, FAULT]")
    plant.reconfigure('topic: "valve/{{id}}"', 'mode: single, expect_result: 1h, topic: "valve/{{id}}"')
    plant.restart()
    plant.says("ALARM")
    plant.says("FAULT")
    [found] = [each for each in plant.why() if each["reason"] == "busy"]
    first = min(each["id"] for each in json.loads(plant.run("jobs", "list", "--json")))
    assert f"busy: job {first} of the same operation is open still" in found["words"]


def test_an_operation_that_no_trigger_runs_is_run_by_requests_which_are_told(plant: Plant) -> None:
    plant.configure("states: ALARM")
    plant.executes("drill")
    [no_trigger, ran] = plant.why("drill", after=1)
    assert (no_trigger["reason"], ran["reason"]) == ("no_trigger", "ran")
    assert no_trigger["words"] == "no trigger of object p1 runs drill, only requests"
    assert "executed by ann: succeeded" in ran["words"]


def test_a_job_that_failed_did_run_and_its_error_is_told(plant: Plant) -> None:
    plant.configure("states: ALARM")
    plant.says("FAULT")
    [ran] = plant.why("note")
    assert ran["reason"] == "ran"
    assert "failed, expected something to put in place of {{payload.nothing}}" in ran["words"]


def test_a_trigger_that_came_with_a_later_configuration_was_not_there(plant: Plant) -> None:
    plant.configure("states: ALARM")
    alarm(plant)
    plant.reconfigure("id: t,", "id: renamed,")
    [renamed, ran] = sorted(plant.why(), key=lambda each: str(each["reason"]))
    assert (renamed["reason"], renamed["trigger"]) == ("not_considered", "renamed")
    assert ran["reason"] == "ran", "the job that was made is told all the same"


def test_a_hold_whose_trigger_went_is_told_by_its_change(plant: Plant) -> None:
    plant.configure(HELD)
    alarm(plant)
    plant.reconfigure("id: t,", "id: renamed,")
    plant.restart()
    plant.passes(10_000)
    newest = json.loads(plant.run("explain", "p1", "--json"))[0]
    assert [(each["trigger"], each["skipped"], each["waited"]) for each in newest["afterwards"]] == [("t", "gone", "hold")]


def test_a_snapshot_between_two_changes_is_told(plant: Plant) -> None:
    """A rule may say that a snapshot only sets the baseline; the next change then leaves a state that no change entered."""
    only_baseline(plant.configure("states: ALARM"))
    plant.says("OK")
    plant.says("FAULT", retain=True)
    plant.says("ALARM")
    found = plant.why(after=-2_000)
    assert [each["reason"] for each in found] == ["other_state", "snapshot", "ran"]
    assert found[1]["words"] == "in between, a retained snapshot said FAULT, which fires nothing"


def test_what_follows_shortly_after_is_told_and_what_follows_later_is_not(plant: Plant) -> None:
    plant.configure("states: ALARM")
    alarm(plant)
    plant.says("FAULT", after=30_000)
    plant.says("OK", after=31_000)
    found = plant.why(after=-61_000)
    assert [each["reason"] for each in found] == ["ran", "other_state"]
    assert "ALARM → FAULT" in found[1]["words"]


def test_changes_that_came_together_are_told_together(plant: Plant) -> None:
    plant.configure(HELD)
    plant.says("OK")
    for state in ("ALARM", "OK", "ALARM"):
        plant.says(state, after=0)
    assert [each["reason"] for each in plant.why()] == ["other_state", "reset", "other_state", "holding"]


def test_explain_tells_the_whole_story_of_a_change_in_words_and_for_programs(plant: Plant) -> None:
    plant.configure("states: ALARM, for: 10s, every: 5s")
    alarm(plant)
    for _ in range(60):
        plant.passes(5_000)
    plant.says("OK")
    told = json.loads(plant.run("explain", "p1", "--json"))[1]
    assert [each["skipped"] for each in told["triggers"]] == ["holding", "other_state"]
    first, *_, last = told["afterwards"]
    assert (first["waited"], last["waited"], len(told["afterwards"])) == ("hold", "repeat", 20)
    jobs = {each["id"] for each in json.loads(plant.run("jobs", "list", "--limit", "100", "--json"))}
    assert {each["job"] for each in told["afterwards"]} - {None} <= jobs
    left_out = next(each for each in told["afterwards"] if each["skipped"] == "left_out")
    assert int(left_out["detail"]) == len(jobs) - 19
    words = plant.run("explain", told["change_id"])
    assert f"t: the state had to hold first, and a timer was set (until {_moment(told['timestamp'] + 10_000)})" in words
    assert f"{_moment(first['timestamp'])}  t: fired when its time had come: job {first['job']}" in words
    assert f"{_moment(last['timestamp'])}  t: fired again, as the state held: job {last['job']}" in words
    assert f"considered {left_out['detail']} times more until then" in words
    assert plant.run("explain", last["job"]) == words, "a job is explained by its change"


def _moment(at: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at / 1000)) + f".{at % 1000:03}"


def test_explain_of_an_entity_can_end_at_a_time(plant: Plant) -> None:
    plant.configure("states: ALARM")
    alarm(plant)
    states = [each["state"] for each in json.loads(plant.run("explain", "p1", "--at", str(NOW + 1_999), "--json"))]
    assert states == ["1"]
    with pytest.raises(NotFound, match="no entity with a history up to 2023-11-1"):
        plant.run("explain", "p1", "--at", str(NOW))


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (
            ("p1", "--operation", "opne"),
            "expected an operation of object p1, which has open, note, drill, found 'opne'; did you mean open?",
        ),
        (("p-1", "--operation", "open"), "expected the id of an object or link that is declared, found 'p-1'; did you mean p1?"),
    ],
)
def test_what_is_not_declared_is_named_with_the_nearest(plant: Plant, words: tuple[str, ...], complaint: str) -> None:
    plant.configure("states: ALARM")
    with pytest.raises(NotFound) as raised:
        plant.run("explain", *words)
    assert str(raised.value) == complaint


def test_a_time_that_has_not_come_is_refused(plant: Plant) -> None:
    plant.configure("states: ALARM")
    with pytest.raises(click.BadParameter, match="expected a time that has come, found 2"):
        plant.run("explain", "p1", "--operation", "open", "--at", str(round(time.time() * 1000) + 60_000))


# Reasons


def test_reasons_are_counted_over_the_whole_run_with_examples_that_explain_finds(plant: Plant) -> None:
    plant.configure('states: ALARM, when: "payload.t > 30"')
    assert plant.run("reasons") == "no trigger was considered yet\n"
    alarm_twice(plant)
    plant.says("FAULT")
    plant.stops()
    found = {each["reason"]: each for each in json.loads(plant.run("reasons", "--json"))}
    assert {reason: each["count"] for reason, each in found.items()} == {"other_state": 7, "condition": 2, "fired": 1}
    [example] = found["condition"]["examples"]
    assert (example["entity_id"], example["trigger"], example["detail"]) == ("p1", "t", "payload.t is 12")
    assert json.loads(plant.run("explain", example["change_id"], "--json"))[0]["timestamp"] == example["timestamp"]
    assert found["other_state"]["examples"] == []
    table = plant.run("reasons").splitlines()
    assert table[0].split() == ["COUNT", "REASON", "LAST", "MEANING"]
    assert [line.split()[:2] for line in table[1:]] == [["7", "other_state"], ["2", "condition"], ["1", "fired"]]
    assert table[2].endswith("its condition was not true")
    assert "payload.t is 12" in plant.run("reasons", "condition")
    with pytest.raises(NotFound, match=r"expected a reason that was counted \(other_state, condition, fired\), found 'limit'"):
        plant.run("reasons", "limit")


def test_a_store_on_postgresql_answers_the_same(tmp_path: Path, postgres_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    plant = Plant(tmp_path, postgres_url, capsys).configure(HELD)
    alarm_and(4_000, "OK")(plant)
    plant.stops()
    assert [each["reason"] for each in plant.why(after=-1)] == ["reset", "other_state"]
    assert {each["reason"]: each["count"] for each in json.loads(plant.run("reasons", "--json"))} == {
        "other_state": 5,
        "holding": 1,
        "reset": 1,
    }
    plant.close()
