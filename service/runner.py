"""The scheduler's life: claim a job, drive it, beat, recover, stop."""

from __future__ import annotations

import errno
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
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
MOST_TAKE_UPS = 5
PAUSE_SECONDS = 15.0  # after the first time that a job could not be driven, twice that after the second, and so on
TICK_SECONDS = 0.02
COMPLAINT_SECONDS = 60.0
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
        # No events: a signal handler that sets what its own thread is waiting for may wait for itself.
        self._something_ended = False
        # Written by threads, one key each, and read from a signal handler, which could not wait for a lock.
        self._driven: dict[int, Job] = {}
        self._troubles: dict[int, _Troubles] = {}
        self._complaints: dict[str, float] = {}
        self._searches: dict[int, Search] = {}
        self._claims = Claims()

    def stop(self) -> None:
        """Lets the jobs go after what is under way; may be called from a signal handler."""
        self._stopping.set()
        for search in list(self._searches.values()):
            search.stop()

    def run(self) -> None:
        """Claims and drives jobs until it is stopped."""
        while not self._stopping.is_set():
            self._something_ended = False
            claimed = None
            try:
                claimed = self._claim()
            except Unavailable as error:
                self._complain(f"{error} Trying again.")
            except Exception:  # outermost step of a process: the jobs that it drives go on
                log.exception("no job can be claimed; trying again")
            if claimed is None:
                self._await_an_end(LOOK_SECONDS)
            else:
                threading.Thread(target=self._drive_alone, args=claimed, name=f"job-{claimed[0].id}").start()
        while self._driven:
            time.sleep(TICK_SECONDS)

    def _complain(self, told: str) -> None:
        """Logs what goes on for long once a minute, not at each try."""
        if time.monotonic() - self._complaints.get(told, -COMPLAINT_SECONDS) >= COMPLAINT_SECONDS:
            self._complaints[told] = time.monotonic()
            log.warning("%s", told)

    def _await_an_end(self, seconds: float) -> None:
        """Of a job, or of this runner; so long at most."""
        deadline = time.monotonic() + seconds
        while not (self._something_ended or self._stopping.is_set()) and time.monotonic() < deadline:
            time.sleep(TICK_SECONDS)

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
            self._stopping.wait(self._drive_to_its_end(job, lease))
        except Unavailable as error:
            self._complain(f"job {job.id}: {error} Trying again.")
            self._stopping.wait(LOOK_SECONDS)
        except Exception:  # outermost step of a thread: the job is claimed again
            log.exception("job %d: cannot be let go", job.id)
            self._stopping.wait(LOOK_SECONDS)
        finally:
            self._let_go(job)

    def _let_go(self, job: Job) -> None:
        del self._driven[job.id]
        self._something_ended = True

    def _drive_to_its_end(self, job: Job, lease: Lease) -> float:
        """After how many seconds it may be claimed again."""
        try:
            return self._drive(job, lease)
        except LeaseLost as error:
            log.warning("job %d: left. %s", job.id, error)
        return 0.0

    def _drive(self, job: Job, lease: Lease) -> float:
        pause = 0.0
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
            if search.stopped:
                ended, message = JobState.RUNNING, ""
            elif search.exhausted:
                ended, message = JobState.DONE, search.closing_words
            else:
                ended, message, pause = self._after(job, search, "Its workers ended before its budget.")
        except (LeaseLost, Unavailable):
            raise
        except ServiceError as error:
            ended, message, pause = self._after(job, search, str(error))
        except Exception as error:
            if isinstance(error, OSError) and error.errno in OUT_OF_SPACE:
                raise NoSpace(f"There is no room for the files of a search: {error}") from error
            # The outermost step of a job: whatever went wrong is recorded, and the next job has its turn.
            log.exception("job %d: cannot be driven", job.id)
            ended, message, pause = self._after(job, search, f"{type(error).__name__}: {error}")
        finally:
            self._searches.pop(job.id, None)
            self._claims.give_up_all(job.id)
        seconds_used = search.seconds_used if search else job.seconds_used
        job = self._leases.release(lease, ended, seconds_used, message)
        log.info("job %d: %s after %.1f s", job.id, job.state, job.seconds_used)
        return pause

    def _after(self, job: Job, search: Search | None, message: str) -> tuple[JobState, str, float]:
        """What becomes of a job that cannot be driven: its state, why, and how long it is left alone.

        One that has no trial yet fails. What others have done is not given up for a machine that is away, or a folder:
        it is taken up again, and paused where nothing comes of that time after time.
        """
        trials = len(search.trials) if search else 0
        if not trials and not job.seconds_used:
            return JobState.FAILED, message, 0.0
        before = self._troubles.get(job.id, _Troubles())
        times = 1 if trials > before.trials else before.times + 1
        if times >= MOST_TAKE_UPS:
            self._troubles.pop(job.id, None)
            return JobState.PAUSED, f"{message} (tried {times} times; resume it when that is mended)", 0.0
        self._troubles[job.id] = _Troubles(times, trials)
        log.warning("job %d: %s; trying again in %g s", job.id, message, times * PAUSE_SECONDS)
        return JobState.RUNNING, "", times * PAUSE_SECONDS

    def _share(self, job: Job, processors: int) -> int:
        searches = dict(self._searches)
        driven = dict(self._driven)
        usable = {id: searches[id].usable_workers if id in searches else 0 for id in driven}
        return shares(processors, driven.values(), usable)[job.id]


@dataclass(frozen=True, slots=True)
class _Troubles:
    """How many times in a row a job could not be driven, and how many trials it had then."""

    times: int = 0
    trials: int = 0


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
