"""What a search becomes where nothing is killed, and that it has become that."""

from __future__ import annotations

from service.dispatch.inline import InlineDispatcher
from service.domain.trial import Trial
from service.store.memory import MemoryUnitOfWork
from tests import fake_evaluations
from tests.fakes import a_search
from tests.faults.killing import Service, a_job

SAMPLERS = ("random", "evolution", "nsga2", "default")


def one_of_each(service: Service, trials: int, first_seed: int = 0) -> list[int]:
    """The ids of one search with each sampler, just submitted."""
    with service.client as client:
        return [
            int(
                client.submit(
                    a_job(seed, trials, sampler={"name": sampler, "lag": 8}), idempotency_key=f"{sampler}-{seed}"
                )["id"]
            )
            for seed, sampler in enumerate(SAMPLERS, first_seed)
        ]


def check_undisturbed(service: Service, ids: list[int], trials: int) -> None:
    """Nothing is lost, doubled or half-written, and each search is the same to the last bit."""
    service.check(ids, trials)
    for id in ids:
        with service.reading() as store:
            undisturbed = a_search(store.job(id).spec, MemoryUnitOfWork())
        InlineDispatcher(fake_evaluations.evaluate).run(undisturbed)
        assert _story(service.trials(id)) == _story(list(undisturbed.trials))


def _story(trials: list[Trial]) -> list[tuple[object, ...]]:
    return [
        (
            trial.number,
            trial.proposal.genotype.key,
            trial.state,
            [(each.report.fidelity, getattr(each.report, "accuracy", None)) for each in trial.evaluations],
        )
        for trial in trials
    ]
