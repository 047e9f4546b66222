"""The properties of a PUBLISH packet: byte for byte what paho itself makes of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties, VariableByteIntegers

from pointsman.mqtt.encode import publish_properties, variable_byte_integer

TEXT = st.text(alphabet=st.characters(exclude_characters="\0", codec="utf-8"), max_size=300)
NAMES = {
    "content_type": "ContentType",
    "response_topic": "ResponseTopic",
    "correlation": "CorrelationData",
    "expiry": "MessageExpiryInterval",
    "user": "UserProperty",
}
GIVEN = st.fixed_dictionaries(
    {},
    optional={
        "content_type": TEXT,
        "response_topic": TEXT.filter(lambda text: "+" not in text and "#" not in text),
        "correlation": st.binary(max_size=300),
        "expiry": st.integers(0, 2**32 - 1),
        "user": st.lists(st.tuples(TEXT, TEXT), max_size=3),
    },
)


def pahos(values: dict[str, Any]) -> Properties:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        if value != []:
            setattr(properties, NAMES[name], value)
    return properties


@given(GIVEN)
def test_the_properties_are_encoded_as_paho_does(values: dict[str, Any]) -> None:
    """In whichever order: a packet says the same then (MQTT 5 §2.2.2.2), but for user properties, whose order is kept."""
    encoded, expected = publish_properties(**values), pahos(values).pack()  # type: ignore[no-untyped-call]
    assert len(encoded) == len(expected)
    read = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    _, length = read.unpack(encoded)  # type: ignore[no-untyped-call]
    assert length == len(encoded)
    assert read.json() == pahos(values).json()  # type: ignore[no-untyped-call]


def test_without_properties_there_is_their_length_only() -> None:
    assert publish_properties() == b"\x00"


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16_383, 65_535])
def test_a_text_of_any_length_that_fits_is_encoded(size: int) -> None:
    assert publish_properties(content_type="x" * size) == pahos({"content_type": "x" * size}).pack()  # type: ignore[no-untyped-call]


def test_a_text_that_does_not_fit_is_an_error_and_no_broken_packet() -> None:
    with pytest.raises(OverflowError):
        publish_properties(content_type="x" * 65_536)


@pytest.mark.parametrize(
    ("number", "encoded"),
    [
        (0, b"\x00"),
        (127, b"\x7f"),
        (128, b"\x80\x01"),
        (16_383, b"\xff\x7f"),
        (16_384, b"\x80\x80\x01"),
        (2_097_151, b"\xff\xff\x7f"),
        (268_435_455, b"\xff\xff\xff\x7f"),
    ],
)
def test_the_numbers_of_the_specification_are_encoded_as_it_says(number: int, encoded: bytes) -> None:
    """MQTT 5 §1.5.5, table 1-1."""
    assert variable_byte_integer(number) == encoded


@given(st.integers(0, 268_435_455))
def test_any_length_is_encoded_as_paho_does(number: int) -> None:
    assert variable_byte_integer(number) == VariableByteIntegers.encode(number)  # type: ignore[no-untyped-call]
