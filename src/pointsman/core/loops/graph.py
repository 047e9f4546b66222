"""What leads to what: nodes are states that entities change to and operations that they are asked for; edges are messages."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from pointsman.core.loops.leads import Lead, Slot
from pointsman.core.loops.outline import HOLES, could_be
from pointsman.core.loops.reach import Crowd, may_ask_for
from pointsman.core.loops.vertices import Vertex
from pointsman.model.ids import EntityRef, OperationId, StateId

Node: TypeAlias = int


@dataclass(frozen=True, slots=True)
class Change:
    """An entity of the vertex changes to the state."""

    vertex: int
    state: StateId


@dataclass(frozen=True, slots=True)
class Asked:
    """An entity of the vertex is asked for the operation."""

    vertex: int
    operation: OperationId


@dataclass(frozen=True, slots=True)
class OneOf:
    """A message of which it is not known whom it speaks of, or what it says: one of several."""

    of: frozenset[Node]


Meaning: TypeAlias = Change | Asked | OneOf


@dataclass(frozen=True, slots=True)
class Edge:
    """The message of a run may lead to the target. From a `OneOf` there is no message: it is one of them."""

    target: Node
    lead: Lead | None = None
    slot: Slot | None = None
    """Of edges with the same one a run takes one."""


class Graph:
    """All of it. What leads nowhere is there too, where it ends a state that something needs to begin anew."""

    def __init__(self, vertices: Sequence[Vertex]) -> None:
        self.vertices = vertices
        self.nodes: list[Meaning] = []
        self.edges: list[list[Edge]] = []
        self._known: dict[Meaning, Node] = {}
        self._single = {vertex.members[0]: number for number, vertex in enumerate(vertices) if len(vertex.members) == 1}
        self._asked = [{lead.operation.id for lead in vertex.leads if lead.trigger is None} for vertex in vertices]
        self._crowds: dict[Crowd, Sequence[int]] = {}
        self._heard: dict[tuple[Crowd, frozenset[StateId], str | None], Node | None] = {}
        for number, vertex in enumerate(vertices):
            for lead in vertex.leads:
                sources = list(self._sources(number, lead))
                target = self._target(number, lead)
                if target is not None:
                    edge = Edge(target, lead, lead.slot)
                    for source in sources:
                        self.edges[source].append(edge)

    def vertex(self, node: Node) -> Vertex:
        """The entities that a node is about. There are none of a `OneOf`."""
        meaning = self.nodes[node]
        if isinstance(meaning, OneOf):
            raise TypeError("a message that may mean several is about none of them")
        return self.vertices[meaning.vertex]

    def _node(self, meaning: Meaning) -> Node:
        node = self._known.get(meaning)
        if node is None:
            node = self._known[meaning] = len(self.nodes)
            self.nodes.append(meaning)
            self.edges.append([])
        return node

    def _sources(self, number: int, lead: Lead) -> Iterator[Node]:
        if lead.trigger is None:
            yield self._node(Asked(number, lead.operation.id))
        for state in sorted(lead.states):
            yield self._node(Change(number, state))

    def _target(self, number: int, lead: Lead) -> Node | None:
        whom = lead.reading.entity
        if not isinstance(whom, Crowd):
            meant = self._single.get(whom) if isinstance(whom, EntityRef) else number
            return None if meant is None else self._one_of(self._outcomes([meant], lead))
        key = (whom, lead.reading.states, lead.reading.operation)
        if key not in self._heard:
            self._heard[key] = self._one_of(self._outcomes(self._members(whom), lead))
        return self._heard[key]

    def _outcomes(self, numbers: Iterable[int], lead: Lead) -> Iterator[Node]:
        for number in numbers:
            for state in sorted(lead.reading.states):
                yield self._node(Change(number, state))
            if lead.reading.operation is not None:
                for operation in sorted(self._asked[number]):
                    if may_ask_for(lead.reading, operation):
                        yield self._node(Asked(number, operation))

    def _one_of(self, outcomes: Iterable[Node]) -> Node | None:
        found = list(dict.fromkeys(outcomes))
        if len(found) < 2:
            return found[0] if found else None
        node = self._node(OneOf(frozenset(found)))
        self.edges[node] = [Edge(target) for target in found]
        return node

    def _members(self, crowd: Crowd) -> Sequence[int]:
        """The vertices of which some entity may be meant."""
        if crowd not in self._crowds:
            first, *_, last = HOLES.split(crowd.id)
            pool = _beginning(self._by_id, first) if first else _beginning(self._by_end, last[::-1])
            fits = {ref for ref in pool if crowd.kind in (None, ref.kind) and could_be(crowd.id, ref.id)}
            self._crowds[crowd] = sorted({self._vertex_of[ref] for ref in fits})
        return self._crowds[crowd]

    @cached_property
    def _vertex_of(self) -> dict[EntityRef, int]:
        return {ref: number for number, vertex in enumerate(self.vertices) for ref in vertex.members}

    @cached_property
    def _by_id(self) -> list[tuple[str, EntityRef]]:
        return sorted((ref.id, ref) for ref in self._vertex_of)

    @cached_property
    def _by_end(self) -> list[tuple[str, EntityRef]]:
        return sorted((ref.id[::-1], ref) for ref in self._vertex_of)


def _beginning(pool: list[tuple[str, EntityRef]], prefix: str) -> Iterator[EntityRef]:
    for position in range(bisect_left(pool, (prefix,)), len(pool)):
        text, ref = pool[position]
        if not text.startswith(prefix):
            return
        yield ref
