"""The default sampler, as anybody may use it with Optuna."""

from __future__ import annotations

import math
import time
from itertools import pairwise

import optuna
import pytest
from optuna.trial import TrialState

from service.sampling.evolution import EvolutionSampler
from service.sampling.predictor_sampler import PredictorSampler

NAMES = [f"d{i}" for i in range(8)]


def answers(trial: optuna.Trial) -> list[int]:
    return [trial.suggest_categorical(name, range(4)) for name in NAMES]


def two_objectives(trial: optuna.Trial) -> tuple[float, float]:
    """Quality wants high answers, cost low ones, and neighbours that agree are rewarded."""
    row = answers(trial)
    agreeing = sum(one == other for one, other in pairwise(row))
    return sum(row) + agreeing, sum(answer**2 for answer in row)


def hypervolume(study: optuna.Study) -> float:
    from moocore import hypervolume as volume

    return float(volume([[-trial.values[0], trial.values[1]] for trial in study.trials], ref=[0, 80]))


def searched(sampler: optuna.samplers.BaseSampler, trials: int) -> optuna.Study:
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
    study.optimize(two_objectives, n_trials=trials)
    return study


@pytest.mark.parametrize("seed", range(3))
def test_it_finds_more_than_chance_and_tries_nothing_twice(seed: int) -> None:
    ours = searched(PredictorSampler(seed=seed), 60)
    chance = searched(optuna.samplers.RandomSampler(seed=seed), 60)
    assert hypervolume(ours) > 1.05 * hypervolume(chance)
    tried = [tuple(trial.params.values()) for trial in ours.trials]
    assert len(set(tried[1:])) == len(tried) - 1  # the first is Optuna's, as no trial has shown the decisions yet


def test_the_same_seed_gives_the_same_search_also_when_it_was_interrupted() -> None:
    whole = searched(PredictorSampler(seed=1), 43)
    part = searched(PredictorSampler(seed=1), 32)
    part.sampler = PredictorSampler(seed=1)
    part.optimize(two_objectives, n_trials=11)
    assert [trial.params for trial in part.trials[1:]] == [trial.params for trial in whole.trials[1:]]


def test_constraints_are_learned() -> None:
    def limited(trial: optuna.Trial) -> float:
        row = answers(trial)
        trial.set_constraint("cost", sum(row) - 10)
        return -sum((i + 1) * answer for i, answer in enumerate(row))

    study = optuna.create_study(sampler=PredictorSampler(seed=0))
    study.optimize(limited, n_trials=60)
    feasible = [all(excess <= 0 for excess in trial.constraints.values()) for trial in study.trials]
    drawn, proposed = feasible[:20], feasible[20:]
    assert sum(proposed) / len(proposed) > 1.5 * sum(drawn) / len(drawn)


def test_trials_that_fail_and_trials_under_way_are_not_proposed_again() -> None:
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=PredictorSampler(seed=0, lag=4))
    seen = []
    for number in range(40):
        trial = study.ask()
        seen.append(tuple(answers(trial)))
        if number % 3 == 0:
            study.tell(trial, state=TrialState.FAIL)
        elif number % 3 == 1:
            study.tell(trial, (sum(seen[-1]), sum(answer**2 for answer in seen[-1])))
    assert len(set(seen[1:])) == 39


def test_a_space_with_nothing_new_left_is_searched_on() -> None:
    study = optuna.create_study(sampler=PredictorSampler(seed=0))
    with pytest.warns(UserWarning, match="PredictorSampler draws 'rate' at random") as warned:
        study.optimize(lambda trial: trial.suggest_int("depth", 1, 5) + trial.suggest_float("rate", 0, 1), n_trials=30)
    assert len(warned) == 1
    assert {trial.params["depth"] for trial in study.trials} == {1, 2, 3, 4, 5}


def test_a_price_that_is_known_is_not_predicted() -> None:
    study = optuna.create_study(
        directions=["maximize", "minimize"],
        sampler=PredictorSampler(seed=0, prices={1: lambda row: float(sum(answer**2 for answer in row))}),
    )
    study.optimize(two_objectives, n_trials=40)
    assert hypervolume(study) > hypervolume(searched(PredictorSampler(seed=0), 40))


def test_a_proposal_costs_a_few_milliseconds_after_500_trials() -> None:
    study = searched(optuna.samplers.RandomSampler(seed=0), 500)
    study.sampler = PredictorSampler(seed=0)
    before = time.process_time()
    study.optimize(two_objectives, n_trials=10)
    assert (time.process_time() - before) / 10 < 0.1  # 20 ms on an idle core


def test_what_keeps_the_limit_is_proposed_also_when_nothing_better_is_left_in_it() -> None:
    def limited(trial: optuna.Trial) -> tuple[float, float]:
        quality, cost = two_objectives(trial)
        trial.set_constraint("cost", cost - 15)
        return quality, cost

    study = optuna.create_study(directions=["maximize", "minimize"], sampler=PredictorSampler(seed=0))
    study.optimize(limited, n_trials=100)
    feasible = [trial.constraints["cost"] <= 0 for trial in study.trials]
    assert sum(feasible[20:60]) > 4 * sum(feasible[:20])
    assert sum(feasible[60:]) > 4 * sum(feasible[:20])


