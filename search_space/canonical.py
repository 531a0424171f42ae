"""The one numbering of a cell's nodes that all isomorphic cells share.

Of all topological orders the canonical one has the lexicographically smallest encoding, where a node is encoded by
its incoming edges in terms of the numbers already given. The order is exact, not a hash: two cells get the same
encoding if and only if they are isomorphic.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TypeAlias

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


def numbering(graph: Graph) -> dict[int, int]:
    """The canonical number of every node, in rising order; the inputs 0 and 1 keep theirs. `graph` has no cycle."""
    return _Numbering(graph).walk([], {0: 0, 1: 1})[1]


class _Numbering:
    """Numbers nodes one by one, always the ready one with the smallest code, and tries each of those that tie."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.users = graph.users()
        self._symmetry: dict[int, int] | None = None

    def walk(self, ready: list[tuple[NodeCode, int]], numbers: dict[int, int]) -> tuple[list[NodeCode], dict[int, int]]:
        """Numbers what is left; `ready` is a heap of nodes whose sources all have numbers, empty at the start."""
        if len(numbers) == len(INPUTS):
            for node in self.graph.incoming:
                self._offer(node, ready, numbers)
        codes: list[NodeCode] = []
        while ready:
            code, node = heappop(ready)
            if ready and ready[0][0] == code:
                tail, numbers = self._best_branch(code, node, ready, numbers)
                return codes + tail, numbers
            codes.append(code)
            self._place(node, ready, numbers)
        return codes, numbers

    def _place(self, node: int, ready: list[tuple[NodeCode, int]], numbers: dict[int, int]) -> None:
        numbers[node] = len(numbers)
        for user in dict.fromkeys(user for user, _ in self.users[node]):
            self._offer(user, ready, numbers)

    def _offer(self, node: int, ready: list[tuple[NodeCode, int]], numbers: dict[int, int]) -> None:
        try:
            edges = sorted([(numbers[source], operator) for source, operator in self.graph.incoming[node]])
        except KeyError:
            return  # a source is not numbered yet; its numbering will offer this node again
        heappush(ready, ((edges, node in self.graph.joined, node in self.graph.outputs), node))

    def _best_branch(
        self, code: NodeCode, node: int, ready: list[tuple[NodeCode, int]], numbers: dict[int, int]
    ) -> tuple[list[NodeCode], dict[int, int]]:
        tied = [node, *(other for other_code, other in ready if other_code == code)]
        waiting = [*ready, (code, node)]
        branches = []
        for candidate in self._worth_trying(tied):
            heap = sorted(entry for entry in waiting if entry[1] != candidate)
            own_numbers = dict(numbers)
            self._place(candidate, heap, own_numbers)
            codes, own_numbers = self.walk(heap, own_numbers)
            branches.append(([code, *codes], own_numbers))
        return min(branches, key=lambda branch: branch[0])

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
