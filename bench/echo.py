"""The yardstick: what paho alone does with the same messages. It subscribes at QoS 1 and publishes each again at QoS 1.

No store, no decision. Run as `python bench/echo.py HOST PORT IN_FILTER OUT_PREFIX`; ends on SIGTERM.
"""

from __future__ import annotations

import sys

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion


def main(host: str, port: int, topic_filter: str, prefix: str) -> None:
    """Echo until ended."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="bench-echo", protocol=MQTTProtocolVersion.MQTTv5)

    def on_connect(client: mqtt.Client, *_: object) -> None:
        client.subscribe(topic_filter, qos=1)

    def on_subscribe(client: mqtt.Client, *_: object) -> None:
        client.publish(f"{prefix}/ready", b"", qos=1, retain=True)

    def on_message(client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        client.publish(f"{prefix}/{message.topic.split('/')[1]}", message.payload, qos=1)

    client.on_connect, client.on_subscribe, client.on_message = on_connect, on_subscribe, on_message
    client.connect(host, port)
    client.loop_forever()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4])
