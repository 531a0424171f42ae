"""What a trial costs beside its training: trials that do no work, ours and the two ways one would do it otherwise.

40 decisions, two objectives, two workers, a record in SQLite on disk. A figure is the median time between two
completions; ours is counted over the whole way from the proposal to the committed result.
"""

from __future__ import annotations

import itertools
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean, median
from typing import Any

import optuna

from benchmarks.report import parser, report
from search_space.presets import spaces
from search_space.skeleton import skeletons
from search_space.space import CellSpace
from service.dispatch.local import start_ray, stop_ray
from service.dispatch.tune import TuneDispatcher
from service.domain.job import Budget, EarlyStopping, JobSpec, Resources, Sampler
from service.sampling.registry import proposer_for
from service.search import Search
from service.store.engine import connect
from service.store.migrate import upgrade
from service.store.sql import SqlUnitOfWork
from workers.messages import Evaluated, EvaluationReport, EvaluationRequest, LatencyMeasurement

DECISIONS = 40
ANSWERS = 5
SIDES = ("ours", "optuna_sqlite", "ray_tune_optuna")


def no_work(request: EvaluationRequest, data: object) -> Iterator[EvaluationReport]:
    """A result made of the cell's key, at once."""
    value = int(request.genotype.key[:6], 16) / 0xFFFFFF
    latency = LatencyMeasurement("local", 1, 1, (1 + value,) * 30, (1.0,) * 30)
    yield Evaluated(request.fidelities[-1], 1 - abs(value - 0.5), latency, params=1, macs=1, seconds=0.0)


def ours(folder: Path, trials: int, seed: int) -> tuple[list[float], float]:
    """Seconds between completions, and commits a trial."""
    engine = connect(f"sqlite:///{folder / f'ours-{seed}.db'}")
    upgrade(engine)
    work = SqlUnitOfWork(engine)
    nasnet = spaces["nasnet"]
    spec = JobSpec(
        dataset="none",
        space=CellSpace(name="forty", operators=nasnet.operators, nodes=5, combines=("add",)),
        skeleton=skeletons["tiny"],
        sampler=Sampler("nsga2"),
        early_stopping=EarlyStopping("none"),
        budget=Budget(trials=trials, seconds=3600),
        resources=Resources(workers=2),
        seed=seed,
    )
    decisions = sum(len(decision.choices) > 1 for decision in spec.space.decisions)
    assert decisions == DECISIONS, f"the benchmark is defined for {DECISIONS} decisions, this space has {decisions}"
    with work() as store:
        store.add_job(spec)
        claimed = store.claim_job("benchmark", 3600)
    assert claimed is not None
    search = _Completions(*claimed, proposer_for(spec), work)
    before = work.commits
    TuneDispatcher(no_work, None).run(search)
    return _gaps(search.completed), (work.commits - before) / trials


class _Completions(Search):
    """A search that notes when each result was committed."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.completed: list[float] = []

    def report(self, number: int, report: EvaluationReport) -> bool:
        goes_on = super().report(number, report)
        self.completed.append(time.perf_counter())
        return goes_on


def optuna_on_sqlite(folder: Path, trials: int, seed: int) -> list[float]:
    """Optuna's own loop with two threads on its own SQLite storage."""
    completed: list[float] = []

    def objective(trial: optuna.Trial) -> tuple[float, float]:
        answers = [trial.suggest_categorical(f"d{i}", range(ANSWERS)) for i in range(DECISIONS)]
        return sum(answers) / 100, answers[0] / 10

    study = optuna.create_study(
        storage=f"sqlite:///{folder / f'optuna-{seed}.db'}",
        directions=["maximize", "minimize"],
        sampler=optuna.samplers.NSGAIISampler(population_size=16, seed=seed),
    )
    study.optimize(objective, n_trials=trials, n_jobs=2, callbacks=[lambda *_: completed.append(time.perf_counter())])
    return _gaps(completed)


def ray_tune_with_optuna(folder: Path, trials: int, seed: int) -> list[float]:
    """Ray Tune with OptunaSearch as their documentation shows it."""
    from ray import tune
    from ray.tune.search.optuna import OptunaSearch

    completed: list[float] = []

    class Watch(tune.Callback):  # type: ignore[misc]  # ray has no types
        def on_trial_complete(self, *_: Any, **__: Any) -> None:
            completed.append(time.perf_counter())

    def objective(config: dict[str, int]) -> None:
        tune.report({"accuracy": sum(config.values()) / 100, "latency": config["d0"] / 10})

    sampler = optuna.samplers.NSGAIISampler(population_size=16, seed=seed)
    tune.Tuner(
        tune.with_resources(objective, {"cpu": 1}),
        param_space={f"d{i}": tune.choice(list(range(ANSWERS))) for i in range(DECISIONS)},
        tune_config=tune.TuneConfig(
            search_alg=OptunaSearch(metric=["accuracy", "latency"], mode=["max", "min"], sampler=sampler),
            num_samples=trials,
            max_concurrent_trials=2,
        ),
        run_config=tune.RunConfig(storage_path=str(folder), name=f"tune-{seed}", callbacks=[Watch()], verbose=0),
    ).fit()
    return _gaps(completed)


def _gaps(moments: list[float]) -> list[float]:
    return [later - earlier for earlier, later in itertools.pairwise(moments)]


def main() -> None:
    """Runs the three in turn, `--repeats` times."""
    arguments = parser(__doc__)
    arguments.add_argument("--trials", type=int, default=200)
    arguments.add_argument("--repeats", type=int, default=3)
    arguments.add_argument("--ray-tune-trials", type=int, default=20, help="fewer, since each takes seconds")
    options = arguments.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    given = dict.fromkeys(SIDES, options.repeats * options.trials)
    given["ray_tune_optuna"] = options.repeats * options.ray_tune_trials
    gaps: dict[str, list[float]] = {side: [] for side in SIDES}
    commits: list[float] = []
    start_ray(2)
    try:
        with tempfile.TemporaryDirectory(prefix="cellsmith-overhead-") as scratch:
            folder = Path(scratch)
            for seed in range(options.repeats):
                own, per_trial = ours(folder, options.trials, seed)
                gaps["ours"] += own
                commits.append(per_trial)
                gaps["optuna_sqlite"] += optuna_on_sqlite(folder, options.trials, seed)
                with _without_our_settings_of_tune():
                    gaps["ray_tune_optuna"] += ray_tune_with_optuna(folder, options.ray_tune_trials, seed)
    finally:
        stop_ray()
    medians = {side: 1000 * median(seconds) for side, seconds in gaps.items()}
    figures = {f"{side}.median_ms": milliseconds for side, milliseconds in medians.items()}
    figures |= {f"{side}.mean_ms": 1000 * fmean(seconds) for side, seconds in gaps.items()}
    figures |= {f"{side}.trials": float(trials) for side, trials in given.items()}
    figures["ours.commits_per_trial"] = median(commits)
    for side in SIDES[1:]:
        figures[f"{side}.times_ours"] = medians[side] / medians["ours"]
    report(figures, options.json, {"trials": options.trials, "repeats": options.repeats})


@contextmanager
def _without_our_settings_of_tune() -> Iterator[None]:
    """They, and our controller, must not help the alternative, nor hinder it."""
    import ray.tune.tune
    from ray.tune.execution.tune_controller import TuneController

    settings = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(("TUNE_", "RAY_AIR_"))}
    ours, ray.tune.tune.TuneController = ray.tune.tune.TuneController, TuneController
    try:
        yield
    finally:
        os.environ.update(settings)
        ray.tune.tune.TuneController = ours


if __name__ == "__main__":
    main()
