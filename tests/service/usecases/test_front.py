"""The front of a job."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.domain.errors import NotFound
from service.domain.objectives import Objective
from service.domain.uncertainty import share_interval
from service.store.memory import MemoryUnitOfWork
from service.usecases.front import history, of, of_job
from tests.builders import evaluated, latency
from tests.service.usecases.recorded import record_job
from workers.messages import Evaluated


@pytest.fixture
def work() -> MemoryUnitOfWork:
    return MemoryUnitOfWork()


def result(accuracy: float, milliseconds: float) -> Evaluated:
    return evaluated(6, accuracy=accuracy, latency=latency(milliseconds))


RESULTS = [result(0.98, 4.0), None, result(0.9, 2.0), result(0.97, 2.5), result(0.8, 3.0), result(0.5, 1.0)]


def test_the_front_holds_what_nothing_beats_fastest_first(work: MemoryUnitOfWork) -> None:
    front = of_job(record_job(work, RESULTS).id, work)
    assert [point.trial.number for point in front.points] == [5, 2, 3, 0]
    assert [point.result.accuracy for point in front.points] == [0.5, 0.9, 0.97, 0.98]
    assert front.knee == 2


def test_a_cell_that_was_tried_again_is_one_point(work: MemoryUnitOfWork) -> None:
    job = record_job(work, RESULTS[:1])
    with work() as store:
        (first,) = store.trials(job.id)
    again = replace(first, proposal=replace(first.proposal, number=7))
    assert [point.trial.number for point in of(job, [first, again]).points] == [0]


def test_how_sure_an_accuracy_is_follows_from_the_images_that_scored_it(work: MemoryUnitOfWork) -> None:
    results = [evaluated(6, images=images, latency=latency(3.0 - number)) for number, images in enumerate((None, 90))]
    by_number = {point.trial.number: point for point in of_job(record_job(work, results).id, work).points}
    assert by_number[1].accuracy_interval == share_interval(results[1].accuracy, 90)


def test_the_hypervolume_is_measured_from_a_stated_reference(work: MemoryUnitOfWork) -> None:
    front = of_job(record_job(work, [result(0.9, 2.0), result(0.8, 4.0)]).id, work)
    assert front.reference == pytest.approx((0.0, 4.4))
    assert front.hypervolume == pytest.approx(0.9 * 2.4)


def test_what_misses_a_limit_is_not_on_the_front(work: MemoryUnitOfWork) -> None:
    objectives = (Objective("accuracy", limit=0.6), Objective("latency_ms", limit=3.5))
    front = of_job(record_job(work, RESULTS, objectives=objectives).id, work)
    assert [point.trial.number for point in front.points] == [2, 3]
    assert front.reference == (0.0, 3.5)


def test_a_user_may_look_below_a_latency_only(work: MemoryUnitOfWork) -> None:
    front = of_job(record_job(work, RESULTS).id, work, max_latency_ms=2.0)
    assert [point.trial.number for point in front.points] == [5, 2]
    assert front.knee is None
    assert front.best == 2


def test_a_job_without_results_has_an_empty_front(work: MemoryUnitOfWork) -> None:
    front = of_job(record_job(work, [None]).id, work)
    assert (front.points, front.knee, front.hypervolume) == ((), None, 0.0)


def test_one_objective_has_a_front_too(work: MemoryUnitOfWork) -> None:
    front = of_job(record_job(work, RESULTS, objectives=(Objective("accuracy"),)).id, work)
    assert [point.trial.number for point in front.points] == [0]
    assert front.hypervolume == pytest.approx(0.98)


def test_there_is_no_front_of_no_job(work: MemoryUnitOfWork) -> None:
    with pytest.raises(NotFound):
        of_job(41, work)


def test_points_that_cannot_be_told_apart_say_so(work: MemoryUnitOfWork) -> None:
    # 359 images: 0.97 and 0.98 are within chance, 0.9 is not; latencies are spread by a tenth on either side.
    results = [result(0.9, 2.0), result(0.97, 2.4), result(0.98, 2.5)]
    front = of_job(record_job(work, results).id, work)
    assert [(point.trial.number, point.alike) for point in front.points] == [(0, ()), (1, (2,)), (2, (1,))]
    low, high = front.points[2].accuracy_interval
    assert 0.95 < low < 0.98 < high < 1


def test_the_history_tells_which_trials_made_the_front_cover_more(work: MemoryUnitOfWork) -> None:
    job = record_job(work, [result(0.8, 4.0), None, result(0.7, 4.2), result(0.9, 2.0)])
    told = history(job.id, work)
    assert told.reference == pytest.approx((0.0, 1.1 * 4.2))
    assert [step.trials for step in told.steps] == [1, 4]
    assert told.steps[0].hypervolume == pytest.approx(0.8 * 0.62)
    assert told.steps[-1].hypervolume == of_job(job.id, work).hypervolume
