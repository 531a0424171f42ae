"""The Ray Tune Trainable: a warm worker that is reused from trial to trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ray
from ray import tune

from workers.child import Evaluate
from workers.supervised import Supervised


@dataclass(frozen=True, slots=True)
class Work:
    """What all trials of a job have in common; `data` refers to the object store, which lets go of it with the job.

    `tune.with_parameters` would keep it there as long as this process lives.
    """

    evaluate: Evaluate
    data: ray.ObjectRef

    def __deepcopy__(self, memo: dict[int, object]) -> Work:
        return self


class EvaluationTrainable(tune.Trainable):  # type: ignore[misc]  # ray has no types
    """Each step is one report. `config["work"]` is taken up once a worker, `config["request"]` once a trial."""

    def setup(self, config: dict[str, Any]) -> None:
        """Runs once in a worker's life: the data lies in the node's object store and is not copied."""
        work: Work = config["work"]
        self._evaluations = Supervised(work.evaluate, ray.get(work.data))
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Takes up the next trial in the same process."""
        self._evaluations.begin(new_config["request"])
        return True

    def step(self) -> dict[str, Any]:
        """The next report, as `report`. Never says `done`: Tune would end the trial without asking our scheduler."""
        return {"report": self._evaluations.next()}

    def cleanup(self) -> None:
        """Runs when no more trials come."""
        self._evaluations.end()

    def save_checkpoint(self, checkpoint_dir: str) -> dict[str, Any]:
        """Nothing: the database is the only truth, and Tune's files are scratch."""
        return {}

    def load_checkpoint(self, checkpoint: dict[str, Any] | None) -> None:
        """Nothing, as above."""
