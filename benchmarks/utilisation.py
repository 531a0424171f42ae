"""How much of a search the workers spend training and measuring: a real search on the digits, two workers.

Busy is the time between a worker's being asked for a report and its answer; the span runs from the first assignment to
the last result, the end, when no trial is left for one of the workers, included. `forecast_error` is by which share of
its whole time the search missed the end that it foretold after a tenth of its trials; above 0 where it took less.
"""

from __future__ import annotations

import math
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.report import parser, report
from search_space.presets import spaces
from search_space.skeleton import skeletons
from service.dispatch.local import start_ray, stop_ray
from service.dispatch.tune import TuneDispatcher
from service.domain.forecast import seconds_to_come
from service.domain.job import Budget, JobSpec, Resources
from service.domain.tally import Tally
from service.sampling.registry import proposer_for
from service.search import Search
from service.store.engine import connect
from service.store.migrate import upgrade
from service.store.sql import SqlUnitOfWork
from workers.data.load import load
from workers.data.splits import split
from workers.evaluate import evaluate
from workers.messages import EvaluationReport, Recipe

WORKERS = 2


class _Watched(Search):
    """A search that notes when work was handed out and answered."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.busy_s = 0.0
        self.evaluations = 0
        self.first = math.inf
        self.last = 0.0
        self.foretold_s: float | None = None

    def report(self, number: int, report: EvaluationReport) -> bool:
        goes_on = super().report(number, report)
        # "After start": whoever begins first has loaded torch and its data by then.
        self.first = min(self.first, time.perf_counter() - report.seconds)
        self.busy_s += report.seconds
        self.evaluations += 1
        self.last = time.perf_counter()
        if self.foretold_s is None and sum(trial.ended for trial in self.trials) * 10 >= self.job.spec.budget.trials:
            to_come = seconds_to_come(self.job.spec, Tally.of(self.job.spec, self.trials), self.seconds_used)
            assert to_come is not None
            self.foretold_s = self.seconds_used + to_come
        self.ended_s = self.seconds_used
        return goes_on


def main() -> None:
    """Searches once and reports the share."""
    arguments = parser(__doc__)
    arguments.add_argument("--trials", type=int, default=40)
    arguments.add_argument("--seed", type=int, default=0)
    options = arguments.parse_args()
    spec = JobSpec(
        dataset="digits",
        space=spaces["nasnet"],
        skeleton=replace(skeletons["tiny"], input_shape=(1, 8, 8), classes=10, stages=2),
        recipe=Recipe(epochs=6, learning_rate=0.2),
        budget=Budget(trials=options.trials, seconds=3600),
        resources=Resources(workers=WORKERS),
        seed=options.seed,
    )
    with tempfile.TemporaryDirectory(prefix="cellsmith-utilisation-") as scratch:
        engine = connect(f"sqlite:///{Path(scratch) / 'record.db'}")
        upgrade(engine)
        work = SqlUnitOfWork(engine)
        with work() as store:
            store.add_job(spec)
            claimed = store.claim_job("benchmark", 3600)
        assert claimed is not None
        search = _Watched(*claimed, proposer_for(spec), work)
        start_ray(WORKERS)
        try:
            TuneDispatcher(evaluate, split(load("digits"), spec.seed).search).run(search)
        finally:
            stop_ray()
    assert search.foretold_s is not None
    span_s = search.last - search.first
    figures = {
        "busy_share": search.busy_s / (WORKERS * span_s),
        "span_s": span_s,
        "trials": float(len(search.trials)),
        "evaluations": float(search.evaluations),
        "trials_per_minute": 60 * len(search.trials) / span_s,
        "foretold_s": search.foretold_s,
        "ended_s": search.ended_s,
        "forecast_error": search.foretold_s / search.ended_s - 1,
    }
    report(figures, options.json)


if __name__ == "__main__":
    main()
