"""What a dense cell computes: which cells compute the same, and which operators read what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from service.sampling.encoding.base import Answers, Features

Link: TypeAlias = tuple[int, int]
Term: TypeAlias = tuple[int, int]  # an operator, and the number of the sum that it reads
Context: TypeAlias = tuple[int, ...]  # an operator, then in order those that it reads the sum of

INPUT: Term = (-1, -1)
RESULT = -2  # stands for the operator of whoever reads the cell
SAMPLE = 2000  # random cells that show which contexts are common
MOST_CONTEXTS = 200  # rarer ones are not told apart: they would tell little, and cost time


class DenseFunction:
    """Cells as sums of terms, an operator on a sum each: nothing along cut edges, sources unchanged along identities.

    What was worked out is remembered, row by row.
    """

    def __init__(self, links: Sequence[Link], operators: int, none: int | None, identity: int | None) -> None:
        self._links = sorted(enumerate(links), key=lambda numbered: numbered[1][::-1])
        self._output = max(target for _, target in links)
        self._none = none
        self._identity = identity
        self._numbers: dict[tuple[Term, ...], int] = {}
        self._sums: list[tuple[Term, ...]] = []
        self._places: dict[tuple[int, ...], int] = {}
        self._functions: list[int] = []
        sample = np.random.default_rng(0).integers(operators, size=(SAMPLE, len(links)))
        seen = Counter(context for row in sample.tolist() for context in self._contexts(self._sum(row)))
        commonest = sorted(seen, key=lambda context: (-seen[context], context))[:MOST_CONTEXTS]
        self._columns: Mapping[Context, int] = {context: column for column, context in enumerate(commonest)}
        self._counts = np.zeros((SAMPLE, len(self._columns)))

    def numbers(self, answers: Answers) -> NDArray[np.intp]:
        """Equal for rows that compute the same."""
        return np.array([self._functions[place] for place in self._known(answers)], dtype=np.intp)

    def contexts(self, answers: Answers) -> Features:
        """How many different terms have each operator read each sum of operators; one column a pair."""
        places = self._known(answers)
        counts: Features = self._counts[places]
        return counts

    def _known(self, answers: Answers) -> list[int]:
        """Where each row is remembered."""
        rows = [tuple(row) for row in answers.tolist()]
        for row in rows:
            if row not in self._places:
                self._remember(row)
        return [self._places[row] for row in rows]

    def _remember(self, row: tuple[int, ...]) -> None:
        place = self._places[row] = len(self._functions)
        if place == len(self._counts):
            self._counts = np.vstack([self._counts, np.zeros_like(self._counts)])
        self._functions.append(self._sum(row))
        for context in self._contexts(self._functions[place]):
            if context in self._columns:
                self._counts[place, self._columns[context]] += 1

    def _sum(self, row: Sequence[int]) -> int:
        """The number of the sum that a cell results in."""
        arriving: dict[int, list[Term]] = {node: [] for node in range(self._output + 1)}
        arriving[0] = [INPUT]
        numbered: dict[int, int] = {}
        for index, (source, target) in self._links:
            operator = row[index]
            if operator == self._none or not arriving[source]:
                continue
            if operator == self._identity:
                arriving[target] += arriving[source]
                continue
            if source not in numbered:
                numbered[source] = self._number(arriving[source])
            arriving[target].append((operator, numbered[source]))
        return self._number(arriving[self._output])

    def _number(self, terms: list[Term]) -> int:
        ordered = tuple(sorted(terms))
        if ordered not in self._numbers:
            self._numbers[ordered] = len(self._sums)
            self._sums.append(ordered)
        return self._numbers[ordered]

    def _contexts(self, result: int) -> Iterator[Context]:
        """Of every different term, and of the result."""
        terms, unread = set[Term](), [result]
        while unread:
            new = set(self._sums[unread.pop()]) - terms
            terms |= new
            unread += [read for _, read in new if read >= 0]
        yield (RESULT, *self._read(result))
        for operator, read in terms:
            yield (operator, *self._read(read)) if read >= 0 else (operator,)

    def _read(self, number: int) -> list[int]:
        return sorted(operator for operator, _ in self._sums[number])
