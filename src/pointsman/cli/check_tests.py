"""Runs the tests of a configuration for `pointsman check --tests`, and tells what came of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pointsman.cli.output import visible
from pointsman.cli.virtual import beginning, interpreter

if TYPE_CHECKING:
    from pointsman.rehearsal.scenario import Performed
    from pointsman.settings import Configuration


def perform_all(config: Configuration) -> list[Performed]:
    """What came of each test, each with a memory of its own."""
    from pointsman.rehearsal.scenario import perform

    read = interpreter(config)
    return [perform(scenario, config.catalog, beginning(config), read) for scenario in config.scenarios]


def in_words(performed: Sequence[Performed]) -> Iterator[str]:
    """Lines: of each test that failed where it is written, what went otherwise, and what happened; then the counts."""
    failed = [each for each in performed if each.faults]
    for each in failed:
        yield from [f"{fault.where}: {visible(each.scenario.name)}: {visible(fault.message)}" for fault in each.faults]
        yield from [f"  {visible(line)}" for line in each.course or ["nothing happened"]]
    passed = f"tests: {len(performed) - len(failed)} passed"
    yield f"{passed}, {len(failed)} failed" if failed else passed


def as_json(performed: Performed) -> dict[str, Any]:
    """The same of one test, for programs to read."""
    from pointsman.rehearsal.words import as_json as would

    return {
        "name": performed.scenario.name,
        "where": performed.scenario.where,
        "ok": not performed.faults,
        "faults": [fault._asdict() for fault in performed.faults],
        "course": performed.course,
        "jobs": [
            {
                "operation": made.job.operation_id,
                "entity": made.job.owner.id,
                "trigger": None if made.job.process_meta is None else made.job.process_meta.trigger,
                "status": made.job.status.value,
                "error": made.job.error,
                "would": would(made.dispatch),
            }
            for made in performed.made
        ],
    }
