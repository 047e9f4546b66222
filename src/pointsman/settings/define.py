"""What a document stands for, beside the catalog that there is: `engine.ports.Definer`. The file's own forms and checks say so.

Pure: it neither knows what is kept nor whether the edit may be made.
"""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.model.catalog import Catalog
from pointsman.model.definition import Built, Kind, Misfit
from pointsman.model.json import Json
from pointsman.settings.catalog import CatalogBuilder
from pointsman.settings.document_tree import DocumentTree
from pointsman.settings.people import build_person
from pointsman.settings.problem import shown
from pointsman.settings.report import Report


def define(kind: Kind, id_: str, document: Mapping[str, Json], catalog: Catalog) -> Built | Misfit:
    """What the document stands for; where it stands for nothing, all that is wrong with it, each behind the way to it.

    States, classes and scripts that it names are those of the catalog, and so are the ends of links. Triggers of types that are
    not acted on, and whatever only people and other systems use, count for nothing.
    """
    given = document.get("id", id_)
    if isinstance(given, bool) or str(given) != id_:
        return Misfit((f"id: expected {id_!r}, found {shown(given)}",))
    if kind in (Kind.USER, Kind.GROUP):
        return build_person(kind, id_, document)
    tree = DocumentTree(kind, kind.value)
    report = Report(tree.marks)
    builder = CatalogBuilder(tree.of({**document, "id": given}), report)
    class_id = document.get("class_id")
    built = list(builder.build_beside(catalog, None if class_id is None else str(class_id)))
    if len(report) or len(built) != 1:
        return Misfit(tuple([f"{each.origin}: {each.message}" for each in report.problems]))
    return built[0]
