"""How the jobs of one scheduler share its workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from service.domain.job import Job

Share: TypeAlias = Callable[[int], int]
"""How many evaluations a job may have out at this moment, where there are so many processors for all jobs."""


def shares(processors: int, jobs: Iterable[Job]) -> Mapping[int, int]:
    """How many evaluations each job may have out, by its id.

    Jobs of the highest priority take what they can use, the next ones what is left. Those of equal priority get one
    evaluation each in turn, the oldest first, so that they differ by one at most; a job whose next evaluation needs
    more processors than are left is passed over.
    """
    given: Counter[int] = Counter()
    waiting = sorted(jobs, key=lambda job: (-job.spec.priority, job.id))
    while waiting:
        turn = [job for job in waiting if job.spec.priority == waiting[0].spec.priority]
        for job in turn:
            wanted = job.spec.resources
            if wanted.cpus > processors or given[job.id] >= wanted.workers:
                waiting.remove(job)
            else:
                given[job.id] += 1
                processors -= wanted.cpus
    return given
