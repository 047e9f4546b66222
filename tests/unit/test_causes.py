"""What a message says of what led to it: user properties both ways, ids in payloads, and what is not plausible."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.model.ids import JobId
from pointsman.model.lineage import Lineage
from pointsman.mqtt.causes import LONGEST, SEARCHED, echoes_of, lineage_of, properties_of
from unit.world import delivery

ROOT, JOB, OTHER = (JobId(f"018bcfe5-680{number}-7000-8000-0123456789ab") for number in range(3))
FIRST = [("job-id", JOB), ("root-id", JOB), ("hop", "0")]
THIRD = [("job-id", JOB), ("root-id", ROOT), ("hop", "2")]


def test_what_a_job_publishes_leads_one_hop_further() -> None:
    assert lineage_of(properties_of(ROOT, None)) == Lineage(ROOT, ROOT, 1)
    assert lineage_of(properties_of(JOB, Lineage(ROOT, ROOT, 1))) == Lineage(ROOT, JOB, 2)


@given(st.integers(1, 10**LONGEST - 1))
def test_every_hop_that_is_sent_is_read(hop: int) -> None:
    assert lineage_of(properties_of(JOB, Lineage(ROOT, OTHER, hop))) == Lineage(ROOT, JOB, hop + 1)


def test_other_user_properties_are_passed_over_and_of_two_of_one_name_the_last_counts() -> None:
    assert lineage_of([("unit", "bar"), *FIRST, ("", "")]) == Lineage(JOB, JOB, 1)
    assert lineage_of([*FIRST, *THIRD]) == Lineage(ROOT, JOB, 3)
    assert lineage_of([("unit", "bar")]) is None


@pytest.mark.parametrize(
    "said",
    [
        {"hop": ""},
        {"hop": "-1"},
        {"hop": "1.0"},
        {"hop": "1e3"},
        {"hop": " 2"},
        {"hop": "2\n"},
        {"hop": "٢"},
        {"hop": "²"},
        {"hop": "0x2"},
        {"hop": "9" * (LONGEST + 1)},
        {"hop": "9" * 60_000},
        {"hop": None},
        {"hop": "0"},
        {"job-id": ""},
        {"job-id": "7"},
        {"job-id": JOB.upper()},
        {"job-id": JOB + "\n"},
        {"job-id": JOB * 2},
        {"job-id": "019bf06e-7f90-4000-8000-4a4c2589d878"},
        {"job-id": "'; drop table jobs; --"},
        {"job-id": ROOT},
        {"job-id": None},
        {"root-id": "\ud800"},
        {"root-id": None},
    ],
)
def test_what_is_not_plausible_says_nothing(said: dict[str, str | None]) -> None:
    given = {**dict(THIRD), **said}
    assert lineage_of([(name, value) for name, value in given.items() if value is not None]) is None


@given(st.lists(st.tuples(st.sampled_from(["job-id", "root-id", "hop", "x"]), st.text(max_size=60))))
def test_whatever_the_properties_are_they_are_read(properties: list[tuple[str, str]]) -> None:
    found = lineage_of(properties)
    assert found is None or found.hop >= 1


def echoes(payload: bytes | str) -> tuple[JobId, ...]:
    return echoes_of(delivery("plant/pump-1/state", payload))


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        (JOB, (JOB,)),
        (f'{{"state": "ALARM", "job": "{JOB}"}}', (JOB,)),
        (f"done {JOB}: at -70 dB on 2026-07-07", (JOB,)),
        (f"{JOB} {OTHER} {JOB}", (JOB, OTHER)),
        (b"\xff\xfe" + JOB.encode() + b"\x00", (JOB,)),
        (f"{JOB}{OTHER}", (JOB, OTHER)),
        ("", ()),
        ("-", ()),
        ("-" * 100, ()),
        ("2026-07-07T10:00:00 -7 -70", ()),
        (JOB[1:], ()),
        (JOB[:-1], ()),
        (JOB.upper(), ()),
        ("019bf06e-7f90-4000-8000-4a4c2589d878", ()),
    ],
)
def test_job_ids_are_found_wherever_they_stand_in_a_payload(payload: bytes | str, found: tuple[JobId, ...]) -> None:
    assert echoes(payload) == found


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_an_id_is_found_whatever_stands_around_it(before: bytes, after: bytes) -> None:
    assert JOB in echoes(before + JOB.encode() + after)


@given(st.text(alphabet="0123456789abcdef-7", max_size=300))
def test_whatever_is_found_has_the_form_of_a_job_id(payload: str) -> None:
    assert all(lineage_of([("job-id", id_), ("root-id", id_), ("hop", "0")]) for id_ in echoes(payload))


def test_only_the_beginning_of_a_payload_is_searched() -> None:
    assert echoes(b" " * (SEARCHED - len(JOB)) + JOB.encode()) == (JOB,)
    assert echoes(b" " * (SEARCHED - len(JOB) + 1) + JOB.encode()) == ()


def test_a_payload_is_not_searched_when_the_properties_say_it_already() -> None:
    said = delivery("plant/pump-1/state", JOB)._replace(lineage=Lineage(ROOT, ROOT, 1))
    assert echoes_of(said) == ()
