"""`pointsman reasons`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pointsman.cli.configured import reader
from pointsman.cli.output import moment, print_json_array, table, visible, wants_json
from pointsman.cli.verb import verb
from pointsman.errors import NotFound

if TYPE_CHECKING:
    from pointsman.model.write import Example
    from pointsman.store.reads.verdicts import Counted

FIRED = "fired"
"""As `engine/verdicts.py` has it; a test compares the two."""


@verb("reasons")
@click.argument("reason", required=False)
def command(reason: str | None) -> None:
    """Count why triggers fired, or did not, since the store was made. With REASON: its last examples, the latest first.

    Each example is of another trigger or another object or link; `pointsman explain` says all about its change. Reads the store
    itself, also while a worker writes it. With --json: one array of reasons, each with its examples.
    """
    from pointsman.store.reads.verdicts import counted

    with reader() as store:
        every = counted(store)
    found = [each for each in every if reason in (None, each.reason)]
    if reason is not None and not found:
        known = ", ".join(each.reason for each in every) or "none yet"
        raise NotFound(f"expected a reason that was counted ({known}), found {reason!r}")
    if wants_json():
        print_json_array(_as_json(each) for each in found)
    elif not found:
        click.echo("no trigger was considered yet")
    else:
        click.echo("\n".join(_table(found) if reason is None else _examples(found[0])))


def _table(found: list[Counted]) -> list[str]:
    from pointsman.core.explain import in_words

    rows = [
        (
            str(each.count),
            each.reason,
            moment(each.examples[-1].at if each.examples else None),
            in_words(None if each.reason == FIRED else each.reason, ""),
        )
        for each in found
    ]
    return table(("COUNT", "REASON", "LAST", "MEANING"), rows)


def _examples(counted: Counted) -> list[str]:
    rows = [
        (moment(each.at), str(each.entity), visible(each.trigger), each.change, _outcome(each))
        for each in reversed(counted.examples)
    ]
    return table(("TIME", "ENTITY", "TRIGGER", "CHANGE", "DETAIL"), rows)


def _outcome(example: Example) -> str:
    job = f"job {example.job}" if example.job is not None else ""
    return " ".join([each for each in (visible(example.detail), job) if each])


def _as_json(counted: Counted) -> dict[str, Any]:
    return {
        "reason": counted.reason,
        "count": counted.count,
        "examples": [
            {
                "entity_id": each.entity.id,
                "entity_type": int(each.entity.kind),
                "trigger": each.trigger,
                "change_id": each.change,
                "timestamp": each.at,
                "detail": each.detail,
                "job": each.job,
            }
            for each in reversed(counted.examples)
        ],
    }
