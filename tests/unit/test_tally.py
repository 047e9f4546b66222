"""Counters: nothing goes through uncounted, and the log hears of each reason and topic once."""

from __future__ import annotations

from pointsman.core.decide import decide
from pointsman.core.world import Decision, World
from pointsman.engine import tally as module
from pointsman.engine.tally import Tally
from pointsman.model.command import Command, Execute, Finish, Reject, RejectReason
from pointsman.model.ids import JobId, OperationId, UserId
from pointsman.model.job import JobStatus
from pointsman.model.state import Retained
from pointsman.model.write import CountReject
from unit.world import ALARM, FAULT, NOW, PUMP, PUMPS, counting, job, mqtt, plant, report

CATALOG = plant((mqtt(), mqtt("diagnose", message="{{args.nothing}}")))


def counted(*commands: Command) -> tuple[Tally, list[CountReject]]:
    tally, world, new_id, news = Tally(), World(CATALOG, jobs={JobId("job-1"): job()}), counting(), []
    for command in commands:
        decision = decide(world, command, NOW, new_id)
        world.fold(decision)
        news += tally.count(command, decision)
    return tally, news


def reject(topic: str = "t", reason: RejectReason = RejectReason.UNPARSABLE) -> Reject:
    return Reject(reason=reason, topic=topic, detail="expected something else")


def test_every_report_is_counted_as_one_of_three() -> None:
    tally, _ = counted(
        report(ALARM),
        report(ALARM),
        report(FAULT, PUMPS[1], retained=Retained.COMPARE),
        report(ALARM, PUMPS[1], retained=Retained.COMPARE),
        report(FAULT, PUMPS[2], retained=Retained.IGNORE),
    )
    assert (tally.changes, tally.unchanged, tally.baselines) == (2, 2, 1)


def test_jobs_are_counted_when_they_are_made_and_when_they_end_however_they_end() -> None:
    """The second operation's job fails as it is made."""
    tally, _ = counted(report(FAULT), Finish(job=JobId("job-1"), status=JobStatus.SUCCEEDED))
    assert tally.jobs == 2
    assert tally.finished == {"failed": 1, "succeeded": 1}


def test_what_changes_nothing_counts_as_no_end() -> None:
    finish = Finish(job=JobId("job-1"), status=JobStatus.SUCCEEDED)
    tally, _ = counted(finish, finish, Finish(job=JobId("ghost"), status=JobStatus.FAILED))
    assert tally.as_json()["finished"] == {"succeeded": 1}


def test_every_reject_is_counted_and_only_the_first_of_its_reason_and_topic_is_news() -> None:
    tally, news = counted(reject("a"), reject("a"), reject("b"), reject("a", RejectReason.TOO_LARGE), reject("b"))
    assert tally.rejected == {"unparsable": 4, "too_large": 1}
    assert [(row.topic, row.reason) for row in news] == [("a", "unparsable"), ("b", "unparsable"), ("a", "too_large")]


def test_a_request_that_is_refused_is_a_reject_and_not_a_report() -> None:
    asked = Execute(entity=PUMP, operation=OperationId("explode"), user=UserId("ann"), login="Ann")
    tally, _ = counted(asked)
    assert tally.rejected == {"unknown_operation": 1}
    assert tally.unchanged == tally.changes == 0


def test_what_was_logged_is_remembered_within_bounds() -> None:
    tally = Tally()

    def is_news(topic: str) -> bool:
        row = CountReject(reason=RejectReason.NO_RULE, topic=topic, detail="", payload=b"", at=NOW)
        return bool(tally.count(reject(topic), Decision((row,))))

    assert is_news("first")
    assert all(is_news(str(number)) for number in range(module.REMEMBERED))
    assert not is_news(str(module.REMEMBERED - 1))
    assert is_news("first"), "the oldest is forgotten"
    assert len(tally._logged) <= module.REMEMBERED


def test_what_became_of_triggers_is_shown_by_reason() -> None:
    tally, _ = counted(report(ALARM), report(FAULT), report(FAULT))
    assert tally.as_json()["verdicts"] == {"fired": 3, "other_state": 1}


def test_the_counters_are_shown_by_name() -> None:
    tally = Tally()
    tally.received, tally.redelivered = 3, 1
    shown = tally.as_json()
    assert (shown["received"], shown["redelivered"], shown["finished"], shown["rejected"]) == (3, 1, {}, {})
    assert set(shown) == {
        "received",
        "redelivered",
        "changes",
        "baselines",
        "unchanged",
        "jobs",
        "finished",
        "rejected",
        "verdicts",
    }
