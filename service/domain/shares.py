"""How the jobs of one scheduler share its workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from service.domain.job import Job

Share: TypeAlias = Callable[[int], int]
"""How many evaluations a job may have out at this moment, where there are so many processors for all jobs."""


def shares(processors: int, jobs: Iterable[Job], usable: Mapping[int, int] | None = None) -> Mapping[int, int]:
    """How many evaluations each job may have out, by its id.

    No job has more out than it has workers, or than its sampler may lag behind; `usable` says of those whose trials
    come to an end how many they can use.
    Jobs of the highest priority take what they can use, the next ones what is left. Those of equal priority get one
    evaluation each in turn, the oldest first, so that they differ by one at most; a job whose next evaluation needs
    more processors than are left is passed over.
    """
    waiting = sorted(jobs, key=lambda job: (-job.spec.priority, job.id))
    most = {job.id: min(job.spec.resources.workers, job.spec.sampler.lag) for job in waiting}
    most |= {id: min(most[id], own) for id, own in (usable or {}).items() if id in most}
    given: Counter[int] = Counter()
    while waiting:
        turn = [job for job in waiting if job.spec.priority == waiting[0].spec.priority]
        for job in turn:
            cpus = job.spec.resources.cpus
            if cpus > processors or given[job.id] >= most[job.id]:
                waiting.remove(job)
            else:
                given[job.id] += 1
                processors -= cpus
    return given
