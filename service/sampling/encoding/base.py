"""What a predictor wants to know of answers: features, and which of them describe the same thing."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Answers: TypeAlias = NDArray[np.intp]
"""One row a proposal, one column a decision: indices into the decision's choices."""

Features: TypeAlias = NDArray[np.float64]
"""One row a proposal, one column a number."""

View: TypeAlias = tuple[Features, ...]
"""Groups of features. Within a group all columns matter alike; how much each group matters is learned."""


class Encoding(Protocol):
    """Turns answers into features. Of several views the predictor keeps, for each objective, the likeliest one.

    The first view is of what is computed, the others are of what it is made of.
    """

    @property
    def choices(self) -> Mapping[str, int]:
        """The decisions in the order of the columns, each with its number of choices."""

    def views(self, answers: Answers) -> tuple[View, ...]:
        """The same groups for any answers, as many rows as `answers` has."""

    def functions(self, answers: Answers) -> NDArray[np.intp] | None:
        """Numbers that are equal for rows that compute the same at whatever cost; None where no two do."""

    def simplest(self, answers: Answers) -> Answers:
        """Answers that describe the same things as `answers` do, with nothing in them that has no effect."""

    def key(self, row: Sequence[int]) -> Hashable:
        """Equal for rows that need not be paid for twice."""


def one_hot(codes: Answers, choices: Sequence[int]) -> Features:
    """One column for each choice of each decision, 1 where it is taken. A code of -1 is no choice at all."""
    decision = np.repeat(np.arange(len(choices)), choices)
    choice = np.concatenate([np.arange(count) for count in choices])
    features: Features = (codes.take(decision, axis=1) == choice).astype(float)
    return features
