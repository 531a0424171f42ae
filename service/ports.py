"""What the service needs from outside the house, as promises that others keep.

Store and UnitOfWork are kept by `service.store`, Proposer by `service.sampling`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from search_space.genotype import Genotype
from search_space.network import Architecture
from search_space.skeleton import Skeleton
from service.domain.job import Job, JobSpec, JobState, Lease
from service.domain.tally import Course
from service.domain.trial import Evaluation, Proposal, Trial, TrialState


@dataclass(frozen=True, slots=True)
class Measured:
    """What a front is made of: the measurements of one trial, under the `id` of their evaluation."""

    id: int
    number: int
    accuracy: float
    latency_ms: float
    params: int
    macs: int
    peak_memory_bytes: int | None = None

    @property
    def peak_memory_mb(self) -> float:
        """In megabytes of 10^6 bytes; no number where it was recorded before memory was."""
        return math.nan if self.peak_memory_bytes is None else self.peak_memory_bytes / 1e6


@dataclass(frozen=True, slots=True)
class Found:
    """A fully trained trial of any job, with the key of its cell and what it is ordered by."""

    job_id: int
    number: int
    key: str
    accuracy: float
    latency_ms: float


class Store(Protocol):
    """The record, inside one transaction. What comes out are values: changing one changes no row."""

    def add_job(self, spec: JobSpec, idempotency_key: str | None = None, body_hash: str = "") -> Job:
        """A new queued job. The same key with the same hash gives the job it made before, another hash KeyReused."""

    def job_of_key(self, idempotency_key: str, body_hash: str) -> Job | None:
        """The job that was made under this key, if there is one; KeyReused where it was made of another body."""

    def job(self, id: int) -> Job:
        """NotFound where there is none."""

    def jobs(self, before: int | None = None, limit: int = 50, states: Iterable[JobState] = ()) -> list[Job]:
        """Newest first, those with an id below `before`."""

    def move_job(self, id: int, state: JobState, message: str = "") -> Job:
        """Moves a job along the table of moves; Conflict otherwise. Stamps started_at and finished_at.

        Nobody holds a job that has ended: what its search still finds is refused.
        """

    def claim_job(
        self, holder: str, lease_seconds: float, driving: Collection[int] = (), above: int | None = None
    ) -> tuple[Job, Lease] | None:
        """A job that waits, or that ran under a lease which is expired or was this holder's own.

        Of several the one of the highest priority, then the oldest; only one of a priority higher than `above` where
        that is given, and none of those which this holder is `driving`. It is running afterwards, under a lease with a
        higher token than any before.
        """

    def beat(self, lease: Lease, lease_seconds: float, seconds_used: float) -> Job:
        """Prolongs the lease and writes the seconds used; LeaseLost where it is no longer the job's."""

    def release(self, lease: Lease, state: JobState, seconds_used: float, message: str = "") -> Job:
        """Ends the lease and moves the job; LeaseLost as above.

        A job that its user has moved meanwhile stays where it was put. RUNNING leaves it for the next claim.
        """

    def add_trial(self, lease: Lease, proposal: Proposal) -> Trial:
        """Writes a proposal before it is dispatched; Conflict where its number is taken, LeaseLost as above."""

    def add_evaluation(
        self, lease: Lease, number: int, evaluation: Evaluation, state: TrialState, seconds_used: float | None = None
    ) -> bool:
        """Records one report with the state the trial has after it; LeaseLost as above.

        With it are written the seconds that the job has used by now, where they are given. False, and neither trial
        nor reports change, where this trial has a report at this fidelity and seed already.
        """

    def add_attempt(self, lease: Lease, number: int) -> int:
        """Counts an attempt at this trial that ended in a crash; how many there were by now. LeaseLost as above."""

    def trials(
        self, job_id: int, after: int = -1, limit: int | None = None, numbers: Collection[int] | None = None
    ) -> list[Trial]:
        """In the order of their numbers, without weights; NotFound where there is no such job.

        Only those above `after`, the first `limit`, and those among `numbers`, where these are given.
        """

    def courses(self, job_id: int, after: int = -1) -> list[Course]:
        """How far each trial with a number above `after` has come, in the order of their numbers."""

    def measured(self, job_id: int, fidelity: int, after: int = 0) -> list[Measured]:
        """The results of a job at one fidelity, in the order of recording, those with an id above `after`."""

    def trial(self, job_id: int, number: int) -> Trial:
        """NotFound where there is none; without weights."""

    def weights(self, job_id: int, number: int, form: str) -> bytes:
        """The safetensors of the trial's full fidelity in form "training" or "inference"; NotFound where none."""

    def reusable(self, request_key: str) -> dict[int, tuple[int, Evaluation]]:
        """What earlier evaluations with this `EvaluationRequest.key` found: fidelity -> (evaluation id, evaluation).

        These are results, and failures that would come again (`FOLLOWS`) where there is no result.
        """

    def finds(self, dataset: str, device: str) -> Iterator[Found]:
        """Every fully trained trial on this data set, measured on this device, best first.

        The most accurate first, the oldest of equals first.
        """

    def latencies(self, device: str, skeleton: Skeleton, limit: int) -> list[tuple[Architecture, float]]:
        """Architectures with their median latencies in milliseconds on this device, the newest first.

        First those of the newest `limit` evaluations in this skeleton, then of the newest `limit` in any: one may come
        twice.
        """

    def add_genotype(self, genotype: Genotype) -> None:
        """Registers a genotype under its key; one that is there already stays as it is."""

    def genotype(self, key: str) -> Genotype:
        """NotFound where no architecture has this key."""

    def tried_in(self, key: str) -> list[tuple[int, int]]:
        """Where an architecture was tried: (job id, trial number)."""

    def save_device(self, name: str, profile: dict[str, Any]) -> None:
        """Writes what is known of a device, replacing what was known before."""

    def devices(self) -> dict[str, dict[str, Any]]:
        """What is known of each device."""

    def pulse(self, holder: str, seconds: float) -> None:
        """Says that this scheduler works, and will for so many seconds at least; 0 takes it back."""

    def schedulers(self) -> list[str]:
        """The schedulers that work at the moment."""


class UnitOfWork(Protocol):
    """Opens a transaction: all of what happens inside is recorded when it ends, or none of it if anything raises.

    One that ends with LeaseLost is counted as refused on that job.
    """

    def __call__(self) -> AbstractContextManager[Store]: ...


class Proposer(Protocol):
    """Proposes architectures. Has no memory of its own: the recorded trials are all it knows."""

    def propose(self, number: int, attempt: int, known: Sequence[Trial], pending: Sequence[Proposal] = ()) -> Proposal:
        """Proposal `number` of the job, a function of the job's seed and of what is given here alone.

        `known` are the first trials of the job with their results, `pending` the proposals between them and this
        one, whose results must not matter. `attempt` counts how often a proposal for this number was turned down as
        a repetition.
        """
