"""Addresses of brokers: what a URL says, and what is said of one that cannot be read."""

from __future__ import annotations

import pytest

from pointsman.mqtt.options import Address, parse_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://127.0.0.1:1883", Address(host="127.0.0.1", port=1883, tls=False)),
        ("mqtt://broker", Address(host="broker", port=1883, tls=False)),
        ("mqtts://broker", Address(host="broker", port=8883, tls=True)),
        ("mqtts://broker:1884", Address(host="broker", port=1884, tls=True)),
        ("mqtt://[::1]:1883", Address(host="::1", port=1883, tls=False)),
        ("mqtt://ann:p%40ss@broker", Address(host="broker", port=1883, tls=False, username="ann", password="p@ss")),
        ("unix:///run/mosquitto.sock", Address(host="/run/mosquitto.sock", port=0, tls=False, unix=True)),
    ],
)
def test_an_address_is_read(url: str, address: Address) -> None:
    assert parse_address(url) == address


@pytest.mark.parametrize(
    "url", ["", "broker", "broker:1883", "http://broker", "mqtt://", "mqtt:///path", "unix://", "mqtt://broker:port"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"expected mqtt://|[Pp]ort"):
        parse_address(url)


def test_an_address_in_words_has_no_secret() -> None:
    assert str(parse_address("mqtt://ann:secret@broker:1")) == "broker:1"
    assert str(parse_address("unix:///run/mosquitto.sock")) == "/run/mosquitto.sock"
    for url in ("mqttt://ann:secret@broker", "ann:secret@broker", "mqtt://ann:secret@"):
        with pytest.raises(ValueError, match="expected") as caught:
            parse_address(url)
        assert "secret" not in str(caught.value)
