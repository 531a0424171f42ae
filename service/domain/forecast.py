"""How long a search takes, from what its trials have cost so far, or from what one costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from service.domain.chances import chances
from service.domain.fidelity import ladder
from service.domain.job import JobSpec
from service.domain.tally import Tally

STARTING_SECONDS = 8.0  # Ray and its workers start; nothing is trained meanwhile
IMPROVEMENT = 1.15  # a search gets better, so more trials climb than there are places for among equals
BUSY = 0.97  # share of their time that workers of a search train and measure
BUSY_SECONDS = 30.0  # how long that expectation weighs, against what this search has seen of its workers
SEEN_BEFORE = 10.0  # how many climbs that expectation weighs, against those of this search


def seconds_to_come(spec: JobSpec, tally: Tally, seconds_used: float) -> float | None:
    """Seconds until the trials of the budget are done, whatever else may stop them; None before a first result.

    The first trials have few peers to be stopped by, so the pace of the beginning says little about the rest: every
    trial to come costs its lowest rung, and each further rung by the chance to climb so far. Work turns into time as
    it did since the workers have started; when that was is not known exactly, so at first they are taken to be busy.
    """
    spent = tally.seconds
    if not spent or not seconds_used:
        return None
    costs, table, favour = _costs(spec, tally), chances(spec), favour_of([tally])
    left = table.expected(costs, favour, 0, range(tally.accepted, max(tally.accepted, spec.budget.trials)))
    for place, reports in tally.under_way:
        rung = min(reports, len(costs) - 1)
        # One that is under way is half through its rung, on average; the record does not show that half.
        spent += costs[rung] / 2
        left += table.expected(costs, favour, rung, range(place, place + 1)) - costs[rung] / 2
    searching = seconds_used - min(STARTING_SECONDS, seconds_used / 2)
    workers = spec.resources.workers
    at_once = (spent + BUSY * workers * BUSY_SECONDS) / (searching + BUSY_SECONDS)
    return float(left / min(workers, at_once))


def seconds_of_all(spec: JobSpec, costs: Sequence[float], favour: float) -> float:
    """What the trials of the budget cost together before any has begun, where rung i costs `costs[i]`."""
    return chances(spec).expected(np.array(costs, dtype=float), favour, 0, range(spec.budget.trials))


def favour_of(searches: Iterable[Tally]) -> float:
    """How many times more often than equals the trials of some searches have climbed."""
    climbed, expected = SEEN_BEFORE * IMPROVEMENT, SEEN_BEFORE
    for tally in searches:
        climbed, expected = climbed + tally.climbed, expected + tally.expected
    return climbed / expected


def _costs(spec: JobSpec, tally: Tally) -> NDArray[np.float64]:
    """Mean seconds on each rung; where none was seen, what it costs by its epochs."""
    rungs = ladder(spec.recipe.epochs, spec.early_stopping)
    epochs = {rung: rung - below for below, rung in zip((0, *rungs), rungs, strict=False)}
    means = {rung: seconds / count for rung, (count, seconds) in tally.rungs.items()}
    known = [rung for rung in rungs if rung in means]
    an_epoch = sum(means[rung] for rung in known) / max(1, sum(epochs[rung] for rung in known))
    return np.array([means.get(rung, own * an_epoch) for rung, own in epochs.items()])
