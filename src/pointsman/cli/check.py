"""`pointsman check`: reads the configuration as `run` would, and looks for missing programs and for loops. Opens nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pointsman.cli.configured import configuration, configuration_path
from pointsman.cli.output import counted, print_json, wants_json
from pointsman.cli.verb import verb
from pointsman.errors import ConfigurationError

if TYPE_CHECKING:
    from pointsman.model.entity import Class, Entity
    from pointsman.settings import Configuration


@verb("check")
@click.option("--strict", is_flag=True, help="Warnings, of programs that could not run on this machine and of loops, are errors.")
@click.option("--tests", is_flag=True, help="Run its tests too, on a virtual clock.")
def command(strict: bool, tests: bool) -> int:
    """Check the configuration: everything that is wrong with it, each as file:line:col.

    Operations whose messages may set each other off without end are a warning, as are programs that could not run on this
    machine.

    Connects to nothing and writes nothing. Exit code 0: it is right; 78: it is not; 1: it is, but a test failed.
    """
    from pointsman.cli.check_loops import loop_warnings
    from pointsman.cli.check_programs import program_faults
    from pointsman.cli.check_tests import as_json, in_words, perform_all

    given = configuration()
    warnings = [*program_faults(given), *loop_warnings(given, configuration_path())]
    if warnings and strict:
        raise ConfigurationError("\n".join(warnings))
    warnings += map(str, given.warnings)
    counts = _counts(given)
    performed = perform_all(given) if tests else []
    failed = any(each.faults for each in performed)
    if wants_json():
        run = {"tests": [as_json(each) for each in performed]} if tests else {}
        print_json({"ok": not failed, "counts": counts, "warnings": warnings, **run})
        return int(failed)
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo("OK: " + ", ".join([_counted(name, count) for name, count in counts.items() if count]))
    if tests:
        click.echo("\n".join(in_words(performed)))
    return int(failed)


def _counts(given: Configuration) -> dict[str, int]:
    from pointsman.model.ids import OwnerType

    catalog = given.catalog
    definers: list[Class | Entity] = [*catalog.classes.values(), *[resolved.entity for resolved in catalog.entities]]
    kinds = [resolved.entity.ref.kind for resolved in catalog.entities]
    return {
        "states": len(catalog.states),
        "classes": len(catalog.classes),
        "objects": kinds.count(OwnerType.OBJECT),
        "links": kinds.count(OwnerType.LINK),
        "operations": sum([len(each.operations) for each in definers]),
        "triggers": sum([len(each.triggers) for each in definers]),
        "scripts": len(catalog.scripts),
        "intake_rules": len(given.rules),
        "reply_rules": len(given.replies),
        "tests": len(given.scenarios),
    }


def _counted(name: str, count: int) -> str:
    plural = name.replace("_", " ")
    return counted(count, "class" if name == "classes" else plural[:-1], plural)
