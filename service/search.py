"""One job while it is driven: which evaluation comes next, and what its report means.

Everything is written down before it is acted on, so a search that dies is picked up from the record. A proposal,
and whether a trial goes on, depend only on results of trials `lag` numbers before it, which are all known by then:
the same seed gives the same search, with any number of workers, interrupted or not.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from math import inf
from typing import Protocol

from search_space.genotype import Genotype
from search_space.listing import listed
from search_space.memory import peak_memory_bytes
from search_space.network import Architecture
from service.claims import Claims
from service.domain.errors import LeaseLost
from service.domain.fidelity import Standings, ladder
from service.domain.job import Job, JobSpec, Lease
from service.domain.limits import latency_objective, missed_by_all, missed_limit, too_slow, turned_down
from service.domain.stopping import Growth, promised_epochs, trained_epochs
from service.domain.trial import Evaluation, Proposal, Trial, TrialState
from service.ports import Proposer, Store, UnitOfWork
from workers.messages import Evaluated, EvaluationReport, EvaluationRequest, Failed, FailureClass

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 3
MOST_REPETITIONS = 20
PAGE = 500  # trials that are read in one transaction, so that nobody waits long to write
MOST_REJECTED = 50  # for each trial of the budget, after which a search whose limits nothing keeps ends


@dataclass(frozen=True, slots=True)
class Assignment:
    """An evaluation to be done now: the trial's number, and what a worker needs to know."""

    number: int
    request: EvaluationRequest


class Dispatcher(Protocol):
    """Has the evaluations of a search done by workers."""

    def run(self, search: Search) -> None:
        """Returns when the search has no more work to hand out; raises LeaseLost when the job was taken over."""


