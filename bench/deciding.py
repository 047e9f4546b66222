"""What a decision costs with 100 entities, and with 100,000, each with an operation and triggers of its own: the same, or so.

Nothing but `decide` is measured, on a world in memory. Usage: `python bench/deciding.py [--reports N] [--rounds N] [--json]`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import time

from pointsman.core.decide import decide
from pointsman.core.world import World
from pointsman.model.catalog import Catalog, build_catalog
from pointsman.model.command import ReportState
from pointsman.model.entity import Entity
from pointsman.model.ids import EntityId, EntityRef, OperationId, OwnerType, StateId, TriggerId
from pointsman.model.operation import MqttOperation
from pointsman.model.state import State
from pointsman.model.template import parse_message, parse_template
from pointsman.model.trigger import StateTrigger

SIZES = (100, 100_000)
STATES = tuple(State(id=StateId(id_), name=name, declared=id_) for id_, name in (("1", "OK"), ("3", "ALARM"), ("4", "FAULT")))


def catalog(entities: int) -> Catalog:
    """Objects with one operation and three triggers each, none of them shared."""
    return build_catalog(states=STATES, entities=[entity(number) for number in range(entities)])


def entity(number: int) -> Entity:
    """One object."""
    operation = MqttOperation(
        id=OperationId(f"open-{number}"),
        name="Open",
        topic=parse_template("plant/{{id}}/valve/set"),
        message=parse_message('{"cmd": "open", "because": "{{state.name}}", "job": "{{job.id}}"}'),
    )
    triggers = tuple(
        StateTrigger(
            id=TriggerId(f"trigger {state.id}"),
            states=(state.id,),
            state_ids=frozenset({state.id}),
            operation=operation.id,
            origin=f"object {number}",
        )
        for state in STATES
    )
    return Entity(ref=EntityRef(OwnerType.OBJECT, EntityId(f"e{number}")), name="E", operations=(operation,), triggers=triggers)


def microseconds(world: World, refs: list[EntityRef], reports: int) -> float:
    """What one decision takes, each of which makes a change and a job."""
    numbers = itertools.count()
    turns = dict.fromkeys(refs, 0)
    commands = []
    for ref in random.Random(1).choices(refs, k=reports):  # each says another state than the one before: every one is a change
        turns[ref] += 1
        commands.append(ReportState(ref, STATES[turns[ref] % 3].id, "plant/x/state", b'{"state": "ALARM"}'))
    began = time.perf_counter()
    for command in commands:
        world.fold(decide(world, command, 1_700_000_000_000, lambda at: f"{at}-{next(numbers)}"))
    return (time.perf_counter() - began) / reports * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--reports", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    catalogs = {size: catalog(size) for size in SIZES}
    refs = {size: [resolved.entity.ref for resolved in catalogs[size].entities] for size in SIZES}
    # Round by round, so that a slow moment of the machine hits both.
    taken: dict[int, list[float]] = {size: [] for size in SIZES}
    for _ in range(given.rounds):
        for size in SIZES:
            taken[size].append(microseconds(World(catalogs[size]), refs[size], given.reports))
    cost = {size: statistics.median(taken[size]) for size in SIZES}
    ratio = cost[SIZES[1]] / cost[SIZES[0]]
    if given.json:
        print(json.dumps({"microseconds": {str(size): round(cost[size], 2) for size in SIZES}, "ratio": round(ratio, 2)}))
        return
    for size in SIZES:
        print(f"{size:>7} entities with an operation and 3 triggers each: {cost[size]:6.1f} µs a decision")
    print(f"ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
