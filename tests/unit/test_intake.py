"""Reading deliveries: by Pointsman's own topics and by rules for foreign devices; whatever comes, it never raises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pointsman.clock import Uuid7
from pointsman.model.command import AddResult, Command, Execute, Reject, RejectReason, ReportState
from pointsman.model.delivery import Delivery
from pointsman.model.effect import ReplyTo
from pointsman.model.ids import MQTT_USER, JobId, OperationId
from pointsman.model.lineage import Lineage
from pointsman.model.rule import Ignore, IntakeRule
from pointsman.model.state import Retained, State
from pointsman.mqtt.intake import Reader
from pointsman.mqtt.topics import Topics
from unit.world import ALARM, FAULT, OK, PIPE, PUMP, PUMPS, delivery, plant, rule

CATALOG = plant()
TOPICS = Topics("pointsman", "gateway")
OWN = "pointsman/objects/pump-1/state"
EXECUTE = "pointsman/objects/pump-1/operations/open-valve/execute"
RESULTS = "pointsman/jobs/42/results"


def read(message: Delivery, *rules: IntakeRule, **options: Any) -> Sequence[Command]:
    return Reader(TOPICS, rules or [rule()], **options)(message, CATALOG)


def one(message: Delivery, *rules: IntakeRule, **options: Any) -> Command:
    (command,) = read(message, *rules, **options)
    return command


def reported_state(command: Command) -> str:
    assert isinstance(command, ReportState), command
    return command.state


def rejected(command: Command) -> RejectReason:
    assert isinstance(command, Reject), command
    assert "expected" in command.detail or "no " in command.detail or "retained" in command.detail
    assert len(command.detail) < 400, "a detail goes to the log: it must not be as long as somebody likes"
    return command.reason


# Reports by a rule


def test_a_message_is_a_report_with_all_that_it_says() -> None:
    message = delivery("plant/pump-1/state", {"state": "FAULT", "t": 12})
    assert one(message, rule(reported="$.t")) == ReportState(PUMP, FAULT.id, message.topic, message.payload, None, 12)


@pytest.mark.parametrize("topic", ["plant/pump-1/state", OWN, EXECUTE])
def test_what_led_to_a_message_leads_to_what_it_asks_for(topic: str) -> None:
    job = JobId(Uuid7()(1))
    message = delivery(topic, {"state": "FAULT", "because": f"job {job}"})
    echoed = one(message)
    assert isinstance(echoed, ReportState | Execute)
    assert (echoed.lineage, echoed.echoes) == (None, (job,))
    told = one(message._replace(lineage=Lineage(job, job, 1)))
    assert isinstance(told, ReportState | Execute)
    assert (told.lineage, told.echoes) == (Lineage(job, job, 1), ())


@pytest.mark.parametrize(
    ("filter_", "entity", "topic", "found"),
    [
        ("plant/+/state", "{1}", "plant/pump-2/state", PUMPS[1]),
        ("+/+/+", "{2}-{3}", "x/pump/1", PUMP),
        ("plant/#", "pump-{1}", "plant/3", PUMPS[2]),
        ("lines/main", "pipe-1", "lines/main", PIPE),
        ("+/pump/+", "{1}{2}", "pump-/pump/1", PUMP),
    ],
)
def test_the_topic_names_the_entity(filter_: str, entity: str, topic: str, found: object) -> None:
    command = one(delivery(topic, '{"state": "OK"}'), rule(filter_, entity))
    assert isinstance(command, ReportState)
    assert command.entity == found


@pytest.mark.parametrize(
    ("path", "payload", "state"),
    [
        ("$", b"FAULT", FAULT),
        ("$", b" FAULT\n", FAULT),
        ("$", b'"FAULT"', FAULT),
        ("$", b"4", FAULT),
        ("$", b'"4"', FAULT),
        ("$.state", b'{"state": 4}', FAULT),
        ("$.a.b[1].c", b'{"a": {"b": [0, {"c": "OK"}]}}', OK),
        ("$.a[-1]", b'{"a": ["OK", "ALARM"]}', ALARM),
        ("$['the state']", b'{"the state": "OK"}', OK),
        ("$[0]", b'["OK"]', OK),
        ("$.state", b'{"state": "FAULT", "state": "OK"}', OK),
    ],
)
def test_the_state_is_found_at_its_path_by_id_or_name(path: str, payload: bytes, state: State) -> None:
    assert reported_state(one(delivery("plant/pump-1/state", payload), rule(state=path))) == state.id


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (False, "false"), (1, "1"), (0, "0"), (21.5, "21.5"), (-3, "-3"), ("on", "on"), (10**30, "1" + 30 * "0")],
)
def test_booleans_and_numbers_are_mapped_as_json_writes_them(value: Any, text: str) -> None:
    mapped = rule(map={text: "FAULT"})
    assert reported_state(one(delivery("plant/pump-1/state", {"state": value}), mapped)) == FAULT.id


def test_a_value_that_is_not_in_the_map_is_taken_as_a_state_itself() -> None:
    mapped = rule("tele/+/LWT", state="$", map={"Online": "OK", "Offline": "4"})
    states = [reported_state(one(delivery("tele/pump-1/LWT", text), mapped)) for text in ("Online", "Offline", "ALARM", "3")]
    assert states == [OK.id, FAULT.id, ALARM.id, ALARM.id]


@pytest.mark.parametrize(
    ("time", "reported"),
    [
        (12, 12),
        (12.9, 12),
        (0, 0),
        (-1, None),
        ("12", None),
        (True, None),
        (None, None),
        (1e15, None),
        (10**40, None),
        ([1], None),
    ],
)
def test_a_time_that_cannot_be_one_is_left_out(time: Any, reported: int | None) -> None:
    command = one(delivery("plant/pump-1/state", {"state": "OK", "t": time}), rule(reported="$.t"))
    assert isinstance(command, ReportState)
    assert command.reported == reported


def test_every_rule_that_reads_a_topic_gives_a_report() -> None:
    door = rule("zigbee/+", "pump-1", "$.contact", map={"true": "OK", "false": "FAULT"})
    battery = rule("zigbee/+", "pump-2", "$.low", map={"true": "ALARM"}, ignore=[Ignore.NO_VALUE])
    both = read(delivery("zigbee/door", {"contact": False, "low": True}), door, battery)
    assert [(command.entity, command.state) for command in both if isinstance(command, ReportState)] == [
        (PUMP, FAULT.id),
        (PUMPS[1], ALARM.id),
    ]
    assert len(read(delivery("zigbee/door", {"contact": False}), door, battery)) == 1


# What is retained


@pytest.mark.parametrize("general", Retained)
@pytest.mark.parametrize("own", [None, *Retained])
def test_a_retained_message_says_what_is_to_be_made_of_it_and_a_live_one_nothing(general: Retained, own: Retained | None) -> None:
    snapshot = delivery("plant/pump-1/state", {"state": "OK"}, retain=True)
    command = one(snapshot, rule(retained=own), retained=general)
    assert isinstance(command, ReportState)
    assert command.retained is (own or general)
    live = one(snapshot._replace(retain=False), rule(retained=own), retained=general)
    assert isinstance(live, ReportState)
    assert live.retained is None


def test_on_our_own_topics_a_retained_message_is_as_the_setting_says() -> None:
    command = one(delivery(OWN, "OK", retain=True), retained=Retained.FIRE)
    assert isinstance(command, ReportState)
    assert command.retained is Retained.FIRE


# Our own topics


@pytest.mark.parametrize(
    ("payload", "state", "reported"),
    [
        (b"FAULT", FAULT, None),
        (b"4", FAULT, None),
        (b'"FAULT"', FAULT, None),
        (b'{"state": "FAULT"}', FAULT, None),
        (b'{"state": 4, "timestamp": 1594970336122, "more": []}', FAULT, 1594970336122),
        (b'{"state": "OK", "timestamp": "late"}', OK, None),
    ],
)
def test_a_state_topic_takes_a_bare_state_or_an_object(payload: bytes, state: State, reported: int | None) -> None:
    assert one(delivery(OWN, payload)) == ReportState(PUMP, state.id, OWN, payload, None, reported)


def test_a_links_state_is_reported_on_its_own_topic() -> None:
    command = one(delivery("pointsman/links/pipe-1/state", "OK"))
    assert isinstance(command, ReportState)
    assert command.entity == PIPE


def test_our_own_topics_are_read_before_any_rule() -> None:
    everything = rule("#", "pump-2", "$")
    assert [reported_state(command) for command in read(delivery(OWN, "OK"), everything)] == [OK.id]
    assert isinstance(one(delivery(EXECUTE, b"{}"), everything), Execute)


@pytest.mark.parametrize(("payload", "args"), [(b"", {}), (b"  ", {}), (b"{}", {}), (b'{"level": [3]}', {"level": [3]})])
def test_a_request_to_execute_carries_arguments_or_none(payload: bytes, args: Mapping[str, Any]) -> None:
    message = delivery(EXECUTE, payload, response_topic="answers/7", correlation=b"\xff")
    assert one(message) == Execute(
        entity=PUMP,
        operation=OperationId("open-valve"),
        user=MQTT_USER,
        login=MQTT_USER,
        args=args,
        topic=EXECUTE,
        reply=ReplyTo(topic="answers/7", correlation=b"\xff"),
    )


@pytest.mark.parametrize("payload", [b"[]", b"3", b'"x"', b"null", b"level=3", b"\xff", b'{"a": NaN}', b'{"a": 1e400}'])
def test_arguments_that_are_no_json_object_are_refused_with_an_answer(payload: bytes) -> None:
    command = one(delivery(EXECUTE, payload, response_topic="answers/7"))
    assert rejected(command) is RejectReason.BAD_REQUEST
    assert isinstance(command, Reject)
    assert command.reply == ReplyTo(topic="answers/7", correlation=None)


@pytest.mark.parametrize(
    ("payload", "value"),
    [(b'{"ok": true}', {"ok": True}), (b"[1, 2]", [1, 2]), (b"3", 3), (b"null", None), (b"done", "done"), (b'"done"', "done")],
)
def test_a_custom_result_is_any_json_or_text(payload: bytes, value: Any) -> None:
    command = one(delivery(RESULTS, payload))
    assert command == AddResult(job=JobId("42"), payload=value, by=MQTT_USER, topic=RESULTS, answer=True)


@pytest.mark.parametrize("payload", [b"1e400", b'{"a": [-1e999]}', b"\xff\xfe"])
def test_a_custom_result_that_could_not_be_given_back_as_json_is_refused(payload: bytes) -> None:
    assert rejected(one(delivery(RESULTS, payload))) is RejectReason.UNPARSABLE


@pytest.mark.parametrize("topic", [EXECUTE, RESULTS])
def test_a_retained_request_is_refused(topic: str) -> None:
    """It would come again at each subscribing."""
    assert rejected(one(delivery(topic, b"{}", retain=True))) is RejectReason.RETAINED_REQUEST


@pytest.mark.parametrize("topic", ["", "a/+", "#", "$SYS/x", "a\0b", "a" * 70_000])
def test_an_answer_is_not_sent_where_nothing_can_be_published(topic: str) -> None:
    command = one(delivery(EXECUTE, b"{}", response_topic=topic))
    assert isinstance(command, Execute)
    assert command.reply is None
