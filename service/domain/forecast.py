"""How long a search takes, from what its trials have cost so far, or from what one costs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import fmean

from service.domain.fidelity import ladder
from service.domain.job import JobSpec
from service.domain.trial import Evaluation, Trial, TrialState

STARTING_SECONDS = 8.0  # Ray and its workers start; nothing is trained meanwhile
IMPROVEMENT = 1.15  # a search gets better, so more trials climb than there are places for among equals
SEEN_BEFORE = 10.0  # how many climbs that expectation weighs, against those of this search


def seconds_to_come(spec: JobSpec, trials: Sequence[Trial], seconds_used: float) -> float | None:
    """Seconds until the trials of the budget are done, whatever else may stop them; None before a first result.

    The first trials have few peers to be stopped by, so the pace of the beginning says little about the rest: every
    trial to come costs its lowest rung, and each further rung by the chance to climb so far. Work turns into time as
    it did since the workers have started.
    """
    rungs = ladder(spec.recipe.epochs, spec.early_stopping)
    tried = [trial for trial in trials if not trial.rejected]
    spent = sum(_seconds(evaluation) for trial in tried for evaluation in trial.evaluations)
    if not spent or not seconds_used:
        return None
    costs = _costs(rungs, tried)
    chances = _chances(spec, len(rungs), max(spec.budget.trials, len(tried)))
    favour = favour_of([(spec, tried)])
    left = 0.0
    for number in range(len(tried), spec.budget.trials):
        left += _expected(costs, chances[number], favour, rung=0)
    for place, trial in enumerate(tried):
        if not trial.ended:
            rung = min(len(trial.evaluations), len(rungs) - 1)
            # One that is under way is half through its rung, on average; the record does not show that half.
            spent += costs[rung] / 2
            left += _expected(costs, chances[place], favour, rung) - costs[rung] / 2
    searching = seconds_used - min(STARTING_SECONDS, seconds_used / 2)
    return left / min(spec.resources.workers, spent / searching)


def seconds_of_all(spec: JobSpec, costs: Sequence[float], favour: float) -> float:
    """What the trials of the budget cost together before any has begun, where rung i costs `costs[i]`."""
    return sum(_expected(costs, own, favour, rung=0) for own in _chances(spec, len(costs), spec.budget.trials))


def favour_of(searches: Iterable[tuple[JobSpec, Sequence[Trial]]]) -> float:
    """How many times more often than equals the trials of some searches have climbed."""
    climbed, expected = SEEN_BEFORE * IMPROVEMENT, SEEN_BEFORE
    for spec, trials in searches:
        tried = [trial for trial in trials if not trial.rejected]
        own = _climbs(tried, _chances(spec, len(ladder(spec.recipe.epochs, spec.early_stopping)), len(tried)))
        climbed, expected = climbed + own[0], expected + own[1]
    return climbed / expected


def _expected(costs: Sequence[float], chances: Sequence[float], favour: float, rung: int) -> float:
    """What a trial costs that is on `rung` now, with those it may climb to."""
    expected, share = costs[rung], 1.0
    for above in range(rung + 1, len(costs)):
        share *= min(1.0, favour * chances[above - 1])
        expected += share * costs[above]
    return expected


def _chances(spec: JobSpec, rungs: int, trials: int) -> list[list[float]]:
    """For each trial, how likely one among equals climbs from each rung, by the number of its peers there."""
    chances: list[list[float]] = []
    peers = [0.0] * rungs
    for number in range(trials):
        if number >= spec.sampler.lag:
            share = 1.0
            for rung, chance in enumerate((*chances[number - spec.sampler.lag], 0.0)):
                peers[rung] += share
                share *= chance
        places = [math.ceil((known + 1) / spec.early_stopping.reduction) for known in peers[:-1]]
        chances.append([min(1.0, own / (known + 1)) for own, known in zip(places, peers, strict=False)])
    return chances


def _climbs(trials: Sequence[Trial], chances: Sequence[Sequence[float]]) -> tuple[int, float]:
    """How often the trials have climbed, and how often equals would have."""
    climbed, expected = 0, 0.0
    for place, trial in enumerate(trials):
        for rung, chance in enumerate(chances[place]):
            if chance < 1 and len(trial.evaluations) > rung and (trial.ended or len(trial.evaluations) > rung + 1):
                climbed += not (trial.state is TrialState.STOPPED and len(trial.evaluations) == rung + 1)
                expected += chance
    return climbed, expected


def _costs(rungs: Sequence[int], trials: Sequence[Trial]) -> list[float]:
    """Mean seconds on each rung; where none was seen, what it costs by its epochs."""
    seen: dict[int, list[float]] = {}
    for trial in trials:
        for evaluation in trial.evaluations:
            if evaluation.reused_from is None:
                seen.setdefault(evaluation.report.fidelity, []).append(evaluation.report.seconds)
    epochs = [rung - below for below, rung in zip((0, *rungs), rungs, strict=False)]
    known = [index for index, rung in enumerate(rungs) if rung in seen]
    an_epoch = sum(fmean(seen[rungs[index]]) for index in known) / max(1, sum(epochs[index] for index in known))
    return [fmean(seen[rung]) if rung in seen else own * an_epoch for rung, own in zip(rungs, epochs, strict=True)]


def _seconds(evaluation: Evaluation) -> float:
    return 0.0 if evaluation.reused_from is not None else evaluation.report.seconds
