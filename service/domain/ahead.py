"""How long a search will take, before it has begun."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from service.domain.fidelity import ladder
from service.domain.forecast import IMPROVEMENT, STARTING_SECONDS, seconds_of_all
from service.domain.job import JobSpec
from service.domain.pace import Pace
from workers.device_profile import DeviceProfile

STEP = 3  # a step of training computes as much as three forward passes: one forward, two of that size backward


class Basis(StrEnum):
    """What a forecast of time rests on, the best first."""

    RECORDED = "recorded"
    """Trainings on this data set, in this skeleton, on this device, by such batches and processors."""
    RECORDED_ELSEWHERE = "recorded_elsewhere"
    """The same in other skeletons, so that multiply-accumulates alone speak for what is different."""
    CALIBRATION = "calibration"
    """What the device can compute at best, which no search comes near."""
    UNKNOWN = "unknown"


class EndsBy(StrEnum):
    """What ends a search: the part of the budget that is spent first."""

    TRIALS = "trials"
    SECONDS = "seconds"
    EPOCHS = "epochs"
    CELLS = "cells"
    """No part of it: every cell of the space is tried before."""


@dataclass(frozen=True, slots=True)
class TimeForecast:
    """How long a search takes that has all its workers and finds nothing in the record.

    `seconds` are told where trainings were recorded, `at_least_seconds` where no more than the device is known;
    `reports` is how many recorded ones it rests on. `workers` evaluations go on at once.
    """

    basis: Basis
    seconds: float | None
    at_least_seconds: float | None
    ends_by: EndsBy | None
    reports: int
    workers: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """What searches before this one tell: how fast networks are trained, and how often trials climb.

    That is, to a higher fidelity: `favour` times as often as among equals.
    """

    basis: Basis
    pace: Pace
    favour: float


def time_ahead(
    spec: JobSpec,
    macs: float,
    images: int,
    recorded: Recorded | None,
    profile: DeviceProfile | None,
    cells: int | None = None,
) -> TimeForecast:
    """For a search whose networks have `macs` on average and are trained on so many images.

    Where nothing like it was recorded, the device's `profile` gives the least that it may take. The space has so many
    different `cells`; None where they are more than any search tries.
    """
    trials = spec.budget.trials if cells is None else min(cells, spec.budget.trials)
    every_cell = trials < spec.budget.trials
    spec = replace(spec, budget=replace(spec.budget, trials=trials))
    workers = _workers(spec, profile)
    rungs = ladder(spec.recipe.epochs, spec.early_stopping)
    epochs = [rung - below for below, rung in zip((0, *rungs), rungs, strict=False)]
    favour = recorded.favour if recorded else IMPROVEMENT
    expected_epochs = seconds_of_all(spec, epochs, favour)
    share = 1.0 if spec.budget.epochs is None else min(1.0, spec.budget.epochs / expected_epochs)
    if recorded is not None:
        costs = [recorded.pace.seconds(macs, own, first=not place) for place, own in enumerate(epochs)]
        seconds = STARTING_SECONDS + share * seconds_of_all(spec, costs, favour) / workers
        of_trials = EndsBy.CELLS if every_cell else EndsBy.TRIALS
        ends_by = of_trials if share == 1 else EndsBy.EPOCHS
        if seconds >= spec.budget.seconds:
            seconds, ends_by = spec.budget.seconds, EndsBy.SECONDS
        return TimeForecast(recorded.basis, seconds, None, ends_by, recorded.pace.reports, workers)
    if profile is None:
        return TimeForecast(Basis.UNKNOWN, None, None, None, 0, workers)
    macs_per_s = 1e3 * profile.macs_per_ms * spec.resources.cpus * workers
    at_least = share * expected_epochs * images * STEP * macs / macs_per_s
    return TimeForecast(Basis.CALIBRATION, None, min(at_least, spec.budget.seconds), None, 0, workers)


def _workers(spec: JobSpec, profile: DeviceProfile | None) -> int:
    """How many evaluations go on at once."""
    asked = min(spec.resources.workers, spec.sampler.lag, spec.budget.trials)
    return max(1, asked if profile is None else min(asked, profile.cores // spec.resources.cpus))
