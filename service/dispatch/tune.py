"""Ray Tune runs the trials: our SearchAlgorithm hands out, our TrialScheduler records and decides."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.experiment import Experiment
from ray.tune.experiment import Trial as TuneTrial
from ray.tune.progress_reporter import TrialProgressCallback
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import SearchAlgorithm

from service.dispatch.controller import SharingController
from service.domain.errors import TooFewResources
from service.domain.shares import Share, shares
from service.search import Search
from workers.child import Evaluate
from workers.trainable import EvaluationTrainable, Work

REGISTERED = "evaluation"
"""What Tune believes to run; each trial brings its own. Tune's registry is not made for jobs that start at once."""


class _HoldsSearch:
    """Leaves its search out where Tune pickles it, to restore an experiment that we never restore."""

    _search: Search

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_search"}


class _Handed(TuneTrial):  # type: ignore[misc]  # ray has no types
    """A trial that brings its Trainable along, which Tune would ask the cluster for five times a trial."""

    def __init__(self, trainable: type[tune.Trainable], **own: Any) -> None:
        self._trainable = trainable
        super().__init__(stub=True, **own)

    def get_trainable_cls(self) -> type[tune.Trainable]:
        return self._trainable

    def get_json_state(self) -> tuple[str, str]:
        """Nothing: nobody restores a trial, and data that are named in a file would stay in the node's memory."""
        return "{}", "{}"


class _HandsOut(_HoldsSearch, SearchAlgorithm):  # type: ignore[misc]  # ray has no types
    """Tune asks here for its next trial; no more than `share()` says at that moment are out.

    The one after these is made ready meanwhile. Tune's own way from a `Searcher` to a trial copies its settings and
    parses them as a command line, for each trial.
    """

    def __init__(self, search: Search, work: Work, trainable: type[tune.Trainable], share: Callable[[], int]) -> None:
        self._search = search
        self._work = work
        self._trainable = trainable
        self._share = share
        self._out: set[str] = set()
        self._ready: TuneTrial | None = None
        self._handed = 0

    def __getstate__(self) -> dict[str, Any]:
        return {
            name: value for name, value in super().__getstate__().items() if name not in ("_share", "_ready", "_work")
        }

    def add_configurations(self, experiments: list[Experiment]) -> None:
        self._experiment = experiments[0]

    @property
    def full(self) -> bool:
        """Whether as many trials are out as may be, or more: a worker without a trial is not needed here."""
        return len(self._out) >= self._share()

    def next_trial(self) -> TuneTrial | None:
        if not self._out and self.full:
            self._search.rest()
            self._ready = None
            self._finished = self._search.exhausted
            return None
        self._search.wake()
        self._ready = self._ready or self._made_ready()
        if self.full or self._ready is None:
            return None
        handed, self._ready = self._ready, None
        self._out.add(handed.trial_id)
        return handed

    def _made_ready(self) -> TuneTrial | None:
        assignment = self._search.next()
        if assignment is None:
            self._finished = self._search.exhausted
            return None
        self._handed += 1
        name = f"{assignment.number}-{self._handed}"
        return _Handed(
            self._trainable,
            trainable_name=REGISTERED,
            config={"number": assignment.number, "request": assignment.request, "work": self._work},
            trial_id=name,
            storage=self._experiment.storage,
            checkpoint_config=self._experiment.checkpoint_config,
            trial_dirname_creator=lambda trial: trial.trial_id,
        )

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        self._out.discard(trial_id)


class _Records(_HoldsSearch, FIFOScheduler):  # type: ignore[misc]  # ray has no types
    """Tune tells results here and learns whether a trial goes on.

    What goes wrong with the record is kept in `error` and ends the search: Tune would make a TuneError of it.
    """

    def __init__(self, search: Search) -> None:
        super().__init__()
        self._search = search
        self.error: Exception | None = None

    def on_trial_result(self, tune_controller: SharingController, trial: TuneTrial, result: dict[str, Any]) -> str:
        try:
            goes_on = self._search.report(trial.config["number"], result["report"])
        except Exception as error:  # noqa: BLE001 - raised again by the dispatcher
            goes_on = self._ended_by(error)
        decision: str = TrialScheduler.CONTINUE if goes_on and not self._search.stopped else TrialScheduler.STOP
        return decision

    def on_trial_error(self, tune_controller: SharingController, trial: TuneTrial) -> None:
        try:
            self._search.lost(trial.config["number"], "The worker died without an answer.", _reason(trial))
        except Exception as error:  # noqa: BLE001 - raised again by the dispatcher
            self._ended_by(error)

    def _ended_by(self, error: Exception) -> bool:
        self.error = self.error or error
        self._search.stop()
        return False


