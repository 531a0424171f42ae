"""Ray Tune runs the trials: our Searcher hands out, our TrialScheduler records and decides."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import ray
from ray import tune
from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial as TuneTrial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from service.search import Search
from workers.trainable import Evaluate, EvaluationTrainable

Result = TypeVar("Result")

LONGEST_FOLDER = 30


class TooFewResources(Exception):
    """This Ray has less than one evaluation of the job wants."""


class _HoldsSearch:
    """Leaves its search out where Tune pickles it, to restore an experiment that we never restore."""

    _search: Search

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_search"}


class _HandsOut(_HoldsSearch, Searcher):  # type: ignore[misc]  # ray has no types
    """Tune asks here for its next trial."""

    def __init__(self, search: Search) -> None:
        super().__init__(metric="report", mode="max")
        self._search = search

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        assignment = self._search.next()
        if assignment is not None:
            return {"number": assignment.number, "request": assignment.request}
        finished: str = Searcher.FINISHED
        return finished if self._search.exhausted else None

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        pass

    def save(self, checkpoint_path: str) -> None:
        pass

    def restore(self, checkpoint_path: str) -> None:
        pass


class _Records(_HoldsSearch, FIFOScheduler):  # type: ignore[misc]  # ray has no types
    """Tune tells results here and learns whether a trial goes on."""

    def __init__(self, search: Search) -> None:
        super().__init__()
        self._search = search

    def on_trial_result(self, tune_controller: TuneController, trial: TuneTrial, result: dict[str, Any]) -> str:
        goes_on = self._search.report(trial.config["number"], result["report"])
        decision: str = TrialScheduler.CONTINUE if goes_on and not self._search.stopped else TrialScheduler.STOP
        return decision

    def on_trial_error(self, tune_controller: TuneController, trial: TuneTrial) -> None:
        self._search.lost(trial.config["number"], "The worker died without an answer.", _reason(trial))


class _Forgets(tune.Callback):  # type: ignore[misc]  # ray has no types
    """Drops each result once it is recorded and each request once it is answered.

    Tune would keep them, weights included, of every trial in memory, with statistics of them, and write all at the end.
    """

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: TuneTrial, result: dict[str, Any], **info: Any
    ) -> None:
        result.clear()

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: TuneTrial, **info: Any) -> None:
        for kept in (trial.config, trial.evaluated_params):
            kept.pop("request", None)


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
    """Has evaluations done by warm Ray workers, each of which holds `data` and calls `evaluate(request, data)`."""

    def __init__(self, evaluate: Evaluate, data: Any) -> None:
        self._evaluate = evaluate
        self._data = data

    def run(self, search: Search) -> None:
        """Returns when the search has no more work to hand out. Needs Ray to be initialised.

        TooFewResources where this Ray could never run one of the job's evaluations.
        """
        resources = search.job.spec.resources
        there = ray.cluster_resources()
        for kind, wanted in (("CPU", resources.cpus), ("GPU", resources.gpus)):
            if wanted > there.get(kind, 0):
                raise TooFewResources(f"A worker of this job wants {wanted} {kind}s; there are {there.get(kind, 0):g}.")
        room = int(there["CPU"]) // resources.cpus
        trainable = tune.with_parameters(EvaluationTrainable, evaluate=self._evaluate, data=self._data)
        with tempfile.TemporaryDirectory(prefix="cellsmith-tune-") as scratch:
            tune.Tuner(
                tune.with_resources(trainable, {"cpu": resources.cpus, "gpu": resources.gpus}),
                tune_config=tune.TuneConfig(
                    search_alg=_HandsOut(search),
                    scheduler=_Records(search),
                    num_samples=-1,
                    reuse_actors=True,
                    # Where the machine itself is the limit, Tune keeps one trial waiting, proposed ahead of time.
                    max_concurrent_trials=resources.workers if resources.workers < room else None,
                    trial_dirname_creator=lambda trial: trial.trial_id,
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


def start_ray(processors: int) -> None:
    """A Ray of our own on this machine, on loopback alone; never joins a cluster that happens to be there."""
    ray.init(
        address="local",
        num_cpus=processors,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="error",
        # The name of a socket has room for 107 characters, of which Ray takes about 70.
        _temp_dir="/tmp/ray" if len(tempfile.gettempdir()) > LONGEST_FOLDER else None,  # noqa: S108
    )


def on_a_worker(work: Callable[[], Result]) -> Result:
    """What `work` returns, done once where evaluations are done."""
    result: Result = ray.get(ray.remote(num_cpus=1)(work).remote())
    return result


def stop_ray() -> None:
    """Ends the Ray that `start_ray` started, with its workers."""
    ray.shutdown()


def _reason(trial: TuneTrial) -> str:
    path = Path(trial.error_file or "")
    return path.read_text(errors="replace") if path.is_file() else ""
