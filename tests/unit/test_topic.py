"""Topics and topic filters: what may be published to and subscribed to, what matches what, and what overlaps what."""

from __future__ import annotations

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pointsman.model.topic import MAX_BYTES, MAX_LEVELS, TopicFilter, filter_fault, text_fault, topic_fault

# What may be published to


@pytest.mark.parametrize(
    "topic", ["a", "plant/pump-1/valve/set", "/", "//", "a b/ü/あ", "x" * MAX_BYTES, "/" * (MAX_LEVELS - 1), "a$"]
)
def test_these_can_be_published_to(topic: str) -> None:
    assert topic_fault(topic) is None


@pytest.mark.parametrize(
    ("topic", "words"),
    [
        ("", "an empty topic"),
        ("a/+/b", "a wildcard"),
        ("a#", "a wildcard"),
        ("$SYS/x", "a leading $"),
        ("x" * (MAX_BYTES + 1), "more than 65535 bytes"),
        ("ü" * (MAX_BYTES // 2 + 1), "more than 65535 bytes"),
        ("/" * MAX_LEVELS, "more than 200 levels"),
        ("a\0", "control character U+0000"),
        ("a\nb", "control character U+000A"),
        ("a\x7f", "control character U+007F"),
        ("a\x85", "control character U+0085"),
        ("a\ud800", "lone surrogate U+D800"),
        ("a\ufdd0", "non-character U+FDD0"),
        ("a\uffff", "non-character U+FFFF"),
        ("a\U0001fffe", "non-character U+1FFFE"),
    ],
)
def test_what_a_broker_would_cut_the_connection_for_is_refused(topic: str, words: str) -> None:
    fault = topic_fault(topic)
    assert fault is not None
    assert words in fault


@given(st.text(max_size=30))
def test_what_can_be_published_to_can_be_subscribed_to_and_matches_itself(topic: str) -> None:
    assume(topic_fault(topic) is None)
    assume(not topic.startswith("$share/"))
    assert filter_fault(topic) is None
    assert TopicFilter(topic).match(topic) == ()


@given(st.text(max_size=30))
def test_text_that_mqtt_cannot_carry_is_never_a_topic(text: str) -> None:
    assert text_fault(text) is None or topic_fault(text) is not None


# What may be subscribed to


@pytest.mark.parametrize("text", ["#", "+", "+/+/#", "a/+/b", "/#", "a//+", "$SYS/#", "$share", "a/b"])
def test_these_can_be_subscribed_to(text: str) -> None:
    assert str(TopicFilter(text)) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "an empty topic filter"),
        ("a/#/b", "a # that is not the last level"),
        ("#/a", "a # that is not the last level"),
        ("a+/b", "a wildcard that is not a whole level: 'a+'"),
        ("a/b#", "a wildcard that is not a whole level: 'b#'"),
        ("++", "a wildcard that is not a whole level"),
        ("$share/g/a", "a shared subscription"),
        ("a\0", "control character U+0000"),
        ("x" * (MAX_BYTES + 1), "more than 65535 bytes"),
        ("+/" * MAX_LEVELS, "more than 200 levels"),
    ],
)
def test_what_is_no_filter_cannot_exist(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=r"topic filter .* has ") as caught:
        TopicFilter(text)
    assert words in str(caught.value)


# What matches


@pytest.mark.parametrize(
    ("text", "topic", "captured"),
    [
        ("plant/+/state", "plant/pump-1/state", ("pump-1",)),
        ("plant/+/state", "plant/pump-1/valve/state", None),
        ("plant/+/state", "plant//state", ("",)),
        ("+/+", "/finance", ("", "finance")),
        ("/+", "/finance", ("finance",)),
        ("+", "/finance", None),
        ("sport/#", "sport", ("",)),
        ("sport/#", "sport/", ("",)),
        ("sport/#", "sport/tennis/player1", ("tennis/player1",)),
        ("sport/#", "sports", None),
        ("+/b/#", "a/b/c/d", ("a", "c/d")),
        ("#", "a/b", ("a/b",)),
        ("#", "$SYS/x", None),
        ("+/x", "$SYS/x", None),
        ("$SYS/#", "$SYS/x", ("x",)),
        ("$SYS/+", "$SYS/x", ("x",)),
        ("a", "a/b", None),
        ("a/b", "a", None),
        ("a/+", "a", None),
        ("Plant", "plant", None),
    ],
)
def test_a_filter_matches_as_mqtt_5_says_and_captures_what_its_wildcards_stand_for(
    text: str, topic: str, captured: tuple[str, ...] | None
) -> None:
    """MQTT 5 §4.7.1 and §4.7.2, its own examples among them."""
    assert TopicFilter(text).match(topic) == captured


