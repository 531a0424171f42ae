"""The one numbering of a cell's nodes that all isomorphic cells share.

Of all topological orders the canonical one has the lexicographically smallest encoding, where a node is encoded by
its incoming edges in terms of the numbers already given. The order is exact, not a hash: two cells get the same
encoding if and only if they are isomorphic.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import NamedTuple, TypeAlias

Links: TypeAlias = Mapping[int, list[tuple[int, str]]]
NodeCode: TypeAlias = tuple[list[tuple[int, str]], bool, bool]
INPUTS = (0, 1)


@dataclass(frozen=True, slots=True)
class Graph:
    """A cell as drawn: for every inner node its (source, operator) pairs, and which nodes are joined or given out."""

    incoming: Links
    joined: Collection[int]
    outputs: Collection[int]

    def users(self) -> dict[int, list[tuple[int, str]]]:
        """For every inner node the (target, operator) pairs of the edges that leave it."""
        users: dict[int, list[tuple[int, str]]] = {node: [] for node in self.incoming}
        for target, sources in self.incoming.items():
            for source, operator in sources:
                if source not in INPUTS:
                    users[source].append((target, operator))
        return users


def numbering(graph: Graph) -> tuple[dict[int, int], list[NodeCode]]:
    """The canonical number of every node, in rising order; the inputs 0 and 1 keep theirs. `graph` has no cycle.

    Beside them the codes of the inner nodes in that order: the incoming edges of each, by number, which are sorted.
    """
    return _Numbering(graph).walk()


class _State(NamedTuple):
    """How far a numbering is."""

    numbers: dict[int, int]
    ready: list[tuple[NodeCode, int]]
    """A heap of the nodes whose sources all have numbers."""
    lacking: dict[int, int]
    """How many edges into a node come from nodes that have none yet."""


class _Numbering:
    """Numbers nodes one by one, always the ready one with the smallest code, and tries each of those that tie."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.users = graph.users()
        self._symmetry: dict[int, int] | None = None

    def walk(self) -> tuple[dict[int, int], list[NodeCode]]:
        """Numbers and codes of the whole graph."""
        numbers = {node: node for node in INPUTS}
        state = _State(numbers, [], dict.fromkeys(self.graph.incoming, 0))
        for users in self.users.values():
            for user, _ in users:
                state.lacking[user] += 1
        for node, lacks in state.lacking.items():
            if not lacks:
                self._offer(node, state)
        return self._rest(state)

    def _rest(self, state: _State) -> tuple[dict[int, int], list[NodeCode]]:
        """Numbers what is left."""
        codes: list[NodeCode] = []
        ready = state.ready
        while ready:
            code, node = heappop(ready)
            if ready and ready[0][0] == code:
                numbers, tail = self._best_branch(code, node, state)
                return numbers, codes + tail
            codes.append(code)
            self._place(node, state)
        return state.numbers, codes

    def _place(self, node: int, state: _State) -> None:
        state.numbers[node] = len(state.numbers)
        lacking = state.lacking
        for user, _ in self.users[node]:
            lacking[user] -= 1
            if not lacking[user]:
                self._offer(user, state)

    def _offer(self, node: int, state: _State) -> None:
        numbers = state.numbers
        edges = sorted([(numbers[source], operator) for source, operator in self.graph.incoming[node]])
        heappush(state.ready, ((edges, node in self.graph.joined, node in self.graph.outputs), node))

    def _best_branch(self, code: NodeCode, node: int, state: _State) -> tuple[dict[int, int], list[NodeCode]]:
        tied = [node, *(other for other_code, other in state.ready if other_code == code)]
        waiting = [*state.ready, (code, node)]
        branches = []
        for candidate in self._worth_trying(tied):
            heap = sorted(entry for entry in waiting if entry[1] != candidate)
            branch = _State(dict(state.numbers), heap, dict(state.lacking))
            self._place(candidate, branch)
            numbers, codes = self._rest(branch)
            branches.append((numbers, [code, *codes]))
        return min(branches, key=lambda branch: branch[1])

    def _worth_trying(self, tied: list[int]) -> list[int]:
        """Those of the tied nodes that can lead to different encodings; twins with the same users cannot."""
        if self._symmetry is None:
            self._symmetry = _symmetry(self.graph, self.users)
        lowest = min(self._symmetry[node] for node in tied)
        distinct = {tuple(sorted(self.users[node])): node for node in tied if self._symmetry[node] == lowest}
        return list(distinct.values())


def _symmetry(graph: Graph, users: Links) -> dict[int, int]:
    """A class for every node, from all that surrounds it, refined until it splits no further (Weisfeiler, Leman 1968).

    Nodes that an isomorphism may exchange share a class, so to prefer a lower class keeps the numbering canonical.
    """
    classes = {node: 2 * (node in graph.joined) + (node in graph.outputs) for node in graph.incoming}
    for _ in graph.incoming:
        seen = {**classes, 0: -2, 1: -1}
        views = {
            node: (
                classes[node],
                sorted((operator, seen[source]) for source, operator in graph.incoming[node]),
                sorted((operator, seen[target]) for target, operator in users[node]),
            )
            for node in graph.incoming
        }
        ordered: list[tuple[int, list[tuple[str, int]], list[tuple[str, int]]]] = []
        for view in sorted(views.values()):
            if not ordered or ordered[-1] != view:
                ordered.append(view)
        classes = {node: ordered.index(view) for node, view in views.items()}
    return classes
