"""How likely a trial climbs from one fidelity to the next, among equals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from service.domain.fidelity import ladder
from service.domain.job import JobSpec

Vector = NDArray[np.float64]
Table = NDArray[np.float64]

MOST_TOLD = 2_000  # by so many peers the chance has settled at one in `reduction`


@dataclass(frozen=True)
class Chances:
    """For each of the first trials of a job how likely it climbs from each rung; later ones are like the last."""

    table: Table

    def of(self, place: int) -> list[float]:
        """Those of one trial, by rung; the last rung has none."""
        chances: list[float] = self.table[min(place, len(self.table) - 1)].tolist()
        return chances

    def expected(self, costs: Vector, favour: float, rung: int, places: range) -> float:
        """What trials cost together that are on `rung` now, with those they may climb to.

        Rung i costs `costs[i]`; they climb `favour` times as often as equals.
        """
        rows = np.vstack([self.table[places.start : places.stop], self.table[-1:]])
        climbs = np.cumprod(np.minimum(1.0, favour * rows[:, rung:]), axis=1)
        each = costs[rung] + climbs @ costs[rung + 1 :]
        # The last row stands for all that are beyond the table, if there are any.
        return float(each[:-1].sum() + each[-1] * (len(places) - (len(rows) - 1)))


def chances(spec: JobSpec) -> Chances:
    """Those of the trials of a job, by the number of the peers that each has on each rung."""
    rungs = len(ladder(spec.recipe.epochs, spec.early_stopping))
    return _chances(rungs, spec.sampler.lag, spec.early_stopping.reduction)


@lru_cache(maxsize=64)
def _chances(rungs: int, lag: int, reduction: int) -> Chances:
    table: list[list[float]] = []
    peers = [0.0] * rungs
    for number in range(MOST_TOLD):
        if number >= lag:
            share = 1.0
            for rung, chance in enumerate((*table[number - lag], 0.0)):
                peers[rung] += share
                share *= chance
        places = [math.ceil((known + 1) / reduction) for known in peers[:-1]]
        table.append([min(1.0, own / (known + 1)) for own, known in zip(places, peers, strict=False)])
    return Chances(np.array(table, dtype=float).reshape(MOST_TOLD, rungs - 1))
