"""How sure a median is of samples that were taken in blocks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain
from statistics import median

T_95 = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26)
"""Student's t for 95 % on both sides, by degrees of freedom from 1 on; more of them are taken for the last."""


def median_interval(blocks: Sequence[Sequence[float]]) -> tuple[float, float]:
    """A 95 % interval of the median of all samples, between two of them; assumes no distribution.

    Samples of one block resemble each other more than those of another time. How far the blocks lie apart says how
    sure the median is, as of a sample drawn in clusters (Woodruff 1952, JASA 47:635). A single block cannot say
    that: its samples are taken for independent, which is right for its own stretch of time only.
    """
    ordered = sorted(chain(*blocks))
    count, middle = len(ordered), median(ordered)
    half_width = 1.96 * 0.5 / math.sqrt(count)
    if len(blocks) > 1:
        apart = sum((_share_below(middle, block) - 0.5) ** 2 * (len(block) / count) ** 2 for block in blocks)
        error = math.sqrt(apart * len(blocks) / (len(blocks) - 1))
        half_width = max(half_width, T_95[min(len(blocks) - 1, len(T_95)) - 1] * error)
    low = math.floor(count * (0.5 - half_width))
    high = math.ceil(count * (0.5 + half_width)) - 1
    return ordered[max(low, 0)], ordered[min(high, count - 1)]


def _share_below(value: float, samples: Sequence[float]) -> float:
    """The share of `samples` below `value`; what equals it counts half."""
    return sum(0.5 * ((sample < value) + (sample <= value)) for sample in samples) / len(samples)
