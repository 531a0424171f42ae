"""What the latency of a network would be, from those that were measured on the same device."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median, stdev
from typing import TypeAlias

import numpy as np

from search_space.cost import cost
from search_space.network import Architecture
from search_space.places import Face, places_of
from search_space.skeleton import Skeleton
from service.domain.prices import Numbers, prices
from workers.interval import T_95

Latencies: TypeAlias = Sequence[tuple[Architecture, float]]

FEWEST = 10
ENOUGH_TO_CORRECT = 3
SHARE = 0.9


@dataclass(frozen=True, slots=True)
class LatencyForecast:
    """A predicted latency. Measured networks would have been predicted within `interval_ms` in 90 % of cases.

    That is, by a model that had not seen them: of the other `networks`, or of those in other skeletons, where it is
    told by what was measured `elsewhere` alone. A network that `extrapolates` is larger than every measured one in
    layers, multiply-accumulates or bytes, and may be further away; so may any that is told by one other skeleton.
    """

    device: str
    milliseconds: float
    interval_ms: tuple[float, float]
    networks: int
    extrapolates: bool
    elsewhere: bool

    def at_least(self, least_ms: float) -> LatencyForecast:
        """The same where it is known from elsewhere that the device takes `least_ms` or more."""
        low, high = self.interval_ms
        milliseconds = max(self.milliseconds, least_ms)
        return replace(
            self,
            milliseconds=milliseconds,
            interval_ms=(max(low, least_ms), high * milliseconds / self.milliseconds),
        )

    def __str__(self) -> str:
        low, high = (bound / self.milliseconds for bound in self.interval_ms)
        where = " in other skeletons" if self.elsewhere else ""
        beyond = ", and larger than any of them" if self.extrapolates else ""
        return (
            f"{self.milliseconds:.3g} ms on {self.device}, predicted from {self.networks} measured networks{where}"
            f"{beyond}; 90 % of these took {low:.2g} to {high:.2g} times what is foreseen"
        )


@dataclass(frozen=True, slots=True)
class LatencyModel:
    """What latency is made of on one device, from `networks` measured ones.

    A sum of what each layer, each multiply-accumulate and each byte moved costs, none of which is negative. `ratios`
    hold what was measured, over what the others would have predicted, in 90 % of cases. Of a model for another skeleton
    than its networks' (`elsewhere`) the others are those of other skeletons, if there are any.
    """

    device: str
    networks: int
    prices: tuple[float, ...]
    ratios: tuple[float, float]
    largest: tuple[float, ...]
    elsewhere: bool = False

    @classmethod
    def fitted(cls, device: str, measured: Latencies, elsewhere: bool = False) -> LatencyModel | None:
        """From architectures with their latencies in milliseconds; None for fewer than FEWEST different ones."""
        # The newest comes first, and of a network that was measured several times it is what counts.
        known = {(each.genotype.key, each.skeleton): (_sizes(each), ms) for each, ms in reversed(measured)}
        if len(known) < FEWEST:
            return None
        sizes, times_ms = np.array([size for size, _ in known.values()]), np.array([ms for _, ms in known.values()])
        skeletons = [skeleton for _, skeleton in known]
        by_skeleton = elsewhere and len(set(skeletons)) > 1
        ratios = _ratios_left_out(sizes, times_ms, skeletons if by_skeleton else range(len(known)))
        low, high = np.quantile(ratios, [(1 - SHARE) / 2, (1 + SHARE) / 2])
        return cls(
            device,
            len(known),
            tuple(prices(sizes, times_ms).tolist()),
            (min(1.0, float(low)), max(1.0, float(high))),
            tuple(sizes.max(0).tolist()),
            elsewhere,
        )

    def forecast(self, architecture: Architecture) -> LatencyForecast:
        """What one more network is predicted to take."""
        own = _sizes(architecture)
        predicted = sum(size * price for size, price in zip(own, self.prices, strict=True))
        return LatencyForecast(
            self.device,
            predicted,
            (predicted * self.ratios[0], predicted * self.ratios[1]),
            self.networks,
            any(size > most for size, most in zip(own, self.largest, strict=True)),
            self.elsewhere,
        )

    def corrected_by(self, measured: Latencies) -> LatencyModel:
        """As many times slower or faster as these networks are than foreseen, by their median, and no surer than they.

        They are two different ones or more.
        """
        known = {
            architecture.genotype.key: ms / self.forecast(architecture).milliseconds for architecture, ms in measured
        }
        factor = median(known.values())
        apart = stdev(map(math.log, known.values())) * math.sqrt(1 + 1 / len(known))
        held = math.exp(apart * T_95[min(len(known) - 1, len(T_95)) - 1])
        ratios = min(self.ratios[0], 1 / held), max(self.ratios[1], held)
        return replace(self, prices=tuple(factor * price for price in self.prices), ratios=ratios)


def in_same_skeleton(skeleton: Skeleton, measured: Latencies) -> Latencies:
    """Those of the measured networks that stand in this very skeleton."""
    return [(architecture, ms) for architecture, ms in measured if architecture.skeleton == skeleton]


def model_for(device: str, skeleton: Skeleton, measured: Latencies) -> LatencyModel | None:
    """From the networks in this very skeleton; where they are too few, from all for as many axes, corrected by these.

    Where they are fewer than ENOUGH_TO_CORRECT, from those in other skeletons alone. Signals, images and volumes tell
    nothing of each other. None for too few.
    """
    own = in_same_skeleton(skeleton, measured)
    if model := LatencyModel.fitted(device, own):
        return model
    alike = [(architecture, ms) for architecture, ms in measured if architecture.skeleton.dims == skeleton.dims]
    if len({architecture.genotype.key for architecture, _ in own}) >= ENOUGH_TO_CORRECT:
        model = LatencyModel.fitted(device, alike)
        return model and model.corrected_by(own)
    others = [(architecture, ms) for architecture, ms in alike if architecture.skeleton != skeleton]
    return LatencyModel.fitted(device, others, elsewhere=True)


def forecast(device: str, architecture: Architecture, measured: Latencies) -> LatencyForecast | None:
    """From architectures with their latencies in milliseconds; None where too few are given, see `model_for`."""
    model = model_for(device, architecture.skeleton, measured)
    return model.forecast(architecture) if model else None


def _sizes(architecture: Architecture) -> tuple[float, ...]:
    """Layers, counting every edge and every preparation of an input; multiply-accumulates; bytes moved."""
    genotype, total = architecture.genotype, cost(architecture)
    edges = {name: len(cell.edges) + len(cell.inputs) for name, cell in genotype.cells}
    places = places_of(architecture.skeleton, Face.of(genotype.normal), Face.of(genotype.reduction))
    return float(sum(edges[place.cell] for place in places)), float(total.macs), float(total.bytes_moved)


def _ratios_left_out(sizes: Numbers, times_ms: Numbers, groups: Sequence[object]) -> list[float]:
    """What each took, over what is predicted of it by those of other groups."""
    ratios: list[float] = []
    for group in dict.fromkeys(groups):
        own = np.array([each == group for each in groups])
        predicted = sizes[own] @ prices(sizes[~own], times_ms[~own])
        ratios += (times_ms[own] / predicted).tolist()
    return ratios
