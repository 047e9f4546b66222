"""The engine and what is kept: old jobs go in small portions, between the batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pointsman.engine.engine import Retention
from pointsman.model.catalog import Catalog
from pointsman.model.command import Command
from pointsman.model.delivery import Delivery
from unit.engine_rig import Rig, says
from unit.in_memory import Fault


def never(_seconds: float) -> None:
    raise AssertionError("it paused")


def seconds(count: int, **options: Any) -> Rig:
    """An engine that runs for so many rounds, one second each."""
    rigs: list[Rig] = []

    def pass_time(delivery: Delivery, catalog: Catalog) -> Sequence[Command]:
        rigs[0].clock.seconds += 1
        return []

    rigs.append(Rig(interpret=pass_time, limit=1, **options))
    rigs[0].store.to_prune = 250
    rigs[0].feed(*[says("1", number) for number in range(count)])
    rigs[0].engine.stop()
    rigs[0].engine.run(never)
    return rigs[0]


def test_what_is_old_goes_in_small_portions_and_then_the_round_rests() -> None:
    rig = seconds(50, retention=Retention(keep_ms=5000, keep_jobs=10, every=60.0, chunk=100))
    assert rig.store.pruned == [(rig.clock.at - 5000, 10, 100)] * 3
    assert rig.store.to_prune == 0


def test_the_round_comes_again() -> None:
    rig = seconds(50, retention=Retention(keep_jobs=10, every=20.0, chunk=1000))
    assert rig.store.pruned == [(None, 10, 1000)] * 3


def test_by_default_every_job_is_kept_and_the_store_only_tidies_up() -> None:
    rig = seconds(70)
    assert {(before, jobs) for before, jobs, _ in rig.store.pruned} == {(None, None)}


def test_a_store_that_cannot_be_pruned_is_not_called_unavailable_for_ever() -> None:
    rig = Rig(retention=Retention(keep_jobs=10))
    rig.settle()
    rig.store.faults.extend([Fault.NONE, Fault.BEGIN])
    rig.feed(says("1"))
    rig.engine.stop()
    rig.engine.run(never)
    faults = [rig.engine.store_fault]
    rig.step()
    faults.append(rig.engine.store_fault)
    assert faults == ["it cannot be pruned", None], "though nothing came that had to be written"
