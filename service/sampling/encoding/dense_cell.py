"""Cells whose nodes are fixed and whose every edge carries an operator, as in NAS-Bench-201.

Dong and Yang 2020, "NAS-Bench-201", arXiv 2001.00326: node 0 is the input, the last node the output, a node is the
sum of what arrives on its edges.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from service.sampling.encoding.base import Answers, Features, View, one_hot

Link: TypeAlias = tuple[int, int]
Expression: TypeAlias = tuple[tuple[int, "Expression"], ...]

BUCKETS = 1021  # sequences of operators share columns where there are more of them than this


@dataclass(frozen=True)
class DenseCell:
    """A decision for each of `links` (source, target), answered by an operator's index.

    `none` is the operator that cuts an edge, `identity` the one that passes its source on unchanged; None where
    the space has no such operator.
    """

    links: Mapping[str, Link]
    operators: int
    none: int | None
    identity: int | None

    def __post_init__(self) -> None:
        if not self.links or any(not 0 <= source < target for source, target in self.links.values()):
            raise ValueError("a dense cell has links, and each runs forward")

    @property
    def choices(self) -> Mapping[str, int]:
        """An operator for each link."""
        return dict.fromkeys(self.links, self.operators)

    def views(self, answers: Answers) -> tuple[View, ...]:
        """The function that a cell computes, and the cell as it stands, dead edges included."""
        counts = [self.operators] * len(self.links)
        alive = self.pruned(answers, cut=-1)
        edges, raw = one_hot(alive, counts), one_hot(answers, counts)
        return (edges, self._paths(answers), self._totals(edges)), (raw, self._totals(raw))

    def key(self, row: Sequence[int]) -> Hashable:
        """The function that the cell computes, as a nested sum in a fixed order."""
        nodes: dict[int, Expression] = {0: ((-1, ()),)}
        for (source, target), operator in sorted(zip(self.links.values(), row, strict=True), key=lambda edge: edge[0]):
            term = nodes.get(source, ())
            if operator != self.none and term:
                arriving = term if operator == self.identity else ((int(operator), term),)
                nodes[target] = tuple(sorted((*nodes.get(target, ()), *arriving)))
        return nodes.get(self._output, ())

    def pruned(self, answers: Answers, cut: int) -> Answers:
        """`answers` with `cut` on every edge that carries nothing from the input to the output."""
        open_edges = {link: answers[:, i] != self.none for i, link in enumerate(self.links.values())}
        reached = {0: np.ones(len(answers), dtype=bool)}
        used = {self._output: np.ones(len(answers), dtype=bool)}
        nothing = np.zeros(len(answers), dtype=bool)
        for source, target in sorted(open_edges):
            reached[target] = reached.get(target, nothing) | (open_edges[source, target] & reached.get(source, nothing))
        for source, target in sorted(open_edges, key=lambda link: -link[1]):
            used[source] = used.get(source, nothing) | (open_edges[source, target] & used.get(target, nothing))
        alive = [
            open_edges[link] & reached.get(link[0], nothing) & used.get(link[1], nothing)
            for link in self.links.values()
        ]
        return np.where(np.stack(alive, axis=1), answers, cut)

    @property
    def _output(self) -> int:
        return max(target for _, target in self.links.values())

    def _totals(self, edges: Features) -> Features:
        """How many edges carry each operator."""
        return edges.reshape(len(edges), len(self.links), self.operators).sum(axis=1)

    def _paths(self, answers: Answers) -> Features:
        """How many paths from input to output carry each sequence of operators, identities left out."""
        columns = min(BUCKETS, (self.operators + 1) ** max(map(len, self._walks)))
        counts = np.zeros((len(answers), columns))
        for walk in self._walks:
            code, whole = self._sequence(answers[:, list(walk)])
            counts[np.flatnonzero(whole), code[whole] % columns] += 1
        return counts

    def _sequence(self, operators: Answers) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """A number for each row's sequence of operators, and whether no edge of it is cut."""
        code = np.zeros(len(operators), dtype=np.intp)
        whole = np.ones(len(operators), dtype=bool)
        for column in operators.T:
            whole &= column != self.none
            code = np.where(column == self.identity, code, code * (self.operators + 1) + column + 1)
        return code, whole

    @cached_property
    def _walks(self) -> tuple[tuple[int, ...], ...]:
        """Every way from input to output, as indices of links."""
        links = list(self.links.values())

        def onward(node: int) -> Iterator[tuple[int, ...]]:
            if node == self._output:
                yield ()
            for index, (source, target) in enumerate(links):
                if source == node:
                    yield from ((index, *rest) for rest in onward(target))

        return tuple(onward(0))
