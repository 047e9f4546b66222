"""Entities that behave alike as one vertex, so that 100,000 of a class are looked at once.

Alike are those with the same operations and triggers whose id, name and properties make no difference to who reads what they
publish, and as what; where these do, entities are looked at one by one. One that is named by another's message is a vertex of its
own. Who publishes nothing that anybody reads is none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pointsman.core.loops.leads import Lead, Runs, View
from pointsman.core.loops.outline import Depends
from pointsman.core.loops.reach import Reach
from pointsman.model.catalog import Catalog, Resolved
from pointsman.model.ids import EntityRef

_VIEWS = (View(id=False, values=False), View(id=False, values=True), View(id=True, values=True))
"""From a look at all at once to a look at each."""


@dataclass(slots=True)
class Vertex:
    """Entities that behave alike."""

    like: Resolved
    """One of them."""
    members: list[EntityRef]
    leads: tuple[Lead, ...]


class TooMany(Exception):
    """More entities would have to be looked at one by one than was allowed."""


def vertices(catalog: Catalog, reach: Reach, most: int | None = None) -> list[Vertex]:
    """All that publish something that somebody reads. Raises TooMany when there would be more than `most`."""
    inherited = any(reach.asks(operation) for each in catalog.classes.values() for operation in each.operations)
    asked = inherited or any(reach.asks(operation) for each in catalog.entities for operation in each.entity.operations)
    found: list[Vertex] = []
    for kit in _kits(catalog.entities):
        runs = Runs(kit[0], catalog, reach, asked)
        for vertex in _alike(kit, runs, 0) if runs else ():
            found.append(vertex)
            if most is not None and len(found) > most:
                raise TooMany
    return list(_with_named_apart(found))


def _kits(entities: Iterable[Resolved]) -> Iterable[list[Resolved]]:
    """Entities with the very same operations and triggers together."""
    kits: dict[tuple[int, int, int], list[Resolved]] = defaultdict(list)
    for each in entities:
        if each.operations:
            kits[each.entity.ref.kind, id(each.operations), id(each.triggers)].append(each)
    return kits.values()


def _alike(entities: Sequence[Resolved], runs: Runs, look: int) -> Iterator[Vertex]:
    """The vertices that they are, at a look as close as has to be."""
    for some in _split(entities, _differences(runs, look)):
        try:
            leads = runs.leads(some[0], _VIEWS[look])
        except Depends:
            yield from _alike(some, runs, look + 1)
        else:
            if leads:
                yield Vertex(some[0], [each.entity.ref for each in some], leads)


def _differences(runs: Runs, look: int) -> Callable[[Resolved], Hashable] | None:
    """What tells entities apart at this look; None: nothing."""
    match look:
        case 0 if runs.properties:
            return lambda each: tuple([name in each.properties for name in runs.properties])
        case 1 if runs.named or runs.properties:
            return lambda each: (each.entity.name if runs.named else "", *[repr(each.properties.get(x)) for x in runs.properties])
        case 2:
            return lambda each: each.entity.ref
    return None


def _split(entities: Sequence[Resolved], difference: Callable[[Resolved], Hashable] | None) -> Iterable[Sequence[Resolved]]:
    if difference is None or len(entities) < 2:
        return [entities]
    groups: dict[Hashable, list[Resolved]] = defaultdict(list)
    for each in entities:
        groups[difference(each)].append(each)
    return groups.values()


def _with_named_apart(found: Sequence[Vertex]) -> Iterator[Vertex]:
    named = {lead.reading.entity for vertex in found for lead in vertex.leads if isinstance(lead.reading.entity, EntityRef)}
    for vertex in found:
        apart = [ref for ref in vertex.members if ref in named] if named and len(vertex.members) > 1 else []
        yield from (replace(vertex, members=[ref]) for ref in apart)
        if len(apart) < len(vertex.members):
            rest = vertex.members if not apart else [ref for ref in vertex.members if ref not in named]
            yield replace(vertex, members=rest)
