"""The scheduler's life: claim a job, drive it, beat, recover, stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType

from service.domain.errors import LeaseLost, ServiceError, Unavailable
from service.domain.job import Job, JobSpec, JobState, Lease
from service.ports import Proposer, UnitOfWork
from service.search import Dispatcher, Search

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5


class Runner:
    """Drives one job after another. Any process that runs this may be killed at any time.

    `reading` opens transactions that write nothing: twice a second one looks whether the job was cancelled.
    """

    def __init__(
        self,
        work: UnitOfWork,
        reading: UnitOfWork,
        proposer_for: Callable[[JobSpec], Proposer],
        dispatcher_for: Callable[[JobSpec], Dispatcher],
        *,
        holder: str,
        lease_seconds: float = 30.0,
        beat_seconds: float = 10.0,
    ) -> None:
        self._work = work
        self._reading = reading
        self._proposer_for = proposer_for
        self._dispatcher_for = dispatcher_for
        self._holder = holder
        self._lease_seconds = lease_seconds
        self._beat_seconds = beat_seconds
        self._stopping = threading.Event()
        self._search: Search | None = None

    def stop(self) -> None:
        """Lets the job go after what is under way; may be called from a signal handler."""
        self._stopping.set()
        if self._search is not None:
            self._search.stop()

    def run(self) -> None:
        """Claims and drives jobs until it is stopped."""
        while not self._stopping.is_set():
            try:
                busy = self.run_one()
            except Unavailable as error:
                log.warning("%s; trying again", error)
                busy = False
            if not busy:
                self._stopping.wait(LOOK_SECONDS)

    def run_one(self) -> bool:
        """Claims one job and drives it; whether there was one."""
        with self._work() as store:
            claimed = store.claim_job(self._holder, self._lease_seconds)
        if claimed is None:
            return False
        job, lease = claimed
        log.info("job %d: driving, %s, at most %d trials", job.id, job.spec.dataset, job.spec.budget.trials)
        try:
            self._drive(job, lease)
        except LeaseLost:
            log.warning("job %d: somebody else drives it now; leaving it", job.id)
        return True

    def _drive(self, job: Job, lease: Lease) -> None:
        started = time.monotonic()
        try:
            search = Search(job, lease, self._proposer_for(job.spec), self._work)
            self._search = search
            if self._stopping.is_set():
                search.stop()
            with _Heart(search, lease, self._work, self._reading, self._lease_seconds, self._beat_seconds) as heart:
                self._dispatcher_for(job.spec).run(search)
            if heart.lease_lost:
                raise LeaseLost(f"Job {job.id} was taken over.")
            ended, message = JobState.DONE, search.closing_words
            if search.stopped or not search.exhausted:
                ended, message = JobState.RUNNING, ""
        except (LeaseLost, Unavailable):
            raise
        except ServiceError as error:
            ended, message = JobState.FAILED, str(error)
        except Exception as error:
            # The outermost step of a job: whatever went wrong is recorded, and the next job has its turn.
            log.exception("job %d: failed", job.id)
            ended, message = JobState.FAILED, f"{type(error).__name__}: {error}"
        finally:
            self._search = None
        with self._work() as store:
            seconds_used = job.seconds_used + time.monotonic() - started
            job = store.release(lease, ended, seconds_used, message)
        log.info("job %d: %s after %.1f s", job.id, job.state, job.seconds_used)


class _Heart:
    """Prolongs the lease from a thread of its own, and stops the search when its job is moved or taken over."""

    def __init__(
        self,
        search: Search,
        lease: Lease,
        work: UnitOfWork,
        reading: UnitOfWork,
        lease_seconds: float,
        beat_seconds: float,
    ) -> None:
        self.lease_lost = False
        self._search = search
        self._lease = lease
        self._work = work
        self._reading = reading
        self._lease_seconds = lease_seconds
        self._beat_seconds = beat_seconds
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._beats, name=f"heart-{lease.job_id}", daemon=True)

    def __enter__(self) -> _Heart:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ending.set()
        self._thread.join()

    def _beats(self) -> None:
        last_beat = time.monotonic()
        while not self._ending.wait(LOOK_SECONDS):
            try:
                if time.monotonic() - last_beat >= self._beat_seconds:
                    with self._work() as store:
                        job = store.beat(self._lease, self._lease_seconds, self._search.seconds_used)
                    last_beat = time.monotonic()
                else:
                    with self._reading() as store:
                        job = store.job(self._lease.job_id)
            except LeaseLost:
                self.lease_lost = True
                self._search.stop()
                return
            except Exception:  # outermost step of a thread: a database that is away for a moment comes back
                log.exception("job %d: no heartbeat", self._lease.job_id)
                continue
            if job.state is not JobState.RUNNING:
                self._search.stop()
                return
