"""Cells whose every node combines two operators on earlier nodes, as `search_space.space.CellSpace` spans them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from search_space.space import CellSpace
from service.sampling.encoding.base import Answers, Features, View
from service.sampling.encoding.canonical import genotype_key

INPUTS = 2


@dataclass(frozen=True)
class NasnetCell:
    """The encoding of a space of genotypes with one searched cell or two; its `wiring` is not dense."""

    space: CellSpace

    @cached_property
    def choices(self) -> Mapping[str, int]:
        """Those of the space."""
        return {decision.name: len(decision.choices) for decision in self.space.decisions}

    def views(self, answers: Answers) -> tuple[View, ...]:
        """The function that the cells compute, and what they are made of, which is what they cost."""
        searched = 2 if self.space.reduction == "searched" else 1
        cells = [_Cells(part, self.space) for part in np.split(answers, searched, axis=1)]
        totals, traffic, pairs, depth, made_of = (
            np.hstack(groups)
            for groups in zip(*((c.totals, c.traffic, c.pairs, c.depth, c.made_of) for c in cells), strict=True)
        )
        return (totals, np.minimum(totals, 1), traffic, pairs, depth), (made_of,)

    def functions(self, answers: Answers) -> None:
        """No two rows compute the same that are not equal."""

    def simplest(self, answers: Answers) -> Answers:
        """The answers as they are: in this space every node reaches the result."""
        return answers

    def key(self, row: Sequence[int]) -> Hashable:
        """The genotype's key."""
        return genotype_key(self.space, tuple(row))


def _pairs(earlier: int) -> NDArray[np.intp]:
    """The two sources that each answer names, as the space lists them."""
    return np.array(list(combinations(range(earlier), 2)))


class _Cells:
    """Many cells at once: the normal or the reduction cells of many proposals, one a row."""

    def __init__(self, answers: Answers, space: CellSpace) -> None:
        nodes, operators = space.nodes, len(space.operators)
        self._rows = np.arange(len(answers))
        self._nodes = nodes
        self._operators = operators
        if space.wiring == "distinct":
            # The first of four answers to a node names both of its sources.
            per_node = answers.reshape(len(answers), nodes, 4)
            sources = np.stack([_pairs(INPUTS + node)[per_node[:, node, 0]] for node in range(nodes)], axis=1)
            carried, self._joined = per_node[:, :, 1:3], per_node[:, :, 3]
        else:
            per_node = answers.reshape(len(answers), nodes, 5)
            sources, carried, self._joined = per_node[:, :, [0, 2]], per_node[:, :, [1, 3]], per_node[:, :, 4]
        self._sources = sources.reshape(len(answers), -1)
        self._carried = carried.reshape(len(answers), -1)
        self._targets = np.repeat(np.arange(INPUTS, INPUTS + nodes), 2)
        self._into = self._paths_into()
        self._read = self._sums(self._sources, INPUTS + nodes)
        self._given_out = self._read == 0
        if space.outputs == "all":
            self._given_out[:] = np.arange(INPUTS + nodes) >= INPUTS

    @property
    def totals(self) -> Features:
        """How many edges carry each operator."""
        return self._sums(self._carried, self._operators)

    @property
    def traffic(self) -> Features:
        """How many paths to an output run over each operator; logarithms, since they double with a node."""
        onward = self._given_out.astype(float)
        for edge in reversed(range(len(self._targets))):
            onward[self._rows, self._sources[:, edge]] += onward[:, self._targets[edge]]
        paths = self._into.sum(axis=2)[self._rows[:, None], self._sources] * onward[:, self._targets]
        traffic: Features = np.log1p(self._sums(self._carried, self._operators, paths))
        return traffic

    @property
    def pairs(self) -> Features:
        """Which operators read which: 1 where an edge with the second starts at a node that the first ends in."""
        into = np.full((len(self._rows), INPUTS + self._nodes, 2), self._operators)  # which none carries
        into[:, INPUTS:] = self._carried.reshape(len(self._rows), self._nodes, 2)
        before = into[self._rows[:, None], self._sources]
        pairs = np.zeros((len(self._rows), self._operators + 1, self._operators))
        pairs[self._rows[:, None, None], before, self._carried[:, :, None]] = 1
        return pairs[:, :-1].reshape(len(self._rows), -1)

    @property
    def depth(self) -> Features:
        """Paths to outputs by length, the longest path, the number of outputs, which inputs are read, and joins."""
        lengths = (self._into * self._given_out[:, :, None]).sum(axis=1)
        longest = (lengths > 0).cumsum(axis=1)[:, -1:] * 1.0
        used = self._read[:, :INPUTS]
        return np.hstack(
            [np.log1p(lengths), longest, self._given_out.sum(axis=1)[:, None], used, self._joined.sum(axis=1)[:, None]]
        )

    @property
    def made_of(self) -> Features:
        """How many edges carry each operator from each kind of source, and how many nodes are given out or joined."""
        kind = np.minimum(self._sources, INPUTS)
        by_kind = self._sums(kind * self._operators + self._carried, (INPUTS + 1) * self._operators)
        return np.hstack(
            [
                by_kind,
                self._given_out.sum(axis=1)[:, None],
                self._given_out[:, :INPUTS],
                self._joined.sum(axis=1)[:, None],
            ]
        )

    def _sums(self, kinds: Answers, count: int, weights: Features | None = None) -> Features:
        """For each row, of `count` kinds, how many edges are of each, or the sum of their weights."""
        flat = (self._rows[:, None] * count + kinds).ravel()
        sums = np.bincount(flat, None if weights is None else weights.ravel(), minlength=len(self._rows) * count)
        return sums.reshape(len(self._rows), count).astype(float)

    def _paths_into(self) -> NDArray[np.float64]:
        """How many paths of each length lead from the inputs to each node."""
        into = np.zeros((len(self._rows), INPUTS + self._nodes, self._nodes + 1))
        into[:, :INPUTS, 0] = 1
        for edge, target in enumerate(self._targets):
            into[:, target, 1:] += into[self._rows, self._sources[:, edge], :-1]
        return into