LEVEL = st.text(string.ascii_lowercase[:3] + "$", max_size=2)
TOPIC = st.lists(LEVEL, min_size=1, max_size=4).map("/".join)
FILTER = st.builds(
    lambda levels, rest: "/".join([*levels, *rest]),
    st.lists(st.one_of(LEVEL, st.just("+")), min_size=1, max_size=4),
    st.sampled_from([[], ["#"]]),
).filter(lambda text: filter_fault(text) is None)


@given(FILTER, TOPIC)
def test_a_topic_that_matches_is_the_filter_with_its_wildcards_filled_in(text: str, topic: str) -> None:
    captured = TopicFilter(text).match(topic)
    if captured is None:
        return
    assert len(captured) == TopicFilter(text).wildcards
    filled = iter(captured)
    levels = [next(filled) if level in ("+", "#") else level for level in text.split("/")]
    assert topic in ("/".join(levels), "/".join(levels[:-1]))


@given(FILTER, st.data())
def test_a_filter_with_its_wildcards_filled_in_is_a_topic_that_matches(text: str, data: st.DataObject) -> None:
    levels = [data.draw(st.text("abc", max_size=2)) if level in ("+", "#") else level for level in text.split("/")]
    assert TopicFilter(text).match("/".join(levels)) is not None


# What overlaps


@pytest.mark.parametrize(
    ("one", "two", "overlap"),
    [
        ("plant/+/state", "plant/#", True),
        ("plant/+/state", "plant/pump/+", True),
        ("plant/+/state", "plant/+/lwt", False),
        ("a/+", "a/+/b", False),
        ("a/#", "a", True),
        ("a/#", "b/#", False),
        ("#", "a", True),
        ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False),
        ("+/#", "$SYS/x", False),
        ("$SYS/#", "$SYS/x", True),
        ("#", "#", True),
        ("#", "+", True),
        ("a", "a", True),
        ("+/+", "#", True),
        ("a/+/c", "+/b/c", True),
    ],
)
def test_two_filters_overlap_when_one_topic_matches_both(one: str, two: str, overlap: bool) -> None:
    assert TopicFilter(one).overlaps(TopicFilter(two)) is overlap
    assert TopicFilter(two).overlaps(TopicFilter(one)) is overlap


@given(FILTER, FILTER, TOPIC)
def test_filters_that_match_one_topic_overlap(one: str, two: str, topic: str) -> None:
    if TopicFilter(one).match(topic) is not None and TopicFilter(two).match(topic) is not None:
        assert TopicFilter(one).overlaps(TopicFilter(two))


@given(FILTER, FILTER)
def test_for_filters_that_overlap_there_is_a_topic_that_both_match(one: str, two: str) -> None:
    """Found by filling in each from the other."""
    if not TopicFilter(one).overlaps(TopicFilter(two)):
        return
    topic = []
    a, b = one.split("/"), two.split("/")
    for position in range(max(len(a), len(b))):
        first, second = (levels[position] if position < len(levels) else None for levels in (a, b))
        if first in (None, "#", "+"):
            first, second = second, first
        topic.append("x" if first in (None, "#", "+") else str(first))
    candidates = ["/".join(topic[:length]) for length in range(1, len(topic) + 1)]
    assert any(TopicFilter(one).match(each) is not None and TopicFilter(two).match(each) is not None for each in candidates)
