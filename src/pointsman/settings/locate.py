"""Where operations are written. Found by reading the files once more: only a warning, when there is one, wants to know."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from pointsman.settings.load import read_files
from pointsman.settings.problem import Origin
from pointsman.settings.report import Report
from pointsman.settings.sources import Sources
from pointsman.settings.tree import Map, Seq

_SECTIONS = {"classes": "class", "objects": "object", "links": "link"}


def operation_origins(path: Path, wanted: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], Origin]:
    """The places of operations, each given as its owner (`class pump`, `object pump-1`) and its id, as far as they are found."""
    sources = Sources()
    report = Report(sources)
    tree = read_files(path, report, sources)
    return {key: report.origin(node, ("operations", index)) for key, node, index in _operations(tree) if key in wanted}


def _operations(tree: Map) -> Iterator[tuple[tuple[str, str], Map, int]]:
    for section, word in _SECTIONS.items():
        for owner in _maps(tree.get(section)):
            for index, operation in enumerate(_items(owner.get("operations"))):
                if isinstance(operation, Map):
                    yield (f"{word} {owner.get('id')}", str(operation.get("id"))), owner, index


def _items(value: object) -> Seq:
    return value if isinstance(value, Seq) else Seq(0)


def _maps(value: object) -> Iterator[Map]:
    return (item for item in _items(value) if isinstance(item, Map))
