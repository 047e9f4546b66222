"""A worker that is killed at any moment leaves what it committed, all of it, and nothing of what it did not."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

from pointsman.store import open_reader, open_store
from pointsman.store.reads import jobs

BATCH = 7
WRITER = """
import sys
from itertools import count
from contract.making import a_job, a_change, a_state, queued, new_id, NOW
from pointsman.model.write import AddChange, RememberDelivery, SaveState
from pointsman.store import open_store

url, first, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with open_store(url, session="worker-1") as store:
    for n in count(first):
        with store.begin() as unit:
            unit.apply([SaveState(a_state(since=n)), AddChange(a_change(at=n)), RememberDelivery(n % 65535 + 1, bytes(16))])
            unit.apply([queued(a_job(args={"n": n})) for _ in range(batch)])
        print(n, flush=True)
"""


def write_until_killed(url: str, first: int, chance: random.Random) -> int:
    """Start a writer, let it write a while, kill it. Gives the last number that it said was committed."""
    program = [sys.executable, "-c", WRITER, url, str(first), str(BATCH)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        said = [int(process.stdout.readline()) for _ in range(chance.randint(1, 40))]
        process.kill()
        said += [int(line) for line in process.stdout.read().split()]
    return said[-1]


def test_a_killed_writer_leaves_a_committed_prefix(store_url: str) -> None:
    chance, following = random.Random(7), 0
    for _ in range(3):
        said = write_until_killed(store_url, following, chance)
        with open_store(store_url, session="worker-1") as store, store.begin() as unit:
            assert len(unit.deliveries()) in (said + 1, said + 2)
        with open_reader(store_url) as reader:
            found = Counter(job.args["n"] for job in jobs.every(reader))
        assert set(found.values()) == {BATCH}
        last = max(int(str(n)) for n in found)
        assert sorted(int(str(n)) for n in found) == list(range(last + 1))
        assert last in (said, said + 1), "the last commit may have gone through unsaid"
        following = last + 1
