"""The scheduler's life: claim a job, drive it, beat, recover, stop."""

from __future__ import annotations

import errno
import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType

from service.claims import Claims
from service.domain.errors import LeaseLost, NoSpace, ServiceError, Unavailable
from service.domain.job import ENDED, Job, JobSpec, JobState, Lease
from service.domain.shares import Share, shares
from service.leases import Leases
from service.ports import Proposer
from service.search import Dispatcher, Search

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
OUT_OF_SPACE = (errno.ENOSPC, errno.EDQUOT)


class Runner:
    """Drives jobs, `at_once` of each priority at most. Any process that runs this may be killed at any time.

    Each job has a thread of its own; together they share the workers.
    """

    def __init__(
        self,
        leases: Leases,
        proposer_for: Callable[[JobSpec], Proposer],
        dispatcher_for: Callable[[JobSpec, Share], Dispatcher],
        at_once: int = 1,
    ) -> None:
        self._leases = leases
        self._proposer_for = proposer_for
        self._dispatcher_for = dispatcher_for
        self._at_once = at_once
        self._stopping = threading.Event()
        self._something_ended = threading.Event()
        # Written by threads, one key each, and read from a signal handler, which could not wait for a lock.
        self._driven: dict[int, Job] = {}
        self._searches: dict[int, Search] = {}
        self._claims = Claims()

    def stop(self) -> None:
        """Lets the jobs go after what is under way; may be called from a signal handler."""
        self._stopping.set()
        self._something_ended.set()
        for search in list(self._searches.values()):
            search.stop()

    def run(self) -> None:
        """Claims and drives jobs until it is stopped."""
        while not self._stopping.is_set():
            self._something_ended.clear()
            try:
                claimed = self._claim()
            except Unavailable as error:
                log.warning("%s; trying again", error)
                claimed = None
            if claimed is None:
                self._something_ended.wait(LOOK_SECONDS)
            else:
                threading.Thread(target=self._drive_alone, args=claimed, name=f"job-{claimed[0].id}").start()
        while self._driven:
            time.sleep(0.05)

    def run_one(self) -> bool:
        """Claims one job and drives it; whether there was one."""
        claimed = self._claim()
        if claimed is not None:
            try:
                self._drive_to_its_end(*claimed)
            finally:
                self._let_go(claimed[0])
        return claimed is not None

    def _claim(self) -> tuple[Job, Lease] | None:
        """A job, if there is one that would be served before the last of those that are driven, or beside them."""
        driven = sorted((job.spec.priority for job in list(self._driven.values())), reverse=True)
        above = driven[self._at_once - 1] if len(driven) >= self._at_once else None
        claimed = self._leases.claim(list(self._driven), above)
        if claimed is not None:
            job = claimed[0]
            self._driven[job.id] = job
            log.info("job %d: driving, %s, at most %d trials", job.id, job.spec.dataset, job.spec.budget.trials)
        return claimed

    def _drive_alone(self, job: Job, lease: Lease) -> None:
        try:
            self._drive_to_its_end(job, lease)
        except Unavailable as error:
            log.warning("job %d: %s; trying again", job.id, error)
            self._stopping.wait(LOOK_SECONDS)
        except Exception:  # outermost step of a thread: the job is claimed again
            log.exception("job %d: cannot be let go", job.id)
            self._stopping.wait(LOOK_SECONDS)
        finally:
            self._let_go(job)

    def _let_go(self, job: Job) -> None:
        del self._driven[job.id]
        self._something_ended.set()

    def _drive_to_its_end(self, job: Job, lease: Lease) -> None:
        try:
            self._drive(job, lease)
        except LeaseLost as error:
            log.warning("job %d: left. %s", job.id, error)

    def _drive(self, job: Job, lease: Lease) -> None:
        search: Search | None = None
        try:
            with _Heart(self._leases, lease, job) as heart:
                search = Search(job, lease, self._proposer_for(job.spec), self._leases.work, claims=self._claims)
                heart.drives(search)
                self._searches[job.id] = search
                if self._stopping.is_set():
                    search.stop()
                self._dispatcher_for(job.spec, lambda processors: self._share(job, processors)).run(search)
            if heart.why_lost:
                raise LeaseLost(job.id, heart.why_lost)
            ended, message = JobState.DONE, search.closing_words
            if search.stopped or not search.exhausted:
                ended, message = JobState.RUNNING, ""
        except (LeaseLost, Unavailable):
            raise
        except ServiceError as error:
            ended, message = JobState.FAILED, str(error)
        except Exception as error:
            if isinstance(error, OSError) and error.errno in OUT_OF_SPACE:
                raise NoSpace(f"There is no room for the files of a search: {error}") from error
            # The outermost step of a job: whatever went wrong is recorded, and the next job has its turn.
            log.exception("job %d: failed", job.id)
            ended, message = JobState.FAILED, f"{type(error).__name__}: {error}"
        finally:
            self._searches.pop(job.id, None)
            self._claims.give_up_all(job.id)
        seconds_used = search.seconds_used if search else job.seconds_used
        job = self._leases.release(lease, ended, seconds_used, message)
        log.info("job %d: %s after %.1f s", job.id, job.state, job.seconds_used)

    def _share(self, job: Job, processors: int) -> int:
        usable = {id: search.usable_workers for id, search in list(self._searches.items())}
        return shares(processors, list(self._driven.values()), usable)[job.id]


class _Heart:
    """Prolongs a lease from a thread of its own, and stops the search when its job is moved or taken over.

    It beats before there is a search: to read a long one from the record takes a while.
    """

    def __init__(self, leases: Leases, lease: Lease, job: Job) -> None:
        self.why_lost = ""
        self._leases = leases
        self._lease = lease
        self._seconds_before = job.seconds_used
        self._search: Search | None = None
        self._must_stop = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._beats, name=f"heart-{lease.job_id}", daemon=True)

    def __enter__(self) -> _Heart:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ending.set()
        self._thread.join()

    def drives(self, search: Search) -> None:
        """From now on it is `search` that is stopped, and tells the seconds used."""
        self._search = search
        if self._must_stop.is_set():
            search.stop()

    def _stop(self) -> None:
        self._must_stop.set()
        if self._search is not None:
            self._search.stop()

    def _beats(self) -> None:
        last_beat = time.monotonic()
        while not self._ending.wait(LOOK_SECONDS):
            try:
                if time.monotonic() - last_beat >= self._leases.beat_seconds:
                    seconds_used = self._search.seconds_used if self._search else self._seconds_before
                    job = self._leases.beat(self._lease, seconds_used)
                    last_beat = time.monotonic()
                else:
                    job = self._leases.look(self._lease)
            except LeaseLost as error:
                self.why_lost = str(error)
                self._stop()
                return
            except Exception:  # outermost step of a thread: a database that is away for a moment comes back
                log.exception("job %d: no heartbeat", self._lease.job_id)
                continue
            if job.state is not JobState.RUNNING:
                if job.state in ENDED:
                    self.why_lost = f"It is {job.state}, and nobody holds it."
                self._stop()
                return
