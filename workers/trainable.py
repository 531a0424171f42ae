"""The Ray Tune Trainable: a warm worker that is reused from trial to trial."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from ray import tune

from workers.messages import EvaluationReport, EvaluationRequest

Evaluate: TypeAlias = Callable[[EvaluationRequest, Any], Iterator[EvaluationReport]]


class EvaluationTrainable(tune.Trainable):  # type: ignore[misc]  # ray has no types
    """Each step is one report. `evaluate` and `data` come once a worker, `config["request"]` once a trial."""

    def setup(self, config: dict[str, Any], evaluate: Evaluate, data: Any) -> None:
        """Runs once in a worker's life: `data` lies in the node's object store and is not copied."""
        self._evaluate = evaluate
        self._data = data
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Takes up the next trial in the same process."""
        self._reports = self._evaluate(new_config["request"], self._data)
        return True

    def step(self) -> dict[str, Any]:
        """The next report, as `report`. Never says `done`: Tune would end the trial without asking our scheduler."""
        return {"report": next(self._reports)}

    def save_checkpoint(self, checkpoint_dir: str) -> dict[str, Any]:
        """Nothing: the database is the only truth, and Tune's files are scratch."""
        return {}

    def load_checkpoint(self, checkpoint: dict[str, Any] | None) -> None:
        """Nothing, as above."""
