"""`pointsman check`: reads the configuration as `run` would, and looks at the programs that it names. Opens nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from pointsman.cli.configured import configuration
from pointsman.cli.output import counted, print_json, wants_json
from pointsman.cli.verb import verb
from pointsman.errors import ConfigurationError

if TYPE_CHECKING:
    from pointsman.model.catalog import Catalog
    from pointsman.model.entity import Class, Entity
    from pointsman.model.operation import ProgramOperation
    from pointsman.programs.policy import ProgramPolicy
    from pointsman.settings import Configuration

_PLURALS = {"class": "classes"}


@verb("check")
@click.option("--strict", is_flag=True, help="Programs that could not run on this machine are errors, not warnings.")
def command(strict: bool) -> None:
    """Check the configuration: everything that is wrong with it, each as file:line:col.

    Connects to nothing and writes nothing. Exit code 0: it is right; 78: it is not.
    """
    given = configuration()
    warnings = list(_program_faults(given))
    if warnings and strict:
        raise ConfigurationError("\n".join(warnings))
    counts = _counts(given)
    if wants_json():
        print_json(
            {
                "ok": True,
                "counts": {_PLURALS.get(name, f"{name}s"): count for name, count in counts.items()},
                "warnings": warnings,
            }
        )
        return
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo("OK: " + ", ".join([counted(count, name, _PLURALS.get(name, "")) for name, count in counts.items() if count]))


def _counts(given: Configuration) -> dict[str, int]:
    from pointsman.model.ids import OwnerType

    catalog = given.catalog
    definers: list[Class | Entity] = [*catalog.classes.values(), *[resolved.entity for resolved in catalog.entities]]
    kinds = [resolved.entity.ref.kind for resolved in catalog.entities]
    return {
        "state": len(catalog.states),
        "class": len(catalog.classes),
        "object": kinds.count(OwnerType.OBJECT),
        "link": kinds.count(OwnerType.LINK),
        "operation": sum([len(each.operations) for each in definers]),
        "trigger": sum([len(each.triggers) for each in definers]),
        "script": len(catalog.scripts),
        "intake rule": len(given.rules),
    }


def _program_faults(given: Configuration) -> Iterator[str]:
    """What keeps programs from running on this machine, each operation once."""
    from pointsman.daemon import program_policy

    policy = program_policy(given.settings)
    operations = list(_program_operations(given.catalog))
    if operations and not policy.enabled:
        yield f"programs.enabled is false: operations that run programs ({len(operations)}) will fail"
        return
    for where, operation in operations:
        if fault := _program_fault(operation, given.catalog, policy):
            yield f"{where}, operation {operation.id}: {fault}"


def _program_operations(catalog: Catalog) -> Iterator[tuple[str, ProgramOperation]]:
    from pointsman.model.operation import ProgramOperation

    places = [(f"class {each.id}", each.operations) for each in catalog.classes.values()]
    places += [(str(resolved.entity.ref), resolved.entity.operations) for resolved in catalog.entities]
    for where, operations in places:
        for operation in operations:
            if isinstance(operation, ProgramOperation):
                yield where, operation


def _program_fault(operation: ProgramOperation, catalog: Catalog, policy: ProgramPolicy) -> str | None:
    from pointsman.model.operation import FileSystem, ScriptReference, ScriptText
    from pointsman.programs.paths import program_fault
    from pointsman.programs.scripts import script_fault

    match operation.program:
        case FileSystem(path):
            return program_fault(path, policy)
        case ScriptText(text):
            return script_fault(text.source, policy)
        case ScriptReference(script):
            found = catalog.scripts.get(script)
            return script_fault(found.text, policy) if found else None
