"""The best finds of all jobs in SQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row, bindparam, select

from search_space.network import Architecture
from search_space.skeleton import Skeleton
from service.domain.trial import TrialState
from service.ports import Found
from service.store.architectures import genotype_of
from service.store.records import Records
from service.store.tables import SPEC_IS_JSON, ArchitectureRow, EvaluationRow, JobRow, TrialRow
from service.store.trials import latency_of

FINDS = (
    select(
        TrialRow.job_id, TrialRow.number, TrialRow.architecture_key, EvaluationRow.accuracy, EvaluationRow.latency_ms
    )
    .join(EvaluationRow, EvaluationRow.trial_id == TrialRow.id)
    .join(JobRow, JobRow.id == TrialRow.job_id)
    .where(
        TrialRow.state == TrialState.DONE,
        EvaluationRow.failure.is_(None),
        EvaluationRow.fidelity == JobRow.spec["recipe"]["epochs"].as_integer(),
        EvaluationRow.latency["device"].as_string() == bindparam("device"),
        JobRow.spec["dataset"].as_string() == bindparam("dataset"),
    )
    .order_by(EvaluationRow.accuracy.desc(), TrialRow.id)
)


OF_JOBS = select(JobRow.id, JobRow.spec["skeleton"].label("skeleton")).order_by(JobRow.id.desc())
SKELETONS = {dialect: OF_JOBS.where(is_json) for dialect, is_json in SPEC_IS_JSON.items()}
MEASURED = (
    select(ArchitectureRow.genotype, JobRow.spec["skeleton"].label("skeleton"), EvaluationRow.latency)
    .select_from(EvaluationRow)
    .join(TrialRow, EvaluationRow.trial_id == TrialRow.id)
    .join(JobRow, JobRow.id == TrialRow.job_id)
    .join(ArchitectureRow, ArchitectureRow.key == TrialRow.architecture_key)
    .where(
        EvaluationRow.reused_from.is_(None),
        EvaluationRow.latency["device"].as_string() == bindparam("device"),
    )
    .order_by(EvaluationRow.id.desc())
    .limit(bindparam("limit"))
)
MEASURED_IN_JOB = MEASURED.where(EvaluationRow.job_id == bindparam("job"))


class FindRecords(Records):
    """The promises of `service.ports.Store` about what all jobs have found."""

    def finds(self, dataset: str, device: str) -> Iterator[Found]:
        """See `Store.finds`."""
        for row in self._connection.execute(FINDS, {"dataset": dataset, "device": device}):
            yield Found(*row)  # type: ignore[arg-type]  # a result has them all

    def latencies(self, device: str, skeleton: Skeleton, limit: int) -> list[tuple[Architecture, float]]:
        """See `Store.latencies`."""
        rows: list[Row[Any]] = []
        for job in self._connection.execute(SKELETONS[self._connection.dialect.name]).all():
            if len(rows) < limit and _describes(job.skeleton, skeleton):
                own = {"device": device, "job": job.id, "limit": limit - len(rows)}
                rows += self._connection.execute(MEASURED_IN_JOB, own)
        rows += self._connection.execute(MEASURED, {"device": device, "limit": limit})
        return [
            (Architecture(genotype_of(row.genotype), Skeleton(**row.skeleton)), latency_of(row.latency).median_ms)
            for row in rows
        ]


def _describes(data: Any, skeleton: Skeleton) -> bool:
    """Whether a recorded skeleton is this one; not where it cannot be read."""
    try:
        return Skeleton(**data) == skeleton
    except (TypeError, ValueError):
        return False
