"""What was read of the last jobs asked for, kept between requests: only what came since is read again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Generic, Protocol, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

from service.domain.job import Job
from service.domain.tally import Tally
from service.ports import Store, UnitOfWork
from service.usecases.measured import NO_TRACE, NOTHING, Measurements, Trace

MOST_JOBS = 64


class Growing(Protocol):
    """Knowledge of a job that only ever grows; `last` says how far it reaches."""

    @property
    def last(self) -> int: ...


K = TypeVar("K", bound=Growing)
_Key: TypeAlias = tuple[int, datetime, datetime | None]


def _key(job: Job) -> _Key:
    """Another one when the record goes back to a backup, before which a job reached further or elsewhere."""
    return job.id, job.created_at, job.restored_at


class _Recent(Generic[K]):
    """The knowledge of the last MOST_JOBS jobs asked for. Threads may share one: what knows more stays."""

    def __init__(self, nothing: K) -> None:
        self._nothing = nothing
        self._jobs: OrderedDict[_Key, K] = OrderedDict()
        self._alone = threading.Lock()

    def of(self, job: Job) -> K:
        """What is known of a job so far."""
        with self._alone:
            return self._jobs.get(_key(job), self._nothing)

    def keep(self, job: Job, known: K) -> None:
        """Puts it in the place of what reaches less far."""
        key = _key(job)
        with self._alone:
            if known.last >= self._jobs.get(key, self._nothing).last:
                self._jobs[key] = known
                self._jobs.move_to_end(key)
            while len(self._jobs) > MOST_JOBS:
                self._jobs.popitem(last=False)


@dataclass(frozen=True, slots=True)
class _Ended:
    """The count of the trials up to number `last`, all of which have ended: nothing more becomes of them."""

    last: int
    tally: Tally


class Memory:
    """What has been read of jobs, with what was recorded since.

    The evaluations of a job are recorded one after another, under its lease: an id that is higher comes later.
    """

    def __init__(self) -> None:
        self._measured = _Recent(NOTHING)
        self._traces = _Recent(NO_TRACE)
        self._ended = _Recent(_Ended(-1, Tally()))

    def measurements(self, job: Job, store: Store) -> Measurements:
        """What its fully trained cells measure."""
        known = self._measured.of(job)
        known = known.with_more(store.measured(job.id, job.spec.recipe.epochs, after=known.last), job.spec.objectives)
        self._measured.keep(job, known)
        return known

    def trace(self, job: Job, known: Measurements) -> Trace:
        """The trials that made its front cover more."""
        trace = self._traces.of(job)
        if trace.last > len(known.columns["number"]):
            trace = NO_TRACE  # another request was quicker, and knows more than this one may
        trace = trace.with_more(known, job.spec.objectives)
        self._traces.keep(job, trace)
        return trace

    def tally(self, job: Job, store: Store) -> Tally:
        """The count of its trials."""
        ended = self._ended.of(job)
        courses = store.courses(job.id, after=ended.last)
        more = list(takewhile(lambda course: course.ended, courses))
        if more:
            ended = _Ended(more[-1].number, ended.tally.with_more(job.spec, more))
            self._ended.keep(job, ended)
        return ended.tally.with_more(job.spec, courses[len(more) :])


def memory_of(work: UnitOfWork) -> Memory:
    """The memory of one record, which lasts as long as its `work`."""
    with _ALONE:
        return _MEMORIES.setdefault(work, Memory())


_MEMORIES: WeakKeyDictionary[UnitOfWork, Memory] = WeakKeyDictionary()
_ALONE = threading.Lock()
