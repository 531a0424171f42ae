"""Our default sampler: predicts every objective, and proposes what promises the greatest gain.

It needs nothing of the service: `optuna.create_study(sampler=PredictorSampler())` is enough.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from optuna.study import Study
from threadpoolctl import threadpool_limits

from service.sampling.encoding.base import Encoding
from service.sampling.finite import Distributions, FiniteSampler, Past, is_given
from service.sampling.predictor import Predictor, Prices
from service.sampling.untried import Excess, draw, keys, no_excess

START = 20
BATCH = 5
FEWEST_KNOWN = 5


class PredictorSampler(FiniteSampler):
    """Expected hypervolume improvement over Gaussian processes, for one or more objectives and finite decisions.

    The first `start` trials are random, beside those that are given (`study.enqueue_trial`), of which it learns but
    which show nothing of what is common; the others are proposed `batch` at a time. Proposal k depends on `seed`, on
    results of trials up to k - `lag` and on the parameters of later ones, so that a study that is loaded again goes
    on as it would have. Nothing is tried twice as long as there is something else. Integers are choices without an
    order: for those with hundreds of values a sampler of numbers, such as TPE, finds more.

    `prices` are objectives, by index and less is better, that are known of a row of indices beforehand; nothing is
    proposed of which `excess` is above 0 as long as there is something else. `costs` are the objectives, by index,
    that are paid for the others; by default they are told from the first random trials. Constraints of trials are
    honoured as Optuna records them. ValueError for a `start`, `batch` or `lag` below 1.
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
        excess: Excess | None = None,
        costs: Collection[int] | None = None,
    ) -> None:
        super().__init__(encoding, distributions, seed)
        if min(start, batch, lag) < 1:
            raise ValueError(f"start, batch and lag are 1 or more, not {start}, {batch} and {lag}")
        self._seed = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else seed
        self._start = start
        self._batch = batch
        self._lag = lag
        self._prices = prices
        self._excess = excess or no_excess
        self._costs = costs
        self._predictor: tuple[Encoding, Predictor] | None = None
        self._proposed: tuple[str, Encoding, int, list[list[int]]] | None = None

    def propose(self, study: Study, past: Past, encoding: Encoding) -> Sequence[int]:
        """The next of the batch that this trial belongs to."""
        own = [place for place, trial in enumerate(past.trials) if not is_given(trial)]
        if len(own) < self._start:
            return self._drawn(past, encoding)
        begun = (len(own) - self._start) % self._batch  # so many of the batch that this trial belongs to were asked
        first = own[-begun] if begun else len(past)
        known = past.known(first - self._lag + 1)
        sample = [trial for trial in known if not is_given(trial)][: self._start]
        if len(sample) < min(FEWEST_KNOWN, self._start):
            return self._drawn(past, encoding)
        if self._proposed is None or self._proposed[:3] != (study.study_name, encoding, first):
            seen = {trial.number for trial in known}
            others = [trial for trial in past.trials[:first] if trial.number not in seen]
            rng = np.random.default_rng((self._seed, first))
            observations, drawn = past.observations(known), past.observations(sample)
            # Matrices of a few hundred rows gain nothing from more threads, and lose much where cores are busy.
            with threadpool_limits(limits=1, user_api="blas"):
                rows = self._predictor_for(encoding).propose(
                    observations, drawn, past.answers(others), self._batch, rng
                )
            self._proposed = study.study_name, encoding, first, rows
        rows = self._proposed[3]
        # Where threads ask out of turn, or more is under way than `lag` allows for, others may have been told the same.
        asked = keys(encoding, past.answers([*past.trials[first:], *past.later]))
        new = (row for row in rows[begun:] + rows[:begun] if encoding.key(row) not in asked)
        return next(new, None) or self._drawn(past, encoding)

    def _drawn(self, past: Past, encoding: Encoding) -> list[int]:
        rng = np.random.default_rng((self._seed, len(past)))
        tried = keys(encoding, past.answers([*past.trials, *past.later]))
        return draw(encoding, rng, tried, self._excess)

    def _predictor_for(self, encoding: Encoding) -> Predictor:
        if self._predictor is None or self._predictor[0] != encoding:
            self._predictor = encoding, Predictor(encoding, self._prices, self._excess, self._costs)
        return self._predictor[1]
