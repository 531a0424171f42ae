"""When a search ends before its trials are spent: by epochs, or because the front has stopped growing."""

from __future__ import annotations

from service.domain.front import Losses, grown
from service.domain.objectives import Objective, keeps_limits, losses
from service.domain.trial import Trial


def trained_epochs(trial: Trial) -> int:
    """Epochs that this trial was trained for in this job, as far as the record shows."""
    if trial.rejected:
        return 0
    return max((own.report.fidelity for own in trial.evaluations if own.reused_from is None), default=0)


def promised_epochs(trial: Trial, full: int) -> int:
    """The most epochs that this trial will have been trained for: `full` for one that has not ended."""
    return trained_epochs(trial) if trial.ended else full


class Growth:
    """How many trials ago the front last grew, which is when its hypervolume did."""

    def __init__(self, objectives: tuple[Objective, ...]) -> None:
        self.trials_without = 0
        self._objectives = objectives
        self._front: list[Losses] = []

    def see(self, trial: Trial) -> None:
        """Takes in the next trial, which has ended."""
        result = trial.full_result
        if trial.rejected:
            return
        self.trials_without += 1
        if result is None or not keeps_limits(self._objectives, result):
            return
        if larger := grown(self._front, losses(self._objectives, result)):
            self._front = larger
            self.trials_without = 0
