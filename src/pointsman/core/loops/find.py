"""Finds the loops of a configuration: operations whose messages set each other off.

Pure, as all of the core: catalog and listeners in, loops out. Only what can be read in the configuration is followed: not what
a device answers, nor what a program publishes. A loop is one that may go on without a further message from outside; what is not
known (a value in the message of a device, a condition) may be anything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from pointsman.core.loops.graph import Edge, Graph, Node, OneOf
from pointsman.core.loops.lasting import Edges, Part, lasting_parts
from pointsman.core.loops.leads import Lead
from pointsman.core.loops.listening import Listener, Listening
from pointsman.core.loops.outline import HOLES, SELF
from pointsman.core.loops.reach import Announcing, Reach
from pointsman.core.loops.vertices import vertices
from pointsman.model.catalog import Catalog
from pointsman.model.ids import EntityRef, OperationId
from pointsman.model.trigger import StateTrigger

_Kind: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Step:
    """An operation runs for an entity, and its message leads to the next step."""

    entity: EntityRef
    operation: OperationId
    owner: str
    """What the operation belongs to: `class pump`, `object pump-1`."""
    trigger: StateTrigger | None
    """What runs it; None: the request that the step before publishes."""
    topic: str
    """Where its message goes, `…` for what is not known."""
    announces: bool
    """The message is the announcement of its job."""
    listener: Listener
    """What reads it."""


@dataclass(frozen=True, slots=True)
class Loop:
    """Steps, of which the last leads to the first again."""

    steps: tuple[Step, ...]
    alike: int = 0
    """So many loops more are like it, of other entities."""


def find_loops(
    catalog: Catalog, listeners: Sequence[Listener], announcing: Announcing | None = None, *, most: int | None = None
) -> list[Loop]:
    """The loops there may be, each once for all entities that behave alike, in the order in which things are declared.

    Where there are many ways round for the same operations, a short one is shown. Entities of a class cost next to nothing, as
    long as it makes no difference to what is read which of them it is. Raises TooMany when more than `most` have to be looked at
    one by one.
    """
    reach = Reach(catalog, Listening(listeners), announcing)
    graph = Graph(vertices(catalog, reach, most))
    if not graph.nodes:
        return []
    parts, edges = lasting_parts(graph)
    return _Telling(graph, edges).tell(parts)


class _Telling:
    """Picks the loops to be shown out of the parts that last."""

    def __init__(self, graph: Graph, edges: Edges) -> None:
        self._graph = graph
        self._edges = edges
        self._loops: list[Loop] = []
        self._told: dict[_Kind, int] = {}
        """What is in a loop already, and in which."""
        self._seen: list[set[EntityRef]] = []
        """Of each loop, the entities of which it was told, or counted."""

    def tell(self, parts: Sequence[Part]) -> list[Loop]:
        for part in parts:
            before = len(self._loops)
            kinds = [self._tell(part, node, edge, edge.lead) for node, edge in self._within(part) if edge.lead is not None]
            entities = {self._graph.vertex(node).members[0] for node, edge in self._within(part) if edge.lead is not None}
            self._seen += [set(entities) for _ in self._loops[before:]]
            if kinds and before == len(self._loops):
                self._count(self._told[kinds[0]], part, entities)
        return self._loops

    def _count(self, number: int, part: Part, entities: set[EntityRef]) -> None:
        """A part goes round as a loop that was told does: one more of it, if these are other entities."""
        if not entities <= self._seen[number]:
            self._seen[number] |= entities
            self._loops[number] = replace(self._loops[number], alike=self._loops[number].alike + self._size(part))

    def _within(self, part: Part) -> Iterator[tuple[Node, Edge]]:
        return ((node, edge) for node in sorted(part) for edge in self._edges[node] if edge.target in part)

    def _tell(self, part: Part, node: Node, edge: Edge, lead: Lead) -> _Kind:
        kind = _kind(lead)
        if kind not in self._told:
            way = self._way(part, node, edge, True) or self._way(part, node, edge, False)
            leads = [each.lead for _, each in way if each.lead is not None]
            self._told |= {_kind(each): len(self._loops) for each in leads if _kind(each) not in self._told}
            steps = _once([self._step(at, each) for (at, _), each in zip(way, leads, strict=True)])
            self._loops.append(Loop(steps, self._size({at for at, _ in way}) - 1))
        return kind

    def _way(self, part: Part, start: Node, first: Edge, strict: bool) -> list[tuple[Node, Edge]]:
        """A shortest way round that begins with an edge: nodes, each with the edge that is taken from it.

        `strict`: no entity is told the state that it is in. Empty when there is no such way.
        """
        before: dict[Node, tuple[Node, Edge]] = {}
        passed: dict[Node, set[Node]] = {}
        waiting = deque([(start, first)])
        while waiting:
            source, edge = waiting.popleft()
            if len(origins := passed.setdefault(edge.target, set())) > 1:
                continue  # What may be reached from here has been, from two sides.
            origins.add(source)
            for target in self._outcomes(edge.target):
                if target not in part or (strict and target == source):
                    continue
                if target == start:
                    way = [(source, edge)]
                    while way[-1][0] != start:
                        way.append(before[way[-1][0]])
                    return way[::-1]
                if target not in before:
                    before[target] = (source, edge)
                    waiting += [(target, each) for each in self._edges[target]]
        return []

    def _outcomes(self, node: Node) -> list[Node]:
        return [edge.target for edge in self._edges[node]] if isinstance(self._graph.nodes[node], OneOf) else [node]

    def _size(self, nodes: Iterable[Node]) -> int:
        found = [self._graph.vertex(node) for node in nodes if not isinstance(self._graph.nodes[node], OneOf)]
        return min(len(vertex.members) for vertex in found)

    def _step(self, node: Node, lead: Lead) -> Step:
        vertex = self._graph.vertex(node)
        entity, own = vertex.members[0], vertex.like.entity
        inherited = all(each.id != lead.operation.id for each in own.operations)
        return Step(
            entity=entity,
            operation=lead.operation.id,
            owner=f"class {own.class_id}" if inherited else str(entity),
            trigger=lead.trigger,
            topic=HOLES.sub("…", lead.reading.topic.replace(SELF, entity.id)),
            announces=lead.reading.part > 0,
            listener=lead.reading.listener,
        )


def _kind(lead: Lead) -> _Kind:
    return id(lead.trigger), id(lead.operation), id(lead.reading.listener)


def _once(steps: list[Step]) -> tuple[Step, ...]:
    """The steps until they repeat: a way may go twice over the same operations, with other states."""
    for length in range(1, len(steps)):
        if len(steps) % length == 0 and steps == steps[:length] * (len(steps) // length):
            return tuple(steps[:length])
    return tuple(steps)
