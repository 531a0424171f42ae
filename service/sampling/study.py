"""A recorded search as a study of Optuna's, for its dashboard and its plots."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import optuna
from optuna.distributions import CategoricalDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.trial import FrozenTrial, TrialState, create_trial

from service.domain import trial as ours
from service.domain.job import Job
from service.domain.trial import Trial
from workers.messages import Evaluated

STATES = {
    ours.TrialState.PROPOSED: TrialState.RUNNING,
    ours.TrialState.STOPPED: TrialState.PRUNED,
    ours.TrialState.DONE: TrialState.COMPLETE,
    ours.TrialState.FAILED: TrialState.FAIL,
}


def export_study(job: Job, trials: Sequence[Trial], file: Path) -> None:
    """Writes `file`, a SQLite storage with one study; FileExistsError where it is there already.

    A trial has the answers as parameters, in words; its values where it was trained fully; the accuracy after each
    fidelity as intermediate values; key, measurements and failure as attributes.
    """
    if file.exists():
        raise FileExistsError(f"{file} is there already; name a file that is not.")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="cellsmith-study-") as scratch:
        part = Path(scratch) / "study.db"
        objectives = job.spec.objectives
        study = optuna.create_study(
            storage=f"sqlite:///{part}",
            study_name=f"cellsmith-job-{job.id}",
            directions=["maximize" if objective.maximise else "minimize" for objective in objectives],
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)  # the dashboard shows the names of its axes so
            study.set_metric_names([objective.metric for objective in objectives])
        study.set_user_attr("name", job.spec.name)
        study.set_user_attr("dataset", job.spec.dataset)
        answers = {decision.name: decision.choices for decision in job.spec.space.decisions}
        distributions = {name: CategoricalDistribution(choices) for name, choices in answers.items()}
        study.add_trials(_frozen(job, trial, distributions) for trial in trials)
        shutil.move(part, file)


def _frozen(job: Job, trial: Trial, distributions: dict[str, CategoricalDistribution]) -> FrozenTrial:
    result = trial.full_result
    return create_trial(
        state=STATES[trial.state],
        values=[objective.value(result) for objective in job.spec.objectives] if result else None,
        params={name: distributions[name].choices[index] for name, index in trial.proposal.choices.items()},
        distributions={name: distributions[name] for name in trial.proposal.choices},
        intermediate_values={
            evaluation.report.fidelity: evaluation.report.accuracy
            for evaluation in trial.evaluations
            if isinstance(evaluation.report, Evaluated)
        },
        user_attrs=_attributes(trial),
    )


def _attributes(trial: Trial) -> dict[str, object]:
    told: dict[str, object] = {"key": trial.proposal.genotype.key, "reused": trial.reused}
    if best := trial.best_known:
        low, high = best.latency.interval_ms
        told |= {"accuracy": best.accuracy, "fidelity": best.fidelity, "params": best.params, "macs": best.macs}
        told |= {"latency_ms": best.latency.median_ms, "latency_low_ms": low, "latency_high_ms": high}
    if failure := trial.failure:
        told |= {"failure": failure.failure.value, "failure_message": failure.message}
    return told
