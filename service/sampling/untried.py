"""What was tried, and random answers that were not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence

import numpy as np

from service.sampling.encoding.base import Answers, Encoding

Allowed = Callable[[Sequence[int]], bool]

MOST_DRAWS = 100


def keys(encoding: Encoding, answers: Answers) -> set[Hashable]:
    """What is not to be paid for again."""
    return {encoding.key(row) for row in answers.tolist()}


def draw(
    encoding: Encoding, rng: np.random.Generator, tried: Collection[Hashable], allowed: Allowed = lambda _: True
) -> list[int]:
    """Random answers, allowed and new unless the space seems to hold nothing like it."""
    counts = np.array(list(encoding.choices.values()))
    for _ in range(MOST_DRAWS):
        row: list[int] = encoding.simplest(rng.integers(counts)[None, :])[0].tolist()
        if encoding.key(row) not in tried and allowed(row):
            break
    return row
