"""Trials, their evaluations and weights in SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, func, insert, or_, select, tuple_, update

from service.domain.errors import Conflict, NotFound
from service.domain.job import Lease
from service.domain.tally import Course, Step
from service.domain.trial import Evaluation, Proposal, Trial, TrialState, refuse_move
from service.ports import Measured
from service.store.architectures import ArchitectureRecords, genotype_of
from service.store.clock import now
from service.store.records import adding
from service.store.tables import ArchitectureRow, EvaluationRow, JobRow, TrialRow, WeightsRow
from workers.messages import FOLLOWS, Evaluated, EvaluationReport, Failed, FailureClass, LatencyMeasurement

TRIAL_COLUMNS = (
    TrialRow.id,
    TrialRow.number,
    TrialRow.choices,
    TrialRow.attributes,
    TrialRow.state,
    ArchitectureRow.genotype,
)
EVALUATION_COLUMNS = (
    EvaluationRow.id,
    EvaluationRow.trial_id,
    EvaluationRow.fidelity,
    EvaluationRow.seed,
    EvaluationRow.request_key,
    EvaluationRow.reused_from,
    EvaluationRow.seconds,
    EvaluationRow.accuracy,
    EvaluationRow.latency,
    EvaluationRow.params,
    EvaluationRow.macs,
    EvaluationRow.peak_memory_bytes,
    EvaluationRow.images,
    EvaluationRow.failure,
    EvaluationRow.failure_message,
    EvaluationRow.traceback,
)

ADD_TRIAL = adding(TrialRow, ["job_id", "number"])
ADD_EVALUATION = adding(EvaluationRow, ["trial_id", "fidelity", "seed"], recorded_at=now())
TRIAL_ID = select(TrialRow.id, TrialRow.state).where(
    TrialRow.job_id == bindparam("job_id"), TrialRow.number == bindparam("number")
)
SET_STATE = update(TrialRow).where(TrialRow.id == bindparam("trial_id")).values(state=bindparam("new_state"))
REUSABLE = (
    select(*EVALUATION_COLUMNS)
    .where(
        EvaluationRow.request_key == bindparam("request_key"),
        EvaluationRow.reused_from.is_(None),
        or_(EvaluationRow.failure.is_(None), EvaluationRow.failure.in_(FOLLOWS)),
    )
    .order_by(EvaluationRow.failure.is_(None), EvaluationRow.id.desc())  # so that the oldest result is what stays
)

BEGUN = (
    select(TrialRow.id, TrialRow.number, TrialRow.state)
    .where(TrialRow.job_id == bindparam("job"), TrialRow.number > bindparam("after"))
    .order_by(TrialRow.number)
)
STEPS = select(
    EvaluationRow.trial_id,
    EvaluationRow.fidelity,
    EvaluationRow.seconds,
    EvaluationRow.reused_from,
    EvaluationRow.failure,
).order_by(EvaluationRow.fidelity, EvaluationRow.id)

# PostgreSQL believes that jobs are mixed evenly, and would look through all later evaluations of other jobs. In this
# order and by pages, and each number looked up alone, it takes the index, however few are new or how old the job is.
MEASURED = (
    select(
        EvaluationRow.id,
        select(TrialRow.number).where(TrialRow.id == EvaluationRow.trial_id).scalar_subquery(),
        EvaluationRow.accuracy,
        EvaluationRow.latency_ms,
        EvaluationRow.params,
        EvaluationRow.macs,
        EvaluationRow.peak_memory_bytes,
    )
    .where(
        tuple_(EvaluationRow.job_id, EvaluationRow.id) > tuple_(bindparam("job"), bindparam("after")),
        EvaluationRow.job_id <= bindparam("job"),
        EvaluationRow.fidelity == bindparam("fidelity"),
        EvaluationRow.failure.is_(None),
    )
    .order_by(EvaluationRow.job_id, EvaluationRow.id)
    .limit(bindparam("page"))
)
PAGE = 10_000
FEW = 500  # trials whose evaluations are looked up one by one


class TrialRecords(ArchitectureRecords):
    """The promises of `service.ports.Store` about trials; a trial's architecture is recorded with it."""

    def add_trial(self, lease: Lease, proposal: Proposal) -> Trial:
        """See `Store.add_trial`."""
        self._hold(lease)
        self.add_genotype(proposal.genotype)
        values = {
            "job_id": lease.job_id,
            "number": proposal.number,
            "architecture_key": proposal.genotype.key,
            "choices": dict(proposal.choices),
            "attributes": dict(proposal.attributes),
            "state": TrialState.PROPOSED,
        }
        if self._add(ADD_TRIAL, values) is None:
            raise Conflict(f"Job {lease.job_id} has a trial {proposal.number} already.")
        return Trial(proposal)

    def add_evaluation(
        self, lease: Lease, number: int, evaluation: Evaluation, state: TrialState, seconds_used: float | None = None
    ) -> bool:
        """See `Store.add_evaluation`."""
        self._hold(lease, seconds_used)
        trial = self._connection.execute(TRIAL_ID, {"job_id": lease.job_id, "number": number}).first()
        if trial is None:
            raise _no_trial(lease.job_id, number)
        trial_id, before = trial
        where = {"trial_id": trial_id, "job_id": lease.job_id}
        evaluation_id = self._add(ADD_EVALUATION, where | _evaluation_values(evaluation))
        if evaluation_id is None:
            return False
        refuse_move(number, TrialState(before), state)
        self._write(SET_STATE, {"trial_id": trial_id, "new_state": state})
        if isinstance(evaluation.report, Evaluated):
            self._add_weights(evaluation_id, evaluation.report.weights)
        return True

    def add_attempt(self, lease: Lease, number: int) -> int:
        """See `Store.add_attempt`."""
        self._hold(lease)
        where = TrialRow.job_id == lease.job_id, TrialRow.number == number
        counting = update(TrialRow).where(*where).values(attempts=TrialRow.attempts + 1).returning(TrialRow.attempts)
        attempts: int | None = self._write(counting).scalar()
        if attempts is None:
            raise _no_trial(lease.job_id, number)
        return attempts

    def _add_weights(self, evaluation_id: int, weights: Mapping[str, bytes]) -> None:
        rows = [{"evaluation_id": evaluation_id, "form": form, "content": each} for form, each in weights.items()]
        if rows:
            self._write(insert(WeightsRow), rows)

    def trials(
        self, job_id: int, after: int = -1, limit: int | None = None, numbers: Collection[int] | None = None
    ) -> list[Trial]:
        """See `Store.trials`."""
        where = [TrialRow.job_id == job_id]
        if numbers is not None:
            where.append(TrialRow.number.in_(numbers))
        if after >= 0:
            where.append(TrialRow.number > after)
        if limit is not None:
            page = select(TrialRow.number).where(*where).order_by(TrialRow.number).limit(limit)
            where.append(TrialRow.number.in_(self._connection.execute(page).scalars().all()))
        trials = self._trials(*where)
        if not trials and self._connection.execute(select(JobRow.id).where(JobRow.id == job_id)).first() is None:
            raise NotFound(f"There is no job {job_id}.")
        return trials

    def courses(self, job_id: int, after: int = -1) -> list[Course]:
        """See `Store.courses`."""
        trials = self._connection.execute(BEGUN, {"job": job_id, "after": after}).all()
        few = len(trials) <= FEW
        theirs = EvaluationRow.trial_id.in_([row.id for row in trials]) if few else EvaluationRow.job_id == job_id
        steps: defaultdict[int, list[Step]] = defaultdict(list)
        for row in self._connection.execute(STEPS.where(theirs)):
            failure = FailureClass(row.failure) if row.failure else None
            steps[row.trial_id].append(Step(row.fidelity, row.seconds, row.reused_from is not None, failure))
        return [Course(row.number, TrialState(row.state), tuple(steps[row.id])) for row in trials]

    def measured(self, job_id: int, fidelity: int, after: int = 0) -> list[Measured]:
        """See `Store.measured`."""
        found: list[Measured] = []
        values = {"job": job_id, "fidelity": fidelity, "page": PAGE}
        while True:
            rows = self._connection.execute(MEASURED, values | {"after": found[-1].id if found else after}).all()
            found += (Measured(*row) for row in rows)
            if len(rows) < PAGE:
                return found

    def trial(self, job_id: int, number: int) -> Trial:
        """See `Store.trial`."""
        found = self._trials(TrialRow.job_id == job_id, TrialRow.number == number)
        if not found:
            raise _no_trial(job_id, number)
        return found[0]

    def _trials(self, *where: ColumnElement[bool]) -> list[Trial]:
        """Two queries, however many trials there are."""
        evaluations: defaultdict[int, list[Evaluation]] = defaultdict(list)
        reports = select(*EVALUATION_COLUMNS).join(TrialRow, TrialRow.id == EvaluationRow.trial_id).where(*where)
        for row in self._connection.execute(reports.order_by(EvaluationRow.fidelity, EvaluationRow.id)):
            evaluations[row.trial_id].append(_evaluation(row))
        query = select(*TRIAL_COLUMNS).join(ArchitectureRow, ArchitectureRow.key == TrialRow.architecture_key)
        rows = self._connection.execute(query.where(*where).order_by(TrialRow.number))
        return [
            Trial(
                Proposal(row.number, row.choices, genotype_of(row.genotype), row.attributes),
                TrialState(row.state),
                tuple(evaluations[row.id]),
            )
            for row in rows
        ]

    def weights(self, job_id: int, number: int, form: str) -> bytes:
        """See `Store.weights`."""
        source = func.coalesce(EvaluationRow.reused_from, EvaluationRow.id)
        query = (
            select(WeightsRow.content)
            .join(EvaluationRow, source == WeightsRow.evaluation_id)
            .join(TrialRow, TrialRow.id == EvaluationRow.trial_id)
            .where(TrialRow.job_id == job_id, TrialRow.number == number, WeightsRow.form == form)
            .order_by(EvaluationRow.fidelity.desc())
        )
        content = self._connection.execute(query.limit(1)).scalar()
        if content is None:
            raise NotFound(f"Trial {number} of job {job_id} has no weights in form {form!r}.")
        return content

    def reusable(self, request_key: str) -> dict[int, tuple[int, Evaluation]]:
        """See `Store.reusable`."""
        if not request_key:
            return {}
        rows = self._connection.execute(REUSABLE, {"request_key": request_key})
        return {row.fidelity: (row.id, _evaluation(row)) for row in rows}


