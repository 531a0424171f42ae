"""The best networks of all jobs."""

from __future__ import annotations

import pytest

from service.domain.errors import Invalid
from service.domain.objectives import Objective
from service.ports import UnitOfWork
from service.store.memory import MemoryUnitOfWork
from service.usecases.best import Find, best
from tests.builders import evaluated, latency
from tests.service.usecases.recorded import record_job
from workers.messages import Evaluated


@pytest.fixture
def work() -> UnitOfWork:
    return MemoryUnitOfWork()


def result(accuracy: float, milliseconds: float) -> Evaluated:
    return evaluated(6, accuracy=accuracy, latency=latency(milliseconds))


def told(found: list[Find]) -> list[tuple[int, int]]:
    return [(find.job.id, find.trial.number) for find in found]


def test_a_network_that_several_jobs_have_is_told_once_where_it_was_best(work: UnitOfWork) -> None:
    record_job(work, [result(0.9, 2.0), result(0.8, 1.0), None])
    record_job(work, [result(0.7, 2.0), result(0.8, 0.5), result(0.6, 1.0)])
    assert told(best("digits", "local", work)) == [(1, 0), (2, 1), (2, 2)]
    assert told(best("digits", "local", work, limit=1)) == [(1, 0)]
    with pytest.raises(Invalid, match="Unknown device 'phone'; use one of local"):
        best("digits", "phone", work)
    with work() as store:
        store.save_device("phone", {})
    assert best("digits", "phone", work) == []


def test_what_misses_a_limit_of_its_job_is_not_among_the_best(work: UnitOfWork) -> None:
    objectives = (Objective("accuracy"), Objective("latency_ms", limit=1.5))
    record_job(work, [result(0.9, 2.0), result(0.8, 1.0)], objectives=objectives)
    assert told(best("digits", "local", work)) == [(1, 1)]
    record_job(work, [result(0.7, 2.0)])
    assert told(best("digits", "local", work)) == [(1, 1), (2, 0)]


def test_what_was_found_on_other_content_of_the_same_name_is_not_among_the_best(work: UnitOfWork) -> None:
    record_job(work, [result(0.9, 2.0)], data_sha256="of other images")
    record_job(work, [result(0.7, 2.0)])
    assert told(best("digits", "local", work)) == [(2, 0)]


def test_of_a_data_set_that_is_not_known_there_is_no_best(work: UnitOfWork) -> None:
    with pytest.raises(Invalid, match="Unknown data set 'mine'"):
        best("mine", "local", work)
