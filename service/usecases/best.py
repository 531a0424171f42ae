"""The best networks that all jobs together have found for a data set and a device."""

from __future__ import annotations

from dataclasses import dataclass

from service.domain.job import Job
from service.domain.trial import Trial
from service.ports import UnitOfWork
from workers.messages import Evaluated


@dataclass(frozen=True, slots=True)
class Find:
    """A fully trained network, with the job and trial that it comes from."""

    job: Job
    trial: Trial
    result: Evaluated

    @property
    def architecture(self) -> str:
        """Equal for equal networks."""
        return f"{self.trial.proposal.genotype.key} {self.job.spec.skeleton}"


def best(dataset: str, device: str, work: UnitOfWork, limit: int = 20) -> list[Find]:
    """The most accurate networks first, the fastest of equals first, each architecture once.

    Of every job of the data set; recipes and skeletons may differ, and each find says its own.
    """
    found: list[Find] = []
    with work() as store:
        for job_id, number in store.finds(dataset, device):
            job, trial = store.job(job_id), store.trial(job_id, number)
            result = trial.full_result
            assert result is not None
            different = {find.architecture for find in found}
            if len(different) >= limit and result.accuracy < found[-1].result.accuracy:
                break
            found.append(Find(job, trial, result))
    found.sort(key=lambda find: (-find.result.accuracy, find.result.latency.median_ms))
    once: dict[str, Find] = {}
    for find in found:
        once.setdefault(find.architecture, find)
    return list(once.values())[:limit]
