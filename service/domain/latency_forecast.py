"""What the latency of a network would be, from those that were measured on the same device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from search_space.cost import cost
from search_space.network import Architecture
from search_space.places import Face, places_of

FEWEST = 10
SHARE = 0.9

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LatencyForecast:
    """A predicted latency. Measured networks would have been predicted within `interval_ms` in 90 % of cases.

    That is, by a model that had not seen them; of a network whose `extrapolates`, being larger than every measured
    one in layers, multiply-accumulates or bytes, it may be further away. `networks` were measured.
    """

    device: str
    milliseconds: float
    interval_ms: tuple[float, float]
    networks: int
    extrapolates: bool

    def __str__(self) -> str:
        low, high = self.interval_ms
        beyond = ", and larger than any of them" if self.extrapolates else ""
        return (
            f"{self.milliseconds:.3g} ms on {self.device}, predicted from {self.networks} measured networks{beyond}; "
            f"90 % of these took {low / self.milliseconds:.2f} to {high / self.milliseconds:.2f} times what is foreseen"
        )


def forecast(
    device: str, architecture: Architecture, measured: Sequence[tuple[Architecture, float]]
) -> LatencyForecast | None:
    """From architectures with their latencies in milliseconds; None where fewer than FEWEST different ones are given.

    Latency is taken to be a sum of what each layer, each multiply-accumulate and each byte moved costs, none of which
    is negative; the interval comes from leaving out one network after the other.
    """
    known = {(each.genotype.key, each.skeleton): (_sizes(each), ms) for each, ms in measured}
    if len(known) < FEWEST:
        return None
    sizes, times_ms = np.array([size for size, _ in known.values()]), np.array([ms for _, ms in known.values()])
    own = np.array(_sizes(architecture))
    predicted = float(own @ _prices(sizes, times_ms))
    ratios = np.array([times_ms[i] / left_out for i, left_out in enumerate(_left_out(sizes, times_ms))])
    low, high = np.quantile(ratios, [(1 - SHARE) / 2, (1 + SHARE) / 2])
    return LatencyForecast(
        device,
        predicted,
        (predicted * min(1.0, float(low)), predicted * max(1.0, float(high))),
        len(known),
        bool((own > sizes.max(0)).any()),
    )


def _sizes(architecture: Architecture) -> tuple[float, ...]:
    """Layers, counting every edge and every preparation of an input; multiply-accumulates; bytes moved."""
    genotype, total = architecture.genotype, cost(architecture)
    edges = {name: len(cell.edges) + len(cell.inputs) for name, cell in genotype.cells}
    places = places_of(architecture.skeleton, Face.of(genotype.normal), Face.of(genotype.reduction))
    return float(sum(edges[place.cell] for place in places)), float(total.macs), float(total.bytes_moved)


def _prices(sizes: Numbers, times_ms: Numbers) -> Numbers:
    """The prices, none negative, with the least squares of relative errors."""
    relative = sizes / times_ms[:, None]
    scale = relative.max(0)
    best, least = np.zeros(sizes.shape[1]), np.inf
    # With three prices, trying every set of those that are not zero is the simplest way to the best of all.
    for count in range(1, sizes.shape[1] + 1):
        for chosen in map(list, combinations(range(sizes.shape[1]), count)):
            found = np.linalg.lstsq(relative[:, chosen] / scale[chosen], np.ones(len(times_ms)), rcond=None)[0]
            error = float(((relative[:, chosen] / scale[chosen] @ found - 1) ** 2).sum())
            if (found >= 0).all() and error < least:
                best, least = np.zeros(sizes.shape[1]), error
                best[chosen] = found / scale[chosen]
    return best


def _left_out(sizes: Numbers, times_ms: Numbers) -> Iterator[float]:
    """The prediction of each by the others."""
    for index in range(len(times_ms)):
        others = np.arange(len(times_ms)) != index
        yield float(sizes[index] @ _prices(sizes[others], times_ms[others]))
