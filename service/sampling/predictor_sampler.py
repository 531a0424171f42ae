"""Our default sampler: predicts every objective, and proposes what promises the greatest gain.

It needs nothing of the service: `optuna.create_study(sampler=PredictorSampler())` is enough.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from optuna.study import Study
from threadpoolctl import threadpool_limits

from service.sampling.encoding.base import Encoding
from service.sampling.finite import Distributions, FiniteSampler, Past
from service.sampling.predictor import Allowed, Predictor, Prices

START = 20
BATCH = 5
FEWEST_KNOWN = 5


class PredictorSampler(FiniteSampler):
    """Expected hypervolume improvement over Gaussian processes, for one or more objectives and finite decisions.

    The first `start` trials are random, the others are proposed `batch` at a time. Proposal k depends on `seed`, on
    results of trials up to k - `lag` and on the parameters of later ones, so that a study that is loaded again goes
    on as it would have. Nothing is tried twice as long as there is something else.

    `prices` are objectives, by index and less is better, that are known of a row of indices beforehand; nothing is
    proposed that is not `allowed`. `costs` are the objectives, by index, that are paid for the others; by default they
    are told from the first trials. Constraints of trials are honoured as Optuna records them.
    """

    def __init__(
        self,
        encoding: Encoding | None = None,
        distributions: Distributions | None = None,
        *,
        seed: int | None = None,
        start: int = START,
        batch: int = BATCH,
        lag: int = 1,
        prices: Prices | None = None,
        allowed: Allowed | None = None,
        costs: Collection[int] | None = None,
    ) -> None:
        super().__init__(encoding, distributions, seed)
        self._seed = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else seed
        self._start = start
        self._batch = batch
        self._lag = lag
        self._prices = prices
        self._allowed = allowed
        self._costs = costs
        self._predictor: tuple[Encoding, Predictor] | None = None
        self._proposed: tuple[str, int, list[list[int]]] | None = None

    def propose(self, study: Study, past: Past, encoding: Encoding) -> Sequence[int]:
        """The next of the batch that this trial belongs to."""
        predictor = self._predictor_for(encoding)
        number = len(past)
        first = number - (number - self._start) % self._batch
        known = past.known(first - self._lag + 1)
        if number < self._start or len(known) < FEWEST_KNOWN:
            rng = np.random.default_rng((self._seed, number))
            return predictor.draw(rng, predictor.keys(past.answers(past.trials)))
        if self._proposed is None or self._proposed[:2] != (study.study_name, first):
            seen = {trial.number for trial in known}
            others = [trial for trial in past.trials[:first] if trial.number not in seen]
            rng = np.random.default_rng((self._seed, first))
            observations = past.observations(known)
            # Matrices of a few hundred rows gain nothing from more threads, and lose much where cores are busy.
            with threadpool_limits(limits=1, user_api="blas"):
                batch = predictor.propose(observations, past.answers(others), self._start, self._batch, rng)
            self._proposed = study.study_name, first, batch
        return self._proposed[2][number - first]

    def _predictor_for(self, encoding: Encoding) -> Predictor:
        if self._predictor is None or self._predictor[0] != encoding:
            self._predictor = encoding, Predictor(encoding, self._prices, self._allowed, self._costs)
        return self._predictor[1]
