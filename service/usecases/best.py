"""The best networks that all jobs together have found for a data set and a device."""

from __future__ import annotations

from dataclasses import dataclass

from service.domain.job import Job
from service.domain.objectives import keeps_limits
from service.domain.trial import Trial
from service.domain.uncertainty import share_interval
from service.ports import UnitOfWork
from service.usecases.datasets import has_other_content, images_of, named
from service.usecases.devices import refuse_unknown_device
from workers.messages import Evaluated


@dataclass(frozen=True, slots=True)
class Find:
    """A fully trained network, with the job and trial that it comes from."""

    job: Job
    trial: Trial
    result: Evaluated

    @property
    def accuracy_interval(self) -> tuple[float, float]:
        """Holds the accuracy with 95 %, as far as the number of validation images decides."""
        return share_interval(self.result.accuracy, images_of(self.job, self.result))


def best(dataset: str, device: str, work: UnitOfWork, limit: int = 20) -> list[Find]:
    """The most accurate networks first, the fastest of equals first, each architecture once.

    Of every job of the data set, as far as they keep the limits of their own job; recipes and skeletons may differ,
    and each find says its own. Invalid where there is no such data set or device.
    """
    known_data = named(dataset)
    found: dict[str, Find] = {}
    lowest = 0.0  # accuracy among them
    jobs: dict[int, Job] = {}
    with work() as store:
        refuse_unknown_device(device, store)
        for row in store.finds(dataset, device):
            if len(found) >= limit and row.accuracy < lowest:
                break
            job = jobs[row.job_id] = jobs.get(row.job_id) or store.job(row.job_id)
            if has_other_content(job.spec, known_data):
                continue
            architecture = f"{row.key} {job.spec.skeleton}"
            known = found.get(architecture)
            if known and (known.result.accuracy, -known.result.latency.median_ms) >= (row.accuracy, -row.latency_ms):
                continue
            trial = store.trial(row.job_id, row.number)
            result = trial.full_result
            assert result is not None
            if keeps_limits(job.spec.objectives, result):
                found[architecture] = Find(job, trial, result)
                lowest = row.accuracy
    best_first = sorted(found.values(), key=lambda find: (-find.result.accuracy, find.result.latency.median_ms))
    return best_first[:limit]
