"""How what is typed becomes a value, and how values become words. No process: functions of the command line, by themselves."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from random import Random
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.cli import parameters
from pointsman.cli.demo_pumps import NEXT, PUMPS, Pumps
from pointsman.cli.job_text import COLUMNS, in_full, line, outcome, reached, row
from pointsman.cli.output import moment, pairs, shorten, table, visible, visible_lines
from pointsman.model.ids import MQTT_USER, EntityId, EntityRef, JobId, OperationId, OwnerType
from pointsman.model.job import Job, JobStatus, Ladder, Waits
from pointsman.model.lineage import Lineage


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("500ms", 500), ("30s", 30_000), ("1.5m", 90_000), ("2h", 7_200_000), ("30d", 2_592_000_000), ("1w", 604_800_000)],
)
def test_a_duration_has_a_unit(text: str, milliseconds: int) -> None:
    assert parameters.duration(text) == milliseconds


@pytest.mark.parametrize("text", ["", "30", "s", "-1s", "1 hour", "1h30m", "٣s"])
def test_what_is_no_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(click.BadParameter, match="expected a duration such as 500ms, 30s"):
        parameters.duration(text)


def test_a_time_is_a_date_local_unless_it_says_or_milliseconds() -> None:
    assert parameters.time("1769846400000") == 1_769_846_400_000
    assert parameters.time("2026-01-31T08:00:00Z") == 1_769_846_400_000
    assert parameters.time("2026-01-31T09:00:00+01:00") == 1_769_846_400_000
    assert parameters.time("2026-01-31") == round(datetime(2026, 1, 31).astimezone().timestamp() * 1000)
    assert parameters.time("20260131") == parameters.time("2026-01-31")


def test_a_time_can_be_an_age() -> None:
    assert parameters.time("1h") - parameters.time("2h") == pytest.approx(3_600_000, abs=60_000)


def test_a_time_can_be_one_of_today() -> None:
    midnight = parameters.time(f"{datetime.now().astimezone():%Y-%m-%d}")
    assert parameters.time("8:05") == parameters.time("08:05") == parameters.time("08:05:00")
    # Where daylight saving begins or ends today, a day has another length.
    assert parameters.time("08:05") - midnight in [hours * 3_600_000 + 300_000 for hours in (7, 8, 9)]
    assert parameters.time("8:05:30") == parameters.time("08:05") + 30_000


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "31.01.2026", "9" * 16, "24:10", "8:5", "08:05:61"])
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(click.BadParameter, match="expected a time such as 2026-01-31"):
        parameters.time(text)


@given(st.text(min_size=1).filter(lambda text: "=" not in text), st.text())
def test_a_named_text_is_cut_at_its_first_equals_sign(name: str, text: str) -> None:
    assert parameters.named_text(f"{name}={text}") == (name, text)


@pytest.mark.parametrize("text", ["", "{", "text", "NaN", "[Infinity]", "1 2", "[" * 100_000])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="expected JSON, found"):
        parameters.json_value(text)


@given(st.text(alphabet=st.characters()))
def test_a_visible_text_is_one_line_without_anything_that_moves_a_cursor(text: str) -> None:
    shown = visible(text)
    assert not [each for each in shown if unicodedata.category(each)[0] == "C"]
    assert len(shown.splitlines()) <= 1
    shown.encode()  # no surrogate is left
    assert visible(shown) == shown


@given(st.lists(st.text(alphabet=st.characters())))
def test_the_lines_of_a_visible_text_stay_lines(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert visible_lines(text).count("\n") == text.count("\n")


@given(st.text(), st.integers(1, 20))
def test_a_shortened_text_is_no_wider_than_asked(text: str, width: int) -> None:
    assert len(shorten(text, width)) <= width
    assert len(text) > width or shorten(text, width) == text


@given(st.lists(st.tuples(st.text("ab", max_size=9), st.text("ab", min_size=1, max_size=9)), min_size=1))
def test_the_columns_of_a_table_begin_at_the_same_place(rows: list[tuple[str, str]]) -> None:
    lines = table(("A", "B"), rows)
    width = max(1, *[len(first) for first, _ in rows])
    assert [line[width + 2 :] for line in lines] == ["B", *[second for _, second in rows]]


def test_a_value_of_several_lines_stays_in_its_column() -> None:
    assert pairs([("a", "1\n2"), ("long", "3")]) == ["a     1\n      2", "long  3"]


def test_a_moment_has_milliseconds() -> None:
    assert moment(1_769_846_400_007).endswith(":00:00.007")
    assert moment(None) == "-"


@given(st.integers(0, 1000))
def test_pumps_change_to_a_state_that_may_follow_and_the_first_change_makes_a_job(seed: int) -> None:
    pumps = Pumps(Random(seed), 0.0)
    states = dict.fromkeys(PUMPS, "OK")
    assert {report.topic for report in pumps.births()} == {f"plant/{pump}/state" for pump in PUMPS}
    assert pumps.turn(0.0) is None
    for number in range(20):
        now = pumps.due
        report = pumps.turn(now)
        assert report is not None
        pump, state = report.topic.split("/")[1], report.payload.decode().split('"')[3]
        assert state in NEXT[states[pump]]
        assert number > 0 or state == "ALARM"
        assert 0.5 < pumps.due - now < 3
        states[pump] = state


# Jobs


def job(**more: Any) -> dict[str, Any]:
    """A job's public JSON: of a message, unless it is said."""
    made = Job(
        **{
            "id": JobId("7"),
            "operation_id": OperationId("open"),
            "owner": EntityRef(OwnerType.OBJECT, EntityId("pump-1")),
            "user_id": MQTT_USER,
            "timestamp": 1_000,
            "status": JobStatus.SUCCEEDED,
            "description": {"topic": "a/b", "message": "on"},
            **more,
        }
    )
    return made.to_json()


