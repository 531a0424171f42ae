"""How fast networks are trained, from what trainings have taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from service.domain.prices import prices
from service.domain.trial import Trial
from workers.messages import Evaluated

FEWEST = 5


@dataclass(frozen=True, slots=True)
class Timed:
    """What one report has taken: so many epochs more. The first of a network has built and measured it too."""

    macs: int
    epochs: int
    first: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds for each multiply-accumulate and epoch, for each epoch, and for each network; told from `reports`."""

    per_mac: float
    per_epoch: float
    per_network: float
    reports: int

    @classmethod
    def fitted(cls, timed: Sequence[Timed]) -> Pace | None:
        """None for fewer than FEWEST reports: too little to tell by."""
        if len(timed) < FEWEST:
            return None
        sizes = [(report.epochs * report.macs, report.epochs, report.first) for report in timed]
        # Where all reports are the first of theirs, what a network costs cannot be told from what its epochs do.
        columns = 2 if all(report.first for report in timed) else 3
        sizes_RC, seconds_R = np.array(sizes, dtype=float)[:, :columns], np.array([report.seconds for report in timed])
        found = prices(sizes_RC, seconds_R)
        # Least relative errors keep below the mean, which is what many trainings come to.
        found *= seconds_R.sum() / (sizes_RC @ found).sum()
        per_mac, per_epoch, per_network = (*found.tolist(), 0.0)[:3]
        return cls(per_mac, per_epoch, per_network, len(timed))

    def seconds(self, macs: float, epochs: int, *, first: bool) -> float:
        """What a report takes."""
        return epochs * (macs * self.per_mac + self.per_epoch) + first * self.per_network


def timed(trials: Iterable[Trial]) -> Iterator[Timed]:
    """What the results of trials have taken, those left out that came from another job."""
    for trial in trials:
        done = 0
        for evaluation in trial.evaluations:
            report = evaluation.report
            if evaluation.reused_from is None and isinstance(report, Evaluated) and report.seconds > 0:
                yield Timed(report.macs, report.fidelity - done, not done, report.seconds)
                done = report.fidelity
