"""What was tried, and random answers that were not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence

import numpy as np

from service.sampling.encoding.base import Answers, Encoding

Excess = Callable[[Sequence[int]], float]
"""By how much a row of answers misses what it must keep; 0 or less where it may be tried."""

MOST_DRAWS = 100
MOST_STEPS = 1000


def no_excess(_: Sequence[int]) -> float:
    """That of any row where nothing must be kept."""
    return 0.0


def keys(encoding: Encoding, answers: Answers) -> set[Hashable]:
    """What is not to be paid for again."""
    return {encoding.key(row) for row in answers.tolist()}


def draw(
    encoding: Encoding, rng: np.random.Generator, tried: Collection[Hashable], excess: Excess = no_excess
) -> list[int]:
    """Random answers, new and without `excess` unless the space seems to hold nothing like it.

    Where chance finds nothing that keeps what it must, it goes on from what misses it least, a decision at a time.
    """
    counts = np.array(list(encoding.choices.values()))
    nearest, least = None, np.inf
    for _ in range(MOST_DRAWS):
        row: list[int] = encoding.simplest(rng.integers(counts)[None, :])[0].tolist()
        missed = excess(row)
        if missed <= 0 and encoding.key(row) not in tried:
            return row
        if 0 < missed < least:
            nearest, least = row, missed
    if nearest is None:
        return row
    for _ in range(MOST_STEPS):
        step = np.array(nearest)
        decision = rng.integers(len(counts))
        step[decision] = rng.integers(counts[decision])
        row = encoding.simplest(step[None, :])[0].tolist()
        missed = excess(row)
        if missed <= 0 and encoding.key(row) not in tried:
            return row
        if missed <= least:
            nearest, least = row, missed
    return nearest
