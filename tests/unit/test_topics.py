"""Topics: Pointsman's own, both ways; and filters, against a reference that is too simple to be wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.model.ids import EntityId, EntityRef, JobId, OperationId, OwnerType
from pointsman.model.topic import TopicFilter, filter_fault, topic_fault
from pointsman.mqtt.topics import CancelTopic, ExecuteTopic, ManualTopic, OwnTopic, ResultTopic, StateTopic, Topics
from unit.world import PIPE, PUMP

LEVELS = st.text(alphabet="ab$ é", max_size=3)
NAMES = st.lists(LEVELS, min_size=1, max_size=5).map("/".join).filter(bool)
FILTERS = st.tuples(st.lists(LEVELS | st.just("+"), max_size=4), st.sampled_from([[], ["#"]])).map(
    lambda parts: "/".join([*parts[0], *parts[1]])
)
VALID = FILTERS.filter(lambda text: filter_fault(text) is None)


def reference(filter_: str, topic: str) -> tuple[str, ...] | None:
    """MQTT 5 §4.7: cut the topic to the filter's length, compare level by level."""
    if topic.startswith("$") and filter_[0] in "+#":
        return None
    wanted, names = filter_.split("/"), topic.split("/")
    rest: tuple[str, ...] = ()
    if wanted[-1] == "#":
        wanted.pop()
        rest = ("/".join(names[len(wanted) :]),)
        names = names[: len(wanted)]
    if len(wanted) != len(names) or any(want not in ("+", name) for want, name in zip(wanted, names, strict=True)):
        return None
    return (*[name for want, name in zip(wanted, names, strict=True) if want == "+"], *rest)


@given(VALID, NAMES)
def test_a_filter_matches_as_the_reference_does(filter_: str, topic: str) -> None:
    captured = TopicFilter(filter_).match(topic)
    assert captured == reference(filter_, topic)
    assert captured is None or len(captured) == TopicFilter(filter_).wildcards


@given(NAMES, st.data())
def test_a_filter_made_from_a_topic_matches_it(topic: str, data: st.DataObject) -> None:
    """So that the property before is not true for want of matches."""
    levels = topic.split("/")
    cut = data.draw(st.integers(0, len(levels)))
    taken = [data.draw(st.sampled_from([level, "+"])) for level in levels[:cut]]
    filter_ = "/".join([*taken, *(["#"] if cut < len(levels) else [])])
    if filter_ and not (topic.startswith("$") and filter_[0] in "+#"):
        expected = [level for level, want in zip(levels, taken, strict=False) if want == "+"]
        assert TopicFilter(filter_).match(topic) == (*expected, *(["/".join(levels[cut:])] if cut < len(levels) else []))


# Our own

TOPICS = Topics("plant/pointsman", "gateway")
IDS = st.text(alphabet=st.characters(exclude_characters="/+#\0", codec="utf-8"), min_size=1)
KINDS = st.sampled_from(OwnerType)
BASES = st.sampled_from(["pointsman", "plant/pointsman", "a/b/c"])


@pytest.mark.parametrize(
    ("topic", "meaning"),
    [
        ("plant/pointsman/objects/pump-1/state", StateTopic(PUMP)),
        ("plant/pointsman/links/pipe-1/state", StateTopic(PIPE)),
        ("plant/pointsman/objects/pump-1/manual-state", ManualTopic(PUMP)),
        ("plant/pointsman/links/pipe-1/manual-state", ManualTopic(PIPE)),
        ("plant/pointsman/classes/pump/manual-state", None),
        ("plant/pointsman/objects/pump-1/operations/open-valve/execute", ExecuteTopic(PUMP, OperationId("open-valve"))),
        ("plant/pointsman/links/pipe-1/operations/a/execute", ExecuteTopic(PIPE, OperationId("a"))),
        ("plant/pointsman/jobs/42/results", ResultTopic(JobId("42"))),
        ("plant/pointsman/jobs/42/cancel", CancelTopic(JobId("42"))),
        ("plant/pointsman/jobs/42/cancel/x", None),
        ("plant/pointsman/jobs/42", None),
        ("plant/pointsman/gateway/state", None),
        ("plant/pointsman/classes/pump/state", None),
        ("plant/pointsman/objects/pump-1/state/x", None),
        ("plant/pointsman/objects/state", None),
        ("plant/pointsman", None),
        ("plant/pointsman-objects/pump-1/state", None),
        ("pointsman/objects/pump-1/state", None),
        ("plant/pointsman/objects/pump-1/operations/execute", None),
        ("", None),
    ],
)
def test_an_own_topic_means(topic: str, meaning: OwnTopic | None) -> None:
    assert TOPICS.read(topic) == meaning


@given(BASES, IDS, IDS, KINDS)
def test_what_is_written_is_read_back_and_subscribed_to(base: str, id_: str, operation: str, kind: OwnerType) -> None:
    topics, entity = Topics(base, "node"), EntityRef(kind, EntityId(id_))
    written: dict[str, OwnTopic] = {
        f"{base}/{kind.plural}/{id_}/state": StateTopic(entity),
        topics.execute(entity, OperationId(operation)): ExecuteTopic(entity, OperationId(operation)),
        topics.manual(entity): ManualTopic(entity),
        topics.results(JobId(id_)): ResultTopic(JobId(id_)),
        topics.cancel(JobId(id_)): CancelTopic(JobId(id_)),
    }
    for topic, meaning in written.items():
        assert topics.read(topic) == meaning
        assert [reference(filter_, topic) is not None for filter_ in topics.filters].count(True) == 1


@given(BASES, NAMES)
def test_a_topic_is_ours_exactly_when_a_filter_of_ours_matches_it(base: str, rest: str) -> None:
    topics, topic = Topics(base, "node"), f"{base}/{rest}"
    assert (topics.read(topic) is not None) == any(reference(filter_, topic) is not None for filter_ in topics.filters)


def test_what_is_published_is_not_listened_to() -> None:
    for topic in (TOPICS.status, TOPICS.info, TOPICS.health, TOPICS.job(JobId("42")), TOPICS.response("client")):
        assert topic_fault(topic) is None
        assert TOPICS.read(topic) is None
    assert TOPICS.status == "plant/pointsman/gateway/state"