class Search:
    """The state of one job while it is driven. One thread drives; `stop` may be called from any."""

    def __init__(
        self,
        job: Job,
        lease: Lease,
        proposer: Proposer,
        work: UnitOfWork,
        clock: Callable[[], float] = time.monotonic,
        claims: Claims | None = None,
    ) -> None:
        """A job that is held under `lease`, as it is recorded; `claims` are those of all jobs that are driven here."""
        self.job = job
        self.rungs = ladder(job.spec.recipe.epochs, job.spec.early_stopping)
        self._lease = lease
        self._proposer = proposer
        self._work = work
        self._clock = clock
        # When its time began, and since when it stands still: replaced together, since the heart's thread reads them.
        self._time: tuple[float, float | None] = clock() - job.seconds_used, None
        self._stopping = threading.Event()
        self._claims = claims or Claims()
        self._trials = _recorded_trials(job.id, work)
        self._known = 0
        self._held: Proposal | None = None  # the next one, while it waits for the results of its very cell
        self._all_tried = False
        self._growth = Growth(job.spec.objectives)
        self._epochs = 0  # that the trials below the mark were trained for
        self._standings = {rung: Standings(job.spec.objectives) for rung in self.rungs}
        recorded = chain.from_iterable(trial.evaluations for trial in self._trials)
        self._reference_ms = min(map(_reference_ms, recorded), default=inf)
        self._advance()
        self._rejected = sum(trial.rejected for trial in self._trials)
        self._keys = {trial.proposal.genotype.key for trial in self._trials}
        self._wait_anew()

    @property
    def trials(self) -> Sequence[Trial]:
        """Every trial so far, by number."""
        return self._trials

    @property
    def seconds_used(self) -> float:
        """Running time of the job, earlier holders of it included, without the time that it rested."""
        started, resting_since = self._time
        return (self._clock() if resting_since is None else resting_since) - started

    @property
    def usable_workers(self) -> int:
        """How many evaluations it can have out by the trials that remain, at least one; any thread may ask."""
        under_way = sum(not trial.ended for trial in self._trials[self._known :])
        return max(1, self.job.spec.budget.trials - self._accepted + under_way)

    def rest(self) -> None:
        """Its time stands still from now on: others have all the workers, and need not wait for what it would do.

        To be called where nothing of it is under way; what was handed out and not begun is handed out anew.
        """
        started, resting_since = self._time
        if resting_since is None:
            self._claims.give_up_all(self.job.id)
            self._wait_anew()
            self._time = started, self._clock()

    def wake(self) -> None:
        """Its time runs again, where it rested."""
        started, resting_since = self._time
        if resting_since is not None:
            self._time = started + self._clock() - resting_since, None

    def stop(self) -> None:
        """No more work is handed out; what has been recorded stays."""
        self._stopping.set()

    @property
    def stopped(self) -> bool:
        """Whether somebody asked this search to stop."""
        return self._stopping.is_set()

    @property
    def exhausted(self) -> bool:
        """Whether no more work will be handed out, whatever reports still come."""
        if self.stopped:
            return True
        return not self._waiting and self._known == len(self._trials) and bool(self._end)

    @property
    def closing_words(self) -> str:
        """Why the search ended before its budget of trials was spent, or with nothing; else empty.

        Before its budget was spent, it is also told how many proposals could not keep the limits.
        """
        spec = self.job.spec
        missed = missed_by_all(spec.objectives, self._trials)
        if self._accepted < spec.budget.trials:
            told = [self._end, turned_down(spec.objectives, self._trials, spec.skeleton), missed]
            return " ".join(filter(None, told))
        if any(trial.state is TrialState.DONE for trial in self._trials):
            return missed
        failures = Counter(trial.failure.failure for trial in self._trials if trial.failure)
        return f"No trial was fully trained: {', '.join(f'{count} {kind}' for kind, count in failures.most_common())}."

    @property
    def _accepted(self) -> int:
        return len(self._trials) - self._rejected

    @property
    def _end(self) -> str:
        """Why no further trial is proposed; empty as long as one may be."""
        budget, accepted = self.job.spec.budget, self._accepted
        if accepted >= budget.trials:
            return f"All {accepted} trials were spent."
        if self._all_tried:
            tried = f"All {len(self._keys)} cells of the space were tried"
            return f"{tried}, so the search ended after {accepted} of {budget.trials} trials."
        if self._rejected >= MOST_REJECTED * budget.trials:
            return (
                f"Hardly any cell keeps the limits, so the search ended after {accepted} of {budget.trials} trials: "
                "give a looser limit, or fewer channels or cells."
            )
        if self.seconds_used >= budget.seconds:
            return f"The budget of {budget.seconds:g} s was spent after {accepted} of {budget.trials} trials."
        under_way = self._trials[self._known :]
        if budget.epochs is not None and self._epochs + sum(map(trained_epochs, under_way)) >= budget.epochs:
            return f"The budget of {budget.epochs} epochs was spent after {accepted} of {budget.trials} trials."
        if budget.patience is not None and self._growth.trials_without >= budget.patience:
            return f"{budget.patience} trials in a row did not make the front cover more, so {accepted} were enough."
        return ""

    @property
    def _may_end_by_itself(self) -> bool:
        """Whether the trials under way may use up the epochs or the patience: then what comes of them is waited for."""
        budget, under_way = self.job.spec.budget, self._trials[self._known :]
        if budget.epochs is not None:
            promised = sum(promised_epochs(trial, self.rungs[-1]) for trial in under_way)
            if self._epochs + promised >= budget.epochs:
                return True
        return budget.patience is not None and self._growth.trials_without + len(under_way) >= budget.patience

    def _lagging(self, number: int) -> int:
        """How many of the first trials proposal `number` may know the results of."""
        return max(0, number - self.job.spec.sampler.lag + 1)

    def next(self) -> Assignment | None:
        """The next evaluation to do, recorded beforehand; None where there is none, or none yet."""
        while not self.stopped:
            if assignment := self._from_those_that_wait():
                return assignment
            number = len(self._trials)
            if self._known < self._lagging(number) or self._end or self._may_end_by_itself:
                return None
            if not self._propose(number):
                return None
        return None

    def _wait_anew(self) -> None:
        """Every trial that has not ended waits for a worker."""
        self._waiting = deque(trial.number for trial in self._trials[self._known :] if not trial.ended)
        # By trial that waits: how many evaluations of other jobs had ended when the record was asked for its cell.
        self._looked_up = dict.fromkeys(self._waiting, -1)

    def _from_those_that_wait(self) -> Assignment | None:
        """The first that no other job is doing at this moment; what others have recorded meanwhile is taken over."""
        for _ in range(len(self._waiting)):
            number = self._waiting.popleft()
            trial = self._trials[number]
            request_key = self._request(trial).key
            if not self._claims.claim(request_key, self.job.id):
                self._waiting.append(number)
                continue
            ended_for_others = self._claims.ended_for_others(self.job.id)
            if self._looked_up.pop(number, ended_for_others) < ended_for_others:
                with self._work() as store:
                    trial = self._with_what_is_known(store, trial)
                self._trials[number] = trial
                if trial.ended:
                    self._claims.give_up(request_key, self.job.id)
                    self._rejected += trial.rejected
                    self._advance()
                    continue
            return self._assignment(number)
        return None

    def report(self, number: int, report: EvaluationReport) -> bool:
        """Records what a worker found; whether it should go on with this trial to the next fidelity.

        A trial whose worker crashed is tried again, and given up after the last attempt, whoever drove the others.
        """
        trial = self._trials[number]
        evaluation = Evaluation(report, request_key=self._request(trial).key, seed=self.job.spec.seed)
        state = self._state_after(trial, report)  # looks at all earlier trials: not while others wait to write
        with self._work() as store:
            again = _crashed(report) and store.add_attempt(self._lease, number) < MOST_ATTEMPTS
            if not again:
                trial = self._recorded(store, trial, evaluation, state)
        if again or trial.ended:
            self._claims.give_up(evaluation.request_key, self.job.id)
        if again:
            self._waiting.append(number)
            return False
        self._trials[number] = trial
        self._rejected += trial.rejected
        self._advance()
        return not trial.ended

    def lost(self, number: int, message: str, traceback: str = "") -> None:
        """A worker died without an answer."""
        fidelity = self._remaining(self._trials[number])[0]
        self.report(number, Failed(fidelity, FailureClass.CRASHED, message, traceback))

    def _propose(self, number: int) -> bool:
        """Records trial `number`; it waits for a worker unless what will come of it is known without training.

        False, and nothing happens, where every cell was tried, and as long as its very cell is being trained: then its
        results will be known.
        """
        if self._held is None or self._held.number != number:
            self._held = self._proposal(number)
        proposal = self._held
        if proposal is None:
            self._all_tried = True
            return False
        if any(
            trial.proposal.genotype == proposal.genotype for trial in self._trials[self._known :] if not trial.ended
        ):
            return False
        trial = Trial(proposal)
        ended_for_others = self._claims.ended_for_others(self.job.id)
        with self._work() as store:
            store.add_trial(self._lease, proposal)
            if failed := self._failed_before(proposal) or self._misses_a_limit(proposal):
                trial = self._recorded(store, trial, Evaluation(failed, seed=self.job.spec.seed), TrialState.FAILED)
            else:
                trial = self._with_what_is_known(store, trial)
        self._trials.append(trial)
        self._rejected += trial.rejected
        self._keys.add(proposal.genotype.key)
        if trial.ended:
            self._advance()
        else:
            self._waiting.append(number)
            self._looked_up[number] = ended_for_others
        return True

    def _with_what_is_known(self, store: Store, trial: Trial) -> Trial:
        """The trial with all results that another job has recorded of its cell."""
        spec = self.job.spec
        earlier = store.reusable(self._request(trial).key)
        was_too_slow = self._was_too_slow(evaluation.report for _, evaluation in earlier.values())
        if was_too_slow and not trial.evaluations:
            infeasible = Evaluation(was_too_slow, seed=spec.seed)
            return self._recorded(store, trial, infeasible, TrialState.FAILED)
        # A job without early stopping may have trained it to the end without its scores on the way.
        known = self.rungs[-1] in earlier
        for fidelity in self._remaining(trial):
            if trial.ended or not (fidelity in earlier or known):
                break
            if fidelity not in earlier:
                continue
            id, evaluation = earlier[fidelity]
            evaluation = replace(evaluation, report=_with_memory(evaluation.report, trial.proposal.genotype, spec))
            state = self._state_after(trial, evaluation.report)
            trial = self._recorded(store, trial, replace(evaluation, reused_from=id), state)
        return trial

    def _failed_before(self, proposal: Proposal) -> Failed | None:
        """What became of the very cell in this job, where it would fail again."""
        if proposal.genotype.key not in self._keys:
            return None
        ends = [trial.evaluations[-1].report for trial in self._trials if trial.proposal.genotype == proposal.genotype]
        return next((end for end in ends if isinstance(end, Failed) and not _crashed(end)), None)

    def _misses_a_limit(self, proposal: Proposal) -> Failed | None:
        """The answer to a cell that misses a limit by its description."""
        missed = missed_limit(self.job.spec.objectives, proposal.genotype, self.job.spec.skeleton)
        return Failed(self.rungs[0], FailureClass.INFEASIBLE, missed, "") if missed else None

    def _was_too_slow(self, earlier: Iterable[EvaluationReport]) -> Failed | None:
        """The answer to a cell that was too slow when another job evaluated it."""
        for report in earlier:
            if isinstance(report, Evaluated) and (told := too_slow(self.job.spec.objectives, report.latency)):
                return Failed(self.rungs[0], FailureClass.INFEASIBLE, told, "", latency=report.latency)
        return None

    def _proposal(self, number: int) -> Proposal | None:
        """A proposal whose cell is new to this job; None where all cells were tried.

        Where the sampler knows no other, it is one of those that are left, or a repeated one in a space too large to
        list them.
        """
        space, lagging = self.job.spec.space, self._lagging(number)
        pending = [trial.proposal for trial in self._trials[lagging:]]
        for attempt in range(MOST_REPETITIONS):
            proposal = self._proposer.propose(number, attempt, self._trials[:lagging], pending)
            if proposal.genotype.key not in self._keys:
                return proposal
        if (cells := listed(space)) is None:
            return proposal
        left = [genotype for key, genotype in cells.items() if key not in self._keys]
        if not left:
            return None
        genotype = random.Random(f"{self.job.spec.seed} {number}").choice(left)
        return replace(proposal, choices=space.choices(genotype), genotype=genotype)

    def _recorded(self, store: Store, trial: Trial, evaluation: Evaluation, state: TrialState) -> Trial:
        """The trial with one evaluation more, as it now stands in the record too."""
        if not store.add_evaluation(self._lease, trial.number, evaluation, state, self.seconds_used):
            raise LeaseLost(self.job.id, f"Somebody else has recorded trial {trial.number} of job {self.job.id}.")
        if isinstance(evaluation.report, Evaluated):
            evaluation = replace(evaluation, report=replace(evaluation.report, weights={}))
        self._reference_ms = min(self._reference_ms, _reference_ms(evaluation))
        return replace(trial, state=state, evaluations=(*trial.evaluations, evaluation))

    def _state_after(self, trial: Trial, report: EvaluationReport) -> TrialState:
        if isinstance(report, Failed):
            return TrialState.FAILED
        if report.fidelity == self.rungs[-1]:
            return TrialState.DONE
        reduction, before = self.job.spec.early_stopping.reduction, self._lagging(trial.number)
        goes_on = self._standings[report.fidelity].among_the_best(report, before, reduction)
        return TrialState.PROPOSED if goes_on else TrialState.STOPPED

    def _assignment(self, number: int) -> Assignment:
        request = self._request(self._trials[number])
        log.info("job %d: trial %d starts, to be scored after %s epochs", self.job.id, number, request.fidelities)
        return Assignment(number, request)

    def _remaining(self, trial: Trial) -> tuple[int, ...]:
        return tuple(fidelity for fidelity in self.rungs if trial.at(fidelity) is None)

    def _request(self, trial: Trial) -> EvaluationRequest:
        spec = self.job.spec
        latency = latency_objective(spec.objectives)
        return EvaluationRequest(
            genotype=trial.proposal.genotype,
            skeleton=spec.skeleton,
            dataset=spec.dataset,
            data_sha256=spec.data_sha256,
            recipe=spec.recipe,
            seed=spec.seed,
            fidelities=self._remaining(trial),
            device=spec.device,
            threads=spec.resources.cpus,
            deadline_s=spec.budget.deadline_s,
            memory_mb=spec.resources.memory_mb,
            # One that has a result was fast enough, or was trained by another job: it is not turned down half way.
            latency_limit_ms=latency.limit if latency and not trial.evaluations else None,
            reference_ms=self._reference_ms if self._reference_ms < inf else None,
        )

    def _advance(self) -> None:
        """Moves the mark below which every trial has ended."""
        while self._known < len(self._trials) and self._trials[self._known].ended:
            trial = self._trials[self._known]
            self._growth.see(trial)
            self._epochs += trained_epochs(trial)
            for rung, standings in self._standings.items():
                if result := trial.at(rung):
                    standings.add(trial.number, result)
            self._known += 1


def _recorded_trials(job_id: int, work: UnitOfWork) -> list[Trial]:
    """All trials of a job that nobody else may write to, page by page."""
    trials: list[Trial] = []
    while True:
        with work() as store:
            page = store.trials(job_id, after=len(trials) - 1, limit=PAGE)
        trials += page
        if len(page) < PAGE:
            return trials


def _with_memory(report: EvaluationReport, genotype: Genotype, spec: JobSpec) -> EvaluationReport:
    """A result that was recorded before memory was, with what follows from the description."""
    if isinstance(report, Failed) or report.peak_memory_bytes is not None:
        return report
    return replace(report, peak_memory_bytes=peak_memory_bytes(Architecture(genotype, spec.skeleton)))


def _reference_ms(evaluation: Evaluation) -> float:
    """The fastest pass of the reference in an evaluation of this job; infinite where there was none."""
    latency = evaluation.report.latency
    if latency is None or evaluation.reused_from is not None:
        return inf
    return latency.undisturbed_reference_ms or inf


def _crashed(report: EvaluationReport) -> bool:
    return isinstance(report, Failed) and report.failure is FailureClass.CRASHED
