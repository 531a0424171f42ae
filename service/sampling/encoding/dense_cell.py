"""Cells whose nodes are fixed and whose every edge carries an operator, as in NAS-Bench-201.

Dong and Yang 2020, "NAS-Bench-201", arXiv 2001.00326: node 0 is the input, the last node the output, a node is the
sum of what arrives on its edges.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from service.sampling.encoding.base import Answers, Features, View, one_hot
from service.sampling.encoding.dense_function import DenseFunction, Link

BUCKETS = 1021  # sequences of operators share columns where there are more of them than this


@dataclass(frozen=True)
class DenseCell:
    """A decision for each of `links` (source, target), answered by an operator's index.

    `none` is the operator that cuts an edge, `identity` the one that passes its source on unchanged; None where
    the space has no such operator. Where `dead_edges_count`, cells that compute the same may still differ in value, as
    those do that were trained and timed with their dead edges.

    Raises ValueError for links that are no such cell: one that runs backwards, two between the same nodes, an input
    other than node 0, or a second output. What such a cell computes is another thing, and nothing is told of it here.
    """

    links: Mapping[str, Link]
    operators: int
    none: int | None
    identity: int | None
    dead_edges_count: bool = False

    def __post_init__(self) -> None:
        if not self.links or any(not 0 <= source < target for source, target in self.links.values()):
            raise ValueError("a dense cell has links, and each runs forward")
        ends = list(self.links.values())
        sources, targets = map(set, zip(*ends, strict=True))
        if sources - targets != {0} or len(targets - sources) > 1:
            raise ValueError("a dense cell has one input, node 0, and one output")
        if len(set(ends)) < len(ends):
            raise ValueError("a dense cell has one link between two nodes")

    @property
    def choices(self) -> Mapping[str, int]:
        """An operator for each link."""
        return dict.fromkeys(self.links, self.operators)

    def views(self, answers: Answers) -> tuple[View, ...]:
        """What a cell computes, then the operators that are paid for: on which edges, and how many of each.

        A dead edge that counts is paid for where everything is run as it is written. A compiler drops what leads
        nowhere, but not what reads nothing but zeros.
        """
        counts = [self.operators] * len(self.links)
        alive = one_hot(self.pruned(answers, cut=-1), counts)
        contexts = self._function.contexts(answers)
        function = (self._totals(alive), self._traffic(alive), self._paths(answers), *self._lengths(answers), contexts)
        paid = [alive]
        if self.dead_edges_count:
            paid = [one_hot(self._with_end(answers, cut=-1), counts), one_hot(answers, counts)]
        return function, *(view for edges in paid for view in ((edges, self._totals(edges)), (self._totals(edges),)))

    def functions(self, answers: Answers) -> NDArray[np.intp]:
        """Equal for cells that compute the same along whichever edges."""
        return self._function.numbers(answers)

    def simplest(self, answers: Answers) -> Answers:
        """The same cells, without the edges that carry nothing from the input to the output."""
        return answers if self.none is None or self.dead_edges_count else self.pruned(answers, cut=self.none)

    def key(self, row: Sequence[int]) -> Hashable:
        """The edges that are alive. Cells that compute the same along other edges differ in what they cost."""
        own = tuple(row)
        if own not in self._keys:
            self._keys[own] = tuple(self.simplest(np.array([own]))[0].tolist())
        return self._keys[own]

    def pruned(self, answers: Answers, cut: int) -> Answers:
        """`answers` with `cut` on every edge that carries nothing from the input to the output."""
        reached = {0: np.ones(len(answers), dtype=bool)}
        nothing = np.zeros(len(answers), dtype=bool)
        alive = self._with_end(answers, cut=-1)
        for index, (source, target) in sorted(enumerate(self.links.values()), key=lambda numbered: numbered[1]):
            carries = (alive[:, index] >= 0) & reached.get(source, nothing)
            reached[target] = reached.get(target, nothing) | carries
            alive[~carries, index] = -1
        return np.where(alive >= 0, answers, cut)

    def _with_end(self, answers: Answers, cut: int) -> Answers:
        """`answers` with `cut` on every edge that leads nowhere."""
        nothing = np.zeros(len(answers), dtype=bool)
        used = {self._output: np.ones(len(answers), dtype=bool)}
        kept = answers.copy()
        links = sorted(enumerate(self.links.values()), key=lambda numbered: numbered[1][1], reverse=True)
        for index, (source, target) in links:
            leads = (answers[:, index] != self.none) & (answers[:, index] >= 0) & used.get(target, nothing)
            used[source] = used.get(source, nothing) | leads
            kept[~leads, index] = cut
        return kept

    @property
    def _output(self) -> int:
        return max(target for _, target in self.links.values())

    def _totals(self, edges: Features) -> Features:
        """How many edges carry each operator."""
        totals: Features = edges.reshape(len(edges), len(self.links), self.operators).sum(axis=1)
        return totals

    def _traffic(self, edges: Features) -> Features:
        """How many paths from input to output run over each operator, a path counted at each of its edges."""
        per_link = edges.reshape(len(edges), len(self.links), self.operators)
        alive = per_link.sum(axis=2)
        links = list(self.links.values())
        into, onward = np.zeros((2, len(edges), self._output + 1))
        into[:, 0] = 1
        onward[:, self._output] = 1
        for source, target in sorted(links):
            into[:, target] += into[:, source] * alive[:, links.index((source, target))]
        for source, target in sorted(links, key=lambda link: -link[1]):
            onward[:, source] += onward[:, target] * alive[:, links.index((source, target))]
        sources, targets = zip(*links, strict=True)
        paths = into[:, sources] * onward[:, targets]
        totals: Features = (per_link * paths[:, :, None]).sum(axis=1)
        return totals

    def _paths(self, answers: Answers) -> Features:
        """Which sequences of operators, identities left out, lie on some path from input to output."""
        columns = min(BUCKETS, (self.operators + 1) ** max(map(len, self._walks)))
        present = np.zeros((len(answers), columns))
        for walk in self._walks:
            code = np.zeros(len(answers), dtype=np.intp)
            for operator in answers[:, walk].T:
                code = np.where(operator == self.identity, code, code * (self.operators + 1) + operator + 1)
            whole = (answers[:, walk] != self.none).all(axis=1)
            present[whole, code[whole] % columns] = 1
        return present

    def _lengths(self, answers: Answers) -> tuple[Features, Features, Features]:
        """The most, the fewest and the mean number of each operator on a path, and of all but identities."""
        idle = (self.none, self.identity)
        working = np.array([operator for operator in range(self.operators) if operator not in idle])
        most, fewest = np.zeros((len(answers), len(working) + 1)), np.full((len(answers), len(working) + 1), np.inf)
        total, paths = np.zeros_like(most), np.zeros((len(answers), 1))
        for walk in self._walks:
            on_path = answers[:, walk]
            whole = (on_path != self.none).all(axis=1)[:, None]
            own = (on_path[:, :, None] == working).sum(axis=1)
            own = np.hstack([own, own.sum(axis=1, keepdims=True)])
            most = np.maximum(most, own * whole)
            fewest = np.where(whole, np.minimum(fewest, own), fewest)
            total += own * whole
            paths += whole
        return most, np.where(paths > 0, fewest, 0), total / np.maximum(paths, 1)

    @cached_property
    def _function(self) -> DenseFunction:
        return DenseFunction(list(self.links.values()), self.operators, self.none, self.identity)

    @cached_property
    def _keys(self) -> dict[tuple[int, ...], tuple[int, ...]]:
        """Those asked for so far: every proposal asks for those of all that was tried."""
        return {}

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