@pytest.mark.parametrize("seed", range(3))
def test_cells_that_are_given_show_nothing_of_what_is_common(seed: int) -> None:
    """Twenty good ones beforehand do no harm to the search after them."""
    cold = searched(PredictorSampler(seed=seed), 80)
    best = sorted(searched(optuna.samplers.RandomSampler(seed=9), 300).trials, key=lambda trial: -trial.values[0])
    warm = optuna.create_study(directions=["maximize", "minimize"], sampler=PredictorSampler(seed=seed))
    for trial in best[:20]:
        warm.enqueue_trial(trial.params)
    warm.optimize(two_objectives, n_trials=100)
    assert hypervolume(warm) > 0.97 * hypervolume(cold)


def test_a_decision_that_is_not_taken_any_more_is_no_longer_proposed() -> None:
    def shrinking(trial: optuna.Trial) -> float:
        return sum(trial.suggest_int(f"d{i}", 0, 4) for i in range(8 if trial.number < 32 else 6))

    study = optuna.create_study(sampler=PredictorSampler(seed=0))
    study.optimize(shrinking, n_trials=45)
    assert len(study.trials[-1].params) == 6


def test_threads_that_ask_at_once_try_nothing_twice() -> None:
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=PredictorSampler(seed=0, lag=4))
    study.optimize(two_objectives, n_trials=60, n_jobs=4)
    tried = [tuple(trial.params.values()) for trial in study.trials[4:]]  # none had shown its decisions before
    assert len(set(tried)) == len(tried)


def test_what_two_trials_ask_for_in_turn_is_not_the_same() -> None:
    study = searched(PredictorSampler(seed=0), 30)
    one, other = study.ask(), study.ask()
    rows = [[trial.suggest_categorical(name, range(4)) for trial in (one, other)] for name in NAMES]
    assert any(first != second for first, second in rows)


@pytest.mark.parametrize("value", [math.inf, -math.inf, 1e300])
def test_values_without_bounds_and_constraints_of_some_trials_alone_are_searched_on(value: float) -> None:
    def odd(trial: optuna.Trial) -> tuple[float, float]:
        quality, cost = two_objectives(trial)
        if trial.number % 3 == 0:
            trial.set_constraint("cost", cost - 30)
        if trial.number % 4 == 0:
            trial.set_constraint("quality", math.inf if trial.number % 8 else 10 - quality)
        return (value if trial.number % 2 else quality), cost

    study = optuna.create_study(directions=["maximize", "minimize"], sampler=PredictorSampler(seed=0))
    study.optimize(odd, n_trials=40)
    assert len({tuple(trial.params.values()) for trial in study.trials[1:]}) == 39


def test_what_is_given_outside_of_the_space_is_no_part_of_the_search() -> None:
    def two_digits(trial: optuna.Trial) -> float:
        return trial.suggest_int("a", 0, 9) + trial.suggest_int("b", 0, 9)

    study = optuna.create_study(sampler=PredictorSampler(seed=0))
    study.optimize(two_digits, n_trials=30)
    study.enqueue_trial({"a": 77})
    with pytest.warns(UserWarning, match="out of range"):
        study.optimize(two_digits, n_trials=12)
    assert {trial.params["a"] for trial in study.trials[31:]} <= set(range(10))


@pytest.mark.parametrize("end", [MemoryError, optuna.TrialPruned])
def test_what_ended_before_it_had_asked_for_all_is_not_proposed_again(end: type[Exception]) -> None:
    def too_wide(trial: optuna.Trial) -> float:
        width = trial.suggest_int("width", 0, 9)
        if width > 4:
            raise end
        return width + trial.suggest_int("depth", 0, 9)

    study = optuna.create_study(sampler=PredictorSampler(seed=0))
    study.optimize(too_wide, n_trials=60, catch=MemoryError)
    complete = study.get_trials(states=[TrialState.COMPLETE])
    assert len({tuple(trial.params.values()) for trial in complete}) == len(complete) > 10


def test_what_failed_outside_of_the_space_is_no_part_of_the_search() -> None:
    def narrowed(trial: optuna.Trial) -> float:
        width = trial.suggest_int("width", 0, 999 if trial.number < 4 else 9)
        if trial.number < 4:
            raise MemoryError
        return width + trial.suggest_int("depth", 0, 9)

    study = optuna.create_study(sampler=PredictorSampler(seed=0))
    study.optimize(narrowed, n_trials=40, catch=MemoryError)
    assert len({tuple(trial.params.values()) for trial in study.trials[5:]}) == 35


def test_integers_with_very_many_values_are_drawn_at_random() -> None:
    study = optuna.create_study(sampler=PredictorSampler(seed=0))
    with pytest.warns(UserWarning, match="draws 'wide' at random"):
        study.optimize(lambda trial: trial.suggest_int("wide", 1, 10**9) + trial.suggest_int("d", 0, 3), n_trials=30)
    assert len({trial.params["wide"] for trial in study.trials}) == 30


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="1 or more, not 0, 5 and 1"):
        PredictorSampler(start=0)
    with pytest.raises(ValueError, match="a population of 5, 1 to 5 enter a tournament, not 8"):
        EvolutionSampler(population=5)