def lines(shown: dict[str, Any]) -> list[str]:
    return "\n".join(in_full(shown)).splitlines()


PROGRAM = {"exitCode": 0, "stdout": "done\n"}
LADDERS = [
    (Ladder(), "recorded"),
    (Ladder(acknowledged=2_000, reason_code=0), "acknowledged"),
    (Ladder(acknowledged=2_000, answered=3_000), "answered"),
    (Ladder(confirmed=4_000), "confirmed"),
    (Ladder(acknowledged=2_000, answered=3_000, confirmed=4_000), "confirmed"),
]


@pytest.mark.parametrize(("ladder", "rung"), LADDERS)
def test_a_job_says_how_far_it_is_known_to_have_got_with_the_time_of_each_rung(ladder: Ladder, rung: str) -> None:
    shown = job(ladder=ladder)
    assert (reached(shown), row(shown)[COLUMNS.index("REACHED")]) == (rung, rung)
    assert f"  {rung}  " in line(shown)
    text = lines(shown)
    times = {"recorded": 1_000, "acknowledged": ladder.acknowledged, "answered": ladder.answered, "confirmed": ladder.confirmed}
    first = next(number for number, each in enumerate(text) if each.split() == ["reached", rung])
    wanted = [[name, *moment(at).split()] for name, at in times.items() if at is not None]
    assert [each.split() for each in text[first + 1 : first + 1 + len(wanted)]] == wanted


def test_a_program_reaches_no_rung_by_itself() -> None:
    assert reached(job(description=PROGRAM)) == "-"
    assert not [each for each in lines(job(description=PROGRAM)) if each.startswith("reached")]
    assert reached(job(description=PROGRAM, ladder=Ladder(answered=1))) == "answered"


@pytest.mark.parametrize(("code", "words"), [(None, ""), (0, ""), (16, ": nobody had subscribed"), (17, ": reason code 17")])
def test_what_the_broker_said_is_given_in_words(code: int | None, words: str) -> None:
    shown = job(ladder=Ladder(acknowledged=2_000, reason_code=code))
    [acknowledged] = [each for each in lines(shown) if each.strip().startswith("acknowledged")]
    assert acknowledged.endswith(f"{moment(2_000)}{words}")
    assert row(shown)[-1] == ("a/b on (nobody had subscribed)" if code == 16 else "a/b on")


@pytest.mark.parametrize("waits", Waits)
def test_an_open_job_says_what_it_waits_for(waits: Waits) -> None:
    shown = job(status=JobStatus.QUEUED, waits=waits, error="refused")
    [told] = [each for each in lines(shown) if each.startswith("waits")]
    words = told.removeprefix("waits").strip()
    assert words.startswith("for ")
    assert outcome(shown) == f"waits {words} (refused)"
    assert outcome(job(status=JobStatus.QUEUED, waits=waits)) == f"waits {words}"


def test_a_job_that_another_led_to_says_which_and_where_that_began() -> None:
    def told(lineage: Lineage | None) -> list[str]:
        return [each for each in lines(job(lineage=lineage)) if each.startswith("caused by")]

    first, third = Lineage(root=JobId("5"), by=JobId("5"), hop=1), Lineage(root=JobId("4"), by=JobId("6"), hop=3)
    assert told(None) == []
    assert [each.split("  ")[-1].strip() for each in told(first)] == ["job 5"]
    assert [each.split("  ")[-1].strip() for each in told(third)] == ["job 6, in a chain of 3 that began with 4"]