class _Forgets(TrialProgressCallback):  # type: ignore[misc]  # ray has no types
    """Drops each result once it is recorded and each request once it is answered.

    Tune would keep them, weights included, of every trial in memory, with statistics of them, and write all at the end.
    It stands where Tune's own progress would stand, which prints a line for each trial.
    """

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: TuneTrial, result: dict[str, Any], **info: Any
    ) -> None:
        result.clear()

    def on_trial_error(self, iteration: int, trials: list[Any], trial: TuneTrial, **info: Any) -> None:
        pass

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: TuneTrial, **info: Any) -> None:
        for kept in ("request", "work"):
            trial.config.pop(kept, None)


class _Stops(tune.Stopper):  # type: ignore[misc]  # ray has no types
    """Ends the trials under way when the search is stopped: at their next report, or at once where none has begun."""

    def __init__(self, stopped: Callable[[], bool]) -> None:
        self._stopped = stopped

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        return self._stopped()


class TuneDispatcher:
    """Has evaluations done by warm Ray workers, each of which holds `data` and calls `evaluate(request, data)`.

    `share` says how many of them at a moment; a job that is alone has all that it asks for. Tune's files go into a
    folder within `scratch`, or where temporary files go, and are removed afterwards.
    """

    def __init__(self, evaluate: Evaluate, data: Any, scratch: Path | None = None, share: Share | None = None) -> None:
        self._evaluate = evaluate
        self._data = data
        self._scratch = scratch
        self._share = share

    def run(self, search: Search) -> None:
        """Returns when the search has no more work to hand out. Needs Ray to be initialised.

        TooFewResources where this Ray could never run one of the job's evaluations.
        """
        resources = search.job.spec.resources
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        for kind, wanted in (("CPU", resources.cpus), ("GPU", resources.gpus)):
            most = max(node.get(kind, 0) for node in nodes)
            if wanted > most:
                told = f"A worker of this job wants {wanted} {kind}s; no machine here has more than {most:g} of them"
                raise TooFewResources(f"{told} for evaluations (CELLSMITH_WORKERS of its process).")
        processors = _Processors()
        share = self._share or (lambda processors: shares(processors, [search.job])[search.job.id])
        records = _Records(search)
        trainable = tune.with_resources(EvaluationTrainable, {"cpu": resources.cpus, "gpu": resources.gpus})
        work = Work(self._evaluate, ray.put(self._data))
        with tempfile.TemporaryDirectory(prefix="cellsmith-tune-", dir=self._scratch) as scratch:
            tune.Tuner(
                REGISTERED,
                tune_config=tune.TuneConfig(
                    search_alg=_HandsOut(search, work, trainable, lambda: share(processors())),
                    scheduler=records,
                    reuse_actors=True,
                ),
                run_config=tune.RunConfig(
                    name=f"job-{search.job.id}",
                    storage_path=scratch,
                    callbacks=[_Forgets()],
                    verbose=0,
                    stop=_Stops(lambda: search.stopped),
                    failure_config=tune.FailureConfig(max_failures=0),
                    checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False, checkpoint_frequency=0),
                ),
            ).fit()
        if records.error is not None:
            raise records.error


class _Processors:
    """How many processors Ray has, with all nodes that are there by now; asks once a second."""

    def __init__(self) -> None:
        self._asked = -math.inf

    def __call__(self) -> int:
        if time.monotonic() - self._asked > 1:
            self._asked = time.monotonic()
            self._found = int(ray.cluster_resources().get("CPU", 0))
        return self._found


def _reason(trial: TuneTrial) -> str:
    path = Path(trial.error_file or "")
    return path.read_text(errors="replace") if path.is_file() else ""
