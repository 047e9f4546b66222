"""Which programs of the configuration could not run on this machine. Looks at files; runs nothing."""

from __future__ import annotations

from collections.abc import Iterator

from pointsman.model.catalog import Catalog
from pointsman.model.entity import Class, Entity
from pointsman.model.operation import FileSystem, ProgramOperation, ScriptReference, ScriptText
from pointsman.programs.paths import program_fault
from pointsman.programs.policy import ProgramPolicy
from pointsman.programs.scripts import script_fault
from pointsman.settings import Configuration
from pointsman.wiring import program_policy


def program_faults(given: Configuration) -> Iterator[str]:
    """What keeps programs from running on this machine, each once."""
    policy = program_policy(given.settings)
    operations = list(_program_operations(given.catalog))
    if operations and not policy.enabled:
        yield f"programs.enabled is false: operations and triggers that run programs ({len(operations)}) will fail"
        return
    for where, operation in operations:
        if fault := _program_fault(operation, given.catalog, policy):
            yield f"{where}: {fault}"


def _program_operations(catalog: Catalog) -> Iterator[tuple[str, ProgramOperation]]:
    owners: list[tuple[str, Class | Entity]] = [(f"class {each.id}", each) for each in catalog.classes.values()]
    owners += [(str(resolved.entity.ref), resolved.entity) for resolved in catalog.entities]
    for where, owner in owners:
        for operation in owner.operations:
            if isinstance(operation, ProgramOperation):
                yield f"{where}, operation {operation.id}", operation
        for trigger in owner.triggers:
            if trigger.program is not None:
                yield trigger.origin, trigger.program


def _program_fault(operation: ProgramOperation, catalog: Catalog, policy: ProgramPolicy) -> str | None:
    match operation.program:
        case FileSystem(path):
            return program_fault(path, policy)
        case ScriptText(text):
            return script_fault(text.source, policy)
        case ScriptReference(script):
            found = catalog.scripts.get(script)
            return script_fault(found.text, policy) if found else None
