"""The record in memory: the promises of the store in their plainest form, for tests and for reading."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from search_space.genotype import Genotype
from search_space.network import Architecture
from search_space.skeleton import Skeleton
from service.domain.errors import Conflict, KeyReused, LeaseLost, NotFound
from service.domain.job import ENDED, Job, JobSpec, JobState, Lease
from service.domain.tally import Course
from service.domain.trial import Evaluation, Proposal, Trial, TrialState
from service.ports import Found, Measured
from workers.messages import FOLLOWS, Evaluated, Failed


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class MemoryStore:
    """Keeps the promises of `service.ports.Store`."""

    clock: Callable[[], datetime] = _utc_now
    _jobs: dict[int, Job] = field(default_factory=dict)
    _keys: dict[str, tuple[int, str]] = field(default_factory=dict)
    _leases: dict[int, tuple[Lease, datetime]] = field(default_factory=dict)
    _tokens: dict[int, int] = field(default_factory=dict)
    _trials: dict[tuple[int, int], Trial] = field(default_factory=dict)
    _attempts: dict[tuple[int, int], int] = field(default_factory=dict)
    _evaluations: dict[int, tuple[int, int, Evaluation]] = field(default_factory=dict)
    _genotypes: dict[str, Genotype] = field(default_factory=dict)
    _schedulers: dict[str, datetime] = field(default_factory=dict)
    _devices: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add_job(self, spec: JobSpec, idempotency_key: str | None = None, body_hash: str = "") -> Job:
        """See `Store.add_job`."""
        if idempotency_key is not None and (made := self.job_of_key(idempotency_key, body_hash)):
            return made
        job = Job(len(self._jobs) + 1, spec, JobState.QUEUED, self.clock())
        if idempotency_key is not None:
            self._keys[idempotency_key] = job.id, body_hash
        return self._save(job)

    def job_of_key(self, idempotency_key: str, body_hash: str) -> Job | None:
        """See `Store.job_of_key`."""
        if idempotency_key not in self._keys:
            return None
        known, known_hash = self._keys[idempotency_key]
        if known_hash != body_hash:
            raise KeyReused(f"The idempotency key {idempotency_key!r} was used before with another body.")
        return self._jobs[known]

    def _save(self, job: Job) -> Job:
        self._jobs[job.id] = job
        return job

    def job(self, id: int) -> Job:
        """See `Store.job`."""
        if id not in self._jobs:
            raise NotFound(f"There is no job {id}.")
        return self._jobs[id]

    def jobs(self, before: int | None = None, limit: int = 50, states: Iterable[JobState] = ()) -> list[Job]:
        """See `Store.jobs`."""
        wanted = set(states) or set(JobState)
        below = len(self._jobs) + 1 if before is None else before
        newest_first = (self._jobs[each] for each in sorted(self._jobs, reverse=True))
        return [job for job in newest_first if job.id < below and job.state in wanted][:limit]

    def move_job(self, id: int, state: JobState, message: str = "") -> Job:
        """See `Store.move_job`."""
        job = replace(self.job(id).moved_to(state), message=message)
        if state is JobState.RUNNING and job.started_at is None:
            job = replace(job, started_at=self.clock())
        if state in ENDED:
            job = replace(job, finished_at=self.clock())
            self._leases.pop(id, None)
        return self._save(job)

    def claim_job(
        self, holder: str, lease_seconds: float, driving: Collection[int] = (), above: int | None = None
    ) -> tuple[Job, Lease] | None:
        """See `Store.claim_job`."""
        found = [job for job in self._jobs.values() if job.id not in driving and self._claimable(job, holder)]
        job = min(found, key=lambda job: (-job.spec.priority, job.id), default=None)
        if job is None or (above is not None and job.spec.priority <= above):
            return None
        if job.state is JobState.QUEUED:
            job = self.move_job(job.id, JobState.RUNNING)
        self._tokens[job.id] = self._tokens.get(job.id, 0) + 1
        lease = Lease(job.id, holder, self._tokens[job.id])
        self._leases[job.id] = lease, self._later(lease_seconds)
        return job, lease

    def _claimable(self, job: Job, holder: str) -> bool:
        if job.state is not JobState.RUNNING or job.id not in self._leases:
            return job.state in (JobState.QUEUED, JobState.RUNNING)
        lease, until = self._leases[job.id]
        return lease.holder == holder or until <= self.clock()

    def count_refused(self, job_id: int) -> None:
        """One more write to this job was refused."""
        job = self._jobs[job_id]
        self._save(replace(job, refused=job.refused + 1))

    def _later(self, seconds: float) -> datetime:
        return self.clock() + timedelta(seconds=seconds)

    def _hold(self, lease: Lease) -> None:
        if self._leases.get(lease.job_id, (None,))[0] != lease:
            raise LeaseLost(
                lease.job_id, f"Job {lease.job_id} is no longer held by {lease.holder} under lease {lease.token}."
            )

    def beat(self, lease: Lease, lease_seconds: float, seconds_used: float) -> Job:
        """See `Store.beat`."""
        self._hold(lease)
        self._leases[lease.job_id] = lease, self._later(lease_seconds)
        return self._save(replace(self._jobs[lease.job_id], seconds_used=seconds_used))

    def release(self, lease: Lease, state: JobState, seconds_used: float, message: str = "") -> Job:
        """See `Store.release`."""
        self._hold(lease)
        del self._leases[lease.job_id]
        job = self._save(replace(self._jobs[lease.job_id], seconds_used=seconds_used))
        if job.state is JobState.RUNNING and state is not JobState.RUNNING:
            return self.move_job(job.id, state, message)
        return job

    def add_trial(self, lease: Lease, proposal: Proposal) -> Trial:
        """See `Store.add_trial`."""
        self._hold(lease)
        if (lease.job_id, proposal.number) in self._trials:
            raise Conflict(f"Job {lease.job_id} has a trial {proposal.number} already.")
        self.add_genotype(proposal.genotype)
        self._trials[lease.job_id, proposal.number] = Trial(proposal)
        return Trial(proposal)

    def add_evaluation(
        self, lease: Lease, number: int, evaluation: Evaluation, state: TrialState, seconds_used: float | None = None
    ) -> bool:
        """See `Store.add_evaluation`."""
        self._hold(lease)
        if seconds_used is not None:
            self._save(replace(self._jobs[lease.job_id], seconds_used=seconds_used))
        trial = self.trial(lease.job_id, number)
        spot = evaluation.report.fidelity, evaluation.seed
        if any((known.report.fidelity, known.seed) == spot for known in trial.evaluations):
            return False
        self._evaluations[len(self._evaluations) + 1] = lease.job_id, number, evaluation
        trial = trial.moved_to(state)
        known = sorted((*trial.evaluations, _without_weights(evaluation)), key=lambda each: each.report.fidelity)
        self._trials[lease.job_id, number] = replace(trial, evaluations=tuple(known))
        return True

    def add_attempt(self, lease: Lease, number: int) -> int:
        """See `Store.add_attempt`."""
        self._hold(lease)
        self.trial(lease.job_id, number)
        self._attempts[lease.job_id, number] = self._attempts.get((lease.job_id, number), 0) + 1
        return self._attempts[lease.job_id, number]

    def trials(
        self, job_id: int, after: int = -1, limit: int | None = None, numbers: Collection[int] | None = None
    ) -> list[Trial]:
        """See `Store.trials`."""
        self.job(job_id)
        spots = [spot for spot in sorted(self._trials) if spot[0] == job_id and spot[1] > after]
        return [self._trials[spot] for spot in spots if numbers is None or spot[1] in numbers][:limit]

    def courses(self, job_id: int, after: int = -1) -> list[Course]:
        """See `Store.courses`."""
        spots = [spot for spot in sorted(self._trials) if spot[0] == job_id and spot[1] > after]
        return [Course.of(self._trials[spot]) for spot in spots]

    def measured(self, job_id: int, fidelity: int, after: int = 0) -> list[Measured]:
        """See `Store.measured`."""
        return [
            Measured(
                id,
                number,
                report.accuracy,
                report.latency.median_ms,
                report.params,
                report.macs,
                report.peak_memory_bytes,
            )
            for id, (job, number, evaluation) in self._evaluations.items()
            if isinstance(report := evaluation.report, Evaluated)
            and (job, report.fidelity) == (job_id, fidelity)
            and id > after
        ]

    def trial(self, job_id: int, number: int) -> Trial:
        """See `Store.trial`."""
        if (job_id, number) not in self._trials:
            raise NotFound(f"Job {job_id} has no trial {number}.")
        return self._trials[job_id, number]

    def weights(self, job_id: int, number: int, form: str) -> bytes:
        """See `Store.weights`."""
        of_trial = [each for job, trial, each in self._evaluations.values() if (job, trial) == (job_id, number)]
        for evaluation in sorted(of_trial, key=lambda each: -each.report.fidelity):
            source = self._evaluations[evaluation.reused_from][2] if evaluation.reused_from else evaluation
            if isinstance(source.report, Evaluated) and form in source.report.weights:
                return source.report.weights[form]
        raise NotFound(f"Trial {number} of job {job_id} has no weights in form {form!r}.")

    def reusable(self, request_key: str) -> dict[int, tuple[int, Evaluation]]:
        """See `Store.reusable`."""
        keyed = [
            (number, evaluation)
            for number, (_, _, evaluation) in self._evaluations.items()
            if request_key and evaluation.request_key == request_key and evaluation.reused_from is None
        ]
        found: dict[int, tuple[int, Evaluation]] = {}
        for number, evaluation in sorted(keyed, key=lambda each: isinstance(each[1].report, Failed)):
            if isinstance(evaluation.report, Evaluated) or evaluation.report.failure in FOLLOWS:
                found.setdefault(evaluation.report.fidelity, (number, _without_weights(evaluation)))
        return found

    def finds(self, dataset: str, device: str) -> Iterator[Found]:
        """See `Store.finds`."""
        found = [
            Found(*spot, trial.proposal.genotype.key, result.accuracy, result.latency.median_ms)
            for spot, trial in self._trials.items()
            if (result := trial.full_result)
            and self._jobs[spot[0]].spec.dataset == dataset
            and result.latency.device == device
        ]
        yield from sorted(found, key=lambda each: (-each.accuracy, each.job_id, each.number))

    def latencies(self, device: str, skeleton: Skeleton, limit: int) -> list[tuple[Architecture, float]]:
        """See `Store.latencies`."""
        found = [
            (
                Architecture(self._trials[job, trial].proposal.genotype, self._jobs[job].spec.skeleton),
                evaluation.report.latency.median_ms,
            )
            for job, trial, evaluation in reversed(self._evaluations.values())
            if evaluation.report.latency is not None
            and evaluation.reused_from is None
            and evaluation.report.latency.device == device
        ]
        own = [each for each in found if each[0].skeleton == skeleton]
        return [*own[:limit], *found[:limit]]

    def add_genotype(self, genotype: Genotype) -> None:
        """See `Store.add_genotype`."""
        self._genotypes.setdefault(genotype.key, genotype)

    def genotype(self, key: str) -> Genotype:
        """See `Store.genotype`."""
        if key not in self._genotypes:
            raise NotFound(f"There is no architecture {key!r}.")
        return self._genotypes[key]

    def tried_in(self, key: str) -> list[tuple[int, int]]:
        """See `Store.tried_in`."""
        return [spot for spot, trial in self._trials.items() if trial.proposal.genotype.key == key]

    def save_device(self, name: str, profile: dict[str, Any]) -> None:
        """See `Store.save_device`."""
        self._devices[name] = profile

    def devices(self) -> dict[str, dict[str, Any]]:
        """See `Store.devices`."""
        return dict(sorted(self._devices.items()))

    def pulse(self, holder: str, seconds: float) -> None:
        """See `Store.pulse`."""
        self._schedulers[holder] = self._later(seconds)

    def schedulers(self) -> list[str]:
        """See `Store.schedulers`."""
        return sorted(holder for holder, until in self._schedulers.items() if until > self.clock())


def _without_weights(evaluation: Evaluation) -> Evaluation:
    if isinstance(evaluation.report, Evaluated):
        return replace(evaluation, report=replace(evaluation.report, weights={}))
    return evaluation


class MemoryUnitOfWork:
    """Opens transactions, one at a time, on a record in memory."""

    def __init__(self, clock: Callable[[], datetime] = _utc_now) -> None:
        self._store = MemoryStore(clock)
        self._alone = threading.Lock()

    @contextmanager
    def __call__(self) -> Iterator[MemoryStore]:
        """One transaction: works on a copy, which replaces the record when nothing was raised."""
        with self._alone:
            # Values never change, so that a copy of each dictionary is a copy of the record.
            store = copy(self._store)
            for name, value in vars(self._store).items():
                setattr(store, name, copy(value))
            try:
                yield store
            except LeaseLost as error:
                self._store.count_refused(error.job_id)
                raise
            self._store = store
