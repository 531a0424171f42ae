"""The promises of Store and UnitOfWork, asked of every store there is."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from search_space.network import Architecture
from service.domain.errors import Conflict, KeyReused, LeaseLost, NotFound
from service.domain.job import Job, JobState, Lease
from service.domain.tally import Course
from service.domain.trial import Evaluation, TrialState
from service.ports import Found, UnitOfWork
from service.store.engine import connect
from service.store.memory import MemoryUnitOfWork
from service.store.migrate import upgrade
from service.store.sql import SqlUnitOfWork
from service.store.tables import Table
from tests.builders import evaluated, evaluation, failed, genotype, job_spec, latency, proposal
from workers.messages import FailureClass

LONG = 1000.0


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def work(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[UnitOfWork]:
    if request.param == "memory":
        yield MemoryUnitOfWork()
        return
    sqlite = request.param == "sqlite"
    engine = connect(f"sqlite:///{tmp_path / 'record.db'}" if sqlite else request.getfixturevalue("postgres_url"))
    upgrade(engine)
    yield SqlUnitOfWork(engine)
    with engine.begin() as connection:
        for table in reversed(Table.metadata.sorted_tables):
            connection.execute(table.delete())
    engine.dispose()


@pytest.fixture
def job(work: UnitOfWork) -> Job:
    with work() as store:
        return store.add_job(job_spec())


@pytest.fixture
def lease(work: UnitOfWork, job: Job) -> Lease:
    with work() as store:
        claimed = store.claim_job("a", LONG)
    assert claimed
    return claimed[1]


def test_a_job_comes_back_as_it_was_given(work: UnitOfWork) -> None:
    spec = job_spec(name="Größe \0 \udc80", seed=7)
    with work() as store:
        added = store.add_job(spec)
    with work() as store:
        assert store.job(added.id) == added
    assert added.spec == spec
    assert added.state is JobState.QUEUED
    assert abs(datetime.now(UTC) - added.created_at).total_seconds() < 5


def test_there_is_no_job_where_none_was_added(work: UnitOfWork) -> None:
    with work() as store, pytest.raises(NotFound, match="no job 41"):
        store.job(41)


def test_jobs_are_listed_newest_first_and_in_pages(work: UnitOfWork) -> None:
    with work() as store:
        ids = [store.add_job(job_spec()).id for _ in range(5)]
    with work() as store:
        assert [job.id for job in store.jobs(limit=2)] == [ids[4], ids[3]]
        assert [job.id for job in store.jobs(before=ids[3], limit=2)] == [ids[2], ids[1]]
        assert store.jobs(before=ids[0]) == []


def test_jobs_are_listed_by_state(work: UnitOfWork) -> None:
    with work() as store:
        first, second = (store.add_job(job_spec()) for _ in range(2))
        store.move_job(first.id, JobState.PAUSED)
    with work() as store:
        assert [job.id for job in store.jobs(states=[JobState.PAUSED])] == [first.id]
        assert [job.id for job in store.jobs(states=iter([JobState.QUEUED, JobState.DONE]))] == [second.id]


def test_an_idempotency_key_gives_the_job_that_it_made(work: UnitOfWork) -> None:
    with work() as store:
        first = store.add_job(job_spec(), "key", "hash")
    with work() as store:
        assert store.add_job(job_spec(), "key", "hash") == first
        assert store.add_job(job_spec(), "other", "hash").id != first.id
    with work() as store, pytest.raises(KeyReused):
        store.add_job(job_spec(), "key", "another hash")


def test_a_transaction_that_raises_records_nothing(work: UnitOfWork, job: Job) -> None:
    with pytest.raises(ZeroDivisionError), work() as store:  # noqa: PT012 - what comes before is what is tested
        store.add_job(job_spec())
        store.move_job(job.id, JobState.CANCELLED)
        store.save_device("gone", {})
        raise ZeroDivisionError
    with work() as store:
        assert store.jobs() == [job]
        assert store.devices() == {}


def test_a_move_is_stamped_and_explained(work: UnitOfWork, job: Job) -> None:
    with work() as store:
        moved = store.move_job(job.id, JobState.CANCELLED, "Enough.")
    assert (moved.state, moved.message, moved.started_at) == (JobState.CANCELLED, "Enough.", None)
    assert moved.finished_at is not None
    assert moved.finished_at >= moved.created_at
    with work() as store, pytest.raises(Conflict):
        store.move_job(job.id, JobState.QUEUED)


def test_a_job_that_is_not_there_cannot_be_moved(work: UnitOfWork) -> None:
    with work() as store, pytest.raises(NotFound):
        store.move_job(41, JobState.CANCELLED)


def test_the_oldest_waiting_job_is_claimed_first_and_runs(work: UnitOfWork) -> None:
    with work() as store:
        ids = [store.add_job(job_spec()).id for _ in range(2)]
    claimed = []
    for _ in range(2):
        with work() as store:
            found = store.claim_job("a", LONG)
        assert found
        assert found[0].state is JobState.RUNNING
        assert found[0].started_at is not None
        claimed.append(found[0].id)
        with work() as store:
            store.release(found[1], JobState.DONE, 1.0)
    assert claimed == ids
    with work() as store:
        assert store.claim_job("a", LONG) is None


def test_a_job_under_a_lease_is_claimed_by_nobody_else(work: UnitOfWork, lease: Lease) -> None:
    with work() as store:
        assert store.claim_job("b", LONG) is None


def test_a_job_whose_lease_expired_is_claimed_under_a_higher_token(work: UnitOfWork, lease: Lease) -> None:
    with work() as store:
        store.beat(lease, lease_seconds=0, seconds_used=3.5)
    with work() as store:
        found = store.claim_job("b", LONG)
    assert found
    assert found[0].id == lease.job_id
    assert found[0].seconds_used == 3.5
    assert found[1].token > lease.token


def test_a_restarted_holder_claims_its_own_job_at_once(work: UnitOfWork, lease: Lease) -> None:
    with work() as store:
        found = store.claim_job("a", LONG)
    assert found
    assert found[1] == replace(lease, token=lease.token + 1)


def test_attempts_that_crashed_are_counted_for_each_trial(work: UnitOfWork, lease: Lease) -> None:
    with work() as store:
        for number in range(2):
            store.add_trial(lease, proposal(number))
    for expected in (1, 2):
        with work() as store:
            assert store.add_attempt(lease, 1) == expected
    with work() as store:
        assert store.add_attempt(lease, 0) == 1
        with pytest.raises(NotFound):
            store.add_attempt(lease, 7)


def test_an_attempt_of_a_late_writer_does_not_count(work: UnitOfWork, lease: Lease) -> None:
    with work() as store:
        store.add_trial(lease, proposal())
        claimed = store.claim_job("a", LONG)
    assert claimed
    with work() as store, pytest.raises(LeaseLost):
        store.add_attempt(lease, 0)
    with work() as store:
        assert store.add_attempt(claimed[1], 0) == 1


def test_trials_come_in_pages_and_by_number(work: UnitOfWork, job: Job, lease: Lease) -> None:
    with work() as store:
        for number in range(6):
            store.add_trial(lease, proposal(number))
            store.add_evaluation(lease, number, evaluation(), TrialState.DONE)
    with work() as store:
        whole = store.trials(job.id)
        assert store.trials(job.id, after=1, limit=3) == whole[2:5]
        assert store.trials(job.id, after=4, limit=3) == whole[5:]
        assert store.trials(job.id, numbers=[0, 5, 9]) == [whole[0], whole[5]]
        with pytest.raises(NotFound):
            store.trials(job.id + 1, after=3, limit=2)


def test_what_is_measured_at_a_fidelity_comes_in_the_order_of_recording(
    work: UnitOfWork, job: Job, lease: Lease
) -> None:
    with work() as store:
        for number in range(3):
            store.add_trial(lease, proposal(number))
        store.add_evaluation(lease, 2, evaluation(params=22), TrialState.DONE)
        store.add_evaluation(lease, 0, evaluation(2), TrialState.PROPOSED)
        store.add_evaluation(lease, 1, Evaluation(failed(6)), TrialState.FAILED)
        store.add_evaluation(lease, 0, evaluation(accuracy=0.5), TrialState.DONE)
    with work() as store:
        first, second = store.measured(job.id, 6)
        assert (first.number, first.params, first.latency_ms) == (2, 22, evaluated().latency.median_ms)
        assert (second.number, second.accuracy, second.macs) == (0, 0.5, evaluated().macs)
        assert store.measured(job.id, 6, after=first.id) == [second]
        assert store.measured(job.id + 1, 6) == []


def test_the_courses_of_trials_are_what_the_trials_tell(work: UnitOfWork, job: Job, lease: Lease) -> None:
    with work() as store:
        for number in range(5):
            store.add_trial(lease, proposal(number))
        store.add_evaluation(lease, 3, Evaluation(failed(2, FailureClass.INFEASIBLE)), TrialState.FAILED)
        store.add_evaluation(lease, 0, evaluation(2), TrialState.PROPOSED)
        store.add_evaluation(lease, 2, Evaluation(evaluated(6), request_key="its key"), TrialState.DONE)
        source = store.reusable("its key")[6][0]
        store.add_evaluation(lease, 0, Evaluation(evaluated(6), reused_from=source), TrialState.DONE)
    with work() as store:
        whole = [Course.of(trial) for trial in store.trials(job.id)]
        assert store.courses(job.id) == whole
        assert store.courses(job.id, after=1) == whole[2:]
        assert store.courses(job.id + 1) == []
    assert [course.rejected for course in whole] == [False, False, False, True, False]
    assert [len(course.steps) for course in whole] == [2, 0, 1, 1, 0]


def test_a_scheduler_works_until_its_pulse_runs_out(work: UnitOfWork) -> None:
    with work() as store:
        assert store.schedulers() == []
        for holder in ("b", "a", "gone"):
            store.pulse(holder, LONG)
        store.pulse("b", 2 * LONG)
        store.pulse("gone", 0)
    with work() as store:
        assert store.schedulers() == ["a", "b"]


def test_a_late_writer_is_refused_and_changes_nothing(work: UnitOfWork, lease: Lease) -> None:
    with work() as store:
        store.add_trial(lease, proposal(0))
    with work() as store:
        assert store.claim_job("a", LONG)
    with work() as store, pytest.raises(LeaseLost):
        store.add_trial(lease, proposal(1))
    with work() as store, pytest.raises(LeaseLost):
        store.add_evaluation(lease, 0, evaluation(), TrialState.DONE)
    with work() as store, pytest.raises(LeaseLost):
        store.beat(lease, LONG, 1.0)
    with work() as store, pytest.raises(LeaseLost):
        store.release(lease, JobState.FAILED, 1.0)
    with work() as store:
        assert [(trial.state, trial.evaluations) for trial in store.trials(lease.job_id)] == [(TrialState.PROPOSED, ())]
        assert store.job(lease.job_id).state is JobState.RUNNING


def test_nothing_is_written_under_a_lease_that_was_released(work: UnitOfWork, lease: Lease) -> None:
    with work() as store:
        store.release(lease, JobState.RUNNING, 2.0)
    with work() as store, pytest.raises(LeaseLost):
        store.add_trial(lease, proposal(0))
    with work() as store:
        assert store.claim_job("b", LONG)


def test_a_release_moves_the_job_and_keeps_what_it_used(work: UnitOfWork, lease: Lease) -> None:
    with work() as store:
        released = store.release(lease, JobState.FAILED, 7.25, "No worker answered.")
    assert (released.state, released.seconds_used, released.message) == (JobState.FAILED, 7.25, "No worker answered.")
    assert released.finished_at is not None


def test_a_release_leaves_a_job_where_its_user_put_it(work: UnitOfWork, lease: Lease) -> None:
    with work() as store:
        store.move_job(lease.job_id, JobState.PAUSED, "by hand")
    with work() as store:
        assert store.beat(lease, LONG, 1.0).state is JobState.PAUSED
        assert store.release(lease, JobState.DONE, 2.0).state is JobState.PAUSED
    with work() as store:
        assert store.job(lease.job_id).message == "by hand"


def test_a_job_that_was_cancelled_takes_nothing_more_from_its_search(work: UnitOfWork, lease: Lease) -> None:
    with work() as store:
        store.add_trial(lease, proposal(0))
    with work() as store:
        cancelled = store.move_job(lease.job_id, JobState.CANCELLED)
    with work() as store, pytest.raises(LeaseLost):
        store.add_evaluation(lease, 0, evaluation(), TrialState.DONE)
    with work() as store, pytest.raises(LeaseLost):
        store.beat(lease, LONG, 1.0)
    with work() as store, pytest.raises(LeaseLost):
        store.release(lease, JobState.DONE, 1.0)
    with work() as store:
        assert store.job(lease.job_id) == cancelled
        assert store.trial(lease.job_id, 0).evaluations == ()


def test_a_token_of_another_holder_is_no_lease(work: UnitOfWork, lease: Lease) -> None:
    # As after a record was restored, which counts its tokens from where it was then.
    with work() as store, pytest.raises(LeaseLost):
        store.add_trial(replace(lease, holder="b"), proposal(0))


def test_a_job_resumed_before_its_old_runner_noticed_stays_queued(work: UnitOfWork, lease: Lease) -> None:
    with work() as store:
        store.move_job(lease.job_id, JobState.PAUSED)
        store.move_job(lease.job_id, JobState.QUEUED)
    with work() as store:
        assert store.release(lease, JobState.PAUSED, 1.0).state is JobState.QUEUED


def test_a_trial_comes_back_as_it_was_given(work: UnitOfWork, lease: Lease) -> None:
    given = proposal(3, attributes={"generation": 2, "parents": [0, 1], "mutated": None, "weight": 0.1})
    with work() as store:
        store.add_trial(lease, given)
        store.add_evaluation(lease, 3, evaluation(2), TrialState.PROPOSED)
        store.add_evaluation(lease, 3, evaluation(6), TrialState.DONE)
    with work() as store:
        trial = store.trial(lease.job_id, 3)
        assert store.trials(lease.job_id) == [trial]
    assert trial.proposal == given
    assert trial.state is TrialState.DONE
    assert trial.evaluations == (evaluation(2), evaluation(6))


def test_a_number_is_proposed_once(work: UnitOfWork, lease: Lease) -> None:
    with work() as store:
        store.add_trial(lease, proposal(0))
    with work() as store, pytest.raises(Conflict):
        store.add_trial(lease, proposal(0, genotype=genotype(9)))


def test_trials_come_in_the_order_of_their_numbers(work: UnitOfWork, lease: Lease) -> None:
    with work() as store:
        for number in (2, 0, 1):
            store.add_trial(lease, proposal(number))
    with work() as store:
        assert [trial.number for trial in store.trials(lease.job_id)] == [0, 1, 2]


def test_a_failure_is_kept_with_its_class_and_traceback(work: UnitOfWork, lease: Lease) -> None:
    with work() as store:
        store.add_trial(lease, proposal(0))
        store.add_evaluation(lease, 0, Evaluation(failed()), TrialState.FAILED)
    with work() as store:
        trial = store.trial(lease.job_id, 0)
    assert (trial.state, trial.failure) == (TrialState.FAILED, failed())


def test_what_was_too_slow_is_kept_with_its_latency_and_is_no_result(work: UnitOfWork, lease: Lease) -> None:
    slow = replace(failed(2, FailureClass.INFEASIBLE), latency=latency(7.0))
    with work() as store:
        store.add_trial(lease, proposal(0))
        store.add_evaluation(lease, 0, Evaluation(slow, request_key="slow"), TrialState.FAILED)
    with work() as store:
        assert store.trial(lease.job_id, 0).failure == slow
        assert store.measured(lease.job_id, 2) == []
        assert store.reusable("slow") == {}
        assert list(store.finds("digits", "local")) == []


def test_a_failure_may_hold_any_text(work: UnitOfWork, lease: Lease) -> None:
    odd = replace(failed(), message="half a pair \udc80 and NUL \0 'quoted'")
    with work() as store:
        store.add_trial(lease, proposal(0))
        store.add_evaluation(lease, 0, Evaluation(odd), TrialState.FAILED)
    with work() as store:
        failure = store.trial(lease.job_id, 0).failure
    assert failure
    assert failure.message.startswith("half a pair ")
    assert failure.message.endswith(" 'quoted'")


def test_a_second_report_at_one_fidelity_changes_nothing(work: UnitOfWork, lease: Lease) -> None:
    first = evaluation(2, weights={"training": b"first"})
    with work() as store:
        store.add_trial(lease, proposal(0))
        assert store.add_evaluation(lease, 0, first, TrialState.PROPOSED)
    with work() as store:
        assert not store.add_evaluation(lease, 0, evaluation(2, accuracy=0.9), TrialState.STOPPED)
        assert not store.add_evaluation(lease, 0, Evaluation(failed(2)), TrialState.FAILED)
    with work() as store:
        trial = store.trial(lease.job_id, 0)
        assert store.weights(lease.job_id, 0, "training") == b"first"
    assert (trial.state, trial.evaluations) == (TrialState.PROPOSED, (evaluation(2),))


def test_the_seconds_used_are_written_with_a_report(work: UnitOfWork, lease: Lease) -> None:
    with work() as store:
        store.add_trial(lease, proposal(0))
        assert store.add_evaluation(lease, 0, evaluation(2), TrialState.PROPOSED, seconds_used=4.5)
    with work() as store:
        assert store.job(lease.job_id).seconds_used == 4.5
        assert store.add_evaluation(lease, 0, evaluation(6), TrialState.DONE)
        assert store.claim_job("a", LONG)
    with work() as store, pytest.raises(LeaseLost):
        store.add_evaluation(lease, 0, evaluation(), TrialState.DONE, seconds_used=9.0)
    with work() as store:
        assert store.job(lease.job_id).seconds_used == 4.5


def test_one_fidelity_has_a_report_a_seed(work: UnitOfWork, lease: Lease) -> None:
    with work() as store:
        store.add_trial(lease, proposal(0))
        assert store.add_evaluation(lease, 0, evaluation(6), TrialState.DONE)
        assert store.add_evaluation(lease, 0, replace(evaluation(6), seed=1), TrialState.DONE)
    with work() as store:
        assert [each.seed for each in store.trial(lease.job_id, 0).evaluations] == [0, 1]


def test_a_trial_that_was_not_proposed_takes_no_report(work: UnitOfWork, lease: Lease) -> None:
    with work() as store, pytest.raises(NotFound):
        store.add_evaluation(lease, 0, evaluation(), TrialState.DONE)


def test_trials_of_no_job_are_not_found_but_a_job_may_have_none(work: UnitOfWork, job: Job) -> None:
    with work() as store:
        assert store.trials(job.id) == []
    with work() as store, pytest.raises(NotFound):
        store.trials(job.id + 1)
    with work() as store, pytest.raises(NotFound):
        store.trial(job.id, 0)


def test_weights_are_those_of_the_highest_fidelity_and_of_no_list(work: UnitOfWork, lease: Lease) -> None:
    full = evaluation(6, weights={"training": b"t", "inference": b"i" * 100_000})
    with work() as store:
        store.add_trial(lease, proposal(0))
        store.add_evaluation(lease, 0, evaluation(2, weights={"training": b"early"}), TrialState.PROPOSED)
        store.add_evaluation(lease, 0, full, TrialState.DONE)
    with work() as store:
        assert store.weights(lease.job_id, 0, "training") == b"t"
        assert store.weights(lease.job_id, 0, "inference") == b"i" * 100_000
        result = store.trial(lease.job_id, 0).full_result
    assert result
    assert result.weights == {}
    with work() as store, pytest.raises(NotFound):
        store.weights(lease.job_id, 0, "onnx")


def test_a_result_is_reused_with_its_weights(work: UnitOfWork, lease: Lease) -> None:
    original = replace(evaluation(6, weights={"training": b"t"}), request_key="same")
    with work() as store:
        store.add_trial(lease, proposal(0))
        store.add_evaluation(lease, 0, Evaluation(evaluated(2), request_key="same"), TrialState.PROPOSED)
        store.add_evaluation(lease, 0, original, TrialState.DONE)
    with work() as store:
        found = store.reusable("same")
        assert {fidelity: each for fidelity, (_, each) in found.items()} == {
            2: Evaluation(evaluated(2), request_key="same"),
            6: Evaluation(evaluated(6), request_key="same"),
        }
        original_id, again = found[6]
        store.add_trial(lease, proposal(1))
        store.add_evaluation(lease, 1, replace(again, reused_from=original_id), TrialState.DONE)
    with work() as store:
        assert store.weights(lease.job_id, 1, "training") == b"t"
        assert store.trial(lease.job_id, 1).reused
        assert store.reusable("same") == found


@pytest.mark.parametrize("failure", FailureClass)
def test_failures_that_would_come_again_are_reused_and_no_others(
    work: UnitOfWork, lease: Lease, failure: FailureClass
) -> None:
    failure_of = Evaluation(failed(6, failure), request_key="failed")
    with work() as store:
        store.add_trial(lease, proposal(0))
        store.add_evaluation(lease, 0, failure_of, TrialState.FAILED)
    follows = failure in (FailureClass.SHAPE, FailureClass.DIVERGED, FailureClass.CONSTANT)
    with work() as store:
        found = store.reusable("failed")
        assert [own for _, own in found.values()] == ([failure_of] if follows else [])
        for number in range(1, 3):
            store.add_trial(lease, proposal(number))
        for id, own in found.values():
            store.add_evaluation(lease, 1, replace(own, reused_from=id), TrialState.FAILED)
            assert store.trial(lease.job_id, 1).reused
        result = replace(evaluation(6), request_key="failed")
        store.add_evaluation(lease, 2, result, TrialState.DONE)
    with work() as store:
        assert [own for _, own in store.reusable("failed").values()] == [result], "a result is worth more"


def test_what_has_no_key_is_not_reused(work: UnitOfWork, lease: Lease) -> None:
    with work() as store:
        store.add_trial(lease, proposal(0))
        store.add_evaluation(lease, 0, evaluation(2), TrialState.PROPOSED)
    with work() as store:
        assert store.reusable("") == store.reusable("unknown") == {}


def test_an_architecture_is_known_by_its_key_and_where_it_was_tried(work: UnitOfWork, lease: Lease) -> None:
    with work() as store:
        store.add_genotype(genotype(5))
        store.add_genotype(genotype(5))
        store.add_trial(lease, proposal(5))
        store.add_trial(lease, proposal(6))
    with work() as store:
        assert store.genotype(genotype(5).key) == genotype(5)
        assert store.tried_in(genotype(5).key) == [(lease.job_id, 5)]
        assert store.tried_in("unknown") == []
    for key in ("unknown", "\0"):
        with work() as store, pytest.raises(NotFound):
            store.genotype(key)


def test_finds_are_the_fully_trained_trials_of_a_data_set_and_device_the_most_accurate_first(
    work: UnitOfWork, lease: Lease
) -> None:
    elsewhere = replace(latency(), device="phone")
    with work() as store:
        for number, accuracy in enumerate((0.5, 0.9, 0.7, 0.8, 0.7)):
            store.add_trial(lease, proposal(number))
            own = {"latency": elsewhere} if number == 3 else {}
            stopped = TrialState.STOPPED if number == 1 else TrialState.PROPOSED
            store.add_evaluation(lease, number, evaluation(2, accuracy=0.95), stopped)
            if number != 1:
                store.add_evaluation(lease, number, evaluation(6, accuracy=accuracy, **own), TrialState.DONE)
        store.add_trial(lease, proposal(5))
        store.add_evaluation(lease, 5, Evaluation(failed(6)), TrialState.FAILED)
    with work() as store:
        found = list(store.finds("digits", "local"))
        assert [(each.job_id, each.number) for each in found] == [(lease.job_id, number) for number in (2, 4, 0)]
        assert found[0] == Found(lease.job_id, 2, genotype(2).key, 0.7, latency().median_ms)
        assert [each.number for each in store.finds("digits", "phone")] == [3]
        assert list(store.finds("cifar10", "local")) == []


def test_measured_architectures_of_a_device_come_newest_first(work: UnitOfWork, lease: Lease) -> None:
    with work() as store:
        for number, milliseconds in enumerate((1.0, 2.0, 3.0)):
            store.add_trial(lease, proposal(number))
            own = {"latency": latency(milliseconds)}
            store.add_evaluation(lease, number, evaluation(2, **own), TrialState.STOPPED)
        store.add_trial(lease, proposal(3))
        store.add_evaluation(lease, 3, Evaluation(failed()), TrialState.FAILED)
        store.add_trial(lease, proposal(4))
        disturbed = replace(latency(10.0), undisturbed_reference_ms=0.5)
        too_slow = replace(failed(2, FailureClass.INFEASIBLE), latency=disturbed)
        store.add_evaluation(lease, 4, Evaluation(too_slow), TrialState.FAILED)
    with work() as store:
        skeleton = store.job(lease.job_id).spec.skeleton
        expected = [(Architecture(genotype(number), skeleton), float(number + 1)) for number in (4, 2)]
        assert store.latencies("local", skeleton, 2) == [*expected, *expected]
        other = replace(skeleton, channels=2 * skeleton.channels)
        assert store.latencies("local", other, 2) == expected
        assert store.latencies("phone", skeleton, 2) == []


def test_what_was_measured_in_a_skeleton_stays_known_however_much_is_measured_in_others(work: UnitOfWork) -> None:
    first, second = (job_spec(skeleton=replace(job_spec().skeleton, channels=channels)) for channels in (4, 8))
    for holder, spec, numbers in (("a", first, (0, 1)), ("b", second, (2, 3, 4)), ("c", first, (5,))):
        with work() as store:
            store.add_job(spec)
            claimed = store.claim_job(holder, LONG)
            assert claimed is not None
            own = claimed[1]
            for place, number in enumerate(numbers):
                store.add_trial(own, replace(proposal(number), number=place))
                found = evaluation(6, latency=latency(float(number + 1)))
                store.add_evaluation(own, place, found, TrialState.DONE)
    with work() as store:
        assert [ms for _, ms in store.latencies("local", first.skeleton, 2)] == [6.0, 2.0, 6.0, 5.0]
        assert [ms for _, ms in store.latencies("local", second.skeleton, 2)] == [5.0, 4.0, 6.0, 5.0]


def test_what_is_known_of_a_device_is_replaced(work: UnitOfWork) -> None:
    with work() as store:
        store.save_device("pi", {"threads": 4})
        store.save_device("local", {"cpu": "x", "macs_per_ms": 1e6})
        store.save_device("pi", {"threads": 2})
    with work() as store:
        assert store.devices() == {"local": {"cpu": "x", "macs_per_ms": 1e6}, "pi": {"threads": 2}}


@pytest.mark.parametrize("recorded", [True, False])
def test_a_copy_of_a_submission_waits_until_the_first_one_is_recorded_or_is_not(
    work: UnitOfWork, recorded: bool
) -> None:
    made: list[int] = []

    def submit() -> None:
        with work() as store:
            made.append(store.add_job(job_spec(), "key", "body").id)

    copy = threading.Thread(target=submit)
    with contextlib.suppress(KeyboardInterrupt), work() as store:
        first = store.add_job(job_spec(), "key", "body").id
        copy.start()
        copy.join(0.5)
        assert made == []
        if not recorded:
            raise KeyboardInterrupt
    copy.join(30)
    with work() as store:
        assert [job.id for job in store.jobs()] == made
    assert len(made) == 1
    assert not recorded or made == [first]


def test_many_schedulers_at_once_claim_each_job_once(work: UnitOfWork) -> None:
    with work() as store:
        ids = [store.add_job(job_spec()).id for _ in range(8)]
    claimed: list[int] = []

    def claim_all(holder: str) -> None:
        while True:
            with work() as store:
                found = store.claim_job(holder, LONG)
            if found is None:
                return
            claimed.append(found[0].id)
            with work() as store:
                store.release(found[1], JobState.DONE, 1.0)

    threads = [threading.Thread(target=claim_all, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(claimed) == ids


def test_a_job_of_higher_priority_is_claimed_before_an_older_one(work: UnitOfWork) -> None:
    with work() as store:
        lower, urgent, later = (store.add_job(job_spec(priority=priority)).id for priority in (0, 7, 7))
    claimed: list[int] = []
    for _ in range(3):
        with work() as store:
            found = store.claim_job("a", LONG, claimed)
        assert found
        claimed.append(found[0].id)
    assert claimed == [urgent, later, lower]


def test_a_holder_claims_none_of_the_jobs_that_it_drives(work: UnitOfWork, lease: Lease) -> None:
    with work() as store:
        assert store.claim_job("a", LONG, [lease.job_id]) is None
        assert store.claim_job("a", LONG, [])


def test_only_jobs_above_a_priority_are_claimed_where_one_is_given(work: UnitOfWork) -> None:
    with work() as store:
        store.add_job(job_spec(priority=3))
    with work() as store:
        assert store.claim_job("a", LONG, above=3) is None
        assert store.claim_job("a", LONG, above=2)


def test_every_write_that_comes_too_late_is_counted(work: UnitOfWork, lease: Lease) -> None:
    with work() as store:
        store.add_trial(lease, proposal(0))
    with work() as store:
        assert store.claim_job("a", LONG)
    for _ in range(3):
        with work() as store, pytest.raises(LeaseLost):
            store.add_evaluation(lease, 0, evaluation(), TrialState.DONE)
    with pytest.raises(LeaseLost), work() as store:
        store.add_evaluation(lease, 0, evaluation(), TrialState.DONE)
    with work() as store:
        assert store.job(lease.job_id).refused == 1, "a transaction that its caller goes on with is not refused"


def test_a_trial_that_has_ended_takes_no_report_that_moves_it(work: UnitOfWork, lease: Lease) -> None:
    with work() as store:
        store.add_trial(lease, proposal(0))
        store.add_evaluation(lease, 0, evaluation(2), TrialState.STOPPED)
    with pytest.raises(Conflict), work() as store:
        store.add_evaluation(lease, 0, evaluation(6), TrialState.DONE)
    with work() as store:
        assert store.trial(lease.job_id, 0).evaluations == (evaluation(2),)
