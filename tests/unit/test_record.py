"""What worker and supervisor tell each other comes across as it was meant, and anything else is not understood."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.programs.supervisor.record import (
    CANCELLED,
    ITSELF,
    NOT_STARTED,
    STOPPED,
    TIMED_OUT,
    Ended,
    NotUnderstood,
    Task,
    decode_ended,
    decode_task,
    encode_ended,
    encode_task,
)

WORDS = st.binary(max_size=20).filter(lambda word: b"\0" not in word)
NAMES = WORDS.filter(lambda word: word != b"" and b"=" not in word)
LIMITS = st.none() | st.integers(1, 1 << 40)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
"""Without lone surrogates: what was captured has none."""


def fields(value: Task | Ended) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__slots__}


TASKS = st.builds(
    Task,
    file=WORDS,
    argv=st.lists(WORDS, min_size=1, max_size=5),
    environment=st.dictionaries(NAMES, WORDS, max_size=5),
    timeout_ms=st.integers(0, 1 << 40),
    grace_ms=st.integers(0, 1 << 40),
    output_limit=st.integers(0, 1 << 40),
    memory=LIMITS,
    cpu_seconds=LIMITS,
    files=LIMITS,
    processes=LIMITS,
)
ENDS = st.builds(
    Ended,
    reason=st.sampled_from([ITSELF, TIMED_OUT, CANCELLED, STOPPED, NOT_STARTED]),
    code=st.none() | st.integers(-64, 255),
    duration_ms=st.integers(0, 1 << 40),
    truncated=st.booleans(),
    stdout=TEXTS,
    stderr=TEXTS,
)


@given(TASKS)
def test_a_launch_comes_across_whole(task: Task) -> None:
    assert fields(decode_task(encode_task(task))) == fields(task)


@given(ENDS)
def test_an_outcome_comes_across_whole(ended: Ended) -> None:
    assert fields(decode_ended(encode_ended(ended))) == fields(ended)


@given(ENDS.map(encode_ended), st.data())
def test_an_outcome_that_was_cut_short_is_not_understood(data: bytes, draw: st.DataObject) -> None:
    with pytest.raises(NotUnderstood, match="expected an outcome"):
        decode_ended(data[: draw.draw(st.integers(0, len(data) - 1))])


@given(st.binary(max_size=100))
def test_whatever_else_lies_there_is_read_or_not_understood(data: bytes) -> None:
    for decode in (decode_task, decode_ended):
        with suppress(NotUnderstood):
            decode(data)


@pytest.mark.parametrize(("decode", "data"), [(decode_task, b"2\0rest"), (decode_ended, b"2 itself 0 5 0 0 0\n")])
def test_another_version_is_named(decode: object, data: bytes) -> None:
    """Programs outlive an upgrade of the worker, and one back."""
    with pytest.raises(NotUnderstood, match=r"of version 1, found .*2"):
        decode(data)  # type: ignore[operator]
