"""The best networks that all jobs together have found for a data set and a device."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from service.domain.job import Job
from service.domain.trial import Trial
from service.ports import UnitOfWork
from workers.messages import Evaluated

PAGE = 100


@dataclass(frozen=True, slots=True)
class Find:
    """A fully trained network, with the job and trial that it comes from."""

    job: Job
    trial: Trial
    result: Evaluated


def best(dataset: str, device: str, work: UnitOfWork, limit: int = 20) -> list[Find]:
    """The most accurate networks first, the fastest of equals first, each architecture once.

    Reads every job of the data set; recipes and skeletons may differ, and each find says its own.
    """
    found: dict[str, Find] = {}
    for find in sorted(_finds(dataset, device, work), key=lambda f: (-f.result.accuracy, f.result.latency.median_ms)):
        found.setdefault(f"{find.trial.proposal.genotype.key} {find.job.spec.skeleton}", find)
    return list(found.values())[:limit]


def _finds(dataset: str, device: str, work: UnitOfWork) -> Iterator[Find]:
    before: int | None = None
    while True:
        with work() as store:
            jobs = store.jobs(before, PAGE)
            asked = [job for job in jobs if job.spec.dataset == dataset and job.spec.device == device]
            pairs = [(job, trial) for job in asked for trial in store.trials(job.id)]
        yield from (Find(job, trial, trial.full_result) for job, trial in pairs if trial.full_result)
        if len(jobs) < PAGE:
            return
        before = jobs[-1].id
