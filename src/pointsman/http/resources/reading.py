"""Things as they are: a definition with what the store says of it at present, within the caller's reach."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pointsman.http import decision
from pointsman.http.problems import Refusal
from pointsman.http.resources.document import (
    ENTITY_KINDS,
    OwnedOperation,
    Property,
    class_of,
    inherited_operations,
    inherited_properties,
    name_of,
    texts,
)
from pointsman.http.services import Services
from pointsman.model.access import Caller
from pointsman.model.definition import Definition, Kind
from pointsman.model.ids import EntityId, EntityRef, OwnerType, StateId
from pointsman.model.json import Json
from pointsman.store.reads import definitions
from pointsman.store.reads.family import Children, children
from pointsman.store.reads.present import Present, present
from pointsman.store.reads.reader import Reader

PAGE = 500
"""So many definitions are read at a time: memory stays the same however long a list is."""
_KINDS = {kind: owner for owner, kind in ENTITY_KINDS.items()}
_NO_CHILDREN = Children()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityView:
    """An object or a link as it is."""

    definition: Definition
    parent: Definition | None
    """Its class."""
    present: Present
    children: Children = field(default_factory=Children)

    @property
    def ref(self) -> EntityRef:
        """Which one."""
        return ref_of(self.definition)

    @property
    def properties(self) -> list[Property]:
        """Its own and its class's, each with the value that it has now."""
        values = self.present.values
        return [
            each
            if each.name not in values
            else Property(id=each.id, name=each.name, value=values[each.name], type_id=each.type_id, owner=each.owner)
            for each in inherited_properties(self.definition, self.parent)
        ]

    @property
    def operations(self) -> list[OwnedOperation]:
        """Its own and its class's."""
        return inherited_operations(self.definition, self.parent)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityFilter:
    """Which entities are asked for: those that meet all that is given."""

    ids: Collection[str] | None = None
    classes: Collection[str] | None = None
    parents: Collection[str] | None = None
    """Those that belong to one of these objects."""
    tags: Collection[str] | None = None
    """Those that have one of these."""
    states: Collection[StateId] | None = None
    """Those that are in one of these; what never reported is in none."""
    text: str = ""
    """Is in the name, in whatever case."""

    def takes(self, definition: Definition) -> bool:
        """Whether the definition is one of these, as far as it says."""
        document = definition.document
        return (
            (self.ids is None or definition.id in self.ids)
            and (self.classes is None or class_of(definition) in self.classes)
            and (self.parents is None or any(each in self.parents for each in texts(document.get("parent_id"))))
            and (self.tags is None or any(str(each) in self.tags for each in _listed(document.get("tags"))))
            and self.text.casefold() in name_of(definition).casefold()
        )


ANY = EntityFilter()


def ref_of(definition: Definition) -> EntityRef:
    """The entity that is defined."""
    return EntityRef(_KINDS[definition.kind], EntityId(definition.id))


def reaches(caller: Caller, definition: Definition) -> bool:
    """Whether it is within the caller's reach; what is no entity is for all."""
    if definition.kind not in _KINDS:
        return True
    ends = [definition.document.get(name) for name in ("source", "target")]
    return decision.reaches(
        caller, decision.Target(ref_of(definition), tuple([EntityId(end) for end in ends if isinstance(end, str)]))
    )


async def defined(services: Services, kind: Kind, id_: str) -> Definition:
    """The definition of that id. Raises Refusal (404)."""
    found = await services.look(definitions.one, services.reader, kind, id_)
    if found is None:
        raise Refusal.not_found(f"{kind} {id_}")
    return found


async def defined_pages(services: Services, kind: Kind, text: str = "") -> AsyncIterator[list[Definition]]:
    """All definitions of a kind, in the order of their ids, page by page; `text` is in their names, in whatever case."""
    after: str | None = None
    while page := await services.look(definitions.page, services.reader, (kind,), after=after, limit=PAGE):
        yield [each for each in page if text.casefold() in name_of(each).casefold()]
        after = page[-1].id


async def definitions_of(services: Services, kind: Kind, text: str, *, after: str | None, limit: int) -> list[Definition]:
    """The first definitions of a kind in the order of their ids, at most `limit`, from the one after `after` on; `text` is in
    their names, in whatever case."""
    found: list[Definition] = []
    while len(found) < limit and (
        page := await services.look(definitions.page, services.reader, (kind,), after=after, limit=PAGE)
    ):
        found += [each for each in page if text.casefold() in name_of(each).casefold()]
        after = page[-1].id
    return found[:limit]


async def defined_entity(services: Services, ref: EntityRef) -> Definition:
    """The definition of an entity. Raises Refusal (404)."""
    return await defined(services, ENTITY_KINDS[ref.kind], ref.id)


async def entity(services: Services, ref: EntityRef) -> EntityView:
    """The entity as it is. Raises Refusal (404)."""
    definition = await defined_entity(services, ref)

    def look(reader: Reader) -> EntityView:
        known = children(reader, ref.id) if ref.kind is OwnerType.OBJECT else {}
        return next(_views(reader, [definition], known))

    return await services.look(look, services.reader)


async def family(services: Services) -> Mapping[str, Children]:
    """What belongs to which object."""
    return await services.look(children, services.reader)


async def entities(
    services: Services,
    kinds: Collection[Kind],
    caller: Caller,
    which: EntityFilter = ANY,
    *,
    after: str | None = None,
    limit: int = PAGE,
    known: Mapping[str, Children] | None = None,
) -> list[EntityView]:
    """The first entities of these kinds in the order of their ids, at most `limit`, from the one after `after` on.

    `known` is what belongs to which object; without it, nobody has children.
    """

    def look(reader: Reader) -> list[EntityView]:
        found: list[EntityView] = []
        for page in _pages(reader, kinds, which, after):
            some = [each for each in page if reaches(caller, each) and which.takes(each)]
            found += [each for each in _views(reader, some, known or {}) if _is_in(each, which)]
            if len(found) >= limit:
                break
        return found[:limit]

    return await services.look(look, services.reader)


def _pages(reader: Reader, kinds: Collection[Kind], which: EntityFilter, after: str | None) -> Iterator[list[Definition]]:
    if which.ids is not None and len(which.ids) <= PAGE:
        ids = [each for each in which.ids if after is None or each > after]
        named = [each for kind in kinds for each in definitions.many(reader, kind, ids).values()]
        yield sorted(named, key=lambda each: each.id)
        return
    while page := definitions.page(reader, kinds, after=after, limit=PAGE):
        yield page
        after = page[-1].id


def _views(reader: Reader, some: Sequence[Definition], known: Mapping[str, Children]) -> Iterator[EntityView]:
    if not some:
        return
    parents = definitions.many(reader, Kind.CLASS, sorted({id_ for each in some if (id_ := class_of(each)) is not None}))
    now = present(reader, [ref_of(each) for each in some])
    for each in some:
        yield EntityView(
            definition=each,
            parent=parents.get(class_of(each) or ""),
            present=now[ref_of(each)],
            children=known.get(each.id, _NO_CHILDREN) if each.kind is Kind.OBJECT else _NO_CHILDREN,
        )


def _is_in(view: EntityView, which: EntityFilter) -> bool:
    if which.states is None:
        return True
    return view.present.state is not None and view.present.state.state in which.states


def _listed(value: Json) -> Sequence[Json]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()
