"""What a search wastes: cells that miss a limit, cells tried twice, and what a second search trains again.

500 trials for each sampler in the NASNet space, early stopping left out, under a latency limit that one in four random
cells keeps. Evaluations are looked up; latency is proportional to the bytes that a network moves, accuracy rises with
its multiply-accumulates. Infeasible proposals cost no trial, so there are more proposals than trials; the shares are of
a quarter of the proposals each.
"""

from __future__ import annotations

import time

from benchmarks.report import parser, report
from search_space.network import Architecture
from service.dispatch.inline import InlineDispatcher
from service.domain.job import JobSpec, JobState
from service.domain.samplers import SAMPLERS
from service.ports import UnitOfWork
from service.search import Search
from service.store.memory import MemoryUnitOfWork
from tests.fakes import a_search
from tests.limited import Table, latency_ms, limited

QUARTERS = ("first", "second", "third", "last")


def main() -> None:
    """Searches twice with each sampler."""
    arguments = parser(__doc__)
    arguments.add_argument("--samplers", default=",".join(name for name in SAMPLERS if name != "gp"))
    arguments.add_argument("--trials", type=int, default=500)
    options = arguments.parse_args()
    figures: dict[str, float] = {}
    for sampler in options.samplers.split(","):
        told = wasted(limited(options.trials, sampler))
        figures |= {f"{sampler}.{name}": value for name, value in told.items()}
    report(figures, options.json)


def wasted(spec: JobSpec) -> dict[str, float]:
    """The figures of one search, and how many of its trials a second one like it trained again."""
    work, table = MemoryUnitOfWork(), Table()
    started = time.process_time()
    search = searched(spec, work, table)
    seconds = time.process_time() - started
    limit = spec.objectives[1].limit
    assert limit is not None
    slow = [each for each in table.trained if latency_ms(Architecture(each.genotype, each.skeleton)) > limit]
    keys = [trial.proposal.genotype.key for trial in search.trials]
    kept = [not trial.rejected for trial in search.trials]
    again = Table()
    searched(spec, work, again)
    figures: dict[str, float] = {
        "trained": len(table.trained),
        "infeasible_trained": len(slow),
        "proposals": len(keys),
        "cells_twice": len(keys) - len(set(keys)),
        "trained_again_by_a_second_job": len(again.trained),
        "cpu_ms_a_proposal": 1000 * seconds / len(keys),
    }
    for place, name in enumerate(QUARTERS):
        quarter = kept[len(kept) * place // 4 : len(kept) * (place + 1) // 4]
        figures[f"feasible_share.{name}_quarter"] = sum(quarter) / len(quarter)
    return figures


def searched(spec: JobSpec, work: UnitOfWork, table: Table) -> Search:
    """A whole search, let go afterwards."""
    search = a_search(spec, work)
    InlineDispatcher(table).run(search)
    with work() as store:
        store.release(search._lease, JobState.DONE, 1.0)
    return search


if __name__ == "__main__":
    main()
