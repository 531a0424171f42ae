"""The samplers a job may name, and how each is made."""

from __future__ import annotations

from collections.abc import Mapping

import optuna
from optuna.samplers import BaseSampler, RandomSampler

from service.domain.job import JobSpec
from service.sampling.nsga2 import nsga2
from service.sampling.proposer import Distributions, MakeSampler, OptunaProposer


def _random(seed: int, distributions: Distributions) -> BaseSampler:
    return RandomSampler(seed=seed)


MAKERS: Mapping[str, MakeSampler] = {"default": nsga2, "nsga2": nsga2, "random": _random}

optuna.logging.set_verbosity(optuna.logging.WARNING)


def proposer_for(spec: JobSpec) -> OptunaProposer:
    """The proposer that a job asks for."""
    return OptunaProposer(spec.space, spec.objectives, spec.seed, MAKERS[spec.sampler.name])
