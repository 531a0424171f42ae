"""The default sampler as a job uses it: what is known of a cell before it is trained is not left to prediction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from optuna.samplers import BaseSampler, RandomSampler

from search_space.genotype import Genotype
from service.domain.job import JobSpec
from service.domain.limits import KNOWN_BEFORE, known_before, known_excess
from service.domain.objectives import METRICS
from service.sampling.encoding.of_space import encoding_of
from service.sampling.finite import Distributions
from service.sampling.predictor_sampler import PredictorSampler
from service.sampling.proposer import MakeSampler, Turn, distributions_of


def default(spec: JobSpec) -> MakeSampler:
    """One sampler for all turns of a job, since a batch is worked out once; chance where it was turned down."""
    encoding = encoding_of(spec.space)

    def genotype(row: Sequence[int]) -> Genotype:
        return spec.space.genotype(dict(zip(encoding.choices, map(int, row), strict=True)))

    def price_of(metric: str) -> Callable[[Sequence[int]], float]:
        return lambda row: known_before(spec.objectives, genotype(row), spec.skeleton)[metric]

    def excess(row: Sequence[int]) -> float:
        return known_excess(spec.objectives, genotype(row), spec.skeleton)

    metrics = [objective.metric for objective in spec.objectives]
    limited = any(objective.limit is not None and objective.metric in KNOWN_BEFORE for objective in spec.objectives)
    sampler = PredictorSampler(
        encoding,
        distributions_of(spec.space),
        seed=spec.seed,
        lag=spec.sampler.lag,
        costs=[index for index, metric in enumerate(metrics) if not METRICS[metric].maximise],
        prices={index: price_of(metric) for index, metric in enumerate(metrics) if metric in KNOWN_BEFORE},
        excess=excess if limited else None,
    )

    def make(turn: Turn, distributions: Distributions) -> BaseSampler:
        del distributions
        return RandomSampler(seed=turn.seed) if turn.attempt else sampler

    return make
