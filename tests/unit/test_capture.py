"""What is kept of a program's output."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.programs.capture import Capture


def captured(limit: int, *chunks: bytes) -> Capture:
    capture = Capture(limit)
    for chunk in chunks:
        capture.add(chunk)
    return capture


@given(chunks=st.lists(st.binary(max_size=40)), limit=st.integers(0, 60))
def test_the_first_and_the_last_half_are_kept_however_it_comes(chunks: list[bytes], limit: int) -> None:
    whole = b"".join(chunk.replace(b"\0", b"0").decode("latin-1").encode("ascii", "replace") for chunk in chunks)
    pieces, at = [], 0
    for chunk in chunks:
        pieces.append(whole[at : at + len(chunk)])
        at += len(chunk)
    capture = captured(limit, *pieces)
    assert capture.dropped == max(len(whole) - limit, 0)
    if capture.dropped:
        first, last = limit - limit // 2, limit // 2
        mark = f"\n[… {capture.dropped} bytes left out …]\n"
        assert capture.text() == whole[:first].decode() + mark + whole[len(whole) - last :].decode()
    else:
        assert capture.text() == whole.decode()


@given(chunks=st.lists(st.binary(max_size=300), max_size=30), limit=st.integers(0, 100))
def test_no_more_than_one_and_a_half_times_the_limit_is_held(chunks: list[bytes], limit: int) -> None:
    capture = Capture(limit)
    for chunk in chunks:
        capture.add(chunk)
        assert len(capture._first) + len(capture._last) <= 1.5 * limit + 1


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xff\xfeok", "\ufffd\ufffdok"),
        ("Zürich".encode("latin-1"), "Z\ufffdrich"),
        (b"a\0b", "a\ufffdb"),
        (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
        ("half a character: ä".encode()[:-1], "half a character: \ufffd"),
    ],
)
def test_what_is_no_text_is_replaced(data: bytes, text: str) -> None:
    assert captured(100, data).text() == text


@given(text=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=30), limit=st.integers(0, 29))
def test_the_cut_makes_no_broken_characters(text: str, limit: int) -> None:
    capture = captured(limit, text.encode())
    first, _, last = capture.text().partition(f"\n[… {capture.dropped} bytes left out …]\n")
    assert text.startswith(first)
    assert text.endswith(last)
