"""A Node client with nothing but `fetch` does a day's work over the documented API, and is answered field by field as it says."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from clients.shapes import CLASS, HISTORY, JOB, LINK, OBJECT, OPERATION, RESULT, USER, check
from servers.absence import missing
from servers.api import LOGIN, PASSWORD, Site

SCRIPT = Path(__file__).with_name("days_work.mjs")


def test_a_client_of_node_does_a_days_work(site: Site) -> None:
    node = shutil.which("node")
    if node is None:
        missing("Node", "apt-get install nodejs")
    done = subprocess.run([node, str(SCRIPT), site.url, LOGIN, PASSWORD], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    for name, shape in {
        "user": USER,
        "class": CLASS,
        "object": OBJECT,
        "link": LINK,
        "operation": OPERATION,
        "state": OBJECT,
        "job": JOB,
        "withResult": JOB,
    }.items():
        check(said[name], shape)
    assert said["nothing"] in (None, [], {})
    assert said["triggers"][0]["states"] == [5]
    assert said["state"]["state_id"] == 5
    assert isinstance(said["executed"], str)
    assert (said["job"]["id"], said["job"]["status"]) == (said["executed"], "succeeded")
    # Set by a trigger before any level was given: the job is there, and says which macro had no value.
    assert {each["status"] for each in said["jobs"]} == {"succeeded", "failed"}
    assert all(check(each, JOB)["owner_id"] == said["object"]["id"] for each in said["jobs"])
    [result] = [check(each, RESULT) for each in said["withResult"]["results"]]
    assert result["payload"] == {"seen": True, "words": "äöü 🚂", "nested": [[{}]]}
    assert check(said["history"][0], HISTORY)["stateId"] == 5
