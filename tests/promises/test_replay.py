"""Before it happens: what a worker has recorded is replayed, unchanged without a difference, changed with those one expects."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from servers.client import MqttClient
from servers.mosquitto import Mosquitto
from servers.worker import Worker

CONFIGURATION = """
states: [{id: "1", name: OK}, {id: "3", name: ALARM}, {id: "4", name: FAULT}]
classes:
  - id: pump
    operations:
      - {id: held, type: mqtt, topic: "held/{{id}}", message: "{{state.name}} {{payload.t}} {{job.id}}"}
      - {id: note, type: mqtt, topic: "note/{{id}}", message: "{{previous.name}} {{state.name}}"}
      - {id: run, type: program, command: [/bin/echo, "{{args.x}}"]}
    triggers:
      - {id: held, states: ALARM, for: 2s, operation: held}
      - {id: hot, from: OK, to: ALARM, when: "payload.t > 30", cooldown: 1h, operation: note}
      - {id: nag, states: FAULT, every: 1s, operation: note}
objects: [{id: p1, class: pump}, {id: p2, class: pump}]
intake: [{topic: "plant/+/state", entity: "{1}", state: "$.state"}]
"""


def tell(client: MqttClient, state: str, temperature: int = 0, entity: str = "p1") -> None:
    client.publish(f"plant/{entity}/state", json.dumps({"state": state, "t": temperature}))


def replay(directory: Path, broker: Mosquitto, old: str = "", new: str = "") -> dict[str, Any]:
    """The history in this directory against the configuration, changed."""
    changed = directory / "new.yaml"
    changed.write_text(CONFIGURATION.replace(old, new) if old else CONFIGURATION)
    with_it = Worker(directory, broker, configuration=changed)
    done = with_it.run("replay", "--since", "1h", "--expect-same", "--json", expect=int(old != ""))
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_history_is_replayed_against_the_configuration_it_was_made_with_and_against_others(
    make_broker: Callable[..., Mosquitto], mqtt_client: Callable[..., MqttClient], tmp_path: Path
) -> None:
    broker = make_broker()
    worker = Worker(tmp_path, broker, configuration=CONFIGURATION).start()
    device = mqtt_client(broker).subscribe("held/+", "note/+")
    for temperature in (29, 31, 32):
        tell(device, "OK")
        tell(device, "ALARM", temperature)
    tell(device, "FAULT", entity="p2")
    worker.run("execute", "p1", "run", "--arg", "x=5", "--wait")
    device.wait_for("held/p1", timeout=20)
    worker.kill()
    time.sleep(1.5)
    worker.start()
    device.wait_count(6, timeout=20)
    tell(device, "OK", entity="p2")
    time.sleep(1)
    worker.stop()
    with closing(sqlite3.connect(tmp_path / "jobs.db")) as store:
        ups = store.execute("SELECT action FROM audit WHERE action LIKE 'worker.%' ORDER BY id").fetchall()
    assert ups == [("worker.start",), ("worker.start",), ("worker.stop",)]
    jobs = Counter(job["process_meta"]["trigger"] if job["process_meta"] else "by hand" for job in worker.jobs())
    assert jobs["held"] == jobs["hot"] == jobs["by hand"] == 1
    assert jobs["nag"] >= 3

    same = replay(tmp_path, broker)
    assert (same["differences"], same["verdicts"], same["same"]) == ([], [], jobs.total())
    assert (same["changes"], same["requests"]) == (8, 1)

    dropped = replay(tmp_path, broker, "payload.t > 30", "payload.t > 99")
    [difference] = dropped["differences"]
    assert (difference["what"], difference["trigger"], difference["would"]) == ("dropped", "hot", None)
    assert {(each["was"], each["would"]) for each in dropped["verdicts"]} == {("fired", "condition"), ("cooldown", "condition")}

    changed = replay(tmp_path, broker, "{{previous.name}} {{state.name}}", "now {{state.name}}")
    assert changed["changed"] == jobs["hot"] + jobs["nag"] == len(changed["differences"])
    assert {each["would"]["do"]["message"] for each in changed["differences"]} == {"now ALARM", "now FAULT"}

    sooner = replay(tmp_path, broker, "for: 2s", "for: 1s")
    [difference] = sooner["differences"]
    assert (difference["what"], difference["trigger"]) == ("changed", "held")
    assert difference["was"]["timestamp"] - difference["would"]["timestamp"] >= 1_000

    added = replay(tmp_path, broker, ", cooldown: 1h", "")
    assert Counter(each["what"] for each in added["differences"]) == {"added": 1}

    words = worker.run("replay", "--since", "1h", "--limit", "1").stdout.splitlines()
    assert words[0].startswith("replayed 8 changes and 1 request in ")
    assert words[1] == f"jobs: {jobs.total()} the same, 0 added, 0 dropped, 0 changed"
    assert len(words) == 2
