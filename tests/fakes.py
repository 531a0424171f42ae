"""Small stand-ins: a job that the fake evaluation answers, and a dispatcher that finishes in any order."""

from __future__ import annotations

import random
from collections.abc import Iterator

from search_space.presets import spaces
from search_space.skeleton import skeletons
from service.domain.job import Budget, EarlyStopping, Job, JobSpec, Lease, Sampler
from service.domain.progress import Progress, progress
from service.domain.tally import Tally
from service.ports import Proposer, UnitOfWork
from service.sampling.registry import proposer_for
from service.search import Search
from tests.fake_evaluations import Evaluate, evaluate
from workers.messages import EvaluationReport, Recipe


def a_spec(
    trials: int = 12,
    seconds: float = 600,
    seed: int = 0,
    sampler: str = "nsga2",
    lag: int = 4,
    stopping: str = "halving",
    evaluation_seconds: float | None = None,
) -> JobSpec:
    """A job on the digits that the fake evaluation answers."""
    return JobSpec(
        dataset="digits",
        space=spaces["nasnet"],
        skeleton=skeletons["tiny"],
        recipe=Recipe(epochs=6),
        sampler=Sampler(sampler, lag),
        early_stopping=EarlyStopping(stopping),
        budget=Budget(trials=trials, seconds=seconds, evaluation_seconds=evaluation_seconds),
        seed=seed,
    )


def a_search(spec: JobSpec, work: UnitOfWork, proposer: Proposer | None = None) -> Search:
    """A search over a job that is claimed here; a job with this specification that waits already is taken up.

    By default the `proposer` is that of the specification.
    """
    with work() as store:
        claimed = store.claim_job("test", 60)
        if claimed is None:
            store.add_job(spec)
            claimed = store.claim_job("test", 60)
    assert claimed is not None
    return resumed(*claimed, work, proposer)


def resumed(job: Job, lease: Lease, work: UnitOfWork, proposer: Proposer | None = None) -> Search:
    """The search of a job that was claimed."""
    return Search(job, lease, proposer or proposer_for(job.spec), work)


def told_of(search: Search) -> Progress:
    """How far a search is."""
    return progress(search.job, Tally.of(search.job.spec, search.trials))


class ShuffledDispatcher:
    """As many workers as asked for, which take turns by chance; may be killed after a number of reports."""

    def __init__(self, workers: int, seed: int, evaluate: Evaluate = evaluate, dies_after: int | None = None) -> None:
        self._workers = workers
        self._chance = random.Random(seed)
        self._evaluate = evaluate
        self._reports_left = dies_after

    def run(self, search: Search) -> None:
        busy: list[tuple[int, Iterator[EvaluationReport]]] = []
        while True:
            while len(busy) < self._workers and (assignment := search.next()) is not None:
                busy.append((assignment.number, self._evaluate(assignment.request)))
            if not busy or self._reports_left == 0:
                return
            index = self._chance.randrange(len(busy))
            number, reports = busy[index]
            if not search.report(number, next(reports)):
                del busy[index]
            if self._reports_left is not None:
                self._reports_left -= 1
