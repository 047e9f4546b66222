"""At a start: what users have defined, beside what the configuration file defines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pointsman.core.taken import clash
from pointsman.engine.ports import Definer
from pointsman.model.access import Group, User
from pointsman.model.catalog import Catalog, Defined
from pointsman.model.definition import Definition, Kind, Misfit

ORDER = (Kind.STATE, Kind.SCRIPT, Kind.CLASS, Kind.OBJECT, Kind.LINK)
"""Each names none but those before it."""


def with_stored(
    catalog: Catalog, stored: Iterable[Definition], define: Definer
) -> tuple[Catalog, Sequence[tuple[Definition, Misfit]]]:
    """The catalog with what users have defined, and what of it stands for nothing (any more), such as an object whose class the
    file does not define any longer. That stops nothing."""
    by_kind: dict[Kind, list[Definition]] = {kind: [] for kind in ORDER}
    for definition in stored:
        if definition.kind in by_kind:
            by_kind[definition.kind].append(definition)
    lost: list[tuple[Definition, Misfit]] = []
    for kind in ORDER:
        built: list[Defined] = []
        for definition in by_kind[kind]:
            found = define(kind, definition.id, definition.document, catalog)
            if isinstance(found, Misfit):
                lost.append((definition, found))
            elif not isinstance(found, User | Group):
                if (fault := clash(catalog, found)) is None:
                    built.append(found)
                else:
                    lost.append((definition, Misfit((fault,))))
        catalog = catalog.with_definitions(*built)
    return catalog, lost
