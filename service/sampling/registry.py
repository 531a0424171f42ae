"""The samplers a job may name, and how each is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import optuna
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler

from service.domain.job import JobSpec
from service.ports import Proposer
from service.sampling.default import default
from service.sampling.encoding.of_space import encoding_of
from service.sampling.evolution import EvolutionSampler
from service.sampling.finite import Distributions
from service.sampling.genetic import nsga2, nsga3
from service.sampling.proposer import MakeSampler, OptunaProposer, Turn
from service.sampling.seeded import SeededProposer

optuna.logging.set_verbosity(optuna.logging.WARNING)


def _random(turn: Turn, distributions: Distributions) -> BaseSampler:
    del distributions
    return RandomSampler(seed=turn.seed)


def _tpe(turn: Turn, distributions: Distributions) -> BaseSampler:
    del distributions
    return TPESampler(multivariate=True, seed=turn.seed)


def _gp(turn: Turn, distributions: Distributions) -> BaseSampler:
    del distributions
    # Its warning is of decisions that it does not model: those with one answer.
    return GPSampler(seed=turn.seed, warn_independent_sampling=False)


def _evolution(spec: JobSpec) -> MakeSampler:
    encoding = encoding_of(spec.space)
    return lambda turn, distributions: EvolutionSampler(encoding, distributions, seed=turn.seed)


MAKERS: Mapping[str, Callable[[JobSpec], MakeSampler]] = {
    "default": default,
    "random": lambda _: _random,
    "tpe": lambda _: _tpe,
    "nsga2": lambda _: nsga2,
    "nsga3": lambda _: nsga3,
    "gp": lambda _: _gp,
    "evolution": _evolution,
}


def proposer_for(spec: JobSpec) -> Proposer:
    """The proposer that a job asks for, which begins with the cells that it is given."""
    return SeededProposer(spec, OptunaProposer(spec, MAKERS[spec.sampler.name](spec)))