def _no_trial(job_id: int, number: int) -> NotFound:
    return NotFound(f"Job {job_id} has no trial {number}.")


def _evaluation_values(evaluation: Evaluation) -> dict[str, Any]:
    report = evaluation.report
    values = {
        "fidelity": report.fidelity,
        "seconds": report.seconds,
        "seed": evaluation.seed,
        "request_key": evaluation.request_key,
        "reused_from": evaluation.reused_from,
    }
    if isinstance(report, Failed):
        failure = {"failure": report.failure, "failure_message": report.message, "traceback": report.traceback}
        return values | failure | (_latency_values(report.latency) if report.latency else {})
    metrics: dict[str, float | None] = {
        "accuracy": report.accuracy,
        "params": report.params,
        "macs": report.macs,
        "peak_memory_bytes": report.peak_memory_bytes,
        "images": report.images,
    }
    return values | metrics | _latency_values(report.latency)


def _latency_values(latency: LatencyMeasurement) -> dict[str, Any]:
    return {"latency": asdict(latency), "latency_ms": latency.median_ms}


def _evaluation(row: Row[Any]) -> Evaluation:
    return Evaluation(_report(row), row.reused_from, row.request_key, row.seed)


def _report(row: Row[Any]) -> EvaluationReport:
    latency = latency_of(row.latency) if row.latency else None
    if row.failure is not None:
        failure = FailureClass(row.failure)
        return Failed(row.fidelity, failure, row.failure_message, row.traceback, row.seconds, latency)
    assert latency is not None
    return Evaluated(
        fidelity=row.fidelity,
        accuracy=row.accuracy,
        latency=latency,
        params=row.params,
        macs=row.macs,
        seconds=row.seconds,
        peak_memory_bytes=row.peak_memory_bytes,
        images=row.images,
    )


def latency_of(data: Mapping[str, Any]) -> LatencyMeasurement:
    """What was recorded earlier lacks the fields that came later, which have defaults."""
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
    return LatencyMeasurement(**fields)
