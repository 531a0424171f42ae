"""How sure a measured value is: intervals of 95 %."""

from __future__ import annotations

import math

from service.domain.front import Interval
from service.domain.objectives import METRICS, Objective
from workers.messages import Evaluated

Z_95 = 1.959964


def share_interval(share: float, images: int) -> Interval:
    """The interval of a share of `images` (Wilson 1927), which also holds near 0 and 1."""
    middle = share + Z_95**2 / (2 * images)
    half_width = Z_95 * math.sqrt(share * (1 - share) / images + (Z_95 / (2 * images)) ** 2)
    scale = 1 + Z_95**2 / images
    return max(0.0, (middle - half_width) / scale), min(1.0, (middle + half_width) / scale)


def interval(objective: Objective, result: Evaluated, images: int) -> Interval:
    """The interval of an objective's value, in the metric's own unit; a count is sure.

    `images` is how many scored the network. That the best of many is flattered by chance is not in it.
    """
    match objective.metric:
        case "accuracy":
            return share_interval(result.accuracy, images)
        case "latency_ms":
            return result.latency.interval_ms
    value = METRICS[objective.metric].of(result)
    return value, value
