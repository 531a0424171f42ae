"""A job as a study of Optuna's says what the record says."""

from __future__ import annotations

from pathlib import Path

import optuna
import pytest

from service.dispatch.inline import InlineDispatcher
from service.domain.trial import TrialState
from service.sampling.study import export_study
from service.search import Search
from service.store.memory import MemoryUnitOfWork
from service.usecases import front
from tests.fake_evaluations import failing
from tests.fakes import a_search, a_spec


@pytest.fixture
def search() -> Search:
    search = a_search(a_spec(trials=30), MemoryUnitOfWork())
    InlineDispatcher(failing(every=5)).run(search)
    return search


def test_optuna_reads_the_front_the_states_and_the_choices(search: Search, tmp_path: Path) -> None:
    export_study(search.job, search.trials, tmp_path / "study.db")
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{tmp_path / 'study.db'}")
    assert [direction.name for direction in study.directions] == ["MAXIMIZE", "MINIMIZE"]
    assert study.metric_names == ["accuracy", "latency_ms"]
    names = {"COMPLETE": TrialState.DONE, "PRUNED": TrialState.STOPPED, "FAIL": TrialState.FAILED}
    assert [names[trial.state.name] for trial in study.trials] == [trial.state for trial in search.trials]
    points = {point.trial.number for point in front.of(search.job, search.trials).points}
    assert {trial.number for trial in study.best_trials} == points
    answers = {decision.name: decision.choices for decision in search.job.spec.space.decisions}
    for told, trial in zip(study.trials, search.trials, strict=True):
        assert told.params == {name: answers[name][index] for name, index in trial.proposal.choices.items()}
        assert told.user_attrs["key"] == trial.proposal.genotype.key
        assert len(told.intermediate_values) == sum(trial.at(rung) is not None for rung in search.rungs)


def test_a_file_that_is_there_is_left_alone(search: Search, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(FileExistsError):
        export_study(search.job, search.trials, tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "precious"
