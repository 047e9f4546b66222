"""Which parts of the graph can keep themselves going, without a further message from outside.

What goes on for ever goes round for ever in strongly connected parts of the graph, and what else happens again and again comes of
messages besides those that carry a part on. A report counts only when it says another state than the entity is in: so a state
that happens again and again has to be left again and again, for another that does. From all that may happen, what these two rules
do not allow is taken away until they hold. What is left has all that may go on, however messages are delayed, since each rule
takes away only what cannot; some of it may still be impossible.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from pointsman.core.loops.graph import Asked, Change, Edge, Graph, Node, OneOf
from pointsman.core.loops.leads import Lead
from pointsman.core.loops.reading import may_give, may_have
from pointsman.model.ids import StateId

ROUNDS = 100
"""So often something is taken away. Only long chains that hold each other up need more; what is left then is told as well."""

Part: TypeAlias = frozenset[Node]
Edges: TypeAlias = Sequence[Sequence[Edge]]


def lasting_parts(graph: Graph) -> tuple[list[Part], Edges]:
    """The parts that may keep themselves going, in the order of their first nodes, and the edges that can be taken then."""
    alive, usable = set(range(len(graph.nodes))), _Usable(graph)
    for left in reversed(range(ROUNDS)):
        edges = usable.edges(alive)
        parts = _cyclic(edges, alive)
        kept = _reachable(edges, {node for part in parts for node in _besides(edges, part)}).union(*parts)
        if kept == alive or not left:
            break
        alive = kept
    return sorted(parts, key=min), edges


class _Usable:
    """The edges that can be taken when only some nodes happen again and again.

    A state has to be left to be entered again, and a trigger may ask for which; an operation's text may ask for something in the
    message that set it off.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._picky = any(lead.needs for vertex in graph.vertices for lead in vertex.leads)
        self._has: dict[tuple[str, frozenset[str], bool], bool] = {}

    def edges(self, alive: set[Node]) -> Edges:
        states, messages = _states(self._graph, alive), self._messages(alive) if self._picky else {}

        def usable(node: Node, edge: Edge) -> bool:
            meaning, lead = self._graph.nodes[node], edge.lead
            if edge.target not in alive or lead is None or isinstance(meaning, OneOf):
                return edge.target in alive
            if lead.needs and not any(self._has_all(message, lead) for message in messages.get(node, ())):
                return False
            return isinstance(meaning, Asked) or any(
                state != meaning.state and state in lead.previous for state in states[meaning.vertex]
            )

        found = enumerate(self._graph.edges)
        return [[edge for edge in edges if usable(node, edge)] if node in alive else () for node, edges in found]

    def _messages(self, alive: set[Node]) -> Mapping[Node, set[str]]:
        """The messages that lead to each node."""
        found: dict[Node, set[str]] = defaultdict(set)
        for node in alive:
            for edge in self._graph.edges[node]:
                if edge.lead is not None:
                    found[edge.target].add(edge.lead.reading.message)
        for node in [node for node in found if isinstance(self._graph.nodes[node], OneOf)]:
            for edge in self._graph.edges[node]:
                found[edge.target] |= found[node]
        return found

    def _has_all(self, message: str, lead: Lead) -> bool:
        key = (message, lead.needs, lead.trigger is None)
        if key not in self._has:
            has = may_give if lead.trigger is None else may_have
            self._has[key] = all(has(message, name) for name in lead.needs)
        return self._has[key]


def _states(graph: Graph, nodes: Iterable[Node]) -> dict[int, set[StateId]]:
    """The states that the entities of each vertex change to."""
    states: dict[int, set[StateId]] = defaultdict(set)
    for node in nodes:
        meaning = graph.nodes[node]
        if isinstance(meaning, Change):
            states[meaning.vertex].add(meaning.state)
    return states


def _besides(edges: Edges, part: Part) -> set[Node]:
    """What messages lead to that go out besides one that stays in the part."""
    found: set[Node] = set()
    for node in part:
        staying = {edge.slot for edge in edges[node] if edge.target in part}
        for edge in edges[node]:
            repeats = edge.lead is not None and edge.lead.trigger is not None and edge.lead.trigger.every_ms > 0
            if edge.lead is not None and (repeats or staying - {edge.slot}):
                found.add(edge.target)
    return found


def _reachable(edges: Edges, sources: set[Node]) -> set[Node]:
    found, waiting = set(sources), list(sources)
    while waiting:
        for edge in edges[waiting.pop()]:
            if edge.target not in found:
                found.add(edge.target)
                waiting.append(edge.target)
    return found


def _cyclic(edges: Edges, nodes: Iterable[Node]) -> list[Part]:
    """The strongly connected parts in which there is a cycle (Tarjan's algorithm, without recursion)."""
    index: dict[Node, int] = {}
    lowest: dict[Node, int] = {}
    open_: dict[Node, None] = {}
    found: list[Part] = []
    for root in nodes:
        if root in index:
            continue
        path = [(root, iter(edges[root]))]
        index[root] = lowest[root] = len(index)
        open_[root] = None
        while path:
            node, rest = path[-1]
            for edge in rest:
                if edge.target not in index:
                    index[edge.target] = lowest[edge.target] = len(index)
                    open_[edge.target] = None
                    path.append((edge.target, iter(edges[edge.target])))
                    break
                if edge.target in open_:
                    lowest[node] = min(lowest[node], index[edge.target])
            else:
                path.pop()
                if path:
                    lowest[path[-1][0]] = min(lowest[path[-1][0]], lowest[node])
                if lowest[node] == index[node]:
                    found += _closed(open_, node, edges)
    return found


def _closed(open_: dict[Node, None], node: Node, edges: Edges) -> list[Part]:
    """Takes a part off the open nodes; none when it is one node without an edge to itself."""
    part = set()
    while node not in part:
        part.add(open_.popitem()[0])
    if len(part) == 1 and all(edge.target != node for edge in edges[node]):
        return []
    return [frozenset(part)]
